import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { reloadLab } from './support-reload.js';

const RULES = `
rules:
  - name: by-list
    scope: call
    mode: enforce
    conditions: { all: [{ fact: call.cld, operator: startsWithAnyOf, value: risky }] }
    event: { type: disconnectCall }
  - name: by-limit
    scope: account
    mode: enforce
    conditions:
      all:
        - fact: account.connectedCalls
          operator: greaterThan
          value: { fact: account.limit, params: { name: max, default: 50 } }
    event: { type: disconnectCall }
`;
const LIMITS = `scope,id,name,value\n${Array.from({ length: 40 }, (_, index) => `account,${index + 1},max,60\n`).join('')}`;
const LIST = `${Array.from({ length: 30 }, (_, index) => `+88${1000 + index}\n`).join('')}+4988877766655\n`;

let lab: ReturnType<typeof reloadLab>;

beforeEach(() => {
  lab = reloadLab();
  lab.write('rules.yaml', RULES);
  lab.write('limits.csv', LIMITS);
  lab.write('lists/risky.txt', LIST);
});

describe('a list or limits.csv that is cut off in the middle of a line', () => {
  it.each([
    ['limits.csv', LIMITS, LIMITS.slice(0, -2)],
    ['lists/risky.txt', LIST, LIST.slice(0, LIST.indexOf('+49') + 3)],
  ])(
    'is held back however long it is left alone, over a restart too, until it is whole: %s',
    async (name, whole, cut) => {
      const running = await lab.run();
      const before = running.ruleSet();
      lab.write(name, cut);
      await running.looks(30);
      expect(running.ruleSet()).toBe(before);
      const file = join(lab.dir, name);
      expect((await lab.report()).heldBack).toMatchObject([{ file, endsMidLine: true }]);
      expect(lab.told('warn')).toEqual([
        expect.stringContaining(`${file} is held back: it ends in the middle of a line of what is in force`),
      ]);
      for (const again of [lab.once, async () => (await lab.run()).ruleSet()]) {
        expect((await again()).hash).toBe(before.hash);
        expect(lab.told('stderr')).toEqual([
          expect.stringContaining(`warning: ${file} is held back: it ends in`),
        ]);
      }
      lab.write(name, `# of today\n${whole}`);
      await running.looks();
      expect(await lab.report()).toMatchObject({ heldBack: [], problems: [] });
    },
  );

  it('takes effect at the next look after a person accepted it', async () => {
    const running = await lab.run();
    lab.write('limits.csv', LIMITS.slice(0, -2));
    await running.looks();
    await lab.accept();
    await running.looks(1);
    expect(running.ruleSet().limits.at(-1)).toMatchObject({ id: '40', value: 6 });
    expect(await lab.report()).toMatchObject({ heldBack: [], problems: [] });
  });
});

describe('a list or limits.csv that may be half-written', () => {
  it.each([
    [
      'the beginning of what is in force',
      'limits.csv',
      LIMITS.split('\n').slice(0, -2).join('\n').concat('\n'),
      'This is only the beginning',
    ],
    [
      'the beginning of a list',
      'lists/risky.txt',
      LIST.slice(0, LIST.indexOf('+49')),
      'This is only the beginning',
    ],
    [
      'other limits without a line break at the end',
      'limits.csv',
      LIMITS.replaceAll('60', '70').slice(0, -2),
      'This has no line break at its end',
    ],
    [
      'another list without one',
      'lists/risky.txt',
      `+999\n${LIST.slice(0, LIST.indexOf('+49') + 3)}`,
      'This has no line break at its end',
    ],
  ])(
    'is waited for, and taken once it has been left alone for fifteen seconds: %s',
    async (_, name, text, why) => {
      const running = await lab.run();
      const before = running.ruleSet();
      lab.write(name, text);
      await running.looks(14);
      expect(running.ruleSet()).toBe(before);
      const file = join(lab.dir, name);
      expect(lab.told('warn')).toEqual([expect.stringContaining(`${file}: ${why}`)]);
      expect((await lab.report()).problems).toMatchObject([{ file, severity: 'warning' }]);
      await running.looks(3);
      expect(running.ruleSet()).not.toBe(before);
      expect(await lab.report()).toMatchObject({ heldBack: [], problems: [] });
    },
  );

  it('is taken at once where it never had a line break at its end, or lacks nothing else', async () => {
    lab.write('limits.csv', LIMITS.trimEnd());
    const running = await lab.run();
    lab.write('limits.csv', LIMITS.replaceAll('60', '70').trimEnd());
    lab.write('lists/risky.txt', LIST.trimEnd());
    await running.looks();
    expect(running.ruleSet().limits[0]).toMatchObject({ value: 70 });
    expect((await lab.report()).problems).toEqual([]);
  });

  it('is not waited for by once, and not by the service after it where a person accepted it', async () => {
    const running = await lab.run();
    lab.write('lists/risky.txt', LIST.slice(0, LIST.indexOf('+881012')));
    await running.looks();
    await lab.accept();
    expect((await lab.once()).lists.get('risky')).toHaveLength(12);
    await running.looks(1);
    expect(running.ruleSet().lists.get('risky')).toHaveLength(12);
  });
});
