import type { Config } from '../domain/config.js';
import type { RuleActed } from '../domain/ledger.js';
import type { AuditLog } from '../domain/ports.js';
import { type BoundsOf, versionOf } from '../pass-past.js';
import { actedReachMs } from '../plan/rule-timing.js';
import type { Judging } from './judging.js';

/**
 * What the rules that ask for it did, each as far back from `now` as it asks and as far as it counts, and after `now` as
 * well.
 */
export async function actedSince(
  audit: Pick<AuditLog, 'actedSince'>,
  { rules, switchName }: Pick<Judging, 'rules' | 'switchName'>,
  { configMode, now, boundsOf }: { configMode: Config['mode']; now: number; boundsOf: BoundsOf },
): Promise<readonly RuleActed[]> {
  const found = await Promise.all(
    rules.map(({ rule }) => {
      const reachMs = actedReachMs(rule);
      if (reachMs === 0) return [];
      const { mode } = versionOf(rule, configMode);
      const from = { since: now - reachMs, after: boundsOf(rule).coolsAfter };
      return audit.actedSince(switchName, mode, new Map([[rule.hash, from]]));
    }),
  );
  return found.flat();
}
