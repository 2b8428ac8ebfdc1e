import { type CallIdentity, hasEnded } from '../domain/call.js';
import type { UnconfirmedDisconnect } from '../domain/ports.js';
import type { Snapshot } from '../domain/snapshot.js';

/**
 * Reads back from a listing what became of earlier disconnects: true where the call is gone, Disconnecting or Dead, false
 * where it is still there. Says nothing where the listing cannot know: it was asked for before the outcome was recorded,
 * or under other rights, is doubtful, or shows a call that may or may not be this one.
 */
export function confirmDisconnects(
  unconfirmed: readonly UnconfirmedDisconnect[],
  snapshot: Snapshot,
): { id: number; confirmed: boolean }[] {
  if (snapshot.doubt !== undefined || snapshot.coverage.states !== 'all') return [];
  const presence = presenceIn(snapshot);
  const confirmations: { id: number; confirmed: boolean }[] = [];
  for (const { id, call, closedAt, login, confirmed } of unconfirmed) {
    if (snapshot.observedAt <= closedAt || login !== snapshot.coverage.login) continue;
    const present = presence(call);
    if (present === 'unknown' || (present === 'present' && confirmed === false)) continue;
    confirmations.push({ id, confirmed: present === 'absent' });
  }
  return confirmations;
}

function presenceIn(snapshot: Snapshot): (call: CallIdentity) => 'present' | 'absent' | 'unknown' {
  const live = new Map<string, CallIdentity[]>();
  for (const call of snapshot.calls) {
    if (hasEnded(call.state)) continue;
    const known = live.get(call.id);
    if (known === undefined) live.set(call.id, [call]);
    else known.push(call);
  }
  const suspectIds = new Set(snapshot.suspects.map(({ id }) => id));
  return (call) => {
    const alike = (live.get(call.id) ?? []).filter(({ callId }) => callId === call.callId);
    if (alike.some(({ setupTimeText }) => setupTimeText === call.setupTimeText)) return 'present';
    // Told apart only by a SETUP_TIME that one of the two listings does not show.
    if (alike.some(({ setupTimeText }) => setupTimeText === undefined || call.setupTimeText === undefined)) {
      return 'unknown';
    }
    return suspectIds.has(undefined) || suspectIds.has(call.id) ? 'unknown' : 'absent';
  };
}
