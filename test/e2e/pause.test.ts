import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { parseFault } from '../../src/simulator/parse-fault.js';
import { type Lab, lab, until } from './lab.js';

const GENEROUS = 'caps: { sharePerPass: 1 }';

function addCalls(it: Lab, count: number): void {
  for (let added = 0; added < count; added += 1) it.simulator.world.addCall({ account: 10 });
}

/** Records whose request was sent, or may have been. */
function intents(it: Lab) {
  return it
    .records()
    .filter(({ outcome }) => !['withheld', 'monitored', 'alerted'].includes(outcome ?? 'open'));
}

/** Lines of the log that tell of a pass. */
function passLines(output: string): { msg: string; paused?: boolean; withheld: Record<string, number> }[] {
  return output
    .split('\n')
    .filter((line) => line.includes('"passId"'))
    .map((line) => JSON.parse(line) as { msg: string; paused?: boolean; withheld: Record<string, number> });
}

describe('pause', () => {
  it('stops a service in the middle of its work within the requests in flight; detection goes on; resume goes on', async () => {
    const it = await lab({ config: GENEROUS });
    addCalls(it, 40);
    it.simulator.setFaults([parseFault('disconnectCall:slow:delay=700ms')]);
    const service = it.start('run', '-c', it.config);
    await until(() => it.sent('disconnectCall') > 3, 'the service is disconnecting');
    const paused = await it.callwarden('pause', '-c', it.config, '--reason', 'the rule is wrong');
    // Everything that was opened before the command returned, and nothing else, may be sent.
    const opened = intents(it).length;
    expect(paused.code).toBe(0);
    expect(opened).toBeLessThan(37);
    await until(() => it.records({ outcome: 'withheld' }).length >= 37 - opened, 'the rest is withheld');
    expect(it.records({ outcome: 'withheld' }).every(({ reason }) => reason === 'paused')).toBe(true);
    const passes = passLines(service.output()).length;
    await until(() => passLines(service.output()).length > passes + 2, 'passes go on');
    expect(intents(it)).toHaveLength(opened);
    expect(it.sent('disconnectCall')).toBe(opened);
    const last = passLines(service.output()).at(-1);
    expect(last?.msg).toMatch(/^paused, \d+ calls, 1 violation, \d+ withheld \(paused \d+\)/);
    expect(last).toMatchObject({ paused: true, withheld: { paused: 37 - opened } });
    const begun = /"level":"warn".*all switches: paused by cli:.*: the rule is wrong/;
    await until(() => begun.test(service.output()), 'the log says that it has begun');

    it.simulator.setFaults([]);
    expect((await it.callwarden('resume', '-c', it.config, '--reason', 'corrected')).code).toBe(0);
    await until(() => it.sent('disconnectCall') === 37, 'the rest is disconnected');
    const ended = 'the pause of all switches was ended by hand: rules act again';
    await until(() => service.output().includes(ended), 'the log says that it has ended');
    service.kill('SIGTERM');
    await once(service, 'exit');
  });

  it('outlives a kill and a restart, and the service says so at its start', async () => {
    const it = await lab({ config: GENEROUS });
    addCalls(it, 6);
    const first = it.start('run', '-c', it.config);
    await until(() => it.sent('disconnectCall') === 3, 'the service has acted');
    await it.callwarden('pause', '-c', it.config, '--switch', 'lab', '--reason', 'a test');
    first.kill('SIGKILL');
    await once(first, 'exit');
    addCalls(it, 3);
    const second = it.start('run', '-c', it.config);
    await until(() => passLines(second.output()).length > 1, 'the new service has passed');
    expect(second.output()).toMatch(/"level":"warn".*lab: paused by cli:.*: a test/);
    expect(second.output().indexOf('lab: paused by')).toBeLessThan(second.output().indexOf('"passId"'));
    expect(it.sent('disconnectCall')).toBe(3);
    const once_ = await it.callwarden('once', '-c', it.config);
    expect(once_.code).toBe(0);
    expect(once_.stdout).toMatch(/^lab: paused, 6 calls, .*3 withheld \(paused 3\)/);
    expect(once_.stderr).toMatch(/warning: lab: paused by cli:.*: a test/);
    expect(it.sent('disconnectCall')).toBe(3);
    second.kill('SIGTERM');
    await once(second, 'exit');
  });

  it('is what an explanation names as the reason', async () => {
    const it = await lab({ config: GENEROUS });
    addCalls(it, 5);
    await it.callwarden('pause', '-c', it.config, '--for', '1h', '--reason', 'the rule is wrong');
    const { stdout } = await it.callwarden(
      ...['rules', 'explain', '-c', it.config, '--rule', 'three-calls', '--subject', 'account:10'],
    );
    expect(stdout).toMatch(/acting is paused by cli:\S+ since 20\S+Z until 20\S+Z: the rule is wrong/);
  });

  it('ends by itself', async () => {
    const it = await lab({ config: GENEROUS });
    const service = it.start('run', '-c', it.config);
    await until(() => passLines(service.output()).length > 0, 'the service passes');
    const paused = await it.callwarden('pause', '-c', it.config, '--for', '4s', '--reason', 'a test');
    expect(paused.code).toBe(0);
    addCalls(it, 5);
    await until(() => it.records({ outcome: 'withheld' }).length === 2, 'the pause holds');
    await until(() => it.sent('disconnectCall') === 2, 'rules act again');
    const ended = 'the pause of all switches ended by itself: rules act again';
    await until(() => service.output().includes(ended), 'the log says that it has ended');
    service.kill('SIGTERM');
    await once(service, 'exit');
  });

  it('does not stop a person who disconnects by hand', async () => {
    const it = await lab();
    const call = it.simulator.world.addCall({ account: 10 });
    await it.callwarden('pause', '-c', it.config, '--reason', 'a test');
    const { code, stdout, stderr } = await it.callwarden(
      ...['disconnect', 'call', call, '-c', it.config, '--reason', 'by me', '--yes'],
    );
    expect({ code, sent: it.sent('disconnectCall') }).toEqual({ code: 0, sent: 1 });
    expect(stdout).toContain(': disconnected');
    expect(stderr).toMatch(/Rules are paused by cli:.*: a test\. A disconnect by hand acts all the same\./);
  });
});
