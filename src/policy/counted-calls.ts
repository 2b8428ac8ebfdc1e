import { type Call, sameCall } from '../domain/call.js';
import { groupById } from '../domain/conversations.js';
import type { Observed } from '../domain/facts.js';
import type { Rule } from '../domain/rule.js';
import type { CompiledConditions, Probe } from './compile-condition.js';
import { contributing, type Folded, probesOf } from './fold.js';
import { createDecidesAlone } from './own-value.js';

/** An aggregate that decided, with the live calls which made it do so; absent where all of the subject's did. */
export interface Deciding {
  probe: Probe;
  counted: readonly Call[] | undefined;
}

/**
 * The aggregates among the comparisons that made the result what it is; none for a call, which is its own pool. Of the most
 * that one number comes to, `ofEveryNumber` counts the calls to each number that would have made it so by itself.
 */
export function decidingAggregates(
  { rule, conditions }: { rule: Rule; conditions: CompiledConditions },
  folded: Folded,
  observations: readonly Observed[],
  { ofEveryNumber }: { ofEveryNumber: boolean },
): readonly Deciding[] {
  if (rule.scope === 'call') return [];
  const indexes = new Set(contributing(folded).flatMap(probesOf));
  const decidesAlone = createDecidesAlone(folded, observations);
  return [...indexes].flatMap((index) => {
    const probe = conditions.probes[index];
    const observed = observations[index];
    if (probe?.definition.aggregate !== true || observed?.known !== true) return [];
    const { byNumber, value } = observed;
    if (!ofEveryNumber || byNumber === undefined) return [{ probe, counted: observed.counted }];
    const isTaken = (own: number, call: Call) => own === value || decidesAlone(index, call);
    return [{ probe, counted: byNumber.countedWhere(isTaken) }];
  });
}

/** Whether a call is one of these, or another entry of one. */
export function isAmong(groups: readonly (readonly Call[])[]): (call: Call) => boolean {
  const objects = new Set(groups.flat());
  let byId: ReadonlyMap<string, readonly Call[]> | undefined;
  return (call) => {
    if (objects.has(call)) return true;
    byId ??= groupById(objects);
    return byId.get(call.id)?.some((one) => sameCall(one, call)) === true;
  };
}
