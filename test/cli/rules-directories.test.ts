import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
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
