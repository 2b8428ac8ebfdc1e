import type { Numbering } from '../domain/numbering.js';
import type { Subject } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';
import { type CallIndex, createCallIndex } from './call-index.js';
import { createMemory, type Memory } from './memory.js';

/**
 * One snapshot as a rule sees it that filters no calls, while nothing is planned yet; what such rules ask is computed once
 * for all of them.
 */
export interface SharedIndex {
  readonly index: CallIndex;
  readonly remember: Memory;
  readonly subjects: Map<string, readonly Subject[]>;
}

/** An index for deriveFacts to share: one per snapshot. */
export function shareIndex(snapshot: Snapshot, numbering: Numbering): SharedIndex {
  let index: CallIndex | undefined;
  return {
    get index() {
      index ??= createCallIndex(snapshot, numbering, () => true);
      return index;
    },
    remember: createMemory(),
    subjects: new Map(),
  };
}
