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
const SHOWN_ENTRIES = 3;

/** The conditions that came out true, for a person: `account.connectedCalls 34 > 30`. */
export function evidenceText(evidence: ConditionEvidence): string {
  return leaves(evidence)
    .filter(({ result }) => result === true)
    .map(leafText)
    .join(', ');
}

function leaves(evidence: ConditionEvidence): readonly ConditionEvidence[] {
  if (evidence.fact !== undefined) return [evidence];
  const nested = [...(evidence.all ?? []), ...(evidence.any ?? []), ...(evidence.not ? [evidence.not] : [])];
  return nested.flatMap(leaves);
}

function leafText({ fact, observed, operator = '', value, atLeast }: ConditionEvidence): string {
  const seen = `${atLeast === true ? 'at least ' : ''}${numberText(observed)}`;
  return `${fact} ${seen} ${SIGNS[operator] ?? operator} ${valueText(value)}`;
}

function valueText(value: ConditionEvidence['value']): string {
  if (!Array.isArray(value)) return numberText(value);
  return value.length > SHOWN_ENTRIES ? `(${value.length} entries)` : `(${value.join(', ')})`;
}

function numberText(value: unknown): string {
  return typeof value === 'number' ? String(Math.round(value * 100) / 100) : String(value ?? 'nothing');
}
