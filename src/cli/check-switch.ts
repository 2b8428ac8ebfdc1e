import { quotedList } from '../documents/found-values.js';
import { unseenDirection } from '../documents/unseen-direction.js';
import type { SwitchConfig } from '../domain/config.js';
import { CallwardenError } from '../domain/errors.js';
import type { NumberPlan } from '../domain/numbering.js';
import type { Clock, SwitchPort } from '../domain/ports.js';
import type { AnswerTiming, Listing } from '../domain/snapshot.js';
import { dialingPlanOf, isValidInternational } from '../facts/number-metadata.js';
import { createNumbering } from '../facts/numbering.js';
import { findDisagreement } from '../gather/cross-check.js';
import { connectSwitch } from './compose.js';
import { checkReachability, type Finding } from './reachability.js';

const NAMED_DIRECTIONS = 5;
const SHOWN_LENGTH = 40;

/** Beyond this, times in listings and audit records no longer fit together well. */
const GREATEST_OFFSET_MS = 5_000;

/** Checks one switch as far as listing goes; never sends a disconnect. Never rejects. */
export async function checkSwitch(switchConfig: SwitchConfig, clock: Clock): Promise<readonly Finding[]> {
  const { url, ca, timeoutMs } = switchConfig;
  const way = await checkReachability(url, ca, timeoutMs, clock());
  if (way.at(-1)?.level === 'fail') return way;
  let port: SwitchPort | undefined;
  try {
    port = connectSwitch(switchConfig, clock);
    const listing = await port.listAllCalls({});
    const found = [...way, ...listingFindings(listing, port.login, switchConfig.numbers)];
    return switchConfig.crossCheck ? [...found, await checkStats(port, listing)] : found;
  } catch (error) {
    return [...way, failure('login and listAllCalls', error)];
  } finally {
    await port?.close();
  }
}

function listingFindings(
  { calls, suspects, timing }: Listing,
  login: string,
  numbers: NumberPlan,
): readonly Finding[] {
  const suspectText = suspects.length === 0 ? '' : `, ${suspects.length} suspect`;
  const listed: Finding = {
    level: suspects.length === 0 ? 'ok' : 'warn',
    text: `login and listAllCalls: ${calls.length} calls${suspectText} in ${tookMs(timing)} ms as ${login}; the right to disconnect is not tested`,
    ...(suspects.length > 0 && {
      next: 'Calls without a readable ID, CALL_ID or CC_STATE are never cut; see `callwarden calls`.',
    }),
  };
  return [
    listed,
    ...directionFindings(calls),
    ...readingFindings(calls, numbers),
    ...trunkFindings(calls, numbers),
    clockFinding(timing),
  ];
}

/** What rules with `direction` would not count, or could not judge. */
function directionFindings(calls: Listing['calls']): readonly Finding[] {
  const unseen = new Set<string>();
  let without = 0;
  for (const { direction } of calls) {
    if (direction === undefined) without += 1;
    else if (unseenDirection(direction) !== undefined) unseen.add(direction.slice(0, SHOWN_LENGTH));
  }
  const findings: Finding[] = [];
  if (unseen.size > 0) {
    findings.push({
      level: 'warn',
      text: `DIRECTION: calls are listed with ${quotedList([...unseen].slice(0, NAMED_DIRECTIONS))}, which no switch has been seen to write`,
      next: 'Rules with `direction`, as most shipped ones are, count no such call: add it there where these are calls that an account makes.',
    });
  }
  if (without > 0) {
    findings.push({
      level: 'warn',
      text: `DIRECTION: ${without} of ${calls.length} calls are listed without one`,
      next: 'Rules with `direction`, as most shipped ones are, come to no verdict because of them (indeterminate): take it out of these rules where that goes on.',
    });
  }
  return findings;
}

const SHOWN_DIGITS = 5;

/**
 * Dialled numbers without any prefix that are taken for national ones of the country, so that prefixes of other countries do not
 * know them. Nothing to tell where the config says what such digits are.
 */
function readingFindings(calls: Listing['calls'], numbers: NumberPlan): readonly Finding[] {
  const { country, bare } = numbers;
  if (country === undefined || bare !== undefined) return [];
  const { normalise } = createNumbering(numbers);
  // Technical and international prefixes are taken off by either reading, and make no number a national one.
  const asInternational = createNumbering({ ...numbers, bare: 'international' });
  const written = calls.flatMap(({ cld }) => (cld !== undefined && /^[1-9]\d*$/.test(cld) ? [cld] : []));
  const national = written.filter((cld) => normalise(cld) !== asInternational.normalise(cld));
  const [first] = national;
  if (first === undefined) return [];
  const read = normalise(first);
  const text = `numbers: ${national.length} of ${written.length} dialled numbers without +, 00 or a trunk prefix are read as national ones of ${country}, such as ${first.slice(0, SHOWN_DIGITS)}… as +${read.slice(0, SHOWN_DIGITS)}…; prefixes of other countries do not know them`;
  // Where a trunk prefix is dialled, switches hardly write national numbers without it.
  const hasTrunkPrefix = dialingPlanOf(country).trunkPrefix !== undefined;
  return [
    {
      level: hasTrunkPrefix ? 'warn' : 'ok',
      text,
      next: `State \`bare: international\` beside \`country: ${country}\` where such numbers are international ones, as most switches write them, or \`bare: either\` where they may be national.`,
    },
  ];
}

/**
 * Dialled numbers that bear a trunk prefix other than 0, which is left where it is: 8 812 of Saint Petersburg begins like the
 * satellites of +881 then. What is a valid international number as well may be that.
 */
function trunkFindings(calls: Listing['calls'], numbers: NumberPlan): readonly Finding[] {
  const { country } = numbers;
  if (country === undefined) return [];
  const { trunkPrefix, callingCode } = dialingPlanOf(country);
  if (trunkPrefix === undefined || trunkPrefix.startsWith('0') || trunkPrefix === callingCode) return [];
  const { normalise } = createNumbering(numbers);
  const found = calls.flatMap(({ cld }) => {
    const read = normalise(cld ?? '');
    const isNational =
      read.startsWith(trunkPrefix) &&
      !isValidInternational(read) &&
      isValidInternational(callingCode + read.slice(trunkPrefix.length));
    return isNational ? [read] : [];
  });
  const [first] = found;
  if (first === undefined) return [];
  const text = `numbers: ${found.length} of the dialled numbers ${found.length === 1 ? 'looks like a national one' : 'look like national ones'} of ${country} behind its trunk prefix ${trunkPrefix}, which is not taken off: such as ${first.slice(0, SHOWN_DIGITS)}…, which is read as +${first.slice(0, SHOWN_DIGITS)}…, and may be on a list so`;
  return [
    {
      level: 'warn',
      text,
      next: 'Have the switch list national numbers in international form, by a translation rule, before any rule cuts by numbers.',
    },
  ];
}

/** The Date header has a resolution of one second: on average half a second has passed since. */
function clockFinding({ requestedAt, receivedAt, serverDate }: AnswerTiming): Finding {
  if (serverDate === undefined) {
    return {
      level: 'warn',
      text: 'clock: the switch sends no Date, so its clock cannot be compared with ours',
    };
  }
  const offsetMs = serverDate + 500 - (requestedAt + receivedAt) / 2;
  const text = `clock: the switch is ${(Math.abs(offsetMs) / 1000).toFixed(1)} s ${offsetMs < 0 ? 'behind' : 'ahead'}`;
  return Math.abs(offsetMs) <= GREATEST_OFFSET_MS
    ? { level: 'ok', text }
    : {
        level: 'warn',
        text,
        next: 'Set both clocks by NTP: ages of calls and times in the audit log depend on them.',
      };
}

/** Only a cross-check of listings needs it, so a switch that refuses it is still one to work with. */
async function checkStats(port: SwitchPort, listing: Listing): Promise<Finding> {
  try {
    const stats = await port.getAccountCallStats();
    const { accounts, suspect, timing } = stats;
    const text = `getAccountCallStats: ${accounts.size} accounts in ${tookMs(timing)} ms`;
    if (suspect !== undefined) return { level: 'warn', text: `${text}, but they prove nothing: ${suspect}` };
    const apart = findDisagreement(listing.calls, listing.suspects.length, listing.timing, stats);
    if (apart === undefined) return { level: 'ok', text: `${text}, as listAllCalls shows them` };
    return {
      level: 'warn',
      text: `${text}, but ${apart}`,
      next: 'Nothing is cut while the two contradict each other. Where they do so every time, the switch counts otherwise: then set `crossCheck: false` for it.',
    };
  } catch (error) {
    return { ...failure('getAccountCallStats', error), level: 'warn' };
  }
}

function failure(what: string, error: unknown): Finding {
  if (!(error instanceof CallwardenError)) throw error;
  return { level: 'fail', text: `${what}: ${error.code}: ${error.message}`, next: error.hint };
}

function tookMs({ requestedAt, receivedAt }: AnswerTiming): number {
  return Math.round(receivedAt - requestedAt);
}
