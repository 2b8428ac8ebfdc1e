import type { ActionCall, WithholdReason } from '../domain/action.js';
import { type Call, onNetKey, sameCall } from '../domain/call.js';
import { groupById, type Snapshot, type SnapshotDoubt } from '../domain/snapshot.js';
import type { Protection } from './protection.js';

/** A listing as the safeguards look at it. */
export type JudgedListing = Pick<Snapshot, 'calls' | 'kept' | 'suspects' | 'doubt'>;

/** A listing by ID: a switch may list a call twice (both legs of an on-net call), or two calls under one ID. */
export interface ListingIndex {
  /** All that is listed under an ID; empty where nothing is. */
  entriesOf(id: string): readonly Call[];
  /** All that ends with what is listed under an ID: an on-net call may be listed under a second one. */
  endingWith(id: string): readonly Call[];
  /** All entries, those together that end together, in the order of the listing. */
  allEntries(): Iterable<readonly Call[]>;
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

function makeIndex(listing: JudgedListing): ListingIndex {
  let entries: ReadonlyMap<string, readonly Call[]> | undefined;
  const byId = () => {
    entries ??= groupById(listing.calls);
    return entries;
  };
  let onNet: ReadonlyMap<string, readonly Call[]> | undefined;
  const entriesOf = (id: string) => listing.kept?.withId(id) ?? byId().get(id) ?? [];
  return {
    entriesOf,
    endingWith(id) {
      const own = entriesOf(id);
      const keys = own.flatMap((call) => onNetKey(call) ?? []);
      if (keys.length === 0) return own;
      onNet ??= onNetEntries(listing.calls);
      const others = keys.flatMap((key) => onNet?.get(key) ?? []).filter((call) => call.id !== id);
      return others.length === 0 ? own : [...own, ...new Set(others)];
    },
    allEntries: () => together(byId()),
    suspectIds: new Set(listing.suspects.flatMap(({ id }) => (id === undefined ? [] : [id]))),
    doubt: listing.doubt,
  };
}

/** By what the entries of an on-net call share. */
function onNetEntries(calls: readonly Call[]): ReadonlyMap<string, readonly Call[]> {
  const entries = new Map<string, Call[]>();
  for (const call of calls) {
    const key = onNetKey(call);
    if (key === undefined) continue;
    const known = entries.get(key);
    if (known === undefined) entries.set(key, [call]);
    else known.push(call);
  }
  return entries;
}

function together(byId: ReadonlyMap<string, readonly Call[]>): readonly (readonly Call[])[] {
  const groups: Call[][] = [];
  const byKey = new Map<string, Call[]>();
  for (const entries of byId.values()) {
    const keys = entries.flatMap((call) => onNetKey(call) ?? []);
    const known = keys.map((key) => byKey.get(key)).find((group) => group !== undefined);
    const group = known ?? [];
    group.push(...entries);
    if (known === undefined) groups.push(group);
    for (const key of keys) byKey.set(key, group);
  }
  return groups;
}

/**
 * Why a single call must not be cut on this listing; undefined where nothing stops it. Whatever the switch lists under
 * its ID counts, since the API ends calls by ID alone, and what else ends with that.
 */
export function withholdCall(
  call: Call,
  listing: ListingIndex,
  protection: Protection,
): WithholdReason | undefined {
  for (const reason of safeguardsOf(call, listing, protection)) return reason;
  return undefined;
}

/** All that stops it, each once. */
export function withholdReasons(
  call: Call,
  listing: ListingIndex,
  protection: Protection,
): readonly WithholdReason[] {
  return [...new Set(safeguardsOf(call, listing, protection))];
}

function* safeguardsOf(
  call: Call,
  listing: ListingIndex,
  protection: Protection,
): Generator<WithholdReason, void> {
  const listed = listing.entriesOf(call.id);
  const entries = listed.length === 0 ? [call] : listed;
  if (listing.doubt !== undefined) yield 'suspect-snapshot';
  if (listing.suspectIds.has(call.id) || !entries.every((entry) => sameCall(entry, call)))
    yield 'ambiguous-id';
  for (const entry of entries) yield* protection.reasonsFor(entry);
  for (const entry of listing.endingWith(call.id)) {
    if (entry.id !== call.id) yield* protection.reasonsFor(entry);
  }
}

/** What the audit log keeps of a call, and what tells whether a later listing still shows it as it was judged. */
export function actionCall(call: Call): ActionCall {
  const { id, callId, setupTimeText, state, account, customer, cli, cld } = call;
  return { id, callId, setupTimeText, state, account, customer, cli, cld };
}
