import { zodProblems } from '../documents/zod-problems.js';
import type { Rule } from '../domain/rule.js';
import { checkCondition } from './check-condition.js';
import type { CheckContext } from './check-context.js';
import { checkEvent } from './check-event.js';
import { plainFilter } from './check-filter.js';
import { checkFactScope, checkScope } from './check-scope.js';
import { inside, type Place } from './findings.js';
import { laterEventParam, laterRuleKey } from './not-yet-supported.js';
import { type RuleFrame, ruleFrameSchema } from './rule-schema.js';
import { checkSize, leavesOf } from './shared-conditions.js';

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
  const conditions = checkCondition(written, context);
  const leaves = leavesOf(written, context.shared);
  const event = checkEvent(rule, place, conditions === undefined ? undefined : leaves, context);
  checkVisibility(rule, place, context);
  if (conditions === undefined || event === undefined) return undefined;
  return {
    name: rule.name,
    description: rule.description,
    scope: rule.scope,
    mode: rule.mode,
    priority: rule.priority ?? 1,
    conditions,
    event,
    only: plainFilter(rule.only),
    except: plainFilter(rule.except),
    location: place.document.locate(place.path),
  };
}

const NO_CONDITIONS = '"conditions" is missing: expected all, any, not or condition.';

const EVENT_PARAMS: ReadonlySet<string> = new Set(['select', 'keep', 'where', 'message']);

function explainKey(key: string, path: readonly (string | number)[]): string | undefined {
  if (path.at(-1) === 'params') return laterEventParam(key);
  if (path.at(-1) === 'event' && EVENT_PARAMS.has(key)) {
    return `"${key}" belongs one level deeper: event: { type: …, params: { ${key}: … } }.`;
  }
  return path.at(-1) === 'event' || path.at(-1) === 'only' || path.at(-1) === 'except'
    ? undefined
    : laterRuleKey(key);
}

/** A rule whose frame is wrong still has its conditions read, so that everything is reported at once. */
function checkConditionsAlone(value: unknown, place: Place, context: CheckContext): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  if (!('conditions' in value)) context.findings.error(place, NO_CONDITIONS);
  else checkCondition({ value: value.conditions, place: inside(place, 'conditions') }, context);
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
  const { keep, where } = rule.event.params ?? {};
  const params = inside(place, 'event', 'params');
  if (typeof keep === 'object') {
    checkFactScope(keep.fact, inside(params, 'keep', 'fact'), viewpoint, context);
  }
  if (where !== undefined) {
    const leaves = leavesOf({ value: where, place: inside(params, 'where') }, context.shared);
    checkScope(leaves, { ...viewpoint, scope: 'call', where: true }, context);
  }
}

/** Must run after cycles are ruled out, as it follows every shared condition to its end. */
export function checkRuleSize(value: unknown, place: Place, context: CheckContext): void {
  const parsed = ruleFrameSchema.safeParse(value);
  if (!parsed.success) return;
  checkSize({ value: parsed.data.conditions, place: inside(place, 'conditions') }, context);
  const where = parsed.data.event.params?.where;
  if (where !== undefined)
    checkSize({ value: where, place: inside(place, 'event', 'params', 'where') }, context);
}
