import { zodProblems } from '../documents/zod-problems.js';
import type { Rule } from '../domain/rule.js';
import { checkCondition } from './check-condition.js';
import type { CheckContext } from './check-context.js';
import { checkEvent } from './check-event.js';
import { exceptFilter, plainFilter } from './check-filter.js';
import { warnOfLiveCutoffs } from './check-live-cutoffs.js';
import { appliesSomewhere, checkPolling, pollingOf } from './check-polling.js';
import { checkRuleForSwitches } from './check-rule-switches.js';
import { checkFactScope, checkScope } from './check-scope.js';
import { checkEscalation, timingOf } from './check-timing.js';
import { inside, type Place } from './findings.js';
import { type RuleFrame, ruleFrameSchema, type WrittenEvent } from './rule-schema.js';
import { checkSize, leavesOf, type WrittenLeaf } from './shared-conditions.js';

/** A checked rule without its hash, which needs every other file. */
export type UnhashedRule = Omit<Rule, 'hash'>;

/** Checks one rule as far as it can be read; undefined where something in it is wrong. */
export function checkRule(value: unknown, place: Place, context: CheckContext): UnhashedRule | undefined {
  const parsed = ruleFrameSchema.safeParse(value);
  if (!parsed.success) {
    const at = { schema: ruleFrameSchema, at: place.path, explainKey };
    context.findings.add(zodProblems(parsed.error, place.document, at));
    checkConditionsAlone(value, place, context);
    return undefined;
  }
  const rule = parsed.data;
  const conditionsPlace = inside(place, 'conditions');
  if (rule.conditions === undefined) {
    context.findings.error(place, NO_CONDITIONS);
    return undefined;
  }
  const written = { value: rule.conditions, place: conditionsPlace };
  const conditions = checkCondition(written, context, 'rule');
  const leaves = conditions === undefined ? undefined : leavesOf(written, context.shared);
  const own = {
    event: rule.event,
    place: inside(place, 'event'),
    scope: rule.scope,
    scopePlace: inside(place, 'scope'),
  };
  const event = checkEvent(own, leaves, context);
  const escalate = checkEscalation(rule, place, event, leaves, context);
  const timing = timingOf(rule, place, context);
  checkVisibility(rule, place, context);
  const drawnOn = [...leavesOf(written, context.shared), ...eventLeaves(rule, place, context)];
  checkPolling(rule, place, drawnOn, context);
  checkRuleForSwitches(rule, place, drawnOn, context);
  if (appliesSomewhere(rule, context)) warnOfLiveCutoffs(written, pollingOf(rule, context), context);
  warnOfIdleNeeds(rule, place, drawnOn, context);
  if (conditions === undefined || event === undefined || escalate === undefined) return undefined;
  return {
    name: rule.name,
    description: rule.description,
    scope: rule.scope,
    mode: rule.mode,
    priority: rule.priority ?? 1,
    conditions,
    event,
    only: plainFilter(rule.only),
    except: exceptFilter(rule.except, inside(place, 'except'), context.findings),
    ...timing,
    escalate,
    needs: rule.needs,
    location: place.document.locate(place.path),
  };
}

const NO_CONDITIONS = '"conditions" is missing: expected all, any, not or condition.';

const EVENT_PARAMS: ReadonlySet<string> = new Set(['select', 'keep', 'where', 'message']);

function explainKey(key: string, path: readonly (string | number)[]): string | undefined {
  if (path.at(-1) === 'event' && EVENT_PARAMS.has(key)) {
    return `"${key}" belongs one level deeper: event: { type: …, params: { ${key}: … } }.`;
  }
  return undefined;
}

/** An event as written, with the place of its params. */
interface PlacedEvent {
  params: NonNullable<WrittenEvent['params']>;
  place: Place;
}

/** The rule's own event, then those it escalates to. */
function eventsIn({ event, escalate }: RuleFrame, place: Place): PlacedEvent[] {
  const steps = (escalate ?? []).map((step, index) => ({
    params: step.event.params ?? {},
    place: inside(place, 'escalate', index, 'event', 'params'),
  }));
  return [{ params: event.params ?? {}, place: inside(place, 'event', 'params') }, ...steps];
}

/** The comparisons under `where` of every event, and the facts under `keep`, which stand like one side of a comparison. */
function eventLeaves(rule: RuleFrame, place: Place, { shared }: CheckContext): WrittenLeaf[] {
  return eventsIn(rule, place).flatMap(({ params: { where, keep }, place: params }) => [
    ...(where === undefined ? [] : leavesOf({ value: where, place: inside(params, 'where') }, shared)),
    ...(typeof keep === 'object' ? [{ leaf: { ...keep }, place: inside(params, 'keep') }] : []),
  ]);
}

function warnOfIdleNeeds(
  rule: RuleFrame,
  place: Place,
  leaves: readonly WrittenLeaf[],
  { catalogue, findings }: CheckContext,
): void {
  const isWindowed = (fact: unknown) => typeof fact === 'string' && catalogue.get(fact)?.windowed === true;
  const compared = ({ leaf: { value } }: WrittenLeaf) =>
    typeof value === 'object' && value !== null && 'fact' in value ? value.fact : undefined;
  if (
    rule.needs === undefined ||
    leaves.some((one) => isWindowed(one.leaf['fact']) || isWindowed(compared(one)))
  )
    return;
  findings.warning(
    inside(place, 'needs'),
    '"needs: complete" changes nothing here: no fact of this rule looks at a window of time.',
    'key',
  );
}

/** A rule whose frame is wrong still has its conditions read, so that everything is reported at once. */
function checkConditionsAlone(value: unknown, place: Place, context: CheckContext): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  if (!('conditions' in value)) context.findings.error(place, NO_CONDITIONS);
  else checkCondition({ value: value.conditions, place: inside(place, 'conditions') }, context, 'rule');
  const where = whereOf(value);
  if (where !== undefined)
    checkCondition({ value: where, place: inside(place, 'event', 'params', 'where') }, context, 'where');
}

function whereOf(rule: object): unknown {
  return ['event', 'params', 'where'].reduce<unknown>(
    (within, key) => (typeof within === 'object' && within !== null ? Reflect.get(within, key) : undefined),
    rule,
  );
}

function checkVisibility(rule: RuleFrame, place: Place, context: CheckContext): void {
  const namesVendors = rule.only?.vendors !== undefined;
  const viewpoint = { rule: rule.name, scope: rule.scope, namesVendors, where: false };
  const conditions = { value: rule.conditions, place: inside(place, 'conditions') };
  checkScope(leavesOf(conditions, context.shared), viewpoint, context);
  if (rule.scope === 'vendor' && !namesVendors) {
    const message = `A rule of scope vendor names its vendors: expected only: { vendors: [ … ] }, as calls carry no vendor and each is listed on its own.`;
    context.findings.error(inside(place, 'scope'), message);
  }
  for (const { params, place: at } of eventsIn(rule, place)) {
    const { keep, where } = params;
    if (typeof keep === 'object') checkFactScope(keep.fact, inside(at, 'keep', 'fact'), viewpoint, context);
    if (where === undefined) continue;
    const leaves = leavesOf({ value: where, place: inside(at, 'where') }, context.shared);
    checkScope(leaves, { ...viewpoint, scope: 'call', where: true }, context);
  }
}

/** Must run after cycles are ruled out, as it follows every shared condition to its end. */
export function checkRuleSize(value: unknown, place: Place, context: CheckContext): void {
  const parsed = ruleFrameSchema.safeParse(value);
  if (!parsed.success) return;
  checkSize({ value: parsed.data.conditions, place: inside(place, 'conditions') }, context);
  for (const { params, place: at } of eventsIn(parsed.data, place)) {
    if (params.where !== undefined) checkSize({ value: params.where, place: inside(at, 'where') }, context);
  }
}
