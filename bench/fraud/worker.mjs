// Plays the runs that it is given, one after the other, and sends back their figures.
import { parentPort, workerData } from 'node:worker_threads';
import { drive } from './drive.mjs';
import { naivePolicy, shippedPolicy } from './policies.mjs';
import { scoreOf } from './score.mjs';

const { rules, limits, perHour } = workerData;
const policies = { shipped: await shippedPolicy(rules, { limits }), naive: naivePolicy() };

parentPort.on('message', async ({ scenario, seed, policy }) => {
  const ruleSet = policies[policy];
  const startedAt = performance.now();
  const run = await drive({ scenario, seed, ruleSet, perHour, past: policy === 'shipped' });
  const seconds = (performance.now() - startedAt) / 1000;
  parentPort.postMessage({ scenario, seed, policy, seconds, score: scoreOf(run, perHour) });
});
