import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CliContext } from '../../src/cli/context.js';
import { rulesAtStart } from '../../src/cli/rules-at-start.js';
import { createRulesReload, type RulesReload } from '../../src/cli/rules-reload.js';
import type { Config } from '../../src/domain/config.js';
import type { RuleSet } from '../../src/domain/rule.js';
import type { RulesInForce, RulesReport } from '../../src/domain/rules-in-force.js';
import { tempDir, tempStore } from '../support/temp-store.js';

const START = Date.parse('2026-01-05T10:00:00Z');

let now: number;
let dir: string;
let rulesInForce: RulesInForce;
let said: string[];
let logged: { level: string; text: string; fields: object }[];

beforeEach(() => {
  now = START;
  dir = join(tempDir(), 'rules');
  rulesInForce = tempStore().store.rulesInForce;
  said = [];
  logged = [];
  write('a.yaml', rule('a'));
  write('lists/risky.txt', lines(10));
});

function write(name: string, text: string): void {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), text);
}

function rule(name: string, more = ''): string {
  return `
name: ${name}
scope: call
mode: monitor
conditions:
  all:
    - { fact: call.cld, operator: startsWithAnyOf, value: risky }
event: { type: disconnectCall }
${more}`;
}

/** One that reads no list. */
function plainRule(name: string): string {
  return rule(name).replace(
    'call.cld, operator: startsWithAnyOf, value: risky',
    'call.duration, operator: greaterThan, value: 5',
  );
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `+88${1000 + index}\n`).join('');
}

function limits(count: number): string {
  const rows = Array.from({ length: count }, (_, index) => `account,${index + 1},calls,5\n`);
  return `scope,id,name,value\n${rows.join('')}`;
}

function config(): Config {
  return { file: '/etc/callwarden.yaml', rulesDir: dir, switches: [] as Config['switches'] } as Config;
}

interface Running extends RulesReload {
  /** What is in force, as the service was told. */
  names(): string[];
  ruleSet(): RuleSet;
  /** Enough looks for a change to count. */
  settle(): Promise<void>;
  report(): Promise<RulesReport>;
}

/** What `run` does, without its passes. */
async function run(use?: (ruleSet: RuleSet) => void): Promise<Running> {
  const started = await rulesAtStart(config(), rulesInForce, quietContext());
  let inForce = started.ruleSet;
  const log = (level: string) => (fields: object, text: string) => void logged.push({ level, text, fields });
  const reload = createRulesReload({
    directory: dir,
    configFile: '/etc/callwarden.yaml',
    config: { file: '/etc/callwarden.yaml', switches: [], retention: { ledgerMs: 0, audit: 'forever' } },
    rulesInForce,
    started,
    use(ruleSet) {
      use?.(ruleSet);
      inForce = ruleSet;
    },
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    clock: () => now,
  });
  await reload.look();
  return {
    ...reload,
    names: () => inForce.rules.map(({ name }) => name),
    ruleSet: () => inForce,
    async settle() {
      for (let look = 0; look < 3; look += 1) {
        now += 1_000;
        await reload.look();
      }
    },
    async report() {
      const report = await rulesInForce.lastReport(dir);
      if (report === undefined) throw new Error('Nothing was reported.');
      return report;
    },
  };
}

/** What `rules accept` does with all that is held back. */
async function accept(running: Running): Promise<void> {
  const { heldBack } = await running.report();
  if (heldBack.length === 0) throw new Error('Nothing is held back.');
  for (const held of heldBack) await rulesInForce.accept(dir, held, 'cli:ops', now);
}

/** What `once` does beside a service, without its pass. */
async function once(): Promise<void> {
  const started = await rulesAtStart(config(), rulesInForce, quietContext());
  await rulesInForce.keep(dir, started.weighed.files, now);
}

function quietContext(): CliContext {
  return {
    clock: () => now,
    stderr: { write: async (text: string) => void said.push(text), isTerminal: false, columns: undefined },
  } as unknown as CliContext;
}

function texts(level: string): string[] {
  return logged.filter((entry) => entry.level === level).map(({ text }) => text);
}

describe('a file that keeps changing', () => {
  it('is named in the log and the report, once, until it rests and everything is taken', async () => {
    const running = await run();
    const before = await running.report();
    write('b.yaml', rule('b'));
    for (let round = 0; round < 20; round += 1) {
      write('lists/risky.txt', `${lines(10)}# ${round}\n`);
      now += 1_000;
      await running.look();
    }
    expect(running.names()).toEqual(['a']);
    const risky = join(dir, 'lists/risky.txt');
    expect(texts('error').filter((text) => text.includes(`${risky}: This keeps changing`))).toHaveLength(1);
    expect(await running.report()).toMatchObject({
      loadedHash: before.loadedHash,
      diskHash: '',
      problems: expect.arrayContaining([expect.objectContaining({ file: risky })]),
    });
    await running.settle();
    expect(running.names()).toEqual(['a', 'b']);
    const after = await running.report();
    expect(after).toMatchObject({ problems: [], diskHash: after.loadedHash });
    expect(texts('info').at(-1)).toContain('all rules on disk are in force again');
  });
});

describe('a change that is in order', () => {
  it('is taken up whole, with one line that says what it brought', async () => {
    const running = await run();
    const before = await running.report();
    write('a.yaml', rule('a', 'priority: 5'));
    write('b.yaml', rule('b'));
    await running.settle();
    expect(running.names()).toEqual(['a', 'b']);
    expect(running.ruleSet().rules[0]?.priority).toBe(5);
    const after = await running.report();
    expect(texts('info')).toEqual([
      `rules reloaded: added b; changed a (a.yaml, b.yaml); 2 rules in force, hash ${after.loadedHash.slice(0, 12)}`,
    ]);
    expect(after).toMatchObject({ directory: dir, rules: 2, problems: [], heldBack: [] });
    expect(after.loadedHash).toBe(after.diskHash);
    expect(after.loadedHash).not.toBe(before.loadedHash);
    expect(after.loadedAt).toBeGreaterThan(before.loadedAt);
  });

  it('may be a removal, of the last rule even, which is said', async () => {
    const running = await run();
    rmSync(join(dir, 'a.yaml'));
    await running.settle();
    expect(running.names()).toEqual([]);
    expect(texts('info')[0]).toContain('removed a (a.yaml); 0 rules in force');
    expect(texts('warn').join()).toContain('nothing will ever be judged');
  });

  it('may be an atomic rename, as editors do it', async () => {
    const running = await run();
    writeFileSync(join(dir, '..', 'a.yaml.new'), rule('renamed'));
    renameSync(join(dir, '..', 'a.yaml.new'), join(dir, 'a.yaml'));
    await running.settle();
    expect(running.names()).toEqual(['renamed']);
  });

  it('may be a link to the directory that is swapped', async () => {
    const [one, two] = [dir, join(dir, '..', 'two')];
    dir = join(dir, '..', 'current');
    symlinkSync(one, dir);
    const running = await run();
    mkdirSync(join(two, 'lists'), { recursive: true });
    writeFileSync(join(two, 'b.yaml'), rule('b'));
    writeFileSync(join(two, 'lists', 'risky.txt'), lines(11));
    symlinkSync(two, `${dir}.tmp`);
    renameSync(`${dir}.tmp`, dir);
    await running.settle();
    expect(running.names()).toEqual(['b']);
  });

  it('changes the rules that use a list where the list changes', async () => {
    const running = await run();
    write('lists/risky.txt', lines(12));
    await running.settle();
    expect(running.ruleSet().lists.get('risky')).toHaveLength(12);
    expect(texts('info')[0]).toContain('changed a (lists/risky.txt)');
  });

  it('tells nothing of a file that was only touched', async () => {
    const running = await run();
    write('a.yaml', rule('a'));
    await running.settle();
    expect(logged).toEqual([]);
  });

  it('waits for the second half of a file', async () => {
    const running = await run();
    const whole = rule('late');
    write('b.yaml', whole.slice(0, 40));
    await running.look();
    write('b.yaml', whole);
    await running.settle();
    expect(running.names()).toEqual(['a', 'late']);
    expect(texts('error')).toEqual([]);
  });
});

describe('a bad edit', () => {
  it('leaves the last good set in force, with file and line in log and report, until it is mended', async () => {
    const running = await run();
    const { loadedHash } = await running.report();
    write('a.yaml', rule('a', 'mode: enforced'));
    write('b.yaml', rule('b'));
    await running.settle();
    expect(running.names()).toEqual(['a']);
    expect(texts('error')).toHaveLength(1);
    expect(texts('error')[0]).toMatch(/a\.yaml:\d+:\d+: The key /);
    const bad = await running.report();
    expect(bad.loadedHash).toBe(loadedHash);
    expect(bad.diskHash).not.toBe(loadedHash);
    expect(bad.problems).toMatchObject([{ file: join(dir, 'a.yaml'), severity: 'error' }]);
    expect(bad.problems[0]?.location?.line).toBeGreaterThan(1);

    write('a.yaml', rule('a', 'priority: 7'));
    await running.settle();
    expect(running.names()).toEqual(['a', 'b']);
    expect(await running.report()).toMatchObject({ problems: [], rules: 2 });
    expect(texts('info').at(-1)).toContain('all rules on disk are in force again');
  });

  it('is cleared by taking it back, too', async () => {
    const running = await run();
    const good = readFileSync(join(dir, 'a.yaml'), 'utf8');
    const before = await running.report();
    write('a.yaml', 'name: [');
    await running.settle();
    write('a.yaml', good);
    await running.settle();
    expect(await running.report()).toEqual(before);
    expect(texts('info').join()).not.toContain('reloaded');
  });

  it('is logged once for as long as it lasts, and again after ten minutes', async () => {
    const running = await run();
    write('a.yaml', 'name: [');
    await running.settle();
    const once = texts('error').length;
    await running.settle();
    expect(texts('error')).toHaveLength(once);
    now += 10 * 60_000;
    await running.look();
    expect(texts('error')).toHaveLength(2 * once);
  });

  it('may be one that only the service finds: what cannot be put in force leaves the old rules there', async () => {
    const running = await run(() => {
      throw new Error('it does not compile');
    });
    write('b.yaml', rule('b'));
    await running.settle();
    expect(running.names()).toEqual(['a']);
    expect((await running.report()).problems).toMatchObject([
      { message: expect.stringContaining('it does not compile') },
    ]);
  });

  it('ends a start, as ever', async () => {
    write('a.yaml', 'name: [');
    await expect(run()).rejects.toMatchObject({ code: 'RULES_INVALID' });
  });
});

describe('a rule file that was emptied', () => {
  it.each(['', '\n', '# later\n', '---\n'])('is a bad edit: %j', async (text) => {
    write('b.yaml', rule('b'));
    const running = await run();
    write('b.yaml', text);
    write('c.yaml', rule('c'));
    await running.settle();
    expect(running.names()).toEqual(['a', 'b']);
    const message = expect.stringContaining('To remove them delete the file');
    expect((await running.report()).problems).toEqual([
      { file: join(dir, 'b.yaml'), message, severity: 'error' },
    ]);
    expect(texts('error')).toEqual([
      expect.stringContaining(`${join(dir, 'b.yaml')}: This file holds nothing`),
    ]);
    rmSync(join(dir, 'b.yaml'));
    await running.settle();
    expect(running.names()).toEqual(['a', 'c']);
    expect(await running.report()).toMatchObject({ problems: [] });
  });

  it('is none where it held nothing before, and no more than a warning at a start', async () => {
    write('b.yaml', '');
    const running = await run();
    expect(said).toEqual([expect.stringContaining('warning: This file holds no rule.')]);
    write('b.yaml', '# nothing yet\n');
    write('c.yaml', '');
    await running.settle();
    expect(await running.report()).toMatchObject({ problems: [] });
    expect(texts('info')).toEqual([expect.stringContaining('no rule changed')]);
  });
});

describe('a rule file that is the beginning of what is in force', () => {
  const exempt = 'except: { accounts: [7] }\n';
  const looks = async (running: Running, count: number) => {
    for (let look = 0; look < count; look += 1) {
      now += 1_000;
      await running.look();
    }
  };

  beforeEach(() => write('a.yaml', rule('a', exempt)));

  it('is waited for while its writer pauses, and so is every other change', async () => {
    const running = await run();
    const before = await running.report();
    write('a.yaml', rule('a'));
    write('b.yaml', rule('b'));
    await looks(running, 6);
    expect(running.names()).toEqual(['a']);
    expect(running.ruleSet().rules[0]?.except).toMatchObject({ accounts: [{}] });
    const file = join(dir, 'a.yaml');
    expect(await running.report()).toMatchObject({
      loadedHash: before.loadedHash,
      problems: [
        { file, severity: 'warning', message: expect.stringContaining('left alone for 15 seconds') },
      ],
    });
    expect(texts('warn')).toEqual([expect.stringContaining(`${file}: This is only the beginning`)]);
    expect(texts('error')).toEqual([]);

    write('a.yaml', rule('a', exempt));
    await running.settle();
    expect(running.names()).toEqual(['a', 'b']);
    expect(texts('info')).toEqual([
      expect.stringMatching(/^rules reloaded: added b \(b\.yaml\); .* in force again$/),
    ]);
  });

  it('is taken once it has been left alone for fifteen seconds', async () => {
    const running = await run();
    write('a.yaml', rule('a'));
    await looks(running, 10);
    // Another edit does not make it wait anew.
    write('b.yaml', rule('b'));
    await looks(running, 4);
    expect(running.names()).toEqual(['a']);
    await looks(running, 3);
    expect(running.names()).toEqual(['a', 'b']);
    expect(running.ruleSet().rules[0]?.except).toEqual({});
    expect(await running.report()).toMatchObject({ problems: [], rules: 2 });
    expect(texts('info')[0]).toContain('changed a (a.yaml, b.yaml)');
  });

  it('is waited for anew where it was whole in between', async () => {
    const running = await run();
    for (let round = 0; round < 3; round += 1) {
      write('a.yaml', rule('a'));
      await looks(running, 10);
      write('a.yaml', rule('a', exempt));
      await looks(running, 2);
    }
    expect(texts('info').join()).not.toContain('reloaded');
  });

  it('is refused at once where the check refuses it', async () => {
    const running = await run();
    write('a.yaml', rule('a').slice(0, 40));
    await running.settle();
    const { problems } = await running.report();
    expect(new Set(problems.map(({ severity }) => severity))).toEqual(new Set(['error']));
  });

  it('is taken as any other where it lacks but a blank end', async () => {
    const running = await run();
    write('a.yaml', rule('a', exempt).trimEnd());
    await running.settle();
    expect(texts('info')).toEqual([expect.stringContaining('no rule changed')]);
  });
});

describe('a directory that is gone for a while', () => {
  it('leaves the last good set in force and says so', async () => {
    const running = await run();
    const before = await running.report();
    renameSync(dir, `${dir}.away`);
    await running.settle();
    expect(running.names()).toEqual(['a']);
    expect(texts('error')).toEqual([expect.stringContaining(`There is no rules directory ${dir}`)]);
    expect(await running.report()).toMatchObject({ diskHash: '', loadedHash: before.loadedHash });
    renameSync(`${dir}.away`, dir);
    await running.settle();
    expect(await running.report()).toEqual(before);
  });
});

describe('a list that lost more than a fifth of its entries', () => {
  it('keeps its last good text, while the other changes go through', async () => {
    const running = await run();
    write('lists/risky.txt', lines(7));
    write('b.yaml', plainRule('b'));
    await running.settle();
    expect(running.names()).toEqual(['a', 'b']);
    expect(running.ruleSet().lists.get('risky')).toHaveLength(10);
    expect(texts('warn').filter((text) => text.includes('held back'))).toEqual([
      expect.stringContaining('risky.txt is held back: it lost 3 of the 10 entries in force and has 7 now'),
    ]);
    expect(await running.report()).toMatchObject({
      problems: [],
      heldBack: [{ file: join(dir, 'lists', 'risky.txt'), entriesBefore: 10, entriesNow: 7, lost: 3 }],
    });
  });

  it('takes effect at the next look after a person accepted it', async () => {
    const running = await run();
    write('lists/risky.txt', lines(7));
    await running.settle();
    await accept(running);
    await running.look();
    expect(running.ruleSet().lists.get('risky')).toHaveLength(7);
    expect(await running.report()).toMatchObject({ heldBack: [] });
    // The comparison goes on from what was accepted.
    write('lists/risky.txt', `# shorter\n${lines(6)}`);
    await running.settle();
    expect(running.ruleSet().lists.get('risky')).toHaveLength(6);
  });

  it('takes effect when it has its entries back', async () => {
    const running = await run();
    write('lists/risky.txt', lines(1));
    await running.settle();
    write('lists/risky.txt', `# almost\n${lines(9)}`);
    await running.settle();
    expect(running.ruleSet().lists.get('risky')).toHaveLength(9);
    expect(await running.report()).toMatchObject({ heldBack: [] });
  });

  it('is held back across a restart, and still held back after that one', async () => {
    await run();
    write('lists/risky.txt', lines(2));
    for (let restart = 0; restart < 2; restart += 1) {
      said = [];
      const running = await run();
      expect(running.ruleSet().lists.get('risky')).toHaveLength(10);
      expect(said.join()).toContain('risky.txt is held back');
      expect((await running.report()).heldBack).toHaveLength(1);
    }
  });

  it('is kept when it is deleted together with nothing else, across a restart too', async () => {
    const running = await run();
    rmSync(join(dir, 'lists'), { recursive: true });
    await running.settle();
    expect(running.ruleSet().lists.get('risky')).toHaveLength(10);
    expect((await run()).ruleSet().lists.get('risky')).toHaveLength(10);
  });

  it('is not held back at the very first start', async () => {
    write('lists/risky.txt', lines(1));
    expect((await run()).ruleSet().lists.get('risky')).toHaveLength(1);
    expect(said).toEqual([]);
  });
});

describe('what a person accepted', () => {
  const listed = (running: Running, name = 'risky') => running.ruleSet().lists.get(name)?.length;

  it('lets one file through, and no other that has the same text', async () => {
    write('lists/other.txt', lines(10));
    const running = await run();
    for (const name of ['risky', 'other']) write(`lists/${name}.txt`, '+999\n');
    await running.settle();
    const [other, risky] = (await running.report()).heldBack;
    if (other === undefined || risky === undefined) throw new Error('Nothing is held back.');
    await rulesInForce.accept(dir, risky, 'cli:ops', now);
    await running.settle();
    expect([listed(running), listed(running, 'other')]).toEqual([1, 10]);
    expect((await running.report()).heldBack).toMatchObject([{ file: join(dir, 'lists', 'other.txt') }]);
  });

  it.each([
    ['a list', 'lists/risky.txt', lines(10), lines(1)],
    ['limits', 'limits.csv', limits(10), limits(1)],
    ['a deletion', 'lists/unused.txt', lines(10), undefined],
  ])('is good for one time: %s', async (_, name, long, short) => {
    const shorten = () => (short === undefined ? rmSync(join(dir, name)) : write(name, short));
    write(name, long);
    const running = await run();
    for (let time = 0; time < 2; time += 1) {
      shorten();
      await running.settle();
      expect((await running.report()).heldBack).toMatchObject([{ file: join(dir, name) }]);
      await accept(running);
      await running.settle();
      expect(await running.report()).toMatchObject({ heldBack: [] });
      write(name, long);
      await running.settle();
    }
    shorten();
    const restarted = await run();
    expect((await restarted.report()).heldBack).toMatchObject([{ file: join(dir, name) }]);
  });

  it('takes effect at a restart between that and the reload, once', async () => {
    const running = await run();
    write('lists/risky.txt', lines(1));
    await running.settle();
    await accept(running);
    const second = await run();
    expect(listed(second)).toBe(1);
    write('lists/risky.txt', lines(10));
    await second.settle();
    write('lists/risky.txt', lines(1));
    await second.settle();
    expect(listed(second)).toBe(10);
    expect((await second.report()).heldBack).toHaveLength(1);
  });

  it('takes effect in the service where a single pass beside it was quicker, once', async () => {
    const running = await run();
    write('lists/risky.txt', lines(1));
    await running.settle();
    await accept(running);
    await once();
    expect((await rulesInForce.accepted(dir)).open).toEqual([]);
    await running.look();
    expect(listed(running)).toBe(1);
    write('lists/risky.txt', lines(10));
    await running.settle();
    write('lists/risky.txt', lines(1));
    await running.settle();
    expect(listed(running)).toBe(10);
  });

  it('is over where only a single pass beside the service went by it before it was taken back', async () => {
    const running = await run();
    write('lists/risky.txt', lines(1));
    await running.settle();
    await accept(running);
    await once();
    write('lists/risky.txt', lines(10));
    await running.settle();
    write('lists/risky.txt', lines(1));
    await running.settle();
    expect(listed(running)).toBe(10);
    expect((await running.report()).heldBack).toHaveLength(1);
  });
});

describe('what is mended', () => {
  const risky = () => join(dir, 'lists', 'risky.txt');

  it('is told in the line of the reload, and in no other', async () => {
    const running = await run();
    write('b.yaml', 'name: [');
    await running.settle();
    write('b.yaml', rule('b'));
    await running.settle();
    expect(texts('info')).toEqual([
      expect.stringMatching(
        /^rules reloaded: added b .*, hash [0-9a-f]{12}; all rules on disk are in force again$/,
      ),
    ]);
  });

  it('is told in one line where a loss was accepted, too', async () => {
    const running = await run();
    write('lists/risky.txt', lines(7));
    await running.settle();
    await accept(running);
    await running.settle();
    expect(texts('info')).toEqual([expect.stringMatching(/^rules reloaded: changed a .* in force again$/)]);
  });

  it('is told in a line of its own where nothing had to be reloaded', async () => {
    const running = await run();
    write('b.yaml', 'name: [');
    await running.settle();
    rmSync(join(dir, 'b.yaml'));
    await running.settle();
    write('lists/risky.txt', lines(7));
    await running.settle();
    write('lists/risky.txt', lines(10));
    await running.settle();
    const told = expect.stringMatching(/^all rules on disk are in force again, hash [0-9a-f]{12}$/);
    expect(texts('info')).toEqual([told, told]);
  });

  it('is told while a file is still held back, with or without a reload', async () => {
    const running = await run();
    write('lists/risky.txt', lines(2));
    write('b.yaml', 'name: [');
    await running.settle();
    expect(texts('info')).toEqual([]);
    rmSync(join(dir, 'b.yaml'));
    await running.settle();
    const told = `the problem in ${join(dir, 'b.yaml')} is mended; still held back: ${risky()}`;
    expect(texts('info')).toEqual([told]);

    logged = [];
    write('b.yaml', 'name: [');
    write('c.yaml', 'name: [');
    await running.settle();
    write('b.yaml', plainRule('b'));
    rmSync(join(dir, 'c.yaml'));
    await running.settle();
    expect(texts('info')).toEqual([expect.stringMatching(/^rules reloaded: added b .*; the problems in .*/)]);
    expect(texts('info')[0]).toContain(
      `${join(dir, 'b.yaml')}, ${join(dir, 'c.yaml')} are mended; still held back: ${risky()}`,
    );
  });

  it('is told of a directory that comes back, while a file is still held back', async () => {
    const running = await run();
    write('lists/risky.txt', lines(2));
    await running.settle();
    renameSync(dir, `${dir}.away`);
    await running.settle();
    renameSync(`${dir}.away`, dir);
    await running.settle();
    await running.settle();
    expect(texts('info')).toEqual([`the problem in ${dir} is mended; still held back: ${risky()}`]);
  });
});

describe('a store that fails', () => {
  it('is told, and the change is taken up as soon as it can be', async () => {
    const broken = new Error('disk full');
    const running = await run();
    const { accepted } = rulesInForce;
    rulesInForce.accepted = () => Promise.reject(broken);
    write('b.yaml', rule('b'));
    await running.settle();
    expect(running.names()).toEqual(['a']);
    expect(texts('error')).toEqual([expect.stringContaining('disk full')]);
    rulesInForce.accepted = accepted;
    await running.settle();
    expect(running.names()).toEqual(['a', 'b']);
  });
});
