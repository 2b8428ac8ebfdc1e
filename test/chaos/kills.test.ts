import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type ChaosOptions, runChaos } from './run-chaos.js';

const OPTIONS: ChaosOptions = {
  seed: Number(process.env['CHAOS_SEED'] ?? 1),
  kills: Number(process.env['CHAOS_KILLS'] ?? 200),
  minutes: Number(process.env['CHAOS_MINUTES'] ?? 0),
  parallel: Number(process.env['CHAOS_PARALLEL'] ?? 4),
};

/** A kill takes some two seconds of one lab; this only ends a run that hangs. */
const TIMEOUT_MS = 120_000 + OPTIONS.minutes * 60_000 + OPTIONS.kills * 6_000;

it(
  'kept its promises through every kill',
  async () => {
    const startedAt = Date.now();
    const tally = await runChaos(OPTIONS, (text) => process.stderr.write(`${text}\n`));
    const seconds = Math.round((Date.now() - startedAt) / 1_000);
    const summary = { ...OPTIONS, ...tally, seconds };
    const file = process.env['CHAOS_SUMMARY'];
    if (file === undefined) process.stderr.write(`${JSON.stringify(summary)}\n`);
    else writeFileSync(file, JSON.stringify(summary));
    expect(tally.violations).toEqual([]);
    expect(tally.kills).toBeGreaterThanOrEqual(OPTIONS.kills);
    // A run in which nothing was under way when the processes died would have shown nothing.
    expect(tally.orphans).toBeGreaterThanOrEqual(Math.floor(tally.kills / 8));
    expect(tally.requests).toBeGreaterThanOrEqual(tally.kills);
    expect(tally.wholes).toBeGreaterThanOrEqual(Math.floor(tally.kills / 20));
  },
  TIMEOUT_MS,
);
