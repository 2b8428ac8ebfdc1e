import { parentPort, workerData } from 'node:worker_threads';
import { type Weigher, weighRules } from './rules-weigh.js';

const given = workerData as Parameters<Weigher>;
parentPort?.postMessage(weighRules(...given));
