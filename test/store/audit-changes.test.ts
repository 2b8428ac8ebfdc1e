import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditQuery } from '../../src/domain/ports.js';
import { openAuditChanges } from '../../src/store/audit-changes.js';
import { openAuditReader } from '../../src/store/audit-reader.js';
import type { Store } from '../../src/store/open-store.js';
import { accountInput, callInput, freshStore, NOON, outcomeOf } from './support.js';

/** Ids and `confirmed` of what comes after an event, and where to go on. */
function changes(path: string, after: number, query: AuditQuery = {}, batchEvents = 5_000) {
  const opened = openAuditChanges(path, { batchEvents });
  try {
    const batches = [...opened.after(after, query)];
    return {
      records: batches.flatMap(({ records }) => records).map(({ id, confirmed }) => [id, confirmed]),
      upTo: batches.at(-1)?.upTo.sequence ?? after,
    };
  } finally {
    opened.close();
  }
}

describe('what has changed in the log', () => {
  it('is a record once its outcome is known, and again once it is confirmed or refuted', async () => {
    const { audit, path } = freshStore();
    const intent = await audit.openIntent(callInput('101'), []);
    const open = changes(path, 0);
    expect(open.records).toEqual([]);
    await audit.closeIntent(intent, outcomeOf('disconnected'), [], NOON);
    const closed = changes(path, open.upTo);
    expect(closed.records).toEqual([[1, null]]);
    await audit.confirm([{ id: 1, confirmed: false }], NOON);
    const refuted = changes(path, closed.upTo);
    expect(refuted.records).toEqual([[1, false]]);
    await audit.confirm([{ id: 1, confirmed: true }], NOON);
    const confirmed = changes(path, refuted.upTo);
    expect(confirmed.records).toEqual([[1, true]]);
    expect(changes(path, confirmed.upTo)).toEqual({ records: [], upTo: confirmed.upTo });
    // Who has seen nothing yet sees it once, as it is now.
    expect(changes(path, 0).records).toEqual([[1, true]]);
  });

  it('is an account action too, when its calls are confirmed', async () => {
    const { audit, path } = freshStore();
    const whole = accountInput();
    const intent = await audit.openIntent(whole, [callInput('103'), callInput('104')]);
    await audit.closeIntent(
      intent,
      outcomeOf('disconnected'),
      [outcomeOf('disconnected'), outcomeOf('disconnected')],
      NOON,
    );
    const closed = changes(path, 0);
    expect(closed.records.toSorted()).toEqual([
      [1, null],
      [2, null],
      [3, null],
    ]);
    await audit.confirm(
      [
        { id: 2, confirmed: true },
        { id: 3, confirmed: true },
      ],
      NOON,
    );
    expect(changes(path, closed.upTo).records).toEqual([
      [2, true],
      [3, true],
      [1, true],
    ]);
  });

  it('is told for what the filters ask', async () => {
    const { audit, path } = freshStore();
    await audit.record(callInput('105', { account: 10 }), outcomeOf('withheld'), []);
    await audit.record(callInput('106', { account: 11, cld: '+49 30 1' }), outcomeOf('monitored'), []);
    await audit.record(
      callInput('107', { account: 11, switch: 'other', at: NOON + 5 }),
      outcomeOf('monitored'),
      [],
    );
    const ids = (query: AuditQuery) => changes(path, 0, query).records.map(([id]) => id);
    expect(ids({ account: 11 })).toEqual([2, 3]);
    expect(ids({ account: 11, switch: 'lab' })).toEqual([2]);
    expect(ids({ outcome: 'withheld' })).toEqual([1]);
    expect(ids({ cld: '0049301' })).toEqual([2]);
    expect(ids({ since: NOON + 1 })).toEqual([3]);
    expect(ids({ until: NOON + 1 })).toEqual([1, 2]);
  });

  it('can be gone on with after any batch, whatever came meanwhile: without a hole and without a duplicate', async () => {
    type Step = { act: 'open' | 'close' | 'refute' | 'confirm' | 'read'; which: number };
    const steps = fc.array(
      fc.record<Step>({
        act: fc.constantFrom('open', 'open', 'close', 'close', 'refute', 'confirm', 'read'),
        which: fc.nat(20),
      }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.integer({ min: 1, max: 7 }),
        fc.nat(5),
        async (history, batchEvents, stop) => {
          const store = freshStore();
          const read = reading(store.path, batchEvents);
          const open: { id: number }[] = [];
          const closed: number[] = [];
          for (const { act, which } of history) {
            if (act === 'open') open.push(await store.audit.openIntent(callInput('108'), []));
            else if (act === 'read') read.some(stop);
            else await apply(store, act, which, open, closed);
          }
          read.some(Number.POSITIVE_INFINITY);
          expect(read.last()).toEqual(settled(store.path));
          expect(new Set(read.lines).size).toBe(read.lines.length);
          store.close();
        },
      ),
      { numRuns: 25, seed: 20260105 },
    );
  });
});

async function apply(
  { audit }: Store,
  act: 'close' | 'refute' | 'confirm',
  which: number,
  open: { id: number }[],
  closed: number[],
): Promise<void> {
  if (act === 'close') {
    const [intent] = open.splice(which % Math.max(1, open.length), 1);
    if (intent === undefined) return;
    await audit.closeIntent({ ...intent, childIds: [] }, outcomeOf('disconnected'), [], NOON);
    closed.push(intent.id);
    return;
  }
  const id = closed[which % Math.max(1, closed.length)];
  if (id !== undefined) await audit.confirm([{ id, confirmed: act === 'confirm' }], NOON);
}

/** Somebody who reads some batches now and then, goes on where he stopped, and keeps every line. */
function reading(path: string, batchEvents: number) {
  const lines: string[] = [];
  let after = 0;
  return {
    lines,
    some(batches: number) {
      const opened = openAuditChanges(path, { batchEvents });
      let left = batches;
      for (const { upTo, records } of opened.after(after, {})) {
        lines.push(...records.map((record) => JSON.stringify(record)));
        after = upTo.sequence;
        left -= 1;
        if (left <= 0) break;
      }
      opened.close();
    },
    last: () => {
      const records = lines.map((line) => JSON.parse(line) as { id: number });
      return [...new Map(records.map((record) => [record.id, record])).values()].toSorted(
        (one, other) => one.id - other.id,
      );
    },
  };
}

function settled(path: string) {
  const reader = openAuditReader(path);
  try {
    return [...reader.query({})]
      .filter((record) => record.outcome !== null)
      .toSorted((one, other) => one.id - other.id);
  } finally {
    reader.close();
  }
}
