import { type CallIdentity, isOnNet, type ListedCall, onNetKey } from './call.js';

/** What tells which calls entries are of. */
export type ConversationEntry = Pick<
  ListedCall,
  'id' | 'direction' | 'callId' | 'setupTimeText' | 'cli' | 'cld'
>;

/** The entries that share an onNetKey, each ID with all of its own, by the side of the call that they show. */
interface Sides<T> {
  out: T[];
  in: T[];
  /** How many IDs show the one side alone, the other alone, or both and so a whole call. */
  outIds: number;
  inIds: number;
  whole: number;
}

/**
 * Which entries of a listing are one call: all under one ID, since a switch ends calls by that, and entries of opposite
 * directions that share an onNetKey. Two of the same direction are two calls: the caller's telephone makes up the CALL_ID, and
 * who gives all his calls one must not have all but one taken for gone. Nor has an ID that shows both sides another entry.
 */
export class Conversations<T extends ConversationEntry> {
  private readonly byKey = new Map<string, Sides<T>>();
  /** Calls that are no on-net ones. */
  private alone = 0;
  /** How often an ID stands for one more call: two are listed under it, or one in two ways. */
  private repeated = 0;

  constructor(private readonly byId: ReadonlyMap<string, readonly T[]>) {
    for (const entries of byId.values()) this.enter(entries);
  }

  /** The entries of a call that are listed under other IDs; one array for all that share it, so that it need be read once. */
  othersOf(id: string): readonly T[] {
    const arrays = [...sidesByKey(this.byId.get(id) ?? [])].flatMap(([key, { out, in: into }]) => {
      const sides = this.byKey.get(key);
      if (sides === undefined || (out.length > 0 && into.length > 0)) return [];
      return [out.length > 0 ? sides.in : sides.out];
    });
    const [first, ...more] = arrays.filter((entries) => entries.length > 0);
    if (first === undefined) return NONE;
    return more.length === 0 ? first : [first, ...more].flat().filter((entry) => entry.id !== id);
  }

  /**
   * How many calls these are. Where a key is shared by several entries of one direction and any of the other, nobody knows which
   * belong together, or whether one calls several at once: they are at least as many as the fewer, at most as many as the more.
   */
  count(): { fewest: number; most: number } {
    let fewest = this.alone - this.repeated;
    let most = this.alone;
    for (const { outIds, inIds, whole } of this.byKey.values()) {
      most += whole + Math.max(outIds, inIds);
      fewest += whole + (outIds > 0 && inIds > 0 ? Math.min(outIds, inIds) : outIds + inIds);
    }
    return { fewest, most };
  }

  private enter(entries: readonly T[]): void {
    const shown = sidesByKey(entries);
    const alone = callsAlone(entries);
    this.alone += alone;
    this.repeated += alone + shown.size - 1;
    for (const [key, { out, in: into }] of shown) {
      const sides = this.sidesOf(key);
      if (out.length > 0 && into.length > 0) sides.whole += 1;
      else if (out.length > 0) {
        sides.outIds += 1;
        sides.out.push(...out);
      } else {
        sides.inIds += 1;
        sides.in.push(...into);
      }
    }
  }

  private sidesOf(key: string): Sides<T> {
    let sides = this.byKey.get(key);
    if (sides === undefined) {
      sides = { out: [], in: [], outIds: 0, inIds: 0, whole: 0 };
      this.byKey.set(key, sides);
    }
    return sides;
  }
}

const NONE: readonly never[] = [];

/** How many calls are listed under one ID beside on-net ones, by their CALL_IDs. */
function callsAlone(entries: readonly ConversationEntry[]): number {
  const callIds = new Set(entries.map(({ callId }) => callId));
  for (const entry of entries) if (onNetKey(entry) !== undefined) callIds.delete(entry.callId);
  return callIds.size;
}

/** The entries of one ID by the on-net calls that they are of; mostly none or one. */
function sidesByKey<T extends ConversationEntry>(
  entries: readonly T[],
): ReadonlyMap<string, Pick<Sides<T>, 'out' | 'in'>> {
  const shown = new Map<string, Pick<Sides<T>, 'out' | 'in'>>();
  for (const entry of entries) {
    const key = onNetKey(entry);
    if (key === undefined) continue;
    const sides = shown.get(key) ?? { out: [], in: [] };
    sides[entry.direction === 'onnet_out' ? 'out' : 'in'].push(entry);
    shown.set(key, sides);
  }
  return shown;
}

/** By ID: all that is listed under each, in the order of the listing. */
export function groupById<T extends { id: string }>(entries: Iterable<T>): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const known = groups.get(entry.id);
    if (known === undefined) groups.set(entry.id, [entry]);
    else known.push(entry);
  }
  return groups;
}

/** How many calls these entries are, at least and at most; see Conversations. */
export function countConversations(entries: Iterable<ConversationEntry>): { fewest: number; most: number } {
  return new Conversations(groupById(entries)).count();
}

/** A call whose disconnect was sent, with what its record tells of it beside its identity. */
export interface RecentDisconnect extends CallIdentity {
  direction?: string | undefined;
  cli?: string | undefined;
  cld?: string | undefined;
}

/** Whether these may be the two sides of one on-net call, of which the first is listed no more. Its record may not tell all. */
export function perhapsOtherSide(gone: RecentDisconnect, listed: ConversationEntry): boolean {
  if (!isOnNet(listed) || gone.callId !== listed.callId || gone.setupTimeText !== listed.setupTimeText)
    return false;
  const { direction = OPPOSITE[listed.direction ?? ''] } = gone;
  return (
    direction === OPPOSITE[listed.direction ?? ''] &&
    agree(gone.cli, listed.cli) &&
    agree(gone.cld, listed.cld)
  );
}

const OPPOSITE: Readonly<Record<string, string>> = { onnet_in: 'onnet_out', onnet_out: 'onnet_in' };

/** What is not told of one may be what is told of the other. */
export function agree(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}
