import type { ActionCall, WithholdReason } from '../domain/action.js';
import { type Call, identityKey, type SuspectCall } from '../domain/call.js';
import type { SnapshotDoubt } from '../domain/snapshot.js';
import type { Protection } from './protection.js';

/** A listing as the safeguards look at it. */
export interface JudgedListing {
  calls: readonly Call[];
  suspects: readonly SuspectCall[];
  doubt: SnapshotDoubt | undefined;
}

/** A listing by ID: a switch may list a call twice (both legs of an on-net call), or two calls under one ID. */
export interface ListingIndex {
  entries: ReadonlyMap<string, readonly Call[]>;
  suspectIds: ReadonlySet<string>;
  doubt: SnapshotDoubt | undefined;
}

const indexes = new WeakMap<JudgedListing, ListingIndex>();

/** Made once per listing: planning looks at the same one for every target. */
export function indexListing(listing: JudgedListing): ListingIndex {
  let index = indexes.get(listing);
  if (index === undefined) {
    index = makeIndex(listing);
    indexes.set(listing, index);
  }
  return index;
}

function makeIndex({ calls, suspects, doubt }: JudgedListing): ListingIndex {
  const entries = new Map<string, Call[]>();
  for (const call of calls) {
    const known = entries.get(call.id);
    if (known === undefined) entries.set(call.id, [call]);
    else known.push(call);
  }
  const suspectIds = new Set(suspects.flatMap(({ id }) => (id === undefined ? [] : [id])));
  return { entries, suspectIds, doubt };
}

/**
 * Why a single call must not be cut on this listing; undefined where nothing stops it. Whatever the switch lists under
 * its ID counts, since the API ends calls by ID alone.
 */
export function withholdCall(
  call: Call,
  listing: ListingIndex,
  protection: Protection,
): WithholdReason | undefined {
  return withholdReasons(call, listing, protection)[0];
}

/** All that stops it, each once. */
export function withholdReasons(
  call: Call,
  listing: ListingIndex,
  protection: Protection,
): readonly WithholdReason[] {
  const entries = listing.entries.get(call.id) ?? [call];
  const isAmbiguous =
    listing.suspectIds.has(call.id) || entries.some((entry) => identityKey(entry) !== identityKey(call));
  const reasons: readonly WithholdReason[] = [
    ...(listing.doubt === undefined ? [] : ['suspect-snapshot' as const]),
    ...(isAmbiguous ? ['ambiguous-id' as const] : []),
    ...entries.flatMap((entry) => protection.reasonsFor(entry)),
  ];
  return [...new Set(reasons)];
}

/** What the audit log keeps of a call, and what tells whether a later listing still shows it as it was judged. */
export function actionCall(call: Call): ActionCall {
  const { id, callId, setupTimeText, state, account, customer, cli, cld } = call;
  return { id, callId, setupTimeText, state, account, customer, cli, cld };
}
