import type { Problem } from './errors.js';
import type { RuleFileText } from './rule-files.js';

/** One change of one list or limits file that loses entries: what `rules accept` accepts, and nothing else. */
export interface LossOfEntries {
  /** As messages name it, e.g. `rules/lists/high-risk.txt`. */
  file: string;
  /** SHA-256 of the text on disk, in hex. */
  hash: string;
  /** The text that is in force instead, of a file of another name where a list changed its format. */
  inForce: { file: string; hash: string };
}

/** What persons accepted for one directory. */
export interface AcceptedLosses {
  /** Those that are still good: the text that was in force then still is. */
  open: readonly LossOfEntries[];
  /** How many there ever were. It grows with each, so that one is noticed even where another process has used it up. */
  total: number;
}

/** A list or limits file that lost more than a fifth of its entries at once, or seems cut off: the version before it stays in force. */
export interface HeldBackFile extends LossOfEntries {
  entriesBefore: number;
  entriesNow: number;
  /** How many of those before are missing now; new ones make up for none of them. */
  lost: number;
  /** Set where the file is not there any more. */
  gone?: true;
  /** Set where it is the beginning of what is in force and ends in the middle of a line. */
  endsMidLine?: true;
}

/** A changed file that is not taken, since it belongs to an edit of which another part is held back. */
export interface WaitingFile {
  file: string;
  /** The files that are held back, by name. */
  behind: readonly string[];
}

/** What a service says of its rules, for `status`. */
export interface RulesReport {
  /** Absolute path of the rules directory. */
  directory: string;
  /** SHA-256 over all files as they are in force, and over all files as they lie on disk; in hex. */
  loadedHash: string;
  diskHash: string;
  /** Milliseconds since the epoch. */
  loadedAt: number;
  rules: number;
  /**
   * Errors of the files on disk which keep them from being taken, or warnings of what has to come to rest before; empty where
   * disk and memory agree.
   */
  problems: readonly Problem[];
  heldBack: readonly HeldBackFile[];
  waiting: readonly WaitingFile[];
}

/**
 * Remembers which rule files are in force, across restarts. A directory is given by the path that a config names; by whatever
 * symbolic links it is reached, it is the same one. Where a link leads to another directory than before, what was in force by its
 * name counts as that directory's. Every method rejects with STORE_FAILED.
 */
export interface RulesInForce {
  /** All files as they were last in force for this directory; empty where none were. An earlier version kept lists and limits alone. */
  load(directory: string): Promise<readonly RuleFileText[]>;
  /**
   * Replaces what is kept for this directory where it is other, and uses up what was accepted against a text that is kept no longer.
   * Does nothing, and says false, where `instead` is given and others than these are kept by now: another process knows better then.
   */
  keep(
    directory: string,
    files: readonly RuleFileText[],
    at: number,
    instead?: readonly RuleFileText[],
  ): Promise<boolean>;
  /** Keeps this directory from being forgotten; false where nothing is kept by this name. To be called now and then while it is gone by. */
  useStill(directory: string): Promise<boolean>;
  accepted(directory: string): Promise<AcceptedLosses>;
  /** Those that are still good, and those that took effect. */
  everAccepted(directory: string): Promise<readonly LossOfEntries[]>;
  /** Once more changes nothing while it is still good. */
  accept(directory: string, loss: LossOfEntries, actor: string, at: number): Promise<void>;
  /**
   * Says that a service goes by this directory, until the returned function is called or the process ends, however it ends.
   * To be called before its first report.
   */
  serve(directory: string): Promise<() => void>;
  report(report: RulesReport): Promise<void>;
  /** The same for a process that is no service: where one goes by the directory, what that has said stands. */
  reportUnlessServed(report: RulesReport): Promise<void>;
  /** The last report for this directory; undefined where there is none. */
  lastReport(directory: string): Promise<RulesReport | undefined>;
}
