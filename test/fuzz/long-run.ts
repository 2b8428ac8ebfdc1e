import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Target } from './target.js';
import { TARGETS } from './targets/all.js';

const MINUTES = Number(process.env['FUZZ_MINUTES'] ?? 1);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const ONLY = process.env['FUZZ_TARGET'];
const FINDINGS = resolve('.reports/fuzz');

/** Each target in its turn gets so long before the next one, with a seed of its own. */
const TURN_MS = 10_000;

interface Tried {
  inputs: number;
  ms: number;
}

/** Where the process hangs or dies, this tells what it was trying. */
function noteUnderWay(target: string, seed: number): void {
  writeFileSync(join(FINDINGS, 'under-way.json'), `${JSON.stringify({ target, seed })}\n`);
}

/** The input that broke a promise, as text and, where bytes are part of it, as they are. */
function save(target: Target, details: fc.RunDetails<[unknown]>): string {
  const name = `${target.name.replaceAll(' ', '-')}-${details.seed}`;
  const file = join(FINDINGS, `${name}.json`);
  const { seed, counterexamplePath: path, counterexample, errorInstance } = details;
  const error =
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : errorInstance;
  const input = fc.stringify(counterexample);
  writeFileSync(file, `${JSON.stringify({ target: target.name, seed, path, error, input }, null, 2)}\n`);
  for (const [index, bytes] of [counterexample].flat(4).filter(Buffer.isBuffer).entries())
    writeFileSync(join(FINDINGS, `${name}-${index}.bin`), bytes);
  return file;
}

it('nothing that comes from outside breaks a promise', async () => {
  mkdirSync(FINDINGS, { recursive: true });
  const targets = TARGETS.filter(({ name }) => ONLY === undefined || name === ONLY);
  if (targets.length === 0)
    throw new Error(`No such target; there are ${TARGETS.map(({ name }) => name).join(', ')}.`);
  const tried = new Map<string, Tried>();
  const found: string[] = [];
  const endAt = Date.now() + MINUTES * 60_000;
  console.log(`fuzzing ${targets.length} targets for ${MINUTES} minutes from seed ${SEED}`);
  for (let turn = 0; Date.now() < endAt && found.length === 0; turn += 1) {
    const target = targets[turn % targets.length];
    if (target === undefined) break;
    const seed = (SEED + turn) % 2 ** 31;
    noteUnderWay(target.name, seed);
    const begun = Date.now();
    const limit = Math.max(1, Math.min(TURN_MS, endAt - begun));
    const details = await fc.check(target.property, {
      seed,
      numRuns: 2 ** 30,
      interruptAfterTimeLimit: limit,
    });
    const so = tried.get(target.name) ?? { inputs: 0, ms: 0 };
    tried.set(target.name, { inputs: so.inputs + details.numRuns, ms: so.ms + Date.now() - begun });
    if (!details.failed) continue;
    found.push(save(target, details));
    console.log(`FOUND by "${target.name}", seed ${seed}: ${String(details.errorInstance)}`);
  }
  for (const { name, reached } of targets) {
    const { inputs, ms } = tried.get(name) ?? { inputs: 0, ms: 0 };
    const of = [...reached].map(([what, count]) => `${what} ${count}`).join(', ');
    console.log(
      `${String(inputs).padStart(9)} inputs, ${String(Math.round((inputs * 1000) / (ms || 1))).padStart(6)}/s  ${name}${of === '' ? '' : ` (${of})`}`,
    );
  }
  const all = [...tried.values()].reduce(
    (sum, { inputs, ms }) => ({ inputs: sum.inputs + inputs, ms: sum.ms + ms }),
    { inputs: 0, ms: 0 },
  );
  console.log(
    `${all.inputs} inputs in ${Math.round(all.ms / 1000)} s, ${Math.round((all.inputs * 1000) / (all.ms || 1))}/s`,
  );
  expect(found).toEqual([]);
});
