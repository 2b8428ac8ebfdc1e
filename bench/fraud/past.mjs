// What the ledger would hold if the service had watched this switch before: the last day's calls as polls every five
// seconds would have seen them, and for each account the countries that it called in the month before.
import { createNumbering } from '../../dist/facts/numbering.js';
import { numberAt } from '../../dist/simulator/number-ranges.js';
import { createRandom } from '../../dist/simulator/random.js';
import { stateAt } from '../../dist/simulator/simulated-call.js';
import { WEEK_PROFILES } from '../../dist/simulator/week-profiles.js';
import { MINUTE_MS, POLL_MS } from './timetable.mjs';

const DAY_MS = 1_440 * MINUTE_MS;
/** The shipped rules know nothing of an account before 28 (`history`). */
const KNOWN_DAYS = 30;
/** Calls of an account on an average day, in busy hours of its own: what a week comes to, seen from its busiest hour. */
const BUSY_HOURS_A_DAY = 7;

const NUMBERING = createNumbering({ techPrefixes: [] });

/** One commit of the ledger: everything until `now`. */
export function pastOf({ calls, seed, now, login }) {
  return {
    // One poll that answers for the whole day, so that the bench does not have to write 17,280 of them.
    poll: { at: now, intervalMs: DAY_MS, result: 'sound', login },
    calls: calls.map((call) => ledgerCall(call, now, login)).filter((call) => call !== undefined),
    countries: countriesOf(calls, seed, now),
    accounts: WEEK_PROFILES.map(({ account }) => ({ account, firstAt: now - KNOWN_DAYS * DAY_MS })),
    holding: { put: [], drop: [] },
  };
}

/** The week before, as far as the ledger has to know that somebody was watching: a sound poll an hour. */
export function* weekBefore({ now, login }) {
  for (let hour = 8 * 24; hour > 0; hour -= 1) {
    const at = now - hour * 60 * MINUTE_MS;
    const poll = { at, intervalMs: 60 * MINUTE_MS, result: 'sound', login };
    yield { poll, calls: [], countries: [], accounts: [], holding: { put: [], drop: [] } };
  }
}

/** Undefined for a call that came and went between two polls. */
function ledgerCall(call, now, login) {
  const { setupAt, connectedAt, disconnectingAt } = call.timeline;
  const pollAtOrAfter = (instant) => now - Math.floor((now - instant) / POLL_MS) * POLL_MS;
  const firstSeenAt = pollAtOrAfter(setupAt);
  if (firstSeenAt >= disconnectingAt || firstSeenAt > now) return undefined;
  const over = pollAtOrAfter(disconnectingAt);
  const endedAt = over <= now ? over : undefined;
  const lastSeenAt = endedAt === undefined ? now : endedAt - POLL_MS;
  const seenConnected = connectedAt <= lastSeenAt;
  const firstState = stateAt(call.timeline, firstSeenAt);
  const states = [{ state: firstState, at: firstSeenAt }];
  if (seenConnected && firstState !== 'Connected') {
    states.push({ state: 'Connected', at: pollAtOrAfter(connectedAt) });
  }
  return {
    id: call.id,
    callId: call.callId,
    setupTimeText: new Date(setupAt).toISOString().replaceAll('-', '').replace('Z', ''),
    login,
    cli: call.cli,
    cld: call.cld,
    account: call.account,
    customer: call.customer,
    connection: call.connection,
    environment: call.environment,
    direction: call.direction,
    callerMediaIp: call.callerMediaIp,
    calleeMediaIp: call.calleeMediaIp,
    vendors: [],
    setupAt,
    firstSeenAt,
    lastSeenAt,
    connectedAt: seenConnected ? connectedAt : undefined,
    states,
    lastDuration: seenConnected ? (lastSeenAt - connectedAt) / 1000 : 0,
    lastDelay: ((seenConnected ? connectedAt : lastSeenAt) - setupAt) / 1000,
    endedAt,
    cutAt: undefined,
  };
}

/** Those of the month before, and those that were called on the last day for the first time. */
function countriesOf(calls, seed, now) {
  const known = new Map();
  const note = (account, country, firstAt) => {
    const key = `${account} ${country}`;
    if (country !== undefined && !known.has(key))
      known.set(key, { account, country, firstAt, lastAt: firstAt });
  };
  for (const profile of WEEK_PROFILES) {
    for (const country of monthOf(profile, seed)) note(profile.account, country, now - KNOWN_DAYS * DAY_MS);
  }
  for (const { account, cld, timeline } of calls) note(account, NUMBERING.countryOf(cld), timeline.setupAt);
  return [...known.values()];
}

/** A country is among them with the chance that an account of this profile has called it within the month. */
function monthOf(profile, seed) {
  const random = createRandom(seed, `past/${profile.account}`);
  const calls = (profile.busyCalls / 100) * 3600 * BUSY_HOURS_A_DAY * KNOWN_DAYS;
  const weights = profile.destinations.reduce((sum, { weight }) => sum + weight, 0);
  const countries = new Set();
  for (const { weight, ranges } of profile.destinations) {
    for (const range of ranges) {
      const country = NUMBERING.countryOf(numberAt(range, 0));
      const expected = (calls * weight) / weights / ranges.length;
      if (country !== undefined && random.chance(1 - Math.exp(-expected))) countries.add(country);
    }
  }
  return countries;
}
