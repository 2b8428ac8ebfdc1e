// Does it stay flat? Hours of traffic in simulated time through the real passes: real HTTP to a simulated switch under
// every attack, with answers that fail now and then, the shipped rules enforcing that look back an hour at most, rules
// swapped every hour, the ledger pruned after an hour. Memory, handles and the ledger's size must not grow over the second half, nor the audit log's size
// per event; otherwise it fails. Run after `npm run build`, with node --expose-gc.
//   --hours N     simulated hours, 6 by default
//   --seed N
//   -o json       every sample
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { createLedgerPruning } from '../dist/cli/ledger-pruning.js';
import { passContext } from '../dist/cli/pass-context.js';
import { runPass } from '../dist/pass.js';
import { SCENARIO_CHOICES } from '../dist/simulator/scenarios.js';
import { startSimulator } from '../dist/simulator/start-simulator.js';
import { openStore } from '../dist/store/open-store.js';
import { createSippySwitch } from '../dist/switch/sippy-switch.js';
import { shippedPolicy } from './fraud/policies.mjs';

const { values: options } = parseArgs({
  options: {
    hours: { type: 'string', default: '6' },
    seed: { type: 'string', default: '1' },
    output: { type: 'string', short: 'o', default: 'table' },
  },
});
const hours = Number(options.hours);
if (!(hours >= 2) || typeof globalThis.gc !== 'function') {
  console.error('Expected --hours of at least 2, and node --expose-gc.');
  process.exit(2);
}

const HOUR_MS = 3_600_000;
const POLL_MS = 5_000;
const SAMPLES_PER_HOUR = 4;
/** Growth over the second half, by the line through its samples, that still counts as flat. */
const FLAT = { heap: 0.05, ledger: 0.1, perEvent: 0.05 };
const NEVER = new AbortController().signal;
const SWITCH_CONFIG = {
  name: 'soak',
  protect: { numbers: [], accounts: [], customers: [] },
  customerTree: new Map(),
  numbers: { techPrefixes: [] },
  schedule: '*/5 * * * * *',
  deadlineMs: 600_000,
  concurrency: 4,
  crossCheck: true,
};

const folder = mkdtempSync(join(tmpdir(), 'callwarden-soak-'));
const path = join(folder, 'callwarden.db');
const beginsAt = Date.UTC(2026, 0, 5, 10);
let now = beginsAt;
const clock = () => now;
const store = openStore(path, { clock });
const simulator = await startSimulator({
  seed: Number(options.seed),
  scenarios: SCENARIO_CHOICES.map(({ name }) => name),
  warmStart: true,
  clock,
  faults: [
    { method: '*', kind: 'cut', probability: 0.005 },
    { method: '*', kind: 'lost-reply', probability: 0.005 },
    { method: 'listAllCalls', kind: 'unreadable', probability: 0.01 },
  ],
});
const port = createSippySwitch({
  url: simulator.url,
  login: { kind: 'digest', username: 'soak', password: 'soak' },
  ca: undefined,
  timeoutMs: 30_000,
  concurrency: 4,
  clock,
});

const samples = [];
const statuses = new Map();
const startedAt = performance.now();
try {
  let context = contextOf(await shippedPolicy('rules'));
  const pruning = createLedgerPruning({
    ledger: store.ledger,
    retentionMs: HOUR_MS,
    clock,
    busy: () => false,
    onError: (error) => {
      throw error;
    },
  });
  if (options.output !== 'json')
    console.log(
      row('hour', 'heap MB', 'handles', 'files', 'ledger MB', 'audit MB', 'events', 'B/event', 'calls'),
    );
  const passes = (hours * HOUR_MS) / POLL_MS;
  const perSample = HOUR_MS / POLL_MS / SAMPLES_PER_HOUR;
  for (let pass = 1; pass <= passes; pass += 1) {
    now += POLL_MS;
    const report = await runPass(context, {
      passId: `pass-${pass}`,
      actor: 'scheduler',
      dryRun: false,
      stop: NEVER,
      abort: NEVER,
    });
    statuses.set(report.status, (statuses.get(report.status) ?? 0) + 1);
    await store.passes.save(report);
    if (pass % 12 === 0) {
      pruning.begin();
      await pruning.ended();
    }
    if (pass % (HOUR_MS / POLL_MS) === 0) context = contextOf(await shippedPolicy('rules'), context);
    if (pass % perSample === 0) take(pass, report.calls);
  }
} finally {
  await port.close();
  await simulator.close();
  store.close();
}

const failures = verdicts();
if (options.output === 'json') console.log(JSON.stringify({ hours, samples, failures }, null, 2));
else {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const counts = [...statuses].map(([status, count]) => `${count} ${status}`).join(', ');
  console.log(`${hours} hours in ${seconds} s: ${counts} passes.`);
  for (const failure of failures) console.log(`not flat: ${failure}`);
  if (failures.length === 0) console.log('flat');
}
rmSync(folder, { recursive: true });
process.exitCode = failures.length === 0 ? 0 : 1;

/** As the service swaps rules: what was seen stays. */
function contextOf(ruleSet, before) {
  const context = passContext({
    config: {
      mode: 'enforce',
      caps: { perPass: 50, perHour: 500, sharePerPass: 0.25 },
      maxSnapshotAgeMs: 5_000,
    },
    switchConfig: SWITCH_CONFIG,
    port,
    store,
    ruleSet,
    note: () => {},
    ...(before !== undefined && { memory: before.memory }),
  });
  // What looks back further than the ledger is kept would go on growing for as long as it looks back.
  const rules = context.rules.filter(({ windowMs }) => windowMs <= HOUR_MS);
  return { ...context, rules, clock };
}

function take(pass, calls) {
  globalThis.gc();
  const database = new Database(path, { readonly: true });
  const sizes = new Map(
    database
      .prepare('SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name')
      .all()
      .map(({ name, bytes }) => [name, bytes]),
  );
  const events = database.prepare('SELECT coalesce(max(seq), 0) AS events FROM audit_event').get().events;
  database.close();
  const sizeOf = (pattern) =>
    [...sizes].reduce((sum, [name, bytes]) => (pattern.test(name) ? sum + bytes : sum), 0);
  const sample = {
    hour: (pass * POLL_MS) / HOUR_MS,
    heap: process.memoryUsage().heapUsed,
    rss: process.memoryUsage().rss,
    handles: process.getActiveResourcesInfo().length,
    files: openFiles(),
    ledger: sizeOf(/ledger/),
    audit: sizeOf(/audit|search_|acted_/),
    file: statSync(path).size,
    events,
    calls,
  };
  samples.push(sample);
  if (options.output === 'json') return;
  const mega = (bytes) => (bytes / 2 ** 20).toFixed(1);
  const { hour, heap, handles, files, ledger, audit } = sample;
  console.log(
    row(
      hour.toFixed(2),
      mega(heap),
      handles,
      files,
      mega(ledger),
      mega(audit),
      events,
      (audit / events).toFixed(0),
      calls,
    ),
  );
}

function openFiles() {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

/** What grew over the second half. */
function verdicts() {
  const half = samples.slice(Math.floor(samples.length / 2));
  const found = [];
  const check = (name, figureOf, most) => {
    const values = half.map(figureOf);
    const growth = growthOf(values);
    if (growth > most)
      found.push(
        `${name} grew by ${(growth * 100).toFixed(1)} % over the second half, ${values[0]} to ${values.at(-1)}`,
      );
  };
  check('heap', ({ heap }) => heap, FLAT.heap);
  check('the ledger', ({ ledger }) => ledger, FLAT.ledger);
  check('the audit log per event', ({ audit, events }) => audit / events, FLAT.perEvent);
  for (const name of ['handles', 'files']) {
    const [first, last] = [half[0][name], half.at(-1)[name]];
    if (last > first + 2) found.push(`${name}: ${first} to ${last}`);
  }
  if (!(statuses.get('completed') > 0)) found.push('no pass was completed');
  return found;
}

/** Of the line through the values (least squares), end over beginning. */
function growthOf(values) {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let above = 0;
  let below = 0;
  for (const [index, value] of values.entries()) {
    above += (index - middle) * (value - mean);
    below += (index - middle) ** 2;
  }
  const slope = below === 0 ? 0 : above / below;
  return (slope * (values.length - 1)) / (mean - slope * middle);
}

function row(...cells) {
  return cells.map((cell) => String(cell).padStart(10)).join('');
}
