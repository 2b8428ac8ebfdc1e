import { existsSync } from 'node:fs';
import type { SwitchConfig } from '../domain/config.js';
import type { Snapshot } from '../domain/snapshot.js';
import { createCallHistory } from '../facts/call-history.js';
import { gatherSnapshot } from '../gather/gather-snapshot.js';
import { customersAsked, knowCustomers } from '../pass-customers.js';
import type { ExplainInput } from '../pass-explain-input.js';
import { boundsAfter, disconnectsBefore, judgedBy, reachOf } from '../pass-past.js';
import type { CustomersThen } from '../pass-replay.js';
import { vendorsAskedBy } from '../policy/compile-rules.js';
import { usualIntervalMs } from '../schedule/shortest-interval.js';
import { openStore, type Store } from '../store/open-store.js';
import { connectSwitch } from './compose.js';
import { say } from './context.js';
import { actedSince } from './explanation-acted.js';
import type { ExplanationParts } from './explanation-parts.js';
import { pastInput } from './explanation-past.js';
import { customersFrom, type Judging, judgingOf, protectionOf } from './judging.js';
import { sourceAsKept } from './known-source.js';
import { treeLearnedFrom } from './pass-context.js';
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
  if (input !== undefined) {
    const { prunedUntil = [] } = await store.ledger.load(switchConfig.name, Number.MAX_SAFE_INTEGER);
    const until = Math.max(...prunedUntil.map((one) => one.at));
    const lacking = [
      ...(until > input.snapshot.observedAt ? [lacksCalls(until)] : []),
      ...(lacksCustomers(switchConfig, input) ? [NO_CUSTOMERS] : []),
    ];
    return { input, source: `the last listing by ${asked}, from the ledger${lacking.join('')}` };
  }
  await say(
    context,
    `The ledger holds no listing of ${switchConfig.name} within the hour before ${asked}: \`callwarden run\` writes them. Choose another --at.`,
  );
  return undefined;
}

const NO_CUSTOMERS = '; who was whose subcustomer was not kept then, so it counts as unknown';

/** Polls are kept for longer than calls. */
function lacksCalls(until: number): string {
  return `; calls that ended by ${new Date(until).toISOString()} are not kept any more, so it lacks those`;
}

/** Where a pass goes by customers that only the switch can tell of, and none of its passes had kept any by then. */
function lacksCustomers({ login, protect }: SwitchConfig, input: ExplainInput): boolean {
  return (
    login.kind === 'trusted' &&
    !(input.customers !== undefined && input.customers.learned.size > 0) &&
    customersAsked({ ...input, protect }) !== undefined
  );
}

async function liveInput(parts: ExplanationParts, store: Store | undefined): Promise<FoundInput> {
  const { config, switchConfig, ruleSet, rule, context } = parts;
  const judging = judgingOf(config, switchConfig, ruleSet, context.clock(), customersFrom(switchConfig, []));
  const intervalMs = usualIntervalMs(switchConfig.schedule);
  const { switchName, numbering } = judging;
  const { reachMs, watchedMs } = reachOf(judging.rules);
  const since = context.clock() - Math.max(HOUR_MS, reachMs);
  // Before the listing: a service that polls meanwhile would make it look as if the clock had been set back.
  const state = await store?.ledger.load(switchName, since, Math.min(since, context.clock() - watchedMs));
  const { snapshot, ...known } = await listNow(parts, judging, store);
  const now = snapshot.observedAt;
  const history = createCallHistory({ numbering, switchName });
  if (state !== undefined) history.restore(state);
  const { cuts, recent } =
    store === undefined
      ? { cuts: [], recent: [] }
      : await disconnectsBefore(store.audit, switchName, now, history.lastListedAt(snapshot.coverage.login));
  history.observe(snapshot, { intervalMs, cuts });
  const kept = (await store?.ledger.ruleVersions(switchName)) ?? { sources: [], lastAction: 0 };
  const from = { turnedOff: [], rulesFrom: sourceAsKept(config, kept.sources), configMode: config.mode };
  const boundsOf = boundsAfter(kept, judgedBy({ ...judging, ...from }, now));
  return {
    source: 'listed just now',
    input: {
      ...judging,
      ...known,
      snapshot,
      history,
      intervalMs,
      pause: await store?.pauses.of(switchName, now),
      recentlyDisconnected: recent,
      recordedAlert: recordedAlerts(store === undefined ? undefined : config.database, switchName, rule, {
        now,
        intervalMs,
        after: boundsOf(rule).coolsAfter,
      }),
      holding: state?.holding ?? [],
      boundsOf,
      acted:
        store === undefined
          ? []
          : await actedSince(store.audit, judging, { configMode: config.mode, now, boundsOf }),
      configMode: config.mode,
      takenLastHour: (await store?.audit.callsTakenSince(switchName, now - HOUR_MS)) ?? 0,
    },
  };
}

/** Asks the switch who is whose subcustomer as well, as a pass would. */
async function listNow(
  { switchConfig, context }: ExplanationParts,
  judging: Judging,
  store: Store | undefined,
): Promise<{ snapshot: Snapshot } & CustomersThen> {
  const port = connectSwitch(switchConfig, context.clock);
  try {
    const { switchName, numbering } = judging;
    const signal = AbortSignal.timeout(switchConfig.deadlineMs);
    const snapshot = await gatherSnapshot({
      switchName,
      port,
      numbering,
      vendors: vendorsAskedBy(judging.rules),
      crossCheck: switchConfig.crossCheck,
      signal,
    });
    const { customers } = await knowCustomers(
      {
        ...judging,
        port,
        protect: switchConfig.protect,
        deadlineMs: switchConfig.deadlineMs,
        learnedTree: treeLearnedFrom(port, switchConfig),
        memory: {
          learnedCustomers: async () => (await store?.ledger.learnedCustomers(switchName)) ?? [],
          lastPollAt: async () => store?.ledger.lastPollAt(switchName),
        },
        note: (text) => void say(context, text),
      },
      snapshot,
      signal,
    );
    return { snapshot, customers, protection: protectionOf(switchConfig, numbering)(customers) };
  } finally {
    await port.close();
  }
}
