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

/** Digits are walked one by one, which takes no more than the longest prefix has, however many thousands there are. */
function createPrefixTest(prefixes: readonly string[]): PrefixTest {
  const startsWithDigits = createDigitTest(prefixes.filter((prefix) => DIGITS.test(prefix)));
  const others = new Set(prefixes.filter((prefix) => !DIGITS.test(prefix)));
  if (others.size === 0) return startsWithDigits;
  const lengths = [...new Set(Array.from(others, ({ length }) => length))];
  return (number) =>
    startsWithDigits(number) || lengths.some((length) => others.has(number.slice(0, length)));
}

const DIGITS = /^\d+$/;
const ZERO = '0'.charCodeAt(0);
/** A prefix ends here; otherwise a step is the number of the next node, and 0 where there is none. */
const END = -1;

/** A tree of digits: every node is ten steps. */
function createDigitTest(prefixes: readonly string[]): PrefixTest {
  const steps: number[] = new Array(10).fill(0);
  for (const prefix of prefixes) addPrefix(steps, prefix);
  const tree = Int32Array.from(steps);
  return (number) => {
    let node = 0;
    for (let at = 0; at < number.length; at += 1) {
      const digit = number.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9) return false;
      node = tree[node * 10 + digit] ?? 0;
      if (node <= 0) return node === END;
    }
    return false;
  };
}

function addPrefix(steps: number[], prefix: string): void {
  let node = 0;
  for (let at = 0; at < prefix.length; at += 1) {
    const step = node * 10 + prefix.charCodeAt(at) - ZERO;
    const next = steps[step] ?? 0;
    // A shorter prefix lets in all that follows.
    if (next === END) return;
    if (at === prefix.length - 1) steps[step] = END;
    else if (next === 0) {
      steps[step] = steps.length / 10;
      node = steps.length / 10;
      for (let digit = 0; digit < 10; digit += 1) steps.push(0);
    } else node = next;
  }
}
