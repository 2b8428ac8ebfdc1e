import type { Condition, EventType, FactReference, RuleEvent } from '../domain/rule.js';
import type { Scope } from '../domain/scope.js';
import { canonicalJson } from './canonical-json.js';
import { checkCondition } from './check-condition.js';
import type { CheckContext } from './check-context.js';
import { type Counterpart, checkReference } from './check-leaf.js';
import { inside, type Place } from './findings.js';
import type { WrittenEvent } from './rule-schema.js';
import type { WrittenLeaf } from './shared-conditions.js';
import { picksFromPool } from './victims.js';

type EventParams = NonNullable<WrittenEvent['params']>;

/** An event as written, its own or that of an escalation step, and whose it is. */
export interface EventToCheck {
  event: WrittenEvent;
  place: Place;
  scope: Scope;
  /** Where the scope is written. */
  scopePlace: Place;
}

/**
 * Checks what the event takes against the scope; `leaves` are all comparisons of the rule's conditions, undefined where
 * those are wrong themselves, so that one mistake is not reported as two.
 */
export function checkEvent(
  toCheck: EventToCheck,
  leaves: readonly WrittenLeaf[] | undefined,
  context: CheckContext,
): RuleEvent | undefined {
  const { event, scope } = toCheck;
  const { type } = event;
  const params = event.params ?? {};
  const place = inside(toCheck.place, 'params');
  checkUses(toCheck, params, place, context);
  if (leaves !== undefined && picksFromPool(scope, type) && params.where === undefined) {
    checkPoolIsPlain(toCheck.place, leaves, context);
  }
  if (leaves !== undefined) {
    warnOfTakingAll(toCheck, leaves, context);
    warnOfOtherLimit(params.keep, inside(place, 'keep'), leaves, context);
  }
  const where = checkWhere(params.where, inside(place, 'where'), context);
  const keep = checkKeep(params.keep, inside(place, 'keep'), context);
  if (where === 'wrong' || keep === undefined) return undefined;
  return { type, select: params.select ?? 'newest', keep, where, message: params.message };
}

/** Refuses params that the event would silently ignore. */
function checkUses(
  { event: { type }, scope }: EventToCheck,
  params: EventParams,
  place: Place,
  { findings }: CheckContext,
): void {
  const refuse = (key: keyof EventParams, reason: string) => {
    if (params[key] !== undefined) findings.error(inside(place, key), `"${key}" ${reason}.`, 'key');
  };
  for (const key of ['select', 'keep'] as const) {
    if (type !== 'disconnectCall')
      refuse(key, `chooses single calls, which "${type}" does not take: take it out`);
    else if (scope === 'call')
      refuse(key, 'has no meaning for scope call, which takes that one call: take it out');
  }
  if (type !== 'disconnectCall' && !picksFromPool(scope, type)) {
    refuse('where', whyNoWhere(type));
  }
  if (type !== 'alert')
    refuse('message', `belongs to "alert": use "description" for a rule that disconnects`);
}

function whyNoWhere(type: EventType): string {
  return type === 'alert'
    ? 'narrows the calls that are taken, and an alert takes none: move its conditions to the rule'
    : `narrows the calls that are taken, but here "${type}" takes all of the subject: take it out`;
}

/** Without `where` the pool is what the one aggregate counted; with none or several, nobody could say which calls fall. */
function checkPoolIsPlain(
  place: Place,
  leaves: readonly WrittenLeaf[],
  { catalogue, findings }: CheckContext,
): void {
  const aggregates = new Map<string, string>();
  for (const { fact, params } of leaves.flatMap(referencesIn)) {
    if (catalogue.get(fact)?.aggregate === true) aggregates.set(canonicalJson([fact, params]), fact);
  }
  const [first, ...others] = aggregates.values();
  if (first !== undefined && others.length === 0 && catalogue.get(first)?.ofEndedCalls !== true) return;
  const found =
    first === undefined
      ? 'the conditions hold no aggregate (such as connectedCalls)'
      : others.length === 0
        ? `"${first}" speaks of calls that have ended`
        : `the conditions hold several aggregates (${[...aggregates.values()].join(', ')})`;
  const message = `"where" is missing: ${found}, so it has to say which calls may be taken.`;
  findings.error(inside(place, 'params'), message);
}

interface WrittenReference {
  fact: string;
  params: unknown;
}

/** The facts on both sides of a comparison, as written. */
function referencesIn({ leaf }: WrittenLeaf): WrittenReference[] {
  const { value } = leaf;
  const sides = typeof value === 'object' && value !== null ? [leaf, value] : [leaf];
  return sides.flatMap((side) => {
    if (!('fact' in side) || typeof side.fact !== 'string') return [];
    return [{ fact: side.fact, params: ('params' in side ? side.params : undefined) ?? {} }];
  });
}

/** A call rule takes each call that it judges, so that one too many costs the account all of them. */
function warnOfTakingAll(
  { scope, event, scopePlace }: EventToCheck,
  leaves: readonly WrittenLeaf[],
  { catalogue, findings }: CheckContext,
): void {
  if (scope !== 'call' || event.type !== 'disconnectCall') return;
  const aggregate = leaves.flatMap(referencesIn).find(({ fact }) => catalogue.get(fact)?.aggregate === true);
  if (aggregate === undefined) return;
  const narrow = catalogue.get(aggregate.fact)?.scope ?? 'account';
  findings.warning(
    scopePlace,
    `A rule of scope call ends every call that meets its conditions, not only the excess over "${aggregate.fact}": to end the excess, use scope ${narrow} with "keep".`,
  );
}

/** Where a rule keeps as many calls as a limit allows, but judges by another number, it takes too many or none. */
function warnOfOtherLimit(
  keep: EventParams['keep'],
  place: Place,
  leaves: readonly WrittenLeaf[],
  { catalogue, findings }: CheckContext,
): void {
  if (typeof keep !== 'object' || catalogue.get(keep.fact)?.params.includes('name') !== true) return;
  const kept = canonicalJson([keep.fact, keep.params ?? {}]);
  const judged = leaves.flatMap(referencesIn);
  if (judged.some(({ fact, params }) => canonicalJson([fact, params]) === kept)) return;
  findings.warning(
    place,
    `"keep" is not the limit that the conditions compare with (its name and default included): more or fewer calls than the excess would be taken.`,
  );
}

function checkWhere(value: unknown, place: Place, context: CheckContext): Condition | undefined | 'wrong' {
  if (value === undefined) return undefined;
  return checkCondition({ value, place }, context, 'where') ?? 'wrong';
}

const KEPT_CALLS: Counterpart = { name: 'keep', type: 'number', format: 'text', unit: 'calls', params: [] };

function checkKeep(
  keep: EventParams['keep'],
  place: Place,
  context: CheckContext,
): number | FactReference | undefined {
  if (keep === undefined) return 0;
  if (typeof keep === 'number') return keep;
  if (context.catalogue.get(keep.fact)?.windowed === true) {
    const message = `"${keep.fact}" looks back, and what nobody saw is missing in it, so that too few calls would be kept: expected a limit, a number, or a fact of the calls that are there.`;
    context.findings.error(inside(place, 'fact'), message);
    return undefined;
  }
  return checkReference({ ...keep }, place, KEPT_CALLS, context, 'keep');
}
