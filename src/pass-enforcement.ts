import type { PlannedAction } from './domain/action.js';
import type { Call } from './domain/call.js';
import type { Caps, CustomerTree, Protect } from './domain/config.js';
import { CallwardenError } from './domain/errors.js';
import type { Limit } from './domain/facts.js';
import type { Numbering } from './domain/numbering.js';
import type { Pauses } from './domain/pause.js';
import type { AuditLog, Clock, PassLock, SwitchPort } from './domain/ports.js';
import type { AccountCallStats, Listing, Snapshot } from './domain/snapshot.js';
import type { EnforceContext } from './enforce/enforcement-run.js';
import { createRelisting } from './enforce/relisting.js';
import { findDoubt } from './gather/doubt.js';
import type { LearnedCustomerTree } from './gather/learn-customer-tree.js';
import { type MeasuredPort, measuredPort } from './gather/measured-port.js';
import { readCalls } from './gather/read-calls.js';
import type { SwitchMemory } from './pass-memory.js';
import { actionCall, indexListing, withholdCall } from './plan/call-safeguards.js';
import { inspectTarget } from './plan/inspect-target.js';
import type { Protection } from './plan/protection.js';
import type { CompiledRule } from './policy/compile-rules.js';

export const HOUR_MS = 3_600_000;

/** All that a pass of one switch meets of the world. */
export interface PassContext {
  switchName: string;
  port: SwitchPort;
  audit: AuditLog;
  lock: PassLock;
  /** Whether a person has stopped acting. */
  pauses: Pick<Pauses, 'of'>;
  clock: Clock;
  numbering: Numbering;
  /** In planning order: priority high to low, then name. */
  rules: readonly CompiledRule[];
  /** Names of those with mode off. */
  turnedOff: readonly string[];
  /** Where they come from: absolute paths, as the config names them. */
  rulesFrom: { config: string; directory: string };
  limits: readonly Limit[];
  configMode: 'enforce' | 'monitor';
  protect: Pick<Protect, 'accounts' | 'customers'>;
  /** Built-in emergency numbers and configured ones; undefined where the raw number is neither. */
  matchProtectedNumber: (raw: string) => string | undefined;
  /** As the config states it. */
  customerTree: CustomerTree;
  /** Learns more of it in trusted mode; undefined where nobody can be asked. */
  learnedTree: LearnedCustomerTree | undefined;
  caps: Caps;
  maxSnapshotAgeMs: number;
  /** What this process remembers of the switch between passes. */
  memory: SwitchMemory;
  /** How often the switch is to be polled. */
  intervalMs: number;
  /** Whether a listing that contradicts getAccountCallStats is suspect. */
  crossCheck: boolean;
  deadlineMs: number;
  concurrency: number;
  /** Lets timers and sockets run between batches of evaluations. */
  yieldNow: () => Promise<void>;
  /** What costs nothing but detail, or a rule that broke: for the log. */
  note: (text: string) => void;
}

/** What one pass meets, with every answer of it measuring the clock of the switch. */
export type MeasuredContext = PassContext & { port: MeasuredPort };

export function measuredContext(context: PassContext): MeasuredContext {
  return { ...context, port: measuredPort(context.port) };
}

/**
 * What enforcement needs of a switch, whether a schedule or a person acts. `newer`: a listing of everything that was made since
 * the snapshot, so that nothing is cut which that one shows as protected.
 */
export function enforcementOn(
  snapshot: Snapshot,
  context: MeasuredContext,
  protection: Protection,
  signal: AbortSignal,
  newer?: Listing,
): Pick<
  EnforceContext,
  | 'port'
  | 'audit'
  | 'clock'
  | 'snapshot'
  | 'maxSnapshotAgeMs'
  | 'relisting'
  | 'concurrency'
  | 'signal'
  | 'caps'
  | 'sharePerPass'
  | 'yieldNow'
  | 'withholdOf'
> {
  const { port, audit, clock, maxSnapshotAgeMs, concurrency, caps } = context;
  const fresh = ({ calls: listed, suspects, timing }: Listing, stats: AccountCallStats | undefined) => {
    const calls = readCalls(listed, context.numbering, timing, port.clockBy(timing).offsetMs);
    const doubt = findDoubt(calls, suspects, { timing, stats, shownBefore: shownIn(snapshot, context) });
    return { calls, suspects, observedAt: timing.requestedAt, doubt };
  };
  const stats = statsInTime(port, signal, maxSnapshotAgeMs * STATS_SHARE_OF_AGE);
  const relisting = createRelisting(
    async (filter) => {
      // Of everything, it is compared with the statistics as the snapshot was: it decides what a whole takes.
      const isWhole = filter.account === undefined;
      const [listing, counted] = await Promise.all([
        port.listAllCalls(filter, { signal }),
        isWhole && context.crossCheck ? stats() : undefined,
      ]);
      return fresh(listing, counted);
    },
    maxSnapshotAgeMs,
    clock,
    newer && fresh(newer, undefined),
  );
  return {
    port,
    audit,
    clock,
    snapshot,
    maxSnapshotAgeMs,
    relisting,
    concurrency,
    signal,
    caps,
    sharePerPass: caps.sharePerPass,
    yieldNow: context.yieldNow,
    withholdOf: (call, listing) => withholdCall(call, indexListing(listing), protection),
  };
}

/** So much of the time for which a listing may be acted on may go into waiting for the statistics. */
const STATS_SHARE_OF_AGE = 0.5;

/**
 * Without them the listing is compared with nothing, as at the pass's own. Those that come too late are not waited for: the
 * listing would be too old by then, and nothing of it cut. A switch that is so slow once is asked no more.
 */
function statsInTime(
  port: SwitchPort,
  signal: AbortSignal,
  longestMs: number,
): () => Promise<AccountCallStats | undefined> {
  let tooSlow = false;
  return async () => {
    if (tooSlow) return undefined;
    // Of our own, since the signals of AbortSignal.timeout and any outlive what they were made for.
    const waiting = new AbortController();
    let isLate = false;
    const giveUp = () => waiting.abort(signal.reason);
    const timer = setTimeout(() => {
      isLate = true;
      waiting.abort();
    }, Math.ceil(longestMs));
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    try {
      return await port.getAccountCallStats({ signal: waiting.signal });
    } catch (error) {
      if (!(error instanceof CallwardenError)) throw error;
      tooSlow = isLate;
      return undefined;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    }
  };
}

function shownIn({ calls }: Snapshot, { memory }: PassContext): ReadonlySet<number> {
  return new Set([
    ...memory.accounts.shown,
    ...calls.flatMap(({ account }) => (account === undefined ? [] : [account])),
  ]);
}

/** The look at an account or customer action that planning took, to be taken again on a newer listing. */
export function inspection(
  context: PassContext,
  protection: Protection,
  admits: (action: PlannedAction, call: Call) => boolean,
): EnforceContext['inspect'] {
  return (planned, listing, taken) => {
    const { action, select } = planned;
    if (action !== 'disconnectAccount' && action !== 'disconnectCustomer') {
      throw new TypeError(`${action} takes no calls along.`);
    }
    const found = inspectTarget({ action, target: Number(planned.target), select }, listing, {
      tree: context.customerTree,
      protection,
      admits: (call) => admits(planned, call),
      taken,
    });
    return {
      inside: found.inside.map(actionCall),
      perhapsInside: found.perhapsInside.map(actionCall),
      hold: found.hold,
      oneByOne: found.oneByOne.map(actionCall),
      weight: found.weight,
    };
  };
}

/** Errors that nobody foresaw are reported as the store's, the only part besides the switch that a pass can fail on. */
export function asCallwardenError(error: unknown): CallwardenError {
  if (error instanceof CallwardenError) return error;
  return new CallwardenError('STORE_FAILED', `the pass broke: ${String(error)}.`, {
    hint: 'This is a defect of Callwarden: please report it with the log around it. Nothing more is sent in this pass.',
    cause: error,
  });
}
