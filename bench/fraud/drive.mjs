// One world under one policy: real passes on a real database, in simulated time.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { passContext } from '../../dist/cli/pass-context.js';
import { runPass } from '../../dist/pass.js';
import { World } from '../../dist/simulator/world.js';
import { openAuditReader } from '../../dist/store/audit-reader.js';
import { openStore } from '../../dist/store/open-store.js';
import { pastOf, weekBefore } from './past.mjs';
import { switchPort } from './switch-port.mjs';
import { episodeOf, MINUTE_MS, POLL_MS } from './timetable.mjs';
import { createTruth } from './truth.mjs';

const SWITCH = 'bench';
const DAY_MS = 1_440 * MINUTE_MS;
const DEFAULT_CAPS = { perPass: 50, perHour: 500, sharePerPass: 0.25 };
const NEVER = new AbortController().signal;

/** Plays one scenario on one seed; resolves with every call since watching began, and what the audit log says. */
export async function drive({ scenario, seed, ruleSet, perHour = DEFAULT_CAPS.perHour, past = true }) {
  const episode = episodeOf(scenario, seed);
  const { begins, ends } = episode;
  const truth = createTruth();
  const folder = mkdtempSync(join(tmpdir(), 'callwarden-fraud-'));
  const path = join(folder, 'callwarden.db');
  const store = openStore(path);
  try {
    const { world, earlier } = worldAt(episode, seed, truth);
    const port = switchPort(world);
    if (past) {
      const when = { now: begins, login: port.login };
      for (const hour of weekBefore(when)) await store.ledger.commit(SWITCH, hour);
      await store.ledger.commit(SWITCH, pastOf({ calls: earlier, seed, ...when }));
    }
    const context = contextOf({
      port,
      store,
      ruleSet,
      caps: { ...DEFAULT_CAPS, perHour },
      clock: () => world.now,
    });
    const troubles = await passes(context, world, begins, ends);
    return { episode, calls: truth.callsSince(begins), records: recordsOf(path, truth), troubles };
  } finally {
    store.close();
    rmSync(folder, { recursive: true });
  }
}

/** The world a day on, with everything that happened on that day. */
function worldAt({ scenario, from, until, begins }, seed, truth) {
  const earlier = [];
  const { journal } = truth;
  const world = new World({
    seed,
    startAt: begins - DAY_MS,
    warmStart: true,
    traffic: 'week',
    episodes: [{ scenario, from, until }],
    journal: {
      ...journal,
      arrived(call) {
        journal.arrived(call);
        if (call.timeline.setupAt <= begins) earlier.push(call);
      },
    },
  });
  world.advanceTo(begins);
  return { world, earlier };
}

function contextOf({ port, store, ruleSet, caps, clock }) {
  const context = passContext({
    config: { file: 'callwarden.yaml', rulesDir: 'rules', mode: 'enforce', caps, maxSnapshotAgeMs: 5_000 },
    switchConfig: {
      name: SWITCH,
      protect: { numbers: [], accounts: [], customers: [] },
      customerTree: new Map(),
      // As docs/config.md advises for a switch that lists international numbers without +.
      numbers: { country: 'DE', bare: 'international', techPrefixes: [] },
      schedule: '*/5 * * * * *',
      deadlineMs: 600_000,
      concurrency: 4,
    },
    port,
    store,
    ruleSet,
    note: () => {},
  });
  return { ...context, clock };
}

async function passes(context, world, begins, ends) {
  const troubles = [];
  for (let at = begins + POLL_MS; at <= ends; at += POLL_MS) {
    world.advanceTo(at);
    const report = await runPass(context, {
      passId: `pass-${at}`,
      actor: 'scheduler',
      dryRun: false,
      stop: NEVER,
      abort: NEVER,
    });
    if (report.status !== 'completed')
      throw new Error(`A pass ${report.status}: ${JSON.stringify(report.error)}`);
    const broken = report.indeterminate.find(({ missing }) => missing[0]?.startsWith('('));
    if (broken !== undefined) troubles.push(`${broken.rule}: ${broken.missing.join(' ')}`);
  }
  return [...new Set(troubles)];
}

/** The audit log in short, each record with the truth about its call. */
function recordsOf(path, truth) {
  const reader = openAuditReader(path);
  try {
    return [...reader.query({})].map(
      ({ id, parent, at, rule, subject, action, target, outcome, reason, callId }) => ({
        id,
        parent,
        at: Date.parse(at),
        rule,
        subject,
        action,
        target,
        outcome,
        reason,
        origin: callId === null ? undefined : truth.originOf(callId),
      }),
    );
  } finally {
    reader.close();
  }
}
