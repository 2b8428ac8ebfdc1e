// What really happened in a world, from the journal that no switch keeps: every call, who made it, and when it was cut.
import { ratePerMinute } from './rates.mjs';

export function createTruth() {
  const calls = new Map();
  const cutAt = new Map();
  const origins = new Map();
  return {
    journal: {
      arrived(call) {
        origins.set(call.callId, call.origin.kind);
        // Two entries, one conversation: it is counted and paid once.
        if (call.direction !== 'onnet_in') calls.set(call.id, call);
      },
      disconnected(call, at) {
        cutAt.set(call.direction === 'onnet_in' ? call.peer : call.id, at);
      },
    },
    /** benign, attack, or undefined for a Call-ID that never was. */
    originOf: (callId) => origins.get(callId),
    /** Every call that was there at or after this instant, with what it cost and would have cost. */
    callsSince(begin) {
      return [...calls.values()]
        .filter((call) => call.timeline.disconnectingAt > begin)
        .map((call) => described(call, cutAt.get(call.id)));
    },
  };
}

function described(call, cutAt) {
  const { setupAt, connectedAt, disconnectingAt } = call.timeline;
  const endedAt = cutAt ?? disconnectingAt;
  const minutes = (until) => Math.max(0, until - connectedAt) / 60_000;
  const rate = ratePerMinute(call.cld);
  return {
    id: call.id,
    attack: call.origin.kind === 'attack',
    profile: call.origin.profile,
    account: call.account,
    cli: call.cli,
    setupAt,
    cutAt,
    minutes: { planned: minutes(disconnectingAt), real: minutes(endedAt) },
    /** From setup to end: what occupies a port, answered or not. */
    portMinutes: { planned: (disconnectingAt - setupAt) / 60_000, real: (endedAt - setupAt) / 60_000 },
    cost: { planned: rate * minutes(disconnectingAt), real: rate * minutes(endedAt) },
  };
}
