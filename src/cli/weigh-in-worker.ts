import { Worker } from 'node:worker_threads';
import type { WeighedRules, Weigher } from './rules-weigh.js';

/**
 * Weighs rules in a thread of its own, so that no pass waits while they are checked, however long that takes. Rejects where
 * the thread breaks.
 */
export const weighInWorker: Weigher = (...given) =>
  new Promise<WeighedRules>((resolve, reject) => {
    const worker = new Worker(new URL('./weigh-worker.js', import.meta.url), { workerData: given });
    worker.on('message', (weighed: WeighedRules) => resolve(weighed));
    worker.on('error', reject);
    // Whoever has told his result has settled the promise already.
    worker.on('exit', (code) => reject(new Error(`the thread that checks rules ended with ${code}`)));
  });
