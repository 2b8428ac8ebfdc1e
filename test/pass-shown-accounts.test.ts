import { describe, expect, it } from 'vitest';
import { createShownAccounts } from '../src/pass-shown-accounts.js';
import { aSnapshot, calls } from './support/calls.js';

function snapshot(account: number, stats: Record<number, number>, isSound = true) {
  const accounts = Object.entries(stats).map(
    ([id, connected]) => [Number(id), { total: connected, connected }] as const,
  );
  const timing = { requestedAt: 0, receivedAt: 0, serverDate: undefined };
  return aSnapshot(calls(3, { account }), {
    stats: { accounts: new Map(accounts), suspect: undefined, timing },
    ...(isSound ? {} : { doubt: { reason: 'list-contradicts-stats', detail: '' } }),
  });
}

describe('the accounts that listings show', () => {
  it('are taken from sound listings only', () => {
    const accounts = createShownAccounts();
    accounts.note(snapshot(10, {}));
    accounts.note(snapshot(11, {}, false));
    expect([...accounts.shown]).toEqual([10]);
  });

  it('lose one that the statistics go on counting and twenty listings in a row do not show, and say so', () => {
    const accounts = createShownAccounts();
    accounts.note(snapshot(11, {}));
    const notes = Array.from({ length: 20 }, () => accounts.note(snapshot(10, { 11: 8 }, false)));
    expect(notes.slice(0, 19).flat()).toEqual([]);
    expect(notes[19]).toEqual([
      expect.stringContaining('counts calls of account 11, and the last 20 listings'),
    ]);
    expect(accounts.shown.has(11)).toBe(false);
  });

  it('keep one that was listed in between, or has no calls', () => {
    const accounts = createShownAccounts();
    accounts.note(snapshot(11, {}));
    for (let round = 0; round < 30; round += 1) {
      const isListed = round % 10 === 9;
      accounts.note(snapshot(isListed ? 11 : 10, { 11: 8 }, isListed));
      accounts.note(snapshot(10, { 11: 0 }));
    }
    expect(accounts.shown.has(11)).toBe(true);
  });
});
