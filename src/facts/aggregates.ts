import type { Call } from '../domain/call.js';
import type { FactParams, Observed } from '../domain/facts.js';
import { createCallFilter, type Stage } from './call-filter.js';
import type { CallGroup } from './call-index.js';

export type AggregateName =
  | 'totalCalls'
  | 'connectedCalls'
  | 'setupCalls'
  | 'longestDuration'
  | 'averageDuration';

const STAGES: Readonly<Record<AggregateName, Stage>> = {
  totalCalls: 'all',
  connectedCalls: 'connected',
  setupCalls: 'setup',
  longestDuration: 'connected',
  averageDuration: 'connected',
};

export function isAggregateName(name: string): name is AggregateName {
  return Object.hasOwn(STAGES, name);
}

/**
 * Measures the calls of one subject; undefined stands for a subject without any. Calls that may belong to it make a count
 * or a maximum a lower bound, and leave an average without a value.
 */
export function measure(name: AggregateName, group: CallGroup | undefined, params: FactParams): Observed {
  const { counted, doubt } = count(group, STAGES[name], params);
  if (name === 'averageDuration') return average(counted, doubt, params.min ?? 1);
  if (name !== 'longestDuration') return { known: true, value: counted.length, atLeast: doubt, counted };
  let longest = 0;
  let unknown = false;
  for (const { duration } of counted) {
    if (duration === undefined) unknown = true;
    else if (duration > longest) longest = duration;
  }
  return { known: true, value: longest, atLeast: doubt || unknown, counted };
}

function count(group: CallGroup | undefined, stage: Stage, params: FactParams) {
  const counted: Call[] = [];
  if (group === undefined) return { counted, doubt: false };
  const membership = createCallFilter(stage, params);
  let doubt = false;
  for (const call of group.calls) {
    const result = membership(call);
    if (result === 'in') counted.push(call);
    else if (result === 'maybe') doubt = true;
  }
  doubt ||= group.doubtful.some((call) => membership(call) !== 'out');
  doubt ||= group.suspects.some((suspect) => membership(suspect) !== 'out');
  return { counted, doubt };
}

function average(counted: readonly Call[], doubt: boolean, fewestSamples: number): Observed {
  // Never over no calls at all, whatever `min` says: there is no average of nothing.
  if (counted.length < Math.max(1, fewestSamples)) return { known: false, reason: 'too-few-samples' };
  if (doubt) return { known: false, reason: 'lower-bound' };
  let sum = 0;
  let longest = 0;
  for (const { duration } of counted) {
    if (duration === undefined) return { known: false, reason: 'not-listed' };
    sum += duration;
    if (duration > longest) longest = duration;
  }
  // Fractions of seconds are rounded as they are added up, which must not make the mean more than the longest.
  return { known: true, value: Math.min(sum / counted.length, longest), atLeast: false, counted };
}
