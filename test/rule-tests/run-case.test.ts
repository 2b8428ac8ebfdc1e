import { describe, expect, it } from 'vitest';
import type { PlannedAction } from '../../src/domain/action.js';
import type { Call } from '../../src/domain/call.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import type { Verdict, ViolatedVerdict } from '../../src/domain/verdict.js';
import { createNumbering } from '../../src/facts/numbering.js';
import type { CaseDecider, CaseDecision, JudgedRule } from '../../src/rule-tests/case-decider.js';
import { createWorld } from '../../src/rule-tests/case-world.js';
import { failureLines } from '../../src/rule-tests/difference-text.js';
import { type CaseResult, runCase } from '../../src/rule-tests/run-case.js';
import { aRule, START, theCase } from './support.js';

const numbering = createNumbering({ techPrefixes: [] });
const CAP = aRule('cap');
const SUBJECT = { scope: 'account', id: '10' } as const;

interface Listed {
  seconds: number;
  names: string[];
}

/** Runs a case with decisions written by hand: what the plan says at each second. */
async function play(
  text: string,
  decide: (seconds: number, calls: readonly Call[]) => Partial<CaseDecision>,
): Promise<{ result: CaseResult; listed: Listed[]; missed: number[] }> {
  const testCase = theCase(text);
  const listed: Listed[] = [];
  const missed: number[] = [];
  const secondsOf = (at: number) => (at - START) / 1000;
  const decider: CaseDecider = {
    async poll(snapshot: Snapshot) {
      const seconds = secondsOf(snapshot.observedAt);
      listed.push({ seconds, names: snapshot.calls.map(({ callId }) => callId.replace('@test', '')) });
      return { actions: [], rules: [], ...decide(seconds, snapshot.calls) };
    },
    missed: ({ at }) => void missed.push(secondsOf(at)),
    done: () => undefined,
    exceptedHere: () => [],
    isProtectedUnnamed: (number) => number === '112',
    explain: async () => ({
      conditions: {
        result: false,
        fact: 'account.connectedCalls',
        operator: 'greaterThan',
        observed: 30,
        value: 30,
      },
      leftOut: [],
      taken: [],
    }),
  };
  const world = createWorld(testCase, { numbering, vendors: [] });
  return {
    result: await runCase(testCase, { world, decider, withoutSchedule: () => ({ world, decider }) }),
    listed,
    missed,
  };
}

function planned(over: Partial<PlannedAction>): PlannedAction {
  return {
    rule: 'cap',
    ruleHash: CAP.hash,
    mode: 'enforce',
    scope: 'account',
    subject: SUBJECT,
    action: 'disconnectCall',
    target: '1',
    call: undefined,
    account: 10,
    customer: undefined,
    weight: 1,
    takes: [],
    perhapsTakes: [],
    select: 'newest',
    withhold: undefined,
    message: undefined,
    evidence: {
      conditions: {
        result: true,
        fact: 'account.connectedCalls',
        operator: 'greaterThan',
        observed: 31,
        value: 30,
      },
    },
    ...over,
  };
}

const cut = (call: Call | undefined) =>
  call === undefined ? [] : [planned({ target: call.id, call: { ...call } })];

const violated: ViolatedVerdict = {
  result: 'violated',
  subject: SUBJECT,
  evidence: {
    conditions: {
      result: true,
      fact: 'account.connectedCalls',
      operator: 'greaterThan',
      observed: 31,
      value: 30,
    },
  },
  event: CAP.event,
  pool: [],
  keep: 30,
};

function judged(over: Partial<JudgedRule>): JudgedRule {
  return { rule: CAP, active: true, verdicts: [], held: [], broken: undefined, ...over };
}

const linesOf = ({ failures }: CaseResult) => failureLines(failures);

const TWO_CALLS = `calls:
  - { id: a, account: 10, customer: 3, to: 11s }
  - { id: b, account: 10, customer: 4, to: 11s }
`;

describe('the world of a case', () => {
  it('has lost at the next poll what was cut', async () => {
    const { listed } = await play(TWO_CALLS, (seconds, calls) => ({
      actions: seconds === 0 ? cut(calls[1]) : [],
    }));
    expect(listed).toEqual([
      { seconds: 0, names: ['a', 'b'] },
      { seconds: 5, names: ['a'] },
      { seconds: 10, names: ['a'] },
    ]);
  });

  it('keeps what a safeguard saved', async () => {
    const { listed, result } = await play(TWO_CALLS, (_, calls) => ({
      actions: cut(calls[1]).map((action) => ({ ...action, withhold: 'protected-number' })),
    }));
    expect(listed.at(-1)?.names).toEqual(['a', 'b']);
    expect(result.failures).toEqual([]);
  });

  it('loses all calls of an account that is disconnected', async () => {
    const { listed } = await play(`${TWO_CALLS}  - { id: c, account: 11, to: 11s }`, (seconds) => ({
      actions: seconds === 0 ? [planned({ action: 'disconnectAccount', target: '10' })] : [],
    }));
    expect(listed[1]?.names).toEqual(['c']);
  });

  it('loses the calls of a customer and of whoever stands below it', async () => {
    const { listed } = await play(`customerTree: { 3: 2 }\n${TWO_CALLS}`, (seconds) => ({
      actions: seconds === 0 ? [planned({ action: 'disconnectCustomer', target: '2' })] : [],
    }));
    expect(listed[1]?.names).toEqual(['b']);
  });

  it('sees nothing at a poll that fails', async () => {
    const { listed, missed } = await play(`fail: [5s]\n${TWO_CALLS}`, () => ({}));
    expect(listed.map(({ seconds }) => seconds)).toEqual([0, 10]);
    expect(missed).toEqual([5]);
  });
});

describe('a case fails', () => {
  it('where a call is cut at a poll that it does not list, at the place of the case', async () => {
    const { result } = await play(`name: here\n${TWO_CALLS}`, (seconds, calls) => ({
      actions: seconds === 5 ? cut(calls[0]) : [],
    }));
    expect(linesOf(result)).toEqual([
      'rules/tests/some.yaml:1:7: at 5s (2026-01-05T10:00:05.000Z), where no action is listed:',
      '  + disconnectCall a by cap of account:10: account.connectedCalls 31 > 30',
    ]);
  });

  it('with - for what did not come, + for what came instead, and what was right below', async () => {
    const { result } = await play(
      `${TWO_CALLS}  - { id: c, account: 10, to: 11s }
expect:
  - at: 0s
    actions:
      - { rule: cap, action: disconnectCall, targets: [a, b] }
`,
      (seconds, calls) => ({
        actions: seconds === 0 ? [...cut(calls[1]), ...cut(calls[2])] : [],
        rules: [judged({ verdicts: [violated] })],
      }),
    );
    expect(linesOf(result)).toEqual([
      'rules/tests/some.yaml:6:5: at 0s (2026-01-05T10:00:00.000Z):',
      '  - disconnectCall a by cap',
      '        account:10 violates the rule (account.connectedCalls 31 > 30); none of its calls may be taken',
      '  + disconnectCall c by cap of account:10: account.connectedCalls 31 > 30',
      '    disconnectCall b by cap of account:10: account.connectedCalls 31 > 30',
    ]);
  });

  it('and shows the first polls of many', async () => {
    const { result } = await play('{ until: 60s, strict: true }', () => ({
      actions: [planned({ action: 'alert', target: '10' })],
    }));
    expect(result.failures).toHaveLength(13);
    expect(linesOf(result).at(-1)).toBe('8 more polls failed after these');
  });
});

describe('the reason why an action did not come', () => {
  const EXPECTED = `${TWO_CALLS}expect:
  - at: 5s
    actions: [{ rule: cap, action: disconnectCall, target: b }]
`;
  const clear: Verdict = { result: 'clear', subject: SUBJECT };
  const held = { verdict: violated, until: START + 15_000 };

  it.each<[string, Partial<JudgedRule>, string]>([
    [
      'is that its conditions do not hold, with what was observed',
      { verdicts: [clear] },
      'account:10 is clear, this does not hold: account.connectedCalls 30 > 30',
    ],
    [
      'is `for`',
      { held: [{ ...held, reason: 'for' }] },
      'account:10 violates the rule (account.connectedCalls 31 > 30), but has not held long enough ("for"): it may act from 15s on',
    ],
    [
      'is `cooldown`',
      { held: [{ ...held, reason: 'cooldown' }] },
      'account:10 violates the rule (account.connectedCalls 31 > 30), but is cooling down ("cooldown"): it may act from 15s on',
    ],
    ['is the schedule', { active: false }, 'the rule is outside of its schedule'],
    [
      'is a missing fact',
      {
        verdicts: [
          {
            result: 'indeterminate',
            subject: SUBJECT,
            missing: ['account.minutes'],
            evidence: {
              conditions: {
                result: 'missing',
                fact: 'account.minutes',
                params: { within: 600 },
                operator: 'greaterThan',
                value: 30,
                missing: 'no-history',
              },
            },
          },
        ],
      },
      'account:10 cannot be judged: account.minutes within 10m unknown (no-history) > 30',
    ],
    ['is that nobody looked', {}, 'account:10 was not judged: it has no call here'],
    ['is that the rule broke', { broken: new Error('oh') }, 'the rule could not be judged: Error: oh'],
  ])('%s', async (_, rule, why) => {
    const { result } = await play(EXPECTED, () => ({ rules: [judged(rule)] }));
    expect(result.failures[0]?.missing[0]?.why).toBe(why);
  });

  it('is that it was withheld', async () => {
    const { result } = await play(EXPECTED, (_, calls) => ({
      actions: cut(calls[1]).map((action) => ({ ...action, withhold: 'protected-number' })),
      rules: [judged({ verdicts: [violated] })],
    }));
    expect(result.failures[0]?.missing[0]?.why).toBe('withheld: protected-number (b has CLI none, CLD none)');
  });

  it('is that its call was cut before, has ended, or is still to come', async () => {
    const early = await play(EXPECTED, (seconds, calls) => ({
      actions: seconds === 0 ? cut(calls[1]) : [],
      rules: [judged({})],
    }));
    expect(early.result.failures[1]?.missing[0]?.why).toBe('b was cut at 0s already, by cap');
    const whyOf = async (call: string) => {
      const { result } = await play(
        `calls: [${call}]\nexpect: [{ at: 5s, actions: [{ rule: cap, action: disconnectCall, target: b }] }]`,
        () => ({ rules: [judged({})] }),
      );
      return result.failures[0]?.missing[0]?.why;
    };
    expect(await whyOf('{ id: b, to: 3s }')).toBe('b ended at 3s');
    expect(await whyOf('{ id: b, from: 8s }')).toBe('b is not set up before 8s');
  });
});

describe('expected verdicts', () => {
  const text = (key: string) =>
    `${TWO_CALLS}expect: [{ at: 5s, ${key}: [{ rule: cap, subject: account:10 }] }]`;

  it('are met by a violation that is held back too', async () => {
    const rules = [judged({ held: [{ verdict: violated, reason: 'for', until: START + 60_000 }] })];
    expect((await play(text('violated'), () => ({ rules }))).result.failures).toEqual([]);
    const { result } = await play(text('clear'), () => ({ rules }));
    expect(linesOf(result)[1]).toBe('  - clear account:10 by cap');
  });

  it('fail where the rule is clear', async () => {
    const rules = [judged({ verdicts: [{ result: 'clear', subject: SUBJECT }] })];
    expect((await play(text('clear'), () => ({ rules }))).result.failures).toEqual([]);
    const { result } = await play(text('violated'), () => ({ rules }));
    expect(linesOf(result).slice(1)).toEqual([
      '  - violated account:10 by cap',
      '        account:10 is clear, this does not hold: account.connectedCalls 30 > 30',
    ]);
  });
});
