import type { Problem } from './errors.js';
import type { RuleFileText } from './rule-files.js';

/** A list or limits file that lost more than a fifth of its entries at once: the version before it stays in force. */
export interface HeldBackFile {
  /** As messages name it, e.g. `rules/lists/high-risk.txt`. */
  file: string;
  entriesBefore: number;
  entriesNow: number;
  /** How many of those before are missing now; new ones make up for none of them. */
  lost: number;
  /** Set where the file is not there any more. */
  gone?: true;
  /** SHA-256 of the text on disk, in hex: what `rules accept` accepts. */
  hash: string;
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
  /** Errors of the files on disk which keep them from being taken; empty where disk and memory agree. */
  problems: readonly Problem[];
  heldBack: readonly HeldBackFile[];
}

/** Remembers which rule files are in force, across restarts. Every method rejects with STORE_FAILED. */
export interface RulesInForce {
  /** Lists and limits as they were last in force for this directory; empty where none were. */
  load(directory: string): Promise<readonly RuleFileText[]>;
  /** Replaces what is kept for this directory. */
  keep(directory: string, files: readonly RuleFileText[], at: number): Promise<void>;
  /** Hashes that a person accepted for files of this directory. */
  accepted(directory: string): Promise<ReadonlySet<string>>;
  accept(directory: string, file: string, hash: string, actor: string, at: number): Promise<void>;
  report(report: RulesReport): Promise<void>;
  /** The last report for this directory; undefined where there is none. */
  lastReport(directory: string): Promise<RulesReport | undefined>;
}
