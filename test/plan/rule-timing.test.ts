import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Holding, RuleActed } from '../../src/domain/ledger.js';
import type { Rule } from '../../src/domain/rule.js';
import { UNBOUNDED } from '../../src/domain/rule-version.js';
import { subjectText } from '../../src/domain/scope.js';
import type { Verdict } from '../../src/domain/verdict.js';
import { actedReachMs, createRuleTiming, type TimingContext } from '../../src/plan/rule-timing.js';
import { aRule, violated } from '../support/calls.js';

const NOW = Date.parse('2026-01-05T10:00:00Z');
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const ACCOUNT_10 = { scope: 'account', id: '10' } as const;
const HASH = aRule().hash;

const clear: Verdict = { result: 'clear', subject: ACCOUNT_10 };
const unknown: Verdict = {
  result: 'indeterminate',
  subject: ACCOUNT_10,
  missing: ['account.minutes'],
  evidence: { conditions: { result: 'missing' } },
};

function timingOf(
  rule: Rule,
  {
    now = NOW,
    holding = [],
    acted = [],
    intervalMs = 5 * SECOND,
    bounds = UNBOUNDED,
  }: Partial<{
    now: number;
    holding: readonly Holding[];
    acted: readonly RuleActed[];
    intervalMs: number;
    bounds: TimingContext['bounds'];
  }> = {},
) {
  return createRuleTiming(rule, {
    now,
    intervalMs,
    holding: new Map(holding.map((one) => [one.subject, one])),
    acted: () => acted,
    bounds,
    keyOf: subjectText,
  });
}

/** Feeds one verdict a poll, `undefined` for a poll that failed, and tells at which polls the rule acted. */
function actsAt(rule: Rule, verdicts: readonly (Verdict | undefined)[], intervalMs = 5 * SECOND): number[] {
  let holding = new Map<string, Holding>();
  return verdicts.flatMap((verdict, poll) => {
    if (verdict === undefined) return [];
    const timing = timingOf(rule, {
      now: NOW + poll * intervalMs,
      holding: [...holding.values()],
      intervalMs,
    });
    const { acting, holding: changes } = timing.sift([verdict]);
    holding = new Map(holding);
    for (const { subject } of changes.drop) holding.delete(subject);
    for (const one of changes.put) holding.set(one.subject, one);
    return acting.some(({ result }) => result === 'violated') ? [poll] : [];
  });
}

const acted = (...secondsAgo: number[]): RuleActed[] =>
  secondsAgo.map((ago) => ({
    ruleHash: HASH,
    subject: 'account:10',
    at: NOW - ago * SECOND,
    passId: `${ago}`,
  }));

describe('for', () => {
  const rule = aRule({ forMs: 10 * SECOND });

  it('lets a rule without it act at once, and keeps nothing', () => {
    const { acting, held, holding } = timingOf(aRule()).sift([violated([])]);
    expect(acting).toEqual([violated([])]);
    expect(held).toEqual([]);
    expect(holding).toEqual({ put: [], drop: [] });
  });

  it('holds a violation back until it has lasted that long, to the very instant', () => {
    expect(actsAt(rule, [violated([]), violated([]), violated([]), violated([])])).toEqual([2, 3]);
  });

  it('says until when it waits, and in the evidence since when it was violated', () => {
    const first = timingOf(rule).sift([violated([])]);
    expect(first.acting).toEqual([]);
    expect(first.held).toMatchObject([{ reason: 'for', until: NOW + 10 * SECOND }]);
    const later = timingOf(rule, { now: NOW + 10 * SECOND, holding: first.holding.put }).sift([violated([])]);
    expect(later.acting).toMatchObject([
      { evidence: { held: { since: '2026-01-05T10:00:00.000Z', seconds: 10 } } },
    ]);
  });

  it('begins anew after a poll at which the subject was clear, or gone', () => {
    expect(
      actsAt(rule, [violated([]), violated([]), clear, violated([]), violated([]), violated([])]),
    ).toEqual([5]);
    const held = timingOf(rule).sift([violated([])]).holding.put;
    expect(timingOf(rule, { now: NOW + 5 * SECOND, holding: held }).sift([]).holding.drop).toMatchObject([
      { subject: 'account:10' },
    ]);
  });

  it('goes on over an indeterminate poll and over failed ones, up to three intervals', () => {
    expect(actsAt(rule, [violated([]), unknown, violated([])])).toEqual([2]);
    expect(actsAt(rule, [violated([]), undefined, undefined, violated([])])).toEqual([3]);
  });

  it('begins anew after a gap of more than three intervals', () => {
    expect(
      actsAt(rule, [violated([]), undefined, undefined, undefined, violated([]), violated([]), violated([])]),
    ).toEqual([6]);
  });

  it('takes 15 seconds for no gap however often the switch is polled', () => {
    const second = (verdicts: readonly (Verdict | undefined)[]) => actsAt(rule, verdicts, SECOND);
    const silent = (polls: number) => Array.from({ length: polls }, () => undefined);
    expect(second([violated([]), ...silent(14), violated([])])).toEqual([15]);
    expect(second([violated([]), ...silent(15), violated([])])).toEqual([]);
  });

  it('does not trust what was held at a later instant than now', () => {
    const held: Holding = {
      rule: rule.name,
      ruleHash: HASH,
      subject: 'account:10',
      since: NOW - MINUTE,
      lastAt: NOW + MINUTE,
    };
    expect(timingOf(rule, { holding: [held] }).sift([violated([])]).held).toMatchObject([{ reason: 'for' }]);
  });

  it('counts from the beginning of its version on, and keeps what was seen before', () => {
    const held = timingOf(rule).sift([violated([])]).holding.put;
    const bounds = { climbsAfter: 0, since: NOW + 5 * SECOND };
    const timing = timingOf(rule, { now: NOW + 10 * SECOND, holding: held, bounds });
    const { held: waiting, holding } = timing.sift([violated([])]);
    expect(waiting).toMatchObject([{ reason: 'for', until: NOW + 15 * SECOND }]);
    expect(holding.put).toMatchObject([{ since: NOW, lastAt: NOW + 10 * SECOND }]);
  });

  it('never acts on a violation that was not seen at every poll for that long', () => {
    const kinds = fc.constantFrom<'violated' | 'clear' | 'failed'>('violated', 'clear', 'failed');
    fc.assert(
      fc.property(fc.array(kinds, { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), (polls, forPolls) => {
        const verdicts = polls.map((kind) =>
          kind === 'violated' ? violated([]) : kind === 'clear' ? clear : undefined,
        );
        const acts = actsAt(aRule({ forMs: forPolls * 5 * SECOND }), verdicts);
        for (const poll of acts) {
          const before = polls.slice(poll - forPolls, poll + 1);
          expect(poll).toBeGreaterThanOrEqual(forPolls);
          expect(before).not.toContain('clear');
          expect(before.join(' ')).not.toContain('failed failed failed');
        }
      }),
    );
  });
});

describe('cooldown', () => {
  const rule = aRule({ cooldownMs: MINUTE });

  it('holds a rule back on a subject that it acted on, and only there', () => {
    const other = violated([], { subject: { scope: 'account', id: '11' } });
    const { acting, held } = timingOf(rule, { acted: acted(20) }).sift([violated([]), other]);
    expect(acting).toEqual([other]);
    expect(held).toMatchObject([{ reason: 'cooldown', until: NOW + 40 * SECOND }]);
  });

  it('ends to the very instant', () => {
    expect(timingOf(rule, { acted: acted(59) }).sift([violated([])]).acting).toEqual([]);
    expect(timingOf(rule, { acted: acted(60) }).sift([violated([])]).held).toEqual([]);
  });

  it('is not cut short by a clock that was set back: what was done ahead of now counts as done now', () => {
    expect(timingOf(rule, { acted: acted(-30) }).sift([violated([])]).held).toMatchObject([
      { reason: 'cooldown', until: NOW + MINUTE },
    ]);
  });

  it('counts from the last time', () => {
    expect(timingOf(rule, { acted: acted(100, 30) }).sift([violated([])]).held).toMatchObject([
      { until: NOW + 30 * SECOND },
    ]);
  });
});

describe('escalate', () => {
  const alert = aRule({
    event: { type: 'alert' },
    escalate: [
      { after: 2, withinMs: 10 * MINUTE, event: aRule().event },
      { after: 4, withinMs: 10 * MINUTE, event: aRule({ event: { type: 'disconnectAccount' } }).event },
    ],
  });

  it('stays with its own event until it has acted so often', () => {
    expect(timingOf(alert, { acted: acted(60) }).stepOf(ACCOUNT_10)).toBe(0);
    expect(timingOf(alert, { acted: acted(60, 30) }).stepOf(ACCOUNT_10)).toBe(1);
    expect(timingOf(alert, { acted: acted(90, 60, 30) }).stepOf(ACCOUNT_10)).toBe(1);
    expect(timingOf(alert, { acted: acted(90, 60, 40, 30) }).stepOf(ACCOUNT_10)).toBe(2);
  });

  it('forgets what lies further back, so that it climbs down again', () => {
    expect(timingOf(alert, { acted: acted(700, 650, 620, 601) }).stepOf(ACCOUNT_10)).toBe(0);
    expect(timingOf(alert, { acted: acted(700, 600, 590, 30) }).stepOf(ACCOUNT_10)).toBe(1);
  });

  it('counts for each subject alone', () => {
    expect(timingOf(alert, { acted: acted(60, 30) }).stepOf({ scope: 'account', id: '11' })).toBe(0);
  });

  it('says in the evidence how it came there', () => {
    expect(timingOf(alert, { acted: acted(60, 30) }).sift([violated([])]).acting).toMatchObject([
      { evidence: { escalated: { after: 2, withinSeconds: 600, acted: 2 } } },
    ]);
  });

  it('does not count what a cooldown alone counts', () => {
    const cooling = aRule({ ...alert, cooldownMs: 5 * MINUTE });
    const known = acted(360, 60).map((one, at) => ({ ...one, actionId: at + 7 }));
    for (const [climbsAfter, step] of [
      [0, 1],
      [6, 1],
      [7, 0],
    ] as const) {
      const timing = timingOf(cooling, { acted: known, bounds: { climbsAfter, since: 0 } });
      expect(timing.stepOf(ACCOUNT_10)).toBe(step);
      expect(timing.sift([violated([])]).held).toMatchObject([{ reason: 'cooldown' }]);
    }
  });

  it('asks as far back as the longest of cooldown and steps', () => {
    expect(actedReachMs(aRule())).toBe(0);
    expect(actedReachMs(alert)).toBe(10 * MINUTE);
    expect(actedReachMs({ ...alert, cooldownMs: 20 * MINUTE })).toBe(20 * MINUTE);
  });
});
