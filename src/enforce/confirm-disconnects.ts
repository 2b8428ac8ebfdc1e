import { hasEnded, identityKey } from '../domain/call.js';
import type { UnconfirmedDisconnect } from '../domain/ports.js';
import type { Snapshot } from '../domain/snapshot.js';

/**
 * Reads back from a listing what became of earlier disconnects: true where the call is gone, Disconnecting or Dead, false
 * where it is still there. Says nothing where the listing was asked for before the outcome was known, is doubtful, or
 * holds a call whose identity cannot be read: that one might be it.
 */
export function confirmDisconnects(
  unconfirmed: readonly UnconfirmedDisconnect[],
  snapshot: Snapshot,
): { id: number; confirmed: boolean }[] {
  if (snapshot.doubt !== undefined || snapshot.coverage.states !== 'all') return [];
  const present = new Set(
    snapshot.calls.filter((call) => !hasEnded(call.state)).map((call) => identityKey(call)),
  );
  const confirmations: { id: number; confirmed: boolean }[] = [];
  for (const { id, call, closedAt, confirmed } of unconfirmed) {
    if (snapshot.observedAt <= closedAt) continue;
    if (present.has(identityKey(call))) {
      if (confirmed === null) confirmations.push({ id, confirmed: false });
    } else if (!snapshot.suspects.some((suspect) => suspect.id === undefined || suspect.id === call.id)) {
      confirmations.push({ id, confirmed: true });
    }
  }
  return confirmations;
}
