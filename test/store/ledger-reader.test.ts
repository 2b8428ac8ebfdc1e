import { expect, onTestFinished, test } from 'vitest';
import { type LedgerReader, openLedgerReader } from '../../src/store/ledger-reader.js';
import { freshStore, NOON, storeFailure, temporaryDatabase } from './support.js';
import { changesOf, ledgerCall, pollAt } from './support-ledger.js';

const at = (seconds: number) => NOON + seconds * 1_000;

async function history(): Promise<{ reader: LedgerReader; store: ReturnType<typeof freshStore> }> {
  const store = freshStore();
  const calls = [
    ledgerCall('ended before', { firstSeenAt: at(0), lastSeenAt: at(5), endedAt: at(10) - 1 }),
    ledgerCall('ended at once', { firstSeenAt: at(5), lastSeenAt: at(5), endedAt: at(10) }),
    ledgerCall('through', { firstSeenAt: at(2), lastSeenAt: at(90), endedAt: at(95) }),
    ledgerCall('live', { firstSeenAt: at(-500), lastSeenAt: at(-500) }),
    ledgerCall('last of it', { firstSeenAt: at(20) - 1, lastSeenAt: at(20) }),
    ledgerCall('after', { firstSeenAt: at(20), lastSeenAt: at(20), endedAt: at(25) }),
  ];
  for (const [index, call] of calls.entries()) {
    await store.ledger.commit('lab', changesOf({ poll: pollAt(at(5 * index)), calls: [call] }));
  }
  await store.ledger.commit('fra', changesOf({ calls: [ledgerCall('other')] }));
  const reader = openLedgerReader(store.path);
  onTestFinished(() => reader.close());
  return { reader, store };
}

test('a span holds the calls that a poll in it may have shown, in order of first sight', async () => {
  const { reader } = await history();
  const ids = (since: number, until: number) => [...reader.calls('lab', since, until)].map(({ id }) => id);
  expect(ids(at(10), at(20))).toEqual(['live', 'through', 'ended at once', 'last of it']);
  expect(ids(at(-900), at(-500))).toEqual([]);
  expect(ids(at(96), at(100))).toEqual(['live', 'last of it']);
  expect([...reader.calls('none', 0, at(100))]).toEqual([]);
});

test('a span holds its polls but not the one at its end', async () => {
  const { reader } = await history();
  expect(reader.polls('lab', at(5), at(15))).toEqual([pollAt(at(5)), pollAt(at(10))]);
  expect(reader.polls('none', 0, at(15))).toEqual([]);
});

test('the state is the one that the ledger loads', async () => {
  const { reader, store } = await history();
  expect(reader.state('lab', at(20))).toEqual(await store.ledger.load('lab', at(20)));
});

test('calls are read while the service goes on to write and prune', async () => {
  const { reader, store } = await history();
  const seen: string[] = [];
  for (const { id } of reader.calls('lab', 0, at(100))) {
    seen.push(id);
    if (seen.length > 1) continue;
    await store.ledger.prune({ before: at(11), countriesBefore: 0, maxRows: 100 });
  }
  expect(seen).toContain('through');
  expect([...reader.calls('lab', 0, at(100))]).toHaveLength(4);
});

test('thousands of calls are each read once, in order, gaps and all', async () => {
  const { reader, store } = await history();
  const calls = Array.from({ length: 2_500 }, (_, index) =>
    ledgerCall(`many-${index}`, {
      firstSeenAt: at(200) + index,
      lastSeenAt: at(300),
      endedAt: at(400) + (index % 3),
    }),
  );
  await store.ledger.commit('lab', changesOf({ poll: pollAt(at(400)), calls }));
  await store.ledger.commit('lab', changesOf({ poll: pollAt(at(405)) }));
  // Every third goes.
  await store.ledger.prune({ before: at(400) + 1, countriesBefore: 0, maxRows: 100_000 });
  const left = calls.filter((_, index) => index % 3 !== 0);
  const found = [...reader.calls('lab', at(400), at(900))];
  expect(found.slice(0, 2).map(({ id }) => id)).toEqual(['live', 'last of it']);
  expect(found.slice(2).map(({ id }) => id)).toEqual(left.map(({ id }) => id));
});

test('a missing database and a closed reader are STORE_FAILED', async () => {
  await storeFailure(() => openLedgerReader(temporaryDatabase()));
  const { reader } = await history();
  reader.close();
  await storeFailure(() => [...reader.calls('lab', 0, NOON)]);
  await storeFailure(() => reader.polls('lab', 0, NOON));
  await storeFailure(() => reader.state('lab', 0));
});
