import { OFFICE_ACCOUNTS, RESIDENTIAL_ACCOUNTS, SUBSCRIBER_ACCOUNTS } from './carrier.js';
import { HIGH_RISK_NUMBERS, type NumberRange, numberAt, WIDE_NUMBERS } from './number-ranges.js';

/** Share of the busiest hour's traffic, by local hour; 24 entries each. */
export interface WeekShape {
  weekday: readonly number[];
  saturday: readonly number[];
  sunday: readonly number[];
}

/** A share of an account's calls, and where they go; the shares of a profile are weights, their sum is free. */
export interface Destination {
  weight: number;
  ranges: readonly NumberRange[];
}

/** What one honest account does in a week. */
export interface WeekProfile {
  name: string;
  account: number;
  /** How many calls it holds on average in its busiest hour. */
  busyCalls: number;
  shape: WeekShape;
  /** Of its local time against UTC; hours. Fixed: a week does not need daylight saving. */
  utcOffsetHours: number;
  medianTalkSeconds: number;
  /** Standard deviation of the logarithm of talk times. */
  talkSigma: number;
  answerRatio: number;
  callers: readonly NumberRange[];
  destinations: readonly Destination[];
  /** Numbers it calls again and again, drawn once, and the share of its calls that go there. */
  regulars: { count: number; share: number };
  connections: readonly number[];
  onnetShare: number;
  onnetAccount: number;
}

const flat = (share: number) => Array.from({ length: 24 }, () => share);
const hours = (night: number, spans: readonly (readonly [from: number, to: number, share: number])[]) =>
  Array.from(
    { length: 24 },
    (_, hour) => spans.find(([from, to]) => hour >= from && hour < to)?.[2] ?? night,
  );

/** Shapes are our own sketch of what carriers publish of their busy hours: two humps by day, little at night. */
const SHAPES = {
  office: {
    weekday: hours(0.01, [
      [7, 9, 0.4],
      [9, 12, 1],
      [12, 14, 0.7],
      [14, 17, 1],
      [17, 20, 0.25],
    ]),
    saturday: hours(0.01, [[9, 14, 0.1]]),
    sunday: flat(0.01),
  },
  callCentre: {
    weekday: hours(0, [
      [7, 9, 0.5],
      [9, 18, 1],
      [18, 21, 0.6],
    ]),
    saturday: hours(0, [[9, 16, 0.6]]),
    sunday: flat(0),
  },
  campaign: {
    weekday: hours(0, [
      [9, 12, 0.8],
      [12, 17, 0.7],
      [17, 20, 1],
    ]),
    saturday: hours(0, [[10, 16, 0.8]]),
    sunday: flat(0),
  },
  wholesale: {
    weekday: hours(0.25, [
      [7, 10, 0.7],
      [10, 18, 1],
      [18, 23, 0.8],
    ]),
    saturday: hours(0.25, [[9, 23, 0.75]]),
    sunday: hours(0.25, [[9, 23, 0.8]]),
  },
  home: {
    weekday: hours(0.05, [
      [7, 17, 0.4],
      [17, 22, 1],
    ]),
    saturday: hours(0.08, [[9, 23, 0.8]]),
    sunday: hours(0.08, [[9, 22, 0.9]]),
  },
  always: { weekday: flat(1), saturday: flat(1), sunday: flat(1) },
} as const satisfies Record<string, WeekShape>;

const offNet = { onnetShare: 0, onnetAccount: 0 };
const NO_REGULARS = { count: 0, share: 0 };

const EUROPE = [...WIDE_NUMBERS.france, ...WIDE_NUMBERS.neighbours, ...WIDE_NUMBERS.germany];
const WORLD: readonly Destination[] = [
  { weight: 40, ranges: WIDE_NUMBERS.uk },
  { weight: 20, ranges: EUROPE },
  { weight: 20, ranges: WIDE_NUMBERS.america },
  { weight: 12, ranges: WIDE_NUMBERS.far },
  { weight: 6, ranges: WIDE_NUMBERS.dear },
  // Carriers have honest traffic to every country, those on lists included.
  { weight: 2, ranges: HIGH_RISK_NUMBERS },
];
const CALLERS = [...WIDE_NUMBERS.uk, ...EUROPE, ...WIDE_NUMBERS.america];

/** An office: mostly at home, somewhat abroad, a call in a thousand to a country of the lists. */
function office(account: number, index: number): WeekProfile {
  return {
    name: 'office trunk',
    account,
    busyCalls: 2 + (index % 4),
    shape: SHAPES.office,
    utcOffsetHours: 0,
    medianTalkSeconds: 100,
    talkSigma: 0.9,
    answerRatio: 0.72,
    callers: [{ prefix: `4420794600${index % 10}`, digits: 1 }],
    destinations: [
      { weight: 900, ranges: WIDE_NUMBERS.uk },
      { weight: 70, ranges: EUROPE },
      { weight: 29, ranges: [...WIDE_NUMBERS.america, ...WIDE_NUMBERS.far] },
      { weight: 1, ranges: HIGH_RISK_NUMBERS },
    ],
    regulars: { count: 12, share: 0.3 },
    connections: [1, 2],
    onnetShare: 0.05,
    onnetAccount: index % 2 === 0 ? account + 1 : account - 1,
  };
}

function household(account: number, index: number): WeekProfile {
  return {
    name: 'household',
    account,
    busyCalls: 0.15,
    shape: SHAPES.home,
    utcOffsetHours: 0,
    medianTalkSeconds: 140,
    talkSigma: 1,
    answerRatio: 0.7,
    callers: [{ prefix: `4416149600${index % 10}`, digits: 1 }],
    destinations: [
      { weight: 950, ranges: WIDE_NUMBERS.uk },
      { weight: 45, ranges: [...EUROPE, ...WIDE_NUMBERS.far] },
      { weight: 5, ranges: HIGH_RISK_NUMBERS },
    ],
    regulars: { count: 6, share: 0.6 },
    connections: [1],
    ...offNet,
  };
}

/** New York, where the day of the office is the night of London. */
const newYorkOffice: WeekProfile = {
  ...office(12, 3),
  name: 'office trunk, New York',
  utcOffsetHours: -5,
  callers: [{ prefix: '121255501', digits: 2 }],
  destinations: [
    { weight: 900, ranges: WIDE_NUMBERS.america },
    { weight: 99, ranges: [...WIDE_NUMBERS.uk, ...EUROPE] },
    { weight: 1, ranges: HIGH_RISK_NUMBERS },
  ],
  connections: [3],
  ...offNet,
};

function callCentre(account: number, busyCalls: number): WeekProfile {
  return {
    name: 'call centre',
    account,
    busyCalls,
    shape: SHAPES.callCentre,
    utcOffsetHours: 1,
    medianTalkSeconds: 180,
    talkSigma: 0.8,
    answerRatio: 0.85,
    callers: [{ prefix: `4969090000${account % 10}`, digits: 1 }],
    destinations: [{ weight: 1, ranges: WIDE_NUMBERS.germany }],
    regulars: NO_REGULARS,
    connections: [4],
    ...offNet,
  };
}

/** Everybody it calls has agreed to it: many tries, few talks, all of them short, hardly a number twice. */
function dialer(account: number, busyCalls: number, medianTalkSeconds: number): WeekProfile {
  return {
    name: 'dialer with consent',
    account,
    busyCalls,
    shape: SHAPES.campaign,
    utcOffsetHours: 1,
    medianTalkSeconds,
    talkSigma: 0.9,
    answerRatio: 0.35,
    callers: [{ prefix: `493009000${account}`, digits: 1 }],
    destinations: [{ weight: 1, ranges: WIDE_NUMBERS.germany }],
    regulars: NO_REGULARS,
    connections: [4, 5],
    ...offNet,
  };
}

function wholesaleCarrier(account: number, busyCalls: number): WeekProfile {
  return {
    name: 'wholesale carrier',
    account,
    busyCalls,
    shape: SHAPES.wholesale,
    utcOffsetHours: 0,
    medianTalkSeconds: 90,
    talkSigma: 1,
    answerRatio: 0.55,
    callers: CALLERS,
    destinations: WORLD,
    regulars: NO_REGULARS,
    connections: [2, 3, 5],
    ...offNet,
  };
}

/** Alarm panels that report to their control room: one number, day and night, calls of nearly the same length. */
const alarmPanels: WeekProfile = {
  name: 'alarm panels',
  account: 130,
  busyCalls: 0.7,
  shape: SHAPES.always,
  utcOffsetHours: 0,
  medianTalkSeconds: 35,
  talkSigma: 0.15,
  answerRatio: 0.98,
  callers: WIDE_NUMBERS.uk,
  destinations: [{ weight: 1, ranges: WIDE_NUMBERS.uk }],
  regulars: { count: 1, share: 1 },
  connections: [1],
  ...offNet,
};

/** Another operator's callers, whom it brings to one company by its block of numbers. */
const interconnect: WeekProfile = {
  name: 'interconnect',
  account: 140,
  busyCalls: 14,
  shape: SHAPES.office,
  utcOffsetHours: 0,
  medianTalkSeconds: 60,
  talkSigma: 0.9,
  answerRatio: 0.8,
  callers: WIDE_NUMBERS.uk,
  destinations: [{ weight: 1, ranges: blockOf('442079460', 40, 41) }],
  regulars: NO_REGULARS,
  connections: [2],
  ...offNet,
};

/** Passes each call on to one of its agents, whose numbers are neighbours. */
const callDistributor: WeekProfile = {
  name: 'call distributor',
  account: 141,
  busyCalls: 15,
  shape: SHAPES.callCentre,
  utcOffsetHours: 1,
  medianTalkSeconds: 80,
  talkSigma: 0.8,
  answerRatio: 0.9,
  callers: WIDE_NUMBERS.germany,
  destinations: [{ weight: 1, ranges: blockOf('441614960', 70, 71) }],
  regulars: NO_REGULARS,
  connections: [4],
  ...offNet,
};

const SERVICES_ACCOUNT = 142;
const SERVICES_NUMBER: NumberRange = { prefix: '442079460999', digits: 0 };

/** The operator's own voice mail and hotline: hardly calls anybody. */
const services: WeekProfile = {
  ...household(SERVICES_ACCOUNT, 9),
  name: "operator's services",
  busyCalls: 0.02,
};

/** A subscriber, who rings those on-net. */
function subscriber(account: number, index: number): WeekProfile {
  return {
    ...household(account, index),
    name: 'subscriber',
    busyCalls: 0.09,
    medianTalkSeconds: 40,
    answerRatio: 0.98,
    destinations: [{ weight: 1, ranges: [SERVICES_NUMBER] }],
    regulars: NO_REGULARS,
    onnetShare: 1,
    onnetAccount: SERVICES_ACCOUNT,
  };
}

/** Tens of a block of numbers, from this one to that. */
function blockOf(prefix: string, from: number, to: number): readonly NumberRange[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    prefix: `${prefix}${from + index}`,
    digits: 1,
  }));
}

/**
 * A mid-sized carrier's honest week: about 250 calls at once and 10,000 an hour on a weekday, a tenth of it at night.
 * Accounts that a scenario hijacks are honest otherwise, so that what is cut beside the attack shows.
 */
export const WEEK_PROFILES: readonly WeekProfile[] = [
  ...[10, 11, ...OFFICE_ACCOUNTS].map(office),
  newYorkOffice,
  callCentre(20, 18),
  callCentre(21, 40),
  dialer(30, 22, 25),
  dialer(31, 16, 15),
  wholesaleCarrier(40, 45),
  wholesaleCarrier(41, 20),
  wholesaleCarrier(42, 28),
  alarmPanels,
  ...RESIDENTIAL_ACCOUNTS.map(household),
  interconnect,
  callDistributor,
  services,
  ...SUBSCRIBER_ACCOUNTS.map(subscriber),
];

/** The numbers that an account calls again and again. */
export function regularNumbers(profile: WeekProfile, pick: (below: number) => number): readonly string[] {
  const home = profile.destinations[0]?.ranges ?? [];
  return Array.from({ length: profile.regulars.count }, () => {
    const range = home[pick(home.length)];
    if (range === undefined) throw new RangeError(`${profile.name} names no destinations.`);
    return numberAt(range, pick(10 ** range.digits));
  });
}
