import type { FaultTiming, SwitchPort } from '../domain/ports.js';
import type { AnswerTiming } from '../domain/snapshot.js';
import { measureClock, type SwitchClock } from './switch-clock.js';

/** The same switch, of which every answer measures the clock: listings, statistics, disconnects, and faults of any of these. */
export interface MeasuredPort extends SwitchPort {
  /** What the answers so far say of the switch's clock; `main` is the one to go by where they contradict each other. */
  clockBy(main?: AnswerTiming): SwitchClock;
}

/** To be made anew for each pass: a clock drifts, and ours may be set between two passes. */
export function measuredPort(port: SwitchPort): MeasuredPort {
  const answers: AnswerTiming[] = [];

  async function measured<T extends { timing: AnswerTiming }>(asked: Promise<T>): Promise<T> {
    try {
      const answer = await asked;
      answers.push(answer.timing);
      return answer;
    } catch (error) {
      const timing = error instanceof Error ? (error as Error & FaultTiming).timing : undefined;
      if (timing !== undefined) answers.push(timing);
      throw error;
    }
  }

  return {
    ...port,
    clockBy: (main) => measureClock(main, answers),
    listAllCalls: (filter, options) => measured(port.listAllCalls(filter, options)),
    listActiveCalls: (filter, options) => measured(port.listActiveCalls(filter, options)),
    disconnectCall: (id, options) => measured(port.disconnectCall(id, options)),
    disconnectAccount: (account, options) => measured(port.disconnectAccount(account, options)),
    disconnectCustomer: (customer, options) => measured(port.disconnectCustomer(customer, options)),
    getAccountCallStats: (options) => measured(port.getAccountCallStats(options)),
  };
}
