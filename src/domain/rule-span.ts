import type { ActionMode } from './action.js';

/** A version of a rule as it acts. */
export interface RuleVersion {
  ruleHash: string;
  /** By its own mode and the config's. */
  mode: ActionMode;
}

/** A time in which a version of a rule was in force on a switch without a break; milliseconds since the epoch. */
export interface RuleSpan extends RuleVersion {
  /** The first pass with it; 0 where it may be older. */
  since: number;
  /** The last poll with it; undefined while it is in force. */
  until: number | undefined;
}

/** What a pass judges by. */
export interface NotedVersions {
  switchName: string;
  /** The rules directory: what another one has or lacks says nothing of this one's rules. */
  source: string;
  versions: readonly RuleVersion[];
  at: number;
  breakMs: number;
}

/**
 * Since when a version has been in force without a break at this instant, which is when a pass would judge by it: what it did
 * before counts no more. A break of `breakMs` is none. 0 where nobody kept that.
 */
export function inForceSince(
  spans: readonly RuleSpan[],
  { ruleHash, mode }: RuleVersion,
  { at, breakMs }: { at: number; breakMs: number },
): number {
  if (spans.length === 0) return 0;
  const own = spans.filter((one) => one.ruleHash === ruleHash && one.mode === mode);
  const now = own.find(({ since, until = Number.POSITIVE_INFINITY }) => since <= at && at <= until + breakMs);
  if (now !== undefined) return now.since;
  if (!own.some(({ since, until }) => until === undefined && since > at)) return at;
  // The clock was set back since it came into force: after what came before that, and nobody can tell more.
  const before = own.flatMap(({ until }) => (until === undefined || until >= at ? [] : [until + 1]));
  return Math.max(0, ...before);
}
