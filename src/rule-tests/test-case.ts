import type { ActionType, WithholdReason } from '../domain/action.js';
import type { CallState } from '../domain/call.js';
import type { CustomerTree, Protect } from '../domain/config.js';
import type { Location } from '../domain/errors.js';
import type { Limit } from '../domain/facts.js';
import type { NumberPlan } from '../domain/numbering.js';

/** One test of rules after reading: nothing left to refuse. Instants are milliseconds since the epoch. */
export interface RuleTestCase {
  name: string;
  description: string | undefined;
  location: Location;
  /** Undefined for all rules that are not off. */
  rules: readonly string[] | undefined;
  start: number;
  everyMs: number;
  /** In order of time, failed ones included. */
  polls: readonly CasePoll[];
  /** In the order in which they are set up. */
  calls: readonly CaseCall[];
  /** By instant of the poll. */
  expectations: ReadonlyMap<number, Expectation>;
  /** A poll without an expectation must contain no alert either. */
  strict: boolean;
  /** How long before `start` the ledger began. */
  historyMs: number;
  switchName: string;
  numbers: NumberPlan;
  /** Instead of limits.csv; undefined for those. */
  limits: readonly CaseLimit[] | undefined;
  protect: Protect;
  customerTree: CustomerTree;
}

export interface CaseLimit extends Limit {
  /** Of its name. */
  location: Location;
}

export interface CasePoll {
  at: number;
  fails: boolean;
}

/** One call of a case, repetitions written out. */
export interface CaseCall {
  /** As the case calls it. */
  name: string;
  /** ID on the switch: digits. */
  id: string;
  callId: string;
  /** Setup, and the first instant at which it is not listed any more; Infinity for a call that outlasts the case. */
  from: number;
  to: number;
  /** Undefined for a call that is never answered. */
  answeredAt: number | undefined;
  /** Where it stands before the answer. */
  setupState: CallState;
  account: number | undefined;
  customer: number | undefined;
  connection: number | undefined;
  environment: number | undefined;
  cli: string | undefined;
  cld: string | undefined;
  direction: string;
  callerMediaIp: string | undefined;
  calleeMediaIp: string | undefined;
  vendors: readonly number[];
}

/** What has to happen at one poll. */
export interface Expectation {
  location: Location;
  /** Exactly these; undefined where the case speaks of verdicts only, and then no call may be cut. */
  actions: readonly ExpectedAction[] | undefined;
  violated: readonly ExpectedVerdict[];
  clear: readonly ExpectedVerdict[];
}

export interface ExpectedAction {
  rule: string | undefined;
  action: ActionType | undefined;
  /** As the case calls it; with a `*` at its end the beginning of it. */
  target: string | undefined;
  /** `account:10` */
  subject: string | undefined;
  /** So many actions like this. */
  count: number;
  /** Undefined for an action that is carried out; true for one that any safeguard stops. */
  withheld: WithholdReason | true | undefined;
  location: Location;
}

export interface ExpectedVerdict {
  rule: string;
  subject: string;
  location: Location;
}
