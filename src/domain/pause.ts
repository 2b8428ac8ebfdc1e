/** Acting was stopped by a person; detection goes on. */
export interface Pause {
  /** The switch; undefined for all of them, also those that come later. */
  switch: string | undefined;
  /** Milliseconds since the epoch. */
  at: number;
  /** When it ends by itself; undefined: only by `resume`. */
  until: number | undefined;
  /** What the person gave as the reason. */
  reason: string;
  /** `cli:<user>` */
  actor: string;
}

/**
 * The pauses in force, in the store, so that they survive restarts and reach every process. Every method rejects with
 * STORE_FAILED. What it changes is an event of the audit log, committed with it.
 */
export interface Pauses {
  /** The pause that keeps this switch from acting at this instant: its own, else the one for all; undefined where none does. */
  of(switchName: string, now: number): Promise<Pause | undefined>;
  /** All in force at this instant, the one for all switches first. */
  list(now: number): Promise<readonly Pause[]>;
  /** Replaces an earlier pause of the same switch (or of all). */
  pause(pause: Pause): Promise<void>;
  /** Ends the pause of this switch, or with undefined every pause; resolves with those that were in force. */
  resume(
    switchName: string | undefined,
    resumed: { at: number; reason: string; actor: string },
  ): Promise<readonly Pause[]>;
}
