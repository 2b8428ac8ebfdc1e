import { MOST_RELATED, neverAbove } from './never-above.js';
import { isSide, type Literal, type Side } from './normal-form.js';
import { type NumberRange, neverBelow } from './number-range.js';

type Order = 'less' | 'same' | 'more';

const ORDERS: Readonly<Record<string, readonly Order[]>> = {
  lessThan: ['less'],
  lessThanInclusive: ['less', 'same'],
  equal: ['same'],
  greaterThanInclusive: ['same', 'more'],
  greaterThan: ['more'],
  notEqual: ['less', 'more'],
};

/** What two facts can be to each other, as far as comparisons and their definitions say. */
interface Relation {
  one: string;
  other: string;
  orders: readonly Order[];
}

/** Finds out whether what facts are to each other cannot be; keeps what it has learnt of each pair. */
export class Relations {
  private readonly above = new Map<Side['key'], Map<Side['key'], boolean>>();

  /** Whether these comparisons cannot all hold, where each fact is in its range. */
  exclude(literals: readonly Literal[], ranges: ReadonlyMap<string, NumberRange>): boolean {
    const relations = this.among(literals);
    return (
      relations.some(({ one, other, orders }) => {
        const [first, second] = [ranges.get(one), ranges.get(other)];
        return !orders.some(
          (order) =>
            (one !== other || order === 'same') &&
            (first === undefined || second === undefined || canBe(order, first, second)),
        );
      }) || isCircular(relations)
    );
  }

  private among(literals: readonly Literal[]): readonly Relation[] {
    const known = new Map<string, Relation>();
    const relate = (one: string, other: string, orders: readonly Order[]) => {
      const turned = known.has(pair(other, one));
      const [first, second] = turned ? [other, one] : [one, other];
      const given = turned ? orders.map(reversed) : orders;
      const before = known.get(pair(first, second))?.orders;
      const both = before?.filter((order) => given.includes(order)) ?? given;
      known.set(pair(first, second), { one: first, other: second, orders: both });
    };
    const sides = new Map<string, Side>();
    for (const { fact, operator, value } of literals) {
      sides.set(fact.key, fact);
      if (!isSide(value)) continue;
      sides.set(value.key, value);
      const orders = ORDERS[operator];
      if (orders !== undefined) relate(fact.key, value.key, orders);
    }
    const related = [...sides.values()].slice(0, MOST_RELATED);
    for (const one of related)
      for (const other of related) {
        if (this.isNeverAbove(one, other)) relate(one.key, other.key, ['less', 'same']);
      }
    return [...known.values()];
  }

  private isNeverAbove(one: Side, other: Side): boolean {
    const known = this.above.get(one.key) ?? new Map<string, boolean>();
    this.above.set(one.key, known);
    const found = known.get(other.key) ?? neverAbove(one, other);
    known.set(other.key, found);
    return found;
  }
}

function pair(one: string, other: string): string {
  return `${one} ${other}`;
}

function reversed(order: Order): Order {
  if (order === 'same') return order;
  return order === 'less' ? 'more' : 'less';
}

function canBe(order: Order, one: NumberRange, other: NumberRange): boolean {
  if (order === 'less') return !neverBelow(one, other, false);
  if (order === 'more') return !neverBelow(other, one, false);
  return !neverBelow(one, other, true) && !neverBelow(other, one, true);
}

/** Whether a fact would be less than itself by way of others. */
function isCircular(relations: readonly Relation[]): boolean {
  const upwards = new Map<string, string[]>();
  const less: (readonly [string, string])[] = [];
  const add = (low: string, high: string, orders: readonly Order[]) => {
    if (orders.includes('more')) return;
    upwards.set(low, [...(upwards.get(low) ?? []), high]);
    if (!orders.includes('same')) less.push([low, high]);
  };
  for (const { one, other, orders } of relations) {
    add(one, other, orders);
    add(other, one, orders.map(reversed));
  }
  return less.some(([low, high]) => leadsTo(high, low, upwards));
}

function leadsTo(from: string, to: string, upwards: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set([from]);
  for (const one of seen) for (const next of upwards.get(one) ?? []) seen.add(next);
  return seen.has(to);
}
