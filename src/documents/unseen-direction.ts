import { didYouMean } from './did-you-mean.js';
import { quotedList } from './found-values.js';

/** DIRECTION as seen so far; the switch may write others, so another one is only worth a warning. */
const SEEN_DIRECTIONS: readonly string[] = ['vendor', 'onnet_in', 'onnet_out'];

/** What to warn of where somebody writes a direction that no switch has been seen to write; undefined for the others. */
export function unseenDirection(direction: string): string | undefined {
  if (SEEN_DIRECTIONS.includes(direction)) return undefined;
  const hint = didYouMean(direction, SEEN_DIRECTIONS);
  return `No switch has been seen to write the direction "${direction}"; seen are ${quotedList(SEEN_DIRECTIONS)}.${hint}`;
}
