import type { CallPlan, CallSource, Route } from './call-plan.js';
import { DRAMA_NUMBERS, type NumberRange, numberFrom } from './number-ranges.js';
import type { Random } from './random.js';

/** What one honest account does all day. */
export interface TrafficProfile {
  name: string;
  account: number;
  /** How many conversations it holds on average: Little's law makes this the arrival rate. */
  meanConcurrentCalls: number;
  medianTalkSeconds: number;
  /** Share of its calls that somebody answers. */
  answerRatio: number;
  callers: readonly NumberRange[];
  destinations: readonly NumberRange[];
  connections: readonly number[];
  /** Share of its calls that go to `onnetAccount` instead of a vendor. */
  onnetShare: number;
  onnetAccount: number;
}

const UK = [DRAMA_NUMBERS.ukLondon, DRAMA_NUMBERS.ukManchester, DRAMA_NUMBERS.ukMobile];
const GERMANY = [
  DRAMA_NUMBERS.deBerlin,
  DRAMA_NUMBERS.deFrankfurt,
  DRAMA_NUMBERS.deMunich,
  DRAMA_NUMBERS.deMobile,
];
const AMERICA = [DRAMA_NUMBERS.usNewYork, DRAMA_NUMBERS.usChicago, DRAMA_NUMBERS.usSeattle];
const WORLD = [
  ...UK,
  ...GERMANY,
  ...AMERICA,
  DRAMA_NUMBERS.frParis,
  DRAMA_NUMBERS.frMobile,
  DRAMA_NUMBERS.auSydney,
];

const offNet = { onnetShare: 0, onnetAccount: 0 };

/** About 50 conversations at once, each account well below every shipped limit. */
export const BENIGN_PROFILES: readonly TrafficProfile[] = [
  {
    name: 'office trunk, London',
    account: 10,
    meanConcurrentCalls: 5,
    medianTalkSeconds: 120,
    answerRatio: 0.75,
    callers: [DRAMA_NUMBERS.ukLondon],
    destinations: UK,
    connections: [1, 2],
    onnetShare: 0.25,
    onnetAccount: 11,
  },
  {
    name: 'office trunk, Manchester',
    account: 11,
    meanConcurrentCalls: 4,
    medianTalkSeconds: 120,
    answerRatio: 0.75,
    callers: [DRAMA_NUMBERS.ukManchester],
    destinations: [...UK, DRAMA_NUMBERS.frParis],
    connections: [1, 2],
    onnetShare: 0.2,
    onnetAccount: 10,
  },
  {
    name: 'office trunk, New York',
    account: 12,
    meanConcurrentCalls: 4,
    medianTalkSeconds: 150,
    answerRatio: 0.7,
    callers: [DRAMA_NUMBERS.usNewYork],
    destinations: [...AMERICA, DRAMA_NUMBERS.ukLondon],
    connections: [3],
    ...offNet,
  },
  {
    name: 'call centre',
    account: 20,
    meanConcurrentCalls: 10,
    medianTalkSeconds: 210,
    answerRatio: 0.85,
    callers: [DRAMA_NUMBERS.deFrankfurt],
    destinations: GERMANY,
    connections: [4],
    ...offNet,
  },
  {
    name: 'dialer with consent: many tries, short talks',
    account: 30,
    meanConcurrentCalls: 7,
    medianTalkSeconds: 25,
    answerRatio: 0.35,
    callers: [DRAMA_NUMBERS.deBerlin],
    destinations: GERMANY,
    connections: [4, 5],
    ...offNet,
  },
  {
    name: 'wholesale carrier',
    account: 40,
    meanConcurrentCalls: 14,
    medianTalkSeconds: 90,
    answerRatio: 0.55,
    callers: WORLD,
    destinations: WORLD,
    connections: [2, 3, 5],
    ...offNet,
  },
  {
    name: 'retail trunk',
    account: 41,
    meanConcurrentCalls: 5,
    medianTalkSeconds: 100,
    answerRatio: 0.7,
    callers: AMERICA,
    destinations: AMERICA,
    connections: [3],
    ...offNet,
  },
];

/** Spread of talk times; 0.9 gives the long tail that telephone traffic is known for. */
const TALK_SIGMA = 0.9;
const LONGEST_TALK_SECONDS = 5_400;
const RING_SECONDS = { from: 2, to: 20 };
/** Who calls gives up before the 60 s at which networks do. */
const GIVE_UP_SECONDS = { from: 10, to: 45 };

/** Poisson arrivals of one account from this instant on. */
export function* benignTraffic(profile: TrafficProfile, from: number, random: Random): CallSource {
  const meanGapMs = (meanHoldSeconds(profile) / profile.meanConcurrentCalls) * 1000;
  for (let at = from + random.exponential(meanGapMs); ; at += random.exponential(meanGapMs)) {
    yield planCall(profile, Math.round(at), random);
  }
}

function planCall(profile: TrafficProfile, setupAt: number, random: Random): CallPlan {
  const answered = random.chance(profile.answerRatio);
  const answerAfterMs = random.between(RING_SECONDS.from, RING_SECONDS.to) * 1000;
  const talkSeconds = Math.min(LONGEST_TALK_SECONDS, random.logNormal(profile.medianTalkSeconds, TALK_SIGMA));
  const giveUpMs = random.between(GIVE_UP_SECONDS.from, GIVE_UP_SECONDS.to) * 1000;
  const route: Route = random.chance(profile.onnetShare)
    ? { onnetAccount: profile.onnetAccount }
    : { connection: random.pick(profile.connections) };
  return {
    setupAt,
    cli: numberFrom(profile.callers, random),
    cld: numberFrom(profile.destinations, random),
    account: profile.account,
    route,
    furthest: answered ? 'Connected' : 'ARComplete',
    answerAfterMs,
    endAfterMs: answered ? answerAfterMs + talkSeconds * 1000 : giveUpMs,
  };
}

/** Mean of the time that a call of this profile occupies the switch. */
function meanHoldSeconds(profile: TrafficProfile): number {
  const meanTalk = profile.medianTalkSeconds * Math.exp(TALK_SIGMA ** 2 / 2);
  const meanRing = (RING_SECONDS.from + RING_SECONDS.to) / 2;
  const meanGiveUp = (GIVE_UP_SECONDS.from + GIVE_UP_SECONDS.to) / 2;
  return profile.answerRatio * (meanRing + meanTalk) + (1 - profile.answerRatio) * meanGiveUp;
}
