import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAddress } from '../../src/facts/read-address.js';

describe('an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['255.255.255.255', '255.255.255.255'],
    [' 10.0.0.1 ', '10.0.0.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8::0001', '2001:db8::1'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
  ])('is read from %s as %s, the first time and again', (listed, value) => {
    expect(readAddress(listed)).toBe(value);
    expect(readAddress(listed)).toBe(value);
  });

  it.each([
    '192.0.2.7:16384',
    '192.0.2.007',
    '192.0.2',
    '192.0.2.7.',
    '192.0.2.256',
    '0.0.0.0',
    '::',
    '::ffff:0.0.0.0',
    'fe80::1%eth0',
    '[2001:db8::1]',
    '[2001:db8::1]:5060',
    '0x7f.0.0.1',
    '2130706433',
    'unknown',
    '',
  ])('is not read from "%s"', (listed) => {
    expect(readAddress(listed)).toBeUndefined();
  });

  it('is not read where none is listed', () => {
    expect(readAddress(undefined)).toBeUndefined();
  });

  it('of version 4 is read exactly where it is written in its plain form', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        fc.pre(text !== '0.0.0.0');
        expect(readAddress(text)).toBe(text);
      }),
      { seed: 1 },
    );
  });

  it('of version 6 is its own one form', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const address = readAddress(text);
        expect(readAddress(address)).toBe(address);
        expect(readAddress(text.toUpperCase())).toBe(address);
      }),
      { seed: 2 },
    );
  });
});
