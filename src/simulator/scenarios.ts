import type { CallPlan, CallSource } from './call-plan.js';
import { DRAMA_NUMBERS, HIGH_RISK_NUMBERS, numberAt, numberFrom } from './number-ranges.js';
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

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** In the order of the contract's list. */
export const SCENARIOS = {
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

export type ScenarioName = keyof typeof SCENARIOS;

/** What may be asked for: a scenario, `benign` for none of them, `all` for all at once. */
export const SCENARIO_CHOICES: readonly { name: string; description: string }[] = [
  { name: 'benign', description: 'Honest traffic only.' },
  ...Object.entries(SCENARIOS).map(([name, { description }]) => ({ name, description })),
  { name: 'all', description: 'All scenarios at once.' },
];

/**
 * The scenarios behind a list of names, each once, in the list's own order whatever order they were asked in. Throws on
 * an unknown name, with all that are known.
 */
export function chooseScenarios(names: readonly string[]): readonly ScenarioName[] {
  const known = Object.keys(SCENARIOS) as ScenarioName[];
  for (const name of names) {
    if (SCENARIO_CHOICES.some((choice) => choice.name === name)) continue;
    const choices = SCENARIO_CHOICES.map((choice) => `  ${choice.name}: ${choice.description}`).join('\n');
    throw new RangeError(`There is no scenario "${name}". Choose from:\n${choices}`);
  }
  return known.filter((name) => names.includes('all') || names.includes(name));
}

/** The calls of one scenario from this instant on. */
export function scenarioCalls(name: ScenarioName, from: number, random: Random): CallSource {
  const scenario: Scenario = SCENARIOS[name];
  return scenario.calls(scenario, from, random);
}

/** Instants at the scenario's rate, each gap within half of the mean to either side: steady, but not mechanical. */
function* arrivals(scenario: Scenario, from: number, random: Random): Iterator<number, never> {
  const meanGapMs = MINUTE_MS / scenario.callsPerMinute;
  for (let at = from + SECOND_MS; ; at += meanGapMs * random.between(0.5, 1.5)) yield Math.round(at);
}

/** A call of the scenario's account out by its connection; answered unless `furthest` says otherwise. */
function scenarioCall(
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
