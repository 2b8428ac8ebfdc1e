import type { ActionCall, PlannedAction } from './domain/action.js';
import type { CallIdentity } from './domain/call.js';
import type { RecentDisconnect } from './domain/conversations.js';
import { cutsSince, RECENT_DISCONNECT_MS } from './pass-past.js';

/** The disconnects that a replay has carried out, as the audit log of passes keeps those that they sent. */
export interface ReplayedDisconnects {
  /** This action was carried out. Instants come in order. */
  add(action: PlannedAction, at: number): void;
  /** As `disconnectsBefore` tells a pass: what the history is told of as cut, and what counts as gone while it is listed. */
  before(
    now: number,
    lastListedAt: number | undefined,
  ): { cuts: readonly CallIdentity[]; recent: readonly RecentDisconnect[] };
}

export function createReplayedDisconnects(): ReplayedDisconnects {
  const sent: { call: RecentDisconnect; at: number; isCertain: boolean }[] = [];

  /** From the end, as they are in order of time: a day of a large backtest sends hundreds of thousands. */
  function since(instant: number) {
    let index = sent.length;
    while (index > 0 && (sent[index - 1]?.at ?? 0) >= instant) index -= 1;
    return sent.slice(index);
  }

  return {
    add({ action, call, takes, perhapsTakes }, at) {
      if (action === 'alert') return;
      const note = (isCertain: boolean) => (one: ActionCall) => {
        const { id, callId, setupTimeText, direction, cli, cld } = one;
        sent.push({ call: { id, callId, setupTimeText, direction, cli, cld }, at, isCertain });
      };
      (call === undefined ? takes : [call]).forEach(note(true));
      perhapsTakes.forEach(note(false));
    },
    before(now, lastListedAt) {
      if (sent.length === 0) return { cuts: [], recent: [] };
      return {
        cuts: since(cutsSince(now, lastListedAt)).map(({ call }) => call),
        recent: since(now - RECENT_DISCONNECT_MS)
          .filter(({ isCertain }) => isCertain)
          .map(({ call }) => call),
      };
    },
  };
}
