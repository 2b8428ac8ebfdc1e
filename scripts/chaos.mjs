// Kills the built program with SIGKILL at random instants, against a simulated switch with slow and lost replies, and compares
// the switch's own log of requests with the audit log. Run after `npm run build`.
//   --kills N      at least so many, 2000 by default
//   --minutes M    go on for at least so long
//   --seed N       which random instants and calls; 1 by default, and named where something went wrong
//   --parallel N   switches at once, 4 by default
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    kills: { type: 'string' },
    minutes: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '4' },
  },
});
// Who asks for a time alone does not ask for a number.
const kills = Number(options.kills ?? (options.minutes === '0' ? 2_000 : 1));
const minutes = Number(options.minutes);
const seed = Number(options.seed);
const parallel = Number(options.parallel);
if (
  ![kills, seed, parallel].every(Number.isInteger) ||
  !(kills > 0 && parallel > 0 && minutes >= 0 && Number.isFinite(minutes))
) {
  console.error('--kills, --seed and --parallel take whole numbers, --minutes a number.');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'callwarden-chaos-summary-'));
const summaryFile = join(folder, 'summary.json');
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/chaos/vitest.config.ts',
    'test/chaos/kills.test.ts',
  ],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      CHAOS_KILLS: String(kills),
      CHAOS_MINUTES: String(minutes),
      CHAOS_SEED: String(seed),
      CHAOS_PARALLEL: String(parallel),
      CHAOS_SUMMARY: summaryFile,
    },
  },
);
try {
  const summary = JSON.parse(readFileSync(summaryFile, 'utf8'));
  const rounds = Object.entries(summary.rounds).map(([kind, count]) => `${count} ${kind}`);
  console.log(`kills survived      ${summary.kills} in ${summary.seconds} s (${rounds.join(', ')})`);
  console.log(
    `requests            ${summary.requests}, ${summary.wholes} of them for a whole account or customer`,
  );
  console.log(`calls cut           ${summary.callsCut}`);
  console.log(`orphans resolved    ${summary.orphans}, ${summary.orphansNeverSent} of them had never left`);
  console.log(`replies lost        ${summary.replyLost}`);
  console.log(
    `unknown, then known ${summary.unknownConfirmed} confirmed as gone, ${summary.unknownRefuted} still there`,
  );
  console.log(`violations          ${summary.violations.length}`);
  for (const violation of summary.violations) console.log(`  ${violation}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = status ?? 1;
