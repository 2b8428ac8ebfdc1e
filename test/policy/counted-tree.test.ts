import { describe, expect, it } from 'vitest';
import { createCountedTree } from '../../src/policy/counted-tree.js';

const TREE = new Map([
  [3, 2],
  [4, 3],
  [5, 4],
  [6, 2],
]);

describe('the tree by which a rule counts', () => {
  it.each([
    [
      [3],
      [
        [4, 2],
        [5, 4],
        [6, 2],
      ],
    ],
    [
      [3, 4],
      [
        [5, 2],
        [6, 2],
      ],
    ],
    [[2, 3], [[5, 4]]],
  ])('is without the customers %j, whose subcustomers go to the next one above', (excepted, expected) => {
    expect([...createCountedTree(excepted)(TREE)]).toEqual(expected);
  });

  it('is the tree itself where nobody in it is excepted, and the same object every time', () => {
    expect(createCountedTree([])(TREE)).toBe(TREE);
    expect(createCountedTree([9])(TREE)).toBe(TREE);
    const counted = createCountedTree([3]);
    expect(counted(TREE)).toBe(counted(TREE));
  });

  it('ends on a tree that leads back to itself', () => {
    const cycle = new Map([
      [1, 2],
      [2, 3],
      [3, 2],
    ]);
    expect([...createCountedTree([2, 3])(cycle)]).toEqual([]);
  });
});
