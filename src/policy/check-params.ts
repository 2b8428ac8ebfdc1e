import { didYouMean } from '../documents/did-you-mean.js';
import { quotedList } from '../documents/found-values.js';
import { unknownKey, zodProblems } from '../documents/zod-problems.js';
import { type CallState, isLive, SETUP_STATES } from '../domain/call.js';
import type { FactDefinition, FactParam, FactParams } from '../domain/facts.js';
import type { CheckContext } from './check-context.js';
import { checkListUse } from './check-lists.js';
import { warnOfDirection } from './check-values.js';
import { inside, type Place } from './findings.js';
import { laterFactParam } from './not-yet-supported.js';
import { paramsSchema, type WrittenParams } from './rule-schema.js';

/** Checks the params of a fact and returns them in one shape; undefined where they have none or are wrong. */
export function checkParams(
  value: unknown,
  place: Place,
  fact: FactDefinition,
  context: CheckContext,
): FactParams | undefined {
  const { findings } = context;
  if (value !== undefined && fact.params.length === 0) {
    const later = mappingKeys(value).map(laterFactParam).find(Boolean);
    findings.error(place, later ?? `"${fact.name}" takes no params: take them out.`, 'key');
    return undefined;
  }
  if (value === null) {
    findings.error(place, `"params" is empty: expected ${fact.params.join(', ')}, or no "params" at all.`);
    return undefined;
  }
  const parsed = paramsSchema.safeParse(value ?? {});
  for (const key of mappingKeys(value)) {
    if (fact.params.includes(key as FactParam)) continue;
    const known = key in paramsSchema.shape;
    const takes = fact.params.join(', ');
    const message = known
      ? `"${fact.name}" does not take "${key}": it takes ${takes}.`
      : unknownKey(key, fact.params);
    findings.error(inside(place, key), laterFactParam(key) ?? message, 'key');
  }
  if (!parsed.success) {
    const issues = parsed.error.issues.filter((issue) => issue.code !== 'unrecognized_keys');
    findings.add(zodProblems({ issues }, place.document, { schema: paramsSchema, at: place.path }));
    return undefined;
  }
  checkMeaning(parsed.data, place, fact, context);
  return value === undefined ? undefined : plainParams(parsed.data);
}

function mappingKeys(value: unknown): string[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

function checkMeaning(
  params: WrittenParams,
  place: Place,
  fact: FactDefinition,
  context: CheckContext,
): void {
  if (typeof params.to === 'string')
    checkListUse(params.to, inside(place, 'to'), { format: 'number-plan', asPrefixes: true }, context);
  for (const direction of several(params.direction) ?? []) {
    warnOfDirection(direction, inside(place, 'direction'), context);
  }
  checkStates(params, place, fact, context);
  if (fact.params.includes('name')) checkLimitName(params, place, fact, context);
}

/** A state that the fact never counts would make it zero for ever, and the rule silently blind. */
function checkStates(params: WrittenParams, place: Place, fact: FactDefinition, context: CheckContext): void {
  const name = fact.name.slice(fact.name.indexOf('.') + 1);
  for (const state of several(params.state) ?? []) {
    const at = inside(place, 'state');
    if (!isLive(state)) {
      context.findings.error(
        at,
        `"${state}" calls are over and count nowhere: expected a state from Idle to Connected.`,
      );
    } else if (!countsState(name, state)) {
      const counted = name === 'connectedCalls' ? '"Connected"' : quotedList(SETUP_STATES);
      context.findings.error(at, `"${fact.name}" counts no "${state}" calls: expected ${counted}.`);
    }
  }
}

function countsState(fact: string, state: CallState): boolean {
  if (fact === 'connectedCalls') return state === 'Connected';
  return fact !== 'setupCalls' || state !== 'Connected';
}

function checkLimitName(
  params: WrittenParams,
  place: Place,
  fact: FactDefinition,
  context: CheckContext,
): void {
  const { name } = params;
  if (name === undefined) {
    context.findings.error(place, `"name" is missing: expected the name of a limit in rules/limits.csv.`);
    return;
  }
  const names = new Set(
    context.limits.filter((limit) => limit.scope === fact.scope).map((limit) => limit.name),
  );
  if (names.has(name) || params.default !== undefined) return;
  const message = `No row of rules/limits.csv sets the limit "${name}" for scope ${fact.scope}, and there is no "default": the rule can never be violated.`;
  context.findings.warning(inside(place, 'name'), `${message}${didYouMean(name, names)}`);
}

function plainParams({ to, state, direction, min, name, default: fallback }: WrittenParams): FactParams {
  return {
    ...(to === undefined ? {} : { to: typeof to === 'string' ? [to] : to }),
    ...(state === undefined ? {} : { state: several(state) ?? [] }),
    ...(direction === undefined ? {} : { direction: several(direction) ?? [] }),
    ...(min === undefined ? {} : { min }),
    ...(name === undefined ? {} : { name }),
    ...(fallback === undefined ? {} : { default: fallback }),
  };
}

function several<T extends string>(value: T | readonly T[] | undefined): readonly T[] | undefined {
  return typeof value === 'string' ? [value] : value;
}
