import fc from 'fast-check';

/** One thing that takes input from outside, and what has to hold for whatever comes. */
export interface Target {
  name: string;
  /** How often the bounded run of `npm test` tries it. */
  runs: number;
  property: fc.IAsyncPropertyWithHooks<[unknown]>;
  /** What the inputs came to, e.g. how many were read: a target that refuses everything shows nothing. */
  reached: Map<string, number>;
}

export type Reach = (what: string) => void;

/** `holds` throws where the promise is broken, and notes what it came to. */
export function target<Input>(
  name: string,
  runs: number,
  input: fc.Arbitrary<Input>,
  holds: (input: Input, reach: Reach) => void | Promise<void>,
): Target {
  const reached = new Map<string, number>();
  const reach: Reach = (what) => reached.set(what, (reached.get(what) ?? 0) + 1);
  const property = fc.asyncProperty(input, async (one) => {
    await holds(one, reach);
  });
  return { name, runs, property: property as fc.IAsyncPropertyWithHooks<[unknown]>, reached };
}

export function assert(condition: boolean, broken: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof broken === 'string' ? broken : broken());
}

/** JSON of both has to be the same; shown where it is not. */
export function assertSame(found: unknown, wanted: unknown, what: string): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  assert(one === other, `${what}: ${one} is not ${other}`);
}
