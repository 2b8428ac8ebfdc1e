import type { ConditionEvidence } from '../domain/verdict.js';
import { durationText } from './duration.js';

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

/** The comparisons that came to one of these results, true where none is named, for a person: `account.connectedCalls 34 > 30`. */
export function evidenceText(
  evidence: ConditionEvidence,
  results: readonly ConditionEvidence['result'][] = [true],
): string {
  const found = leaves(evidence).filter(({ result }) => results.includes(result));
  return [...new Set(found.map(leafText))].join(', ');
}

function leaves(evidence: ConditionEvidence): readonly ConditionEvidence[] {
  if (evidence.fact !== undefined) return [evidence];
  const nested = [...(evidence.all ?? []), ...(evidence.any ?? []), ...(evidence.not ? [evidence.not] : [])];
  return nested.flatMap(leaves);
}

/** One comparison: `account.connectedCalls 34 > 30`. */
export function leafText(leaf: ConditionEvidence): string {
  const { fact, observed, operator = '', value, atLeast } = leaf;
  const seen =
    leaf.missing === undefined
      ? `${atLeast === true ? 'at least ' : ''}${numberText(observed)}`
      : `unknown (${leaf.missing})`;
  return `${fact}${paramsText(leaf.params)} ${seen} ${SIGNS[operator] ?? operator} ${valueText(value)}${originText(leaf)}${gapText(leaf)}`;
}

/** What narrowed an aggregate: ` to high-risk-prefixes`, ` state Connected`, ` within 10m`. */
function paramsText(params: ConditionEvidence['params']): string {
  const { to, state, direction, within, under, tolerance, timezone, recursive } = params ?? {};
  const lists = Object.entries({ to, state, direction }).flatMap(([name, values]) =>
    values === undefined
      ? []
      : [`${name} ${values.length > SHOWN_ENTRIES ? `(${values.length} entries)` : values.join('|')}`],
  );
  const seconds = Object.entries({ within, under, tolerance }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${durationText(value * 1000)}`],
  );
  const others = [
    ...(timezone === undefined ? [] : [`in ${timezone}`]),
    ...(recursive === true ? ['with subcustomers'] : []),
  ];
  return [...lists, ...seconds, ...others].map((text) => ` ${text}`).join('');
}

/** Seconds of a window that nobody saw. */
function gapText({ gap }: ConditionEvidence): string {
  if (gap === undefined) return '';
  const begin =
    gap.knownSince === undefined ? '' : ` (known since ${gap.knownSince.replace(/\.\d{3}Z$/, 'Z')})`;
  return `, ${durationText(Math.round(gap.seconds) * 1000)} of the window not seen${begin}`;
}

/** Which entry of many was met, or which limit the value is: ` (882)`, ` (account.limit maxConcurrentCalls)`. */
function originText({ matched, valueFrom, valueParams }: ConditionEvidence): string {
  if (matched !== undefined) return ` (${matched})`;
  if (valueFrom === undefined) return '';
  return valueParams?.name === undefined ? ` (${valueFrom})` : ` (${valueFrom} ${valueParams.name})`;
}

function valueText(value: ConditionEvidence['value']): string {
  if (!Array.isArray(value)) return numberText(value);
  return value.length > SHOWN_ENTRIES ? `(${value.length} entries)` : `(${value.join(', ')})`;
}

function numberText(value: unknown): string {
  return typeof value === 'number' ? String(Math.round(value * 100) / 100) : String(value ?? 'nothing');
}
