import type { PlannedAction, WithholdReason } from '../domain/action.js';
import type { Caps } from '../domain/config.js';
import type { Rule } from '../domain/rule.js';
import type { CarriedOut } from '../pass-carried-out.js';
import type { Explanation } from '../pass-explain.js';
import type { ExplainInput } from '../pass-explain-input.js';

/** Who left no room under `perPass` or `perHour` for the first action of an explanation that a cap stops. */
export interface CapUse {
  caps: Caps;
  /** How many calls the action would take. */
  weight: number;
  takenLastHour: number;
  /** Rules whose actions come before it and count, with their calls, in the order in which they act. */
  users: readonly { rule: string; calls: number }[];
}

const CAPPED: readonly WithholdReason[] = ['cap-per-pass', 'cap-per-hour'];

/** Who used the caps up before the first action that they stop; undefined where no cap stops anything. */
export function capUseOf(
  { caps, takenLastHour }: Pick<ExplainInput, 'caps' | 'takenLastHour'>,
  { ifReady, inOrder }: Pick<Explanation, 'ifReady' | 'inOrder'>,
): CapUse | undefined {
  const first = ifReady.find(isCapped)?.action;
  const at = inOrder.findIndex(({ action }) => action === first);
  if (first === undefined || at < 0) return undefined;
  return { caps, weight: first.weight, takenLastHour, users: usersOf(inOrder.slice(0, at), first) };
}

function isCapped({ decision }: CarriedOut): boolean {
  return decision.kind === 'withheld' && CAPPED.includes(decision.reason);
}

/** A rule that only watches leaves the caps of one that acts alone. */
function usersOf(before: readonly CarriedOut[], capped: PlannedAction): CapUse['users'] {
  const users = new Map<string, number>();
  for (const { action, decision } of before) {
    const counts = decision.kind === 'send' || decision.kind === 'monitored';
    if (!counts || action.action === 'alert') continue;
    if (capped.mode === 'enforce' && action.mode !== 'enforce') continue;
    users.set(action.rule, (users.get(action.rule) ?? 0) + action.weight);
  }
  return [...users].map(([rule, calls]) => ({ rule, calls }));
}

/** `caps.perPass (2 calls) is used up by irsf-burst (2 calls)` */
export function capUseText(
  reason: 'cap-per-pass' | 'cap-per-hour',
  { caps, weight, takenLastHour, users }: CapUse,
  { name }: Rule,
): string {
  const perPass = reason === 'cap-per-pass';
  const limit = perPass ? caps.perPass : caps.perHour;
  const cap = `caps.${perPass ? 'perPass' : 'perHour'} (${callsText(limit)})`;
  const inPass = users.map(
    ({ rule, calls }) => `${rule === name ? 'this rule itself' : rule} (${callsText(calls)})`,
  );
  const earlier = perPass || takenLastHour === 0 ? [] : [`the last hour (${callsText(takenLastHour)})`];
  const by = [...earlier, ...inPass].join(', ');
  const used = (perPass ? 0 : takenLastHour) + users.reduce((sum, { calls }) => sum + calls, 0);
  if (used === 0) return `${cap} is less than the ${callsText(weight)} that this would take`;
  if (used >= limit) return `${cap} is used up by ${by}`;
  return `${cap} has no room for the ${callsText(weight)} that this would take, after ${by}`;
}

function callsText(count: number): string {
  return count === 1 ? '1 call' : `${count} calls`;
}
