import type { CallSource } from './call-plan.js';
import { RESIDENTIAL_ACCOUNTS } from './carrier.js';
import { DRAMA_NUMBERS, HIGH_RISK_NUMBERS, numberAt, numberFrom, WIDE_NUMBERS } from './number-ranges.js';
import type { Random } from './random.js';
import { arrivals, MINUTE_MS, type Scenario, SECOND_MS, scenarioCall } from './scenario.js';

/** Fraud that stays below plain limits: it shows in numbers, countries, lengths and hours rather than in calls at once. */
export const FRAUD_SCENARIOS = {
  'night-international': {
    description:
      'A hijacked office trunk (account 101) calls dear countries of no list, a few calls a minute, while nobody is in.',
    account: 101,
    connection: 3,
    callsPerMinute: 4,
    warmUpMs: 2 * MINUTE_MS,
    calls: nightInternational,
  },
  'wangiri-callback': {
    description:
      'Households (accounts 200 to 239) ring back the high-risk numbers that one ring has left them.',
    account: 200,
    connection: 5,
    callsPerMinute: 12,
    warmUpMs: 2 * MINUTE_MS,
    calls: wangiriCallback,
  },
  'same-number-pumping': {
    description: 'One account (53) calls one dear number over and over and stays for a minute or so.',
    account: 53,
    connection: 2,
    callsPerMinute: 15,
    warmUpMs: 2 * MINUTE_MS,
    calls: sameNumberPumping,
  },
  'traffic-pumping': {
    description:
      'A machine (account 54) calls a rural exchange that earns by the minute; every call is equally long.',
    account: 54,
    connection: 3,
    callsPerMinute: 20,
    warmUpMs: 3 * MINUTE_MS,
    calls: trafficPumping,
  },
  'pbx-break-in': {
    description:
      'An office PBX (account 102) calls, after days of quiet, many numbers in countries it never called.',
    account: 102,
    connection: 3,
    callsPerMinute: 5,
    warmUpMs: 2 * MINUTE_MS,
    calls: pbxBreakIn,
  },
  'short-duration-dialer': {
    description:
      'A dialer without consent (account 52): every number another one, every talk over within seconds.',
    account: 52,
    connection: 4,
    callsPerMinute: 90,
    warmUpMs: 2 * MINUTE_MS,
    calls: shortDurationDialer,
  },
} as const satisfies Record<string, Scenario>;

function* nightInternational(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from, random);
  // Two countries at a time: whoever earns there has a contract there.
  const countries = [random.pick(WIDE_NUMBERS.dear), random.pick(WIDE_NUMBERS.dear)];
  for (;;) {
    yield scenarioCall(scenario, {
      setupAt: times.next().value,
      cli: numberFrom([DRAMA_NUMBERS.ukLondon], random),
      cld: numberFrom(countries, random),
      answerAfterMs: random.between(2, 6) * SECOND_MS,
      endAfterMs: random.between(3, 8) * MINUTE_MS,
    });
  }
}

function* wangiriCallback(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from, random);
  const range = random.pick(HIGH_RISK_NUMBERS);
  const first = random.integer(10 ** range.digits);
  for (;;) {
    yield scenarioCall(scenario, {
      setupAt: times.next().value,
      account: random.pick(RESIDENTIAL_ACCOUNTS),
      cli: numberFrom(WIDE_NUMBERS.uk, random),
      // The ring came from ten neighbouring numbers.
      cld: numberAt(range, first + random.integer(10)),
      answerAfterMs: random.between(1, 3) * SECOND_MS,
      endAfterMs: random.between(0.7, 4) * MINUTE_MS,
    });
  }
}

function* sameNumberPumping(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from, random);
  const cld = numberFrom(WIDE_NUMBERS.dear, random);
  for (;;) {
    yield scenarioCall(scenario, {
      setupAt: times.next().value,
      cli: numberFrom(WIDE_NUMBERS.uk, random),
      cld,
      answerAfterMs: random.between(1, 3) * SECOND_MS,
      endAfterMs: random.between(40, 90) * SECOND_MS,
    });
  }
}

function* trafficPumping(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from, random);
  const talkSeconds = random.between(55, 70);
  for (;;) {
    const answerAfterMs = random.between(1, 3) * SECOND_MS;
    yield scenarioCall(scenario, {
      setupAt: times.next().value,
      cli: numberFrom(WIDE_NUMBERS.america, random),
      cld: numberFrom(WIDE_NUMBERS.ruralAmerica, random),
      answerAfterMs,
      endAfterMs: answerAfterMs + (talkSeconds + random.between(0, 1)) * SECOND_MS,
    });
  }
}

function* pbxBreakIn(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from, random);
  for (;;) {
    yield scenarioCall(scenario, {
      setupAt: times.next().value,
      cli: numberFrom([DRAMA_NUMBERS.ukManchester], random),
      cld: numberFrom(WIDE_NUMBERS.dear, random),
      answerAfterMs: random.between(2, 6) * SECOND_MS,
      endAfterMs: random.between(2, 6) * MINUTE_MS,
    });
  }
}

function* shortDurationDialer(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from, random);
  for (;;) {
    const answered = random.chance(0.6);
    const answerAfterMs = random.between(2, 10) * SECOND_MS;
    yield scenarioCall(scenario, {
      setupAt: times.next().value,
      cli: numberFrom(WIDE_NUMBERS.uk, random),
      cld: numberFrom(WIDE_NUMBERS.germany, random),
      furthest: answered ? 'Connected' : 'ARComplete',
      answerAfterMs,
      endAfterMs: answered
        ? answerAfterMs + random.between(2, 9) * SECOND_MS
        : random.between(8, 20) * SECOND_MS,
    });
  }
}
