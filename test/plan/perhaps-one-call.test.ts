import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/domain/call.js';
import { findPerhapsOne } from '../../src/plan/perhaps-one-call.js';
import { aCall } from '../support/calls.js';

const shown = (...values: string[]) => fc.constantFrom(undefined, ...values);
const anyEntry = fc.record({
  id: fc.constantFrom('1', '2', '3', '4', '5', '6'),
  callId: fc.constantFrom('a', 'b'),
  setupTimeText: shown('10:00', '10:01'),
  cli: shown('33', '44'),
  cld: shown('49', '50'),
  direction: shown('vendor', 'onnet_in', 'onnet_out', 'onnet'),
});

/** What the module promises, entry by entry. */
function mayBeOne(one: Call, other: Call): boolean {
  if (one.id === other.id) return true;
  if (one.direction === 'vendor' || other.direction === 'vendor' || one.callId !== other.callId) return false;
  return (['setupTimeText', 'cli', 'cld'] as const).every(
    (field) => one[field] === undefined || other[field] === undefined || one[field] === other[field],
  );
}

function groupsOf(listed: readonly Call[]): readonly (readonly Call[])[] {
  const groups: Call[][] = [];
  const left = new Set(listed);
  for (const first of listed) {
    if (!left.delete(first)) continue;
    const group = [first];
    for (const one of group) {
      for (const other of left) if (mayBeOne(one, other) && left.delete(other)) group.push(other);
    }
    groups.push(group);
  }
  return groups;
}

const members = (groups: readonly (readonly Call[])[], listed: readonly Call[]) =>
  groups.map((group) => group.map((call) => listed.indexOf(call)).sort((a, b) => a - b)).sort();

describe('what may be one call', () => {
  it('is what no two fields contradict, over however many entries, as if each were compared with each', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 12 }), (entries) => {
        const listed = entries.map((entry) => ({ ...aCall({ id: entry.id }), ...entry }));
        const found = findPerhapsOne(listed);
        expect(members(found.groups, listed)).toEqual(members(groupsOf(listed), listed));
        for (const group of found.groups) for (const { id } of group) expect(found.groupOf(id)).toBe(group);
      }),
      { numRuns: 500 },
    );
  });

  it('is found among ten thousand calls with one CALL_ID in little time', () => {
    const listed = Array.from({ length: 10_000 }, (_, index) =>
      aCall({
        id: String(index),
        callId: 'one',
        direction: index % 2 === 0 ? 'onnet_out' : 'onnet_in',
        cli: index % 3 === 0 ? undefined : String(index >> 1),
        cld: String(index >> 1),
      }),
    );
    const startedAt = performance.now();
    expect(findPerhapsOne(listed).groups).toHaveLength(5_000);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
