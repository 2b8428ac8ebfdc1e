import type { Method } from './methods.js';
import type { Random } from './random.js';

/** What can go wrong with an answer, each with what becomes of the request. */
export const FAULT_KINDS = {
  fault: 'an XML-RPC fault; the method is not carried out',
  html: 'a login page with status 200; the method is not carried out',
  slow: 'the method is carried out at once, the answer comes late (delay, 5s by default)',
  cut: 'the method is carried out, the answer breaks off in its middle',
  reset: 'the connection is reset before the method is carried out',
  'lost-reply': 'the method is carried out, the connection is reset instead of an answer',
  'http-500': 'status 500; the method is not carried out',
  unreadable: 'some calls are listed with a broken ID (share, 2% by default); lists only',
  empty: 'an empty list although there are calls; lists only',
} as const;
export type FaultKind = keyof typeof FAULT_KINDS;

/** One fault to inject. It strikes while all of its terms hold. */
export interface Fault {
  /** `*` for every method that the kind makes sense for. */
  method: Method | '*';
  kind: FaultKind;
  /** Chance per request, 0 to 1; 1 by default. */
  probability?: number;
  /** Only for so many requests, then never again. */
  next?: number;
  /** Only once this much time has gone by since the fault was set. */
  afterMs?: number;
  /** slow: how late the answer comes. */
  delayMs?: number;
  /** unreadable: share of the calls, 0 to 1. */
  share?: number;
}

export const LIST_METHODS: readonly Method[] = ['listAllCalls', 'listActiveCalls'];
export const LIST_FAULTS: readonly FaultKind[] = ['unreadable', 'empty'];

export const DEFAULT_DELAY_MS = 5_000;
export const DEFAULT_UNREADABLE_SHARE = 0.02;

/** Decides per request which fault strikes, if any; the first of the list that does. */
export class FaultInjector {
  readonly #random: Random;
  readonly #faults: readonly { fault: Fault; setAt: number; left: { requests: number } }[];

  constructor(faults: readonly Fault[], random: Random, now: number) {
    this.#random = random;
    this.#faults = faults.map((fault) => ({
      fault,
      setAt: now,
      left: { requests: fault.next ?? Number.POSITIVE_INFINITY },
    }));
  }

  /** The fault for this request, counting it; a request of an unknown method meets faults for `*` only. */
  strike(method: string, now: number): Fault | undefined {
    for (const { fault, setAt, left } of this.#faults) {
      if (fault.method !== '*' && fault.method !== method) continue;
      if (LIST_FAULTS.includes(fault.kind) && !(LIST_METHODS as readonly string[]).includes(method)) continue;
      if (left.requests <= 0 || now - setAt < (fault.afterMs ?? 0)) continue;
      if (fault.probability !== undefined && !this.#random.chance(fault.probability)) continue;
      left.requests -= 1;
      return fault;
    }
    return undefined;
  }
}
