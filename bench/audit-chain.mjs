// What the chain of the audit log costs a record, how fast it is verified and how long a prune takes.
// Run after `npm run build`: node bench/audit-chain.mjs [ACTIONS]
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { INSERT_ACTION, INSERT_CONFIRMATION, INSERT_OUTCOME } from '../dist/store/audit-sql.js';
import { openAuditVerifier } from '../dist/store/audit-verifier.js';
import { openForWriting } from '../dist/store/database.js';
import { openStore } from '../dist/store/open-store.js';

const ACTIONS = Number(process.argv[2] ?? 100_000);
const COMMITS = 1_000;
const ROUNDS = 5;
const START = Date.UTC(2026, 0, 1);
const STEP_MS = 15_000;
const KEPT_MS = 31 * 86_400_000;
const END = START + ACTIONS * STEP_MS;

const EVIDENCE = {
  conditions: {
    result: true,
    all: [
      { result: true, fact: 'account.connectedCalls', operator: 'greaterThan', value: 30, observed: 31 },
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
};

const directory = mkdtempSync(join(tmpdir(), 'callwarden-bench-'));
try {
  await cost();
  build(join(directory, 'log.db'));
  verify(join(directory, 'log.db'));
  await prune(join(directory, 'log.db'));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** The same actions, in turn, into a database with the triggers of the chain and into one without them; each commit on disk. */
async function cost() {
  const without = open('without.db');
  for (const kind of ['action', 'outcome', 'confirmation', 'administration']) {
    without.raw.exec(`DROP TRIGGER audit_${kind}_chain`);
  }
  without.raw.close();
  const stores = [open('with.db'), without].map(({ path }) => openStore(path));
  const times = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, { audit }] of stores.entries()) {
      const started = performance.now();
      for (let at = 0; at < COMMITS / ROUNDS; at += 1) {
        const intent = await audit.openIntent(inputAt(at), []);
        await audit.closeIntent(intent, { outcome: 'disconnected', latencyMs: 38 }, [], START);
      }
      times[index].push(((performance.now() - started) * 1_000) / (COMMITS / ROUNDS));
    }
  }
  for (const store of stores) store.close();
  const [chained, plain] = times.map((micros) => median(micros));
  report('intent and outcome, two commits on disk, chained', `${chained.toFixed(0)} µs`);
  report('the same without the chain', `${plain.toFixed(0)} µs, ratio ${(chained / plain).toFixed(2)}`);
  bulkCost();
}

/** Without the disk: the same rows in one transaction, so that the work of the triggers alone is left. */
function bulkCost() {
  const times = [true, false].map((chained) => {
    const { raw } = open(`bulk-${chained}.db`);
    if (!chained) raw.exec('DROP TRIGGER audit_action_chain; DROP TRIGGER audit_outcome_chain');
    const started = performance.now();
    raw.transaction(() => insert(raw, 0, 20_000, false))();
    const micros = ((performance.now() - started) * 1_000) / 40_000;
    raw.close();
    return micros;
  });
  report('a record in one large transaction, chained', `${times[0].toFixed(1)} µs`);
  report(
    'the same without the chain',
    `${times[1].toFixed(1)} µs: ${(times[0] - times[1]).toFixed(1)} µs a record for the chain`,
  );
}

function open(name) {
  const path = join(directory, name);
  openStore(path, { clock: () => START }).close();
  return { path, raw: openForWriting(path, 2_000) };
}

function build(path) {
  openStore(path, { clock: () => START }).close();
  const raw = openForWriting(path, 2_000);
  const started = performance.now();
  for (let from = 0; from < ACTIONS; from += 20_000) {
    raw.transaction(() => insert(raw, from, Math.min(ACTIONS, from + 20_000), true))();
  }
  raw.pragma('wal_checkpoint(TRUNCATE)');
  const share = raw
    .prepare(
      "SELECT sum(pgsize) * 100.0 / (SELECT sum(pgsize) FROM dbstat) FROM dbstat WHERE name = 'audit_event'",
    )
    .pluck()
    .get();
  raw.close();
  const seconds = (performance.now() - started) / 1_000;
  const megabytes = statSync(path).size / 1024 / 1024;
  report(
    `${ACTIONS} actions with outcome and confirmation`,
    `${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MiB, ${share.toFixed(1)} % of it events`,
  );
}

function insert(raw, from, to, confirmed) {
  const [action, outcome, confirmation] = [INSERT_ACTION, INSERT_OUTCOME, INSERT_CONFIRMATION].map((sql) =>
    raw.prepare(sql),
  );
  for (let index = from; index < to; index += 1) {
    const { call, evidence, ...input } = inputAt(index);
    const row = { ...input, callRef: call.id, callId: call.callId, setupTime: call.setupTimeText };
    const { lastInsertRowid } = action.run({ ...row, parent: null, evidence: JSON.stringify(evidence) });
    const result = { outcome: 'disconnected', reason: null, count: null, latencyMs: 38, error: null };
    outcome.run({ ...result, actionId: lastInsertRowid, at: input.at + 40 });
    if (confirmed) confirmation.run({ actionId: lastInsertRowid, at: input.at + 5_000, confirmed: 1 });
  }
}

function verify(path) {
  const verifier = openAuditVerifier(path);
  for (const what of ['verify', 'verify, again']) {
    const started = performance.now();
    const { events, fault } = verifier.verify({
      checkpoints: [],
      genuine: () => true,
      authorised: () => true,
    });
    const seconds = (performance.now() - started) / 1_000;
    if (fault !== undefined) throw new Error(fault.detail);
    report(what, `${events} events in ${seconds.toFixed(2)} s, ${Math.round(events / seconds)} events/s`);
  }
  verifier.close();
}

async function prune(path) {
  const { privateKey } = generateKeyPairSync('ed25519');
  const signer = {
    signPrune: (prune) => ({
      ...prune,
      key: '0'.repeat(64),
      signature: sign(null, Buffer.from(prune.hash), privateKey).toString('base64'),
    }),
  };
  const now = END + KEPT_MS;
  const store = openStore(path, { clock: () => now });
  const before = START + (ACTIONS / 2) * STEP_MS;
  let started = performance.now();
  const span = await store.chain.prunable(before);
  report(
    `look for what can be pruned: ${span.actions} actions`,
    `${((performance.now() - started) / 1_000).toFixed(2)} s`,
  );
  started = performance.now();
  await store.chain.prune(before, { at: now, actor: 'cli:bench', reason: 'bench', signer });
  report(
    `prune ${span.actions} actions, ${span.events} events`,
    `${((performance.now() - started) / 1_000).toFixed(2)} s`,
  );
  store.close();
  verify(path);
}

function inputAt(index) {
  const account = (index * 7_919) % 5_000;
  return {
    at: START + index * STEP_MS,
    switch: ['lab', 'fra', 'iev'][index % 3],
    passId: `pass-${Math.floor(index / 10)}`,
    rule: `rule-${index % 20}`,
    ruleHash: 'f'.repeat(64),
    scope: 'account',
    subject: `account:${account}`,
    action: 'disconnectCall',
    target: String(index),
    mode: 'enforce',
    actor: 'scheduler',
    login: 'login:ops',
    account,
    customer: account % 200,
    call: {
      id: String(index),
      callId: `${index.toString(16)}@192.0.2.10`,
      setupTimeText: '20260101T00:00:00.000',
    },
    cli: `+4930${(index * 104_729) % 90_000}`,
    cld: `0044${(index * 15_485_863) % 900_000}`,
    evidence: EVIDENCE,
  };
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

function report(what, figure) {
  console.log(`${what.padEnd(56)} ${figure}`);
}
