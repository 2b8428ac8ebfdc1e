import type { Call } from '../domain/call.js';
import { groupById } from '../domain/conversations.js';

/** The entries of a listing in groups of what may be one call. */
export interface PerhapsOneCall {
  /** In the order of the listing. */
  groups: readonly (readonly Call[])[];
  /** The group of what is listed under an ID; the same array for all of it. */
  groupOf(id: string): readonly Call[] | undefined;
}

/**
 * Finds what may be one call, for whoever asks whether a call may be cut: all under one ID, and on-net entries that share the
 * CALL_ID and of which nothing tells that they are two calls. What one does not show nobody knows, so it may be what the other
 * shows: whoever is protected by what one listing shows must not lose that by a field that the next one lacks. And what may be
 * one call with the same entry may be one call, as those are whom one caller rings at once.
 */
export function findPerhapsOne(calls: readonly Call[]): PerhapsOneCall {
  const byId = groupById(calls);
  const joined = new DisjointIds();
  for (const sharing of withOneCallId(calls)) joinAlike(sharing, joined);
  const groups = new Map<string, Call[]>();
  for (const [id, entries] of byId) {
    const first = joined.firstOf(id);
    const known = groups.get(first);
    if (known === undefined) groups.set(first, [...entries]);
    else known.push(...entries);
  }
  return { groups: [...groups.values()], groupOf: (id) => groups.get(joined.firstOf(id)) };
}

/** Only what surely goes to a vendor is surely no side of an on-net call: other words for it are not known. */
export function mayBeOnNet({ direction }: Pick<Call, 'direction'>): boolean {
  return direction !== 'vendor';
}

function withOneCallId(calls: readonly Call[]): Iterable<readonly Call[]> {
  const byCallId = new Map<string, Call[]>();
  for (const call of calls) {
    if (!mayBeOnNet(call)) continue;
    const known = byCallId.get(call.callId);
    if (known === undefined) byCallId.set(call.callId, [call]);
    else known.push(call);
  }
  return byCallId.values();
}

/** What two entries of one call have in common beside the CALL_ID, where they show it. */
const COMPARED = ['setupTimeText', 'cli', 'cld'] as const;

/**
 * Joins the IDs of entries of which no two fields contradict each other. Compared are those that show the same fields with
 * those that show others, by what both show, and not each with each: a caller may give thousands of calls one CALL_ID.
 */
function joinAlike(sharing: readonly Call[], joined: DisjointIds): void {
  if (sharing.length === 1) return;
  const byShown = new Map<number, Map<string, Call>>();
  for (const call of sharing) {
    const shown = shownFields(call);
    const alike = byShown.get(shown) ?? new Map<string, Call>();
    byShown.set(shown, alike);
    const key = keyOf(call, shown);
    const same = alike.get(key);
    if (same === undefined) alike.set(key, call);
    else joined.join(same.id, call.id);
  }
  const sets = [...byShown];
  for (const [index, [shown, some]] of sets.entries()) {
    for (const [otherShown, others] of sets.slice(index + 1)) {
      joinAcross(some.values(), others.values(), shown & otherShown, joined);
    }
  }
}

function joinAcross(some: Iterable<Call>, others: Iterable<Call>, shown: number, joined: DisjointIds): void {
  const byKey = new Map<string, Call[]>();
  for (const call of some) {
    const key = keyOf(call, shown);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [call]);
    else known.push(call);
  }
  for (const other of others) {
    const alike = byKey.get(keyOf(other, shown));
    if (alike === undefined) continue;
    for (const { id } of alike) joined.join(id, other.id);
    // They are joined by now: the next one need only be joined to one of them.
    alike.length = 1;
  }
}

/** One bit for each of the compared fields. */
function shownFields(call: Call): number {
  return COMPARED.reduce((shown, field, bit) => (call[field] === undefined ? shown : shown | (1 << bit)), 0);
}

function keyOf(call: Call, shown: number): string {
  return JSON.stringify(COMPARED.filter((_, bit) => (shown & (1 << bit)) !== 0).map((field) => call[field]));
}

/** Sets of IDs that grow together; an ID that was never joined is alone. */
class DisjointIds {
  private readonly before = new Map<string, string>();

  /** The same ID for all of a set. */
  firstOf(id: string): string {
    let first = id;
    for (let next = this.before.get(first); next !== undefined; next = this.before.get(first)) first = next;
    // Whoever is asked again is nearer to it.
    for (let one = id; one !== first; ) {
      const next = this.before.get(one) ?? first;
      this.before.set(one, first);
      one = next;
    }
    return first;
  }

  join(one: string, other: string): void {
    const [first, second] = [this.firstOf(one), this.firstOf(other)];
    if (first !== second) this.before.set(second, first);
  }
}
