import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/domain/call.js';
import type { Limit } from '../../src/domain/facts.js';
import type { Verdict } from '../../src/domain/verdict.js';
import { world } from '../facts/history-support.js';
import { call } from '../facts/support.js';
import { compileOne, idsOf, onlyViolated, yieldNow } from './support.js';

let lastId = 0;

/** Calls of account 10 to one number; they are all there, and began a moment ago. */
function to(cld: string, count: number, changes: Partial<Call> = {}): Call[] {
  return Array.from({ length: count }, () => {
    const id = String(++lastId);
    const fresh = { setupTimeText: undefined, duration: 0, delay: 0, age: 0 };
    return call({ id, callId: `c${id}`, cld, cldNumber: cld, ...fresh, ...changes });
  });
}

interface Judging {
  event?: string;
  scope?: string;
  more?: string;
  limits?: readonly Limit[];
  tree?: ReadonlyMap<number, number>;
  /** Listed at the poll before, and over by now. */
  over?: readonly Call[];
}

/** The verdicts of a rule with these conditions on calls that are all new. */
async function judge(
  conditions: string,
  listed: readonly Call[],
  judging: Judging = {},
): Promise<readonly Verdict[]> {
  const { event = CUT, scope = 'account', more = '', limits = [], tree, over = [] } = judging;
  const text = `name: a\nscope: ${scope}\nmode: enforce\nconditions: ${conditions}\nevent: ${event}\n${more}`;
  const { rule } = compileOne(text);
  const shown = world();
  shown.poll(0, over);
  shown.poll(5, listed);
  const admits = (one: Call) => rule.admits(one, () => []);
  const facts = shown.facts({
    filter: { admits },
    admits,
    limits,
    ...(tree === undefined ? {} : { tree: rule.countedTree(tree) }),
  });
  return rule.judge(facts, { yieldNow });
}

const poolOf = async (...asked: Parameters<typeof judge>) => onlyViolated(await judge(...asked)).pool;

/** How many calls to each number are in the pool. */
async function numbersOf(...asked: Parameters<typeof judge>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { cldNumber = '' } of await poolOf(...asked)) counts[cldNumber] = (counts[cldNumber] ?? 0) + 1;
  return counts;
}

const CUT = '{ type: disconnectCall }';
const WHERE =
  '{ type: disconnectCall, params: { where: { all: [{ fact: call.age, operator: lessThan, value: 99 }] } } }';
const fact = (name: string, operator: string, value: number | string, params = '{ within: 1m }') =>
  `{ fact: ${name}, params: ${params}, operator: ${operator}, value: ${value} }`;
const repeated = (operator: string, value: number | string, params?: string) =>
  fact('account.repeatedCld', operator, value, params);
const sequential = (operator: string, value: number) => fact('account.sequentialCld', operator, value);

const PUMPED = '4930100';
const ALSO = '4420555';
const HONEST = '33155';

describe('the pool of a rule that counts the calls to one number', () => {
  it('holds the calls to every number that is called too often, and to no other', async () => {
    const listed = [...to(PUMPED, 5), ...to(ALSO, 4), ...to(HONEST, 3)];
    expect(await numbersOf(`{ all: [${repeated('greaterThan', 3)}] }`, listed)).toEqual({
      [PUMPED]: 5,
      [ALSO]: 4,
    });
    expect(await numbersOf(`{ all: [${repeated('greaterThanInclusive', 5)}] }`, listed)).toEqual({
      [PUMPED]: 5,
    });
    expect(await numbersOf(`{ all: [${repeated('greaterThanInclusive', 3)}] }`, listed)).toEqual({
      [PUMPED]: 5,
      [ALSO]: 4,
      [HONEST]: 3,
    });
  });

  it('goes by what was started, so that a number whose calls are over keeps none of another from being taken', async () => {
    const over = to(PUMPED, 9);
    const listed = [...to(ALSO, 4), ...to(HONEST, 3)];
    expect(await numbersOf(`{ all: [${repeated('greaterThan', 3)}] }`, listed, { over })).toEqual({
      [ALSO]: 4,
    });
  });

  it('holds the calls of every block that is long enough', async () => {
    const block = (first: number, length: number) =>
      Array.from({ length }, (_, at) => to(String(first + at), 1)).flat();
    const listed = [
      ...block(4_930_100, 5),
      ...block(4_930_200, 4),
      ...block(4_930_300, 3),
      ...to('alice', 1),
    ];
    const pool = await poolOf(`{ all: [${sequential('greaterThan', 3)}] }`, listed);
    expect(idsOf(pool)).toEqual(idsOf(listed.slice(0, 9)));
  });

  it('goes by the limit of the subject where the rule does, and by another fact', async () => {
    const listed = [...to(PUMPED, 5), ...to(ALSO, 4), ...to(HONEST, 3)];
    const limits: Limit[] = [{ scope: 'account', id: '10', name: 'max', value: 3, switch: undefined }];
    const limit = '{ fact: account.limit, params: { name: max, default: 1 } }';
    const own = `{ all: [${repeated('greaterThan', limit)}] }`;
    expect(await numbersOf(own, listed, { limits })).toEqual({ [PUMPED]: 5, [ALSO]: 4 });
    const reversed = `{ all: [{ fact: account.limit, params: { name: max, default: 1 }, operator: lessThan, value: { fact: account.repeatedCld, params: { within: 1m } } }] }`;
    expect(await numbersOf(reversed, listed, { limits })).toEqual({ [PUMPED]: 5, [ALSO]: 4 });
    // The right side is the most of what was answered: three calls to one number.
    const ringing = { state: 'ARComplete', duration: undefined, age: undefined };
    const mixed = [...to(PUMPED, 5, ringing), ...to(ALSO, 4, ringing), ...to(HONEST, 3)];
    const answered = '{ fact: account.repeatedCld, params: { within: 1m, state: Connected } }';
    const where =
      '{ type: disconnectCall, params: { where: { all: [{ fact: call.state, operator: equal, value: ARComplete }] } } }';
    const apart = `{ all: [${repeated('greaterThan', answered)}] }`;
    expect(await numbersOf(apart, mixed, { event: where })).toEqual({ [PUMPED]: 5, [ALSO]: 4 });
  });

  it('holds those of the most called number alone where nothing asks for many calls', async () => {
    const listed = [...to(PUMPED, 5), ...to(ALSO, 4), ...to(HONEST, 3)];
    for (const leaf of [
      repeated('lessThan', 9),
      repeated('lessThanInclusive', 5),
      repeated('equal', 5),
      repeated('notEqual', 9),
      repeated('in', '[4, 5]'),
      repeated('notIn', '[9]'),
      `{ not: ${repeated('greaterThan', 8)} }`,
      `{ not: ${repeated('equal', 9)} }`,
    ])
      expect(await numbersOf(`{ all: [${leaf}] }`, listed), leaf).toEqual({ [PUMPED]: 5 });
  });

  it('reads "not" around "less than" as what it says', async () => {
    const listed = [...to(PUMPED, 5), ...to(ALSO, 4), ...to(HONEST, 3)];
    const both = { [PUMPED]: 5, [ALSO]: 4 };
    expect(await numbersOf(`{ not: ${repeated('lessThan', 4)} }`, listed)).toEqual(both);
    expect(await numbersOf(`{ not: { any: [${repeated('lessThanInclusive', 3)}] } }`, listed)).toEqual(both);
    expect(await numbersOf(`{ not: { not: { all: [${repeated('greaterThan', 3)}] } } }`, listed)).toEqual(
      both,
    );
  });

  it('asks a number for all that `all` asks of the fact, and for one of what `any` does', async () => {
    const listed = [...to(PUMPED, 5), ...to(ALSO, 4), ...to(HONEST, 3)];
    const over = (value: number) => repeated('greaterThan', value);
    const numbers = (conditions: string) => numbersOf(conditions, listed);
    expect(await numbers(`{ all: [${over(2)}, ${over(4)}] }`)).toEqual({ [PUMPED]: 5 });
    expect(await numbers(`{ any: [${over(3)}, ${over(4)}] }`)).toEqual({ [PUMPED]: 5, [ALSO]: 4 });
    expect(await numbers(`{ any: [${over(4)}, ${over(5)}] }`)).toEqual({ [PUMPED]: 5 });
    expect(await numbers(`{ all: [${over(2)}, ${repeated('notEqual', 4)}] }`)).toEqual({
      [PUMPED]: 5,
      [HONEST]: 3,
    });
    expect(await numbers(`{ all: [${over(3)}, ${repeated('lessThan', 9)}] }`)).toEqual({
      [PUMPED]: 5,
      [ALSO]: 4,
    });
    // What was not met adds nothing.
    const never = '{ fact: account.limit, params: { name: x, default: 1 }, operator: greaterThan, value: 1 }';
    const always = never.replace('greaterThan', 'equal');
    expect(await numbers(`{ any: [{ all: [${over(2)}, ${never}] }, ${over(4)}] }`)).toEqual({ [PUMPED]: 5 });
    expect(await numbers(`{ any: [{ all: [${over(3)}, ${always}] }, ${over(4)}] }`)).toEqual({
      [PUMPED]: 5,
      [ALSO]: 4,
    });
    // Something else that is true does not speak against the numbers that are called less.
    expect(await numbers(`{ any: [${over(4)}, ${always}] }`)).toEqual({ [PUMPED]: 5 });
  });

  it('holds what each of several facts counted, for each by its own threshold', async () => {
    const listed = [...to(PUMPED, 5), ...to(ALSO, 4), ...to(HONEST, 3), ...to('4930999', 2)];
    const german = repeated('greaterThan', 1, '{ within: 1m, to: ["+49"] }');
    const conditions = `{ any: [${german}, ${repeated('greaterThan', 3)}] }`;
    expect(await numbersOf(conditions, listed, { event: WHERE })).toEqual({
      [PUMPED]: 5,
      [ALSO]: 4,
      '4930999': 2,
    });
  });

  it('goes by what surely counts where some calls lack a number', async () => {
    const listed = [
      ...to(PUMPED, 5),
      ...to(ALSO, 4),
      ...to(HONEST, 3),
      ...to('', 4, { cld: undefined, cldNumber: undefined }),
    ];
    expect(await numbersOf(`{ all: [${repeated('greaterThan', 3)}] }`, listed)).toEqual({
      [PUMPED]: 5,
      [ALSO]: 4,
    });
  });

  it('spares what the filter of the rule and `where` spare', async () => {
    const listed = [...to(PUMPED, 5), ...to(ALSO, 4), ...to(HONEST, 4, { connection: 8 })];
    const event =
      '{ type: disconnectCall, params: { where: { all: [{ fact: call.cld, operator: startsWithAnyOf, value: ["+44", "+33"] }] } } }';
    const [verdict] = await judge(`{ all: [${repeated('greaterThan', 3)}] }`, listed, {
      event,
      more: 'except: { connections: [8] }\n',
    });
    expect(verdict?.result === 'violated' && idsOf(verdict.pool)).toEqual(idsOf(listed.slice(5, 9)));
  });

  it('is that of the most called number alone where some calls are to be kept, so that only its excess is taken', async () => {
    const listed = [...to(PUMPED, 8), ...to(ALSO, 6)];
    const limits: Limit[] = [{ scope: 'account', id: '10', name: 'max', value: 5, switch: undefined }];
    const limit = '{ fact: account.limit, params: { name: max, default: 1 } }';
    const keeping = (keep: string) => ({
      limits,
      event: `{ type: disconnectCall, params: { keep: ${keep} } }`,
    });
    const conditions = `{ all: [${repeated('greaterThan', limit)}] }`;
    expect(await numbersOf(conditions, listed, keeping(limit))).toEqual({ [PUMPED]: 8 });
    expect(await numbersOf(conditions, listed, keeping('2'))).toEqual({ [PUMPED]: 8 });
    expect(await numbersOf(conditions, listed, keeping('0'))).toEqual({ [PUMPED]: 8, [ALSO]: 6 });
  });

  it('asks a number for all that `all` asks of several facts, each as the number itself is called', async () => {
    const ringing = { state: 'ARComplete', duration: 0, age: 0 };
    const listed = [
      ...to(PUMPED, 6),
      ...to(ALSO, 4, ringing),
      ...to(ALSO, 1),
      ...to(HONEST, 4),
      ...to(HONEST, 1, ringing),
    ];
    const over = (value: number, params?: string) => repeated('greaterThan', value, params);
    const below = (value: number, params?: string) => repeated('lessThan', value, params);
    const answered = '{ within: 1m, state: Connected }';
    const numbers = (conditions: string) => numbersOf(conditions, listed, { event: WHERE });
    const each = { [PUMPED]: 6, [HONEST]: 5 };
    expect(await numbers(`{ all: [${over(4)}, ${over(3, answered)}] }`)).toEqual(each);
    expect(await numbers(`{ not: { any: [${below(5)}, ${below(4, answered)}] } }`)).toEqual(each);
    // Under "any" it is one of them, and calls that only the other one counts are none of its own.
    expect(await numbers(`{ any: [${over(9)}, ${over(3, answered)}] }`)).toEqual({
      [PUMPED]: 6,
      [HONEST]: 4,
    });
    expect(await numbers(`{ any: [${over(5)}, ${over(3, answered)}] }`)).toEqual({
      [PUMPED]: 6,
      [HONEST]: 4,
    });
  });

  it('asks it to be called more than the number that another fact counts most, and than itself there', async () => {
    const ringing = { state: 'ARComplete', duration: 0, age: 0 };
    const listed = [
      ...to(PUMPED, 6, ringing),
      ...to(ALSO, 4, ringing),
      ...to(HONEST, 3),
      ...to('881', 2, ringing),
    ];
    const most = '{ fact: account.repeatedCld, params: { within: 1m, state: Connected } }';
    const conditions = `{ all: [${repeated('greaterThan', most)}] }`;
    // The three answered calls are what the fact on the right counted.
    expect(await numbersOf(conditions, listed, { event: WHERE })).toEqual({
      [PUMPED]: 6,
      [ALSO]: 4,
      [HONEST]: 3,
    });
  });

  it('holds for facts of other windows and scopes as well', async () => {
    const listed = [...to(PUMPED, 5), ...to(ALSO, 4), ...to(HONEST, 4), ...to(HONEST, 3, { account: 11 })];
    const wider = fact('customer.repeatedCld', 'greaterThan', 4);
    const conditions = `{ all: [${repeated('greaterThan', 3)}, ${wider}] }`;
    const [verdict] = await judge(conditions, listed, { event: WHERE });
    expect(verdict?.result === 'violated' && idsOf(verdict.pool)).toEqual(
      idsOf([...listed.slice(0, 5), ...listed.slice(9, 13)]),
    );
  });

  it('holds calls of subcustomers where the fact counts them, but for those that are excepted', async () => {
    const tree = new Map([
      [3, 2],
      [4, 2],
    ]);
    const of = (customer: number) => ({ customer, account: customer * 10 });
    const counted = fact('customer.repeatedCld', 'greaterThan', 3, '{ within: 1m, recursive: true }');
    const listed = [
      ...to(PUMPED, 5, of(2)),
      ...to(ALSO, 3, of(3)),
      ...to(ALSO, 1, of(2)),
      ...to(HONEST, 5, of(4)),
      ...to('881', 3, of(3)),
    ];
    const verdicts = await judge(`{ all: [${counted}] }`, listed, {
      scope: 'customer',
      tree,
      more: 'except: { customers: [4] }\n',
    });
    const [verdict] = verdicts.filter(({ subject }) => subject.id === '2');
    expect(verdict?.result === 'violated' && idsOf(verdict.pool)).toEqual(idsOf(listed.slice(0, 9)));
  });

  it("is the subject's own part of what a fact of a wider scope counted", async () => {
    const listed = [
      ...to(PUMPED, 5),
      ...to(ALSO, 2),
      ...to(ALSO, 2, { account: 11 }),
      ...to(HONEST, 3, { account: 11 }),
    ];
    const verdicts = await judge(`{ all: [${fact('customer.repeatedCld', 'greaterThan', 3)}] }`, listed);
    expect(verdicts.map((one) => (one.result === 'violated' ? idsOf(one.pool) : []))).toEqual([
      idsOf(listed.slice(0, 7)),
      idsOf(listed.slice(7, 9)),
    ]);
  });
});

const NUMBERS = Array.from({ length: 14 }, (_, at) => String(4_930_100 + at));
const dials = fc.array(fc.record({ number: fc.constantFrom(...NUMBERS), live: fc.boolean() }), {
  minLength: 1,
  maxLength: 25,
});

function played(dialled: readonly { number: string; live: boolean }[]) {
  const made = dialled.map(({ number, live }) => ({ number, live, calls: to(number, 1) }));
  return {
    over: made.flatMap(({ live, calls }) => (live ? [] : calls)),
    listed: made.flatMap(({ live, calls }) => (live ? calls : [])),
  };
}

/** What a number comes to, by definition. */
const comesTo = {
  repeatedCld: (number: string, dialled: readonly string[]) => dialled.filter((one) => one === number).length,
  sequentialCld: (number: string, dialled: readonly string[]) => {
    let [first, last] = [Number(number), Number(number)];
    while (dialled.includes(String(first - 1))) first -= 1;
    while (dialled.includes(String(last + 1))) last += 1;
    return last - first + 1;
  },
};
const name = fc.constantFrom('repeatedCld', 'sequentialCld') as fc.Arbitrary<keyof typeof comesTo>;

describe('of random calls', () => {
  it('exactly those are in the pool whose number comes to more than the rule allows', async () => {
    let several = 0;
    await fc.assert(
      fc.asyncProperty(dials, name, fc.nat(3), async (dialled, counted, allowed) => {
        const { over, listed } = played(dialled);
        const numbers = dialled.map(({ number }) => number);
        const [verdict] = await judge(
          `{ all: [${fact(`account.${counted}`, 'greaterThan', allowed)}] }`,
          listed,
          { over },
        );
        const own = (one: Call) => comesTo[counted](one.cldNumber ?? '', numbers);
        const expected = listed.filter((one) => own(one) > allowed);
        const pool = verdict?.result === 'violated' ? verdict.pool : [];
        expect(idsOf(pool)).toEqual(idsOf(expected));
        if (new Set(expected.map(own)).size > 1) several += 1;
      }),
      { numRuns: 300, seed: 20 },
    );
    expect(several).toBeGreaterThan(30);
  });

  const leafOf = (operators: string[]) =>
    fc
      .record({ operator: fc.constantFrom(...operators), value: fc.nat(6) })
      .map(({ operator, value }) => repeated(operator, value));
  const treeOf = (operators: string[], kinds: string[]) =>
    fc.letrec<{ tree: string; node: string }>((tie) => ({
      tree: fc
        .tuple(fc.constantFrom(...kinds), fc.array(tie('node'), { minLength: 1, maxLength: 3 }))
        .map(([kind, children]) =>
          kind === 'not' ? `{ not: ${children[0]} }` : `{ ${kind}: [${children.join(', ')}] }`,
        ),
      node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leafOf(operators), tie('tree')),
    })).tree;
  const isViolated = async (conditions: string, dialled: Parameters<typeof played>[0]) => {
    const { over, listed } = played(dialled);
    const [verdict] = await judge(conditions, listed, { over });
    return verdict?.result === 'violated';
  };
  /** Whether the rule is violated where the account calls no other number; by number. */
  const aloneBy = async (conditions: string, dialled: Parameters<typeof played>[0]) => {
    const alone = new Map<string, boolean>();
    for (const { number } of dialled) {
      if (alone.has(number)) continue;
      alone.set(
        number,
        await isViolated(
          conditions,
          dialled.filter((one) => one.number === number),
        ),
      );
    }
    return alone;
  };
  const few = dials.map((all) =>
    all.map((one) => ({ ...one, number: NUMBERS[Number(one.number) % 4] ?? '' })),
  );

  it('none is in the pool whose number alone would not have violated the rule, whatever its conditions', async () => {
    const every = [
      'greaterThan',
      'greaterThanInclusive',
      'lessThan',
      'lessThanInclusive',
      'equal',
      'notEqual',
    ];
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(few, treeOf(every, ['all', 'any', 'not']), async (dialled, conditions) => {
        const { over, listed } = played(dialled);
        const [verdict] = await judge(conditions, listed, { over });
        if (verdict?.result !== 'violated') return;
        const alone = await aloneBy(conditions, dialled);
        const numbers = dialled.map(({ number }) => number);
        const most = Math.max(...numbers.map((number) => comesTo.repeatedCld(number, numbers)));
        const pool = new Set(verdict.pool);
        for (const { cldNumber = '' } of pool) expect(alone.get(cldNumber), conditions).toBe(true);
        for (const one of listed)
          if (comesTo.repeatedCld(one.cldNumber ?? '', numbers) === most) expect(pool).toContain(one);
        taken += verdict.pool.some((one) => comesTo.repeatedCld(one.cldNumber ?? '', numbers) < most) ? 1 : 0;
      }),
      { numRuns: 300, seed: 21 },
    );
    expect(taken).toBeGreaterThan(10);
  });

  it('all are in the pool whose number alone would have violated a rule that only asks for many', async () => {
    await fc.assert(
      fc.asyncProperty(
        few,
        treeOf(['greaterThan', 'greaterThanInclusive'], ['all', 'any']),
        async (dialled, conditions) => {
          const { over, listed } = played(dialled);
          const [verdict] = await judge(conditions, listed, { over });
          if (verdict?.result !== 'violated') return;
          const alone = await aloneBy(conditions, dialled);
          expect(idsOf(verdict.pool)).toEqual(
            idsOf(listed.filter(({ cldNumber = '' }) => alone.get(cldNumber))),
          );
        },
      ),
      { numRuns: 300, seed: 22 },
    );
  });

  it('none is in it but the most called and those that alone would have, where conditions ask for several facts', async () => {
    const params = ['{ within: 1m }', '{ within: 1m, state: Connected }', '{ within: 1m, to: ["+4930100"] }'];
    const counts = [
      () => true,
      ({ isAnswered }: Dial) => isAnswered,
      ({ number }: Dial) => number.startsWith('4930100'),
    ];
    interface Dial {
      number: string;
      isAnswered: boolean;
    }
    const numbers = ['4930100', '49301001', '4420555', '33155'];
    const dialled = fc.array(fc.record({ number: fc.constantFrom(...numbers), isAnswered: fc.boolean() }), {
      minLength: 4,
      maxLength: 25,
    });
    const leaf = fc
      .record({
        operator: fc.constantFrom('greaterThan', 'greaterThanInclusive', 'lessThan', 'notEqual'),
        value: fc.oneof(
          { weight: 4, arbitrary: fc.nat(5) },
          {
            weight: 1,
            arbitrary: fc
              .constantFrom(...params)
              .map((one) => `{ fact: account.repeatedCld, params: ${one} }`),
          },
        ),
        param: fc.constantFrom(...params),
      })
      .map(({ operator, value, param }) => repeated(operator, value, param));
    const branch = fc
      .tuple(fc.constantFrom('all', 'any', 'not any'), fc.array(leaf, { minLength: 1, maxLength: 3 }))
      .map(([kind, leaves]) =>
        kind === 'not any'
          ? `{ not: { any: [${leaves.join(', ')}] } }`
          : `{ ${kind}: [${leaves.join(', ')}] }`,
      );
    const tree = fc
      .tuple(fc.constantFrom('all', 'any'), fc.array(fc.oneof(leaf, branch), { minLength: 1, maxLength: 3 }))
      .map(([kind, children]) => `{ ${kind}: [${children.join(', ')}] }`);
    const listedOf = (dials: readonly Dial[]) =>
      dials.flatMap(({ number, isAnswered }) =>
        to(number, 1, isAnswered ? {} : { state: 'ARComplete', duration: 0, age: 0 }),
      );
    let others = 0;
    await fc.assert(
      fc.asyncProperty(dialled, tree, async (dials, conditions) => {
        const [verdict] = await judge(conditions, listedOf(dials), { event: WHERE });
        if (verdict?.result !== 'violated') return;
        const most = new Set(
          counts.flatMap((isCounted) => {
            const all = dials.filter(isCounted).map(({ number }) => number);
            const times = (number: string) => comesTo.repeatedCld(number, all);
            const highest = Math.max(...all.map(times));
            return all.filter((number) => times(number) === highest);
          }),
        );
        for (const number of new Set(verdict.pool.map(({ cldNumber = '' }) => cldNumber))) {
          if (most.has(number)) continue;
          others += 1;
          const alone = await judge(conditions, listedOf(dials.filter((one) => one.number === number)), {
            event: WHERE,
          });
          expect(alone[0]?.result, `${conditions} ${number}`).toBe('violated');
        }
      }),
      { numRuns: 1000, seed: 23 },
    );
    expect(others).toBeGreaterThan(30);
  });
});
