import type { CallPlan, CallSource, Route } from './call-plan.js';
import { numberFrom } from './number-ranges.js';
import type { Random } from './random.js';
import { type Destination, regularNumbers, type WeekProfile } from './week-profiles.js';

const HOUR_MS = 3_600_000;
const LONGEST_TALK_SECONDS = 5_400;
const RING_SECONDS = { from: 2, to: 20 };
/** Who calls gives up before the 60 s at which networks do. */
const GIVE_UP_SECONDS = { from: 10, to: 45 };

/** Arrivals of one account from this instant on: Poisson, thinned by the hour of its week. */
export function* weekTraffic(profile: WeekProfile, from: number, random: Random): CallSource {
  const regulars = regularNumbers(profile, random.integer);
  const meanGapMs = (meanHoldSeconds(profile) / profile.busyCalls) * 1000;
  for (let at = from + random.exponential(meanGapMs); ; at += random.exponential(meanGapMs)) {
    if (random.chance(shareAt(profile, at))) yield planCall(profile, Math.round(at), regulars, random);
  }
}

/** How much of its busiest hour's traffic the account has at this instant; 0 to 1. */
export function shareAt({ shape, utcOffsetHours }: WeekProfile, at: number): number {
  const local = new Date(at + utcOffsetHours * HOUR_MS);
  const day = local.getUTCDay();
  const hours = day === 0 ? shape.sunday : day === 6 ? shape.saturday : shape.weekday;
  return hours[local.getUTCHours()] ?? 0;
}

function planCall(
  profile: WeekProfile,
  setupAt: number,
  regulars: readonly string[],
  random: Random,
): CallPlan {
  const answered = random.chance(profile.answerRatio);
  const answerAfterMs = random.between(RING_SECONDS.from, RING_SECONDS.to) * 1000;
  const talkSeconds = random.logNormal(profile.medianTalkSeconds, profile.talkSigma);
  const giveUpMs = random.between(GIVE_UP_SECONDS.from, GIVE_UP_SECONDS.to) * 1000;
  const route: Route = random.chance(profile.onnetShare)
    ? { onnetAccount: profile.onnetAccount }
    : { connection: random.pick(profile.connections) };
  const toRegular = random.chance(profile.regulars.share);
  return {
    setupAt,
    cli: numberFrom(profile.callers, random),
    cld: toRegular
      ? random.pick(regulars)
      : numberFrom(pickDestination(profile.destinations, random), random),
    account: profile.account,
    route,
    furthest: answered ? 'Connected' : 'ARComplete',
    answerAfterMs,
    endAfterMs: answered ? answerAfterMs + Math.min(LONGEST_TALK_SECONDS, talkSeconds) * 1000 : giveUpMs,
  };
}

function pickDestination(destinations: readonly Destination[], random: Random): Destination['ranges'] {
  const total = destinations.reduce((sum, { weight }) => sum + weight, 0);
  let left = random.between(0, total);
  for (const { weight, ranges } of destinations) {
    left -= weight;
    if (left < 0) return ranges;
  }
  return destinations.at(-1)?.ranges ?? [];
}

/** Mean of the time that a call of this profile occupies the switch. */
function meanHoldSeconds(profile: WeekProfile): number {
  const meanTalk = profile.medianTalkSeconds * Math.exp(profile.talkSigma ** 2 / 2);
  const meanRing = (RING_SECONDS.from + RING_SECONDS.to) / 2;
  const meanGiveUp = (GIVE_UP_SECONDS.from + GIVE_UP_SECONDS.to) / 2;
  return profile.answerRatio * (meanRing + meanTalk) + (1 - profile.answerRatio) * meanGiveUp;
}
