import type { Call } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import type { FactParams } from '../domain/facts.js';
import type { AggregateScope } from '../domain/scope.js';
import { ancestryOf } from './ancestry.js';
import { type Membership, prefixTestOf } from './call-filter.js';
import { fieldId } from './call-index.js';
import type { PastCall } from './past-call.js';

/**
 * Which calls a rule sees, by its own `only` and `except` alone. The same object pass after pass, so that what was
 * counted through it can be kept; its answer may depend on the fields of the call and its vendors, on nothing else.
 */
export interface RuleFilter {
  admits(call: Call, vendorsOf: (call: Call) => readonly number[]): boolean | 'unknown';
  /** Vendors that it goes by. */
  readonly vendors?: readonly number[];
}

export type PastFilter = (past: PastCall) => Membership;

/** Whether a call of the past is among those that a windowed fact with these params counts, for a rule with this filter. */
export function createPastFilter(
  params: FactParams,
  rule: RuleFilter | undefined,
  withoutCut: boolean,
): PastFilter {
  const { to, state: states, direction: directions } = params;
  const startsWithOne = to === undefined ? undefined : prefixTestOf(to);
  return (past) => {
    if (withoutCut && past.cutAt !== undefined) return 'out';
    const { call } = past;
    // Of a call that was given up nobody knows when it ended.
    let membership: Membership = withoutCut && past.absent !== undefined ? 'maybe' : 'in';
    if (states !== undefined && !past.states.some(({ state }) => states.includes(state))) return 'out';
    if (directions !== undefined) {
      if (call.direction === undefined) membership = 'maybe';
      else if (!directions.includes(call.direction)) return 'out';
    }
    if (startsWithOne !== undefined) {
      if (call.cldNumber === undefined) membership = 'maybe';
      else if (!startsWithOne(call.cldNumber)) return 'out';
    }
    const admission = rule === undefined || pastAdmission(rule, past);
    if (admission === false) return 'out';
    return admission === 'unknown' ? 'maybe' : membership;
  };
}

/** Unknown where it hangs on a vendor that nobody asked for while the call was surely there. */
export function pastAdmission(
  rule: RuleFilter,
  { call, vendors, vendorsAsked }: Pick<PastCall, 'call' | 'vendors' | 'vendorsAsked'>,
): boolean | 'unknown' {
  const admission = rule.admits(call, () => vendors);
  if (admission === 'unknown') return admission;
  const open = (rule.vendors ?? []).filter((one) => !vendors.includes(one) && !vendorsAsked.includes(one));
  if (open.length === 0) return admission;
  const possible = [...open.map((one) => [...vendors, one]), [...vendors, ...open]];
  return possible.every((one) => rule.admits(call, () => one) === admission) ? admission : 'unknown';
}

/** The same for facts of calls that started in the window: whoever may have started before it may be in or not. */
export function createStartedFilter(filter: PastFilter): PastFilter {
  return (past) => {
    const membership = filter(past);
    return membership === 'in' && !past.startKnown ? 'maybe' : membership;
  };
}

/** The subjects of a scope that a call of the past belongs to. */
export type SubjectIds = (past: PastCall) => readonly string[];

/** With a tree, a call is its customer's and that of every stated ancestor. */
export function subjectIdsIn(
  scope: AggregateScope,
  switchName: string,
  tree: CustomerTree | undefined,
): SubjectIds {
  if (scope === 'vendor') return ({ vendors }) => vendors.map(String);
  if (scope === 'switch') {
    const all = [switchName];
    return () => all;
  }
  if (scope === 'customer' && tree !== undefined)
    return ({ call }) => (call.customer === undefined ? NONE : ancestryOf(call.customer, tree));
  return ({ call }) => {
    const id = fieldId(call, scope, switchName);
    return id === undefined ? NONE : [id];
  };
}

const NONE: readonly string[] = [];
