import type { SwitchConfig } from '../domain/config.js';
import type { Condition, Rule, RuleSet } from '../domain/rule.js';
import { createCountryLookup } from '../facts/country-of.js';
import { callingCodeOfCountry, countriesOf } from '../facts/number-metadata.js';
import { appliesTo } from '../policy/compile-rules.js';
import { filterEver } from '../policy/expiring-entries.js';
import { comparisonsOf, eventsOf, referencesOf } from '../policy/references.js';
import type { Finding } from './reachability.js';

const NAMED_RULES = 4;
/** Text facts that are read by the switch's way of writing numbers, and counts of countries, which are read from numbers. */
const OF_NUMBERS = /\.(?:cld|cli|country|firstSeenCountry|distinctCountries)$/;

/**
 * Warns of lists of destinations that hold the switch's own country, and of rules that disconnect by prefixes or countries on
 * a switch whose config does not say how it writes numbers: a national number may then begin like a country that is listed,
 * and its call be cut. None where all is said, or no rule asks.
 */
export function checkNumbers(ruleSet: RuleSet, { name, numbers }: SwitchConfig): readonly Finding[] {
  const rules = ruleSet.rules.filter(
    (rule) =>
      rule.mode !== 'off' && appliesTo(rule, name) && disconnects(rule) && readsNumbers(rule, ruleSet),
  );
  const { country, bare } = numbers;
  if (country !== undefined) return ownCountryFindings(country, rules, ruleSet);
  if (rules.length === 0 || bare === 'international') return [];
  const who = namesOf(rules);
  return [
    {
      level: 'warn',
      text:
        `numbers: the config names no country, so that ${who} ${rules.length === 1 ? 'reads' : 'read'} every number as an international one: ` +
        'a national number may begin like a country that is listed, as 678123456, a Spanish mobile number, does like Vanuatu (+678), and its call would be cut',
      next: 'Add `numbers: { country: … }` to the switch in the config, or `numbers: { bare: international }` where it writes every number in international form.',
    },
  ];
}

function namesOf(rules: readonly Rule[]): string {
  const more = rules.length - NAMED_RULES;
  const named = rules.slice(0, NAMED_RULES).map((rule) => rule.name);
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Lists of foreign destinations that hold the switch's own country, which then is one of them. */
function ownCountryFindings(country: string, rules: readonly Rule[], ruleSet: RuleSet): readonly Finding[] {
  const code = callingCodeOfCountry(country);
  const isArea = areasOf(country, code);
  return [...ruleSet.lists].flatMap(([list, entries]): readonly Finding[] => {
    const prefixes = entries.map((written) => ({
      written,
      digits: written.replace(/^(?:\+|00)|[^+\d]/g, ''),
    }));
    const whole = prefixes.filter(({ digits }) => digits !== '' && code.startsWith(digits));
    const areas = prefixes.filter(({ digits }) => isArea(digits));
    const hasOthers = prefixes.some(
      ({ digits }) =>
        !areas.some((area) => digits.startsWith(area.digits)) &&
        !code.startsWith(digits) &&
        !(isMainOf(country, code) && digits.startsWith(code)),
    );
    const users = rules.filter((rule) => listsOf(rule, ruleSet).has(list));
    const own = (whole.length > 0 ? whole.slice(0, 1) : areas).map(({ written }) => written);
    if (own.length === 0 || !hasOthers || users.length === 0) return [];
    const named = own.join(', ').replace(/, (?=[^,]*$)/, ' and ');
    const held =
      whole.length > 0 ? `the whole of ${country}` : `which ${own.length === 1 ? 'is' : 'are'} in ${country}`;
    const text = `numbers: the list ${list} holds ${named}, ${held}: ${namesOf(users)} ${users.length === 1 ? 'takes' : 'take'} calls within the country for calls to these destinations`;
    return [{ level: 'warn', text, next: `Take ${named} out of the list, unless that is meant.` }];
  });
}

/** Behind a country code that several countries share: Guernsey's 1481. Longer areas, as Christmas Island's 89164, are not known. */
const LONGEST_AREA = 4;
const DIGITS_OF_A_NUMBER = '2345678901';
/** Of the numbers of such countries; those that have others are told by the first digits of a longer one as well. */
const NATIONAL_LENGTHS = [9, 10];

/** The country that a shared country code is mostly of: of its numbers single areas say little. */
function isMainOf(country: string, code: string): boolean {
  return countriesOf(code)[0] === country;
}

/** Tells the prefixes that are areas of a country which shares its country code with a larger one, as +1876 is of Jamaica. */
function areasOf(country: string, code: string): (digits: string) => boolean {
  if (isMainOf(country, code)) return () => false;
  const countryOf = createCountryLookup();
  return (digits) => {
    const area = digits.slice(code.length);
    if (!digits.startsWith(code) || area === '' || area.length > LONGEST_AREA) return false;
    const filled = digits + DIGITS_OF_A_NUMBER;
    return NATIONAL_LENGTHS.some((length) => countryOf(filled.slice(0, code.length + length)) === country);
  };
}

/** The lists of destinations that a rule asks for. */
function listsOf(rule: Rule, { conditions }: RuleSet): ReadonlySet<string> {
  const counted = referencesOf(rule, conditions).flatMap(({ params }) => params?.to ?? []);
  const narrowing = eventsOf(rule).flatMap(({ where }) => (where === undefined ? [] : [where]));
  const compared = [rule.conditions, ...narrowing].flatMap((one) => comparedLists(one, conditions));
  return new Set([...counted, ...compared, ...(rule.only.cld ?? [])]);
}

/** Those that a dialled number has to begin like; not those under `not`, where it must not. */
function comparedLists(condition: Condition, shared: RuleSet['conditions']): readonly string[] {
  if ('all' in condition) return condition.all.flatMap((one) => comparedLists(one, shared));
  if ('any' in condition) return condition.any.flatMap((one) => comparedLists(one, shared));
  if ('not' in condition) return [];
  if ('condition' in condition) {
    const target = shared.get(condition.condition);
    return target === undefined ? [] : comparedLists(target, shared);
  }
  const { fact, operator, value } = condition;
  if (fact !== 'call.cld' || operator !== 'startsWithAnyOf') return [];
  return [value].flat().filter((one): one is string => typeof one === 'string');
}

function disconnects(rule: Rule): boolean {
  return eventsOf(rule).some(({ type }) => type !== 'alert');
}

function readsNumbers(rule: Rule, { conditions }: RuleSet): boolean {
  const except = filterEver(rule.except);
  const filters = [rule.only.cld, rule.only.cli, except.cld, except.cli];
  return (
    filters.some((one) => one !== undefined) ||
    comparisonsOf(rule, conditions).some(({ fact }) => OF_NUMBERS.test(fact)) ||
    referencesOf(rule, conditions).some(({ params }) => params?.to !== undefined)
  );
}
