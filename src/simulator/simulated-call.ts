import type { CallState } from '../domain/call.js';
import type { XmlRpcValue } from './xml-rpc.js';

/** DIRECTION as a switch writes it: to a vendor, or between two accounts of the switch, where each side is listed. */
export type Direction = 'vendor' | 'onnet_in' | 'onnet_out';

/**
 * When a call enters each state, in milliseconds since the epoch; Infinity for never. Everything a listing shows of a
 * call follows from these instants, so that it does not matter in how many steps time went by.
 */
export interface Timeline {
  setupAt: number;
  waitAuthAt: number;
  waitRouteAt: number;
  arCompleteAt: number;
  connectedAt: number;
  disconnectingAt: number;
  deadAt: number;
  /** From here on it is not listed any more. */
  goneAt: number;
}

/** Who made a call: exact, since the simulator itself dials; no switch knows it, and no listing shows it. */
export type CallOrigin =
  | { kind: 'benign'; profile: string }
  | { kind: 'attack'; scenario: string }
  | { kind: 'scripted' };

/** One entry of the switch's call list. */
export interface SimulatedCall {
  readonly origin: CallOrigin;
  readonly id: string;
  readonly callId: string;
  readonly cli: string;
  readonly cld: string;
  /** undefined: never known to the switch, listed as nil. */
  readonly account: number | undefined;
  readonly customer: number | undefined;
  readonly connection: number | undefined;
  readonly direction: Direction;
  readonly callerMediaIp: string;
  readonly calleeMediaIp: string;
  readonly environment: number;
  readonly timeline: Timeline;
  /** The other entry of the same conversation, for an on-net call: it ends with this one. */
  readonly peer: string | undefined;
  /** The switch says OK to a disconnect but the call goes on. */
  readonly survivesDisconnect: boolean;
  /** Members that are listed as given instead; undefined leaves the member out. */
  readonly listedFields: Readonly<Record<string, XmlRpcValue | undefined>>;
}

/** How long the switch takes from the disconnect to Dead, and how long it still lists a dead call. */
export const DISCONNECTING_MS = 400;
const DEAD_MS = 5_000;

export function stateAt(timeline: Timeline, now: number): CallState {
  if (now >= timeline.deadAt) return 'Dead';
  if (now >= timeline.disconnectingAt) return 'Disconnecting';
  if (now >= timeline.connectedAt) return 'Connected';
  if (now >= timeline.arCompleteAt) return 'ARComplete';
  if (now >= timeline.waitRouteAt) return 'WaitRoute';
  if (now >= timeline.waitAuthAt) return 'WaitAuth';
  return 'Idle';
}

/** The account is known once authentication is done. */
export function isAuthenticated(timeline: Timeline, now: number): boolean {
  return now >= timeline.waitRouteAt;
}

/** Connection and media addresses are known once routing is done. */
export function isRouted(timeline: Timeline, now: number): boolean {
  return now >= timeline.arCompleteAt;
}

/** Seconds from setup to answer, or to now or the end for a call that was not answered. */
export function delaySeconds(timeline: Timeline, now: number): number {
  const until = Math.min(now, timeline.connectedAt, timeline.disconnectingAt);
  return Math.max(0, until - timeline.setupAt) / 1000;
}

/** Seconds since the answer, up to the end of the call; 0 where there was no answer. */
export function durationSeconds(timeline: Timeline, now: number): number {
  return Math.max(0, Math.min(now, timeline.disconnectingAt) - timeline.connectedAt) / 1000;
}

/** The same call, ended at this instant. */
export function endedAt(timeline: Timeline, at: number): Timeline {
  const deadAt = at + DISCONNECTING_MS;
  return { ...timeline, disconnectingAt: at, deadAt, goneAt: deadAt + DEAD_MS };
}
