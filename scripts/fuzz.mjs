import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * Tries everything that takes input from outside with inputs of new seeds, for as long as wanted:
 * npm run fuzz -- [--minutes N] [--seed S] [--target NAME]
 * What breaks a promise is kept in .reports/fuzz/, with the seed that brings it back.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
  },
});
for (const name of ['minutes', 'seed']) {
  if (!/^\d+(\.\d+)?$/.test(values[name])) {
    console.error(`Expected a number after --${name}.`);
    process.exit(2);
  }
}

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const child = spawn(process.execPath, [vitest, 'run', '--config', 'test/fuzz/vitest.config.ts'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
  env: {
    ...process.env,
    FUZZ_MINUTES: values.minutes,
    FUZZ_SEED: values.seed,
    ...(values.target === undefined ? {} : { FUZZ_TARGET: values.target }),
  },
});
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
