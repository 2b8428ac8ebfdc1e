import type { ConditionEvidence } from '../domain/verdict.js';

const SIGNS: Readonly<Record<string, string>> = {
  equal: '=',
  notEqual: '!=',
  greaterThan: '>',
  greaterThanInclusive: '>=',
  lessThan: '<',
  lessThanInclusive: '<=',
};

/** Lists longer than this are shown by their length. */
const SHOWN_ENTRIES = 4;

/** The comparisons that came to `result`, for a person: `account.connectedCalls 31 > 30`. */
export function conditionText(
  evidence: ConditionEvidence,
  ...results: readonly ConditionEvidence['result'][]
): string {
  const found = leaves(evidence).filter(({ result }) => results.includes(result));
  return [...new Set(found.map(leafText))].join(', ');
}

function leaves(evidence: ConditionEvidence): readonly ConditionEvidence[] {
  if (evidence.fact !== undefined) return [evidence];
  const nested = [...(evidence.all ?? []), ...(evidence.any ?? []), ...(evidence.not ? [evidence.not] : [])];
  return nested.flatMap(leaves);
}

function leafText({
  fact,
  params,
  observed,
  operator = '',
  value,
  atLeast,
  missing,
  gap,
}: ConditionEvidence): string {
  const name = `${fact}${paramsText(params)}`;
  if (missing !== undefined) return `${name} is missing (${missing})`;
  const seen = `${atLeast === true ? 'at least ' : ''}${valueText(observed)}`;
  const gapText = gap === undefined ? '' : ` (${gap.seconds} s of the window not seen)`;
  return `${name} ${seen} ${SIGNS[operator] ?? operator} ${valueText(value)}${gapText}`;
}

/** What narrowed the fact: ` within 600 to +882|+883`. */
function paramsText(params: ConditionEvidence['params']): string {
  return Object.entries(params ?? {})
    .map(([key, value]) => ` ${key} ${Array.isArray(value) ? entries(value, '|') : String(value)}`)
    .join('');
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return entries(value, ', ');
  return typeof value === 'number' ? String(Math.round(value * 100) / 100) : String(value ?? 'nothing');
}

function entries(values: readonly unknown[], separator: string): string {
  return values.length > SHOWN_ENTRIES
    ? `(${values.length} entries)`
    : `(${values.map(String).join(separator)})`;
}
