import type { FactFormat } from '../../domain/facts.js';
import { plainAddressPrefix } from '../address-prefix.js';
import { inNetworks, parseNetwork, plainAddress } from '../operators.js';
import { compactPrefix } from '../prefix-text.js';
import { isSide, type Literal, type NormalContext } from './normal-form.js';

/** What a comparison allows a text to be, as far as it is known without the numbering of a switch. */
export type TextConstraint =
  | { kind: 'values'; allows: boolean; values: TextValues }
  | { kind: 'prefixes'; allows: boolean; prefixes: Prefixes }
  | { kind: 'networks'; allows: boolean; networks: readonly Network[] };

type Network = NonNullable<ReturnType<typeof parseNetwork>>;

/** One text of a rule. Two texts whose `normal` is known are equal exactly where that is. */
interface TextValue {
  written: string;
  /** As the fact would be observed; undefined where that is for each switch's numbering to say. */
  normal: string | undefined;
  /** Stands in place of a number, and has no digit in it on any switch. */
  isName?: boolean;
}

interface TextValues {
  all: readonly TextValue[];
  written: ReadonlySet<string>;
  normal: ReadonlySet<string>;
  /** Whether the numbering of a switch decides what one of them is. */
  open: boolean;
  /** Whether one of those may be digits. */
  openDigits: boolean;
}

interface Prefixes {
  all: readonly TextValue[];
  written: ReadonlySet<string>;
  normal: ReadonlySet<string>;
  lengths: readonly number[];
  open: boolean;
}

/** Undefined where the comparison is none of texts with plain values. */
export function textConstraint(literal: Literal, context: NormalContext): TextConstraint | undefined {
  const { fact, operator, value, negated } = literal;
  const { type, format } = fact.definition;
  if (isSide(value) || type === 'number') return undefined;
  const given = Array.isArray(value) ? value.map(String) : [String(value)];
  const listed = typeof value === 'string' ? (context.lists.get(value) ?? []) : given;
  switch (operator) {
    case 'equal':
    case 'in':
      return { kind: 'values', allows: true, values: valuesOf(given, format) };
    case 'notEqual':
    case 'notIn':
      return { kind: 'values', allows: false, values: valuesOf(given, format) };
    case 'inList':
    case 'notInList':
      return { kind: 'values', allows: operator === 'inList', values: valuesOf(listed, format) };
    case 'startsWithAnyOf':
      return { kind: 'prefixes', allows: !negated, prefixes: prefixesOf(listed, format) };
    case 'inNetwork':
      return {
        kind: 'networks',
        allows: !negated,
        networks: given.map(parseNetwork).filter((one) => one !== undefined),
      };
    default:
      return undefined;
  }
}

function valuesOf(texts: readonly string[], format: FactFormat): TextValues {
  const all = texts.map((written): TextValue => {
    const isName = format === 'number-plan' && NAME.test(written);
    return { written, normal: normalValue(written, format), isName };
  });
  const openDigits = all.some(({ normal, isName }) => normal === undefined && isName !== true);
  return { ...summed(all), openDigits };
}

/** A SIP user name such as `anonymous`: a technical prefix may be taken off it, but what is left is no number either. */
const NAME = /^\p{L}[\p{L} ._~-]*$/u;

function summed(all: readonly TextValue[]): Omit<TextValues, 'openDigits'> {
  const normal = all.flatMap((one) => one.normal ?? []);
  return {
    all,
    written: new Set(all.map(({ written }) => written)),
    normal: new Set(normal),
    open: normal.length < all.length,
  };
}

/** Prefixes of telephone numbers, or of other texts where the format is another one. */
export function prefixesOf(texts: readonly string[], format: FactFormat): Prefixes {
  const all = texts.map((written) => ({ written, normal: normalPrefix(written, format) }));
  const sets = summed(all);
  return { ...sets, lengths: [...new Set([...sets.normal].map(({ length }) => length))] };
}

/**
 * A number in international form with a plus is those digits on every switch; every other way of writing it depends on
 * the switch's country and technical prefixes. 810 and 119 are also prefixes that are dialled before a number.
 */
function normalValue(written: string, format: FactFormat): string | undefined {
  if (format === 'ip') return plainAddress(written) ?? written;
  if (format !== 'number-plan') return written;
  const compact = /^\+[1-9][\d\s.\-/]*$/.test(written) ? written.replace(/\D/g, '') : undefined;
  return compact === undefined || /^(?:810|119)/.test(compact) ? undefined : compact;
}

/** A prefix is read as international digits wherever it does not begin with 0. */
function normalPrefix(written: string, format: FactFormat): string | undefined {
  if (format === 'ip') return plainAddressPrefix(written);
  if (format !== 'number-plan') return written;
  const digits = compactPrefix(written).replace(/^\+/, '');
  return digits.startsWith('0') ? undefined : digits;
}

/** A set of comparisons of one text that cannot hold together; false where they may. */
export function textsExclude(constraints: readonly TextConstraint[]): boolean {
  const finite = constraints.filter((one) => one.kind === 'values' && one.allows);
  const [smallest] = finite.toSorted((one, other) => sizeOf(one) - sizeOf(other));
  if (smallest?.kind === 'values') {
    const others = constraints.filter((one) => one !== smallest);
    return !smallest.values.all.some((value) => others.every((other) => mayBe(value, other)));
  }
  return constraints.some((one, index) =>
    constraints.slice(index).some((other) => excludes(one, other) || excludes(other, one)),
  );
}

/** Whether these constraints leave none of the texts, each of which is as it would be observed. */
export function allowsNone(texts: ReadonlySet<string>, constraints: readonly TextConstraint[]): boolean {
  return ![...texts].some((text) => constraints.every((one) => mayBe({ written: text, normal: text }, one)));
}

function sizeOf(one: TextConstraint): number {
  return one.kind === 'values' ? one.values.all.length : 0;
}

function mayBe(value: TextValue, constraint: TextConstraint): boolean {
  const { normal, isName = false } = value;
  switch (constraint.kind) {
    case 'values': {
      const { values, allows } = constraint;
      const surely = values.written.has(value.written) || (normal !== undefined && values.normal.has(normal));
      if (!allows) return !surely;
      if (surely || normal !== undefined) return surely || values.openDigits;
      return !isName || values.open;
    }
    case 'prefixes': {
      const { prefixes, allows } = constraint;
      // Prefixes of numbers are digits on every switch.
      if (normal === undefined) return !isName || !allows;
      const surely = startsWithKnown(normal, prefixes);
      return allows ? surely || prefixes.open : !surely;
    }
    case 'networks': {
      if (normal === undefined) return true;
      return inNetworks(normal, constraint.networks) === constraint.allows;
    }
  }
}

function startsWithKnown(text: string, { normal, lengths }: Prefixes): boolean {
  return lengths.some((length) => length <= text.length && normal.has(text.slice(0, length)));
}

function excludes(one: TextConstraint, other: TextConstraint): boolean {
  if (!one.allows) return false;
  if (one.kind === 'prefixes' && other.kind === 'prefixes') {
    return other.allows
      ? areDisjoint(one.prefixes, other.prefixes)
      : areCovered(one.prefixes, other.prefixes);
  }
  if (one.kind === 'networks' && other.kind === 'networks') {
    if (other.allows) return !one.networks.some((a) => other.networks.some((b) => overlap(a, b)));
    return one.networks.every((a) => other.networks.some((b) => overlap(a, b) && b[1] <= a[1]));
  }
  return false;
}

function areDisjoint(one: Prefixes, other: Prefixes): boolean {
  if (one.all.length === 0 || other.all.length === 0) return true;
  if (one.open || other.open) return false;
  return (
    ![...one.normal].some((prefix) => startsWithKnown(prefix, other)) &&
    ![...other.normal].some((prefix) => startsWithKnown(prefix, one))
  );
}

/** Whether whatever begins with one of the first begins with one of the second, on every switch. */
export function areCovered(one: Prefixes, by: Prefixes): boolean {
  return one.all.every(
    ({ written, normal }) => by.written.has(written) || (normal !== undefined && startsWithKnown(normal, by)),
  );
}

function overlap([one, bits]: Network, [other, otherBits]: Network): boolean {
  return one.kind() === other.kind() && one.match(other, Math.min(bits, otherBits));
}

/** Whether every text that the first allows is allowed by the second, on every switch. */
export function textImplies(one: TextConstraint, other: TextConstraint): boolean {
  if (!one.allows) {
    if (other.allows) return false;
    // Leaving out more is saying more.
    return textImplies({ ...other, allows: true }, { ...one, allows: true });
  }
  if (one.kind === 'values') return one.values.all.every((value) => surelyMeets(value, other));
  if (!other.allows) return excludes(one, { ...other, allows: true });
  if (one.kind === 'prefixes' && other.kind === 'prefixes') return areCovered(one.prefixes, other.prefixes);
  if (one.kind === 'networks' && other.kind === 'networks') {
    return one.networks.every((a) => other.networks.some((b) => overlap(a, b) && b[1] <= a[1]));
  }
  return false;
}

function surelyMeets(value: TextValue, constraint: TextConstraint): boolean {
  if (constraint.kind === 'values' && constraint.allows) {
    const { values } = constraint;
    return (
      values.written.has(value.written) || (value.normal !== undefined && values.normal.has(value.normal))
    );
  }
  if (constraint.allows) {
    return value.normal !== undefined && constraint.kind === 'prefixes'
      ? startsWithKnown(value.normal, constraint.prefixes)
      : constraint.kind === 'networks' && mayBe(value, constraint) && value.normal !== undefined;
  }
  return !mayBe(value, { ...constraint, allows: true });
}
