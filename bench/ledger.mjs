// What the ledger costs: a commit per pass, a restart on a million calls, reading a span, pruning, and room on disk.
// Run after `npm run build`: node bench/ledger.mjs [CALLS]
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openLedgerReader } from '../dist/store/ledger-reader.js';
import { openStore } from '../dist/store/open-store.js';

const CALLS = Number(process.argv[2] ?? 1_000_000);
const LIVE = 10_000;
const POLL_MS = 5_000;
const POLLS = 60;
const READS = 3;
const PRUNE_ROWS = 1_000;
const START = Date.UTC(2026, 0, 5);

const directory = mkdtempSync(join(tmpdir(), 'callwarden-bench-'));
try {
  await commits(join(directory, 'commits.db'));
  const file = join(directory, 'history.db');
  await history(file);
  await reads(file);
  await pruning(file);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** What a pass adds: all calls new once and again, and then polls at which one call in a hundred ends and another comes. */
async function commits(path) {
  const { ledger, close } = openStore(path);
  const timed = async (at, calls, part) => {
    const started = performance.now();
    await ledger.commit('lab', changesOf(at, calls, part));
    return performance.now() - started;
  };
  const allNew = [];
  for (let round = 0; round < 9; round += 1) {
    const at = START + round * POLL_MS;
    const calls = Array.from({ length: LIVE }, (_, index) => callAt(round * LIVE + index, at));
    allNew.push(await timed(at, calls, calls.length));
  }
  let live = Array.from({ length: LIVE }, (_, index) => callAt(8 * LIVE + index, START + 8 * POLL_MS));
  const changing = [];
  for (let poll = 0; poll < POLLS; poll += 1) {
    const at = START + (10 + poll) * POLL_MS;
    const gone = live.slice(0, LIVE / 100).map((call) => ({ ...call, endedAt: at }));
    const come = gone.map((_, index) => callAt(9 * LIVE + poll * gone.length + index, at));
    live = [...live.slice(gone.length), ...come];
    changing.push(await timed(at, [...gone, ...come], come.length));
  }
  close();
  console.log(`one commit, ${LIVE} live calls, on disk, median:`);
  console.log(
    `  1 % end and 1 % are new   ${median(changing).toFixed(1).padStart(7)} ms of ${POLLS} commits`,
  );
  console.log(
    `  all of them are new       ${median(allNew).toFixed(1).padStart(7)} ms of ${allNew.length} commits`,
  );
}

/** Calls over a day, each written when it comes, when it is answered and when it ends. */
async function history(path) {
  const { ledger, close } = openStore(path);
  const perPoll = Math.ceil(CALLS / ((24 * 3_600_000) / POLL_MS));
  const started = performance.now();
  const durations = [];
  let answered = [];
  let ending = [];
  for (let from = 0, poll = 0; from < CALLS || answered.length + ending.length > 0; poll += 1) {
    const at = START + poll * POLL_MS;
    const come = Array.from({ length: Math.max(0, Math.min(perPoll, CALLS - from)) }, (_, index) =>
      callAt(from + index, at, 'ARComplete'),
    );
    from += come.length;
    const now = answered.map((call) => connected(call, at));
    const gone = ending.map((call) => ({ ...call, endedAt: at }));
    const before = performance.now();
    await ledger.commit('lab', changesOf(at, [...come, ...now, ...gone], come.length));
    durations.push(performance.now() - before);
    answered = come;
    ending = now;
  }
  close();
  const seconds = (performance.now() - started) / 1000;
  const bytes = statSync(path).size;
  console.log(
    `\n${CALLS} calls in ${durations.length} commits of ${perPoll} new, ${perPoll} answered, ${perPoll} ended each:`,
  );
  console.log(
    `  ${seconds.toFixed(0)} s, one commit ${median(durations).toFixed(2)} ms; first and last tenth:`,
    `${median(durations.slice(0, durations.length / 10)).toFixed(2)} and ${median(durations.slice(-durations.length / 10)).toFixed(2)} ms`,
  );
  console.log(
    `  ${(bytes / 1e6).toFixed(0)} MB, ${((bytes * 1e6) / CALLS / 1e6).toFixed(0)} MB per million calls`,
  );
}

async function reads(path) {
  const loads = [];
  const spans = [];
  const hours = [];
  const lasts = [];
  for (let round = 0; round < READS; round += 1) {
    const store = openStore(path, { readonly: true });
    loads.push(await seconds(async () => (await store.ledger.load('lab', START)).calls.length));
    for (let ask = 0; ask < 100; ask += 1) {
      const before = performance.now();
      await store.ledger.lastPollId('lab');
      lasts.push(performance.now() - before);
    }
    store.close();
    const reader = openLedgerReader(path);
    const count = (since) => {
      let calls = 0;
      for (const _ of reader.calls('lab', since, START + 48 * 3_600_000)) calls += 1;
      return calls;
    };
    spans.push(await seconds(() => count(START)));
    hours.push(await seconds(() => count(START + 23 * 3_600_000)));
    reader.close();
  }
  console.log(`\nreading, median of ${READS}:`);
  for (const [name, times] of [
    ['load of all at a restart', loads],
    ['all, one after the other', spans],
    ['those of the last hour', hours],
  ]) {
    const [middle] = [...times].sort((one, other) => one.took - other.took).slice(READS / 2);
    console.log(`  ${name.padEnd(25)} ${middle.took.toFixed(2).padStart(6)} s for ${middle.calls} calls`);
  }
  console.log(`  lastPollId                ${(median(lasts) * 1000).toFixed(0).padStart(6)} µs`);
}

async function pruning(path) {
  const { ledger, close } = openStore(path);
  const before = START + 12 * 3_600_000;
  const steps = [];
  let rows = 0;
  for (;;) {
    const started = performance.now();
    const gone = await ledger.prune({ before, countriesBefore: START, maxRows: PRUNE_ROWS });
    if (gone === 0) break;
    steps.push(performance.now() - started);
    rows += gone;
  }
  close();
  const total = steps.reduce((sum, ms) => sum + ms, 0) / 1000;
  console.log(`\npruning half of it, ${rows} rows in steps of ${PRUNE_ROWS}:`);
  console.log(
    `  ${median(steps).toFixed(1)} ms a step (longest ${Math.max(...steps).toFixed(0)} ms), ${(rows / total).toFixed(0)} rows/s`,
  );
}

function changesOf(at, calls, come) {
  const fresh = calls.slice(-come);
  return {
    poll: { at, intervalMs: POLL_MS, result: 'sound', login: 'login:ops' },
    calls,
    countries: fresh.map(({ account, cld }) => ({
      account,
      country: ['GB', 'FR', 'DE', 'US'][Number(cld.at(-1)) % 4],
      firstAt: at,
      lastAt: at,
    })),
    accounts: fresh.map(({ account }) => ({ account, firstAt: at })),
    holding: { put: [], drop: [] },
  };
}

function callAt(index, at, state = 'Connected') {
  const setupAt = at - 2_000 - (index % 3_000);
  const setup = new Date(setupAt).toISOString().replaceAll('-', '').replace('Z', '');
  const random = Math.imul(index + 1, 2_654_435_761) >>> 0;
  return {
    id: String(1 + (index % 100_000)),
    callId: `${random.toString(16).padStart(8, '0')}-${index.toString(16)}-0a1b2c3d@192.0.2.${random % 250}`,
    setupTimeText: setup,
    login: 'login:ops',
    cli: `4930${10_000_000 + (random % 5_000)}`,
    cld: `${['4420', '3316', '4989', '1212'][random % 4]}${10_000_000 + (random % 9_000_000)}`,
    account: random % 5_000,
    customer: random % 200,
    connection: random % 60,
    environment: 1,
    direction: random % 3 === 0 ? 'onnet_in' : 'vendor',
    callerMediaIp: `192.0.2.${random % 250}`,
    calleeMediaIp: `203.0.113.${random % 250}`,
    vendors: [],
    setupAt,
    firstSeenAt: at,
    lastSeenAt: at,
    connectedAt: state === 'Connected' ? at - 500 : undefined,
    states: [{ state, at }],
    lastDuration: state === 'Connected' ? 0.5 : 0,
    lastDelay: 1.5,
    endedAt: undefined,
    cutAt: undefined,
  };
}

function connected(call, at) {
  return {
    ...call,
    lastSeenAt: at,
    connectedAt: at - 1_250,
    states: [...call.states, { state: 'Connected', at }],
    lastDuration: 1.25,
    lastDelay: 5.75,
  };
}

async function seconds(work) {
  const started = performance.now();
  const calls = await work();
  return { took: (performance.now() - started) / 1000, calls };
}

function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}
