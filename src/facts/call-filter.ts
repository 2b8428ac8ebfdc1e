import { hasEnded, isLive } from '../domain/call.js';
import type { FactParams } from '../domain/facts.js';

/** Which live calls an aggregate is about, before its params narrow it. */
export type Stage = 'all' | 'connected' | 'setup';

/** What a filter looks at; suspect calls have no direction that could be read. */
export interface FilteredFields {
  state: string | undefined;
  direction: string | undefined;
  cldNumber: string | undefined;
}

/** `maybe` where a field that would decide it is missing, or the state is none that is known. */
export type Membership = 'in' | 'out' | 'maybe';

/** Tells whether a call is among those that an aggregate with these params counts. */
export type CallFilter = (call: FilteredFields) => Membership;

export function createCallFilter(stage: Stage, params: FactParams): CallFilter {
  const tests: CallFilter[] = [(call) => stageTest(stage, call.state)];
  const { state: states, direction: directions, to } = params;
  if (states !== undefined)
    tests.push(({ state }) => (isReadable(state) ? memberOf(states.includes(state)) : 'maybe'));
  if (directions !== undefined)
    tests.push(({ direction }) =>
      direction === undefined ? 'maybe' : memberOf(directions.includes(direction)),
    );
  if (to !== undefined) {
    const startsWithOne = prefixTestOf(to);
    tests.push(({ cldNumber }) => (cldNumber === undefined ? 'maybe' : memberOf(startsWithOne(cldNumber))));
  }
  return (call) => {
    let membership: Membership = 'in';
    for (const test of tests) {
      const result = test(call);
      if (result === 'out') return 'out';
      if (result === 'maybe') membership = 'maybe';
    }
    return membership;
  };
}

function stageTest(stage: Stage, state: string | undefined): Membership {
  if (!isReadable(state)) return 'maybe';
  if (hasEnded(state)) return 'out';
  if (stage === 'all') return 'in';
  return memberOf((state === 'Connected') === (stage === 'connected'));
}

/** A state that is none of the documented ones may be a live one, connected or not. */
function isReadable(state: string | undefined): state is string {
  return state !== undefined && (isLive(state) || hasEnded(state));
}

function memberOf(result: boolean): Membership {
  return result ? 'in' : 'out';
}

type PrefixTest = (number: string) => boolean;

/** By list, since a filter is made for each of thousands of subjects, and a list may hold tens of thousands of prefixes. */
const PREFIX_TESTS = new WeakMap<readonly string[], PrefixTest>();

/** Whether a number starts with one of the prefixes. */
export function prefixTestOf(prefixes: readonly string[]): PrefixTest {
  let test = PREFIX_TESTS.get(prefixes);
  if (test === undefined) {
    test = createPrefixTest(prefixes);
    PREFIX_TESTS.set(prefixes, test);
  }
  return test;
}

/** Looks a number's beginnings up by length, so that a list of thousands costs as much as its distinct lengths. */
function createPrefixTest(prefixes: readonly string[]): PrefixTest {
  const known = new Set(prefixes);
  const lengths = [...new Set(prefixes.map((prefix) => prefix.length))];
  return (number) => lengths.some((length) => known.has(number.slice(0, length)));
}
