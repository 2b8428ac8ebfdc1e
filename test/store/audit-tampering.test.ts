import { copyFileSync } from 'node:fs';
import type Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/domain/action.js';
import type { Checkpoint } from '../../src/domain/audit-chain.js';
import { storedColumns } from '../../src/store/audit-chain-hash.js';
import type { Store } from '../../src/store/open-store.js';
import { accountInput, alertInput, callInput, freshStore, NOON, outcomeOf, rawDatabase } from './support.js';
import { DAY_MS, reckonAnew, signer, tamper, verified } from './support-chain.js';

interface Step {
  do: 'alert' | 'account' | 'intent' | 'close' | 'confirm' | 'orphans' | 'prune';
  outcome: Outcome;
  text: string;
  number: number;
  children: number;
  days: number;
}

const RUNS = { numRuns: 25, endOnFailure: true, seed: 4 };

// Half a surrogate pair, a NUL and the character for what cannot be read among them: whatever a switch may list.
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('', '\u0000', 'a\u0000b', '\ud800', '\ufffd', 'é', "o'brien", 'i1:7'),
);
const outcomes: Outcome[] = [
  'disconnected',
  'already-gone',
  'failed',
  'unknown',
  'monitored',
  'withheld',
  'alerted',
];
const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom(
    'alert',
    'account',
    'intent',
    'close',
    'close',
    'confirm',
    'confirm',
    'orphans',
    'prune',
  ),
  outcome: fc.constantFrom(...outcomes),
  text,
  number: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  children: fc.nat(3),
  days: fc.nat(4),
});
const steps = fc.array(step, { minLength: 1, maxLength: 12 });

type Written = Store & { path: string };

/** A log as the service would write it, over months; checkpoints as it would export them. */
async function writeLog(
  given: readonly Step[],
): Promise<{ store: Written; checkpoints: Checkpoint[]; now: number }> {
  let now = NOON;
  const store = freshStore(undefined, { clock: () => now });
  const checkpoints: Checkpoint[] = [];
  const open: Awaited<ReturnType<Store['audit']['openIntent']>>[] = [];
  for (const one of given) {
    now += one.days * 10 * DAY_MS;
    await takeStep(store, one, open, now);
    if (one.days % 2 === 0) checkpoints.push(signer.sign(await store.chain.head(), now));
  }
  checkpoints.push(signer.sign(await store.chain.head(), now));
  return { store, checkpoints, now };
}

async function takeStep(
  { audit, chain }: Written,
  { do: what, outcome, text, number, children, days }: Step,
  open: { id: number; childIds: readonly number[] }[],
  at: number,
): Promise<void> {
  const call = callInput(text, { at, cli: text, cld: undefined, account: number });
  const calls = Array.from({ length: children }, () => call);
  if (what === 'alert')
    await audit.record(alertInput({ at, rule: text }), outcomeOf(outcome, { count: number }), []);
  if (what === 'account') await audit.record(accountInput({ at }), outcomeOf(outcome), calls);
  if (what === 'intent') open.push(await audit.openIntent(call, calls));
  if (what === 'orphans') {
    await audit.resolveOrphans('lab', at);
    open.length = 0;
  }
  const intent = what === 'close' ? open.pop() : undefined;
  if (intent !== undefined) {
    const ofChildren = intent.childIds.map(() => outcomeOf(outcome, { error: text }));
    await audit.closeIntent(intent, outcomeOf(outcome), ofChildren, at);
  }
  if (what === 'confirm') {
    const unconfirmed = await audit.unconfirmed('lab');
    await audit.confirm(
      unconfirmed.map(({ id }) => ({ id, confirmed: number % 2 === 0 })),
      at,
    );
  }
  if (what === 'prune')
    await chain.prune(at - days * 10 * DAY_MS, { at, actor: 'cli:ops', reason: text, signer });
}

test('a log that nobody touched passes, however it was written and pruned', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      const { store, checkpoints } = await writeLog(given);
      expect(verified(store.path, checkpoints).fault).toBeUndefined();
      store.close();
    }),
    RUNS,
  );
});

interface EventAt {
  seq: number;
  kind: string;
  ref: number;
}

/** A log, and the event of it that is tampered with. */
interface Log extends EventAt {
  database: Database.Database;
  first: number;
  last: number;
  /** Any number, to choose with. */
  pick: number;
  checkpoints: readonly Checkpoint[];
}

/** Tampers with the event and says at which verify has to stop. */
type Tampering = (log: Log) => number;

const KEY: Readonly<Record<string, string>> = { outcome: 'action_id' };

function rowOf({ kind, ref }: Log): { table: string; where: string } {
  return { table: `audit_${kind}`, where: `WHERE ${KEY[kind] ?? 'id'} = ${ref}` };
}

const removeEvent: Tampering = ({ database, seq }) => {
  database.exec(`DELETE FROM audit_event WHERE seq = ${seq}`);
  return seq;
};

const removeRow: Tampering = (log) => {
  const { table, where } = rowOf(log);
  log.database.exec(`DELETE FROM ${table} ${where}`);
  return log.seq;
};

/** Of the prune that took everything before: without it, all that can be said is that those events are gone. */
function isOnlyProof({ kind, seq, first }: Log): boolean {
  return kind === 'administration' && seq === first && first > 1;
}

const TAMPERINGS: Readonly<Record<string, Tampering>> = {
  'a column': (log) => {
    const { table, where } = rowOf(log);
    const columns = storedColumns(log.database, table).filter((name) => name !== (KEY[log.kind] ?? 'id'));
    const column = columns[log.pick % columns.length];
    const before = log.database.prepare(`SELECT ${column} FROM ${table} ${where}`).pluck().get();
    const changes = ['NULL', "''", 'x', "CAST(x || x'ff' AS TEXT)", "CAST(x || x'00' AS TEXT)", "x || ' '"];
    const change =
      typeof before === 'number'
        ? ['x + 1', 'x - 1', '-x - 1', 'x + 4503599627370496'][log.pick % 4]
        : before === null
          ? ['0', "'' || 7"][log.pick % 2]
          : changes[3 + (log.pick % 3)];
    // In whatever type the column takes; NOT NULL and CHECK are off, STRICT is not.
    log.database.exec(
      `UPDATE ${table} SET ${column} = ${String(change).replaceAll('x ', `${column} `)} ${where}`,
    );
    return log.seq;
  },
  'the hash': ({ database, seq, pick }) => {
    const hash = Buffer.alloc(32, pick % 256);
    database.prepare('UPDATE audit_event SET hash = ? WHERE seq = ?').run(hash, seq);
    return seq;
  },
  'the ref': ({ database, seq, pick }) => {
    database.exec(`UPDATE audit_event SET ref = ref + ${1 + (pick % 3)} WHERE seq = ${seq}`);
    return seq;
  },
  'a removed row': removeRow,
  'a removed event': removeEvent,
  'a removed record': (log) => {
    if (isOnlyProof(log)) return Number.NaN;
    removeRow(log);
    return removeEvent(log);
  },
  'a removed record, the later ones renumbered': (log) => {
    if (isOnlyProof(log)) return Number.NaN;
    removeRow(log);
    removeEvent(log);
    log.database.exec(`UPDATE audit_event SET seq = -seq WHERE seq > ${log.seq}`);
    log.database.exec('UPDATE audit_event SET seq = -seq - 1 WHERE seq < 0');
    return log.seq;
  },
  'an event put in': ({ database, seq, pick }) => {
    database.exec(`UPDATE audit_event SET seq = -seq WHERE seq >= ${seq}`);
    database.exec('UPDATE audit_event SET seq = -seq + 1 WHERE seq < 0');
    database.exec(
      `INSERT INTO audit_event SELECT ${seq}, kind, ref, randomblob(32) FROM audit_event ORDER BY seq LIMIT 1 OFFSET ${pick % 3}`,
    );
    return seq;
  },
  'two events in another order': ({ database, seq, last }) => {
    if (seq === last) return Number.NaN;
    database.exec(`UPDATE audit_event SET seq = -seq WHERE seq IN (${seq}, ${last})`);
    database.exec(`UPDATE audit_event SET seq = ${seq} + ${last} + seq WHERE seq < 0`);
    return seq;
  },
  'the tail, and what remembers it': ({ database, seq }) => {
    database.exec(`DELETE FROM audit_event WHERE seq >= ${seq}`);
    database.exec(`UPDATE sqlite_sequence SET seq = ${seq - 1} WHERE name = 'audit_event'`);
    return seq;
  },
  'the chain reckoned anew': (log) => {
    const { database, seq, checkpoints } = log;
    const { table, where } = rowOf(log);
    database.exec(`UPDATE ${table} SET at = at + 1 ${where}`);
    reckonAnew(database, seq);
    return checkpoints.find(({ sequence }) => sequence >= seq)?.sequence ?? Number.NaN;
  },
};

test('the first event that was tampered with is named, whatever was done to it', async () => {
  const done = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), fc.nat(), async (given, place, pick) => {
      const { store, checkpoints } = await writeLog(given);
      store.close();
      for (const [name, work] of Object.entries(TAMPERINGS)) {
        const path = `${store.path}-${done.size}-${done.get(name) ?? 0}`;
        copyFileSync(store.path, path);
        const expected = tamperWith(path, work, { place, pick, checkpoints });
        if (Number.isNaN(expected)) continue;
        done.set(name, (done.get(name) ?? 0) + 1);
        expect([name, verified(path, checkpoints).fault?.event]).toEqual([name, expected]);
      }
    }),
    RUNS,
  );
  expect([...done.keys()].sort()).toEqual(Object.keys(TAMPERINGS).sort());
  expect(Math.min(...done.values())).toBeGreaterThan(RUNS.numRuns / 3);
});

/** At which event verify has to stop; NaN where the log is too short to tamper with so. */
function tamperWith(
  path: string,
  work: Tampering,
  { place, pick, checkpoints }: { place: number; pick: number; checkpoints: readonly Checkpoint[] },
): number {
  const database = rawDatabase(path);
  const events = database.prepare<[], EventAt>('SELECT seq, kind, ref FROM audit_event ORDER BY seq').all();
  const [event, last] = [events[place % events.length], events.at(-1)];
  // Of a log of one event there is no first and no other.
  const expected =
    event === undefined || last === undefined || events.length === 1
      ? Number.NaN
      : tamper(database, () =>
          work({ database, ...event, first: events[0]?.seq ?? 0, last: last.seq, pick, checkpoints }),
        );
  database.close();
  return expected;
}

test('a record put in past the triggers is found, wherever it stands', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.nat(),
      fc.constantFrom('action', 'outcome', 'confirmation', 'administration'),
      async (given, place, kind) => {
        const { store, checkpoints } = await writeLog([
          ...given,
          { ...(given[0] as Step), do: 'alert', days: 0 },
        ]);
        const database = rawDatabase(store.path);
        const table = `audit_${kind}`;
        const columns = storedColumns(database, table).filter((name) => name !== 'id');
        const sources = database.prepare<[], number>(`SELECT rowid FROM ${table}`).pluck().all();
        const source = sources[place % Math.max(1, sources.length)];
        tamper(database, () => {
          if (source === undefined) {
            database.exec('INSERT INTO audit_confirmation (action_id, at, confirmed) VALUES (1, 1, 1)');
          } else if (kind === 'outcome') {
            database.exec(
              `INSERT INTO audit_outcome SELECT action_id + 1000, ${columns.slice(1).join(', ')} FROM audit_outcome WHERE rowid = ${source}`,
            );
          } else {
            const copied = columns.map((name) => (name === 'confirmed' ? '7' : name)).join(', ');
            database.exec(
              `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${copied} FROM ${table} WHERE rowid = ${source}`,
            );
          }
        });
        expect(verified(store.path, checkpoints).fault).toMatchObject({ kind, what: 'inserted' });
        database.close();
        store.close();
      },
    ),
    RUNS,
  );
});
