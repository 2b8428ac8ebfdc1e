import { existsSync } from 'node:fs';
import type { Config, SwitchConfig } from '../domain/config.js';
import type { AuditLog } from '../domain/ports.js';
import type { Rule, RuleSet } from '../domain/rule.js';
import type { Snapshot } from '../domain/snapshot.js';
import { createCallHistory } from '../facts/call-history.js';
import { gatherSnapshot } from '../gather/gather-snapshot.js';
import type { ExplainInput } from '../pass-explain.js';
import { disconnectsBefore } from '../pass-past.js';
import { actedReachMs } from '../plan/rule-timing.js';
import { usualIntervalMs } from '../schedule/shortest-interval.js';
import { openLedgerReader } from '../store/ledger-reader.js';
import { openStore, type Store } from '../store/open-store.js';
import { connectSwitch } from './compose.js';
import { type CliContext, say } from './context.js';
import { liveThrough } from './explanation-past.js';
import { type Judging, judgingOf } from './judging.js';
import { recordedAlerts } from './recorded-alerts.js';

const HOUR_MS = 3_600_000;

export interface ExplanationParts {
  config: Config;
  switchConfig: SwitchConfig;
  ruleSet: RuleSet;
  /** The one that is explained. */
  rule: Rule;
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
  const intervalMs = usualIntervalMs(switchConfig.schedule);
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
  { config, switchConfig, rule, context }: ExplanationParts,
  judging: Judging,
  intervalMs: number,
  store: Store | undefined,
): Promise<FoundInput> {
  const { switchName, numbering } = judging;
  const reachMs = Math.max(HOUR_MS, ...judging.rules.map(({ windowMs }) => windowMs));
  // Before the listing: a service that polls meanwhile would make it look as if the clock had been set back.
  const state = await store?.ledger.load(switchName, context.clock() - reachMs);
  const snapshot = await listNow(switchConfig, judging, context);
  const now = snapshot.observedAt;
  const history = createCallHistory({ numbering, switchName, vendorsKnown: true });
  if (state !== undefined) history.restore(state);
  const { cuts, recent } =
    store === undefined
      ? { cuts: [], recent: [] }
      : await disconnectsBefore(store.audit, switchName, now, history.lastListedAt);
  history.observe(snapshot, { intervalMs, cuts });
  return {
    source: 'listed just now',
    input: {
      ...judging,
      snapshot,
      history,
      intervalMs,
      pause: await store?.pauses.of(switchName, now),
      recentlyDisconnected: recent,
      recordedAlert: recordedAlerts(store === undefined ? undefined : config.database, switchName, rule, {
        now,
        intervalMs,
      }),
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
      crossCheck: switchConfig.crossCheck,
      signal: AbortSignal.timeout(switchConfig.deadlineMs),
    });
  } finally {
    await port.close();
  }
}

async function pastInput(
  { config, rule, at, context }: ExplanationParts & { at: number },
  judging: Judging,
  { audit }: Store,
): Promise<FoundInput | undefined> {
  const reader = openLedgerReader(config.database);
  try {
    const { switchName } = judging;
    const lived = await liveThrough(at, judging, reader);
    if (lived === undefined) {
      const then = new Date(at).toISOString();
      await say(
        context,
        `The ledger holds no listing of ${switchName} within the hour before ${then}: \`callwarden run\` writes them. Choose another --at.`,
      );
      return undefined;
    }
    const { cutSince, ...past } = lived;
    const now = past.snapshot.observedAt;
    return {
      source: 'the last listing before then, from the ledger',
      input: {
        ...judging,
        ...past,
        acted: (await actedBefore(audit, judging, config.mode, now)).filter((one) => one.at < now),
        configMode: config.mode,
        recordedAlert: recordedAlerts(config.database, switchName, rule, {
          now,
          intervalMs: past.intervalMs,
        }),
        takenLastHour: cutSince(now - HOUR_MS),
      },
    };
  } finally {
    reader.close();
  }
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
