import ipaddr from 'ipaddr.js';
import type { FactFormat, FactType } from '../domain/facts.js';

/** What an operator compares a fact with. */
export type OperandKind = 'one' | 'several' | 'prefixes' | 'list' | 'networks';

export interface OperatorDefinition {
  name: string;
  types: readonly FactType[];
  /** Only facts of these formats; undefined for all formats of the types. */
  formats?: readonly FactFormat[];
  operand: OperandKind;
  /** Whether `value` may be another fact. */
  takesReference: boolean;
}

const NUMBER: readonly FactType[] = ['number'];
const TEXT: readonly FactType[] = ['string'];
const BOTH: readonly FactType[] = ['number', 'string'];
const ALL: readonly FactType[] = ['number', 'string', 'boolean'];
/** Text that has beginnings: part of a country or of a state means nothing. */
const WITH_BEGINNINGS: readonly FactFormat[] = ['text', 'number-plan', 'ip', 'direction'];

/** json-rules-engine's own first, with its meaning unchanged, then ours. */
const DEFINITIONS: readonly OperatorDefinition[] = [
  { name: 'equal', types: ALL, operand: 'one', takesReference: true },
  { name: 'notEqual', types: ALL, operand: 'one', takesReference: true },
  { name: 'lessThan', types: NUMBER, operand: 'one', takesReference: true },
  { name: 'lessThanInclusive', types: NUMBER, operand: 'one', takesReference: true },
  { name: 'greaterThan', types: NUMBER, operand: 'one', takesReference: true },
  { name: 'greaterThanInclusive', types: NUMBER, operand: 'one', takesReference: true },
  { name: 'in', types: BOTH, operand: 'several', takesReference: false },
  { name: 'notIn', types: BOTH, operand: 'several', takesReference: false },
  {
    name: 'startsWithAnyOf',
    types: TEXT,
    formats: WITH_BEGINNINGS,
    operand: 'prefixes',
    takesReference: false,
  },
  { name: 'inList', types: TEXT, operand: 'list', takesReference: false },
  { name: 'notInList', types: TEXT, operand: 'list', takesReference: false },
  { name: 'inNetwork', types: TEXT, formats: ['ip'], operand: 'networks', takesReference: false },
];

export const OPERATORS: ReadonlyMap<string, OperatorDefinition> = new Map(
  DEFINITIONS.map((definition) => [definition.name, definition]),
);

export function fits(operator: OperatorDefinition, fact: { type: FactType; format: FactFormat }): boolean {
  const { types, formats } = operator;
  return types.includes(fact.type) && (formats?.includes(fact.format) ?? true);
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

export function startsWithAnyOf(text: string, set: PrefixSet): boolean {
  return matchedPrefix(text, set) !== undefined;
}

/** The shortest prefix that the text begins with. */
export function matchedPrefix(text: string, { prefixes, lengths }: PrefixSet): string | undefined {
  for (const length of lengths) {
    const start = text.slice(0, length);
    if (length <= text.length && prefixes.has(start)) return start;
  }
  return undefined;
}

const PLAIN_NETWORK = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})\/(?:0|[1-9]\d?)$/;

type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** They say that there is no address: such a fact is missing. */
export const NO_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** So many bits of an IPv6 address say that an IPv4 address is mapped into it (RFC 4291). */
const MAPPED_BITS = 96;

/**
 * Undefined where the text is no network in CIDR notation, e.g. `192.0.2.0/24` or `2001:db8::/32`, or one in which no
 * address that facts have can lie. A network of IPv4 addresses mapped into IPv6 is the one of the IPv4 addresses.
 */
export function parseNetwork(text: string): Network | undefined {
  // ipaddr.js also reads 10.1/8, 0x0a.0.0.0/8, and 010.0.0.0/8 as octal 8.0.0.0/8, which nobody means.
  const isPlain = PLAIN_NETWORK.test(text) || isIpv6(text.replace(/\/\d+$/, ''));
  if (!isPlain || !ipaddr.isValidCIDR(text)) return undefined;
  const network = unmapped(ipaddr.parseCIDR(text));
  if (network === undefined) return undefined;
  const [range, bits] = network;
  const isOne = bits === (range.kind() === 'ipv4' ? 32 : 128);
  return isOne && NO_ADDRESS.has(range.toString()) ? undefined : network;
}

/** A wider network than the mapped addresses has none of them in it, as facts have these as IPv4. */
function unmapped([range, bits]: Network): Network | undefined {
  if (!(range instanceof ipaddr.IPv6) || !range.isIPv4MappedAddress()) return [range, bits];
  return bits < MAPPED_BITS ? undefined : [range.toIPv4Address(), bits - MAPPED_BITS];
}

export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || isIpv6(text);
}

/** The facts have no address with a zone. */
function isIpv6(text: string): boolean {
  return text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text);
}

/** An address as the facts have it, so that one address written in two ways is one; undefined for what is none. */
export function plainAddress(text: string): string | undefined {
  return isAddress(text) ? ipaddr.process(text).toString() : undefined;
}

/** False for what is no address, which the facts never say is known. */
export function inNetworks(text: string, networks: readonly Network[]): boolean {
  if (!isAddress(text)) return false;
  const address = ipaddr.process(text);
  return networks.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits));
}

/** The first of these networks, as written, in which the address lies. */
export function matchedNetwork(text: string, networks: readonly string[]): string | undefined {
  return networks.find((one) => {
    const network = parseNetwork(one);
    return network !== undefined && inNetworks(text, [network]);
  });
}
