import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { reloadLab } from './support-reload.js';

let lab: ReturnType<typeof reloadLab>;

beforeEach(() => {
  lab = reloadLab();
  lab.write('limit.yaml', limitRule('max'));
  lab.write('limits.csv', limits('max'));
  lab.write('list.yaml', listRule('startsWithAnyOf'));
  lab.write('lists/risky.txt', '+881\n+882\n+883\n');
});

function limitRule(limit: string, more = 'mode: monitor', name = 'by-limit'): string {
  return `
name: ${name}
scope: account
${more}
conditions:
  all:
    - fact: account.connectedCalls
      operator: greaterThan
      value: { fact: account.limit, params: { name: ${limit}, default: 5 } }
event: { type: disconnectCall }
`;
}

function limits(name: string, count = 10): string {
  return `scope,id,name,value\n${Array.from({ length: count }, (_, index) => `account,${index + 1},${name},60\n`).join('')}`;
}

function listRule(operator: string, more = 'mode: monitor', name = 'by-list'): string {
  return `
name: ${name}
scope: call
${more}
conditions: { all: [{ fact: call.cld, operator: ${operator}, value: risky }] }
event: { type: disconnectCall }
`;
}

const OTHER = `
name: other
scope: switch
mode: monitor
conditions: { all: [{ fact: switch.connectedCalls, operator: greaterThan, value: 5 }] }
event: { type: alert }
`;

const path = (name: string) => join(lab.dir, name);

async function waiting(): Promise<Record<string, readonly string[]>> {
  const relative = (file: string) => file.slice(lab.dir.length + 1);
  return Object.fromEntries(
    (await lab.report()).waiting.map(({ file, behind }) => [relative(file), behind.map(relative)]),
  );
}

describe('an edit of which a list or the limits are held back', () => {
  it('is not taken by half, and whole at the next look after that was accepted', async () => {
    const running = await lab.run();
    const before = running.ruleSet();
    lab.write('limit.yaml', limitRule('most'));
    lab.write('limits.csv', limits('most'));
    lab.write('other.yaml', OTHER);
    await running.looks();
    expect(running.rule('by-limit')).toEqual(before.rules.find(({ name }) => name === 'by-limit'));
    expect(running.ruleSet().limits).toEqual(before.limits);
    expect(running.rule('other')).toBeDefined();
    expect(await waiting()).toEqual({ 'limit.yaml': ['limits.csv'] });
    expect(lab.told('warn').at(-1)).toBe(
      `${path('limit.yaml')} is not taken yet, since ${path('limits.csv')} is held back: they take effect together.`,
    );
    await lab.accept();
    await running.looks(1);
    expect(JSON.stringify(running.rule('by-limit')?.conditions)).toContain('most');
    expect(running.ruleSet().limits[0]).toMatchObject({ name: 'most' });
    expect(await lab.report()).toMatchObject({ heldBack: [], waiting: [], problems: [] });
  });

  it('waits too where the rule would not even pass the check beside the old list', async () => {
    const running = await lab.run();
    lab.write('list.yaml', listRule('inList').replace('call.cld', 'call.callerMediaIp'));
    lab.write('lists/risky.txt', '192.0.2.1\n198.51.100.1\n');
    await running.looks();
    expect(await waiting()).toEqual({ 'list.yaml': ['lists/risky.txt'] });
    expect((await lab.report()).problems).toEqual([]);
    await lab.accept();
    await running.looks(1);
    expect(running.ruleSet().lists.get('risky')).toEqual(['192.0.2.1', '198.51.100.1']);
    expect(await waiting()).toEqual({});
  });

  it('waits over a restart, and for once', async () => {
    await (await lab.run()).looks(1);
    lab.write('limit.yaml', limitRule('most'));
    lab.write('limits.csv', limits('most'));
    for (const again of [lab.once, async () => (await lab.run()).ruleSet(), lab.once]) {
      const rule = (await again()).rules.find(({ name }) => name === 'by-limit');
      expect(JSON.stringify(rule?.conditions)).not.toContain('most');
      expect(lab.told('stderr').at(-1)).toContain(`warning: ${path('limit.yaml')} is not taken yet, since`);
    }
    await lab.run();
    expect(await waiting()).toEqual({ 'limit.yaml': ['limits.csv'] });
  });

  it('waits over a restart, and for once, where no rule file was in force before', async () => {
    const running = await lab.run();
    lab.remove('limit.yaml');
    lab.remove('list.yaml');
    await running.looks();
    expect(running.ruleSet().rules).toEqual([]);
    lab.write('limit.yaml', limitRule('most', 'mode: enforce'));
    lab.write('limits.csv', limits('most'));
    lab.write('other.yaml', OTHER);
    const names = ({ rules }: { rules: readonly { name: string }[] }) => rules.map(({ name }) => name);
    for (const again of [lab.once, async () => (await lab.run()).ruleSet(), lab.once]) {
      expect(names(await again())).toEqual(['other']);
      expect(lab.told('stderr')).toContainEqual(
        expect.stringContaining(`warning: ${path('limit.yaml')} is not taken yet, since`),
      );
    }
    await running.looks();
    expect(await waiting()).toEqual({ 'limit.yaml': ['limits.csv'] });
    await lab.accept();
    expect(names(await lab.once())).toEqual(['by-limit', 'other']);
  });

  it('waits with a new file that reads what is held back, and with no other', async () => {
    const running = await lab.run();
    lab.write('lists/risky.txt', '+999\n');
    lab.write('new.yaml', listRule('notInList', 'mode: off', 'new'));
    lab.write('other.yaml', OTHER);
    await running.looks();
    expect(await waiting()).toEqual({ 'new.yaml': ['lists/risky.txt'] });
    expect(running.ruleSet().rules.map(({ name }) => name)).toEqual(['by-limit', 'by-list', 'other']);
  });

  it('waits with the list that a rule no longer reads', async () => {
    const running = await lab.run();
    lab.remove('lists/risky.txt');
    lab.write('lists/dear.txt', '+881\n+882\n+883\n');
    lab.write('list.yaml', listRule('startsWithAnyOf').replace('risky', 'dear'));
    await running.looks();
    expect(await waiting()).toEqual({
      'list.yaml': ['lists/risky.txt'],
      'lists/dear.txt': ['lists/risky.txt'],
    });
    expect([...running.ruleSet().lists.keys()]).toEqual(['risky']);
    await lab.accept();
    await running.looks(1);
    expect([...running.ruleSet().lists.keys()]).toEqual(['dear']);
  });

  it('tells of a fault in a rule that waits at once', async () => {
    const running = await lab.run();
    lab.write('lists/risky.txt', '+999\n');
    lab.write('list.yaml', listRule('startsWithAnyOf', 'mode: monitor\npriorty: 3'));
    lab.write('other.yaml', OTHER);
    await running.looks();
    expect((await lab.report()).problems).toMatchObject([
      { file: path('list.yaml'), message: expect.stringContaining('priorty') },
    ]);
    expect(running.rule('other')).toBeUndefined();
  });
});

describe('a rule beside what is held back', () => {
  it.each([
    ['lowered', 'mode: enforce', 'mode: monitor', true],
    ['switched off', 'mode: enforce', 'mode: off', true],
    ['raised', 'mode: monitor', 'mode: enforce', false],
    ['lowered, but otherwise changed too', 'mode: enforce', 'mode: off\npriority: 3', true],
    ['described anew', 'mode: enforce', 'mode: enforce\ndescription: Now risky.', true],
  ])('is taken only where that can calm it alone: %s', async (_, before, after, isTaken) => {
    lab.write('list.yaml', listRule('startsWithAnyOf', before));
    const running = await lab.run();
    lab.write('lists/risky.txt', '+999\n');
    lab.write('list.yaml', listRule('startsWithAnyOf', after));
    await running.looks();
    expect(await waiting()).toEqual(isTaken ? {} : { 'list.yaml': ['lists/risky.txt'] });
    expect(running.rule('by-list')?.mode).toBe((isTaken ? after : before).split(/\s+/)[1]);
    expect(running.ruleSet().lists.get('risky')).toHaveLength(3);
  });

  it('may be removed, with its file or from it', async () => {
    lab.write('two.yaml', `rules:\n${[listRule('inList', 'mode: off', 'one'), OTHER].map(item).join('')}`);
    const running = await lab.run();
    lab.write('lists/risky.txt', '+999\n');
    lab.remove('list.yaml');
    lab.write('two.yaml', OTHER);
    await running.looks();
    expect(await waiting()).toEqual({});
    expect(running.ruleSet().rules.map(({ name }) => name)).toEqual(['by-limit', 'other']);
  });

  it('may be moved to another file, and waits with both files where it is changed as well', async () => {
    const running = await lab.run();
    lab.write('lists/risky.txt', '+999\n');
    lab.remove('list.yaml');
    lab.write('moved.yaml', listRule('startsWithAnyOf'));
    await running.looks();
    expect(await waiting()).toEqual({});
    lab.remove('moved.yaml');
    lab.write('again.yaml', listRule('startsWithAnyOf', 'mode: enforce'));
    await running.looks();
    expect(await waiting()).toEqual({
      'again.yaml': ['lists/risky.txt'],
      'moved.yaml': ['lists/risky.txt'],
    });
    expect(running.rule('by-list')).toMatchObject({
      mode: 'monitor',
      location: { file: path('moved.yaml') },
    });
  });

  it('waits by the file of a shared condition, and lets itself be calmed meanwhile', async () => {
    const shared = (operator: string) =>
      `conditions:\n  dear: { all: [{ fact: call.cld, operator: ${operator}, value: risky }] }\n`;
    const rule = (mode: string) =>
      `name: sharing\nscope: call\nmode: ${mode}\nconditions: { condition: dear }\nevent: { type: disconnectCall }\n`;
    lab.write('shared.yaml', shared('startsWithAnyOf'));
    lab.write('sharing.yaml', rule('enforce'));
    const running = await lab.run();
    lab.write('lists/risky.txt', '+999\n');
    lab.write('shared.yaml', shared('notInList'));
    lab.write('sharing.yaml', rule('off'));
    await running.looks();
    expect(await waiting()).toEqual({ 'shared.yaml': ['lists/risky.txt'] });
    expect(running.rule('sharing')?.mode).toBe('off');
    expect(JSON.stringify([...running.ruleSet().conditions.values()])).toContain('startsWithAnyOf');
  });

  it('draws along what defines the shared conditions that it would name', async () => {
    const running = await lab.run();
    lab.write('lists/risky.txt', '+999\n');
    const named = 'conditions: { condition: dear }\nevent: { type: disconnectCall }\n';
    lab.write('new.yaml', `name: new\nscope: call\nmode: off\n${named}`);
    lab.write(
      'shared.yaml',
      `rules:\n${item(listRule('inList', 'mode: off', 'two'))}conditions:\n  dear: { all: [{ fact: call.duration, operator: greaterThan, value: 5 }] }\n`,
    );
    await running.looks();
    expect(await waiting()).toEqual({ 'new.yaml': ['lists/risky.txt'], 'shared.yaml': ['lists/risky.txt'] });
    expect((await lab.report()).problems).toEqual([]);
  });
});

describe('a rule in a file that waits', () => {
  const file = (...rules: string[]) => `rules:\n${rules.map(item).join('')}`;
  const other = (mode: string) => OTHER.replace('monitor', mode);
  const modes = (ruleSet: { rules: readonly { name: string; mode: string }[] }) =>
    Object.fromEntries(ruleSet.rules.map(({ name, mode }) => [name, mode]));

  beforeEach(() => {
    lab.remove('list.yaml');
    lab.write('limit.yaml', file(limitRule('max', 'mode: enforce'), other('enforce')));
  });

  async function halfEdited() {
    const running = await lab.run();
    lab.write('limit.yaml', file(limitRule('most', 'mode: enforce'), other('enforce')));
    lab.write('limits.csv', limits('most'));
    await running.looks();
    expect(await waiting()).toEqual({ 'limit.yaml': ['limits.csv'] });
    lab.told('info');
    return running;
  }

  it.each(['off', 'monitor'])('takes a lower mode beside the one that waits: %s', async (mode) => {
    const running = await halfEdited();
    const before = running.rule('other');
    const { loadedHash } = await lab.report();
    lab.write('limit.yaml', file(limitRule('most', 'mode: enforce'), other(mode)));
    await running.looks();
    expect(modes(running.ruleSet())).toEqual({ 'by-limit': 'enforce', other: mode });
    expect(running.rule('other')?.hash).not.toBe(before?.hash);
    expect(JSON.stringify(running.rule('by-limit')?.conditions)).toContain('max');
    expect(lab.told('info')).toEqual([
      expect.stringContaining('rules reloaded: changed other (limit.yaml); 2 rules in force'),
    ]);
    const report = await lab.report();
    expect(report.loadedHash).not.toBe(loadedHash);
    expect(await waiting()).toEqual({ 'limit.yaml': ['limits.csv'] });
    // Also for once and after a restart, and until the disk says otherwise.
    expect(modes(await lab.once())).toEqual(modes(running.ruleSet()));
    expect(modes((await lab.run()).ruleSet())).toEqual(modes(running.ruleSet()));
    lab.write('limit.yaml', file(limitRule('most', 'mode: enforce'), other('enforce')));
    await running.looks();
    expect(running.rule('other')).toEqual(before);
    expect((await lab.report()).loadedHash).toBe(loadedHash);
  });

  it.each(['off', 'monitor'])('takes a lower mode of the one that waits: %s', async (mode) => {
    const running = await halfEdited();
    lab.write('limit.yaml', file(limitRule('most', `mode: ${mode}`), other('enforce')));
    await running.looks();
    expect(modes(running.ruleSet())).toEqual({ 'by-limit': mode, other: 'enforce' });
  });

  it('takes a lower mode also where its new text does not pass the check beside the old list', async () => {
    lab.write('list.yaml', listRule('startsWithAnyOf', 'mode: enforce'));
    const running = await lab.run();
    lab.write('lists/risky.txt', '192.0.2.1\n198.51.100.1\n');
    lab.write('list.yaml', listRule('inList', 'mode: off').replace('call.cld', 'call.callerMediaIp'));
    await running.looks();
    expect(await lab.report()).toMatchObject({ problems: [] });
    expect(await waiting()).toEqual({ 'list.yaml': ['lists/risky.txt'] });
    expect(running.rule('by-list')?.mode).toBe('off');
  });

  it('is off once it is removed, and no rule is by a higher mode than before', async () => {
    const running = await halfEdited();
    lab.write('limit.yaml', file(limitRule('most', 'mode: enforce')));
    await running.looks(20);
    expect(modes(running.ruleSet())).toEqual({ 'by-limit': 'enforce', other: 'off' });
    lab.remove('limit.yaml');
    await running.looks();
    expect(running.ruleSet().rules).toEqual([]);
    expect(await waiting()).toEqual({});
  });

  it('goes on where its file is emptied', async () => {
    const running = await halfEdited();
    const before = running.ruleSet();
    lab.write('limit.yaml', '# nothing\n');
    await running.looks(20);
    expect(running.ruleSet()).toBe(before);
    expect((await lab.report()).problems).toHaveLength(1);
  });
});

describe('a list that is changed, but not held back', () => {
  const both = (limit: string, operator: string, mode = 'mode: monitor') =>
    limitRule(limit, mode).replace(
      'disconnectCall }',
      `disconnectCall, params: { where: { all: [{ fact: call.cld, operator: ${operator}, value: risky }] } } }`,
    );

  beforeEach(() => {
    lab.remove('list.yaml');
    lab.write('limit.yaml', both('max', 'inList', 'mode: enforce'));
  });

  async function edited(rule: string, alsoEdit: () => void = () => {}) {
    const running = await lab.run();
    alsoEdit();
    lab.write('limit.yaml', rule);
    lab.write('limits.csv', limits('most'));
    lab.write('lists/risky.txt', '+881\n+882\n+883\n+884\n');
    await running.looks();
    return running;
  }

  it('waits where a rule that waits reads it, and with it every other edit that reads it', async () => {
    lab.write('list.yaml', listRule('startsWithAnyOf'));
    lab.write('unchanged.yaml', listRule('inList', 'mode: monitor', 'unchanged'));
    lab.write('lists/new.txt', '+1\n');
    const running = await edited(both('most', 'notInList', 'mode: enforce'), () => {
      lab.write('list.yaml', listRule('notInList'));
      lab.write('lists/new.txt', '+1\n+2\n');
    });
    expect(await waiting()).toEqual({
      'limit.yaml': ['limits.csv'],
      'list.yaml': ['limits.csv'],
      'lists/risky.txt': ['limits.csv'],
    });
    expect(running.ruleSet().lists.get('risky')).toHaveLength(3);
    expect(running.ruleSet().lists.get('new')).toHaveLength(2);
    await lab.accept();
    await running.looks(1);
    expect(running.ruleSet().lists.get('risky')).toHaveLength(4);
    expect(await waiting()).toEqual({});
  });

  it('waits also where a rule reads it that stands beside the one that waits', async () => {
    const file = (limit: string, operator: string) =>
      `rules:\n${[limitRule(limit), listRule(operator)].map(item).join('')}`;
    lab.write('limit.yaml', file('max', 'startsWithAnyOf'));
    const running = await edited(file('most', 'notInList'));
    expect(await waiting()).toEqual({ 'limit.yaml': ['limits.csv'], 'lists/risky.txt': ['limits.csv'] });
    expect(running.ruleSet().lists.get('risky')).toHaveLength(3);
  });

  it('is taken where the rule only calms', async () => {
    const running = await edited(both('most', 'notInList', 'mode: off'));
    expect(await waiting()).toEqual({});
    expect(running.ruleSet().lists.get('risky')).toHaveLength(4);
    expect(running.rule('by-limit')?.mode).toBe('off');
  });
});

describe('an edit of which two files are held back', () => {
  it('is taken whole once both are accepted, and by no half in between', async () => {
    const both = (operator: string, limit: string) =>
      `rules:\n${[listRule(operator), limitRule(limit)].map(item).join('')}`;
    const one = (operator: string, limit: string) =>
      both(operator, limit).replace(
        'all: [{',
        `all: [{ fact: account.connectedCalls, operator: greaterThan, value: { fact: account.limit, params: { name: ${limit}, default: 5 } } }, {`,
      );
    lab.remove('list.yaml');
    lab.write('limit.yaml', one('startsWithAnyOf', 'max'));
    const running = await lab.run();
    const before = running.ruleSet();
    lab.write('limit.yaml', one('notInList', 'most'));
    lab.write('limits.csv', limits('most'));
    lab.write('lists/risky.txt', '+491701234567\n');
    await running.looks();
    const [held] = (await lab.report()).heldBack;
    if (held === undefined) throw new Error('Nothing is held back.');
    await lab.rulesInForce.accept(lab.dir, held, 'cli:ops', 0);
    await running.looks();
    expect(running.ruleSet()).toBe(before);
    expect(await waiting()).toEqual({ 'limit.yaml': ['lists/risky.txt'], 'limits.csv': ['lists/risky.txt'] });
    await lab.accept();
    await running.looks(1);
    expect(running.ruleSet().lists.get('risky')).toHaveLength(1);
    expect(running.ruleSet().limits[0]).toMatchObject({ name: 'most' });
    expect(await lab.report()).toMatchObject({ heldBack: [], waiting: [], problems: [] });
  });
});

describe('an edit of two lists that one rule reads', () => {
  const blocking = (mode: string, operator = 'notInList') =>
    listRule('startsWithAnyOf', `mode: ${mode}`, 'blocking').replace(
      'value: risky }',
      `value: risky }, { fact: call.cli, operator: ${operator}, value: spared }`,
    );
  const held = (name: string) =>
    lab.report().then((one) => one.heldBack.find(({ file }) => file === path(name)));
  const lists = (running: { ruleSet(): { lists: ReadonlyMap<string, readonly string[]> } }) =>
    ['risky', 'spared'].map((name) => running.ruleSet().lists.get(name));
  const SPARED = ['lists/spared.txt'];
  const NEW_RISKY = ['881', '882', '883', '49'].map((one) => `+${one}`);

  beforeEach(() => {
    lab.write('blocking.yaml', blocking('enforce'));
    lab.write('lists/spared.txt', '+441\n+442\n');
  });

  async function edited() {
    const running = await lab.run();
    lab.write('lists/risky.txt', '+881\n+882\n+883\n+49\n');
    lab.write('lists/spared.txt', '+443\n+444\n');
    await running.looks();
    return running;
  }

  it('is not taken by half though the rule is as before, over a restart neither, and whole once that is accepted', async () => {
    const running = await edited();
    for (const one of [running, await lab.run(), { ruleSet: await lab.once().then((set) => () => set) }]) {
      expect(lists(one)).toEqual([
        ['+881', '+882', '+883'],
        ['+441', '+442'],
      ]);
    }
    expect(await waiting()).toEqual({ 'lists/risky.txt': SPARED });
    expect(lab.told('warn').at(-1)).toContain(`${path('lists/risky.txt')} is not taken yet, since`);
    await lab.accept();
    await running.looks(1);
    expect(lists(running)).toEqual([NEW_RISKY, ['+443', '+444']]);
    expect(await lab.report()).toMatchObject({ heldBack: [], waiting: [], problems: [] });
  });

  it('is taken by no half where both are held back and one is accepted', async () => {
    const running = await edited();
    lab.write('lists/risky.txt', '+49\n');
    await running.looks();
    expect(await waiting()).toEqual({});
    for (const name of ['lists/risky.txt', 'lists/spared.txt']) {
      expect(lists(running)[0]).toHaveLength(3);
      const one = await held(name);
      if (one === undefined) throw new Error('It is not held back.');
      await lab.rulesInForce.accept(lab.dir, one, 'cli:ops', 0);
      await running.looks(1);
      if (name === 'lists/risky.txt') expect(await waiting()).toEqual({ 'lists/risky.txt': SPARED });
    }
    expect(lists(running)).toEqual([['+49'], ['+443', '+444']]);
  });

  it.each(['monitor', 'off'])('is taken as far as it goes where the rule does not cut: %s', async (mode) => {
    const running = await edited();
    lab.write('blocking.yaml', blocking(mode));
    await running.looks();
    expect(await waiting()).toEqual({});
    expect(running.rule('blocking')?.mode).toBe(mode);
    expect(lists(running)).toEqual([NEW_RISKY, ['+441', '+442']]);
    // Half of the edit is in force by now, so it waits for the other.
    lab.write('blocking.yaml', blocking('enforce'));
    await running.looks();
    expect(await waiting()).toEqual({ 'blocking.yaml': SPARED });
    expect(running.rule('blocking')?.mode).toBe(mode);
  });

  it('takes no list alone that a calmed rule of a file that waits reads, since it is as before once its mode is', async () => {
    const file = (limit: string, mode: string, operator?: string) =>
      `rules:\n${[limitRule(limit), blocking(mode, operator)].map(item).join('')}`;
    lab.remove('blocking.yaml');
    lab.write('limit.yaml', file('max', 'enforce'));
    const running = await lab.run();
    lab.write('limit.yaml', file('most', 'off', 'inList'));
    lab.write('limits.csv', limits('most'));
    lab.write('lists/spared.txt', '+441\n+442\n+443\n');
    await running.looks();
    const all = { 'limit.yaml': ['limits.csv'], 'lists/spared.txt': ['limits.csv'] };
    expect(await waiting()).toEqual(all);
    expect(running.rule('blocking')?.mode).toBe('off');
    lab.write('limit.yaml', file('most', 'enforce', 'inList'));
    await running.looks();
    expect(running.rule('blocking')?.mode).toBe('enforce');
    expect(JSON.stringify(running.rule('blocking')?.conditions)).toContain('notInList');
    expect(lists(running)[1]).toHaveLength(2);
    await lab.accept();
    await running.looks(1);
    expect(JSON.stringify(running.rule('blocking')?.conditions)).not.toContain('notInList');
    expect(lists(running)[1]).toHaveLength(3);
  });
});

/** A rule as an item of a list. */
function item(rule: string): string {
  return rule.trim().replace(/^/gm, '    ').replace('    ', '  - ').concat('\n');
}
