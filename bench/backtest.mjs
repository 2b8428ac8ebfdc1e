// How long a backtest of a day takes: a ledger of 1,000,000 calls (or as many as are asked for) polled every five seconds,
// judged by the shipped rules through the built program's own command. First with limits that fit the traffic, as
// operators have them; then with the shipped ones, which the largest accounts break at every poll. Run after `npm run build`:
// node bench/backtest.mjs [CALLS] [--keep FILE]
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { openStore } from '../dist/store/open-store.js';

const CALLS = Number(process.argv[2] ?? 1_000_000);
const KEPT = process.argv[3] === '--keep' ? process.argv[4] : undefined;
const DAY_MS = 86_400_000;
const POLL_MS = 5_000;
const ACCOUNTS = 200;
const NOTHING = { put: [], drop: [] };
const START = Date.UTC(2026, 0, 5);
const PREFIXES = [
  '4930',
  '4989',
  '4420',
  '331',
  '3906',
  '4367',
  '1212',
  '8613',
  '97155',
  '34911',
  '678',
  '882',
];
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

const directory = mkdtempSync(join(tmpdir(), 'callwarden-bench-'));
const database = KEPT ?? join(directory, 'callwarden.db');
try {
  if (!existsSync(database)) await fill(database);
  const fitting = join(directory, 'rules');
  cpSync(join(ROOT, 'rules'), fitting, { recursive: true });
  appendFileSync(join(fitting, 'limits.csv'), fittingLimits());
  for (let run = 0; run < 3; run += 1) backtest('limits that fit', fitting);
  backtest('limits broken all day', join(ROOT, 'rules'));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** Half as much again as an account's connected calls on average, and 30; customers and connections have room. */
function fittingLimits() {
  const connected = (CALLS * 0.65 * 240_000) / DAY_MS;
  const rows = [];
  for (let account = 1; account <= ACCOUNTS; account += 1) {
    const share = (account / ACCOUNTS) ** 0.4 - ((account - 1) / ACCOUNTS) ** 0.4;
    rows.push(`account,${account},maxConcurrentCalls,${Math.round(share * connected * 1.5 + 30)}`);
  }
  for (let customer = 1; customer <= 20; customer += 1)
    rows.push(`customer,${customer},maxConcurrentCalls,${Math.round(connected)}`);
  for (let connection = 1; connection <= 8; connection += 1)
    rows.push(`connection,${connection},maxConcurrentCalls,${Math.round(connected)}`);
  return `${rows.join('\n')}\n`;
}

function backtest(what, rules) {
  const config = join(directory, 'callwarden.yaml');
  writeFileSync(
    config,
    `switches: [{ name: lab, url: "http://127.0.0.1:9/", username: a, password: b, numbers: { country: DE } }]
rules: ${rules}
database: ${database}
`,
  );
  const started = performance.now();
  const span = ['--since', iso(START), '--until', iso(START + DAY_MS)];
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'dist/cli/main.js'), 'rules', 'backtest', '-c', config, ...span, '-o', 'table'],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  const seconds = (performance.now() - started) / 1000;
  const day = `${CALLS} calls at ${DAY_MS / POLL_MS} polls`;
  console.log(`backtest of a day with ${day}, ${what}: ${seconds.toFixed(1)} s`);
  console.log(`  ${stderr.split('\n').find((line) => line.startsWith('lab:'))}`);
}

/** Calls of three minutes on average, most of them of few accounts, to many countries, two in three answered. */
async function fill(path) {
  const { ledger, close } = openStore(path);
  await ledger.commit('lab', {
    poll: pollAt(START - POLL_MS),
    calls: [],
    ...knownFor30Days(),
    holding: NOTHING,
  });
  const random = mulberry(7);
  const gapMs = DAY_MS / CALLS;
  let index = 0;
  for (let at = START; at < START + DAY_MS; at += POLL_MS) {
    const calls = [];
    for (; START + index * gapMs <= at; index += 1) calls.push(callAt(index, at, random));
    await ledger.commit('lab', {
      ...{ poll: pollAt(at), calls, countries: [], accounts: [], holding: NOTHING },
    });
  }
  close();
}

/** Else what asks for new countries would have too little history, and nothing to look at. */
function knownFor30Days() {
  const since = START - 30 * DAY_MS;
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => ({ account: index + 1, firstAt: since }));
  const countries = accounts.flatMap(({ account }) =>
    ['DE', 'GB', 'FR', 'IT', 'AT', 'US', 'CN', 'AE', 'ES'].map((country) => ({
      ...{ account, country, firstAt: since, lastAt: START },
    })),
  );
  return { accounts, countries };
}

function pollAt(at) {
  return { at, intervalMs: POLL_MS, result: 'sound', login: 'login:a' };
}

function callAt(index, at, random) {
  const account = 1 + Math.floor(ACCOUNTS * random() ** 2.5);
  const setupAt = at - Math.floor(random() * POLL_MS);
  const answered = random() < 0.65;
  const ringMs = 2_000 + random() * 10_000;
  const talkMs = answered ? -Math.log(1 - random()) * 240_000 : 0;
  const risky = random() < 0.001 ? 10 + Math.floor(2 * random()) : Math.floor(10 * random());
  const goneAt = setupAt + ringMs + talkMs;
  const endedAt = Math.max(at + POLL_MS, Math.ceil((goneAt - START) / POLL_MS) * POLL_MS + START);
  const connectedAt = answered ? Math.round(setupAt + ringMs) : undefined;
  const connectedSeenAt = answered ? Math.ceil((connectedAt - START) / POLL_MS) * POLL_MS + START : Infinity;
  return {
    id: String(index % 1_000_000),
    callId: `${index.toString(36)}@192.0.2.${account % 250}`,
    setupTimeText: new Date(setupAt).toISOString().replaceAll('-', '').slice(0, 21),
    login: 'login:a',
    cli: `49301${String(1_000_000 + Math.floor(account * 20 + random() * 20))}`,
    cld: `${PREFIXES[risky]}${String(Math.floor(random() * 1e7)).padStart(7, '0')}`,
    account,
    customer: 1 + (account % 20),
    connection: 1 + (account % 8),
    environment: 1,
    direction: 'vendor',
    callerMediaIp: `192.0.2.${account % 250}`,
    calleeMediaIp: '198.51.100.1',
    vendors: [],
    setupAt,
    firstSeenAt: at,
    lastSeenAt: endedAt - POLL_MS,
    connectedAt: connectedSeenAt < endedAt ? connectedAt : undefined,
    states: [
      { state: 'ARComplete', at },
      ...(connectedSeenAt < endedAt ? [{ state: 'Connected', at: Math.max(at, connectedSeenAt) }] : []),
    ],
    lastDuration: answered ? Math.max(0, (endedAt - POLL_MS - connectedAt) / 1000) : 0,
    lastDelay: ringMs / 1000,
    endedAt,
    cutAt: undefined,
  };
}

function iso(at) {
  return new Date(at).toISOString();
}

function mulberry(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
