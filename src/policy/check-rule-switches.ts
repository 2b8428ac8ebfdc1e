import type { CheckContext } from './check-context.js';
import { cappedProblems } from './check-lists.js';
import { appliesTo, referencesIn } from './check-polling.js';
import { type KnownSwitch, unknownSwitchMessage } from './check-switches.js';
import { inside, type Place, placeText } from './findings.js';
import { OPERATORS } from './operators.js';
import { deadPrefixProblem } from './prefix-text.js';
import { createRuleNumbers } from './rule-numbers.js';
import type { RuleFrame } from './rule-schema.js';
import { LIST_NAME_PATTERN, PREFIX_PATTERN } from './schema-values.js';
import type { WrittenLeaf } from './shared-conditions.js';

/**
 * Refuses what of a rule can never match on the switches of the config, each where it is written: names of switches that it
 * does not have, and prefixes, those of lists included, that no number in normal form begins with on a switch where the rule
 * applies. `leaves` are all comparisons of the rule, and the references under `keep`.
 */
export function checkRuleForSwitches(
  rule: RuleFrame,
  place: Place,
  leaves: readonly WrittenLeaf[],
  context: CheckContext,
): void {
  const { switches, findings } = context;
  if (switches === undefined) return;
  const names = switches.map(({ name }) => name);
  for (const { name, key, at } of namedSwitches(rule, place)) {
    if (!names.includes(name)) findings.error(at, unknownSwitchMessage(name, `"${key}"`, names));
  }
  const prefixes = [...filterPrefixes(rule, place), ...leaves.flatMap(leafPrefixes)];
  for (const one of switches.filter(({ name }) => appliesTo(rule, name)))
    refuseDeadPrefixes(rule.name, prefixes, one, context);
}

function namedSwitches({ only, except }: RuleFrame, place: Place) {
  const inOnly = (only?.switches ?? []).map((name, index) => ({
    name,
    key: 'only',
    at: inside(place, 'only', 'switches', index),
  }));
  const inExcept = (except?.switches ?? []).map((entry, index) => {
    const at = inside(place, 'except', 'switches', index);
    return typeof entry === 'string'
      ? { name: entry, key: 'except', at }
      : { name: entry.name, key: 'except', at: inside(at, 'name') };
  });
  return [...inOnly, ...inExcept];
}

/** A prefix as written, or the name of a list of prefixes. */
interface PlacedPrefix {
  text: string;
  of: 'dialled' | 'callers';
  place: Place;
}

function filterPrefixes({ only, except }: RuleFrame, place: Place): PlacedPrefix[] {
  return (['cli', 'cld'] as const).flatMap((key) => {
    const of = key === 'cli' ? 'callers' : 'dialled';
    const inOnly = (only?.[key] ?? []).map((text, index): PlacedPrefix => {
      return { text, of, place: inside(place, 'only', key, index) };
    });
    const inExcept = (except?.[key] ?? []).map((entry, index): PlacedPrefix => {
      const at = inside(place, 'except', key, index);
      return typeof entry === 'string'
        ? { text: entry, of, place: at }
        : { text: entry.prefix, of, place: inside(at, 'prefix') };
    });
    return [...inOnly, ...inExcept];
  });
}

function leafPrefixes(written: WrittenLeaf): PlacedPrefix[] {
  const { leaf, place } = written;
  const fact = leaf['fact'];
  const isCompared =
    (fact === 'call.cld' || fact === 'call.cli') &&
    OPERATORS.get(String(leaf['operator']))?.operand === 'prefixes';
  const of = fact === 'call.cli' ? 'callers' : 'dialled';
  const compared = isCompared ? texts(leaf['value'], of, inside(place, 'value')) : [];
  const counted = referencesIn(written).flatMap((side) =>
    texts(side.params['to'], 'dialled', inside(side.place, 'params', 'to')),
  );
  return [...compared, ...counted];
}

function texts(value: unknown, of: PlacedPrefix['of'], place: Place): PlacedPrefix[] {
  if (typeof value === 'string') return [{ text: value, of, place }];
  if (!Array.isArray(value)) return [];
  return value.flatMap((text: unknown, index) =>
    typeof text === 'string' ? [{ text, of, place: inside(place, index) }] : [],
  );
}

function refuseDeadPrefixes(
  rule: string,
  prefixes: readonly PlacedPrefix[],
  { name, numbering }: KnownSwitch,
  { lists, findings }: CheckContext,
): void {
  if (numbering === undefined) return;
  const numbers = createRuleNumbers(numbering);
  for (const { text, of, place } of prefixes) {
    const normal = of === 'callers' ? numbers.callerPrefix : numbers.prefix;
    const message = (written: string, whose: string): string | undefined => {
      // What is no prefix at all is refused where it stands, whatever the switch.
      const isPrefix = PREFIX_PATTERN.test(written) && deadPrefixProblem(written) === undefined;
      if (!isPrefix || !normal(written).startsWith('0')) return undefined;
      return `On switch "${name}" no number begins with the prefix "${written}"${whose}: write it with "+" and the country code.`;
    };
    if (!LIST_NAME_PATTERN.test(text)) {
      const problem = message(text, ` of rule "${rule}"`);
      if (problem !== undefined) findings.error(place, problem);
      continue;
    }
    const whose = `, which rule "${rule}" takes from this list (${placeText(place)})`;
    findings.add(cappedProblems(lists.get(text) ?? [], 'error', ({ value }) => message(value, whose)));
  }
}
