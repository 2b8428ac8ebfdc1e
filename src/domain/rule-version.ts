import type { ActionMode } from './action.js';

/** A version of a rule as it acts. */
export interface RuleVersion {
  ruleHash: string;
  /** By its own mode and the config's. */
  mode: ActionMode;
}

/** What passes have kept of one on a switch; instants in milliseconds since the epoch. */
export interface KeptVersion extends RuleVersion {
  /** The first pass with it; 0 where it may be older. */
  since: number;
  /** The first pass without it since the last one with it; undefined where the last one was with it. */
  absentSince: number | undefined;
  /** How many there were. */
  absentPasses: number;
}

/** So many passes without a version are no break, be they those of another config or of an edit that was taken back. */
const PASSES_WITHOUT_A_BREAK = 3;
/** Nor is less than this; milliseconds. */
const SHORTEST_BREAK_MS = 15_000;

/** Whether a version is out of force by now: passes without it have gone on for long enough. */
export function isOut({ absentSince, absentPasses }: KeptVersion, now: number): boolean {
  if (absentSince === undefined || absentPasses <= PASSES_WITHOUT_A_BREAK) return false;
  // A clock that was set back since then tells nothing.
  return now < absentSince || now - absentSince >= SHORTEST_BREAK_MS;
}

/**
 * Since when a version has been in force without a break at this instant, for a pass that judges by it: what it did before counts
 * no more. 0 where nobody kept that.
 */
export function inForceSince(kept: KeptVersion | undefined, now: number): number {
  if (kept === undefined) return 0;
  // Where the clock was set back since it came into force, what it has done is stamped later.
  return isOut(kept, now) ? now : Math.min(kept.since, now);
}

/** What of that was known at an instant of the past, as far as it is still kept. */
export function keptAsOf(kept: readonly KeptVersion[], at: number): readonly KeptVersion[] {
  return kept
    .filter(({ since }) => since <= at)
    .map((one) =>
      one.absentSince !== undefined && one.absentSince > at
        ? { ...one, absentSince: undefined, absentPasses: 0 }
        : one,
    );
}
