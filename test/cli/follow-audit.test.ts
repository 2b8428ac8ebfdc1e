import { describe, expect, it } from 'vitest';
import { followedRecords, followStart } from '../../src/cli/follow-audit.js';
import type { AuditRecord, Outcome } from '../../src/domain/action.js';
import type { AuditQuery } from '../../src/domain/ports.js';

const NOW = Date.parse('2026-01-05T10:00:00.000Z');

function record(id: number, outcome: Outcome | null, at = NOW): AuditRecord {
  return {
    id,
    parent: null,
    at: new Date(at).toISOString(),
    switch: 'lab',
    passId: 'p',
    rule: 'r',
    ruleHash: 'h',
    scope: 'call',
    subject: `call:${id}`,
    action: 'disconnectCall',
    target: String(id),
    mode: 'enforce',
    outcome,
    confirmed: null,
    count: null,
    reason: null,
    actor: 'scheduler',
    account: null,
    customer: null,
    callId: null,
    cli: null,
    cld: null,
    latencyMs: null,
    error: null,
    evidence: {},
  };
}

/** What each look into the log finds, one state per look, and which ids are printed at it. */
async function followed(looks: AuditRecord[][], outcome?: Outcome, now = NOW): Promise<number[][]> {
  const read =
    (records: readonly AuditRecord[]) =>
    (query: AuditQuery): AuditRecord[] => {
      const matching = records.filter(
        ({ id, at }) => id > (query.afterId ?? 0) && Date.parse(at) >= (query.since ?? 0),
      );
      return query.limit === undefined ? matching : matching.slice(-query.limit);
    };
  let look = 0;
  const printed: number[][] = [];
  const batches = followedRecords({
    read: (afterId) => read(looks[look] ?? [])({ afterId }),
    outcome,
    start: followStart(read(looks[0] ?? []), now),
    clock: () => now,
    wait: async () => {
      look += 1;
    },
    stopped: () => look >= looks.length,
  });
  for await (const batch of batches) printed.push(batch.map(({ id }) => id));
  return printed;
}

describe('following the audit log', () => {
  it('begins after what is there', async () => {
    const old = [record(1, 'disconnected'), record(2, 'failed')];
    expect(await followed([old, [...old, record(3, 'alerted')]])).toEqual([[], [3]]);
  });

  it('holds a record under way back until its outcome is known, and nothing behind it', async () => {
    const old = [record(1, 'disconnected')];
    expect(
      await followed([
        old,
        [...old, record(2, null), record(3, 'disconnected')],
        [...old, record(2, null), record(3, 'disconnected'), record(4, 'failed')],
        [...old, record(2, 'unknown'), record(3, 'disconnected'), record(4, 'failed')],
        [...old, record(2, 'unknown'), record(3, 'disconnected'), record(4, 'failed')],
      ]),
    ).toEqual([[], [3], [4], [2], []]);
  });

  it('does not lose a record that was under way at the start', async () => {
    const first = [record(1, 'failed'), record(2, null), record(3, 'failed')];
    expect(
      await followed([first, [record(1, 'failed'), record(2, 'disconnected'), record(3, 'failed')]]),
    ).toEqual([[], [2]]);
  });

  it('finds a record whose wanted outcome comes after later records', async () => {
    expect(
      await followed(
        [[], [record(1, null), record(2, 'failed')], [record(1, 'disconnected'), record(2, 'failed')]],
        'disconnected',
      ),
    ).toEqual([[], [], [1]]);
  });

  it('prints a record that has been under way for a minute as it is', async () => {
    expect(await followed([[], [record(1, null, NOW - 60_000)]])).toEqual([[], [1]]);
  });
});
