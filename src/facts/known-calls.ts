import { type CallIdentity, perhapsSameCall, sameCall } from '../domain/call.js';
import type { PastCall } from './past-call.js';

/** What tells the entries of one call apart: a call between two accounts of the switch may be listed once for each. */
export interface Leg {
  account?: number | undefined;
  direction?: string | undefined;
}

/** The entries in memory by the identity of their call. */
export interface KnownCalls {
  add(past: PastCall): void;
  remove(past: PastCall): void;
  /**
   * The entries of one call, oldest first. Where none bears this very identity, those that go on and are told from it only by
   * a SETUP_TIME which one of the two does not show.
   */
  all(identity: CallIdentity): readonly PastCall[];
  /**
   * The same where calls that are long over may be meant, too; where it is none of those, all that bear its ID and CALL_ID,
   * as a switch may write another SETUP_TIME in the middle of a call.
   */
  everOf(identity: CallIdentity): readonly PastCall[];
  /** The entries with this ID and CALL_ID, whatever their SETUP_TIME. */
  ofCallId(identity: CallIdentity): readonly PastCall[];
  /** The entry of this leg, else the newest. */
  find(call: CallIdentity & Leg): PastCall | undefined;
}

const NONE: readonly PastCall[] = [];

export function sameLeg(one: Leg, other: Leg): boolean {
  return one.account === other.account && one.direction === other.direction;
}

function isOne(found: PastCall | PastCall[]): found is PastCall {
  return !Array.isArray(found);
}

/** `goesOn`: whether a call may be listed again. */
export function createKnownCalls(goesOn: (past: PastCall) => boolean): KnownCalls {
  /** Mostly there is one of an ID, and no array for it: a window holds a million. */
  const byId = new Map<string, PastCall | PastCall[]>();

  function ofId(id: string): readonly PastCall[] {
    const found = byId.get(id);
    if (found === undefined) return NONE;
    return isOne(found) ? [found] : found;
  }

  function all(identity: CallIdentity, mayBe = goesOn): readonly PastCall[] {
    const found = ofId(identity.id);
    const same = found.filter(({ call }) => sameCall(call, identity));
    if (same.length > 0) return same;
    return found.filter((past) => perhapsSameCall(past.call, identity) && mayBe(past));
  }

  const ofCallId = ({ id, callId }: CallIdentity) => ofId(id).filter(({ call }) => call.callId === callId);

  return {
    add(past) {
      const { id } = past.call;
      const found = byId.get(id);
      if (found === undefined) byId.set(id, past);
      else if (isOne(found)) byId.set(id, [found, past]);
      else found.push(past);
    },
    remove(past) {
      const { id } = past.call;
      const found = byId.get(id);
      if (found === undefined) return;
      const rest = isOne(found) ? found : found.filter((one) => one !== past);
      if (rest === past || (!isOne(rest) && rest.length === 0)) byId.delete(id);
      else byId.set(id, rest);
    },
    all: (identity) => all(identity),
    everOf(identity) {
      const found = all(identity, () => true);
      return found.length > 0 ? found : ofCallId(identity);
    },
    ofCallId,
    find(call) {
      const only = byId.get(call.id);
      if (only === undefined) return undefined;
      if (isOne(only) && sameCall(only.call, call)) return only;
      const found = all(call);
      if (found.length < 2) return found[0];
      return found.findLast((past) => sameLeg(past.call, call)) ?? found.at(-1);
    },
  };
}
