import fc from 'fast-check';
import { expect, it } from 'vitest';
import { weighRules } from '../../src/cli/rules-weigh.js';
import { conditionsOf, powerOf, readsOf, writtenRules } from '../../src/cli/written-rules.js';
import { RULE_MODES, type RuleMode } from '../../src/domain/rule.js';
import type { RuleFileText } from '../../src/domain/rule-files.js';
import type { LossOfEntries } from '../../src/domain/rules-in-force.js';

const CHECK = { directory: '/r', config: undefined, now: 0 };

/** What a rule or a shared condition compares with: the list that is held back, another value, or a shared condition. */
type Compared = { list: 'startsWithAnyOf' | 'notInList' } | { longer: number } | { shared: string };
interface Part {
  file: number;
  compared: Compared;
  mode: RuleMode;
}
type World = Readonly<Record<string, Part | undefined>>;

const RULES = ['r0', 'r1', 'r2', 'r3'];
const SHARED = ['c0', 'c1'];

const own = fc.oneof(
  fc.constantFrom('startsWithAnyOf' as const, 'notInList' as const).map((list) => ({ list })),
  fc.integer({ min: 1, max: 2 }).map((longer) => ({ longer })),
);
const part = (compared: fc.Arbitrary<Compared>) =>
  fc.record({ file: fc.integer({ min: 0, max: 2 }), compared, mode: fc.constantFrom(...RULE_MODES) });
const rule = part(
  fc.oneof(
    own,
    fc.constantFrom(...SHARED).map((shared) => ({ shared })),
  ),
);
const world: fc.Arbitrary<World> = fc
  .record({
    ...Object.fromEntries(RULES.map((name) => [name, fc.option(rule, { nil: undefined })])),
    ...Object.fromEntries(SHARED.map((name) => [name, fc.option(part(own), { nil: undefined })])),
  })
  .map((parts: World) => {
    // What names a condition that there is none of would not pass the check at all.
    const isWhole = (one: Part | undefined) =>
      one === undefined || !('shared' in one.compared) || parts[one.compared.shared] !== undefined;
    return Object.fromEntries(Object.entries(parts).filter(([, one]) => isWhole(one)));
  });

function filesOf(parts: World): readonly RuleFileText[] {
  return [0, 1, 2].flatMap((file) => {
    const here = (name: string) => parts[name]?.file === file;
    const rules = RULES.filter(here).map((name) => ruleOf(name, parts[name] as Part));
    const conditions = SHARED.filter(here).map((name) => [name, conditionOf((parts[name] as Part).compared)]);
    if (rules.length + conditions.length === 0) return [];
    const value = {
      ...(rules.length > 0 && { rules }),
      ...(conditions.length > 0 && { conditions: Object.fromEntries(conditions) }),
    };
    return [{ file: `/r/f${file}.json`, kind: 'rules' as const, text: JSON.stringify(value) }];
  });
}

function ruleOf(name: string, { compared, mode }: Part) {
  return { name, scope: 'call', mode, conditions: conditionOf(compared), event: { type: 'disconnectCall' } };
}

function conditionOf(compared: Compared) {
  if ('shared' in compared) return { condition: compared.shared };
  const one =
    'list' in compared
      ? { fact: 'call.cld', operator: compared.list, value: 'risky' }
      : { fact: 'call.duration', operator: 'greaterThan', value: compared.longer };
  return { all: [one] };
}

function list(text: string): RuleFileText {
  return { file: '/r/lists/risky.txt', kind: 'list', text };
}

/** All that decides what a rule says, but for its mode. */
function whole(name: string, files: readonly RuleFileText[]): string | undefined {
  const written = writtenRules(files);
  const found = written.get(`rule ${name}`);
  if (found === undefined) return undefined;
  const shared = [...conditionsOf(found, written)].map((key) => written.get(key)?.text);
  return [found.text, ...shared].join('\n');
}

const LAST_GOOD = [list('+8812345\n+8822345\n')];

function weigh(before: readonly RuleFileText[], now: readonly RuleFileText[]) {
  const disk = { files: [...now, list('+999234567\n')], ignored: [] };
  return weighRules(disk, { lastGood: LAST_GOOD, accepted: [], inForce: [...before, ...LAST_GOOD] }, CHECK);
}

it('lets no rule read a held-back list otherwise than before unless it is calmed, loses none, lowers all that is lowered, and never breaks what both sides pass', () => {
  fc.assert(
    fc.property(world, world, (one, other) => {
      const [before, now] = [filesOf(one), filesOf(other)];
      const { ruleSet, problems, files } = weigh(before, now);
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(ruleSet).toBeDefined();
      for (const { name, mode } of ruleSet?.rules ?? []) {
        expect(powerOf(mode)).toBeLessThanOrEqual(powerOf(other[name]?.mode ?? 'off'));
      }
      const written = writtenRules(files.filter(({ kind }) => kind === 'rules'));
      for (const name of RULES) {
        const inForce = written.get(`rule ${name}`);
        const [was, is, mixed] = [before, now, files].map((set) => whole(name, set));
        if (was !== undefined && is !== undefined) expect(inForce).toBeDefined();
        if (inForce === undefined || !readsOf(inForce, written).has('list risky')) continue;
        const power = writtenRules(before).get(`rule ${name}`)?.power ?? -1;
        if (inForce.power >= power) expect(mixed).toBe(was);
        expect(inForce.power).toBeLessThanOrEqual(power);
      }
    }),
    { numRuns: 150 },
  );
});

it('always takes a file that only lowers modes and removes rules', () => {
  fc.assert(
    fc.property(
      world,
      fc.array(fc.constantFrom(...RULES)),
      fc.array(fc.constantFrom(...RULES)),
      (one, off, gone) => {
        const calmed = Object.fromEntries(
          Object.entries(one)
            .filter(([name]) => !gone.includes(name))
            .map(([name, it]) => [name, it && off.includes(name) ? { ...it, mode: 'off' as const } : it]),
        );
        expect(weigh(filesOf(one), filesOf(calmed)).waiting).toEqual([]);
      },
    ),
  );
});

/** Four lists, each of which is as before, changed without a loss, or another one. */
const LISTS = ['l0', 'l1', 'l2', 'l3'];
const fates = fc.tuple(
  ...LISTS.map(() => fc.constantFrom('same' as const, 'more' as const, 'other' as const)),
);
const TEXTS = { same: '+8812345\n+8822345\n', more: '+8812345\n+8822345\n+8832345\n', other: '+999234567\n' };
const reading = fc
  .array(fc.record({ mode: fc.constantFrom(...RULE_MODES), names: fc.subarray(LISTS, { minLength: 1 }) }))
  .map((rules) => {
    const value = rules.map(({ mode, names }, index) => ({
      name: `r${index}`,
      scope: 'call',
      mode,
      conditions: {
        all: names.map((name) => ({ fact: 'call.cld', operator: 'startsWithAnyOf', value: name })),
      },
      event: { type: 'disconnectCall' },
    }));
    const text = JSON.stringify({ rules: value });
    return { rules, files: rules.length === 0 ? [] : [{ file: '/r/a.json', kind: 'rules' as const, text }] };
  });
const listFiles = (texts: readonly string[]): readonly RuleFileText[] =>
  LISTS.map((name, index) => ({ file: `/r/lists/${name}.txt`, kind: 'list', text: texts[index] as string }));

it('lets no unchanged rule that cuts read a changed list beside one that is held back, in whatever order these are accepted', () => {
  fc.assert(
    fc.property(fates, reading, fc.shuffledSubarray(LISTS), (fate, { rules, files }, order) => {
      const before = listFiles(LISTS.map(() => TEXTS.same));
      const now = listFiles(fate.map((one) => TEXTS[one]));
      const accepted: LossOfEntries[] = [];
      for (const next of [undefined, ...order, ...LISTS, 'none']) {
        const disk = { files: [...files, ...now], ignored: [] };
        const weighed = weighRules(disk, { lastGood: [...files, ...before], accepted }, CHECK);
        expect(weighed.ruleSet).toBeDefined();
        const isTaken = (name: string) => {
          const file = `/r/lists/${name}.txt`;
          const [was, is, inForce] = [before, now, weighed.files].map(
            (set) => set.find((one) => one.file === file)?.text,
          );
          return was === is ? undefined : inForce === is;
        };
        for (const { mode, names } of rules) {
          if (mode !== 'enforce') continue;
          expect(new Set(names.map(isTaken).filter((one) => one !== undefined)).size).toBeLessThan(2);
        }
        const held = weighed.heldBack.find(({ file }) => file === `/r/lists/${next}.txt`);
        if (held !== undefined) accepted.push(held);
        if (next === 'none') expect(weighed.heldBack).toEqual([]);
        if (weighed.heldBack.length === 0) expect(weighed.waiting).toEqual([]);
      }
    }),
  );
});
