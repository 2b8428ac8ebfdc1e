import type { ActionMode } from './domain/action.js';
import { type CallIdentity, identityKey } from './domain/call.js';
import type { RecentDisconnect } from './domain/conversations.js';
import { jitterMsOf } from './domain/jitter.js';
import type { ActedFrom, HoldingChanges, LedgerChanges, RuleActed } from './domain/ledger.js';
import type { AuditLog } from './domain/ports.js';
import type { Rule } from './domain/rule.js';
import {
  afterPass,
  boundsIn,
  type JudgedBy,
  type KeptRules,
  type KeptSource,
  type RuleSource,
  type RuleVersion,
  type VersionBounds,
} from './domain/rule-version.js';
import type { Snapshot } from './domain/snapshot.js';
import type { PassContext } from './pass-enforcement.js';
import type { Reach } from './pass-memory.js';
import { actedReachMs } from './plan/rule-timing.js';
import type { CompiledRule } from './policy/compile-rules.js';

/** A call whose disconnect was sent so recently counts as gone while the switch still lists it; milliseconds. */
export const RECENT_DISCONNECT_MS = 30_000;

const DAY_MS = 86_400_000;

/** How far the rules look back. */
export function reachOf(rules: readonly Pick<CompiledRule, 'windowMs' | 'watchedMs'>[]): Reach {
  const longest = (ms: (rule: (typeof rules)[number]) => number) => Math.max(0, ...rules.map(ms));
  return { reachMs: longest(({ windowMs }) => windowMs), watchedMs: longest(({ watchedMs }) => watchedMs) };
}

/** A window must know that it could not see; a store that fails as well must not hide why the poll failed. */
export async function takeDownMissed(context: PassContext, at: number): Promise<void> {
  const { memory, intervalMs, port, note } = context;
  try {
    await memory.sync(at, reachOf(context.rules));
    noteSetBack(context, at);
    await memory.missed({ at, intervalMs, login: port.login });
  } catch (error) {
    note(`the failed poll could not be taken down in the ledger: ${String(error)}`);
  }
}

/** Nobody would understand why windows are empty. */
function noteSetBack({ memory, note }: PassContext, now: number): void {
  if (memory.history.isSetBack(now))
    note('the clock was set back: windows and `for` begin anew with this poll, and the ledger with them');
}

/** An unchanged alerted, monitored or withheld record is repeated after this where its rule names no cooldown; milliseconds. */
export const REPEAT_RECORD_MS = 5 * 60_000;

/**
 * Takes the snapshot into the history, does `work` on it, and writes down what the poll brought, whatever became of the
 * work: the ledger is the only memory of what was on the switch.
 */
export async function remember(
  context: PassContext,
  { snapshot, learned }: { snapshot: Snapshot; learned: LedgerChanges['learned'] | undefined },
  work: (
    recentlyDisconnected: readonly RecentDisconnect[],
    onHolding: (holding: HoldingChanges) => void,
  ) => Promise<void>,
): Promise<void> {
  const { audit, memory, switchName, intervalMs } = context;
  const { observedAt } = snapshot;
  await memory.sync(observedAt, reachOf(context.rules));
  noteSetBack(context, observedAt);
  const { history, sentAhead } = memory;
  const { cuts, recent } = await disconnectsBefore(
    audit,
    switchName,
    observedAt,
    history.lastListedAt(snapshot.coverage.login),
    sentAhead,
  );
  const changes = {
    ...memory.history.observe(snapshot, { intervalMs, cuts }),
    ...(learned === undefined ? {} : { learned }),
  };
  // Kept rule by rule: what a rule saw before the work broke off has been seen.
  const put: HoldingChanges['put'][number][] = [];
  const drop: HoldingChanges['drop'][number][] = [];
  const holding: HoldingChanges = { put, drop };
  try {
    await work(recent, (ofRule) => {
      put.push(...ofRule.put);
      drop.push(...ofRule.drop);
    });
  } catch (error) {
    // What went wrong first is what the report has to say.
    await memory.commit(changes, holding).catch((failure: unknown) => context.note(String(failure)));
    throw error;
  }
  await memory.commit(changes, holding);
}

/**
 * Disconnects that bear an instant after now, since the clock was ahead or was set back, and when each was found first: they
 * count as sent then, by the calls' identityKey.
 */
export type SentAhead = Map<string, number>;

/**
 * Calls whose disconnect was sent before this listing: `cuts` since the last listing under its login, for the history, however
 * long ago that was, and of a day where nobody knows or the clock was set back since: those that we may have ended; `recent` those
 * that count as gone while they are still listed.
 */
export async function disconnectsBefore(
  audit: Pick<AuditLog, 'disconnectsSince'>,
  switchName: string,
  observedAt: number,
  lastListedAt: number | undefined,
  sentAhead: SentAhead = new Map(),
): Promise<{ cuts: readonly CallIdentity[]; recent: readonly RecentDisconnect[] }> {
  const recentSince = observedAt - RECENT_DISCONNECT_MS;
  const cutSince = cutsSince(observedAt, lastListedAt);
  const cuts = await audit.disconnectsSince(switchName, cutSince, { mayHaveEnded: true });
  const sent = await audit.disconnectsSince(switchName, recentSince, { until: observedAt });
  const ahead = await audit.disconnectsSince(switchName, observedAt + 1);
  const foundAt = new Map(
    ahead.map((call) => {
      const key = identityKey(call);
      return [key, Math.min(sentAhead.get(key) ?? observedAt, observedAt)] as const;
    }),
  );
  sentAhead.clear();
  for (const [key, at] of foundAt) sentAhead.set(key, at);
  const recent = ahead.filter((call) => (foundAt.get(identityKey(call)) ?? 0) >= recentSince);
  return { cuts, recent: [...sent, ...recent] };
}

/** Since when disconnects are told to the history with a listing: a call that was cut must not count as ended by itself. */
export function cutsSince(observedAt: number, lastListedAt: number | undefined): number {
  const isKnown = lastListedAt !== undefined && lastListedAt < observedAt;
  // A little earlier: the clock may have been set back by less than the time between two listings.
  return isKnown ? lastListedAt - RECENT_DISCONNECT_MS : observedAt - DAY_MS;
}

/** What counts of what a rule did, in the version that is judged by. */
export type BoundsOf = (rule: Pick<Rule, 'name' | 'hash' | 'mode'>) => VersionBounds;

/**
 * Takes down by which rules the pass on a listing asked for at `now` judges; a dry run only looks, since it puts nothing into
 * force.
 */
export async function noteVersions(context: PassContext, now: number, dryRun: boolean): Promise<BoundsOf> {
  const { memory } = context;
  const pass = judgedBy(context, now);
  if (!dryRun) return boundsOf(await memory.noteRules(pass), pass.source);
  return boundsAfter(await memory.ruleVersions(), pass);
}

/** What a pass would find that judges by these rules now. */
export function boundsAfter({ sources, lastAction }: KeptRules, pass: JudgedBy): BoundsOf {
  return boundsOf(afterPass(sources, pass, lastAction), pass.source);
}

/** What passes have kept says what counts for one of this source. */
export function boundsOf(kept: readonly KeptSource[], source: RuleSource): BoundsOf {
  const bounds = boundsIn(kept, source);
  return (rule) => bounds(versionOf(rule, source.mode));
}

export function judgedBy(
  {
    rules,
    turnedOff,
    rulesFrom,
    configMode,
  }: Pick<PassContext, 'rules' | 'turnedOff' | 'rulesFrom' | 'configMode'>,
  now: number,
): JudgedBy {
  return {
    source: { ...rulesFrom, mode: configMode },
    versions: rules.map(({ rule }) => versionOf(rule, configMode)),
    turnedOff,
    at: now,
  };
}

/** A version of a rule as it acts under this config. */
export function versionOf(
  { name, hash, mode }: Pick<Rule, 'name' | 'hash' | 'mode'>,
  configMode: PassContext['configMode'],
): RuleVersion {
  const acts = mode === 'enforce' && configMode === 'enforce';
  return { rule: name, ruleHash: hash, mode: acts ? 'enforce' : 'monitor' };
}

/**
 * What the rules that ask for it did, each within its own reach and as far as it counts; a rule that only watches is asked for
 * what it noted.
 */
export async function actedBefore(
  { audit, rules, switchName, configMode }: PassContext,
  now: number,
  boundsOf: BoundsOf,
): Promise<readonly RuleActed[]> {
  const fromOfHash: Record<ActionMode, Map<string, ActedFrom>> = { enforce: new Map(), monitor: new Map() };
  for (const { rule } of rules) {
    const reachMs = actedReachMs(rule);
    if (reachMs === 0) continue;
    const { mode } = versionOf(rule, configMode);
    fromOfHash[mode].set(rule.hash, { since: now - reachMs, after: boundsOf(rule).coolsAfter });
  }
  const found = await Promise.all(
    (['enforce', 'monitor'] as const).map((mode) =>
      fromOfHash[mode].size === 0 ? [] : audit.actedSince(switchName, mode, fromOfHash[mode]),
    ),
  );
  return found.flat();
}

/**
 * What was stamped while the clock was ahead was done before now all the same. When it is first found it counts as done just
 * then, so that neither a cooldown is voided nor one lasts until the clock comes to that instant again.
 */
export function withoutFuture(
  acted: readonly RuleActed[],
  now: number,
  firstFound: Map<string, number>,
): readonly RuleActed[] {
  if (!acted.some(({ at }) => at > now)) {
    firstFound.clear();
    return acted;
  }
  return acted
    .map((one) => {
      if (one.at <= now) return one;
      const key = JSON.stringify([one.ruleHash, one.subject, one.at]);
      const at = Math.min(now, firstFound.get(key) ?? now);
      firstFound.set(key, at);
      return { ...one, at };
    })
    .sort((one, other) => one.at - other.at);
}

/**
 * What is on record from then on is not recorded anew by a pass on a listing asked for at `now`; for each rule as far as it counts
 * for its version, and, where it has a cooldown, to the very millisecond as the cooldown itself.
 */
export function repeatsFrom(
  { rules, intervalMs }: Pick<PassContext, 'rules' | 'intervalMs'>,
  now: number,
  boundsOf: BoundsOf,
): { since: number; fromOfRule: ReadonlyMap<string, ActedFrom> } {
  const since = (waitMs: number) => now - waitMs + jitterMsOf(intervalMs) + 1;
  const fromOfRule = new Map(
    rules.map(({ rule }) => [
      rule.name,
      { since: since(rule.cooldownMs ?? REPEAT_RECORD_MS), after: boundsOf(rule).coolsAfter },
    ]),
  );
  return { since: since(REPEAT_RECORD_MS), fromOfRule };
}
