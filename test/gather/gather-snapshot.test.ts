import { describe, expect, it } from 'vitest';
import type { ListedCall } from '../../src/domain/call.js';
import type { Numbering } from '../../src/domain/numbering.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { gatherSnapshot } from '../../src/gather/gather-snapshot.js';
import { parseSetupTime, readCalls } from '../../src/gather/read-calls.js';
import { clockOffset } from '../../src/gather/switch-clock.js';
import { aCall, aSuspect, calls, NOW } from '../support/calls.js';
import { fakeSwitch, switchError } from '../support/fake-switch.js';

const numbering: Numbering = {
  normalise: (raw) => raw.replace(/^\+/, ''),
  normaliseCaller: (raw) => raw.replace(/^\+/, ''),
  fingerprint: 'as it is',
  countryOf: () => undefined,
  formsOf: (raw) => [raw],
  readingsOf: (raw) => [raw],
};
const clock = () => NOW;

function gather(port: ReturnType<typeof fakeSwitch>, vendors: readonly number[] = []) {
  return gatherSnapshot({
    switchName: 'lab',
    port,
    numbering,
    vendors,
    signal: new AbortController().signal,
  });
}

describe('a snapshot', () => {
  it('holds every call with its numbers normalised, its age and its setup time', async () => {
    const port = fakeSwitch([aCall({ id: '1', cld: '+493023125001' })], clock);
    const snapshot = await gather(port);
    expect(snapshot).toMatchObject({ switch: 'lab', observedAt: NOW, doubt: undefined, notes: [] });
    expect(snapshot.coverage).toEqual({ states: 'all', filter: {}, login: 'login:ops' });
    expect(snapshot.calls[0]).toMatchObject({ cld: '+493023125001', cldNumber: '493023125001', age: 60 });
  });

  const derivedFrom = (text: string, techPrefixes: readonly string[] = []) => {
    const timing = { requestedAt: NOW, receivedAt: NOW, serverDate: undefined };
    const german = createNumbering({ country: 'DE', techPrefixes });
    return readCalls([aCall({ id: '1', cld: text, cli: text })], german, timing)[0];
  };

  it.each(['0011#4980012345', '*31#4930', '+49 800 12345 ext. 3', 'x 49-80 01', '+', 'user12345', '٤٩٣٠'])(
    'knows no number where it lists %s, which is neither a number nor a user name',
    (text) => {
      expect(derivedFrom(text)).toMatchObject({
        cld: text,
        cli: text,
        cldNumber: undefined,
        cliNumber: undefined,
      });
    },
  );

  it.each([
    ['<sip:+4980012345@192.0.2.1>', '4980012345'],
    ['alice', 'alice'],
    ['user1234', 'user1234'],
    ['sip:alice@192.0.2.100', 'sip:alice@192.0.2.100'],
  ])('reads %s as %s', (text, number) => {
    expect(derivedFrom(text)).toMatchObject({ cldNumber: number, cliNumber: number });
  });

  it('takes technical prefixes off dialled numbers and not off the numbers of callers', () => {
    expect(derivedFrom('994930123456', ['99'])).toMatchObject({
      cliNumber: '994930123456',
      cldNumber: '4930123456',
    });
  });

  it('lists each vendor that rules name for itself', async () => {
    const port = fakeSwitch([aCall({ id: '1', connection: 4 }), aCall({ id: '2', connection: 5 })], clock);
    const snapshot = await gather(port, [4, 9]);
    expect([...(snapshot.vendors.get(4) ?? [])]).toHaveLength(1);
    expect(snapshot.vendors.get(9)?.size).toBe(0);
  });

  it('lists vendors after everything, so that a call it shows is missing there only if the vendor has it not', async () => {
    const port = fakeSwitch([aCall({ id: '1', connection: 4 })], clock);
    await gather(port, [4]);
    expect(port.requests.indexOf('listAllCalls {}')).toBeLessThan(
      port.requests.indexOf('listAllCalls {"vendor":4}'),
    );
  });

  it('is in doubt when the listing of a vendor is garbled where the main one is not', async () => {
    const port = fakeSwitch(calls(3), clock);
    port.before = (request) => {
      if (request.includes('"vendor"')) port.suspects = [aSuspect()];
    };
    expect((await gather(port, [7])).doubt?.detail).toContain('vendor 7');
  });

  it('is no snapshot at all where the listing fails', async () => {
    const port = fakeSwitch(calls(3), clock);
    port.before = (request) => {
      if (request.startsWith('listAllCalls')) throw switchError('SWITCH_FAULT');
    };
    await expect(gather(port)).rejects.toMatchObject({ code: 'SWITCH_FAULT' });
  });

  it('is no snapshot where the listing of a vendor fails', async () => {
    const port = fakeSwitch(calls(3), clock);
    port.before = (request) => {
      if (request.includes('"vendor"')) throw switchError('SWITCH_BAD_RESPONSE');
    };
    await expect(gather(port, [4])).rejects.toMatchObject({ code: 'SWITCH_BAD_RESPONSE' });
  });

  it('only notes that the stats failed', async () => {
    const port = fakeSwitch(calls(3), clock);
    port.before = (request) => {
      if (request === 'getAccountCallStats') throw switchError('SWITCH_FAULT');
    };
    const snapshot = await gather(port);
    expect(snapshot.calls).toHaveLength(3);
    expect(snapshot.notes[0]).toContain('getAccountCallStats failed');
  });

  it('is in doubt with more than 1 % suspect calls, and sound with exactly 1 %', async () => {
    const port = fakeSwitch(calls(99), clock);
    port.suspects = [aSuspect()];
    expect((await gather(port)).doubt).toBeUndefined();
    port.suspects = [aSuspect(), aSuspect()];
    expect((await gather(port)).doubt?.reason).toBe('suspect-share');
  });

  it('is in doubt when it is empty although the stats count calls', async () => {
    const port = fakeSwitch([], clock);
    port.stats = new Map([[10, { total: 12, connected: 10 }]]);
    expect((await gather(port)).doubt?.reason).toBe('list-contradicts-stats');
    port.stats = new Map([[10, { total: 12, connected: 9 }]]);
    expect((await gather(port)).doubt).toBeUndefined();
  });
});

describe('SETUP_TIME', () => {
  it('is read as UTC, with or without a fraction', () => {
    expect(parseSetupTime('20260105T09:59:00.000')).toBe(NOW - 60_000);
    expect(parseSetupTime('20260105T09:59:00')).toBe(NOW - 60_000);
    expect(parseSetupTime('20260105T09:59:00.5')).toBe(NOW - 59_500);
  });

  it.each(['', '2026-01-05T10:00:00', '20260231T10:00:00', '20260105T25:00:00', '20260105T10:00:00Z'])(
    'is missing where it reads %j',
    (text) => expect(parseSetupTime(text)).toBeUndefined(),
  );

  const read = (setupTimeText: string, delay: number | undefined, serverDate: number | undefined) =>
    readCalls([{ ...aCall({ id: '1', duration: 0 }), setupTimeText, delay }], numbering, {
      requestedAt: NOW,
      receivedAt: NOW + 100,
      serverDate,
    })[0]?.setupAt;

  it('is corrected by the offset of the switch clock', () => {
    // The switch is an hour ahead: it says 10:59:00 for what was 09:59:00 here.
    const offset = clockOffset({ requestedAt: NOW, receivedAt: NOW, serverDate: NOW + 3_600_000 }) ?? 0;
    expect(read('20260105T10:59:00.000', 60, NOW + 3_600_000)).toBe(NOW - 60_000 + 3_600_000 + 50 - offset);
  });

  it('is missing where it disagrees with delay and duration by more than 30 s', () => {
    expect(read('20260105T09:59:00.000', 31, NOW)).toBeDefined();
    expect(read('20260105T09:59:00.000', 95, NOW)).toBeUndefined();
    // A zone that is no UTC, with a right Date header.
    expect(read('20260105T11:59:00.000', 60, NOW)).toBeUndefined();
  });

  it('is checked against the delay of a call in setup, and never makes a call younger than what is stated', () => {
    const of = (changes: Partial<ListedCall>) =>
      readCalls([{ ...aCall({ id: '1' }), duration: undefined, delay: undefined, ...changes }], numbering, {
        requestedAt: NOW,
        receivedAt: NOW + 100,
        serverDate: NOW,
      })[0]?.setupAt;
    const [now, hourAgo, inAnHour] = ['20260105T10:00:00', '20260105T09:00:00', '20260105T11:00:00'];
    expect(of({ state: 'ARComplete', delay: 2, setupTimeText: now })).toBeDefined();
    expect(of({ state: 'ARComplete', delay: 2, setupTimeText: hourAgo })).toBeUndefined();
    expect(of({ state: 'ARComplete', setupTimeText: hourAgo })).toBeDefined();
    for (const state of ['ARComplete', 'Connected'])
      expect(of({ state, setupTimeText: inAnHour })).toBeUndefined();
    expect(of({ state: 'Connected', setupTimeText: '20260105T10:00:29' })).toBeDefined();
    expect(of({ state: 'Connected', setupTimeText: '20260105T10:00:31' })).toBeUndefined();
    // It was in setup for longer than that.
    expect(of({ state: 'Connected', delay: 60, setupTimeText: now })).toBeUndefined();
    expect(of({ state: 'Connected', delay: 60, setupTimeText: hourAgo })).toBeDefined();
  });

  it('stands without an age only where the clock offset is known', () => {
    expect(read('20260105T09:59:00.000', undefined, NOW)).toBeDefined();
    expect(read('20260105T09:59:00.000', undefined, undefined)).toBeUndefined();
  });
});
