import { ABUSE_SCENARIOS } from './abuse-scenarios.js';
import type { CallSource } from './call-plan.js';
import { FRAUD_SCENARIOS } from './fraud-scenarios.js';
import type { Random } from './random.js';
import type { Scenario } from './scenario.js';

/** Those that show within a minute first, then the ones that need a watcher with a memory. */
export const SCENARIOS = { ...ABUSE_SCENARIOS, ...FRAUD_SCENARIOS } as const satisfies Record<
  string,
  Scenario
>;

export type ScenarioName = keyof typeof SCENARIOS;

/** What may be asked for: a scenario, `benign` for none of them, `all` for those that show within a minute. */
export const SCENARIO_CHOICES: readonly { name: string; description: string }[] = [
  { name: 'benign', description: 'Honest traffic only.' },
  ...Object.entries(SCENARIOS).map(([name, { description }]) => ({ name, description })),
  { name: 'all', description: `The first ${Object.keys(ABUSE_SCENARIOS).length} of these at once.` },
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
  return known.filter(
    (name) => names.includes(name) || (names.includes('all') && Object.hasOwn(ABUSE_SCENARIOS, name)),
  );
}

/** The calls of one scenario from this instant on. */
export function scenarioCalls(name: ScenarioName, from: number, random: Random): CallSource {
  const scenario: Scenario = SCENARIOS[name];
  return scenario.calls(scenario, from, random);
}
