import { existsSync } from 'node:fs';
import type { CallIdentity } from '../domain/call.js';
import type { Config, SwitchConfig } from '../domain/config.js';
import type { LedgerCall } from '../domain/ledger.js';
import type { AuditLog } from '../domain/ports.js';
import type { RuleSet } from '../domain/rule.js';
import type { Snapshot } from '../domain/snapshot.js';
import { createCallHistory } from '../facts/call-history.js';
import { gatherSnapshot } from '../gather/gather-snapshot.js';
import type { ExplainInput } from '../pass-explain.js';
import { createLedgerWorld } from '../pass-ledger-world.js';
import { RECENT_DISCONNECT_MS } from '../pass-past.js';
import { createReplay } from '../pass-replay.js';
import { actedReachMs } from '../plan/rule-timing.js';
import { shortestIntervalMs } from '../schedule/shortest-interval.js';
import { type LedgerReader, openLedgerReader } from '../store/ledger-reader.js';
import { openStore, type Store } from '../store/open-store.js';
import { connectSwitch } from './compose.js';
import { type CliContext, say } from './context.js';
import { type Judging, judgingOf } from './judging.js';

const HOUR_MS = 3_600_000;

export interface ExplanationParts {
  config: Config;
  switchConfig: SwitchConfig;
  ruleSet: RuleSet;
  /** Milliseconds since the epoch: from the ledger; undefined for a new listing. */
  at: number | undefined;
  context: CliContext;
}

export interface FoundInput {
  input: ExplainInput;
  /** Where the calls come from, for a person. */
  source: string;
}

/** All that a pass would know: now, from the switch, or at an instant of the past. Undefined where the ledger does not reach. */
export async function explanationInput(parts: ExplanationParts): Promise<FoundInput | undefined> {
  const { config, switchConfig, ruleSet, at, context } = parts;
  const judging = judgingOf(config, switchConfig, ruleSet, at ?? context.clock());
  const intervalMs = shortestIntervalMs(switchConfig.schedule);
  // Before the first pass there is no database, and nothing that it could have told.
  if (at === undefined && !existsSync(config.database))
    return liveInput(parts, judging, intervalMs, undefined);
  const store = openStore(config.database, { readonly: true });
  try {
    return at === undefined
      ? await liveInput(parts, judging, intervalMs, store)
      : await pastInput({ ...parts, at }, judging, store);
  } finally {
    store.close();
  }
}

async function liveInput(
  { config, switchConfig, context }: ExplanationParts,
  judging: Judging,
  intervalMs: number,
  store: Store | undefined,
): Promise<FoundInput> {
  const snapshot = await listNow(switchConfig, judging, context);
  const now = snapshot.observedAt;
  const { switchName, numbering } = judging;
  const reachMs = Math.max(HOUR_MS, ...judging.rules.map(({ windowMs }) => windowMs));
  const state = await store?.ledger.load(switchName, now - reachMs);
  const history = createCallHistory({ numbering, switchName });
  if (state !== undefined) history.restore(state);
  const recentlyDisconnected =
    (await store?.audit.disconnectsSince(switchName, now - RECENT_DISCONNECT_MS)) ?? [];
  history.observe(snapshot, { intervalMs, cuts: recentlyDisconnected });
  return {
    source: 'listed just now',
    input: {
      ...judging,
      snapshot,
      history,
      intervalMs,
      recentlyDisconnected,
      holding: state?.holding ?? [],
      acted: store === undefined ? [] : await actedBefore(store.audit, judging, config.mode, now),
      configMode: config.mode,
      takenLastHour: (await store?.audit.callsTakenSince(switchName, now - HOUR_MS)) ?? 0,
    },
  };
}

async function listNow(switchConfig: SwitchConfig, judging: Judging, context: CliContext): Promise<Snapshot> {
  const port = connectSwitch(switchConfig, context.clock);
  try {
    const { switchName, numbering } = judging;
    return await gatherSnapshot({
      switchName,
      port,
      numbering,
      vendors: [...new Set(judging.rules.flatMap(({ vendors }) => vendors))].sort(
        (one, other) => one - other,
      ),
      signal: AbortSignal.timeout(switchConfig.deadlineMs),
    });
  } finally {
    await port.close();
  }
}

async function pastInput(
  { config, at, context }: ExplanationParts & { at: number },
  judging: Judging,
  { audit }: Store,
): Promise<FoundInput | undefined> {
  const reader = openLedgerReader(config.database);
  try {
    const replayed = await replayUpTo(at, judging, reader);
    if (replayed === undefined) {
      await say(
        context,
        `The ledger holds no listing of ${judging.switchName} shortly before ${new Date(at).toISOString()}.`,
      );
      return undefined;
    }
    const { snapshot, cuts } = replayed;
    const now = snapshot.observedAt;
    return {
      source: 'the last listing before then, from the ledger',
      input: {
        ...judging,
        ...replayed,
        recentlyDisconnected: cutsSince(cuts, now - RECENT_DISCONNECT_MS, now),
        acted: (await actedBefore(audit, judging, config.mode, now)).filter((one) => one.at < now),
        configMode: config.mode,
        takenLastHour: cutsSince(cuts, now - HOUR_MS, now).length,
      },
    };
  } finally {
    reader.close();
  }
}

/** Lives through the polls that windows and `for` look back on, and stops at the last listing that was there by then. */
async function replayUpTo(at: number, judging: Judging, reader: LedgerReader) {
  const { switchName, numbering, rules } = judging;
  const longestFor = Math.max(0, ...rules.map(({ rule }) => rule.forMs));
  const from = at - Math.max(HOUR_MS, longestFor, ...rules.map(({ windowMs }) => windowMs));
  const polls = reader.polls(switchName, from, at + 1);
  const last = polls.findLastIndex(({ result }) => result !== 'failed');
  const lastPoll = polls[last];
  if (lastPoll === undefined || at - lastPoll.at > HOUR_MS) return undefined;
  const cuts: LedgerCall[] = [];
  const { countries, accounts } = reader.state(switchName, at);
  const world = createLedgerWorld({
    switchName,
    numbering,
    calls: noting(reader.calls(switchName, from, at + 1), cuts),
  });
  const intervalMs = lastPoll.intervalMs;
  const past = { lastPollId: undefined, polls: [], calls: [], countries, accounts, holding: [] };
  const replay = createReplay({ ...judging, intervalMs, past });
  for (const poll of polls.slice(0, last)) {
    if (poll.result === 'failed') replay.missed(poll);
    else if (poll.at < lastPoll.at - longestFor - 2 * intervalMs) replay.warmUp(world.snapshot(poll));
    else await replay.poll(world.snapshot(poll));
  }
  const snapshot = world.snapshot(lastPoll);
  replay.warmUp(snapshot);
  return { snapshot, history: replay.history, holding: replay.holding, intervalMs, cuts };
}

function* noting(calls: Iterable<LedgerCall>, cuts: LedgerCall[]): Iterable<LedgerCall> {
  for (const call of calls) {
    if (call.cutAt !== undefined) cuts.push(call);
    yield call;
  }
}

function cutsSince(cuts: readonly LedgerCall[], since: number, until: number): readonly CallIdentity[] {
  return cuts.filter(({ cutAt }) => cutAt !== undefined && cutAt >= since && cutAt < until);
}

async function actedBefore(audit: AuditLog, judging: Judging, configMode: Config['mode'], now: number) {
  const found = await Promise.all(
    judging.rules.map(({ rule }) => {
      const reachMs = actedReachMs(rule);
      if (reachMs === 0) return [];
      const mode = rule.mode === 'enforce' && configMode === 'enforce' ? 'enforce' : 'monitor';
      return audit.actedSince(judging.switchName, mode, new Map([[rule.hash, now - reachMs]]));
    }),
  );
  return found.flat();
}
