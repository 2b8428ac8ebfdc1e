import type { FactDefinition, FactValue } from '../domain/facts.js';
import type { RuleSet } from '../domain/rule.js';
import { plainAddressPrefix } from './address-prefix.js';
import {
  inNetworks,
  matchedNetwork,
  matchedPrefix,
  OPERATORS,
  type PrefixSet,
  parseNetwork,
  plainAddress,
  prefixSet,
  startsWithAnyOf,
} from './operators.js';
import type { RuleNumbers } from './rule-numbers.js';

type Networks = Parameters<typeof inNetworks>[1];

/** A value of a rule as its operator takes it: numbers in normal form, lists and networks read. */
export type ReadyOperand = FactValue | readonly FactValue[] | PrefixSet | ReadonlySet<FactValue> | Networks;

/** The operators that json-rules-engine does not have, on operands made ready. */
export const OWN_OPERATORS: ReadonlyMap<string, (fact: unknown, operand: unknown) => boolean> = new Map([
  ['startsWithAnyOf', (text, prefixes) => isText(text) && startsWithAnyOf(text, prefixes as PrefixSet)],
  ['inList', (text, list) => (list as ReadonlySet<unknown>).has(text)],
  ['notInList', (text, list) => !(list as ReadonlySet<unknown>).has(text)],
  ['inNetwork', (text, networks) => isText(text) && inNetworks(text, networks as Networks)],
] satisfies [string, (fact: unknown, operand: unknown) => boolean][]);

interface OperandContext {
  numbers: RuleNumbers;
  lists: RuleSet['lists'];
}

/** Done once, when the rule is compiled. */
export function readyOperand(
  value: FactValue | readonly FactValue[],
  operator: string,
  fact: FactDefinition | undefined,
  context: OperandContext,
): ReadyOperand {
  const normal = (one: FactValue) => (isText(one) ? normalText(one, fact, context) : one);
  const several = listOf(value);
  switch (OPERATORS.get(operator)?.operand) {
    case 'prefixes':
      return prefixesOf(value, fact, context);
    case 'list':
      return new Set((context.lists.get(String(value)) ?? []).map(normal));
    case 'networks':
      return several.flatMap((one) => {
        const network = parseNetwork(String(one));
        return network === undefined ? [] : [network];
      });
    case 'several':
      return several.map(normal);
    default:
      return normal(value as FactValue);
  }
}

/** Which entry of many a text meets, for the evidence; undefined for operators whose value says it all. */
export function matcherOf(
  value: FactValue | readonly FactValue[],
  operator: string,
  ready: ReadyOperand,
): ((text: string) => string | undefined) | undefined {
  const kind = OPERATORS.get(operator)?.operand;
  if (kind === 'prefixes') return (text) => matchedPrefix(text, ready as PrefixSet);
  if (kind !== 'networks') return undefined;
  const networks = listOf(value).map(String);
  return (text) => matchedNetwork(text, networks);
}

function prefixesOf(
  value: FactValue | readonly FactValue[],
  fact: FactDefinition | undefined,
  { numbers, lists }: OperandContext,
): PrefixSet {
  const entries = Array.isArray(value) ? value.map(String) : (lists.get(String(value)) ?? []);
  if (fact?.format === 'ip') return prefixSet(entries.map(plainAddressPrefix));
  if (fact?.format !== 'number-plan') return prefixSet(entries);
  return prefixSet(entries.map(isCaller(fact) ? numbers.callerPrefix : numbers.prefix));
}

/** Text in the form in which the fact is observed. */
function normalText(text: string, fact: FactDefinition | undefined, { numbers }: OperandContext): string {
  if (fact?.format === 'ip') return plainAddress(text) ?? text;
  if (fact?.format !== 'number-plan') return text;
  return isCaller(fact) ? numbers.callerNumber(text) : numbers.number(text);
}

/** Callers' numbers bear no technical prefix. */
function isCaller(fact: FactDefinition): boolean {
  return fact.name === 'call.cli';
}

function listOf(value: FactValue | readonly FactValue[]): readonly FactValue[] {
  return Array.isArray(value) ? (value as readonly FactValue[]) : [value as FactValue];
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
