import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relationTo } from '../../src/domain/customer-tree.js';

describe('the relation of a customer to a target', () => {
  const tree = new Map([
    [3, 2],
    [2, 1],
    [4, 1],
  ]);

  it('is inside for the target and its descendants', () => {
    expect([2, 3].map((customer) => relationTo(tree, 2, customer))).toEqual(['inside', 'inside']);
  });

  it('is outside for ancestors and for branches that meet the target in a common ancestor', () => {
    expect([1, 4].map((customer) => relationTo(tree, 2, customer))).toEqual(['outside', 'outside']);
  });

  it('is unknown where nothing stated connects the two, for the target may stand above', () => {
    expect(relationTo(new Map([[3, 2]]), 1, 3)).toBe('unknown');
    expect(relationTo(tree, 2, 9)).toBe('unknown');
    expect(relationTo(tree, 9, 2)).toBe('unknown');
    expect(relationTo(new Map(), 2, 3)).toBe('unknown');
    expect(relationTo(tree, 2, undefined)).toBe('unknown');
  });

  it('never says outside of a customer that a fuller tree shows to be inside, nor the other way round', () => {
    // A random whole tree (parents have smaller numbers) of which only some rows are stated.
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 1_000 }), fc.boolean()), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(rows, fc.nat(12), fc.nat(12), (parents, target, customer) => {
        const whole = new Map(parents.map(([parent], index) => [index + 1, parent % (index + 1)] as const));
        const stated = new Map([...whole].filter(([child]) => parents[child - 1]?.[1] === true));
        const said = relationTo(stated, target, customer);
        const truth = relationTo(whole, target, customer);
        if (said !== 'unknown' && truth !== 'unknown') expect(said).toBe(truth);
      }),
    );
  });
});
