import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ActionOutcome, OUTCOMES, type OutcomeReason } from '../../src/domain/action.js';
import { identityKey } from '../../src/domain/call.js';
import type { Pause } from '../../src/domain/pause.js';
import type { Store } from '../../src/store/open-store.js';
import { openPastReader, type PastReader } from '../../src/store/past-reader.js';
import {
  accountInput,
  alertInput,
  callInput,
  freshStore,
  NOON,
  outcomeOf,
  rawDatabase,
  storeFailure,
  temporaryDatabase,
} from './support.js';
import { changesOf, pollAt } from './support-ledger.js';

const HOUR = 3_600_000;

function readerOf({ path }: { path: string }): PastReader {
  const reader = openPastReader(path);
  onTestFinished(() => reader.close());
  return reader;
}

function aPause(changes: Partial<Pause> = {}): Pause {
  return {
    switch: undefined,
    at: NOON,
    until: undefined,
    reason: 'a rule is wrong',
    actor: 'cli:anna',
    ...changes,
  };
}

describe('what was sent before a listing', () => {
  it('is what a pass of that instant asked the log for, whatever was recorded since', async () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 1, max: 40_000 }),
      lastsMs: fc.constantFrom(0, 0, 3, 900),
      outcome: fc.constantFrom(...OUTCOMES.filter((one) => one !== 'alerted')),
      kind: fc.constantFrom('call', 'whole', 'withheld-whole', 'alert'),
      reason: fc.constantFrom<OutcomeReason | undefined>(undefined, 'perhaps-taken', 'reply-lost'),
      count: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
      children: fc.integer({ min: 0, max: 3 }),
      switch: fc.constantFrom('lab', 'lab', 'lab', 'fra'),
      listsFirst: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const store = freshStore();
        let now = NOON;
        const seen: { at: number; sent: string[]; taken: number }[] = [];
        for (const [index, one] of steps.entries()) {
          now += one.afterMs;
          if (one.listsFirst) {
            const sent = await store.audit.disconnectsSince('lab', now - 30_000, { until: now });
            const taken = await store.audit.callsTakenSince('lab', now - HOUR);
            seen.push({ at: now, sent: sent.map(identityKey).sort(), taken });
          }
          await act(store, index, { ...one, at: now });
          now += one.lastsMs;
        }
        const reader = readerOf(store);
        const found = seen.map(({ at }) => ({
          at,
          sent: [
            ...new Set(reader.disconnects('lab', at - 30_000, at).map(({ call }) => identityKey(call))),
          ].sort(),
          taken: reader.callsTaken('lab', at - HOUR, at),
        }));
        expect(found).toEqual(seen);
      }),
      { numRuns: 60 },
    );
  });

  it('bears the instant of its intent and that of its outcome', async () => {
    const store = freshStore();
    const intent = await store.audit.openIntent(callInput('1', { at: NOON }), []);
    await store.audit.closeIntent(intent, outcomeOf('disconnected'), [], NOON + 700);
    const call = { id: '1', callId: '1@192.0.2.1', setupTimeText: '20260301T11:59:00.000' };
    expect(readerOf(store).disconnects('lab', NOON, NOON + 5000)).toEqual([
      { call, askedAt: NOON, at: NOON + 700 },
    ]);
  });

  it('is nothing that was still under way, and nothing that the pass of that listing sent', async () => {
    const store = freshStore();
    await store.audit.openIntent(callInput('1', { at: NOON - 10 }), []);
    await store.audit.record(callInput('2', { at: NOON }), outcomeOf('disconnected'), []);
    const reader = readerOf(store);
    expect(reader.disconnects('lab', 0, NOON)).toEqual([]);
    expect(reader.callsTaken('lab', 0, NOON)).toBe(0);
    await store.audit.resolveOrphans('lab', NOON);
    expect(reader.disconnects('lab', 0, NOON).map(({ call }) => call.id)).toEqual(['1']);
  });
});

async function act(
  { audit }: Store,
  index: number,
  one: {
    at: number;
    lastsMs: number;
    kind: string;
    outcome: ActionOutcome['outcome'];
    reason: OutcomeReason | undefined;
    count: number | undefined;
    children: number;
    switch: string;
  },
): Promise<void> {
  const { at, outcome, reason, count, switch: switchName } = one;
  const where = { at, switch: switchName };
  if (one.kind === 'alert') {
    await audit.record(alertInput(where), outcomeOf('alerted'), []);
    return;
  }
  const children = Array.from({ length: one.children }, (_, child) => callInput(`${index}${child}`, where));
  if (one.kind === 'withheld-whole') {
    const parent = await audit.record(accountInput(where), outcomeOf('withheld'), []);
    for (const child of children)
      await audit.record({ ...child, parent }, outcomeOf(outcome, { reason }), []);
    return;
  }
  const isWhole = one.kind === 'whole';
  const input = isWhole ? accountInput(where) : callInput(String(index), where);
  const intent = await audit.openIntent(input, isWhole ? children : []);
  const childOutcomes = intent.childIds.map(() => outcomeOf(outcome, { reason }));
  await audit.closeIntent(
    intent,
    outcomeOf(outcome, isWhole ? { count } : { reason }),
    childOutcomes,
    at + one.lastsMs,
  );
}

describe('the pause of an instant', () => {
  it('is the one that kept a pass from acting then, however often it was changed or ended since', async () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 1, max: 60_000 }),
      kind: fc.constantFrom('pause', 'pause', 'resume'),
      switch: fc.constantFrom('lab', 'fra', undefined),
      lastsMs: fc.option(fc.integer({ min: 1, max: 90_000 }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        let now = NOON;
        const store = freshStore(undefined, { clock: () => now });
        const seen: (readonly [at: number, Pause | undefined])[] = [];
        for (const [index, one] of steps.entries()) {
          now += one.afterMs;
          const reason = `reason ${index}`;
          if (one.kind === 'resume')
            await store.pauses.resume(one.switch, { at: now, reason, actor: 'cli:bob' });
          else {
            const until = one.lastsMs === undefined ? undefined : now + one.lastsMs;
            await store.pauses.pause(aPause({ switch: one.switch, at: now, until, reason }));
          }
          for (const at of [now, now + 1]) seen.push([at, await store.pauses.of('lab', at)]);
          now += 1;
        }
        const reader = readerOf(store);
        expect(reader.pauseAt('lab', NOON)).toBeUndefined();
        expect(seen.map(([at]) => [at, reader.pauseAt('lab', at)])).toEqual(seen);
      }),
      { numRuns: 60 },
    );
  });

  it('is known while it lasts, though the event that began it was pruned', async () => {
    const store = freshStore();
    await store.pauses.pause(aPause({ switch: 'lab' }));
    const raw = rawDatabase(store.path);
    raw.exec('DROP TRIGGER audit_administration_no_delete; DELETE FROM audit_administration');
    expect(readerOf(store).pauseAt('lab', NOON + 1)).toEqual(aPause({ switch: 'lab' }));
    expect(readerOf(store).pauseAt('lab', NOON - 1)).toBeUndefined();
  });
});

it('hours with a sound poll are those of the week before an instant, as the ledger told a pass then', async () => {
  const store = freshStore();
  const polls = [
    pollAt(NOON - 200 * HOUR),
    pollAt(NOON - 167 * HOUR),
    { ...pollAt(NOON - 5 * HOUR), result: 'suspect' as const },
    pollAt(NOON - 3 * HOUR),
    { ...pollAt(NOON - 2 * HOUR), result: 'failed' as const },
    pollAt(NOON),
  ];
  for (const poll of polls) await store.ledger.commit('lab', changesOf({ poll }));
  const { soundHours } = await store.ledger.load('lab', NOON);
  await store.ledger.commit('lab', changesOf({ poll: pollAt(NOON + 60_000) }));
  await store.ledger.commit('lab', changesOf({ poll: pollAt(NOON + 30 * HOUR) }));
  const reader = readerOf(store);
  expect(reader.soundHours('lab', NOON)).toEqual(soundHours);
  expect(reader.soundHours('lab', NOON)).toHaveLength(3);
  expect(reader.soundHours('lab', NOON - 1)).toHaveLength(2);
  expect(reader.soundHours('nowhere', NOON)).toEqual([]);
});

it('hours whose polls were pruned since are taken to have been watched', async () => {
  const store = freshStore();
  for (const at of [NOON - 300 * HOUR, NOON - 10 * HOUR, NOON])
    await store.ledger.commit('lab', changesOf({ poll: pollAt(at) }));
  expect(readerOf(store).soundHours('lab', NOON)).toHaveLength(2);
  await store.ledger.prune({ before: NOON - 20 * HOUR, countriesBefore: 0, maxRows: 100 });
  // The hours from the 167th to the 11th before noon, that of the first poll kept, and noon's own.
  expect(readerOf(store).soundHours('lab', NOON)).toHaveLength(157 + 2);
});

it('tells when an action was recorded, on whichever switch', async () => {
  const store = freshStore();
  for (const name of ['lab', 'fra'])
    await store.audit.record(alertInput({ switch: name, at: NOON }), outcomeOf('alerted'), []);
  const reader = readerOf(store);
  expect([reader.recordedAt(0), reader.recordedAt(2), reader.recordedAt(3)]).toEqual([
    undefined,
    NOON,
    undefined,
  ]);
});

it('refuses a database that is not there', async () => {
  await storeFailure(() => openPastReader(temporaryDatabase()));
});
