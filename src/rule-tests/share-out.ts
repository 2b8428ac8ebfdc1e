import type { SeenAction } from './case-names.js';
import type { ExpectedAction } from './test-case.js';

/**
 * Hands as many actions as can be to the expectations that they meet: each action to one, to each expectation up to its
 * `count`. All come away full wherever any sharing does that. Where none does, whoever stands earlier in `ordered` keeps
 * what it could get without the later ones, so that the order says who goes short.
 */
export function shareOut(
  ordered: readonly ExpectedAction[],
  actions: readonly SeenAction[],
  meets: (action: SeenAction, expected: ExpectedAction) => boolean,
): ReadonlyMap<SeenAction, ExpectedAction> {
  const holders = new Map<SeenAction, ExpectedAction>();
  const suiting = new Map<ExpectedAction, readonly SeenAction[]>();
  for (const one of ordered) {
    const suits = actions.filter((action) => meets(action, one));
    suiting.set(one, suits);
    let open = one.count;
    for (const action of suits) {
      if (open === 0) break;
      if (holders.has(action)) continue;
      holders.set(action, one);
      open -= 1;
    }
    while (open > 0 && takeByExchange(one, holders, suiting)) open -= 1;
  }
  return holders;
}

/**
 * Gets an expectation one more action by letting others take another one instead, none of them less than it has: along the
 * shortest augmenting path of a bipartite matching. Returns whether there is one; where there is none now, there will be none
 * later either.
 */
function takeByExchange(
  wanting: ExpectedAction,
  holders: Map<SeenAction, ExpectedAction>,
  suiting: ReadonlyMap<ExpectedAction, readonly SeenAction[]>,
): boolean {
  /** Whom an action would go to, and what each of those would give away for it. */
  const wantedBy = new Map<SeenAction, ExpectedAction>();
  const givesAway = new Map<ExpectedAction, SeenAction>();
  const asked = new Set([wanting]);
  for (const one of asked) {
    for (const action of suiting.get(one) ?? []) {
      if (wantedBy.has(action)) continue;
      wantedBy.set(action, one);
      const holder = holders.get(action);
      if (holder === undefined) {
        passOn(action, { holders, wantedBy, givesAway });
        return true;
      }
      if (asked.has(holder)) continue;
      asked.add(holder);
      givesAway.set(holder, action);
    }
  }
  return false;
}

interface Exchange {
  holders: Map<SeenAction, ExpectedAction>;
  wantedBy: ReadonlyMap<SeenAction, ExpectedAction>;
  givesAway: ReadonlyMap<ExpectedAction, SeenAction>;
}

/** From the free action back to the one who asked first, who gives nothing away. */
function passOn(free: SeenAction, { holders, wantedBy, givesAway }: Exchange): void {
  let action: SeenAction | undefined = free;
  while (action !== undefined) {
    const taker = wantedBy.get(action);
    if (taker === undefined) return;
    holders.set(action, taker);
    action = givesAway.get(taker);
  }
}
