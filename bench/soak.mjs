// Does it stay flat? Hours of traffic in simulated time through the real passes: real HTTP to a simulated switch under
// every attack, with answers that fail now and then, the shipped rules enforcing that look back an hour at most, rules
// swapped every hour, the ledger pruned after an hour. Once the first hour and a half has filled windows and ledger, neither
// memory (heap, resident set, what lies outside the heap), handles and open files, nor the database with its write-ahead log
// may grow from the first third of the rest to the last; of the audit log, which is never pruned here, only the size per
// event. Otherwise it fails. Run after `npm run build`, with node --expose-gc.
//   --hours N     simulated hours, 3 by default and at least
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
    hours: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    output: { type: 'string', short: 'o', default: 'table' },
  },
});
const hours = Number(options.hours);
if (!(hours >= 3) || typeof globalThis.gc !== 'function') {
  console.error('Expected --hours of at least 3, and node --expose-gc.');
  process.exit(2);
}

const HOUR_MS = 3_600_000;
const POLL_MS = 5_000;
const SAMPLES_PER_HOUR = 12;
/** So many samples make one line of the table. */
const SAMPLES_PER_LINE = 3;
/** Until windows of an hour are full and the ledger, which keeps an hour, has been pruned for a while. */
const WARM_UP_HOURS = 1.5;
/**
 * What is judged, by its floor in each third: what is alive at a sample goes up and down with the traffic and the collector,
 * and a leak raises the floor. `most` is the growth that still counts as flat, beside `slack` in the figure's own unit.
 */
const FIGURES = [
  { name: 'heap MB', of: ({ heap }) => mega(heap), most: 0.1, slack: 0 },
  { name: 'resident MB', of: ({ rss }) => mega(rss), most: 0.1, slack: 0 },
  { name: 'external MB', of: ({ external }) => mega(external), most: 0.1, slack: 2 },
  { name: 'ledger MB', of: ({ ledger }) => mega(ledger), most: 0.1, slack: 0 },
  {
    name: 'database and WAL but for the audit log MB',
    of: ({ file, wal, audit }) => mega(file + wal - audit),
    most: 0.1,
    slack: 1,
  },
  { name: 'audit log B/event', of: ({ audit, events }) => audit / events, most: 0.05, slack: 0 },
  { name: 'handles', of: ({ handles }) => handles, most: 0, slack: 2 },
  { name: 'open files', of: ({ files }) => files, most: 0, slack: 2 },
];
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
      row(
        'hour',
        'heap MB',
        'RSS MB',
        'ext. MB',
        'handles',
        'files',
        'ledger MB',
        'audit MB',
        'DB MB',
        'WAL MB',
        'events',
        'calls',
      ),
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

const grown = verdicts();
const failures = [
  ...grown
    .filter(({ flat }) => !flat)
    .map(({ name, first, last }) => `${name} grew from ${first.toFixed(1)} to ${last.toFixed(1)}`),
  ...(statuses.get('completed') > 0 ? [] : ['no pass was completed']),
];
if (options.output === 'json') console.log(JSON.stringify({ hours, samples, grown, failures }, null, 2));
else {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const counts = [...statuses].map(([status, count]) => `${count} ${status}`).join(', ');
  console.log(`${hours} hours in ${seconds} s: ${counts} passes.`);
  console.log(`Least of the first and of the last third after ${WARM_UP_HOURS} hours:`);
  for (const { name, first, last } of grown) {
    const percent =
      first === 0 ? '' : ` (${last < first ? '' : '+'}${((last / first - 1) * 100).toFixed(1)} %)`;
    console.log(
      `  ${name.padEnd(44)} ${first.toFixed(1).padStart(8)} -> ${last.toFixed(1).padStart(8)}${percent}`,
    );
  }
  for (const failure of failures) console.log(`not flat: ${failure}`);
  if (failures.length === 0) console.log('flat');
}
rmSync(folder, { recursive: true });
process.exitCode = failures.length === 0 ? 0 : 1;

/** As the service swaps rules: what was seen stays. */
function contextOf(ruleSet, before) {
  const context = passContext({
    config: {
      file: 'callwarden.yaml',
      rulesDir: 'rules',
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
  const { heapUsed, rss, external } = process.memoryUsage();
  const sample = {
    hour: (pass * POLL_MS) / HOUR_MS,
    heap: heapUsed,
    rss,
    external,
    handles: process.getActiveResourcesInfo().length,
    files: openFiles(),
    ledger: sizeOf(/ledger/),
    audit: sizeOf(/audit|search_|acted_/),
    file: statSync(path).size,
    wal: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    events,
    calls,
  };
  samples.push(sample);
  if (options.output === 'json' || samples.length % SAMPLES_PER_LINE !== 0) return;
  const { hour, heap, handles, files, ledger, audit, file, wal } = sample;
  const memory = [heap, rss, external].map(megaText);
  const sizesOf = [ledger, audit, file, wal].map(megaText);
  console.log(row(hour.toFixed(2), ...memory, handles, files, ...sizesOf, events, calls));
}

function mega(bytes) {
  return bytes / 2 ** 20;
}

function megaText(bytes) {
  return mega(bytes).toFixed(1);
}

function openFiles() {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

/** The floor of each figure in the first and in the last third of what follows the warm-up, and whether that is flat. */
function verdicts() {
  const judged = samples.filter(({ hour }) => hour > WARM_UP_HOURS);
  const third = Math.floor(judged.length / 3);
  return FIGURES.map(({ name, of, most, slack }) => {
    const first = Math.min(...judged.slice(0, third).map(of));
    const last = Math.min(...judged.slice(-third).map(of));
    return { name, first, last, flat: last <= first * (1 + most) + slack };
  });
}

function row(...cells) {
  return cells.map((cell) => String(cell).padStart(10)).join('');
}
