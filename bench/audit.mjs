// How fast the audit log answers over a million records, and how many actions a second it takes.
// Run after `npm run build`: node bench/audit.mjs [RECORDS]
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openAuditReader } from '../dist/store/audit-reader.js';
import { INSERT_ACTION, INSERT_CONFIRMATION, INSERT_OUTCOME } from '../dist/store/audit-sql.js';
import { openForWriting } from '../dist/store/database.js';
import { openStore } from '../dist/store/open-store.js';

const RECORDS = Number(process.argv[2] ?? 1_000_000);
const RUNS = 20;
const START = Date.UTC(2026, 0, 1);
const STEP_MS = 15_000;
const END = START + RECORDS * STEP_MS;

const directory = mkdtempSync(join(tmpdir(), 'callwarden-bench-'));
const file = join(directory, 'audit.db');
try {
  openStore(file).close();
  build(file);
  queries(file);
  await writes(file);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function build(path) {
  const database = openForWriting(path, 2_000);
  database.pragma('synchronous = OFF');
  const action = database.prepare(INSERT_ACTION);
  const outcome = database.prepare(INSERT_OUTCOME);
  const confirmation = database.prepare(INSERT_CONFIRMATION);
  const random = seeded(7);
  const started = performance.now();
  let parent = { id: null, children: 0, input: null };
  const batch = database.transaction((from, to) => {
    for (let index = from; index < to; index += 1) {
      const child = parent.children > 0;
      const input = child ? childOf(parent, index, random) : inputAt(index, random);
      const id = Number(action.run(input.row).lastInsertRowid);
      const result = {
        actionId: id,
        at: input.row.at + 40,
        reason: null,
        count: null,
        latencyMs: 38,
        error: null,
      };
      outcome.run({ ...result, outcome: input.outcome });
      if (input.row.callId !== null && input.outcome === 'disconnected') {
        confirmation.run({ actionId: id, at: input.row.at + 5_000, confirmed: 1 });
      }
      if (child) parent.children -= 1;
      else if (input.row.action === 'disconnectAccount') parent = { id, children: 3, input };
    }
  });
  for (let from = 0; from < RECORDS; from += 20_000) batch(from, Math.min(RECORDS, from + 20_000));
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  const seconds = (performance.now() - started) / 1000;
  const megabytes = statSync(path).size / 1024 / 1024;
  console.log(`${RECORDS} records built in ${seconds.toFixed(0)} s, ${megabytes.toFixed(0)} MiB\n`);
}

/** Rule 3 only ever monitors and rule 4 alone fails, so that some combinations of frequent values are rare. */
function inputAt(index, random) {
  const at = START + index * STEP_MS;
  const rule = Math.min(19, Math.floor(random() ** 2 * 20));
  const account = Math.floor(random() ** 3 * 5_000);
  const customer = account % 200;
  const byAccount = random() < 0.03;
  const alert = !byAccount && random() < 0.2;
  const monitored = rule === 3 || random() < 0.3;
  const decided = random() < 0.02 && rule === 4 ? 'failed' : random() < 0.05 ? 'withheld' : 'disconnected';
  const outcome = monitored ? 'monitored' : alert ? 'alerted' : decided;
  const action = byAccount ? 'disconnectAccount' : alert ? 'alert' : 'disconnectCall';
  const takesCall = action === 'disconnectCall';
  const call = takesCall
    ? callAt(index, random)
    : { callRef: null, callId: null, setupTime: null, cli: null, cld: null };
  const row = {
    parent: null,
    at,
    switch: ['lab', 'fra', 'iev'][Math.floor(random() ** 2 * 3)],
    passId: `pass-${Math.floor(index / 10)}`,
    rule: `rule-${rule}`,
    ruleHash: 'f'.repeat(64),
    scope: 'account',
    subject: `account:${account}`,
    action,
    target: takesCall ? call.callRef : String(account),
    mode: monitored ? 'monitor' : 'enforce',
    actor: 'scheduler',
    login: 'login:ops',
    account,
    customer,
    ...call,
    evidence: JSON.stringify({
      conditions: {
        result: true,
        all: [
          {
            result: true,
            fact: 'account.connectedCalls',
            operator: 'greaterThan',
            value: 30,
            observed: 31,
            atLeast: false,
          },
          {
            result: true,
            fact: 'account.averageDuration',
            params: { min: 5 },
            operator: 'lessThan',
            value: 12,
            observed: 4.2,
          },
        ],
      },
      pool: { size: 31, keep: 30 },
    }),
  };
  return { row, outcome };
}

function childOf({ id, input }, index, random) {
  const call = callAt(index, random);
  return {
    row: { ...input.row, ...call, parent: id, action: 'disconnectCall', target: call.callRef },
    outcome: input.outcome,
  };
}

function callAt(index, random) {
  return {
    callRef: String(Math.floor(random() * 60_000)),
    callId: `${index.toString(16)}-${Math.floor(random() * 1e9)}@192.0.2.10`,
    setupTime: '20260101T00:00:00.000',
    cli: `+4930${Math.floor(random() * 90_000) + 10_000}`,
    cld: `0044${Math.floor(random() * 900_000) + 100_000}`,
  };
}

function queries(path) {
  const reader = openAuditReader(path);
  const some = [...reader.query({ action: 'disconnectCall', until: START + (END - START) / 2, limit: 1 })][0];
  const day = 86_400_000;
  const cases = [
    {},
    { since: END - day },
    { until: START + day },
    { since: START + (END - START) / 2, until: START + (END - START) / 2 + day },
    { rule: 'rule-0' },
    { account: some.account },
    { account: 0 },
    { customer: some.customer },
    { call: some.target },
    { call: some.callId },
    { cli: some.cli },
    { cld: some.cld },
    { action: 'disconnectAccount' },
    { outcome: 'disconnected' },
    { outcome: 'failed' },
    { switch: 'iev' },
    { mode: 'monitor' },
    { afterId: 1 },
    { afterId: RECORDS - 50 },
    { rule: 'rule-0', outcome: 'disconnected' },
    { rule: 'rule-3', outcome: 'disconnected' },
    { rule: 'rule-0', outcome: 'failed' },
    { account: some.account, since: END - 30 * day },
    { account: 0, outcome: 'failed' },
    { account: 0, since: START, until: START + day },
    { switch: 'iev', outcome: 'failed' },
    { switch: 'lab', mode: 'monitor', until: START + day },
    { customer: some.customer, rule: 'rule-4', outcome: 'failed' },
    { customer: 0, outcome: 'disconnected', mode: 'enforce' },
    { mode: 'enforce', outcome: 'monitored' },
    { afterId: 1, rule: 'rule-19' },
  ];
  console.log('newest 100 records, milliseconds      median     max   records');
  for (const query of cases) {
    const times = [];
    let records = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const started = performance.now();
      records = 0;
      for (const _ of reader.query({ ...query, limit: 100 })) records += 1;
      times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    const [median, max] = [times[RUNS / 2], times.at(-1)].map((ms) => ms.toFixed(1).padStart(7));
    console.log(`${label(query).padEnd(36)} ${median} ${max}   ${records}`);
  }
  for (const query of [{}, { rule: 'rule-0' }]) {
    const started = performance.now();
    let first;
    let records = 0;
    for (const _ of reader.query(query)) {
      first ??= performance.now() - started;
      records += 1;
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(
      `all records, ${label(query)}: ${records} in ${seconds} s, the first after ${first.toFixed(0)} ms`,
    );
  }
  reader.close();
}

async function writes(path) {
  const { audit, close } = openStore(path);
  const random = seeded(11);
  const inputs = Array.from({ length: 500 }, (_, index) => {
    const { row } = inputAt(RECORDS + index, random);
    const call = { id: '1', callId: `bench-${index}`, setupTimeText: undefined };
    return { ...row, parent: undefined, call, evidence: JSON.parse(row.evidence) };
  });
  const started = performance.now();
  for (const input of inputs) {
    const intent = await audit.openIntent(input, []);
    await audit.closeIntent(intent, { outcome: 'disconnected' }, [], input.at + 40);
  }
  const perSecond = inputs.length / ((performance.now() - started) / 1000);
  console.log(`\nopenIntent + closeIntent, each on disk: ${perSecond.toFixed(0)} actions/s`);
  for (const [name, ask] of [
    ['disconnectsSince', () => audit.disconnectsSince('lab', END - 3_600_000)],
    ['callsTakenSince', () => audit.callsTakenSince('lab', END - 3_600_000)],
    ['unchangedSince', () => audit.unchangedSince('lab', END - 300_000, new Map())],
    ['unconfirmed', () => audit.unconfirmed('lab')],
  ]) {
    const before = performance.now();
    await ask();
    console.log(`${name}: ${(performance.now() - before).toFixed(1)} ms`);
  }
  close();
}

function label(query) {
  const text = Object.entries(query)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
  return text === '' ? 'no filter' : text.slice(0, 36);
}

/** mulberry32, so that every run measures the same log. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
