import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAddress } from '../../src/facts/read-address.js';
import { deadAddressPrefixProblem, plainAddressPrefix } from '../../src/policy/address-prefix.js';
import { aCall } from '../support/calls.js';
import { judge, problemsOf, summary } from './support.js';

describe('the beginning of an address', () => {
  it.each([
    ['2001:DB8:', '2001:db8:'],
    ['2001:0DB8:00', '2001:db8:00'],
    ['0000:1', '0:1'],
    ['::FFFF:192.0.2.', '192.0.2.'],
    ['192.0.2.', '192.0.2.'],
  ])('%s is read as %s', (written, plain) => {
    expect(plainAddressPrefix(written)).toBe(plain);
  });

  it.each([
    '1',
    '10',
    '10.0',
    '192.0.2.',
    '192.0.2.7',
    '255.',
    '0.',
    'fe80',
    '2001:DB8:',
    '2001:db8::',
    '::',
    '::1',
    '2001:0db8:',
  ])('%s may stand', (written) => expect(deadAddressPrefixProblem(written)).toBeUndefined());

  it.each([
    'gateway',
    '010.',
    '256.',
    '10.0.00',
    '192.0.2.1.',
    '0.0.0.0',
    '192.0.2.0/24',
    '10.*',
    ' 10.',
    'fe80::1%eth0',
    '2001:db8:00',
    '1:0:0:0',
    '::0',
    'fffff',
    '1:2:3:4:5:6:7:8:',
    '[2001:db8:',
  ])('%s is one of no address', (written) => {
    expect(deadAddressPrefixProblem(written)).toContain(
      `"${written}" is no beginning of any address as facts have it: expected e.g. "192.0.2." or "2001:db8:"`,
    );
  });

  it('is told in other words where another way of writing it is meant', () => {
    expect(deadAddressPrefixProblem('2001:db8:0:0:0:0:0:1')).toContain('Did you mean "2001:db8::1"?');
    expect(deadAddressPrefixProblem('::ffff:c000:2')).toBe(
      '"::ffff:c000:2" is no beginning of any address, as IPv4 addresses mapped into IPv6 are read as IPv4: expected e.g. "192.0.2.".',
    );
  });

  it('is refused of no address that a fact may be', () => {
    const group = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.constantFrom(1, 0xdb8, 0xffff));
    const ipv6 = fc
      .array(group, { minLength: 8, maxLength: 8 })
      .map((groups) => groups.map((one) => one.toString(16)).join(':'));
    fc.assert(
      fc.property(fc.oneof(ipv6, fc.ipV4()), (written) => {
        const address = readAddress(written);
        if (address === undefined || address.startsWith('::ffff:')) return;
        for (let length = 1; length <= address.length; length += 1) {
          const beginning = address.slice(0, length);
          expect([beginning, deadAddressPrefixProblem(beginning)]).toEqual([beginning, undefined]);
          expect(plainAddressPrefix(beginning)).toBe(beginning);
        }
      }),
      { numRuns: 500, seed: 20260105 },
    );
  });
});

/** A rule that alerts of calls whose caller's media address meets this comparison, which stands on line 4. */
function rule(operator: string, value: string): string {
  return `name: a
scope: call
mode: monitor
conditions: { all: [{ fact: call.callerMediaIp, operator: ${operator}, value: ${value} }] }
event: { type: alert }
`;
}

async function isMet(operator: string, value: string, address: string, lists = {}): Promise<boolean> {
  const verdicts = await judge(rule(operator, value), [aCall({ id: '1', callerMediaIp: address })], lists);
  return summary(verdicts)[0] === 'call:1 violated';
}

describe('a comparison of addresses', () => {
  it('is met by the addresses that it means, however they are written', async () => {
    expect(await isMet('startsWithAnyOf', '["2001:DB8:"]', '2001:db8::1')).toBe(true);
    expect(await isMet('startsWithAnyOf', '["::ffff:192.0."]', '192.0.2.7')).toBe(true);
    const lists = { 'lists/gateways.txt': '2001:0DB8:\n192.0.2.\n' };
    expect(await isMet('startsWithAnyOf', 'gateways', '2001:DB8::7', lists)).toBe(true);
    expect(await isMet('inNetwork', '"::ffff:192.0.2.0/120"', '192.0.2.7')).toBe(true);
    expect(await isMet('inNetwork', '"::FFFF:c000:200/120"', '::ffff:192.0.2.7')).toBe(true);
    expect(await isMet('inNetwork', '"::ffff:192.0.2.0/120"', '192.0.3.7')).toBe(false);
    expect(await isMet('inNetwork', '"::ffff:0:0/96"', '198.51.100.1')).toBe(true);
  });

  it.each([
    ['startsWithAnyOf', '["10.", "gateway"]', '"gateway" is no beginning of any address'],
    ['startsWithAnyOf', '["010."]', '"010." is no beginning of any address'],
    ['equal', '"fe80::1%eth0"', 'expected an IP address'],
    ['inNetwork', '"fe80::1%eth0/64"', 'expected a network in CIDR notation'],
    [
      'inNetwork',
      '"::ffff:192.0.2.0/24"',
      'but found the text "::ffff:192.0.2.0/24". IPv4 addresses mapped into IPv6 are read as IPv4: their network is one of IPv4, or of /96 or more.',
    ],
    ['inNetwork', '["0.0.0.0/32"]', '0.0.0.0 and :: say that there is no address.'],
    ['inNetwork', '"::/128"', '0.0.0.0 and :: say that there is no address.'],
  ])('that no address can meet is refused: %s %s', (operator, value, message) => {
    expect(problemsOf({ 'r.yaml': rule(operator, value) })).toEqual([expect.stringContaining(message)]);
  });

  it('is refused with the entries of its list that no address can meet', () => {
    const lists = { 'lists/gateways.txt': '192.0.2.\ngateway\n010.\n' };
    expect(problemsOf({ 'r.yaml': rule('startsWithAnyOf', 'gateways'), ...lists })).toEqual([
      expect.stringContaining('lists/gateways.txt:2:1 "gateway" is no beginning of any address'),
      expect.stringContaining('lists/gateways.txt:3:1 "010." is no beginning of any address'),
    ]);
    expect(
      problemsOf({
        'r.yaml': rule('inList', 'gateways'),
        'lists/gateways.txt': '2001:DB8::1\nfe80::1%eth0\n',
      }),
    ).toEqual([expect.stringContaining('lists/gateways.txt:2:1 In this list expected an IP address')]);
  });
});
