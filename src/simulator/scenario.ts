import type { CallPlan, CallSource } from './call-plan.js';
import type { Random } from './random.js';

/** One kind of abuse or trouble that can be mixed into the benign traffic. */
export interface Scenario {
  /** One line for a person. */
  description: string;
  /** Whose account it happens on; calls are routed out by `connection`. */
  account: number;
  connection: number;
  /** New calls per minute, once it has begun; the first call comes within ten seconds. */
  callsPerMinute: number;
  /** How long before the start of a warm world it began, so that its first violations are there at once. */
  warmUpMs: number;
  calls(scenario: Scenario, from: number, random: Random): CallSource;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;

/** Instants at the scenario's rate, each gap within half of the mean to either side: steady, but not mechanical. */
export function* arrivals(scenario: Scenario, from: number, random: Random): Iterator<number, never> {
  const meanGapMs = MINUTE_MS / scenario.callsPerMinute;
  for (let at = from + SECOND_MS; ; at += meanGapMs * random.between(0.5, 1.5)) yield Math.round(at);
}

/** A call of the scenario's account out by its connection; answered unless `furthest` says otherwise. */
export function scenarioCall(
  scenario: Scenario,
  call: Pick<CallPlan, 'setupAt' | 'cli' | 'cld' | 'answerAfterMs' | 'endAfterMs'> & Partial<CallPlan>,
): CallPlan {
  return {
    account: scenario.account,
    route: { connection: scenario.connection },
    furthest: 'Connected',
    ...call,
  };
}
