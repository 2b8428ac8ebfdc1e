import type { WithholdReason } from './domain/action.js';
import { jitterMsOf } from './domain/jitter.js';
import type { LedgerPoll } from './domain/ledger.js';
import { REPEAT_RECORD_MS } from './pass-past.js';
import type { CompiledRule } from './policy/compile-rules.js';

/**
 * The alerts that tripped caps raise. Enforcement records one for each rule and cap in a pass, and none that would only repeat
 * an unchanged record: the same is counted here.
 */
export interface CapTrips {
  /** Whether something that was withheld for this reason at this poll is told by an alert of its own. */
  raises(rule: string, reason: WithholdReason, poll: LedgerPoll): boolean;
}

export function createCapTrips(rules: readonly CompiledRule[]): CapTrips {
  const alertedAt = new Map<string, number>();
  const repeatMs = new Map(rules.map(({ rule }) => [rule.name, rule.cooldownMs ?? REPEAT_RECORD_MS]));
  return {
    raises(rule, reason, { at, intervalMs }) {
      if (!reason.startsWith('cap-')) return false;
      const trip = `${rule} ${reason}`;
      const last = alertedAt.get(trip);
      const waitMs = (repeatMs.get(rule) ?? REPEAT_RECORD_MS) - jitterMsOf(intervalMs);
      // Within one poll it is one alert, however short the cooldown.
      if (last !== undefined && (last === at || at - last < waitMs)) return false;
      alertedAt.set(trip, at);
      return true;
    },
  };
}
