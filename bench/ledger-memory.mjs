// What a call of a window costs in memory: lived through poll by poll, and read from the ledger at a restart.
// Run after `npm run build`: node --expose-gc bench/ledger-memory.mjs [CALLS]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveFacts } from '../dist/facts/derive-facts.js';
import { createNumbering } from '../dist/facts/numbering.js';
import { readCalls } from '../dist/gather/read-calls.js';
import { createSwitchMemory } from '../dist/pass-memory.js';
import { openStore } from '../dist/store/open-store.js';

const CALLS = Number(process.argv[2] ?? 100_000);
const PER_POLL = 100;
const POLL_MS = 5_000;
const START = Date.UTC(2026, 0, 5);
const REACH = { reachMs: 24 * 3_600_000, watchedMs: 0 };
const numbering = createNumbering({ techPrefixes: [] });
/** What a handful of rules asks for. */
const ASKED = ['callsStarted', 'callsEnded', 'distinctCld', 'repeatedCld', 'minutes', 'averageEndedDuration'];

const directory = mkdtempSync(join(tmpdir(), 'callwarden-bench-'));
try {
  const store = openStore(join(directory, 'memory.db'));
  const begun = () => createSwitchMemory({ switchName: 'lab', numbering, ledger: store.ledger });
  let memory = begun();
  const empty = heap();
  const lastPoll = Math.ceil(CALLS / PER_POLL) + 2;
  let last;
  for (let poll = 0; poll <= lastPoll; poll += 1) {
    const at = START + poll * POLL_MS;
    await memory.sync(at, REACH);
    last = snapshotAt(poll, at);
    await memory.commit(memory.history.observe(last, { intervalMs: POLL_MS, cuts: [] }), {
      put: [],
      drop: [],
    });
    if (poll % 100 === 0) ask(memory.history, last);
  }
  ask(memory.history, last);
  console.log(`${CALLS} calls of a window in memory, with ${ASKED.length} facts of accounts asked:`);
  console.log(`  lived through  ${((heap() - empty) / CALLS).toFixed(0).padStart(6)} bytes each`);
  memory = begun();
  last = undefined;
  const before = heap();
  await memory.sync(START + lastPoll * POLL_MS, REACH);
  ask(memory.history, snapshotAt(lastPoll, START + lastPoll * POLL_MS));
  console.log(`  after restart  ${((heap() - before) / CALLS).toFixed(0).padStart(6)} bytes each`);
  store.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function heap() {
  for (let round = 0; round < 4; round += 1) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

function ask(history, snapshot) {
  const facts = deriveFacts(snapshot, {
    numbering,
    limits: [],
    admits: () => true,
    history,
    windowMs: REACH.reachMs,
    filter: 'none',
  });
  for (const name of ASKED)
    facts.observe({ scope: 'account', id: '7' }, `account.${name}`, { within: REACH.reachMs / 1000, min: 1 });
}

/** Each call is listed in setup, connected, and then no more. */
function snapshotAt(poll, at) {
  const calls = [];
  for (const [age, state] of [
    [0, 'ARComplete'],
    [1, 'Connected'],
  ]) {
    const first = (poll - age) * PER_POLL;
    for (let index = Math.max(0, first); index < Math.min(CALLS, first + PER_POLL); index += 1)
      calls.push(callAt(index, at, state, 1_200 + age * POLL_MS));
  }
  const timing = { requestedAt: at, receivedAt: at + 40, serverDate: at };
  return {
    switch: 'lab',
    observedAt: at,
    receivedAt: at + 40,
    coverage: { states: 'all', filter: {}, login: 'login:ops' },
    calls: readCalls(calls, numbering, timing),
    suspects: [],
    unreadableFields: {},
    vendors: new Map(),
    stats: undefined,
    clockOffsetMs: 0,
    doubt: undefined,
    notes: [],
  };
}

/** Texts are made anew at every poll, as a decoder makes them. */
function callAt(index, at, state, ageMs) {
  const random = Math.imul(index + 1, 2_654_435_761) >>> 0;
  const setup = new Date(at - ageMs).toISOString().replaceAll('-', '').replace('Z', '');
  const connected = state === 'Connected';
  return {
    id: String(index + 1),
    callId: `${random.toString(16).padStart(8, '0')}-${index.toString(16)}-0a1b2c3d@192.0.2.${random % 250}`,
    setupTimeText: setup,
    state,
    cli: `4930${10_000_000 + (random % 5_000)}`,
    cld: `${['4420', '3316', '4989', '1212'][random % 4]}${10_000_000 + (random % 9_000_000)}`,
    account: random % 5_000,
    customer: random % 200,
    connection: random % 60,
    environment: 1,
    direction: random % 3 === 0 ? 'onnet_in' : 'vendor',
    callerMediaIp: `192.0.2.${random % 250}`,
    calleeMediaIp: `203.0.113.${random % 250}`,
    delay: connected ? 2.5 : ageMs / 1000,
    duration: connected ? ageMs / 1000 - 2.5 : 0,
  };
}
