import { describe, expect, it, vi } from 'vitest';
import { bringsListing, createLedgerPruning } from '../../src/cli/ledger-pruning.js';
import { calls } from '../support/calls.js';
import { cap, scene } from '../support/pass-scene.js';

const NOW = Date.parse('2026-01-05T10:00:00Z');
const DAY_MS = 86_400_000;

/** A ledger with so many rows that are too old. */
function ledger(rows: number) {
  let left = rows;
  const steps: { before: number; countriesBefore: number; maxRows: number }[] = [];
  return {
    steps,
    async prune(options: { before: number; countriesBefore: number; maxRows: number }) {
      steps.push(options);
      const deleted = Math.min(left, options.maxRows);
      left -= deleted;
      return deleted;
    },
  };
}

function pruning(target: ReturnType<typeof ledger>, busy: () => boolean = () => false) {
  const errors: unknown[] = [];
  const started = createLedgerPruning({
    ledger: target,
    retentionMs: 7 * DAY_MS,
    clock: () => NOW,
    busy,
    onError: (error) => errors.push(error),
  });
  return { ...started, errors };
}

describe('pruning the ledger', () => {
  it('goes on in bounded steps until nothing is too old', async () => {
    const target = ledger(4_500);
    const { begin, ended } = pruning(target);
    begin();
    await ended();
    expect(target.steps).toHaveLength(4);
    expect(target.steps[0]).toEqual({
      before: NOW - 7 * DAY_MS,
      pollsBefore: NOW - 8 * DAY_MS,
      countriesBefore: NOW - 92 * DAY_MS,
      maxRows: 2_000,
    });
  });

  it('leaves the rest to a later time while a pass is under way', async () => {
    const target = ledger(10_000);
    const { begin, ended } = pruning(target, () => true);
    begin();
    await ended();
    expect(target.steps).toHaveLength(1);
    begin();
    await ended();
    expect(target.steps).toHaveLength(2);
  });

  it('runs once at a time, however often it is begun', async () => {
    const target = ledger(1_000);
    const { begin, ended } = pruning(target);
    begin();
    begin();
    await ended();
    expect(target.steps).toHaveLength(2);
  });

  it('tells of an error and can be begun again', async () => {
    const target = ledger(1);
    const failing = { ...target, prune: () => Promise.reject(new Error('disk full')) };
    const { begin, ended, errors } = pruning(failing);
    begin();
    await ended();
    expect(errors).toEqual([new Error('disk full')]);
    begin();
    await ended();
    expect(errors).toHaveLength(2);
  });
});

describe('a pass after which the ledger may be pruned', () => {
  it('is one that fails after its listing, too, as what that showed is kept', async () => {
    const slow = scene(cap(''), calls(4), { deadlineMs: 50 });
    vi.spyOn(slow.store.audit, 'unconfirmed').mockImplementation(async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return [];
    });
    const report = await slow.pass();
    expect(report).toMatchObject({ status: 'failed', error: { code: 'SWITCH_TIMEOUT' } });
    expect((await slow.store.ledger.load('lab', 0)).calls).toHaveLength(4);
    expect(bringsListing(report)).toBe(true);
  });

  it('is one that shows no call, but not one without a listing', async () => {
    expect(bringsListing(await scene(cap('')).pass())).toBe(true);
    const silent = scene(cap(''), calls(4), { deadlineMs: 20 });
    silent.port.before = () => new Promise(() => {});
    const report = await silent.pass();
    expect([report.status, bringsListing(report)]).toEqual(['failed', false]);
  });
});
