import type { Config } from '../domain/config.js';
import type { RuleActed } from '../domain/ledger.js';
import type { AuditLog } from '../domain/ports.js';
import { actedReachMs } from '../plan/rule-timing.js';
import type { Judging } from './judging.js';

/** What the rules did that ask for it, each as far back from `now` as it asks, and after `now` as well. */
export async function actedSince(
  audit: Pick<AuditLog, 'actedSince'>,
  { rules, switchName }: Pick<Judging, 'rules' | 'switchName'>,
  configMode: Config['mode'],
  now: number,
): Promise<readonly RuleActed[]> {
  const found = await Promise.all(
    rules.map(({ rule }) => {
      const reachMs = actedReachMs(rule);
      if (reachMs === 0) return [];
      const mode = rule.mode === 'enforce' && configMode === 'enforce' ? 'enforce' : 'monitor';
      return audit.actedSince(switchName, mode, new Map([[rule.hash, now - reachMs]]));
    }),
  );
  return found.flat();
}
