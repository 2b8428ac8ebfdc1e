import { countriesOfPrefix } from '../countries.js';
import { kinOf, withFewestCalls } from './never-above.js';
import { contraryOf, isSide, type Literal, type NormalContext, type Side } from './normal-form.js';
import { isEmpty, type NumberRange, narrowed, possibleRange } from './number-range.js';
import { Relations } from './relations.js';
import { allowsNone, type TextConstraint, textConstraint, textsExclude } from './text-constraint.js';

/** Finds comparisons that cannot hold together; keeps what it has learnt of each, since lists may be long. */
export class Contradictions {
  private readonly constraints = new Map<Literal, TextConstraint | undefined>();
  private readonly countries = new Map<TextConstraint, ReadonlySet<string> | undefined>();
  private readonly relations = new Relations();

  constructor(private readonly context: NormalContext) {}

  /**
   * Those of the comparisons that contradict one another: as few as is easily found. Undefined where they may all hold, or
   * where those that cannot are all among the ones `given` before.
   */
  among(literals: readonly Literal[], given: readonly Literal[] = []): readonly Literal[] | undefined {
    const fresh = new Set(literals);
    for (const group of bySubject([...given, ...literals])) {
      if (!group.some((one) => fresh.has(one)) || !this.contradict(group)) continue;
      return this.fewest(group);
    }
    return undefined;
  }

  /** Whether a comparison is never false, as far as one can tell from it alone. */
  isAlwaysTrue(literal: Literal): boolean {
    return this.contradict([contraryOf(literal)]);
  }

  private fewest(group: readonly Literal[]): readonly Literal[] {
    const single = group.find((one) => this.contradict([one]));
    if (single !== undefined) return [single];
    for (const [index, one] of group.entries()) {
      const partner = group.slice(index + 1).find((other) => this.contradict([one, other]));
      if (partner !== undefined) return [one, partner];
    }
    // Of what contradicts one another by way of others, nothing that is not needed for it.
    return group.reduce((kept: readonly Literal[], one) => {
      const others = kept.filter((other) => other !== one);
      return this.contradict(others) ? others : kept;
    }, group);
  }

  private contradict(literals: readonly Literal[]): boolean {
    const known = new Map<string, NumberRange>();
    const texts = new Map<string, TextConstraint[]>();
    for (const literal of literals) {
      this.narrow(literal, known);
      const constraint = this.constraintOf(literal);
      if (constraint === undefined) continue;
      gather(texts, literal.fact.key, constraint);
    }
    const ranges = withFewestCalls(sidesOf(literals), known);
    return (
      [...ranges.values()].some(isEmpty) ||
      [...texts.values()].some(textsExclude) ||
      this.countryIsElsewhere(texts) ||
      this.relations.exclude(literals, ranges)
    );
  }

  private narrow(literal: Literal, ranges: Map<string, NumberRange>): void {
    const { fact, value } = literal;
    for (const { key, definition } of isSide(value) ? [fact, value] : [fact]) {
      if (definition.type !== 'number') continue;
      const known = ranges.get(key) ?? possibleRange(definition);
      ranges.set(key, key === fact.key ? narrowed(known, literal) : known);
    }
  }

  /** Whether the numbers that are asked for all belong to other countries than the one that is asked for. */
  private countryIsElsewhere(texts: ReadonlyMap<string, readonly TextConstraint[]>): boolean {
    const asked = texts.get(COUNTRY);
    if (asked === undefined) return false;
    return (texts.get(DIALLED) ?? []).some((numbers) => {
      const countries = this.countriesOf(numbers);
      return countries !== undefined && allowsNone(countries, asked);
    });
  }

  private countriesOf(numbers: TextConstraint): ReadonlySet<string> | undefined {
    if (!this.countries.has(numbers)) this.countries.set(numbers, freshCountries(numbers));
    return this.countries.get(numbers);
  }

  constraintOf(literal: Literal): TextConstraint | undefined {
    if (!this.constraints.has(literal)) {
      this.constraints.set(literal, this.freshConstraint(literal));
    }
    return this.constraints.get(literal);
  }

  private freshConstraint(literal: Literal): TextConstraint | undefined {
    const constraint = textConstraint(literal, this.context);
    if (literal.fact.definition.type !== 'boolean' || constraint?.kind !== 'values') return constraint;
    if (constraint.allows) return constraint;
    // What is not true is false, so that two denials leave nothing.
    const others = ['true', 'false'].filter((one) => !constraint.values.written.has(one));
    return textConstraint({ ...literal, operator: 'in', value: others }, this.context);
  }
}

const DIALLED = '["call.cld",{}]';
const COUNTRY = '["call.country",{}]';

/**
 * Every country that an allowed number can belong to, of which a user name has none; undefined where the numbering of a switch
 * decides what is allowed.
 */
function freshCountries(numbers: TextConstraint): ReadonlySet<string> | undefined {
  if (!numbers.allows || numbers.kind === 'networks') return undefined;
  const isPrefixes = numbers.kind === 'prefixes';
  const isOpen = isPrefixes ? numbers.prefixes.open : numbers.values.openDigits;
  const { normal } = isPrefixes ? numbers.prefixes : numbers.values;
  return isOpen ? undefined : new Set([...normal].flatMap(countriesOfPrefix));
}

/** The facts on both sides of these, each once. */
function sidesOf(literals: readonly Literal[]): readonly Side[] {
  const sides = literals.flatMap(({ fact, value }) => (isSide(value) ? [fact, value] : [fact]));
  return [...new Map(sides.map((side) => [side.key, side])).values()];
}

/** Comparisons that speak of the same facts, directly or through a fact that both are compared with. */
function bySubject(literals: readonly Literal[]): readonly (readonly Literal[])[] {
  const groupOf = new Map<string, string>();
  const root = (key: string): string => {
    const parent = groupOf.get(key) ?? key;
    return parent === key ? key : root(parent);
  };
  for (const { fact, value } of literals) {
    if (isSide(value)) groupOf.set(root(fact.key), root(value.key));
    for (const side of isSide(value) ? [fact, value] : [fact]) {
      const kin = kinOf(side);
      if (kin !== undefined) groupOf.set(root(side.key), root(kin));
    }
    // The country of a call is that of its dialled number.
    if (fact.key === COUNTRY) groupOf.set(root(fact.key), root(DIALLED));
  }
  const groups = new Map<string, Literal[]>();
  for (const literal of literals) gather(groups, root(literal.fact.key), literal);
  return [...groups.values()];
}

function gather<T>(groups: Map<string, T[]>, key: string, item: T): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [item]);
  else group.push(item);
}
