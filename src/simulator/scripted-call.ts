import type { CallState } from '../domain/call.js';
import { DISCONNECTING_MS, type Direction, type SimulatedCall, type Timeline } from './simulated-call.js';
import type { XmlRpcValue } from './xml-rpc.js';

/** A call placed by a test or an operator. It stays as it is until it is disconnected, ended or removed. */
export interface ScriptedCall {
  /** Digits; the next free one by default. */
  id?: string;
  callId?: string;
  cli?: string;
  cld?: string;
  /** Listed as nil where it is left out; an unknown account is added to `customer`. */
  account?: number;
  /** Owner of the account; the account's own owner, or the root, by default. */
  customer?: number;
  /** Listed as nil where it is left out. An unknown connection belongs to no vendor. */
  connection?: number;
  direction?: Direction;
  /** Connected by default; it never goes on to another state by itself. */
  state?: CallState;
  /** Milliseconds since the epoch; now by default. */
  setupAt?: number;
  /** From setup to answer, in seconds; 0 by default. Only for a call that is answered. */
  delaySeconds?: number;
  callerMediaIp?: string;
  calleeMediaIp?: string;
  environment?: number;
  /** The switch answers OK to a disconnect, and the call goes on. */
  survivesDisconnect?: boolean;
  /** Members of the listed struct to be replaced, e.g. `{ ID: null }`; undefined leaves the member out. */
  listedFields?: Readonly<Record<string, XmlRpcValue | undefined>>;
}

/** Fills in what the script left open. */
export function buildScriptedCall(
  script: ScriptedCall,
  given: { id: string; customer: number | undefined; now: number },
): SimulatedCall {
  const { id } = given;
  return {
    origin: { kind: 'scripted' },
    id,
    callId: script.callId ?? `scripted-${id}@192.0.2.1`,
    cli: script.cli ?? '442079460000',
    cld: script.cld ?? '441614960000',
    account: script.account,
    customer: given.customer,
    connection: script.connection,
    direction: script.direction ?? 'vendor',
    callerMediaIp: script.callerMediaIp ?? '192.0.2.1',
    calleeMediaIp: script.calleeMediaIp ?? '198.51.100.1',
    environment: script.environment ?? 1,
    timeline: fixedTimeline(script, given.now),
    peer: undefined,
    survivesDisconnect: script.survivesDisconnect ?? false,
    listedFields: script.listedFields ?? {},
  };
}

/** A timeline that has reached the wanted state and stops there. */
function fixedTimeline(script: ScriptedCall, now: number): Timeline {
  const state = script.state ?? 'Connected';
  const setupAt = script.setupAt ?? now;
  const order: readonly CallState[] = ['WaitAuth', 'WaitRoute', 'ARComplete'];
  const reached = order.indexOf(state);
  const over = state === 'Disconnecting' || state === 'Dead';
  const answered = over || state === 'Connected';
  const when = (index: number) => (answered || index <= reached ? setupAt : Number.POSITIVE_INFINITY);
  return {
    setupAt,
    waitAuthAt: when(0),
    waitRouteAt: when(1),
    arCompleteAt: when(2),
    connectedAt: answered
      ? setupAt + Math.round((script.delaySeconds ?? 0) * 1000)
      : Number.POSITIVE_INFINITY,
    disconnectingAt: over ? Math.max(setupAt, now - DISCONNECTING_MS) : Number.POSITIVE_INFINITY,
    deadAt: state === 'Dead' ? now : Number.POSITIVE_INFINITY,
    goneAt: Number.POSITIVE_INFINITY,
  };
}
