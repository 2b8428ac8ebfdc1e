import { type CallIdentity, hasEnded, identityKey } from '../domain/call.js';

/** A call as the listing of everything shows it. */
export type ListedOwner = CallIdentity & { state: string; customer: number | undefined };

/** The customers of live calls, by customer and identity: both legs of a call may be listed, each with its own customer. */
export function ownersOf(calls: readonly ListedOwner[], root: number): ReadonlyMap<string, number> {
  return new Map(
    calls.flatMap((call) => {
      const { customer, state } = call;
      if (customer === undefined || customer === root || hasEnded(state)) return [];
      return [[`${customer} ${identityKey(call)}`, customer]];
    }),
  );
}

/** The identities of such calls, by customer. */
export function identitiesByOwner(
  calls: readonly [string, number][],
): ReadonlyMap<number, readonly string[]> {
  const byOwner = new Map<number, string[]>();
  for (const [key, owner] of calls) {
    const identity = key.slice(key.indexOf(' ') + 1);
    const found = byOwner.get(owner);
    if (found === undefined) byOwner.set(owner, [identity]);
    else found.push(identity);
  }
  return byOwner;
}
