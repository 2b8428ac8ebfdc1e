import type { EventType } from '../domain/rule.js';
import type { Evidence } from '../domain/verdict.js';
import { durationText } from './duration.js';

/** `climbed to disconnectCall: the rule had acted twice within 10m` */
export function climbedText(
  { after, acted, withinSeconds }: NonNullable<Evidence['escalated']>,
  event: EventType | undefined,
): string {
  const to = event === undefined ? `the step \`after: ${after}\`` : event;
  return `climbed to ${to}: the rule had acted ${timesText(acted)} on this subject within ${durationText(withinSeconds * 1000)}`;
}

function timesText(count: number): string {
  if (count === 1) return 'once';
  return count === 2 ? 'twice' : `${count} times`;
}
