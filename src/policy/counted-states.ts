import { CALL_STATES, type CallState, isLive } from '../domain/call.js';
import type { FactDefinition } from '../domain/facts.js';

/** The states of which a fact that takes `state` counts calls, or asks whether they were ever in: calls that are over count nowhere. */
export function countedStates({ name }: Pick<FactDefinition, 'name'>): readonly CallState[] {
  const short = name.slice(name.indexOf('.') + 1);
  const live = CALL_STATES.filter(isLive);
  if (short === 'connectedCalls') return live.filter((state) => state === 'Connected');
  return short === 'setupCalls' ? live.filter((state) => state !== 'Connected') : live;
}
