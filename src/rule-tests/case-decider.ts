import type { PlannedAction } from '../domain/action.js';
import type { Rule } from '../domain/rule.js';
import type { Subject } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { ConditionEvidence, Verdict, ViolatedVerdict } from '../domain/verdict.js';
import type { CaseWorld } from './case-world.js';

/**
 * Decides the polls of one case, one after the other, and remembers what went before: what a pass does, without a switch
 * and without a store. Handed in, because only the whole program knows all its stages.
 */
export interface CaseDecider {
  poll(snapshot: Snapshot): Promise<CaseDecision>;
  missed(poll: ReturnType<CaseWorld['missedAt']>): void;
  /** These actions of the last poll were carried out. */
  done(actions: readonly PlannedAction[], at: number): void;
  /** What the rule saw of a subject at the last poll, be it judged or not; undefined where it cannot say. */
  explain(rule: string, subject: Subject): Promise<SubjectExplanation | undefined>;
  /** The entries of `except` that keep the rule from being judged on this switch at the last poll. */
  exceptedHere(rule: string): readonly string[];
  /** Whether this CLI or CLD is protected though the case does not name it, as emergency numbers are. */
  isProtectedUnnamed(number: string): boolean;
}

export interface CaseDecision {
  /**
   * As they are carried out: a whole that must not be taken is withheld and followed by the calls cut one by one. Alerts
   * that the audit log would not record anew are left out.
   */
  actions: readonly PlannedAction[];
  rules: readonly JudgedRule[];
}

/** A subject as the rule sees it once the rules that are planned before have taken their calls. */
export interface SubjectExplanation {
  /** What all conditions came to; undefined where the subject is left out. */
  conditions: ConditionEvidence | undefined;
  /** What of `only` and `except` leaves it, or calls of it, out: `except.accounts names 77 (until 2026-12-01T00:00Z)`. */
  leftOut: readonly string[];
  /** Its calls that rules planned before take at this poll, each by its ID on the switch. */
  taken: readonly { id: string; by: string }[];
}

/** What one rule came to at one poll. */
export interface JudgedRule {
  rule: Rule;
  /** False outside of its schedule. */
  active: boolean;
  verdicts: readonly Verdict[];
  held: readonly HeldBack[];
  /** Why it could not be judged; undefined where it could. */
  broken: unknown;
}

/** A violation that may not act yet. */
export interface HeldBack {
  verdict: ViolatedVerdict;
  reason: 'for' | 'cooldown';
  /** The earliest instant at which it may act. */
  until: number;
}
