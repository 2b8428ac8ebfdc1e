/** The states of a call in the order in which a call passes through them. */
export const CALL_STATES = [
  'Idle',
  'WaitAuth',
  'WaitRoute',
  'ARComplete',
  'Connected',
  'Disconnecting',
  'Dead',
] as const;

export type CallState = (typeof CALL_STATES)[number];

/** Set up, but not answered yet. */
export const SETUP_STATES = ['Idle', 'WaitAuth', 'WaitRoute', 'ARComplete'] as const satisfies CallState[];

/** A call in one of these is over: it counts nowhere and is never a victim. */
export const ENDED_STATES = ['Disconnecting', 'Dead'] as const satisfies CallState[];

/** Two ways of telling when a call was set up that differ by more than this are both doubtful; milliseconds. */
export const SETUP_TOLERANCE_MS = 30_000;

/** Idle to Connected: the call occupies the switch. Unknown states are not live, and not ended either. */
export function isLive(state: string): boolean {
  return state === 'Connected' || (SETUP_STATES as readonly string[]).includes(state);
}

export function hasEnded(state: string): boolean {
  return (ENDED_STATES as readonly string[]).includes(state);
}

/**
 * What makes two listings show the same call. IDs are small numbers which a switch may use again, so a call is cut
 * only while the newest listing still shows the same three values.
 */
export interface CallIdentity {
  /** ID, as the switch writes it: a string of digits. */
  id: string;
  /** CALL_ID, the SIP Call-ID. */
  callId: string;
  /** SETUP_TIME exactly as listed; undefined where the switch lists none. */
  setupTimeText: string | undefined;
}

/**
 * One call as the switch listed it, each field coerced to its documented type. A field that is nil, missing or cannot
 * be coerced is undefined: a missing fact, never a default.
 */
export interface ListedCall extends CallIdentity {
  /** CC_STATE; one of CALL_STATES, or whatever else the switch wrote. */
  state: string;
  cli: string | undefined;
  cld: string | undefined;
  account: number | undefined;
  customer: number | undefined;
  connection: number | undefined;
  environment: number | undefined;
  /** vendor, onnet_in, onnet_out, or whatever else the switch wrote. */
  direction: string | undefined;
  callerMediaIp: string | undefined;
  calleeMediaIp: string | undefined;
  /** Seconds since the answer; 0 before it. */
  duration: number | undefined;
  /** Seconds from setup to answer, or to now for a call that is not answered. */
  delay: number | undefined;
}

/** A call whose ID, CALL_ID or CC_STATE could not be read: never a victim, and protected against being taken along. */
export interface SuspectCall {
  id: string | undefined;
  callId: string | undefined;
  state: string | undefined;
  account: number | undefined;
  customer: number | undefined;
  connection: number | undefined;
  cli: string | undefined;
  cld: string | undefined;
  /** Which of the identity fields could not be read, and why. */
  reason: string;
}

/** A listed call with what is derived once per snapshot. */
export interface Call extends ListedCall {
  /**
   * CLI and CLD in the one normal form that lists, prefixes, country and protection share; see Numbering. Undefined where
   * they are missing or cannot be read as a number or a user name.
   */
  cliNumber: string | undefined;
  cldNumber: string | undefined;
  /** SETUP_TIME in milliseconds of our clock; undefined where it is missing or contradicts delay + duration. */
  setupAt: number | undefined;
  /** Seconds since setup: delay + duration; undefined where one of them is. */
  age: number | undefined;
}

export function sameCall(one: CallIdentity, other: CallIdentity): boolean {
  return one.id === other.id && one.callId === other.callId && one.setupTimeText === other.setupTimeText;
}

/** Whether these may be one call: the same, or told apart only by a SETUP_TIME that one of them does not show. */
export function perhapsSameCall(one: CallIdentity, other: CallIdentity): boolean {
  if (one.id !== other.id || one.callId !== other.callId) return false;
  return (
    one.setupTimeText === other.setupTimeText ||
    one.setupTimeText === undefined ||
    other.setupTimeText === undefined
  );
}

/**
 * What the two entries of an on-net call share: a switch lists it for the account that makes it and for the one that receives it,
 * under one ID or two. Whoever ends one of them ends the call. Undefined for calls that are not on-net, or do not tell.
 */
export function onNetKey({
  direction,
  callId,
  setupTimeText,
  cli,
  cld,
}: Pick<ListedCall, 'direction' | 'callId' | 'setupTimeText' | 'cli' | 'cld'>): string | undefined {
  if (!isOnNet({ direction }) || setupTimeText === undefined) return undefined;
  return JSON.stringify([callId, setupTimeText, cli ?? null, cld ?? null]);
}

/** The key of the entries for the other account: an entry of the same direction is another call. Undefined as onNetKey. */
export function otherSideKey(call: Parameters<typeof onNetKey>[0]): string | undefined {
  return sideKey(call, call.direction === 'onnet_in' ? 'onnet_out' : 'onnet_in');
}

/** The key of the entries for the account that this one is listed for; see otherSideKey. */
export function ownSideKey(call: Parameters<typeof onNetKey>[0]): string | undefined {
  return sideKey(call, call.direction);
}

function sideKey(call: Parameters<typeof onNetKey>[0], direction: string | undefined): string | undefined {
  const key = onNetKey(call);
  return key === undefined ? undefined : `${direction} ${key}`;
}

export function isOnNet({ direction }: Pick<ListedCall, 'direction'>): boolean {
  return direction === 'onnet_in' || direction === 'onnet_out';
}

/** A map key for the identity of a call; no part of it can run into the next one. */
export function identityKey(call: CallIdentity): string {
  return JSON.stringify([call.id, call.callId, call.setupTimeText ?? null]);
}
