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

/**
 * The comparisons that came to one of these results, for a person: `account.connectedCalls 34 > 30`. Where none is named, those
 * by which the whole came to be true: of alternatives the ones that hold, and `not …` for what had to fail.
 */
export function evidenceText(
  evidence: ConditionEvidence,
  results?: readonly ConditionEvidence['result'][],
): string {
  const texts =
    results === undefined
      ? reasons(evidence, true)
      : leaves(evidence)
          .filter(({ result }) => results.includes(result))
          .map(leafText);
  return [...new Set(texts)].join(', ');
}

/** Why a node is true, or false; none where it is not. */
function reasons(evidence: ConditionEvidence, wanted: boolean): readonly string[] {
  const { result, fact, all, any, not } = evidence;
  if (result !== wanted) return [];
  if (fact !== undefined) return [`${wanted ? '' : 'not '}${leafText(evidence)}`];
  if (not !== undefined) return reasons(not, !wanted);
  return [...(all ?? []), ...(any ?? [])].flatMap((child) => reasons(child, wanted));
}

function leaves(evidence: ConditionEvidence): readonly ConditionEvidence[] {
  if (evidence.fact !== undefined) return [evidence];
  const nested = [...(evidence.all ?? []), ...(evidence.any ?? []), ...(evidence.not ? [evidence.not] : [])];
  return nested.flatMap(leaves);
}

/** One comparison: `account.connectedCalls 34 > 30`. */
export function leafText(leaf: ConditionEvidence): string {
  const { fact, observed, operator = '', value, atLeast } = leaf;
  const digits = digitsFor(leaf);
  // What the rule says itself stands as it was written.
  const valueDigits = leaf.valueFrom === undefined ? MOST_DIGITS : digits;
  const seen =
    leaf.missing === undefined
      ? `${atLeast === true ? 'at least ' : ''}${numberText(observed, digits)}`
      : `unknown (${leaf.missing})`;
  return `${fact}${paramsText(leaf.params)} ${seen} ${SIGNS[operator] ?? operator} ${valueText(value, valueDigits)}${originText(leaf)}${gapText(leaf)}`;
}

/** More digits than any number has behind the point that a double tells apart from its neighbours, as toFixed takes them. */
const MOST_DIGITS = 20;
const FEWEST_DIGITS = 2;

/** How many digits behind the point it takes to see that two numbers differ, and which of them is greater. */
function digitsFor({ observed, value, valueFrom }: ConditionEvidence): number {
  if (typeof observed !== 'number' || typeof value !== 'number') return FEWEST_DIGITS;
  for (let digits = FEWEST_DIGITS; digits < MOST_DIGITS; digits++) {
    const other = valueFrom === undefined ? value : rounded(value, digits);
    if (Math.sign(rounded(observed, digits) - other) === Math.sign(observed - value)) return digits;
  }
  return MOST_DIGITS;
}

function rounded(value: number, digits: number): number {
  return digits >= MOST_DIGITS ? value : Number(value.toFixed(digits));
}

/** What narrowed an aggregate: ` to high-risk-prefixes`, ` state Connected`, ` within 10m`. */
function paramsText(params: ConditionEvidence['params']): string {
  const { to, state, direction, within, under, tolerance, history, timezone, recursive } = params ?? {};
  const lists = Object.entries({ to, state, direction }).flatMap(([name, values]) =>
    values === undefined
      ? []
      : [`${name} ${values.length > SHOWN_ENTRIES ? `(${values.length} entries)` : values.join('|')}`],
  );
  const seconds = Object.entries({ within, under, tolerance, history }).flatMap(([name, value]) =>
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

function valueText(value: ConditionEvidence['value'], digits: number): string {
  if (!Array.isArray(value)) return numberText(value, digits);
  return value.length > SHOWN_ENTRIES ? `(${value.length} entries)` : `(${value.join(', ')})`;
}

function numberText(value: unknown, digits: number): string {
  return typeof value === 'number' ? String(rounded(value, digits)) : String(value ?? 'nothing');
}
