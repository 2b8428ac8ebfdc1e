import type { Config } from '../domain/config.js';
import type { Ledger, RuleActed } from '../domain/ledger.js';
import type { AuditLog } from '../domain/ports.js';
import { inForceSince } from '../domain/rule-span.js';
import type { VersionSince } from '../pass-past.js';
import { actedReachMs, breakMsOf } from '../plan/rule-timing.js';
import type { Judging } from './judging.js';

/** Since when versions of rules have been in force at an instant of the past, or now, as a pass would know it then. */
export async function versionsAt(
  ledger: Pick<Ledger, 'ruleSpans'>,
  switchName: string,
  at: number,
  intervalMs: number,
): Promise<VersionSince> {
  const spans = await ledger.ruleSpans(switchName);
  const breakMs = breakMsOf(intervalMs);
  return ({ hash }) => inForceSince(spans, hash, { at, breakMs });
}

/**
 * What the rules that ask for it did, each as far back from `now` as it asks but by no earlier version, and after `now` as
 * well.
 */
export async function actedSince(
  audit: Pick<AuditLog, 'actedSince'>,
  { rules, switchName }: Pick<Judging, 'rules' | 'switchName'>,
  { configMode, now, versionSince }: { configMode: Config['mode']; now: number; versionSince: VersionSince },
): Promise<readonly RuleActed[]> {
  const found = await Promise.all(
    rules.map(({ rule }) => {
      const reachMs = actedReachMs(rule);
      if (reachMs === 0) return [];
      const mode = rule.mode === 'enforce' && configMode === 'enforce' ? 'enforce' : 'monitor';
      const since = Math.max(now - reachMs, versionSince(rule));
      return audit.actedSince(switchName, mode, new Map([[rule.hash, since]]));
    }),
  );
  return found.flat();
}
