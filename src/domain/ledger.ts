import type { CallIdentity } from './call.js';
import type { LearnedCustomer } from './customer-tree.js';
import type { JudgedBy, KeptRules, KeptSource } from './rule-version.js';

/** When a call was first listed in a state; instants of listings, in milliseconds since the epoch. */
export interface SeenState {
  /** One of CALL_STATES, or whatever else the switch wrote. */
  state: string;
  at: number;
}

/**
 * What the ledger keeps of one call: one row for each login that lists it, written when the call is first seen and when
 * something in it changes.
 * Fields are as last listed, raw: how numbers are read may change, what was listed does not.
 */
export interface LedgerCall extends CallIdentity {
  /** Under whose rights it was listed, as SwitchPort.login says it. */
  login: string;
  cli: string | undefined;
  cld: string | undefined;
  account: number | undefined;
  customer: number | undefined;
  connection: number | undefined;
  environment: number | undefined;
  direction: string | undefined;
  callerMediaIp: string | undefined;
  calleeMediaIp: string | undefined;
  /** Vendors whose listings showed it, ascending; only vendors that rules name are asked for. */
  vendors: readonly number[];
  /** SETUP_TIME on our clock; undefined where it is missing or doubtful. */
  setupAt: number | undefined;
  /** The listing that showed it first. */
  firstSeenAt: number;
  /**
   * The start where SETUP_TIME does not tell it: reckoned from the age that was listed, else the first sight where the
   * listing before it was soon enough to have shown the call. Absent where setupAt is known, where nobody can say when it
   * started, and in rows written before this was kept.
   */
  startedAt?: number | undefined;
  /**
   * The last listing that showed it live. For a call that has not ended this is as of the row's last change: the truth is
   * the last sound poll under its login.
   */
  lastSeenAt: number;
  /** The answer, reckoned from the first DURATION listed in state Connected; undefined before it. */
  connectedAt: number | undefined;
  /** States in which it was seen, in order of first sight. */
  states: readonly SeenState[];
  /** DURATION and DELAY in seconds as last listed; like lastSeenAt, as of the row's last change. */
  lastDuration: number | undefined;
  lastDelay: number | undefined;
  /** The first sound listing that covers the call and shows it ended or not at all; undefined while it lives. */
  endedAt: number | undefined;
  /** When we sent a disconnect that took it; undefined where we did not. */
  cutAt: number | undefined;
  /**
   * The first sound listing without it, while an entry that could not be read might be it, or calls of its account were
   * missing: it was not seen since. Beside endedAt it says that the call was given up so, and that nobody knows when it ended.
   * What ended after all was missing since lastSeenAt.
   */
  absentAt?: number | undefined;
  /** When the listing that told its end was there: it ended until then. Absent while it lives, and where nobody kept it. */
  endedBy?: number | undefined;
  /** Whether nobody looked for so long before its end that it may have been at any time since lastSeenAt; absent likewise. */
  endedInGap?: boolean | undefined;
  /** DURATION in seconds as listed once it was over, where that says how long it was. */
  finalDuration?: number | undefined;
  /**
   * Whether every DURATION listed of it was a whole number, so that its answer may have been up to a second earlier. Absent
   * where none was listed, or nobody kept it.
   */
  wholeSeconds?: boolean | undefined;
  /** Which of the entries of a call between two accounts of the switch, counted from 1; absent for the first. */
  leg?: number | undefined;
}

/** One poll of a switch, as far as the ledger cares. */
export interface LedgerPoll {
  /** When the listing was asked for; milliseconds since the epoch. */
  at: number;
  /** How often this switch was to be polled then; milliseconds. */
  intervalMs: number;
  /**
   * sound: a complete listing that nothing is doubtful about; suspect: a listing that may not speak for what it does not
   * show; failed: none came.
   */
  result: 'sound' | 'suspect' | 'failed';
  login: string;
}

/** A country that an account has called; kept beyond the calls themselves. */
export interface CalledCountry {
  account: number;
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** Start of the first and of the last known call there. */
  firstAt: number;
  lastAt: number;
}

/** Since when calls of an account are known. */
export interface KnownAccount {
  account: number;
  firstAt: number;
}

/** How long a rule has been violated by a subject without a break: what `for` is judged on. */
export interface Holding {
  rule: string;
  ruleHash: string;
  /** As subjectKey writes it: `account:10`; a call by its whole identity. */
  subject: string;
  /** First and last instant at which it was seen violated. */
  since: number;
  lastAt: number;
}

/** What one poll adds to the ledger. */
export interface LedgerChanges {
  poll: LedgerPoll;
  /** New and changed calls, whole. */
  calls: readonly LedgerCall[];
  countries: readonly CalledCountry[];
  accounts: readonly KnownAccount[];
  holding: HoldingChanges;
  /**
   * The clock was set back: this poll is not after the one before it. What was committed before is not loaded any more, but
   * for countries and accounts; all that is held violated is dropped before `holding` is put.
   */
  anew?: boolean;
  /** How numbers are read from now on, where that is new. */
  numbering?: NumberingMark;
  /** All that is known of customers; kept where it is new. Absent where nothing of it changed, or nobody was asked. */
  learned?: readonly LearnedCustomer[];
}

/** It holds from this instant on, until the next one of the same customer. */
export interface LearnedCustomerAt extends LearnedCustomer {
  learnedAt: number;
}

/** How numbers are read in what is kept, as Numbering.fingerprint says it, and since when; 0 where it was never otherwise. */
export interface NumberingMark {
  fingerprint: string;
  since: number;
}

export interface HoldingChanges {
  put: readonly Holding[];
  drop: readonly Pick<Holding, 'ruleHash' | 'subject'>[];
}

/** What the ledger knows of one switch. */
export interface LedgerState {
  /** The newest poll that was committed; undefined where there is none. Rises with every commit. */
  lastPollId: number | undefined;
  /** When that was; undefined where nobody kept it. */
  lastPollAt?: number | undefined;
  /** In the order of their commits, which is that of time since the history began anew. */
  polls: readonly LedgerPoll[];
  /** In order of first sight. Those still live have lastSeenAt and lastDuration as of their last change. */
  calls: readonly LedgerCall[];
  countries: readonly CalledCountry[];
  accounts: readonly KnownAccount[];
  holding: readonly Holding[];
  /** The last sound poll of each login that had one, however long ago. */
  lastSoundAt?: readonly { login: string; at: number }[];
  /** The same for the last poll that brought a listing, sound or not. */
  lastListedAt?: readonly { login: string; at: number }[];
  /**
   * Up to which instant calls of a login that ended have been pruned; none for a login that has lost none. A window that
   * begins before lacks what was in it. Absent where nobody kept it: then nothing is lacking.
   */
  prunedUntil?: readonly { login: string; at: number }[];
  /** Absent where nobody kept it: then it is taken to have been as it is. */
  numbering?: NumberingMark;
  /**
   * In which of the last 168 hours up to the newest sound poll there was one, in hours since the epoch. Absent where nobody
   * kept the polls: then nothing is doubted.
   */
  soundHours?: readonly number[];
}

/** The history of calls seen over passes. Every method rejects with STORE_FAILED. */
export interface Ledger {
  /** Cheap: tells whether another process has added to the ledger meanwhile. */
  lastPollId(switchName: string): Promise<number | undefined>;
  /**
   * Polls at or after `pollsSince`, which is `since` by default, and those before it back to the last sound one of each login;
   * calls that are live, or were seen or ended at or after `since`; all countries and holdings. Polls and calls since the
   * history began anew alone.
   */
  load(switchName: string, since: number, pollsSince?: number): Promise<LedgerState>;
  /** When the last poll was, by the clock of then; undefined before the first. */
  lastPollAt(switchName: string): Promise<number | undefined>;
  /** What was learned last of each customer of the switch; none where nobody ever was asked. */
  learnedCustomers(switchName: string): Promise<readonly LearnedCustomerAt[]>;
  /** Which versions of rules passes of the switch judged by; no source where no pass kept it. */
  ruleVersions(switchName: string): Promise<KeptRules>;
  /**
   * Takes down by which rules a pass judges; resolves with what is kept then, see afterPass. That is on disk; writes only where
   * something changed. Only under the switch's pass lock.
   */
  noteRules(switchName: string, pass: JudgedBy): Promise<readonly KeptSource[]>;
  /** One transaction; resolves with the poll's id once it is on disk. */
  commit(switchName: string, changes: LedgerChanges): Promise<number>;
  /**
   * Deletes at most `maxRows` of what is older than `before` (calls by when they ended), of polls before `pollsBefore`, which is
   * `before` by default, and of countries not called since `countriesBefore`; resolves with how many went. Call it again until
   * it says 0. Up to when calls of each login went is kept.
   */
  prune(options: PruneOptions): Promise<number>;
}

export interface PruneOptions {
  before: number;
  pollsBefore?: number;
  countriesBefore: number;
  maxRows: number;
}

/** One action that a rule really took on a subject: what `cooldown` and `escalate` are judged on. */
export interface RuleActed {
  ruleHash: string;
  /** As subjectKey writes it: `account:10`; a call by its whole identity. */
  subject: string;
  at: number;
  passId: string;
  /** Of its first record in the audit log; undefined in a replay. */
  actionId?: number;
}

/** From when on what a version of a rule did is asked for. */
export interface ActedFrom {
  /** Milliseconds since the epoch. */
  since: number;
  /** Only records with a higher ID in the audit log. */
  after: number;
}
