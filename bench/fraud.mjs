// Does it catch fraud? The shipped policies, enforcing, against every attack of the simulated switch among benign traffic:
// real passes on a real database in simulated time, the truth about each call from the simulator. Run after `npm run build`.
//   --seeds report|tuning|1,2   which worlds; report is the default, thresholds were tuned on the others
//   --scenario NAME             only this one; may be repeated
//   --per-hour N                another cap per hour than the default 500
//   --no-limits                 without the limits that an admin would enter for accounts of known size
//   --rules DIR                 other rules than the shipped ones
//   --jobs N                    runs at once
//   -o json                     every figure, also of each run
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { tableOf } from './fraud/report.mjs';
import { summarise } from './fraud/score.mjs';
import { REPORT_SEEDS, SCENARIO_NAMES, TUNING_SEEDS } from './fraud/timetable.mjs';

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: 'report' },
    scenario: { type: 'string', multiple: true, default: SCENARIO_NAMES },
    'per-hour': { type: 'string', default: '500' },
    'no-limits': { type: 'boolean', default: false },
    rules: { type: 'string', default: 'rules' },
    jobs: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    policy: { type: 'string', multiple: true, default: ['shipped', 'naive'] },
    output: { type: 'string', short: 'o', default: 'table' },
  },
});

const seeds =
  { report: REPORT_SEEDS, tuning: TUNING_SEEDS }[options.seeds] ?? options.seeds.split(',').map(Number);
const unknown = options.scenario.find((name) => !SCENARIO_NAMES.includes(name));
if (unknown !== undefined || seeds.some((seed) => !Number.isInteger(seed))) {
  console.error(`Scenarios are ${SCENARIO_NAMES.join(', ')}; seeds are whole numbers.`);
  process.exit(2);
}

const waiting = options.policy.flatMap((policy) =>
  options.scenario.flatMap((scenario) => seeds.map((seed) => ({ scenario, seed, policy }))),
);
const whole = waiting.length;
const results = [];
const startedAt = performance.now();
await Promise.all(Array.from({ length: Math.min(Number(options.jobs), whole) }, work));
const seconds = (performance.now() - startedAt) / 1000;

const report = {
  seeds,
  perHour: Number(options['per-hour']),
  limits: !options['no-limits'],
  seconds,
  policies: Object.fromEntries(options.policy.map((policy) => [policy, summaryOf(policy)])),
};
if (options.output === 'json') {
  console.log(JSON.stringify({ ...report, runs: results }, null, 2));
} else {
  const worlds = `seeds ${seeds.join(', ')}; caps 50 a pass, ${report.perHour} an hour, a quarter of all calls`;
  for (const [policy, summary] of Object.entries(report.policies)) {
    const title = policy === 'naive' ? '30 calls per account' : 'shipped policies, enforcing';
    console.log(`${tableOf(`${title} (${worlds})`, summary)}\n`);
  }
  console.log(
    `p: share of the minutes that it held a port, where nobody ever answered. ${whole} runs in ${seconds.toFixed(0)} s.`,
  );
}

function summaryOf(policy) {
  const of = results.filter((result) => result.policy === policy);
  const rows = options.scenario.map((name) =>
    summarise(
      name,
      of.filter(({ scenario }) => scenario === name).map(({ score }) => score),
    ),
  );
  return {
    rows,
    total: summarise(
      'all',
      of.map(({ score }) => score),
    ),
  };
}

/** One thread plays run after run until none is left. */
function work() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./fraud/worker.mjs', import.meta.url), {
      workerData: {
        rules: options.rules,
        limits: !options['no-limits'],
        perHour: Number(options['per-hour']),
      },
    });
    const next = () => {
      const run = waiting.shift();
      if (run !== undefined) worker.postMessage(run);
      else worker.terminate().then(() => resolve(), reject);
    };
    worker.on('message', (result) => {
      results.push(result);
      process.stderr.write(
        `${results.length}/${whole} ${result.policy} ${result.scenario} seed ${result.seed}: ${result.seconds.toFixed(0)} s\n`,
      );
      next();
    });
    worker.on('error', reject);
    next();
  });
}
