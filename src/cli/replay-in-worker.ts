import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { CallwardenError } from '../domain/errors.js';
import type { BacktestResult } from '../pass-backtest.js';
import type { Replayer, ReplayJob } from './replay-job.js';
import type { ReplayMessage } from './replay-worker.js';

const MB = 1024 * 1024;

/**
 * Room for new objects, in MB. A replay makes millions that live for some minutes of its time; in the 48 MB that Node gives
 * they are copied about so often that it takes an eighth longer (bench/backtest.mjs). A running process cannot enlarge its own.
 */
const YOUNG_GENERATION_MB = 192;

/** Carries a job out in a thread of its own, with the memory that suits it; the progress bar and Ctrl-C stay alive meanwhile. */
export const replayInWorker: Replayer = (job, onProgress) =>
  new Promise<BacktestResult>((resolve, reject) => {
    const worker = new Worker(new URL('./replay-worker.js', import.meta.url), {
      workerData: job satisfies ReplayJob,
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
        maxOldGenerationSizeMb: Math.floor(getHeapStatistics().heap_size_limit / MB),
      },
    });
    worker.on('message', (message: ReplayMessage) => {
      if (message.kind === 'progress') onProgress(message.share);
      else if (message.kind === 'done') resolve(message.result);
      else reject(new CallwardenError(message.code, message.message, { hint: message.hint }));
    });
    worker.on('error', (error: NodeJS.ErrnoException) => reject(brokenReplay(job, error)));
    // Whoever has told his result has settled the promise already.
    worker.on('exit', (code) => reject(brokenReplay(job, new Error(`its thread ended with ${code}`))));
  });

function brokenReplay({ switchConfig }: ReplayJob, error: NodeJS.ErrnoException): CallwardenError {
  const ranOut = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return new CallwardenError(
    'STORE_FAILED',
    `The backtest of ${switchConfig.name} broke: ${String(error)}.`,
    {
      hint: ranOut
        ? 'A day of a million calls takes some 3 GB: choose a shorter span, or give it more with NODE_OPTIONS=--max-old-space-size=8192.'
        : 'This is a defect of Callwarden: please report it with the rules and the span.',
      cause: error,
    },
  );
}
