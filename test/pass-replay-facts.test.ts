import { expect, it, onTestFinished } from 'vitest';
import type { Call } from '../src/domain/call.js';
import type { FactCondition, Rule } from '../src/domain/rule.js';
import { subjectText } from '../src/domain/scope.js';
import type { Evidence } from '../src/domain/verdict.js';
import { runPass } from '../src/pass.js';
import { createLedgerWorld } from '../src/pass-ledger-world.js';
import { createReplay } from '../src/pass-replay.js';
import { openLedgerReader } from '../src/store/ledger-reader.js';
import { aBacktest, at, NUMBERING, START } from './support/backtest.js';
import { aCall, aRule } from './support/calls.js';
import { fakeSwitch, switchError } from './support/fake-switch.js';
import { aPassContext } from './support/pass-context.js';
import { tempStore } from './support/temp-store.js';

const SECONDS = Array.from({ length: 34 }, (_, index) => index * 5);
const never = new AbortController().signal;

/** A call as it is listed from one instant on, up to another one; all of it in seconds after START. */
interface Listed extends Partial<Call> {
  id: string;
  from: number;
  to: number;
  /** Since then it is over, and listed with this duration. */
  over?: number;
  talked?: number;
  /** Until then it rings; with `delay` as its DELAY when it was listed first. */
  answers?: number;
}

/** Of each of these a rule that is violated whatever the fact comes to, so that its evidence tells. */
const FACTS: readonly [name: string, params: object][] = [
  ...['totalCalls', 'connectedCalls'].map((name) => [name, {}] as [string, object]),
  ...['callsStarted', 'callsEnded', 'minutes', 'distinctCld', 'sequentialCld', 'answerRatio'].map(
    (name) => [name, { within: 60 }] as [string, object],
  ),
  ['callsStarted', { within: 10 }],
  ['callsEnded', { within: 10 }],
  ['shortCalls', { within: 60, under: 8 }],
  ['equalDurations', { within: 60, tolerance: 1 }],
  ['averageEndedDuration', { within: 60, min: 1 }],
  ['minutesToday', {}],
];

/** What is listed of a live call, of which a ledger has what was listed last. */
const CALL_FACTS: typeof FACTS = ['age', 'delay', 'duration'].map((name) => [name, {}]);

const ALL = { only: {}, except: {} };
/** These go by vendors, of whose calls nobody knows at first that they are not theirs. */
const FILTERS: readonly Partial<Rule>[] = [ALL, { except: { vendors: [5] } }, { only: { vendors: [5] } }];

const RULES: readonly Rule[] = (['account', 'cli', 'switch'] as const)
  .flatMap((scope) => (scope === 'cli' ? [ALL] : FILTERS).map((filter) => ({ scope, filter })))
  .flatMap(({ scope, filter }) => rulesOf(scope, filter, `${scope}-${JSON.stringify(filter)}`))
  .concat(rulesOf('call', ALL, 'call'));

function rulesOf(scope: Rule['scope'], filter: Partial<Rule>, of: string): readonly Rule[] {
  const facts = scope === 'call' ? CALL_FACTS : FACTS;
  return facts.map(([name, params], index) =>
    aRule({
      name: `${of}-${index}-${name}`,
      hash: `${of}-${index}`,
      scope,
      ...filter,
      conditions: {
        all: [
          {
            fact: `${scope}.${name}`,
            params: params as NonNullable<FactCondition['params']>,
            operator: 'greaterThanInclusive',
            value: 0,
          },
        ],
      },
      event: { type: 'alert' },
    }),
  );
}

const CALLS: readonly Listed[] = [
  { id: '1', from: 0, to: 120 },
  { id: '2', from: 5, to: 35, account: 11 },
  // Over before anybody looked: passes count none of it, however long it is listed.
  { id: '3', from: 0, over: -20, to: 20, talked: 7, setupAt: at(-30) },
  // Talked and over between two polls.
  { id: '4', from: 15, over: 15, to: 25, talked: 3.25, setupAt: at(11), cld: '493023125002' },
  // Came and went unanswered, as the only call that there ever was of its account and of its caller.
  { id: '5', from: 20, over: 20, to: 25, account: 12, cli: '442079460005', state: 'Disconnecting' },
  { id: '6', from: 30, over: 30, to: 35, setupAt: undefined, delay: undefined, cld: '493023125003' },
  { id: '7', from: 45, over: 45, to: 60, talked: 4, setupAt: at(40), account: 11 },
  // Bears the ID of one that is gone.
  { id: '2', callId: 'another', from: 50, over: 50, to: 55, account: 11 },
  // First listed where nothing can end.
  { id: '8', from: 70, over: 70, to: 85, talked: 2, setupAt: at(67), account: 13 },
  // In the first sound listing after that.
  { id: '9', from: 75, over: 75, to: 80, setupAt: at(66), account: 13 },
  // In the first listing after a failed one.
  { id: '10', from: 90, over: 90, to: 95, talked: 1, setupAt: at(82) },
  // Cut before any pass had seen it.
  { id: '11', from: 105, over: 105, to: 110, setupAt: at(101), account: 11 },
  // Came and went between two polls, as a call between two accounts of the switch, which it lists once for each.
  { id: '14', from: 95, over: 95, to: 100, talked: 2, setupAt: at(92), account: 15, direction: 'onnet_out' },
  { id: '14', from: 95, over: 95, to: 105, talked: 2, setupAt: at(92), account: 16, direction: 'onnet_in' },
  // The second one is missing in listings for as long as the statistics count it, and has ended by the first that lacks none.
  { id: '12', from: 40, to: 120, account: 14, cld: '493023125004' },
  { id: '13', from: 40, to: 50, account: 14, cld: '493023125005', setupAt: at(38) },
  // Those of connection 5 are of that vendor, and the others of nobody whom a rule names: listed once, often, or in doubt alone.
  { id: '20', from: 15, to: 20, account: 17 },
  { id: '21', from: 20, to: 25, account: 17, connection: 5 },
  { id: '22', from: 20, to: 30, account: 17 },
  { id: '23', from: 25, to: 60, account: 17, connection: 5 },
  { id: '24', from: 40, to: 60, over: 45, account: 17 },
  { id: '25', from: 65, to: 75, account: 18 },
  { id: '26', from: 70, to: 75, account: 18 },
  { id: '27', from: 70, to: 80, account: 19 },
  { id: '28', from: 130, to: 170, account: 18 },
  { id: '29', from: 135, to: 150, account: 19 },
  { id: '30', from: 135, to: 145, account: 19, connection: 5 },
  // By another clock, or in whole seconds, DELAY is not what SETUP_TIME says: of those that ring, are answered, or never are.
  { id: '31', from: 5, to: 60, account: 20, answers: 20, delay: 3, setupAt: at(1.3) },
  { id: '32', from: 10, to: 45, account: 20, answers: 100, delay: 1, setupAt: at(8.2) },
  { id: '33', from: 15, to: 160, account: 20, answers: 15, delay: 9, setupAt: at(8) },
  { id: '34', from: 15, to: 40, account: 20, answers: 25, delay: 2, setupAt: undefined },
  { id: '35', from: 100, to: 170, account: 20, answers: 200, delay: 4, setupAt: at(97.5) },
  { id: '36', from: 100, to: 120, account: 20, delay: undefined, setupAt: at(98) },
];
/** So many connected calls the statistics count of account 14. */
const COUNTED: ReadonlyMap<number, number> = new Map([50, 55, 60].map((second) => [second, 2]));
const DOUBTFUL = [70, 130, 135];
const FAILED = 85;
/** Whose disconnect somebody else had sent when it was listed first. */
const CUT = '11';

function listedAt(second: number): Call[] {
  return CALLS.filter(({ from, to }) => from <= second && second < to).map(
    ({ from, to, over = to, talked = 0, answers = from, ...fields }) => {
      const isRinging = second < answers;
      const live = isRinging ? 'ARComplete' : 'Connected';
      const state = second < over ? live : (fields.state ?? 'Dead');
      const duration = second < over ? Math.max(0, second - answers) : talked;
      const { delay = 'delay' in fields ? undefined : 0 } = fields;
      const grown = delay === undefined ? undefined : delay + Math.min(second, answers) - from;
      return aCall({ setupAt: at(from), ...fields, state, duration, delay: grown });
    },
  );
}

/** What rules say of whom at one poll. */
type Said = readonly string[];

/** What passes say, by the instant of their listing, and the store that they have written. */
async function passes(): Promise<{ path: string; said: ReadonlyMap<number, Said> }> {
  const { path, store } = tempStore();
  let now = START;
  const port = fakeSwitch([], () => now);
  // A listing takes no time in a replay.
  port.timing = () => ({ requestedAt: now, receivedAt: now, serverDate: now });
  const audit: typeof store.audit = {
    ...store.audit,
    disconnectsSince: async () => port.calls.filter(({ id }) => id === CUT),
  };
  const context = {
    ...aPassContext({ port, store, clock: () => now, numbering: NUMBERING }),
    audit,
    rules: aBacktest({ rules: RULES }).rules,
  };
  const said = new Map<number, Said>();
  for (const second of SECONDS) {
    now = at(second);
    port.calls = listedAt(second);
    const connected = COUNTED.get(second);
    port.stats = new Map(connected === undefined ? [] : [[14, { total: connected, connected }]]);
    if (DOUBTFUL.includes(second)) port.stats = new Map([[99, { total: 20, connected: 20 }]]);
    port.before = () => {
      if (second === FAILED) throw switchError('SWITCH_TIMEOUT');
    };
    const { violations, indeterminate } = await runPass(context, {
      ...{ passId: `p${second}`, actor: 'scheduler', dryRun: false, stop: never, abort: never },
    });
    if (second === FAILED) continue;
    said.set(now, [
      ...violations.map(({ rule, subject, evidence }) => violation(rule, subject, evidence)),
      ...indeterminate.map(({ rule, subjects }) => `${rule} cannot be judged of ${subjects}`),
    ]);
  }
  return { path, said };
}

/** The same of a replay of that store; `skipsQuiet` as backtests do, else as explanations do. */
async function replayed(path: string, skipsQuiet: boolean): Promise<ReadonlyMap<number, Said>> {
  const reader = openLedgerReader(path);
  onTestFinished(() => reader.close());
  const calls = reader.calls('lab', START, at(1000));
  const world = createLedgerWorld({ switchName: 'lab', numbering: NUMBERING, calls });
  const replay = createReplay({ ...aBacktest({ rules: RULES }), intervalMs: 5000, skipsQuiet });
  const said = new Map<number, Said>();
  for (const poll of reader.polls('lab', START, at(1000))) {
    if (poll.result === 'failed') {
      replay.missed(poll);
      continue;
    }
    const { snapshot, ...changes } = world.step(poll);
    const { rules } = await replay.poll(snapshot, { poll, ...changes });
    said.set(
      poll.at,
      rules.flatMap(({ rule: { name }, verdicts }) => {
        const unjudged = verdicts.filter(({ result }) => result === 'indeterminate').length;
        return [
          ...verdicts.flatMap(({ result, subject, evidence }) =>
            result === 'violated' ? [violation(name, subjectText(subject), evidence)] : [],
          ),
          ...(unjudged === 0 ? [] : [`${name} cannot be judged of ${unjudged}`]),
        ];
      }),
    );
  }
  return said;
}

function violation(rule: string, subject: string, { conditions: { all: [only] = [] } }: Evidence): string {
  return `${rule} ${subject} ${JSON.stringify({ ...only, params: undefined, fact: undefined })}`;
}

it.each([
  ['a backtest', true],
  ['an explanation', false],
])(
  '%s finds what passes found, also of calls that were over when first listed, and of those that listings lacked',
  async (_, quick) => {
    const { path, said } = await passes();
    const found = await replayed(path, quick);
    expect([...found.keys()]).toEqual([...said.keys()]);
    for (const [instant, lines] of said)
      expect([(instant - START) / 1000, [...(found.get(instant) ?? [])].sort()]).toEqual([
        (instant - START) / 1000,
        [...lines].sort(),
      ]);
    // Else nothing of it would have been compared.
    const ofBrief = [...said.values()].flat().filter((line) => line.includes('account:12 '));
    expect(ofBrief.length).toBeGreaterThan(100);
    const ofLacking = [50, 55, 60, 65].map((second) =>
      said.get(at(second))?.filter((line) => line.includes('callsEnded account:14 ')),
    );
    expect(ofLacking.map((lines) => lines?.[0]?.includes('"observed":1'))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  },
);
