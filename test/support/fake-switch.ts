import type { ListedCall, SuspectCall } from '../../src/domain/call.js';
import { hasEnded } from '../../src/domain/call.js';
import { CallwardenError, type ErrorCode } from '../../src/domain/errors.js';
import type { Clock, DisconnectAnswer, FaultTiming, MaybeSent, SwitchPort } from '../../src/domain/ports.js';
import type { AccountCallStats, AnswerTiming, ListFilter, Listing } from '../../src/domain/snapshot.js';

/** A switch behind the port, without network: it keeps calls, and can fail in every way in which the adapter fails. */
export interface FakeSwitch extends SwitchPort {
  calls: ListedCall[];
  suspects: SuspectCall[];
  stats: ReadonlyMap<number, { total: number; connected: number }>;
  /** Every request in order, e.g. `disconnectCall 12`. */
  readonly requests: string[];
  /** Called before each answer: may change the calls, wait, or throw a failure. */
  before: (request: string) => void | Promise<void>;
  /** Of an answer that is given now, for what a test answers itself; 20 ms and no offset. */
  timing: () => AnswerTiming;
}

export function fakeSwitch(calls: readonly ListedCall[], clock: Clock): FakeSwitch {
  const answer = async <T>(request: string, signal: AbortSignal | undefined, give: () => T): Promise<T> => {
    fake.requests.push(request);
    const { rejection, done } = aborted(signal);
    try {
      await Promise.race([fake.before(request), rejection]);
      return give();
    } catch (error) {
      if (!(error instanceof CallwardenError) || error.code !== 'SWITCH_FAULT') throw error;
      const fault: FaultTiming = { timing: fake.timing() };
      throw Object.assign(error, fault);
    } finally {
      done();
    }
  };
  const list = (filter: ListFilter): Listing => ({
    calls: fake.calls.filter(
      (call) =>
        (filter.account === undefined || call.account === filter.account) &&
        (filter.vendor === undefined || call.connection === filter.vendor),
    ),
    suspects: fake.suspects,
    unreadableFields: {},
    timing: fake.timing(),
  });
  const end = (takes: (call: ListedCall) => boolean): number => {
    const ended = fake.calls.filter((call) => !hasEnded(call.state) && takes(call));
    fake.calls = fake.calls.filter((call) => !ended.includes(call));
    return ended.length;
  };
  const fake: FakeSwitch = {
    calls: [...calls],
    suspects: [],
    stats: new Map(),
    requests: [],
    before: () => {},
    timing: () => ({ requestedAt: clock(), receivedAt: clock() + 20, serverDate: clock() }),
    login: 'login:ops',
    trustedCustomer: undefined,
    listAllCalls: (filter, options) =>
      answer(`listAllCalls ${JSON.stringify(filter)}`, options?.signal, () => list(filter)),
    listActiveCalls: (filter, options) =>
      answer(`listActiveCalls ${JSON.stringify(filter)}`, options?.signal, () => list(filter)),
    disconnectCall: (id, options) =>
      answer(
        `disconnectCall ${id}`,
        options?.signal,
        (): DisconnectAnswer =>
          end((call) => call.id === id) > 0
            ? { result: 'ok', count: undefined, timing: fake.timing() }
            : { result: 'not-found', timing: fake.timing() },
      ),
    disconnectAccount: (account, options) =>
      answer(`disconnectAccount ${account}`, options?.signal, () => ({
        result: 'ok',
        count: end((call) => call.account === account),
        timing: fake.timing(),
      })),
    disconnectCustomer: (customer, options) =>
      answer(`disconnectCustomer ${customer}`, options?.signal, () => ({
        result: 'ok',
        count: end((call) => call.customer === customer),
        timing: fake.timing(),
      })),
    getAccountCallStats: (options) =>
      answer(
        'getAccountCallStats',
        options?.signal,
        (): AccountCallStats => ({
          accounts: fake.stats,
          suspect: undefined,
          timing: fake.timing(),
        }),
      ),
    close: async () => {},
  };
  return fake;
}

/** An error as the adapter raises it. */
export function switchError(code: ErrorCode, maybeSent?: boolean): CallwardenError & MaybeSent {
  const error = new CallwardenError(code, 'the switch failed in a test.', { hint: 'Look at the test.' });
  return Object.assign(error, maybeSent === undefined ? {} : { maybeSent });
}

/** Rejects when the signal aborts; resolves never. `done` takes the listener off again. */
function aborted(signal: AbortSignal | undefined): { rejection: Promise<never>; done: () => void } {
  let fail = () => {};
  const rejection = new Promise<never>((_, reject) => {
    fail = () => reject(switchError('SWITCH_TIMEOUT', true));
    if (signal?.aborted) fail();
    signal?.addEventListener('abort', fail, { once: true });
  });
  return { rejection, done: () => signal?.removeEventListener('abort', fail) };
}
