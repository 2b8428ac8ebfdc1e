import type { Call } from '../domain/call.js';
import type { Numbering } from '../domain/numbering.js';
import type { Subject } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';
import { type CallIndex, createCallIndex } from './call-index.js';
import { createMemory, type Memory } from './memory.js';

/**
 * One snapshot as rules see it that filter no calls, for as long as no more of it is planned to be cut; what such rules ask
 * is computed once for all of them.
 */
export interface SharedIndex {
  readonly index: CallIndex;
  readonly remember: Memory;
  readonly subjects: Map<string, readonly Subject[]>;
}

/** An index for deriveFacts to share: one per snapshot and set of calls that are left in it. */
export function shareIndex(
  snapshot: Snapshot,
  numbering: Numbering,
  present: (call: Call) => boolean = () => true,
  create: () => CallIndex = () => createCallIndex(snapshot, numbering, present),
): SharedIndex {
  let index: CallIndex | undefined;
  return {
    get index() {
      index ??= create();
      return index;
    },
    remember: createMemory(),
    subjects: new Map(),
  };
}
