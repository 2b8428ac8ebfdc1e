import { parentPort, workerData } from 'node:worker_threads';
import { CallwardenError, type ErrorCode } from '../domain/errors.js';
import type { BacktestResult } from '../pass-backtest.js';
import { type ReplayJob, replayHere } from './replay-job.js';

/** What the thread of a backtest tells. */
export type ReplayMessage =
  | { kind: 'progress'; share: number }
  | { kind: 'done'; result: BacktestResult }
  | { kind: 'failed'; code: ErrorCode; message: string; hint: string };

/** More often nobody looks. */
const TELL_EVERY_MS = 50;

async function work(job: ReplayJob, tell: (message: ReplayMessage) => void): Promise<void> {
  let toldAt = Number.NEGATIVE_INFINITY;
  try {
    const result = await replayHere(job, (share) => {
      const now = performance.now();
      if (now - toldAt < TELL_EVERY_MS) return;
      toldAt = now;
      tell({ kind: 'progress', share });
    });
    tell({ kind: 'done', result });
  } catch (error) {
    if (!(error instanceof CallwardenError)) throw error;
    const { code, message, hint } = error;
    tell({ kind: 'failed', code, message, hint });
  }
}

await work(workerData, (message) => parentPort?.postMessage(message));
