import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/domain/call.js';
import { SELECTIONS } from '../../src/domain/rule.js';
import { selectVictims } from '../../src/plan/select-victims.js';
import { aCall, calls, NOW, onNetPair } from '../support/calls.js';

const ids = (victims: readonly Call[]) => victims.map(({ id }) => id);

const anyCall = fc
  .record({
    id: fc.integer({ min: 1, max: 5000 }),
    setupAt: fc.option(fc.integer({ min: NOW - 100_000, max: NOW }), { nil: undefined }),
    duration: fc.option(fc.integer({ min: 0, max: 9000 }), { nil: undefined }),
  })
  .map(({ id, setupAt, duration }) => ({ ...aCall({ id: String(id), setupAt }), duration }));
const anyPool = fc.uniqueArray(anyCall, { maxLength: 60, selector: ({ id }) => id });

describe('victims', () => {
  it('are the newest calls by setup time, and by numeric ID where that is equal', () => {
    const pool = [
      aCall({ id: '9', setupAt: NOW - 5000 }),
      aCall({ id: '10', setupAt: NOW - 5000 }),
      aCall({ id: '2', setupAt: NOW - 1000 }),
      aCall({ id: '3', setupAt: NOW - 9000 }),
    ];
    expect(ids(selectVictims(pool, 'newest', 1))).toEqual(['2', '10', '9']);
    expect(ids(selectVictims(pool, 'oldest', 1))).toEqual(['3', '9', '10']);
  });

  it('are the longest or shortest by duration', () => {
    const pool = [5, 700, 60].map((duration, index) => aCall({ id: String(index), duration }));
    expect(ids(selectVictims(pool, 'longest', 2))).toEqual(['1']);
    expect(ids(selectVictims(pool, 'shortest', 2))).toEqual(['0']);
  });

  it('of unknown setup time or duration are taken last', () => {
    const pool = [aCall({ id: '99', setupAt: undefined }), aCall({ id: '1', setupAt: NOW - 99_000 })];
    expect(ids(selectVictims(pool, 'newest', 0))).toEqual(['1', '99']);
    expect(ids(selectVictims(pool, 'oldest', 0))).toEqual(['1', '99']);
  });

  it('listed twice, as both legs of an on-net call, are cut once and count twice', () => {
    const legs = calls(3).flatMap((call) => [
      { ...call, direction: 'onnet_in' },
      { ...call, direction: 'onnet_out', account: 11 },
    ]);
    expect(ids(selectVictims(legs, 'newest', 4))).toEqual(['3']);
    expect(ids(selectVictims(legs, 'newest', 3))).toEqual(['3', '2']);
  });

  it('listed twice under two IDs, for both accounts of an on-net call, are cut once and count twice', () => {
    const legs = calls(3).flatMap((call) => onNetPair(call, { id: `9${call.id}` }));
    expect(ids(selectVictims(legs, 'newest', 4))).toEqual(['93']);
    expect(ids(selectVictims(legs, 'newest', 3))).toEqual(['93', '92']);
  });

  it('of one direction that share all but the ID are as many calls', () => {
    const pool = calls(20, { callId: 'one', direction: 'onnet_out', setupAt: NOW });
    expect(selectVictims(pool, 'newest', 5)).toHaveLength(15);
  });

  it('of one direction take along whatever of the other may end with them, so that not too many are cut', () => {
    const outs = calls(3, { callId: 'one', direction: 'onnet_out', setupAt: NOW });
    const ins = calls(3, { callId: 'one', direction: 'onnet_in', setupAt: NOW }, 11);
    expect(ids(selectVictims([...outs, ...ins], 'oldest', 1))).toEqual(['1', '2']);
  });

  it('are exactly the excess, each once, and never depend on the order of the listing', () => {
    fc.assert(
      fc.property(
        anyPool,
        fc.constantFrom(...SELECTIONS),
        fc.integer({ min: 0, max: 70 }),
        fc.integer(),
        (pool, select, keep, seed) => {
          const victims = selectVictims(pool, select, keep);
          expect(victims).toHaveLength(Math.max(0, pool.length - keep));
          expect(new Set(ids(victims)).size).toBe(victims.length);
          const shuffled = [...pool].sort((a, b) => hash(a.id, seed) - hash(b.id, seed));
          expect(ids(selectVictims(shuffled, select, keep))).toEqual(ids(victims));
        },
      ),
    );
  });

  it('come before every call that stays, in the chosen order', () => {
    fc.assert(
      fc.property(anyPool, fc.integer({ min: 0, max: 60 }), (pool, keep) => {
        const victims = selectVictims(pool, 'newest', keep);
        const staying = pool.filter((call) => !victims.includes(call));
        const oldestVictim = Math.min(...victims.map(({ setupAt }) => setupAt ?? Number.NEGATIVE_INFINITY));
        for (const call of staying) {
          if (call.setupAt !== undefined)
            expect(call.setupAt).toBeLessThanOrEqual(
              oldestVictim === Number.POSITIVE_INFINITY ? NOW : oldestVictim,
            );
        }
      }),
    );
  });
});

function hash(id: string, seed: number): number {
  return Math.imul(Number(id) ^ seed, 2654435761) >>> 0;
}
