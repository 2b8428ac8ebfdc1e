import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RuleSet } from '../../src/domain/rule.js';
import { reloadLab } from './support-reload.js';

const RULE = `
name: risky
scope: call
mode: monitor
conditions: { all: [{ fact: call.cld, operator: startsWithAnyOf, value: risky }] }
event: { type: disconnectCall }
`;

let lab: ReturnType<typeof reloadLab>;

beforeEach(() => {
  lab = reloadLab();
});

function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `+88${1000 + index}\n`).join('');
}

/** A release with a list of so many entries. */
function release(name: string, entries: number, rule = RULE): string {
  const directory = join(lab.root, name, 'rules');
  mkdirSync(join(directory, 'lists'), { recursive: true });
  writeFileSync(join(directory, 'risky.yaml'), rule);
  writeFileSync(join(directory, 'lists', 'risky.txt'), lines(entries));
  return directory;
}

/** Leads `current` to a release, as `ln -sfn` and Kubernetes do. */
function lead(name: string): void {
  symlinkSync(name, join(lab.root, 'tmp'));
  renameSync(join(lab.root, 'tmp'), join(lab.root, 'current'));
}

const current = () => join(lab.root, 'current', 'rules');
const listed = async () => (await lab.once()).lists.get('risky')?.length;
const heldBack = () => expect.stringContaining(`${join(lab.dir, 'lists', 'risky.txt')} is held back`);

describe('a rules directory that is reached by a symbolic link', () => {
  it('is the same by whatever name, for what is held back, accepted and reported', async () => {
    const directory = release('q1', 9);
    lead('q1');
    lab.dir = directory;
    expect(await listed()).toBe(9);
    writeFileSync(join(directory, 'lists', 'risky.txt'), lines(3));
    for (const name of [current(), directory]) {
      lab.dir = name;
      expect(await listed()).toBe(9);
      expect(lab.told('stderr')).toEqual([heldBack()]);
    }
    await lab.run();
    lab.dir = current();
    expect((await lab.report()).heldBack).toMatchObject([{ lost: 6 }]);
    const [held] = (await lab.report()).heldBack;
    if (held === undefined) throw new Error('Nothing is held back.');
    await lab.rulesInForce.accept(directory, held, 'cli:ops', 0);
    expect(await listed()).toBe(3);
    expect((await lab.rulesInForce.accepted(directory)).open).toEqual([]);
  });

  it('is not what status tells of once while a service goes by it by another name', async () => {
    const directory = release('q1', 9);
    lead('q1');
    lab.dir = current();
    await lab.run();
    const end = await lab.rulesInForce.serve(current());
    const report = await lab.report();
    await lab.rulesInForce.reportUnlessServed({ ...report, directory, rules: 77 });
    expect((await lab.rulesInForce.lastReport(directory))?.rules).toBe(1);
    end();
    await lab.rulesInForce.reportUnlessServed({ ...report, directory, rules: 77 });
    expect((await lab.report()).rules).toBe(77);
  });
});

describe('a link that leads to another directory than before', () => {
  beforeEach(() => {
    release('r1', 9);
    lead('r1');
    lab.dir = current();
  });

  it('has the lists of the one before for comparison, in the service, at a start and for once', async () => {
    const running = await lab.run();
    release('r2', 3);
    lead('r2');
    await running.looks();
    expect(running.ruleSet().lists.get('risky')).toHaveLength(9);
    expect(lab.told('warn')).toEqual([heldBack()]);
    expect((await lab.run()).ruleSet().lists.get('risky')).toHaveLength(9);
    expect(await listed()).toBe(9);
    await lab.accept();
    await running.looks(1);
    expect(running.ruleSet().lists.get('risky')).toHaveLength(3);
    expect((await lab.rulesInForce.accepted(current())).open).toEqual([]);
    expect(await listed()).toBe(3);
  });

  it('holds back the lists of a release before, too, where that had fewer entries', async () => {
    await lab.once();
    for (const [name, entries] of [
      ['r2', 10],
      ['r3', 11],
    ] as const) {
      release(name, entries);
      lead(name);
      expect(await listed()).toBe(entries);
    }
    release('r1', 2);
    lead('r1');
    expect(await listed()).toBe(11);
    expect(lab.told('stderr')).toEqual([heldBack()]);
  });

  it.each([
    ['a newer release', 'r2', 3],
    ['the release before', 'r1', 3],
  ])(
    'is compared with what was in force by its name, though the other was tried by its own path: %s',
    async (_, tried, entries) => {
      release('r1', tried === 'r1' ? entries : 9);
      const running = await lab.run();
      if (tried === 'r1') {
        release('r2', 9);
        lead('r2');
        await running.looks();
      }
      lab.dir = release(tried, entries);
      expect(await listed()).toBe(entries);
      lab.dir = current();
      lead(tried);
      await running.looks();
      expect(running.ruleSet().lists.get('risky')).toHaveLength(9);
      expect((await lab.run()).ruleSet().lists.get('risky')).toHaveLength(9);
      expect(await listed()).toBe(9);
      await lab.accept();
      await running.looks(1);
      expect(running.ruleSet().lists.get('risky')).toHaveLength(3);
      expect(await listed()).toBe(3);
    },
  );

  it('takes all its names along, so that each is compared once', async () => {
    await lab.once();
    symlinkSync('current', join(lab.root, 'also'));
    lab.dir = join(lab.root, 'also', 'rules');
    await lab.once();
    release('r2', 3);
    lead('r2');
    expect(await listed()).toBe(9);
    await lab.run();
    await lab.accept();
    expect(await listed()).toBe(3);
    lab.dir = current();
    lab.told('stderr');
    expect(await listed()).toBe(3);
    expect(lab.told('stderr')).toEqual([]);
  });

  it('keeps what was accepted, and waits for what a rule belongs to', async () => {
    await lab.once();
    writeFileSync(join(lab.dir, 'lists', 'risky.txt'), lines(3));
    const running = await lab.run();
    await lab.accept();
    release('r2', 3);
    lead('r2');
    expect(await listed()).toBe(3);
    await running.looks();
    expect(running.ruleSet().lists.get('risky')).toHaveLength(3);
    release('r3', 1, RULE.replace('startsWithAnyOf', 'notInList'));
    lead('r3');
    await running.looks();
    expect((await lab.report()).waiting).toMatchObject([{ file: join(current(), 'risky.yaml') }]);
  });

  it('takes the report and the lock of a service along', async () => {
    const running = await lab.run();
    const end = await lab.rulesInForce.serve(current());
    const directory = release('r2', 9);
    lead('r2');
    await running.looks();
    const report = await lab.report();
    expect(report).toMatchObject({ directory: current(), heldBack: [], problems: [] });
    await lab.rulesInForce.reportUnlessServed({ ...report, directory, rules: 77 });
    expect(await lab.report()).toEqual(report);
    end();
    await lab.rulesInForce.reportUnlessServed({ ...report, directory, rules: 77 });
    expect((await lab.report()).rules).toBe(77);
  });
});

describe('a directory that was never used, by a name that never was', () => {
  it('has nothing to be compared with, be it one more release of the last one or rules of another config', async () => {
    lab.dir = release('r1', 9);
    lab.write('limits.csv', 'scope,id,name,value\naccount,1,max,5\n');
    await lab.once();
    lab.told('stderr');
    const changed = RULE.replace('monitor', 'monitor\npriority: 3');
    lab.dir = release('r2', 3, changed);
    const running = await lab.run();
    expect(running.ruleSet().lists.get('risky')).toHaveLength(3);
    expect(running.ruleSet().limits).toEqual([]);
    expect(running.rule('risky')?.priority).toBe(3);
    expect(lab.told('stderr')).toEqual([]);
    expect(await lab.report()).toMatchObject({ heldBack: [], waiting: [] });
    // The first stands for itself, as before.
    lab.dir = release('r1', 3);
    expect(await listed()).toBe(9);
  });

  it('is one of the ten whose texts are kept', async () => {
    for (let count = 0; count < 12; count += 1) {
      lab.dir = release(`r${count}`, 9 + count);
      await lab.once();
    }
    const kept = async (name: string) =>
      (await lab.rulesInForce.load(join(lab.root, name, 'rules'))).at(0)?.text;
    expect(await kept('r2')).toBe(lines(11));
    // Forgotten, and so one that was never used.
    expect(await kept('r1')).toBe(undefined);
    lab.told('stderr');
    lab.dir = release('r1', 2);
    expect(await listed()).toBe(2);
    expect(lab.told('stderr')).toEqual([]);
  });
});

describe('a running service beside many other directories', () => {
  async function served() {
    lab.dir = release('served', 9);
    return lab.run();
  }

  async function othersUsed(first: number, last: number, between = async () => {}): Promise<void> {
    const { dir } = lab;
    for (let other = first; other <= last; other += 1) {
      lab.dir = release(`other-${other}`, 9);
      await lab.once();
      await between();
    }
    lab.dir = dir;
  }

  it('is forgotten no sooner than if it had been used just now, so that a restart has what it compares with', async () => {
    const running = await served();
    await othersUsed(1, 9, () => running.looks(1));
    await othersUsed(10, 14);
    release('served', 3);
    expect((await lab.run()).ruleSet().lists.get('risky')).toHaveLength(9);
    expect(lab.told('stderr').at(-1)).toEqual(heldBack());
  });

  it('compares with what it goes by where that was forgotten, and what it holds back can be accepted', async () => {
    const running = await served();
    await othersUsed(1, 12);
    expect(await lab.rulesInForce.load(lab.dir)).toEqual([]);
    release('served', 3);
    await running.looks();
    expect(running.ruleSet().lists.get('risky')).toHaveLength(9);
    expect(await listed()).toBe(9);
    expect(lab.told('stderr').at(-1)).toEqual(heldBack());
    await lab.accept();
    await running.looks(1);
    expect(running.ruleSet().lists.get('risky')).toHaveLength(3);
  });
});

describe('a running service whose texts another process replaced in the database', () => {
  const inForce = (running: { ruleSet(): RuleSet }) => running.ruleSet().lists.get('risky');

  it('holds back what lost too much against its own, and writes these down anew, so that it can be accepted', async () => {
    release('r1', 3);
    release('r2', 9);
    lead('r1');
    lab.dir = current();
    await lab.once();
    lab.dir = join(lab.root, 'r2', 'rules');
    const running = await lab.run();
    release('r2', 3);
    lead('r2');
    lab.dir = current();
    expect(await listed()).toBe(3);
    lab.dir = join(lab.root, 'r2', 'rules');
    await running.looks();
    expect(inForce(running)).toHaveLength(9);
    expect(await listed()).toBe(9);
    await lab.accept();
    await running.looks(1);
    expect(inForce(running)).toHaveLength(3);
    expect(await listed()).toBe(3);
  });

  it('stays by what it took where a single pass that had begun before ends after it', async () => {
    lab.dir = release('r1', 9);
    const running = await lab.run();
    release('r1', 3);
    await running.looks();
    const once = await lab.onceBegun();
    expect(once.ruleSet.lists.get('risky')).toHaveLength(9);
    await lab.accept();
    await running.looks(1);
    expect(await once.keep()).toBe(false);
    writeFileSync(join(lab.dir, 'lists', 'risky.txt'), lines(4));
    await running.looks();
    expect(inForce(running)).toHaveLength(4);
    expect(await lab.report()).toMatchObject({ heldBack: [] });
  });

  it('stays by its own half of what a single pass took whole while one of the files is held back', async () => {
    const rule = (operator: string) =>
      RULE.replace('value: risky }', `value: risky }, { fact: call.cli, operator: ${operator}, value: vip }`);
    const vip = () => join(lab.dir, 'lists', 'vip.txt');
    lab.dir = release('r1', 9, rule('inList'));
    writeFileSync(vip(), lines(5));
    const running = await lab.run();
    const before = running.ruleSet();
    lab.write('risky.yaml', rule('notInList'));
    writeFileSync(vip(), lines(6));
    expect((await lab.once()).lists.get('vip')).toHaveLength(6);
    lab.write('lists/risky.txt', lines(3));
    await running.looks();
    expect(running.ruleSet().hash).toBe(before.hash);
    expect((await lab.once()).lists.get('vip')).toHaveLength(6);
    await lab.accept();
    await running.looks(1);
    expect(running.ruleSet().lists.get('vip')).toHaveLength(6);
    expect(inForce(running)).toHaveLength(3);
    expect(await lab.report()).toMatchObject({ heldBack: [], waiting: [] });
  });
});
