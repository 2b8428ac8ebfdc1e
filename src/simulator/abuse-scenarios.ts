import type { CallSource } from './call-plan.js';
import { DRAMA_NUMBERS, HIGH_RISK_NUMBERS, numberAt, numberFrom } from './number-ranges.js';
import type { Random } from './random.js';
import { arrivals, HOUR_MS, MINUTE_MS, type Scenario, SECOND_MS, scenarioCall } from './scenario.js';

/** What a switch shows within its first minute; in the order of the contract's list. */
export const ABUSE_SCENARIOS = {
  'concurrency-burst': {
    description: 'A hijacked office trunk (account 11) opens one call a second and holds them for minutes.',
    account: 11,
    connection: 1,
    callsPerMinute: 60,
    warmUpMs: 28 * SECOND_MS,
    calls: concurrencyBurst,
  },
  'marathon-calls': {
    description: 'Calls of the call centre (account 20) that nobody hangs up for 8 to 12 hours.',
    account: 20,
    connection: 4,
    callsPerMinute: 1 / 30,
    warmUpMs: 5.5 * HOUR_MS,
    calls: marathonCalls,
  },
  'irsf-night': {
    description:
      'Revenue share fraud: a hijacked office trunk (account 12), silent at night, floods high-risk countries.',
    account: 12,
    connection: 3,
    callsPerMinute: 30,
    warmUpMs: 20 * SECOND_MS,
    calls: irsfNight,
  },
  wangiri: {
    description: 'One ring from a high-risk number to many mobiles (account 50), so that people call back.',
    account: 50,
    connection: 5,
    callsPerMinute: 240,
    warmUpMs: 10 * SECOND_MS,
    calls: wangiri,
  },
  'sequential-scan': {
    description: 'One caller (account 51) dials number after number of a block and hangs up within seconds.',
    account: 51,
    connection: 2,
    callsPerMinute: 120,
    warmUpMs: 20 * SECOND_MS,
    calls: sequentialScan,
  },
  'stuck-setups': {
    description:
      'Calls of a wholesale carrier (account 40) that hang in WaitRoute or ARComplete for many minutes.',
    account: 40,
    connection: 5,
    callsPerMinute: 7.5,
    warmUpMs: 5.5 * MINUTE_MS,
    calls: stuckSetups,
  },
} as const satisfies Record<string, Scenario>;

function* concurrencyBurst(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from, random);
  for (;;) {
    yield scenarioCall(scenario, {
      setupAt: times.next().value,
      cli: numberFrom([DRAMA_NUMBERS.ukManchester], random),
      cld: numberFrom([DRAMA_NUMBERS.ukMobile, DRAMA_NUMBERS.frMobile], random),
      answerAfterMs: random.between(1, 4) * SECOND_MS,
      endAfterMs: random.between(2, 6) * MINUTE_MS,
    });
  }
}

/** Three within the first half minute, then, after half an hour, one every half hour or so. */
function* marathonCalls(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from + 30 * MINUTE_MS, random);
  for (let count = 0; ; count += 1) {
    yield scenarioCall(scenario, {
      setupAt: count < 3 ? from + (5 + 10 * count) * SECOND_MS : times.next().value,
      cli: numberFrom([DRAMA_NUMBERS.deFrankfurt], random),
      cld: numberFrom([DRAMA_NUMBERS.deMunich, DRAMA_NUMBERS.deMobile], random),
      answerAfterMs: random.between(3, 10) * SECOND_MS,
      endAfterMs: random.between(8, 12) * HOUR_MS,
    });
  }
}

function* irsfNight(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from, random);
  const cli = numberFrom([DRAMA_NUMBERS.usNewYork], random);
  for (;;) {
    yield scenarioCall(scenario, {
      setupAt: times.next().value,
      cli,
      cld: numberFrom(HIGH_RISK_NUMBERS, random),
      answerAfterMs: random.between(1, 3) * SECOND_MS,
      endAfterMs: random.between(1.5, 5) * MINUTE_MS,
    });
  }
}

function* wangiri(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from, random);
  for (;;) {
    yield scenarioCall(scenario, {
      setupAt: times.next().value,
      cli: numberFrom(HIGH_RISK_NUMBERS, random),
      cld: numberFrom([DRAMA_NUMBERS.ukMobile, DRAMA_NUMBERS.deMobile, DRAMA_NUMBERS.frMobile], random),
      furthest: 'ARComplete',
      answerAfterMs: 0,
      endAfterMs: random.between(1.5, 3) * SECOND_MS,
    });
  }
}

function* sequentialScan(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from, random);
  const cli = numberFrom([DRAMA_NUMBERS.deBerlin], random);
  const block = { prefix: '441614960', digits: 3 };
  for (let index = random.integer(10 ** block.digits); ; index += 1) {
    const answered = random.chance(0.3);
    yield scenarioCall(scenario, {
      setupAt: times.next().value,
      cli,
      cld: numberAt(block, index),
      furthest: answered ? 'Connected' : 'ARComplete',
      answerAfterMs: random.between(2, 5) * SECOND_MS,
      endAfterMs: random.between(6, 9) * SECOND_MS,
    });
  }
}

function* stuckSetups(scenario: Scenario, from: number, random: Random): CallSource {
  const times = arrivals(scenario, from, random);
  for (;;) {
    yield scenarioCall(scenario, {
      setupAt: times.next().value,
      cli: numberFrom([DRAMA_NUMBERS.frParis], random),
      cld: numberFrom([DRAMA_NUMBERS.deMobile, DRAMA_NUMBERS.ukMobile], random),
      furthest: random.chance(0.3) ? 'WaitRoute' : 'ARComplete',
      answerAfterMs: 0,
      endAfterMs: random.between(10, 20) * MINUTE_MS,
    });
  }
}
