import type { CaseNames, SeenAction } from './case-names.js';

/** The reason, and for a number what the switch lists: an emergency number is easily written by chance, and a CLD left out. */
export function withheldText({ withheld, action, target }: SeenAction, names: CaseNames): string {
  const call = action === 'disconnectCall' ? names.call(target) : undefined;
  const isOfNumber = withheld === 'protected-number' || withheld === 'number-unknown';
  if (!isOfNumber || call === undefined) return `${withheld}`;
  return `${withheld} (${target} has CLI ${call.cli ?? 'none'}, CLD ${call.cld ?? 'none'})`;
}
