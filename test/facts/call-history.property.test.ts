import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Call, identityKey, type SuspectCall } from '../../src/domain/call.js';
import type { FactParams, Observed } from '../../src/domain/facts.js';
import type {
  CalledCountry,
  KnownAccount,
  LedgerCall,
  LedgerPoll,
  LedgerState,
} from '../../src/domain/ledger.js';
import { type CallHistory, createCallHistory, type HistoryChanges } from '../../src/facts/call-history.js';
import { AGGREGATE_SCOPES } from '../../src/facts/catalogue-words.js';
import { deriveFacts } from '../../src/facts/derive-facts.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { shareIndex } from '../../src/facts/shared-index.js';
import {
  answer,
  type Memories,
  type SeenPoll,
  THRESHOLDS,
  tellCalls,
  tellGap,
  tellMemories,
} from './history-oracle.js';
import { call, snapshotOf } from './support.js';

const START = Date.UTC(2026, 0, 5, 10);
const INTERVAL_MS = 5000;
const NUMBERING = createNumbering({ techPrefixes: [] });
const DAY_MS = 86_400_000;
const TREE = new Map([
  [3, 2],
  [4, 3],
]);
const CLDS = ['4930100', '4930101', '4930102', '4420555001', '25261000', '4930999', 'alice', undefined];
const MEMORIES: Memories = {
  accounts: new Map([
    [1, START - 9 * DAY_MS],
    [2, START - 7 * DAY_MS + 60_000],
  ]),
  countries: new Map([['1 DE', START - 2 * DAY_MS]]),
};

interface Script {
  from: number;
  answered: number | undefined;
  to: number;
  account: number | undefined;
  customer: number | undefined;
  cld: string | undefined;
  cli: string | undefined;
  direction: string | undefined;
  media: string | undefined;
  setup: 'listed' | 'late' | 'never';
  delay: 'listed' | 'late' | 'never';
  noDuration: boolean;
  lingers: boolean;
  saysLength: boolean;
  vendors: number[];
}

const seconds = (max: number) => fc.integer({ min: 0, max });
const script: fc.Arbitrary<Script> = fc
  .record({
    from: fc.oneof({ weight: 4, arbitrary: seconds(150) }, fc.integer({ min: -3600, max: -60 })),
    ring: fc.option(seconds(20), { nil: undefined }),
    lasts: seconds(60),
    account: fc.constantFrom(1, 1, 2, 3, undefined),
    customer: fc.constantFrom(2, 3, 4, undefined),
    cld: fc.constantFrom(...CLDS),
    cli: fc.constantFrom('4420555001', '4420555002', undefined),
    direction: fc.constantFrom('vendor', 'onnet_in', undefined),
    media: fc.constantFrom('192.0.2.1', '192.0.2.2', undefined),
    setup: fc.constantFrom('listed', 'late', 'never') as fc.Arbitrary<Script['setup']>,
    delay: fc.constantFrom('listed', 'late', 'never') as fc.Arbitrary<Script['delay']>,
    noDuration: fc.boolean(),
    lingers: fc.boolean(),
    saysLength: fc.boolean(),
    vendors: fc.subarray([7, 8]),
  })
  .map(({ ring, lasts, noDuration, ...rest }) => ({
    ...rest,
    noDuration: noDuration && lasts % 3 === 0,
    answered: ring === undefined ? undefined : rest.from + Math.min(ring, lasts),
    // Some were there for an hour when the first poll came.
    to: rest.from + lasts + Math.max(0, -rest.from),
  }));

interface PollScript {
  gap: number;
  result: SeenPoll['result'];
  omit: number[];
  /** Listed without SETUP_TIME. */
  blank: number[];
  cut: number[];
  suspects: SuspectCall[];
  restart: boolean;
  forget: boolean;
}

const suspect: fc.Arbitrary<SuspectCall> = fc.record({
  id: fc.constantFrom(undefined, '0', '3', '999'),
  callId: fc.constantFrom(undefined, 'c3', 'other'),
  state: fc.constantFrom(undefined, 'Connected', 'Dead'),
  account: fc.constantFrom(undefined, 1, 3),
  customer: fc.constantFrom(undefined, 2, 4),
  connection: fc.constantFrom(undefined, 5),
  cli: fc.constantFrom(undefined, '4420555001'),
  cld: fc.constantFrom(undefined, '25261000', '4930100'),
  reason: fc.constant('unreadable'),
});

const mostlyNone = <T>(some: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant<T[]>([]) }, some);

const poll: fc.Arbitrary<PollScript> = fc.record({
  gap: fc.constantFrom(1, 1, 1, 1, 2, 3, 5),
  result: fc.constantFrom('sound', 'sound', 'sound', 'sound', 'suspect', 'partial', 'failed') as fc.Arbitrary<
    SeenPoll['result']
  >,
  omit: mostlyNone(fc.array(fc.nat(11), { maxLength: 3 })),
  blank: mostlyNone(fc.array(fc.nat(11), { maxLength: 5 })),
  cut: mostlyNone(fc.array(fc.nat(11), { maxLength: 2 })),
  suspects: mostlyNone(fc.array(suspect, { maxLength: 2 })),
  restart: fc.boolean(),
  forget: fc.boolean(),
});

/** How the switch lists a call at an instant; undefined where it does not. */
function listed(one: Script, index: number, at: number): Call | undefined {
  const from = START + one.from * 1000;
  const to = START + one.to * 1000;
  const answered = one.answered === undefined ? Infinity : START + one.answered * 1000;
  if (at < from || at >= to + (one.lingers ? 7000 : 0)) return undefined;
  const state = at >= to ? 'Dead' : at >= answered ? 'Connected' : 'ARComplete';
  const early = at - from < 3000;
  const knowsSetup = one.setup === 'listed' || (one.setup === 'late' && !early);
  const knowsDelay = one.delay === 'listed' || (one.delay === 'late' && at >= START + 40_000);
  // Some switches go on listing how long a call was that is over.
  const talked =
    state === 'Connected' ? at - answered : state === 'Dead' && one.saysLength ? to - answered : 0;
  const duration = one.noDuration ? undefined : Math.max(0, talked) / 1000;
  const delay = knowsDelay ? (Math.min(at, answered, to) - from) / 1000 : undefined;
  return call({
    id: String(index),
    callId: `c${index}`,
    setupTimeText: '20260105T100000',
    state,
    account: early ? undefined : one.account,
    customer: one.customer,
    connection: 5,
    cli: one.cli,
    cliNumber: one.cli,
    cld: early ? undefined : one.cld,
    cldNumber: early ? undefined : one.cld,
    direction: one.direction,
    callerMediaIp: state === 'ARComplete' ? undefined : one.media,
    duration,
    delay,
    age: duration === undefined || delay === undefined ? undefined : duration + delay,
    setupAt: knowsSetup ? from : undefined,
  });
}

const WITHINS = [20, 60, 600];
const NARROWINGS: FactParams[] = [{}, { to: ['49', '252'] }, { direction: ['vendor'], state: ['Connected'] }];
const NAMES: [string, FactParams][] = [
  ['callsStarted', {}],
  ['callsEnded', {}],
  ['minutes', {}],
  ['minutesToday', { timezone: 'Europe/Kyiv' }],
  ['distinctCld', {}],
  ['distinctCli', {}],
  ['distinctCountries', {}],
  ['distinctMediaIps', {}],
  ['sequentialCld', {}],
  ['repeatedCld', {}],
  ['shortCalls', { under: 15 }],
  ['answerRatio', { min: 2 }],
  ['averageEndedDuration', { min: 1 }],
  ['equalDurations', { tolerance: 4 }],
  ['firstSeenCountry', {}],
  // The account that is known for longest comes to be known for so long on the way.
  ['firstSeenCountry', { history: 9 * 86_400 + 60 }],
  ['callerIsCalled', {}],
];
/** The same objects at every pass, as rules have them. */
const QUESTIONS = NAMES.flatMap(([name, own], at) =>
  NARROWINGS.map((narrowing, nth) => ({
    name,
    params: {
      ...own,
      ...narrowing,
      ...(name === 'minutesToday' ? {} : { within: WITHINS[(at + nth) % WITHINS.length] ?? 60 }),
    } as FactParams,
  })),
).flatMap((one) => [one, { ...one, params: { ...one.params, recursive: true } }]);
/** 2026-01-05 in Kyiv, which is two hours ahead. */
const MIDNIGHT = Date.UTC(2026, 0, 4, 22);

const byCli = (one: Call): boolean | 'unknown' =>
  one.cliNumber === undefined ? 'unknown' : one.cliNumber !== '4420555002';

/** What a store would hold after these changes. */
class ModelLedger {
  private readonly calls = new Map<string, LedgerCall>();
  private readonly polls: LedgerPoll[] = [];
  private readonly countries = new Map<string, CalledCountry>();
  private readonly accounts = new Map<number, KnownAccount>();

  constructor({ accounts, countries }: Memories) {
    for (const [account, firstAt] of accounts) this.accounts.set(account, { account, firstAt });
    for (const [key, firstAt] of countries) {
      const [account, country = ''] = key.split(' ');
      this.countries.set(key, { account: Number(account), country, firstAt, lastAt: firstAt });
    }
  }

  commit(changes: HistoryChanges): void {
    const { poll, calls, countries, accounts } = structuredClone(changes);
    this.polls.push(poll);
    for (const one of calls) this.calls.set(identityKey(one), one);
    for (const one of countries) this.countries.set(`${one.account} ${one.country}`, one);
    for (const one of accounts) this.accounts.set(one.account, one);
  }

  load(): LedgerState {
    return structuredClone({
      lastPollId: this.polls.length,
      polls: this.polls,
      calls: [...this.calls.values()],
      countries: [...this.countries.values()],
      accounts: [...this.accounts.values()],
      holding: [],
    });
  }
}

function opened(ledger: ModelLedger, asksFew: boolean): CallHistory {
  const history = createCallHistory({ numbering: NUMBERING, switchName: 'lab', asksFew });
  history.restore(ledger.load());
  return history;
}

function subjectsOf(scripts: readonly Script[]) {
  const ids: Record<string, (string | undefined)[]> = {
    account: scripts.map(({ account }) => account?.toString()),
    customer: ['2', ...scripts.map(({ customer }) => customer?.toString())],
    connection: ['5'],
    vendor: ['7', '8'],
    cli: scripts.map(({ cli }) => cli),
    switch: ['lab'],
  };
  return AGGREGATE_SCOPES.flatMap(({ scope }) =>
    [...new Set(ids[scope])].flatMap((id) => (id === undefined ? [] : [{ scope, id }])),
  );
}

function plain(observed: Observed) {
  if (!observed.known) return { missing: observed.reason };
  const idsOf = (calls: readonly Call[]) => calls.map(({ id }) => id).sort();
  const { byNumber } = observed;
  const value = Math.round(Number(observed.value) * 1e6) / 1e6;
  return {
    value,
    atLeast: observed.atLeast,
    counted: idsOf(observed.counted ?? []),
    ...(byNumber === undefined
      ? {}
      : { countedOver: THRESHOLDS.map((least) => idsOf(byNumber.countedWhere((own) => own > least))) }),
    gap: observed.gap?.seconds ?? 0,
  };
}

type Filter = { name: string; admits: (one: Call) => boolean | 'unknown'; kept: boolean };
const FILTERS: Filter[] = [
  { name: 'all', admits: () => true, kept: true },
  { name: 'by CLI, one object', admits: byCli, kept: true },
  { name: 'by CLI, anew', admits: byCli, kept: false },
];
const KEPT_FILTER = { admits: byCli };

describe('the history of calls', () => {
  it('answers every windowed fact as its definition does, through failures, flickers, cuts and restarts', () => {
    fc.assert(
      fc.property(
        fc.array(script, { minLength: 1, maxLength: 12 }),
        fc.array(poll, { minLength: 2, maxLength: 14 }),
        fc.nat(FILTERS.length - 1),
        fc.boolean(),
        (scripts, pollScripts, filterAt, asksFew) => {
          const filter = FILTERS[filterAt] as Filter;
          const ledger = new ModelLedger(MEMORIES);
          let history = opened(ledger, asksFew);
          const polls: SeenPoll[] = [];
          const vendors = new Map(scripts.map((one, index) => [String(index), one.vendors]));
          const subjects = subjectsOf(scripts);
          let at = START;
          let restarted = true;
          for (const one of pollScripts) {
            at += one.gap * INTERVAL_MS;
            const calls = scripts.flatMap((each, index) => {
              const shown = one.omit.includes(index) ? undefined : listed(each, index, at);
              if (shown === undefined) return [];
              return [one.blank.includes(index) ? { ...shown, setupTimeText: undefined } : shown];
            });
            const snapshot = snapshotOf(calls, {
              observedAt: at,
              suspects: one.suspects,
              vendors: new Map(
                [7, 8].map((vendor) => [
                  vendor,
                  new Set(calls.filter(({ id }) => vendors.get(id)?.includes(vendor)).map(identityKey)),
                ]),
              ),
              ...(one.result === 'suspect'
                ? { doubt: { reason: 'suspect-share' as const, detail: '' } }
                : {}),
              coverage: {
                states: 'all',
                filter: one.result === 'partial' ? { connection: 5 } : {},
                login: 'login:ops',
              },
            });
            const cutIds = one.cut.map(String);
            const seen = { at, intervalMs: INTERVAL_MS, result: one.result, cutIds, restarted };
            restarted = false;
            if (one.result === 'failed') {
              polls.push({ ...seen, snapshot: undefined });
              ledger.commit(
                history.missed({ at, intervalMs: INTERVAL_MS, result: 'failed', login: 'login:ops' }),
              );
              continue;
            }
            polls.push({ ...seen, snapshot });
            const cuts = cutIds.map((id) => ({ id, callId: `c${id}`, setupTimeText: '20260105T100000' }));
            ledger.commit(history.observe(snapshot, { intervalMs: INTERVAL_MS, cuts }));
            if (one.forget) history.forget(at - 700_000);

            const told = tellCalls(polls, NUMBERING);
            const memories = tellMemories(MEMORIES, polls, NUMBERING);
            const facts = deriveFacts(snapshot, {
              numbering: NUMBERING,
              limits: [],
              admits: filter.admits,
              history,
              tree: TREE,
              windowMs: 600_000,
              admitsAll: filter.name === 'all',
              ...(filter.name === 'all' ? { shared: shareIndex(snapshot, NUMBERING) } : {}),
              ...(filter.kept ? { filter: filter.name === 'all' ? ('none' as const) : KEPT_FILTER } : {}),
            });
            for (const subject of subjects) {
              for (const [nth, { name, params }] of QUESTIONS.entries()) {
                if (params.recursive === true && subject.scope !== 'customer') continue;
                // The oracle is slow: each question is compared at every third poll. Who asks few does not ask it before.
                const isCompared = (nth + polls.length) % 3 === 0;
                if (asksFew && !isCompared) continue;
                const observed = plain(facts.observe(subject, `${subject.scope}.${name}`, params));
                if (!isCompared) continue;
                const expected = answer(told, {
                  ...subject,
                  name,
                  params,
                  now: at,
                  midnight: MIDNIGHT,
                  vendors,
                  parents: TREE,
                  admits: filter.admits,
                  suspects: one.suspects,
                  memories,
                });
                const from = name === 'minutesToday' ? MIDNIGHT : at - (params.within ?? 0) * 1000;
                if ('value' in expected) expected.value = Math.round(expected.value * 1e6) / 1e6;
                const wanted =
                  'missing' in expected ? expected : { ...expected, gap: tellGap(polls, from, at) };
                if (JSON.stringify(observed) !== JSON.stringify(wanted))
                  expect(
                    observed,
                    `${subject.scope}:${subject.id} ${name} ${JSON.stringify(params)}`,
                  ).toEqual(wanted);
              }
            }
            const isPlain = one.result === 'sound' && one.suspects.length === 0;
            restarted = one.restart && isPlain;
            if (restarted) history = opened(ledger, asksFew);
          }
        },
      ),
      { seed: 3, numRuns: Number(process.env['HISTORY_RUNS'] ?? 30) },
    );
  }, 60_000);
});
