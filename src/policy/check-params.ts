import { didYouMean } from '../documents/did-you-mean.js';
import { parseDuration } from '../documents/duration.js';
import { quotedList } from '../documents/found-values.js';
import { unknownKey, zodProblems } from '../documents/zod-problems.js';
import { isLive } from '../domain/call.js';
import type { FactDefinition, FactParam, FactParams } from '../domain/facts.js';
import type { CheckContext } from './check-context.js';
import { checkListUse } from './check-lists.js';
import { warnOfDirection } from './check-values.js';
import { countedStates } from './counted-states.js';
import { inRulesDirectory, inside, type Place } from './findings.js';
import type { Standing } from './lower-bounds.js';
import { paramsSchema, type WrittenParams } from './rule-schema.js';

/** Checks the params of a fact and returns them in one shape; undefined where they have none or are wrong. */
export function checkParams(
  value: unknown,
  place: Place,
  fact: FactDefinition,
  context: CheckContext,
  standing: Standing | 'keep',
): FactParams | undefined {
  const { findings } = context;
  if (value !== undefined && fact.params.length === 0) {
    findings.error(place, `"${fact.name}" takes no params: take them out.`, 'key');
    return undefined;
  }
  if (value === null) {
    findings.error(place, `"params" is empty: expected ${fact.params.join(', ')}, or no "params" at all.`);
    return undefined;
  }
  const parsed = paramsSchema.safeParse(value ?? {});
  for (const key of mappingKeys(value)) {
    if (fact.params.includes(key as FactParam)) continue;
    findings.error(inside(place, key), explainParam(key, fact), 'key');
  }
  if (!parsed.success) {
    const issues = parsed.error.issues.filter((issue) => issue.code !== 'unrecognized_keys');
    findings.add(zodProblems({ issues }, place.document, { schema: paramsSchema, at: place.path }));
    return undefined;
  }
  checkMeaning(parsed.data, place, fact, context);
  warnOfUnsetLimit(parsed.data, place, fact, context, standing);
  return value === undefined ? undefined : plainParams(parsed.data);
}

function explainParam(key: string, fact: FactDefinition): string {
  if (!Object.hasOwn(paramsSchema.shape, key)) return unknownKey(key, fact.params);
  if (key === 'recursive') {
    return `"${fact.name}" does not take "recursive", which adds the calls of subcustomers: only facts of customers that speak of calls do, as customer.totalCalls.`;
  }
  return `"${fact.name}" does not take "${key}": it takes ${fact.params.join(', ')}.`;
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
  const needsName: readonly FactParam[] = fact.params.includes('name') ? ['name'] : [];
  for (const key of new Set([...fact.required, ...needsName])) {
    if (params[key] === undefined) context.findings.error(place, explainMissing(key, fact));
  }
}

function explainMissing(key: FactParam, { name }: FactDefinition): string {
  switch (key) {
    case 'name':
      return '"name" is missing: expected the name of a limit in limits.csv.';
    case 'within':
      return `"within" is missing: "${name}" looks back over a time, e.g. params: { within: 10m }.`;
    case 'under':
      return `"under" is missing: "${name}" needs to know which calls are short, e.g. params: { within: 10m, under: 10s }.`;
    case 'tolerance':
      return `"tolerance" is missing: "${name}" needs to know by how much equal durations may differ, e.g. params: { within: 1h, tolerance: 2s }.`;
    default:
      return `"${key}" is missing: "${name}" has no meaning without it.`;
  }
}

/** A state that the fact never counts would make it zero for ever, and the rule silently blind. */
function checkStates(params: WrittenParams, place: Place, fact: FactDefinition, context: CheckContext): void {
  const counted = countedStates(fact);
  for (const state of several(params.state) ?? []) {
    if (counted.includes(state)) continue;
    const message = isLive(state)
      ? `"${fact.name}" counts no "${state}" calls: expected ${quotedList(counted)}.`
      : `"${state}" calls are over and count nowhere: expected a state from Idle to Connected.`;
    context.findings.error(inside(place, 'state'), message);
  }
}

function warnOfUnsetLimit(
  { name, default: fallback }: WrittenParams,
  place: Place,
  fact: FactDefinition,
  context: CheckContext,
  standing: Standing | 'keep',
): void {
  if (name === undefined || fallback !== undefined) return;
  const names = new Set(
    context.limits.filter((limit) => limit.scope === fact.scope).map((limit) => limit.name),
  );
  if (names.has(name)) return;
  const message = `No row of ${inRulesDirectory(place, 'limits.csv')} sets the limit "${name}" for scope ${fact.scope}, and there is no "default": ${whatIsUnknown(standing)}.`;
  context.findings.warning(inside(place, 'name'), `${message}${didYouMean(name, names)}`);
}

/** What comes of a fact that is missing for ever, where it stands. */
function whatIsUnknown(standing: Standing | 'keep'): string {
  if (standing === 'keep')
    return 'how many calls stay is never known, so that whoever meets the conditions is indeterminate, and this event takes no call';
  const unknown = 'this comparison is never known';
  if (!standing.needed) return `${unknown}, and what needs it is never met`;
  return standing.inWhere
    ? `${unknown}, so that no call meets "where", and this event takes none`
    : `${unknown}, so that the rule can never be violated`;
}

/** As a fact source takes them: always lists, and durations in seconds. */
function plainParams({
  to,
  state,
  direction,
  within,
  under,
  tolerance,
  history,
  ...others
}: WrittenParams): FactParams {
  const params = {
    to: several(to),
    state: several(state),
    direction: several(direction),
    within: seconds(within),
    under: seconds(under),
    tolerance: seconds(tolerance),
    history: seconds(history),
    ...others,
  };
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}

function seconds(text: string | undefined): number | undefined {
  const ms = text === undefined ? undefined : parseDuration(text);
  return ms === undefined ? undefined : ms / 1_000;
}

function several<T extends string>(value: T | readonly T[] | undefined): readonly T[] | undefined {
  return typeof value === 'string' ? [value] : value;
}
