import type { PlannedAction } from '../domain/action.js';
import { type Call, type CallIdentity, hasEnded, identityKey } from '../domain/call.js';
import type { UnconfirmedDisconnect } from '../domain/ports.js';
import type { Snapshot } from '../domain/snapshot.js';
import { callEvidence } from '../domain/verdict.js';

/** A call that so many disconnects did not end is somebody's to look at. */
const DISCONNECTS_TO_OUTLIVE = 3;

/** A call that is still listed after several disconnects. */
export interface Outliving {
  /** As listed now. */
  call: Call;
  /** The last of the disconnects. */
  last: UnconfirmedDisconnect;
  disconnects: number;
}

/** What a listing says of earlier disconnects. */
export interface ReadBack {
  confirmations: { id: number; confirmed: boolean }[];
  /** Calls that outlived three disconnects or more, all refuted by this listing or an earlier one. */
  outliving: Outliving[];
}

/**
 * Reads back from a listing what became of earlier disconnects: true where the call is gone, Disconnecting or Dead, false
 * where it is still there. Says nothing where the listing cannot know: it was asked for before the outcome was recorded,
 * or under other rights, is doubtful, shows a call that may or may not be this one, or shows fewer calls of its account than
 * the statistics count.
 */
export function confirmDisconnects(
  unconfirmed: readonly UnconfirmedDisconnect[],
  snapshot: Snapshot,
): ReadBack {
  if (snapshot.doubt !== undefined || snapshot.coverage.states !== 'all')
    return { confirmations: [], outliving: [] };
  const presence = presenceIn(snapshot);
  const confirmations: { id: number; confirmed: boolean }[] = [];
  const present = new Map<string, Outliving>();
  for (const one of unconfirmed) {
    // What is stamped later than the answer was closed before it all the same, while the clock was ahead.
    const isOlder = snapshot.observedAt > one.closedAt || one.closedAt > snapshot.receivedAt;
    if (!isOlder || one.login !== snapshot.coverage.login) continue;
    const found = presence(one.call);
    if (found === 'unknown') continue;
    const mayBeHidden = one.account !== undefined && snapshot.lackingCallsOf?.has(one.account) === true;
    if (found === 'absent' && mayBeHidden) continue;
    if (found !== 'absent') {
      const key = identityKey(found);
      const disconnects = (present.get(key)?.disconnects ?? 0) + 1;
      if (one.asked) present.set(key, { call: found, last: one, disconnects });
      if (one.confirmed === false) continue;
    }
    confirmations.push({ id: one.id, confirmed: found === 'absent' });
  }
  const outliving = [...present.values()].filter(({ disconnects }) => disconnects >= DISCONNECTS_TO_OUTLIVE);
  return { confirmations, outliving };
}

/** What tells a person that a call does not end, under the rule that asked for it last. */
export function outlivingAlert({ call, last, disconnects }: Outliving): PlannedAction {
  const { id, callId, setupTimeText, state, direction, account, customer, cli, cld } = call;
  return {
    rule: last.rule,
    ruleHash: last.ruleHash,
    mode: 'enforce',
    scope: 'call',
    subject: { scope: 'call', id },
    action: 'alert',
    alertReason: 'outlived-disconnects',
    target: id,
    call: { id, callId, setupTimeText, state, direction, account, customer, cli, cld },
    account,
    customer,
    weight: 0,
    takes: [],
    perhapsTakes: [],
    select: 'newest',
    withhold: undefined,
    message: undefined,
    evidence: {
      reason: `the switch still lists this call after ${disconnects} disconnects, the last of them record ${last.id}`,
      call: callEvidence(call),
    },
  };
}

/** The live call itself where the listing shows it. */
function presenceIn(snapshot: Snapshot): (call: CallIdentity) => Call | 'absent' | 'unknown' {
  const live = new Map<string, Call[]>();
  for (const call of snapshot.calls) {
    if (hasEnded(call.state)) continue;
    const known = live.get(call.id);
    if (known === undefined) live.set(call.id, [call]);
    else known.push(call);
  }
  const suspectIds = new Set(snapshot.suspects.map(({ id }) => id));
  return (call) => {
    const alike = (live.get(call.id) ?? []).filter(({ callId }) => callId === call.callId);
    const same = alike.find(({ setupTimeText }) => setupTimeText === call.setupTimeText);
    if (same !== undefined) return same;
    // Told apart only by a SETUP_TIME that one of the two listings does not show.
    if (alike.some(({ setupTimeText }) => setupTimeText === undefined || call.setupTimeText === undefined)) {
      return 'unknown';
    }
    return suspectIds.has(undefined) || suspectIds.has(call.id) ? 'unknown' : 'absent';
  };
}
