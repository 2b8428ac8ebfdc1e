import { existsSync } from 'node:fs';
import type { SwitchConfig } from '../domain/config.js';
import type { Snapshot } from '../domain/snapshot.js';
import { createCallHistory } from '../facts/call-history.js';
import { gatherSnapshot } from '../gather/gather-snapshot.js';
import type { ExplainInput } from '../pass-explain-input.js';
import { disconnectsBefore } from '../pass-past.js';
import { usualIntervalMs } from '../schedule/shortest-interval.js';
import { openStore, type Store } from '../store/open-store.js';
import { connectSwitch } from './compose.js';
import { type CliContext, say } from './context.js';
import { actedSince } from './explanation-acted.js';
import type { ExplanationParts } from './explanation-parts.js';
import { pastInput } from './explanation-past.js';
import { type Judging, judgingOf } from './judging.js';
import { recordedAlerts } from './recorded-alerts.js';

const HOUR_MS = 3_600_000;

export interface FoundInput {
  input: ExplainInput;
  /** Where the calls come from, for a person. */
  source: string;
}

/** All that a pass would know: now, from the switch, or at an instant of the past. Undefined where the ledger does not reach. */
export async function explanationInput(parts: ExplanationParts): Promise<FoundInput | undefined> {
  const { config, at } = parts;
  // Before the first pass there is no database, and nothing that it could have told.
  if (at === undefined && !existsSync(config.database)) return liveInput(parts, undefined);
  const store = openStore(config.database, { readonly: true });
  try {
    return at === undefined ? await liveInput(parts, store) : await listedBefore({ ...parts, at }, store);
  } finally {
    store.close();
  }
}

async function listedBefore(
  parts: ExplanationParts & { at: number },
  store: Store,
): Promise<FoundInput | undefined> {
  const { switchConfig, at, context } = parts;
  const input = await pastInput(parts, store);
  const asked = new Date(at).toISOString();
  if (input !== undefined) return { input, source: `the last listing by ${asked}, from the ledger` };
  await say(
    context,
    `The ledger holds no listing of ${switchConfig.name} within the hour before ${asked}: \`callwarden run\` writes them. Choose another --at.`,
  );
  return undefined;
}

async function liveInput(
  { config, switchConfig, ruleSet, rule, context }: ExplanationParts,
  store: Store | undefined,
): Promise<FoundInput> {
  const judging = judgingOf(config, switchConfig, ruleSet, context.clock());
  const intervalMs = usualIntervalMs(switchConfig.schedule);
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
      acted: store === undefined ? [] : await actedSince(store.audit, judging, config.mode, now),
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
