/** A time in which a version of a rule was in force on a switch without a break; milliseconds since the epoch. */
export interface RuleSpan {
  ruleHash: string;
  /** The first pass with it; 0 where it may be older. */
  since: number;
  /** The last poll with it; undefined while it is in force. */
  until: number | undefined;
}

/**
 * Since when a version has been in force without a break at this instant, which is when a pass would judge by it: what it did
 * before counts no more. A break of `breakMs` is none. 0 where nobody kept that.
 */
export function inForceSince(
  spans: readonly RuleSpan[],
  ruleHash: string,
  { at, breakMs }: { at: number; breakMs: number },
): number {
  if (spans.length === 0) return 0;
  const own = spans.filter((one) => one.ruleHash === ruleHash);
  const now = own.find(({ since, until = Number.POSITIVE_INFINITY }) => since <= at && at <= until + breakMs);
  if (now !== undefined) return now.since;
  // The clock was set back since it came into force: nobody can tell before from after.
  return own.some(({ since, until }) => until === undefined && since > at) ? 0 : at;
}
