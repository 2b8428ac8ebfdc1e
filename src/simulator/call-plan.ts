import { endedAt, type Timeline } from './simulated-call.js';

/** Where a call goes: out by a connection, or to another account of the same switch. */
export type Route = { connection: number } | { onnetAccount: number };

/** The whole fate of one call, drawn when it arrives: nobody's later draw can change it. */
export interface CallPlan {
  /** Milliseconds since the epoch, whole. */
  setupAt: number;
  cli: string;
  cld: string;
  account: number;
  route: Route;
  /** How far it gets by itself: a call that hangs in WaitRoute never reaches ARComplete. */
  furthest: 'WaitRoute' | 'ARComplete' | 'Connected';
  /** From setup to answer; only for a call that is answered. */
  answerAfterMs: number;
  /** From setup to hang-up, whether it was answered or not; Infinity for never. */
  endAfterMs: number;
}

/** A stream of calls in the order of their setup. Endless: the world takes what its time has reached. */
export type CallSource = Iterator<CallPlan, never, undefined>;

/** How long a healthy switch takes for its own part of the setup. */
const AUTHENTICATION_STARTS_MS = 20;
const AUTHENTICATED_MS = 90;
const ROUTED_MS = 180;

/** When the planned call enters each state. */
export function timelineOf(plan: CallPlan): Timeline {
  const { setupAt } = plan;
  const routed = plan.furthest !== 'WaitRoute';
  const answered = plan.furthest === 'Connected';
  const timeline: Timeline = {
    setupAt,
    waitAuthAt: setupAt + AUTHENTICATION_STARTS_MS,
    waitRouteAt: setupAt + AUTHENTICATED_MS,
    arCompleteAt: routed ? setupAt + ROUTED_MS : Number.POSITIVE_INFINITY,
    connectedAt: answered
      ? setupAt + Math.max(ROUTED_MS, Math.round(plan.answerAfterMs))
      : Number.POSITIVE_INFINITY,
    disconnectingAt: Number.POSITIVE_INFINITY,
    deadAt: Number.POSITIVE_INFINITY,
    goneAt: Number.POSITIVE_INFINITY,
  };
  return Number.isFinite(plan.endAfterMs)
    ? endedAt(timeline, setupAt + Math.max(ROUTED_MS, Math.round(plan.endAfterMs)))
    : timeline;
}
