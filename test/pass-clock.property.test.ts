import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Call, CallIdentity, SuspectCall } from '../src/domain/call.js';
import { deriveFacts } from '../src/facts/derive-facts.js';
import { createSwitchMemory, type SwitchMemory } from '../src/pass-memory.js';
import { aCall, aSnapshot, aSuspect, NOW } from './support/calls.js';
import { NUMBERING } from './support/pass-context.js';
import { tempStore } from './support/temp-store.js';

const INTERVAL_MS = 5_000;
const LATENCY_MS = 200;
/** A talk is known to what a listing takes and the resolution of DURATION. */
const TALK_MS = LATENCY_MS + 1_000;
const REACH_MS = 600_000;
const NO_HOLDING = { put: [], drop: [] };

/** A call as it truly is; milliseconds of true time. */
interface TrueCall {
  id: string;
  from: number;
  answered: number;
  to: number;
  /** Its entries: whose they are, and from when on they are listed. */
  legs: { account: number; direction: string; from: number }[];
  /** Until then its direction is not known. */
  directionFrom: number;
  cld: string;
  /** How long it goes on being listed as over. */
  lingersMs: number;
  /** Whether SETUP_TIME and DELAY are listed. */
  says: 'setup' | 'age' | 'nothing';
  /** From then on SETUP_TIME is written otherwise. */
  rewrittenFrom: number;
  /** While its identity cannot be read. */
  unreadable: { from: number; to: number } | undefined;
}

const seconds = (min: number, max: number) => fc.integer({ min: min * 1000, max: max * 1000 });

const trueCall: fc.Arbitrary<Omit<TrueCall, 'id'>> = fc
  .record({
    from: seconds(-60, 300),
    ring: fc.oneof({ weight: 3, arbitrary: seconds(0, 15) }, fc.constant(Number.POSITIVE_INFINITY)),
    lasts: fc.oneof(seconds(1, 60), seconds(1, 15)),
    account: fc.constantFrom(10, 11),
    secondLeg: fc.option(seconds(0, 15), { nil: undefined, freq: 4 }),
    knowsDirection: fc.boolean(),
    cld: fc.constantFrom('493023125001', '493023125002', '442079460002'),
    lingersMs: fc.constantFrom(0, 0, 12_000),
    says: fc.constantFrom('setup', 'setup', 'age', 'nothing') as fc.Arbitrary<TrueCall['says']>,
    rewritten: fc.option(seconds(3, 30), { nil: undefined, freq: 5 }),
    unreadable: fc.option(fc.tuple(seconds(0, 40), seconds(1, 60)), { nil: undefined, freq: 6 }),
  })
  .map(({ from, ring, lasts, account, secondLeg, knowsDirection, cld, lingersMs, says, ...rest }) => {
    const [begin = 0, length = 0] = rest.unreadable ?? [];
    const second = {
      account: account === 10 ? 11 : 10,
      direction: 'onnet_in',
      from: from + (secondLeg ?? 0),
    };
    const first = { account, direction: secondLeg === undefined ? 'vendor' : 'onnet_out', from };
    return {
      ...{ from, cld, lingersMs, says, to: from + lasts, answered: Math.min(from + ring, 1e12) },
      legs: secondLeg === undefined || secondLeg >= lasts ? [first] : [first, second],
      directionFrom: knowsDirection ? from : (second.from ?? from),
      rewrittenFrom: rest.rewritten === undefined ? Number.POSITIVE_INFINITY : from + rest.rewritten,
      unreadable: rest.unreadable && { from: from + begin, to: from + begin + length },
    };
  });

interface Poll {
  /** Intervals since the last one. */
  after: number;
  result: 'listed' | 'doubtful' | 'failed';
  /** The clock is set by so many seconds before it. */
  step: number;
  restarts: boolean;
  /** Of two processes that take turns. */
  process: 0 | 1;
  /** An entry that nobody can read is listed as well. */
  unreadable: boolean;
  /** Which of the listed calls is cut right after it. */
  cuts: number | undefined;
}

const poll: fc.Arbitrary<Poll> = fc.record({
  after: fc.constantFrom(1, 1, 1, 1, 1, 2, 3),
  result: fc.constantFrom<Poll['result']>(
    'listed',
    'listed',
    'listed',
    'listed',
    'listed',
    'doubtful',
    'failed',
  ),
  step: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.constantFrom(-900, -60, -3, 2, 50, 3600)),
  restarts: fc.boolean(),
  process: fc.constantFrom<0 | 1>(0, 0, 0, 1),
  unreadable: fc.boolean(),
  cuts: fc.option(fc.nat(20), { nil: undefined, freq: 4 }),
});

/** What the switch lists at an instant of true time, told on our clock. */
function listing(calls: readonly TrueCall[], truth: number, ahead: number) {
  const listed: Call[] = [];
  const suspects: SuspectCall[] = [];
  for (const one of calls) {
    if (truth < one.from || truth >= one.to + one.lingersMs) continue;
    const { unreadable } = one;
    const isOver = truth >= one.to;
    for (const leg of one.legs) {
      if (truth < leg.from) continue;
      const fields = {
        account: leg.account,
        direction: truth < one.directionFrom ? undefined : leg.direction,
        state: isOver ? 'Dead' : truth >= one.answered ? 'Connected' : 'ARComplete',
      };
      if (unreadable !== undefined && truth >= unreadable.from && truth < unreadable.to) {
        suspects.push(aSuspect({ account: leg.account, state: fields.state }));
        continue;
      }
      const talkedMs = Math.max(0, Math.min(truth, one.to) - one.answered);
      const delay = (Math.min(truth, one.answered, one.to) - one.from) / 1000;
      const duration = isOver ? 0 : talkedMs / 1000;
      listed.push(
        aCall({
          ...fields,
          ...{ id: one.id, callId: `c${one.id}`, cld: one.cld, cldNumber: one.cld, duration },
          setupTimeText: truth >= one.rewrittenFrom ? 'rewritten' : 'as set up',
          setupAt: one.says === 'setup' ? one.from + ahead : undefined,
          delay: one.says === 'nothing' ? undefined : delay,
          age: one.says === 'nothing' ? undefined : delay + duration,
        }),
      );
    }
  }
  return { listed, suspects };
}

const FACTS = [
  ['callsStarted', {}],
  ['callsEnded', {}],
  ['minutes', {}],
  ['shortCalls', { under: 20 }],
  ['distinctCld', {}],
  ['repeatedCld', {}],
] as const;

/** The most that a fact may come to for an account, by what truly was in the last `ms`. */
function mostOf(
  name: string,
  calls: readonly TrueCall[],
  account: number,
  truth: number,
  ms: number,
  setBackMs: number,
) {
  const own = calls.flatMap((one) => one.legs.filter((leg) => leg.account === account).map(() => one));
  const began = own.filter(({ from }) => from <= truth && from > truth - ms);
  const ended = own.filter(({ to }) => to <= truth && to > truth - ms);
  const clds = began.map(({ cld }) => cld);
  switch (name) {
    case 'callsStarted':
      return began.length;
    case 'callsEnded':
      return ended.length;
    case 'shortCalls':
      return ended.filter(({ answered, to }) => answered < to && to - answered < 20_000 + TALK_MS + setBackMs)
        .length;
    case 'distinctCld':
      return new Set(clds).size;
    case 'repeatedCld':
      return Math.max(0, ...clds.map((cld) => clds.filter((other) => other === cld).length));
    default: {
      const talked = own.map(({ answered, to }) => Math.min(truth, to) - Math.max(truth - ms, answered));
      return talked.reduce((sum, one) => sum + (one > 0 ? one + TALK_MS : 0), 0) / 60_000;
    }
  }
}

it('never counts more than there truly was, however clocks are set, polls fail and processes come and go', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(trueCall, { minLength: 1, maxLength: 25 }),
      fc.array(poll, { minLength: 5, maxLength: 45 }),
      fc.boolean(),
      async (drawn, polls, mayRestart) => {
        const { store } = tempStore();
        const calls: TrueCall[] = drawn.map((one, at) => ({ ...one, id: String(at + 1) }));
        const fresh = () =>
          createSwitchMemory({ switchName: 'lab', numbering: NUMBERING, ledger: store.ledger });
        const memories: SwitchMemory[] = [fresh(), fresh()];
        let truth = 0;
        let ahead = 0;
        let setBackMs = 0;
        let cuts: CallIdentity[] = [];
        for (const { after, result, step, restarts, process, unreadable, cuts: cutsAt } of polls) {
          truth += after * INTERVAL_MS;
          ahead += step * 1000;
          // Less than an interval is not noticed, and is the slack that is documented.
          if (step < 0 && -step * 1000 < INTERVAL_MS) setBackMs -= step * 1000;
          if (restarts && mayRestart) memories[process] = fresh();
          const memory = memories[process] ?? fresh();
          const at = NOW + truth + ahead;
          await memory.sync(at, { reachMs: REACH_MS, watchedMs: 0 });
          if (result === 'failed') {
            await memory.missed({ at, intervalMs: INTERVAL_MS, login: 'login:ops' });
            continue;
          }
          const { listed, suspects } = listing(calls, truth, NOW + ahead);
          const snapshot = aSnapshot(listed, {
            ...{ observedAt: at, receivedAt: at + LATENCY_MS },
            suspects: unreadable ? [...suspects, aSuspect({ state: 'Connected' })] : suspects,
            doubt: result === 'doubtful' ? { reason: 'suspect-share', detail: '' } : undefined,
          });
          const changes = memory.history.observe(snapshot, { intervalMs: INTERVAL_MS, cuts });
          await memory.commit(changes, NO_HOLDING);
          const cut = cutsAt === undefined ? undefined : listed[cutsAt];
          cuts = cut === undefined ? [] : [cut];
          for (const one of calls) if (one.id === cut?.id) one.to = Math.min(one.to, truth);
          const facts = deriveFacts(snapshot, {
            ...{ numbering: NUMBERING, limits: [], admits: () => true, history: memory.history },
            ...{ windowMs: REACH_MS, filter: 'none' as const },
          });
          for (const account of [10, 11]) {
            for (const within of [30, 120]) {
              // What is seen first, or not any more, was so at most two intervals before.
              const reachMs = within * 1000 + 2 * INTERVAL_MS + LATENCY_MS + setBackMs;
              for (const [name, params] of FACTS) {
                const subject = { scope: 'account' as const, id: String(account) };
                const observed = facts.observe(subject, `account.${name}`, { within, ...params });
                if (!observed.known) continue;
                const most = mostOf(name, calls, account, truth, reachMs, setBackMs);
                const asked = `${name} of ${account} within ${within} s at ${truth / 1000} s`;
                expect(Number(observed.value), asked).toBeLessThanOrEqual(most + 1e-9);
              }
            }
          }
        }
      },
    ),
    { seed: 7, numRuns: Number(process.env['CLOCK_RUNS'] ?? 40) },
  );
}, 120_000);
