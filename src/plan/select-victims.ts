import type { Call } from '../domain/call.js';
import { Conversations, groupById } from '../domain/conversations.js';
import type { Selection } from '../domain/rule.js';

/**
 * Exactly the excess of a pool over `keep`, in the order in which it is to be cut. A switch may list one call twice (both
 * legs of an on-net call, under one ID or two); cutting it removes both entries, and it is taken once.
 */
export function selectVictims(pool: readonly Call[], select: Selection, keep: number): Call[] {
  const byId = groupById(pool);
  const conversations = new Conversations(byId);
  let remaining = pool.length;
  const victims: Call[] = [];
  const gone = new Set<string>();
  const take = (id: string) => {
    if (gone.has(id)) return;
    gone.add(id);
    remaining -= byId.get(id)?.length ?? 0;
  };
  const ended = new Set<readonly Call[]>();
  for (const call of [...pool].sort(ORDERS[select])) {
    if (remaining <= keep) break;
    if (gone.has(call.id)) continue;
    victims.push(call);
    take(call.id);
    const others = conversations.othersOf(call.id);
    if (ended.has(others)) continue;
    ended.add(others);
    for (const { id } of others) take(id);
  }
  return victims;
}

type Comparison = (one: Call, other: Call) => number;

const ORDERS: Readonly<Record<Selection, Comparison>> = {
  newest: inTurn(
    unknownLast((call) => call.setupAt, descending),
    (one, other) => compareIds(other.id, one.id),
  ),
  oldest: inTurn(
    unknownLast((call) => call.setupAt, ascending),
    (one, other) => compareIds(one.id, other.id),
  ),
  longest: inTurn(
    unknownLast((call) => call.duration, descending),
    (one, other) => compareIds(one.id, other.id),
  ),
  shortest: inTurn(
    unknownLast((call) => call.duration, ascending),
    (one, other) => compareIds(other.id, one.id),
  ),
};

/** The second comparison breaks ties of the first, the CALL_ID those of both: no order depends on the listing's. */
function inTurn(first: Comparison, second: Comparison): Comparison {
  return (one, other) => first(one, other) || second(one, other) || compareText(one.callId, other.callId);
}

function unknownLast(
  key: (call: Call) => number | undefined,
  compare: (a: number, b: number) => number,
): Comparison {
  return (one, other) => {
    const a = key(one);
    const b = key(other);
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    return compare(a, b);
  };
}

function ascending(a: number, b: number): number {
  return a - b;
}

function descending(a: number, b: number): number {
  return b - a;
}

/** Numeric IDs by value, whatever their length; what is no number comes last. */
function compareIds(one: string, other: string): number {
  const a = digitsOf(one);
  const b = digitsOf(other);
  if (a === undefined || b === undefined) {
    return Number(a === undefined) - Number(b === undefined) || compareText(one, other);
  }
  return a.length - b.length || compareText(a, b);
}

function digitsOf(id: string): string | undefined {
  return /^\d+$/.test(id) ? id.replace(/^0+(?=\d)/, '') : undefined;
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
