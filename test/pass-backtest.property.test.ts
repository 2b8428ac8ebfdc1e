import fc from 'fast-check';
import { expect, it } from 'vitest';
import { customersOverTime } from '../src/cli/judging.js';
import type { CustomerTree, SwitchConfig } from '../src/domain/config.js';
import type { LedgerCall, LedgerPoll } from '../src/domain/ledger.js';
import type { Condition, ExpiringEntry, FactCondition, Rule, SubjectFilter } from '../src/domain/rule.js';
import { type BacktestOptions, type BacktestResult, runBacktest } from '../src/pass-backtest.js';
import { actingFrom } from '../src/pass-backtest-lead-in.js';
import { aBacktest, aRow, at, LOGIN, START, polls as somePolls } from './support/backtest.js';
import { aRule } from './support/calls.js';

const POLLS = 30;
const CLD = ['493023125001', '493023125002', '493023125003', '493023125004', '37112345678', 'bob', undefined];

/** How a call is listed first that is over by then; it may have talked. */
const cameOver = fc.record({
  state: fc.constantFrom('Dead', 'Disconnecting'),
  talked: fc.constantFrom(undefined, 0, 0, 3.5, 19, 30),
  delay: fc.constantFrom(undefined, 0, 2),
});
type CameOver = typeof cameOver extends fc.Arbitrary<infer T> ? T : never;
const anyOver = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: cameOver },
);

/** What the row of such a call tells. */
function overAt(seen: number, { state, talked, delay }: CameOver): Partial<LedgerCall> {
  const seconds = talked ?? 0;
  return {
    lastSeenAt: seen,
    connectedAt: seconds > 0 ? seen - seconds * 1000 : undefined,
    states: [{ state, at: seen }],
    lastDuration: talked,
    lastDelay: delay,
    finalDuration: seconds > 0 ? seconds : undefined,
    wholeSeconds: seconds > 0 ? Number.isInteger(seconds) : undefined,
  };
}

/**
 * Calls as a ledger holds them: seen first at one poll, ended at a later one, with the states they passed; or over from the
 * first listing on.
 */
const anyRow = fc
  .record({
    from: fc.nat(POLLS - 2),
    answered: fc.option(fc.nat(3), { nil: undefined }),
    length: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
    setup: fc.option(fc.integer({ min: -30, max: 5 }), { nil: undefined, freq: 5 }),
    id: fc.constantFrom(undefined, undefined, undefined, undefined, '1', '2', '3'),
    account: fc.constantFrom(1, 1, 1, 2, 3, undefined),
    customer: fc.constantFrom(1, 2, 3, undefined),
    connection: fc.constantFrom(1, 2, undefined),
    cli: fc.constantFrom('442079460001', '442079460002', '37112345678', undefined),
    cld: fc.constantFrom(...CLD),
    direction: fc.constantFrom('vendor', 'onnet_in', undefined),
    media: fc.constantFrom('192.0.2.7', '192.0.2.8', undefined),
    vendors: fc.constantFrom([], [1], [1, 2]),
    firstState: fc.constantFrom('Idle', 'WaitRoute', 'ARComplete', 'ARComplete', 'Odd'),
    knowsAnswer: fc.constantFrom(true, true, true, false),
    // After how many polls a pass found its disconnect sent: by its end at the latest, or long before it.
    cut: fc.constantFrom(undefined, undefined, undefined, undefined, 1, 3, 12),
    login: fc.constantFrom(LOGIN, LOGIN, LOGIN, LOGIN, 'login:other'),
    // Of its polls, after how many listings lacked it; it was held open then, and may have been given up.
    lacked: fc.option(fc.nat(6), { nil: undefined, freq: 3 }),
    givenUp: fc.boolean(),
    over: anyOver,
    // What a switch lists need not be what SETUP_TIME says, and may be cut off to whole seconds.
    times: fc.record({
      lastDelay: fc.constantFrom(0, 2, 7, 41.5, undefined),
      lastDuration: fc.constantFrom(0, 0, 0, undefined),
      wholeSeconds: fc.constantFrom(undefined, true, false),
    }),
  })
  .map((one) => (index: number, polls: readonly LedgerPoll[]): LedgerCall => {
    const seen = polls[one.from]?.at ?? START;
    const length = one.over === undefined ? one.length : 0;
    const endedAt =
      length === undefined
        ? undefined
        : polls.find(
            (poll, at) => at >= one.from + length && poll.result === 'sound' && poll.login === one.login,
          )?.at;
    const answeredAt = one.answered === undefined ? undefined : polls[one.from + one.answered]?.at;
    const answers = answeredAt !== undefined && (endedAt === undefined || answeredAt < endedAt);
    const states = answers && one.answered === 0 ? [] : [{ state: one.firstState, at: seen }];
    return aRow({
      id: one.id ?? String(100 + index),
      callId: `${index}@192.0.2.7`,
      firstSeenAt: seen,
      setupAt: one.setup === undefined ? undefined : seen + one.setup * 1000,
      lastSeenAt: endedAt === undefined ? seen : endedAt - 5000,
      connectedAt: answers && one.knowsAnswer ? answeredAt - 2000 : undefined,
      states: answers ? [...states, { state: 'Connected', at: answeredAt }] : states,
      endedAt,
      cutAt: one.cut === undefined ? undefined : earlier(polls[one.from + one.cut]?.at, endedAt),
      ...heldOpen(one, polls, endedAt),
      account: one.account,
      customer: one.customer,
      connection: one.connection,
      cli: one.cli,
      cld: one.cld,
      direction: one.direction,
      callerMediaIp: one.media,
      vendors: one.vendors,
      login: one.login,
      ...one.times,
      ...(one.over === undefined ? {} : overAt(seen, one.over)),
    });
  });

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one;
}

/** What the row of a call tells that was held open; nothing where it had ended before. */
function heldOpen(
  { from, lacked, givenUp }: { from: number; lacked: number | undefined; givenUp: boolean },
  polls: readonly LedgerPoll[],
  endedAt: number | undefined,
): Partial<LedgerCall> {
  const lastSeenAt = lacked === undefined ? undefined : polls[from + lacked]?.at;
  if (lastSeenAt === undefined || (endedAt !== undefined && lastSeenAt >= endedAt)) return {};
  return { lastSeenAt, ...(endedAt === undefined || givenUp ? { absentAt: lastSeenAt + 1 } : {}) };
}

/** A call between two accounts of the switch has a row for each. */
function withOtherEntry(row: LedgerCall): LedgerCall[] {
  return row.connection === 1 ? [row, { ...row, account: 3, leg: 1 }] : [row];
}

/** Many calls of one account with all that a count may count, so that most counts come to pass their thresholds. */
const denseRow = fc
  .record({
    from: fc.nat(POLLS - 2),
    length: fc.integer({ min: 1, max: 6 }),
    account: fc.constantFrom(1, 1, 1, 4),
    cli: fc.integer({ min: 1, max: 12 }),
    cld: fc.oneof(
      fc.integer({ min: 1, max: 12 }).map(numberOf),
      fc.constantFrom('37112345678', '3725123456', '33123456789', undefined),
    ),
    toItself: fc.boolean(),
    media: fc.integer({ min: 1, max: 9 }),
    setup: fc.option(fc.constant(-3), { nil: undefined, freq: 12 }),
    over: anyOver,
  })
  .map((one) => (index: number, polls: readonly LedgerPoll[]): LedgerCall => {
    const seen = polls[one.from]?.at ?? START;
    const endedAt = polls[one.from + (one.over === undefined ? one.length : 0)]?.at;
    return aRow({
      id: String(100 + index),
      firstSeenAt: seen,
      setupAt: one.setup === undefined ? undefined : seen + one.setup * 1000,
      lastSeenAt: (endedAt ?? at(5 * POLLS)) - 5000,
      connectedAt: seen,
      endedAt,
      account: one.account,
      cli: one.toItself ? one.cld : numberOf(one.cli),
      cld: one.cld,
      callerMediaIp: `192.0.2.${one.media}`,
      ...(one.over === undefined ? {} : overAt(seen, one.over)),
    });
  });

function numberOf(last: number): string {
  return `4930231250${String(last).padStart(2, '0')}`;
}

const anyPolls: fc.Arbitrary<LedgerPoll[]> = fc
  .array(
    fc.record({
      gap: fc.constantFrom(5, 5, 5, 4.7, 5.4, 40),
      result: fc.constantFrom('sound', 'sound', 'sound', 'sound', 'failed', 'suspect'),
      login: fc.constantFrom(...Array.from({ length: 12 }, () => LOGIN), 'login:other'),
    }),
    { minLength: POLLS, maxLength: POLLS },
  )
  .map((drawn) => {
    let second = 0;
    return drawn.map(({ gap, result, login }): LedgerPoll => {
      second += gap;
      return { at: at(second), intervalMs: 5000, result: result as LedgerPoll['result'], login };
    });
  });

const SCOPES = ['account', 'customer', 'connection', 'cli', 'switch', 'vendor'] as const;
const WITHIN = fc.constantFrom(10, 30, 90, 600);
/** Seconds; accounts come to be known for so long in the middle of it all. */
const HISTORY = fc.constantFrom(undefined, 7 * 86_400, 7 * 86_400 + 25, 8 * 86_400 + 50);
const LIVE = ['totalCalls', 'connectedCalls', 'setupCalls', 'longestDuration', 'averageDuration'];
const PAST = [
  ...['callsStarted', 'callsEnded', 'minutes', 'distinctCld', 'distinctCli', 'distinctCountries'],
  ...[
    'distinctMediaIps',
    'sequentialCld',
    'repeatedCld',
    'shortCalls',
    'answerRatio',
    'averageEndedDuration',
  ],
  ...['equalDurations', 'firstSeenCountry', 'callerIsCalled', 'minutesToday'],
];
const OPERATOR = fc.constantFrom(
  'greaterThan',
  'greaterThan',
  'greaterThan',
  'greaterThanInclusive',
  'lessThan',
  'equal',
);

function anyLeaf(scope: (typeof SCOPES)[number]): fc.Arbitrary<FactCondition> {
  return fc
    .record({
      name: fc.constantFrom(...LIVE, ...PAST, 'firstSeenCountry'),
      within: WITHIN,
      to: fc.option(fc.constantFrom(['49'], ['371', '4930231250']), { nil: undefined }),
      direction: fc.option(fc.constant(['vendor']), { nil: undefined, freq: 6 }),
      state: fc.option(fc.constantFrom(['Connected'], ['ARComplete', 'Idle']), { nil: undefined, freq: 6 }),
      recursive: fc.boolean(),
      history: HISTORY,
      operator: OPERATOR,
      value: fc.integer({ min: 0, max: 6 }),
      isLimit: fc.constantFrom(false, false, true),
    })
    .map(({ name, within, to, direction, state, recursive, history, operator, value, isLimit }) => {
      const looksBack = PAST.includes(name) && name !== 'minutesToday';
      const seconds = name === 'longestDuration' || name.startsWith('average');
      const threshold = seconds ? value * 10 : name.startsWith('minutes') ? value / 4 : value;
      return {
        fact: `${scope}.${name}`,
        params: {
          ...(looksBack ? { within } : {}),
          ...(name === 'shortCalls' ? { under: 20 } : {}),
          ...(name === 'equalDurations' ? { tolerance: 3 } : {}),
          ...(name === 'firstSeenCountry' && history !== undefined ? { history } : {}),
          ...(to === undefined ? {} : { to }),
          ...(direction === undefined ? {} : { direction }),
          ...(state === undefined ? {} : { state }),
          ...(scope === 'customer' && recursive ? { recursive } : {}),
        },
        operator,
        value: isLimit ? { fact: `${scope}.limit`, params: { name: 'most', default: threshold } } : threshold,
      };
    });
}

const CALL_LEAF: fc.Arbitrary<FactCondition> = fc.oneof(
  fc.record({
    fact: fc.constantFrom('call.duration', 'call.age', 'call.delay'),
    operator: fc.constantFrom('greaterThan', 'greaterThanInclusive', 'lessThan'),
    value: fc.integer({ min: 0, max: 40 }),
  }),
  fc.record({
    fact: fc.constant('call.state'),
    operator: fc.constant('in'),
    value: fc.constantFrom(['Connected'], ['ARComplete', 'Idle']),
  }),
  fc.record({
    fact: fc.constant('call.cld'),
    operator: fc.constantFrom('equal', 'notEqual'),
    value: fc.constant('493023125001'),
  }),
  anyLeaf('account'),
);

function tree(leaf: fc.Arbitrary<FactCondition>): fc.Arbitrary<Condition> {
  const leaves = fc.array(leaf, { minLength: 1, maxLength: 3 });
  const inner: fc.Arbitrary<Condition> = fc.oneof(
    { weight: 3, arbitrary: leaf },
    leaves.map((any) => ({ any })),
    leaf.map((not) => ({ not })),
  );
  return fc.oneof(
    leaves.map((all) => ({ all })),
    leaves.map((any) => ({ any })),
    fc.array(inner, { minLength: 1, maxLength: 2 }).map((all) => ({ all })),
  );
}

const FILTER: fc.Arbitrary<SubjectFilter> = fc.constantFrom<SubjectFilter>(
  {},
  {},
  {},
  { accounts: [1] },
  { customers: [2] },
  { cld: ['37'] },
  { cli: ['37'] },
  { connections: [1] },
  { vendors: [1] },
);

/** Some end on the way, so that the rule sees others from then on. */
const EXCEPT: fc.Arbitrary<SubjectFilter> = fc.oneof(
  { weight: 3, arbitrary: FILTER },
  {
    weight: 1,
    arbitrary: fc
      .record({
        one: fc.constantFrom<[ExpiringEntry['key'], ExpiringEntry['entry']]>(
          ['accounts', 1],
          ['customers', 2],
          ['cld', '37'],
          ['connections', 1],
          ['vendors', 1],
          ['switches', 'lab'],
        ),
        until: fc.integer({ min: 0, max: 5 * POLLS }),
      })
      .map(({ one: [key, entry], until }) => ({
        expiring: [{ key, entry, until: at(until), because: undefined, location: aRule({}).location }],
      })),
  },
);

const anyRule = fc
  .record({
    scope: fc.constantFrom('call', 'account', 'account', ...SCOPES),
    type: fc.constantFrom(
      'alert',
      'disconnectCall',
      'disconnectCall',
      'disconnectAccount',
      'disconnectCustomer',
    ),
    keep: fc.constantFrom(0, 0, 1, 2),
    forMs: fc.constantFrom(0, 0, 10_000),
    cooldownMs: fc.constantFrom(undefined, undefined, 60_000),
    needs: fc.constantFrom(undefined, undefined, 'complete'),
    only: FILTER,
    except: EXCEPT,
    climbs: fc.constantFrom(false, false, true),
    priority: fc.integer({ min: 1, max: 3 }),
  })
  .chain((drawn) =>
    tree(drawn.scope === 'call' ? CALL_LEAF : anyLeaf(drawn.scope)).map(
      (conditions) =>
        (index: number): Rule => {
          const { type, keep, climbs, ...parts } = drawn;
          const where: Condition = { all: [{ fact: 'call.delay', operator: 'lessThan', value: 1000 }] };
          const event = { type, keep, where: drawn.scope === 'call' ? undefined : where } as const;
          return aRule({
            ...parts,
            name: `rule-${index}`,
            hash: String(index),
            conditions,
            event,
            escalate: climbs
              ? [
                  {
                    after: 1,
                    withinMs: 300_000,
                    event: { ...aRule({ event }).event, type: 'disconnectCall' },
                  },
                ]
              : [],
          } as Parameters<typeof aRule>[0]);
        },
    ),
  );

const COUNTS = [
  ...['totalCalls', 'connectedCalls', 'callsStarted', 'callsEnded', 'distinctCld', 'distinctCli'],
  ...['distinctCountries', 'distinctMediaIps', 'sequentialCld', 'repeatedCld', 'shortCalls'],
  ...['equalDurations', 'firstSeenCountry', 'firstSeenCountry', 'callerIsCalled', 'minutes'],
];

const countingRule = fc
  .record({
    name: fc.constantFrom(...COUNTS),
    within: fc.constantFrom(10, 30, 90, 600),
    operator: fc.constantFrom('greaterThan', 'greaterThanInclusive'),
    value: fc.integer({ min: 1, max: 9 }),
    to: fc.option(fc.constantFrom(['49'], ['37']), { nil: undefined, freq: 3 }),
    history: HISTORY,
  })
  .map(({ name, within, operator, value, to, history }) => (index: number): Rule => {
    const params = {
      ...(['totalCalls', 'connectedCalls'].includes(name) ? {} : { within }),
      ...(name === 'shortCalls' ? { under: 20 } : {}),
      ...(name === 'equalDurations' ? { tolerance: 3 } : {}),
      ...(name === 'firstSeenCountry' && history !== undefined ? { history } : {}),
      ...(to === undefined ? {} : { to }),
    };
    return aRule({
      name: `rule-${index}`,
      description: name,
      hash: String(index),
      scope: 'account',
      conditions: { all: [{ fact: `account.${name}`, params, operator, value }] },
      event: { type: 'alert' },
      cooldownMs: 1,
    } as Parameters<typeof aRule>[0]);
  });

it('sees every count pass its threshold at the very poll at which it does', async () => {
  const alerts = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(denseRow, { minLength: 20, maxLength: 60 }),
      fc.array(countingRule, { minLength: 4, maxLength: 8 }),
      async (rows, drawn) => {
        const polls = somePolls(POLLS);
        const rules = drawn.map((rule, index) => rule(index));
        const options = aBacktest({
          rules,
          calls: rows
            .map((row, index) => row(index, polls))
            .toSorted((one, other) => one.firstSeenAt - other.firstSeenAt),
          polls,
          countries: [{ account: 1, country: 'DE', firstAt: at(-1_000_000), lastAt: at(0) }],
          accounts: [
            { account: 1, firstAt: at(-8 * 86_400) },
            { account: 4, firstAt: at(60 - 7 * 86_400) },
          ],
        });
        const quick = await runBacktest(options);
        expect(quick).toEqual(await runBacktest({ ...options, thorough: true }));
        for (const [index, one] of quick.rules.entries()) {
          const fact = rules[index]?.description ?? '';
          alerts.set(fact, (alerts.get(fact) ?? 0) + one.alerts);
        }
      },
    ),
    { numRuns: 300, seed: 78 },
  );
  for (const name of COUNTS) expect([name, alerts.get(name) ?? 0]).toEqual([name, atLeast(20)]);
}, 120_000);

function atLeast(least: number) {
  return { asymmetricMatch: (count: unknown) => Number(count) >= least, toString: () => `at least ${least}` };
}

it('comes to the very same whether or not it leaves out subjects that must still be clear', async () => {
  const tally = { cut: 0, alerts: 0, withheld: 0, indeterminate: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRow, { minLength: 5, maxLength: 40 }),
      anyPolls,
      fc.array(anyRule, { minLength: 1, maxLength: 4 }),
      fc.constantFrom<CustomerTree>(
        new Map(),
        new Map([
          [2, 1],
          [3, 2],
        ]),
      ),
      fc.constantFrom({ perPass: 50, perHour: 500 }, { perPass: 1, perHour: 3 }),
      fc.nat(10),
      fc.boolean(),
      fc.boolean(),
      async (rows, polls, rules, customerTree, caps, first, sharesIds, leadsIn) => {
        const options = aBacktest({
          rules: rules.map((rule, index) => rule(index)),
          calls: rows
            .map((row, index) => row(index, polls))
            // While two calls share an ID everything is judged anew.
            .flatMap((row, index) =>
              sharesIds ? withOtherEntry(row) : [{ ...row, id: String(100 + index) }],
            )
            .toSorted((one, other) => one.firstSeenAt - other.firstSeenAt),
          polls,
          customerTree,
          caps: { ...caps, sharePerPass: 1 },
          since: polls[first]?.at ?? START,
          ...(leadsIn ? { actsFrom: polls[Math.floor(first / 2)]?.at ?? START } : {}),
          countries: [{ account: 1, country: 'DE', firstAt: at(-1_000_000), lastAt: at(0) }],
          accounts: [
            { account: 1, firstAt: at(-8 * 86_400) },
            // Known for long enough in the middle of it all.
            { account: 2, firstAt: at(70 - 7 * 86_400) },
          ],
          prunedUntil: first % 2 === 0 ? [] : [{ login: LOGIN, at: at(5 * first) }],
        });
        const quick = await runBacktest(options);
        expect(quick).toEqual(await runBacktest({ ...options, thorough: true }));
        expect(quick.rules.map(({ broken }) => broken)).toEqual(rules.map(() => undefined));
        tally.cut += quick.cut.length;
        for (const one of quick.rules) {
          tally.alerts += one.alerts;
          tally.withheld += Object.keys(one.withheld).length;
          tally.indeterminate += one.indeterminatePolls;
        }
      },
    ),
    { numRuns: 1000, seed: 77 },
  );
  // Else it would have compared nothing with nothing.
  for (const count of Object.values(tally)) expect(count).toBeGreaterThan(20);
}, 120_000);

/** Tells of an account twice, then cuts. */
const climbing = aRule({
  name: 'climbing',
  hash: 'climbing',
  conditions: { all: [{ fact: 'account.totalCalls', operator: 'greaterThan', value: 1 }] },
  event: { type: 'alert' },
  cooldownMs: 10_000,
  escalate: [
    { after: 2, withinMs: 300_000, event: aRule({ event: { type: 'disconnectCall', keep: 1 } }).event },
  ],
});

/** What is counted poll by poll, so that the figures of two spans are those of both together. */
function counts({ rules }: BacktestResult) {
  return rules.map(({ actions, alerts, indeterminatePolls }) => [actions, alerts, indeterminatePolls]);
}

it('comes to the same from an instant on, whether the span begins there or earlier', async () => {
  const tally = { cutBefore: 0, cutAfter: 0, alertsAfter: 0, otherwise: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRow, { minLength: 15, maxLength: 40 }),
      anyPolls,
      fc.array(anyRule, { minLength: 1, maxLength: 3 }),
      fc.constantFrom({ perPass: 50, perHour: 500 }, { perPass: 2, perHour: 4 }),
      fc.nat(5),
      fc.integer({ min: 6, max: 16 }),
      async (rows, polls, drawn, caps, first, second) => {
        const rules = [...drawn.map((rule, index) => rule(index)), climbing];
        const calls = rows
          .map((row, index) => ({ ...row(index, polls), id: String(100 + index) }))
          .toSorted((one, other) => one.firstSeenAt - other.firstSeenAt);
        const [since, from] = [polls[first]?.at ?? START, polls[second]?.at ?? START];
        const spanOf = (changes: Partial<BacktestOptions>) =>
          runBacktest({
            ...aBacktest({ rules, calls, polls, caps: { ...caps, sharePerPass: 1 } }),
            actsFrom: actingFrom(rules, changes.since ?? since),
            ...changes,
          });
        const whole = await spanOf({ since });
        const before = await spanOf({ since, polls: polls.filter(({ at: time }) => time < from) });
        const after = await spanOf({ since: from });
        expect(after.cut).toEqual(whole.cut.filter(({ cutAt }) => cutAt >= from));
        expect(after.cutOtherwise + before.cutOtherwise).toBe(whole.cutOtherwise);
        const sums = counts(before).map((of, rule) =>
          of.map((count, index) => count + (counts(after)[rule]?.[index] ?? 0)),
        );
        expect(sums).toEqual(counts(whole));
        // What was on the switch does not depend on the rules.
        expect(after.calls).toBe(
          (await runBacktest(aBacktest({ rules: [], calls, polls, since: from }))).calls,
        );
        tally.cutBefore += after.leadIn.callsCut;
        tally.cutAfter += after.cut.length;
        tally.alertsAfter += after.rules.reduce((sum, { alerts }) => sum + alerts, 0);
        const alone = await spanOf({ since: from, actsFrom: from });
        if (JSON.stringify([alone.cut, counts(alone)]) !== JSON.stringify([after.cut, counts(after)])) {
          tally.otherwise += 1;
        }
      },
    ),
    { numRuns: 150, seed: 80 },
  );
  // Else nothing that was done before would have made a difference.
  for (const [what, count] of Object.entries(tally)) expect([what, count]).toEqual([what, atLeast(20)]);
}, 120_000);

const familyRule = anyLeaf('customer').map((leaf) => (index: number): Rule => {
  const conditions = { all: [{ ...leaf, params: { ...leaf.params, recursive: true } }] };
  return aRule({
    name: `rule-${index}`,
    hash: String(index),
    scope: 'customer',
    conditions,
    event: { type: 'alert' },
    cooldownMs: 1,
  } as Parameters<typeof aRule>[0]);
});

/** Leaves to protection what it cuts. */
const cutting = aRule({
  name: 'cutting',
  hash: 'cutting',
  scope: 'call',
  conditions: { all: [{ fact: 'call.duration', operator: 'greaterThan', value: 12 }] },
  event: { type: 'disconnectCall' },
} as Parameters<typeof aRule>[0]);

const anyLearned = fc.array(
  fc.record({
    second: fc.integer({ min: 0, max: 5 * POLLS }),
    customer: fc.constantFrom(2, 3),
    parent: fc.constantFrom(1, 2),
    placed: fc.constantFrom(true, true, false),
    answered: fc.constantFrom(true, true, true, false),
  }),
  { maxLength: 8 },
);

it('comes to the very same where customers come to be known, and to be in doubt, on the way', async () => {
  const tally = { alerts: 0, cut: 0, unknown: 0, indeterminate: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRow, { minLength: 5, maxLength: 40 }),
      anyPolls,
      fc.array(familyRule, { minLength: 1, maxLength: 3 }),
      anyLearned,
      fc.constantFrom([], [2]),
      async (rows, polls, families, drawn, customers) => {
        const learned = drawn
          .map(({ second, ...one }) => ({ ...one, learnedAt: at(second) }))
          .filter(({ customer, parent }) => customer !== parent)
          .toSorted((one, other) => one.learnedAt - other.learnedAt);
        const switchConfig = {
          login: { kind: 'trusted', customer: 1, wholesaler: 1 },
          customerTree: new Map(),
          numbers: { techPrefixes: [] },
          protect: { numbers: [], accounts: [], customers },
        } as Partial<SwitchConfig> as SwitchConfig;
        const options = () =>
          aBacktest({
            rules: [...families.map((rule, index) => rule(index)), cutting],
            calls: rows
              .map((row, index) => row(index, polls))
              .toSorted((one, other) => one.firstSeenAt - other.firstSeenAt),
            polls,
            knownAt: customersOverTime(switchConfig, learned),
          });
        const quick = await runBacktest(options());
        expect(quick).toEqual(await runBacktest({ ...options(), thorough: true }));
        tally.cut += quick.cut.length;
        for (const one of quick.rules) {
          tally.alerts += one.alerts;
          tally.indeterminate += one.indeterminatePolls;
          tally.unknown += one.withheld['owner-unknown'] ?? 0;
        }
      },
    ),
    { numRuns: 150, seed: 79 },
  );
  for (const count of Object.values(tally)) expect(count).toBeGreaterThan(20);
}, 120_000);
