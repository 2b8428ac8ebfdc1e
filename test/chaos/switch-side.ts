import type { FaultKind } from '../../src/simulator/faults.js';
import type { RequestLogEntry } from '../../src/simulator/serve.js';
import type { SimulatedCall } from '../../src/simulator/simulated-call.js';
import type { AuditSide } from './audit-side.js';

/** A disconnect as the switch saw it. */
export interface DisconnectRequest {
  action: string;
  target: string;
  /** Milliseconds since the epoch. */
  receivedAt: number;
  fault: FaultKind | undefined;
  /** What was done; undefined where it was not carried out. */
  done: { result: string; count: number | undefined } | undefined;
  /** Answered with an XML-RPC fault. */
  faulted: boolean;
  /** The committed intent that was found for it at the instant of its arrival. */
  intent: number | undefined;
}

const TARGETS: Readonly<Record<string, string>> = {
  disconnectCall: 'ID',
  disconnectAccount: 'i_account',
  disconnectCustomer: 'i_customer',
};

/** The switch's own log of disconnects, unbounded, each compared with the audit log when it arrives. */
export class SwitchSide {
  readonly requests: DisconnectRequest[] = [];
  /** Requests of every method so far. */
  seen = 0;
  callsCut = 0;
  /** Since the lab last came to rest and was tidied up. */
  cutSinceRest: SimulatedCall[] = [];
  readonly #audit: AuditSide;
  readonly #claimed = new Set<number>();
  readonly #complain: (text: string) => void;

  constructor(audit: AuditSide, complain: (text: string) => void) {
    this.#audit = audit;
    this.#complain = complain;
  }

  onCut(call: SimulatedCall): void {
    this.callsCut += 1;
    this.cutSinceRest.push(call);
  }

  onRequest(entry: RequestLogEntry): void {
    this.seen += 1;
    const key = TARGETS[entry.method ?? ''];
    if (entry.method === undefined || key === undefined) return;
    const struct = entry.params[0] as Readonly<Record<string, unknown>>;
    const request: DisconnectRequest = {
      action: entry.method,
      target: String(struct[key]),
      receivedAt: Date.now(),
      fault: entry.fault,
      done: entry.disconnect,
      faulted: entry.outcome === 'faulted' || entry.fault === 'fault',
      intent: undefined,
    };
    this.requests.push(request);
    try {
      request.intent = this.#claim(request);
    } catch (error) {
      this.#complain(
        `the audit log could not be read when ${request.action} ${request.target} came: ${error}`,
      );
      return;
    }
    if (request.intent === undefined) {
      this.#complain(`${request.action} ${request.target} reached the switch without a committed intent`);
    }
  }

  #claim({ action, target, receivedAt }: DisconnectRequest): number | undefined {
    const free = this.#audit.intentsFor(action, target).filter(({ id }) => !this.#claimed.has(id));
    const open = free.filter(({ outcome }) => outcome === null);
    if (open.length > 1) this.#complain(`${open.length} intents are open for ${action} ${target} at once`);
    const intent = free.find(({ at }) => at <= receivedAt);
    if (intent !== undefined) this.#claimed.add(intent.id);
    return intent?.id;
  }
}
