import { durationText } from '../documents/duration.js';
import type { CheckContext, WrittenCondition } from './check-context.js';
import { limitValues, type Polling } from './check-polling.js';
import { inside } from './findings.js';
import { signedLeavesOf, type WrittenLeaf } from './shared-conditions.js';

/** What only calls that are there tell, and what grows with every second of theirs. */
const LIVE_LENGTHS: readonly string[] = ['call.duration', 'call.age'];
const LIVE_LENGTHS_OF_SCOPES: readonly string[] = ['.longestDuration', '.averageDuration'];

/** Lengths that are 0 while nothing is answered: to ask for less than a second is to ask for that, which many polls see. */
const ZERO_UNANSWERED = /^call\.duration$|\.longestDuration$/;
const UNANSWERED_SECONDS = 1;

const BELOW: readonly string[] = ['lessThan', 'lessThanInclusive'];
const ABOVE: readonly string[] = ['greaterThan', 'greaterThanInclusive'];

/**
 * Warns where a rule asks for calls that are shorter than two polls are apart: many are never seen while they are. To ask for
 * longer ones is sound, and so is a cutoff under `where`, which only spares those that a poll finds beyond it.
 */
export function warnOfLiveCutoffs(conditions: WrittenCondition, poll: Polling, context: CheckContext): void {
  for (const leaf of signedLeavesOf(conditions, context.shared)) warnOfShortCutoff(leaf, poll, context);
}

function warnOfShortCutoff(
  { leaf, place, negated }: WrittenLeaf & { negated: boolean },
  { everyMs, whose }: Polling,
  context: CheckContext,
): void {
  const { fact, operator, value } = leaf;
  const right = isMapping(value) ? value : undefined;
  const onLeft = isLiveLength(fact);
  const live = onLeft ? fact : right?.['fact'];
  if (!isLiveLength(live)) return;
  // Turned round by "not", and where the length stands on the right.
  const asksBelow = negated === onLeft ? ABOVE : BELOW;
  if (!asksBelow.includes(String(operator))) return;
  const cutoffs = right === undefined ? [value] : limitValues(onLeft ? right : leaf, context);
  const short = cutoffs.filter(
    (one): one is number =>
      typeof one === 'number' &&
      one * 1_000 < 2 * everyMs &&
      !(ZERO_UNANSWERED.test(live) && one <= UNANSWERED_SECONDS),
  );
  if (short.length === 0) return;
  const how = negated ? `"not" around "${String(operator)}"` : `"${String(operator)}"`;
  context.findings.warning(
    inside(place, 'operator'),
    `"${live}" is compared by ${how} with ${Math.min(...short)} seconds, less than two polls, which are up to ${durationText(everyMs)} apart${whose}: calls may come and go, or pass this cutoff, between two polls, so that chance decides whether one is seen below it: expected at least ${(2 * everyMs) / 1_000}.`,
  );
}

function isLiveLength(fact: unknown): fact is string {
  if (typeof fact !== 'string') return false;
  return LIVE_LENGTHS.includes(fact) || LIVE_LENGTHS_OF_SCOPES.some((end) => fact.endsWith(end));
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
