import ipaddr from 'ipaddr.js';
import type { FactFormat, FactType } from '../domain/facts.js';

/** What an operator compares a fact with. */
export type OperandKind = 'one' | 'several' | 'prefixes' | 'list' | 'networks';

export interface OperatorDefinition {
  name: string;
  types: readonly FactType[];
  /** Only facts of this format; undefined for all formats of the types. */
  format?: FactFormat;
  operand: OperandKind;
  /** Whether `value` may be another fact. */
  takesReference: boolean;
}

const NUMBER: readonly FactType[] = ['number'];
const TEXT: readonly FactType[] = ['string'];
const BOTH: readonly FactType[] = ['number', 'string'];

/** json-rules-engine's own first, with its meaning unchanged, then ours. */
const DEFINITIONS: readonly OperatorDefinition[] = [
  { name: 'equal', types: BOTH, operand: 'one', takesReference: true },
  { name: 'notEqual', types: BOTH, operand: 'one', takesReference: true },
  { name: 'lessThan', types: NUMBER, operand: 'one', takesReference: true },
  { name: 'lessThanInclusive', types: NUMBER, operand: 'one', takesReference: true },
  { name: 'greaterThan', types: NUMBER, operand: 'one', takesReference: true },
  { name: 'greaterThanInclusive', types: NUMBER, operand: 'one', takesReference: true },
  { name: 'in', types: BOTH, operand: 'several', takesReference: false },
  { name: 'notIn', types: BOTH, operand: 'several', takesReference: false },
  { name: 'startsWithAnyOf', types: TEXT, operand: 'prefixes', takesReference: false },
  { name: 'inList', types: TEXT, operand: 'list', takesReference: false },
  { name: 'notInList', types: TEXT, operand: 'list', takesReference: false },
  { name: 'inNetwork', types: TEXT, format: 'ip', operand: 'networks', takesReference: false },
];

export const OPERATORS: ReadonlyMap<string, OperatorDefinition> = new Map(
  DEFINITIONS.map((definition) => [definition.name, definition]),
);

export function fits(operator: OperatorDefinition, fact: { type: FactType; format: FactFormat }): boolean {
  const { types, format } = operator;
  return types.includes(fact.type) && (format === undefined || format === fact.format);
}

/** Prefixes made ready for many comparisons. */
export interface PrefixSet {
  prefixes: ReadonlySet<string>;
  lengths: readonly number[];
}

export function prefixSet(prefixes: readonly string[]): PrefixSet {
  const lengths = [...new Set(prefixes.map((prefix) => prefix.length))].sort((one, other) => one - other);
  return { prefixes: new Set(prefixes), lengths };
}

export function startsWithAnyOf(text: string, { prefixes, lengths }: PrefixSet): boolean {
  return lengths.some((length) => length <= text.length && prefixes.has(text.slice(0, length)));
}

type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** Undefined where the text is no network in CIDR notation, e.g. `192.0.2.0/24` or `2001:db8::/32`. */
export function parseNetwork(text: string): Network | undefined {
  // ipaddr.js also reads 10.1/8 and 0x0a.0.0.0/8, which nobody means.
  const isPlain = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(text) || text.includes(':');
  return isPlain && ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined;
}

export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (text.includes(':') && ipaddr.IPv6.isValid(text));
}

/** False for what is no address: the fact is known, but it lies in no network. */
export function inNetworks(text: string, networks: readonly Network[]): boolean {
  if (!isAddress(text)) return false;
  const address = ipaddr.process(text);
  return networks.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits));
}
