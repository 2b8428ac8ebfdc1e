import type { FactValue } from '../domain/facts.js';
import { OWN_OPERATORS } from './operands.js';

/** Whether a comparison holds for these two known values. */
export type Comparison = (left: FactValue, right: FactValue | undefined) => boolean;

/** What json-rules-engine says of the same two values. Throws on an operator that there is none of. */
export function comparison(operator: string, left: FactValue, right: unknown): boolean {
  const holds = OWN_OPERATORS.get(operator)?.(left, right) ?? engineComparison(operator, left, right);
  if (holds === undefined) throw new Error(`There is no operator "${operator}".`);
  return holds;
}

/** json-rules-engine's own comparisons, in its words; `right` is what the value was made ready to. */
function engineComparison(operator: string, left: FactValue, right: unknown): boolean | undefined {
  switch (operator) {
    case 'equal':
      return left === right;
    case 'notEqual':
      return left !== right;
    case 'lessThan':
      return isNumber(right) && isNumber(left) && left < right;
    case 'lessThanInclusive':
      return isNumber(right) && isNumber(left) && left <= right;
    case 'greaterThan':
      return isNumber(right) && isNumber(left) && left > right;
    case 'greaterThanInclusive':
      return isNumber(right) && isNumber(left) && left >= right;
    case 'in':
      return Array.isArray(right) && right.includes(left);
    case 'notIn':
      return Array.isArray(right) && !right.includes(left);
    default:
      return undefined;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
