import type { EventType, Rule } from '../../domain/rule.js';
import { canonicalJson } from '../canonical-json.js';
import { FILTER_KEYS } from '../expiring-entries.js';
import { picksFromPool } from '../victims.js';
import type { Contradictions } from './contradictions.js';
import { type FilterKey, isSwallowed } from './filter-literals.js';
import { countsAtLeast, implies } from './implies.js';
import {
  conjunction,
  isSide,
  type Literal,
  literalsIn,
  type Normal,
  type NormalContext,
  normalForm,
  type Side,
} from './normal-form.js';
import { createCandidates } from './shadow-candidates.js';

/** A rule with its conditions made ready for comparing them. */
interface Reading {
  rule: Rule;
  conditions: Normal;
  where: Normal | undefined;
}

const DISCONNECTS: readonly EventType[] = ['disconnectCall', 'disconnectAccount', 'disconnectCustomer'];

/**
 * So many pairs of rules are compared: all those of some three hundred rules that ask for the same facts. A check of many
 * more must end soon, and a warning less is no harm.
 */
const MOST_COMPARED = 50_000;

/**
 * Pairs of rules of which the later has nothing left to take whenever the earlier has acted, and the earlier acts
 * whenever the later would. Only the share cap can come between: it withholds the earlier one whole.
 */
export function shadowedRules(
  rules: readonly Rule[],
  context: NormalContext,
  contradictions: Contradictions,
): readonly { rule: Rule; by: Rule }[] {
  const readings = rules
    .filter(({ mode, event }) => mode !== 'off' && DISCONNECTS.includes(event.type))
    .map((rule): Reading => {
      const { where } = rule.event;
      return {
        rule,
        conditions: normalForm(rule.conditions, context),
        where: where === undefined ? undefined : normalForm(where, context),
      };
    });
  let compared = 0;
  return [...grouped(readings)].flatMap((group) => {
    const candidates = createCandidates(contradictions);
    for (const [at, { rule, conditions }] of group.entries())
      if (actsWheneverHeld(rule)) candidates.add(conditions, at);
    return group.flatMap((later) => {
      if (later.rule.escalate.length > 0 || compared > MOST_COMPARED) return [];
      for (const at of candidates.of(later.conditions)) {
        const earlier = group[at];
        if (earlier === undefined || !isPlannedBefore(earlier.rule, later.rule)) continue;
        compared += 1;
        if (shadows(earlier, later, contradictions)) return [{ rule: later.rule, by: earlier.rule }];
        if (compared > MOST_COMPARED) break;
      }
      return [];
    });
  });
}

/** Only what does the same to the same can come before one another. */
function grouped(readings: readonly Reading[]): Iterable<readonly Reading[]> {
  const groups = new Map<string, Reading[]>();
  for (const reading of readings) {
    const { scope, mode, event } = reading.rule;
    const key = `${scope} ${mode} ${event.type}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [reading]);
    else group.push(reading);
  }
  return groups.values();
}

/**
 * Of two rules of one group, the first of which is planned before and acts whenever it has held. Whoever holds the second holds
 * the first at the same polls, so that a `for` that is no longer is over no later.
 */
function shadows(earlier: Reading, later: Reading, contradictions: Contradictions): boolean {
  const [first, second] = [earlier.rule, later.rule];
  return (
    first.forMs <= second.forMs &&
    lessFiltered(first, second) &&
    implies([later.conditions], earlier.conditions, contradictions) &&
    (earlier.where === undefined ||
      (later.where !== undefined && implies([later.where], earlier.where, contradictions))) &&
    (!picksFromPool(first.scope, first.event.type) || takesAll(earlier, later))
  );
}

function isPlannedBefore(one: Rule, other: Rule): boolean {
  return one.priority > other.priority || (one.priority === other.priority && one.name < other.name);
}

/** Nothing but `for` makes the rule wait, pause or do something else. */
function actsWheneverHeld({ cooldownMs, schedule, escalate, needs, except }: Rule): boolean {
  return (
    (cooldownMs ?? 0) === 0 &&
    schedule.length === 0 &&
    escalate.length === 0 &&
    needs === undefined &&
    (except.expiring ?? []).length === 0
  );
}

/** Whether everything that the second lets in is let in by the first. */
function lessFiltered(first: Rule, second: Rule): boolean {
  return FILTER_KEYS.every(
    (key) =>
      allCovered(key, second.only[key], first.only[key]) &&
      (first.except[key] === undefined || allCovered(key, first.except[key], second.except[key] ?? [])),
  );
}

/** Where `by` is absent it covers everything. */
function allCovered(
  key: FilterKey,
  entries: readonly (string | number)[] | undefined,
  by: readonly (string | number)[] | undefined,
): boolean {
  return by === undefined || (entries !== undefined && isSwallowed(key, entries, by));
}

/** Whether the calls that the later rule could take are all among those of which the earlier one leaves `keep`. */
function takesAll(earlier: Reading, later: Reading): boolean {
  return poolIsWithin(earlier, later) && keepsLess(earlier.rule, later.rule);
}

function poolIsWithin(earlier: Reading, later: Reading): boolean {
  const { literals, alternatives } = conjunction([earlier.conditions]);
  // Which branch of an `any` decides, and so which calls are in the pool, is not known beforehand.
  if (alternatives.length > 0) return false;
  const pool = aggregatesOf(literals);
  if (pool.length === 0) return earlier.where !== undefined;
  const always = aggregatesOf(conjunction([later.conditions]).literals);
  if (always.length === 0) return false;
  return aggregatesOf(literalsIn(later.conditions)).every((one) =>
    pool.some((counted) => countsAtLeast(counted, one)),
  );
}

function aggregatesOf(literals: readonly Literal[]): readonly Side[] {
  return literals
    .flatMap(({ fact, value }) => (isSide(value) ? [fact, value] : [fact]))
    .filter(({ definition }) => definition.aggregate);
}

/**
 * Victims come first in the order in which both rules take them, so that those which a safeguard spares come before what
 * the earlier rule keeps, and the later one stops before it gets there. One call may be in the pools of two vendors, which
 * are emptied in turn: there only a rule that keeps nothing leaves nothing.
 */
function keepsLess({ scope, event: first }: Rule, { event: second }: Rule): boolean {
  if (first.keep === 0) return true;
  if (first.select !== second.select || scope === 'vendor') return false;
  if (typeof first.keep === 'number') return typeof second.keep === 'number' && first.keep <= second.keep;
  return canonicalJson(first.keep) === canonicalJson(second.keep) && first.keep.fact.endsWith('.limit');
}
