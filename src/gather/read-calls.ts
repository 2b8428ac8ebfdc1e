import { type Call, isLive, type ListedCall, SETUP_TOLERANCE_MS } from '../domain/call.js';
import { callerNumber, dialledNumber, type Numbering } from '../domain/numbering.js';
import type { AnswerTiming } from '../domain/snapshot.js';
import { clockOffset } from './switch-clock.js';

/**
 * Adds what is derived once per listing: normal forms of the numbers, the instant of setup on our clock, the age. `offsetMs`
 * is the switch's clock minus ours, by this answer where no better one measured it.
 */
export function readCalls(
  calls: readonly ListedCall[],
  numbering: Numbering,
  timing: AnswerTiming,
  offsetMs: number | undefined = clockOffset(timing),
): Call[] {
  return calls.map((call) => {
    const age =
      call.delay === undefined || call.duration === undefined ? undefined : call.delay + call.duration;
    return {
      ...call,
      cliNumber: callerNumber(call.cli, numbering),
      cldNumber: dialledNumber(call.cld, numbering),
      age,
      setupAt: setupInstant(call, offsetMs, timing.requestedAt),
    };
  });
}

/**
 * SETUP_TIME bears no zone and comes from a clock that may be off. So it is trusted only where the age that the switch
 * states leads to the same instant; a call in setup has all of its age as DELAY. Where no age is stated, it is trusted only
 * with a measured clock offset, and never where the call would be younger than what is stated of it.
 */
function setupInstant(
  call: ListedCall,
  offsetMs: number | undefined,
  observedAt: number,
): number | undefined {
  const { setupTimeText, state, delay, duration } = call;
  const stated = setupTimeText === undefined ? undefined : parseSetupTime(setupTimeText);
  if (stated === undefined) return undefined;
  const inSetup = isLive(state) && state !== 'Connected';
  const isAgeKnown = delay !== undefined && (duration !== undefined || inSetup);
  if (!isAgeKnown && offsetMs === undefined) return undefined;
  const corrected = stated - (offsetMs ?? 0);
  const latest = observedAt - ((delay ?? 0) + (duration ?? 0)) * 1000;
  if (corrected > latest + SETUP_TOLERANCE_MS) return undefined;
  return isAgeKnown && corrected < latest - SETUP_TOLERANCE_MS ? undefined : corrected;
}

const SETUP_TIME = /^(\d{4})(\d{2})(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?$/;

/** `YYYYMMDDTHH:MM:SS[.SSS]`, read as UTC, in milliseconds since the epoch; undefined for anything else. */
export function parseSetupTime(text: string): number | undefined {
  const match = SETUP_TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '0'] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const instant = Date.parse(`${iso}Z`);
  // Date.parse rolls 31 February over into March; a date that does not exist is no date.
  if (Number.isNaN(instant) || !new Date(instant).toISOString().startsWith(iso)) return undefined;
  return instant + Math.floor(Number(`0.${fraction}`) * 1000);
}
