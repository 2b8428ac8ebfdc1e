import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Call, CallIdentity } from '../src/domain/call.js';
import type { FactParams, Observed } from '../src/domain/facts.js';
import type { LedgerPoll } from '../src/domain/ledger.js';
import type { Snapshot } from '../src/domain/snapshot.js';
import { type CallHistory, createCallHistory } from '../src/facts/call-history.js';
import { deriveFacts } from '../src/facts/derive-facts.js';
import { createSwitchMemory } from '../src/pass-memory.js';
import type { Store } from '../src/store/open-store.js';
import { call, snapshotOf } from './facts/support.js';
import { NUMBERING } from './support/pass-context.js';
import { tempStore } from './support/temp-store.js';

const START = Date.UTC(2026, 0, 5, 10);
const LOGIN = 'login:ops';
const REACH = { reachMs: 60_000, watchedMs: 60_000 };
const NO_HOLDING = { put: [], drop: [] };

interface Script {
  from: number;
  ring: number | undefined;
  lasts: number;
  account: number;
  cld: string;
  lingers: boolean;
  saysLength: boolean;
  lists: 'everything' | 'durations' | 'nothing';
}

const ms = (min: number, max: number) => fc.integer({ min, max });
const script: fc.Arbitrary<Script> = fc.record({
  from: ms(-90_000, 110_000),
  ring: fc.option(ms(0, 8_000), { nil: undefined }),
  lasts: ms(100, 50_000),
  account: fc.constantFrom(1, 2),
  cld: fc.constantFrom('4930100', '4930101', '33155500', '25261000'),
  lingers: fc.boolean(),
  saysLength: fc.boolean(),
  lists: fc.constantFrom('everything', 'everything', 'durations', 'nothing') as fc.Arbitrary<Script['lists']>,
});

interface PollScript {
  afterMs: number;
  /** How long the listing took. */
  takesMs: number;
  intervalMs: number;
  result: LedgerPoll['result'];
  omit: number[];
  cut: number[];
  restart: boolean;
}

const poll: fc.Arbitrary<PollScript> = fc.record({
  afterMs: fc.oneof({ weight: 5, arbitrary: ms(4_800, 5_300) }, ms(1_000, 25_000)),
  takesMs: fc.oneof({ weight: 4, arbitrary: ms(5, 300) }, ms(300, 4_000)),
  intervalMs: fc.constantFrom(5_000, 5_000, 5_000, 10_000),
  result: fc.constantFrom('sound', 'sound', 'sound', 'sound', 'suspect', 'failed') as fc.Arbitrary<
    LedgerPoll['result']
  >,
  omit: fc.oneof({ weight: 4, arbitrary: fc.constant<number[]>([]) }, fc.array(fc.nat(9), { maxLength: 3 })),
  cut: fc.oneof({ weight: 4, arbitrary: fc.constant<number[]>([]) }, fc.array(fc.nat(9), { maxLength: 2 })),
  restart: fc.boolean(),
});

/** How a switch lists the call at an instant, in whole seconds (cut off) or in hundredths. */
function listed(one: Script, index: number, at: number, whole: boolean): Call | undefined {
  const from = START + one.from;
  const to = from + one.lasts;
  const answered = one.ring === undefined || one.ring >= one.lasts ? Infinity : from + one.ring;
  if (at < from || at >= to + (one.lingers ? 7_000 : 0)) return undefined;
  const state = at >= to ? 'Dead' : at >= answered ? 'Connected' : 'ARComplete';
  const shown = (time: number) => (whole ? Math.floor(time / 1000) : Math.floor(time / 10) / 100);
  const talked = state === 'Connected' ? at - answered : one.saysLength && answered < to ? to - answered : 0;
  const duration = one.lists === 'nothing' ? undefined : shown(state === 'ARComplete' ? 0 : talked);
  const delay = one.lists === 'everything' ? shown(Math.min(at, answered, to) - from) : undefined;
  return call({
    id: String(index),
    callId: `c${index}`,
    setupTimeText: '20260105T100000',
    state,
    account: one.account,
    cld: one.cld,
    cldNumber: one.cld,
    duration,
    delay,
    age: duration === undefined || delay === undefined ? undefined : duration + delay,
    setupAt: undefined,
  });
}

const WITHINS = [15, 45, 60];
const QUESTIONS: [string, FactParams][] = [
  ...['callsStarted', 'callsEnded', 'minutes', 'distinctCld', 'repeatedCld', 'answerRatio'].map(
    (name): [string, FactParams] => [name, {}],
  ),
  ['averageEndedDuration', { min: 1 }],
  ['equalDurations', { tolerance: 3 }],
  ...[8, 12, 20, 30].map((under): [string, FactParams] => ['shortCalls', { under }]),
];

const shownOf = (observed: Observed) =>
  observed.known
    ? {
        value: observed.value,
        atLeast: observed.atLeast,
        gap: observed.gap?.seconds,
        counted: (observed.counted ?? []).map(({ id }) => id).sort(),
      }
    : observed;

function everyFact(snapshot: Snapshot, history: CallHistory) {
  const facts = deriveFacts(snapshot, {
    numbering: NUMBERING,
    limits: [],
    admits: () => true,
    history,
    windowMs: REACH.reachMs,
    filter: 'none',
  });
  const subjects = [
    { scope: 'account', id: '1' },
    { scope: 'account', id: '2' },
    { scope: 'switch', id: 'lab' },
  ] as const;
  return subjects.flatMap((subject) =>
    QUESTIONS.flatMap(([name, params]) =>
      WITHINS.map((within) => {
        const fact = `${subject.scope}.${name}`;
        const observed = facts.observe(subject, fact, { ...params, within });
        return [`${subject.id} ${fact} ${JSON.stringify(params)} ${within}`, shownOf(observed)];
      }),
    ),
  );
}

/** Plays polls to a process that goes on and to one that is started anew now and then, and compares all that they know. */
async function play(
  store: Store,
  switchName: string,
  scripts: readonly Script[],
  polls: readonly PollScript[],
  whole: boolean,
) {
  const goesOn = createCallHistory({ numbering: NUMBERING, switchName });
  const begun = () => createSwitchMemory({ switchName, numbering: NUMBERING, ledger: store.ledger });
  let memory = begun();
  let at = START;
  let mayRestart = true;
  const seen = new Set<number>();
  for (const one of polls) {
    at += one.afterMs;
    const { intervalMs, result } = one;
    // What a doubtful listing showed is not written call by call, as docs/limits.md says.
    if (one.restart && mayRestart) memory = begun();
    await memory.sync(at, REACH);
    goesOn.forget(at - REACH.reachMs);
    if (result === 'failed') {
      goesOn.missed({ at, intervalMs, result, login: LOGIN });
      await memory.missed({ at, intervalMs, login: LOGIN });
      continue;
    }
    mayRestart = result === 'sound';
    const calls = scripts.flatMap((each, index) => {
      const shown = one.omit.includes(index) ? undefined : listed(each, index, at, whole);
      // A call that is over when it is first listed counts for a process that has looked before alone, as limits.md says.
      if (shown === undefined || (shown.state === 'Dead' && !seen.has(index))) return [];
      seen.add(index);
      return [shown];
    });
    const snapshot = snapshotOf(calls, {
      observedAt: at,
      receivedAt: at + one.takesMs,
      ...(result === 'suspect' ? { doubt: { reason: 'suspect-share' as const, detail: '' } } : {}),
    });
    const cuts = one.cut.map(
      (index): CallIdentity => ({
        id: String(index),
        callId: `c${index}`,
        setupTimeText: '20260105T100000',
      }),
    );
    goesOn.observe(snapshot, { intervalMs, cuts });
    await memory.commit(memory.history.observe(snapshot, { intervalMs, cuts }), NO_HOLDING);
    expect(everyFact(snapshot, memory.history)).toEqual(everyFact(snapshot, goesOn));
  }
}

test('facts are the same whether or not the process was started anew, whatever happened before', async () => {
  const { store } = tempStore();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(script, { minLength: 1, maxLength: 10 }),
      fc.array(poll, { minLength: 2, maxLength: 20 }),
      fc.boolean(),
      async (scripts, polls, whole) => {
        runs += 1;
        await play(store, `lab${runs}`, scripts, polls, whole);
      },
    ),
    { numRuns: Number(process.env['RESTART_RUNS'] ?? 60) },
  );
}, 120_000);

test('a call that ended between two polls of a slow listing is as short after a restart as it was before', async () => {
  const { store } = tempStore();
  const memory = createSwitchMemory({ switchName: 'lab', numbering: NUMBERING, ledger: store.ledger });
  await memory.sync(START, REACH);
  const talk = call({ id: '1', callId: 'c1', account: 1, duration: 1.5, setupAt: START - 1_500 });
  const options = { intervalMs: 5_000, cuts: [] };
  const take = async (second: number, calls: Call[], takesMs: number, intervalMs = 5_000) => {
    const observedAt = START + second * 1000;
    const snapshot = snapshotOf(calls, { observedAt, receivedAt: observedAt + takesMs });
    await memory.commit(memory.history.observe(snapshot, { ...options, intervalMs }), NO_HOLDING);
    return snapshot;
  };
  await take(0, [talk], 20);
  // Nobody looked for eleven seconds, which is more than two intervals, until the interval is made longer.
  await take(11, [], 4_000);
  const snapshot = await take(21, [], 20, 10_000);
  const again = createSwitchMemory({ switchName: 'lab', numbering: NUMBERING, ledger: store.ledger });
  await again.sync(START + 21_000, REACH);
  for (const { history } of [memory, again]) {
    const past = history.ofLogin(LOGIN)?.find(talk);
    expect([past?.endedAt, past?.endedBy, past?.endedInGap]).toEqual([START + 11_000, START + 15_000, true]);
    const facts = deriveFacts(snapshot, {
      numbering: NUMBERING,
      limits: [],
      admits: () => true,
      history,
      windowMs: REACH.reachMs,
    });
    const short = (under: number) =>
      facts.observe({ scope: 'account', id: '1' }, 'account.shortCalls', { within: 60, under });
    expect(short(16)).toMatchObject({ value: 0 });
    expect(short(17)).toMatchObject({ value: 1 });
  }
});
