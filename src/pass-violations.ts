import type { PlannedAction } from './domain/action.js';
import { type Subject, subjectKey } from './domain/scope.js';
import type { RuleDecision } from './pass-decide.js';
import { breakMsOf } from './plan/rule-timing.js';

/** Since when which subjects violate which rules without a break, as this process has seen it. */
export interface ViolationMemory {
  /** Takes in what the rules came to at `now` (milliseconds since the epoch). */
  note(rules: readonly RuleDecision[], at: { now: number; intervalMs: number }): void;
  /**
   * The action with the instant of the first violation in its evidence, so that the time to its confirmed end can be told;
   * `decision` is that of its rule.
   */
  dated(action: PlannedAction, decision: RuleDecision | undefined): PlannedAction;
}

interface Seen {
  ruleHash: string;
  since: number;
  lastAt: number;
}

/**
 * A rule with `for` keeps the same in the ledger and over restarts; for the others a restart begins anew, since nothing
 * depends on it but a figure.
 */
export function createViolationMemory(): ViolationMemory {
  let seen = new Map<string, Seen>();
  return {
    note(rules, { now, intervalMs }) {
      const breakMs = breakMsOf(intervalMs);
      const next = new Map<string, Seen>();
      const clear = new Set<string>();
      const hashes = new Set([...seen.values()].map(({ ruleHash }) => ruleHash));
      for (const { rule, verdicts, held, callOf } of rules) {
        for (const verdict of [...verdicts, ...held.map((one) => one.verdict)]) {
          // Most verdicts are clear, of rules that nobody violates: those need no key.
          if (verdict.result === 'indeterminate' || (verdict.result === 'clear' && !hashes.has(rule.hash)))
            continue;
          const key = keyFor(rule.hash, verdict.subject, callOf);
          if (verdict.result === 'clear') {
            clear.add(key);
            continue;
          }
          const before = seen.get(key);
          const unbroken = before !== undefined && before.lastAt <= now && now - before.lastAt <= breakMs;
          const heldSince = verdict.evidence.held && Date.parse(verdict.evidence.held.since);
          const since = Math.min(unbroken ? before.since : now, heldSince ?? now);
          next.set(key, { since, lastAt: now, ruleHash: rule.hash });
        }
      }
      // Who could not be judged for once, as on a doubtful listing, is not forgotten at once.
      for (const [key, one] of seen) {
        if (next.has(key) || clear.has(key)) continue;
        if (one.lastAt <= now && now - one.lastAt <= breakMs) next.set(key, one);
      }
      seen = next;
    },
    dated(action, decision) {
      const { ruleHash, subject } = action;
      const since = decision && seen.get(keyFor(ruleHash, subject, decision.callOf))?.since;
      if (since === undefined || action.action === 'alert') return action;
      return { ...action, evidence: { ...action.evidence, violatedSince: new Date(since).toISOString() } };
    },
  };
}

function keyFor(ruleHash: string, subject: Subject, callOf: RuleDecision['callOf']): string {
  return `${ruleHash} ${subjectKey(subject, callOf(subject))}`;
}
