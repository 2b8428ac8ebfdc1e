import { describe, expect, it } from 'vitest';
import { lab } from './lab.js';

describe('disconnect', () => {
  it('cuts a call by hand whatever the mode, records who and why, and confirms it', async () => {
    const it = await lab({ config: '' });
    const id = it.simulator.world.addCall({ account: 10 });
    const result = await it.callwarden(
      'disconnect',
      'call',
      id,
      '-c',
      it.config,
      '--reason',
      'ticket 4711',
      '--yes',
    );
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toBe(`disconnectCall ${id}: disconnected, audit 1, confirmed as gone\n`);
    expect(it.records()).toMatchObject([
      {
        rule: 'by-hand',
        subject: `call:${id}`,
        outcome: 'disconnected',
        confirmed: true,
        reason: 'by hand: ticket 4711',
        actor: expect.stringMatching(/^cli:./),
        evidence: { reason: 'by hand: ticket 4711' },
      },
    ]);
  });

  it('keeps protected calls, of an account as well', async () => {
    const it = await lab();
    const emergency = it.simulator.world.addCall({ account: 10, cld: '112' });
    const other = it.simulator.world.addCall({ account: 10 });
    const call = await it.callwarden(
      'disconnect',
      'call',
      emergency,
      '-c',
      it.config,
      '--reason',
      'x',
      '--yes',
    );
    expect(call).toMatchObject({ code: 1 });
    expect(call.stdout).toContain('withheld (protected-number)');
    const account = await it.callwarden(
      'disconnect',
      'account',
      '10',
      '-c',
      it.config,
      '--reason',
      'x',
      '--yes',
    );
    expect(account.code).toBe(0);
    expect(account.stdout).toContain('disconnectAccount 10: withheld (takes-protected)');
    expect(account.stdout).toContain(`disconnectCall ${other}: disconnected`);
    expect(it.sent('disconnectAccount')).toBe(0);
    expect(it.simulator.world.call(emergency)).toBeDefined();
  });

  it('keeps to the caps unless told to go over them', async () => {
    const it = await lab({ config: 'caps: { perPass: 2 }' });
    for (let count = 0; count < 4; count += 1) it.simulator.world.addCall({ account: 10 });
    const args = ['disconnect', 'account', '10', '-c', it.config, '--reason', 'stolen password', '--yes'];
    const capped = await it.callwarden(...args);
    expect(capped.code).toBe(1);
    expect(capped.stdout).toContain('withheld (cap-per-pass)');
    expect(capped.stderr).toBe(
      'A cap held this back: it would take 4 calls, and caps.perPass is 2. With --over-cap it goes beyond.\n',
    );
    const customer = await it.callwarden('disconnect', 'customer', '4', ...args.slice(3));
    expect(customer.stderr).toContain('customerTree');
    expect((await it.callwarden(...args, '--over-cap')).stdout).toContain(
      'disconnectAccount 10: disconnected',
    );
    expect(it.simulator.requests.filter(({ method }) => method === 'disconnectAccount')).toHaveLength(1);
  });

  it('refuses what it does not understand, and asks for --yes where nobody can answer', async () => {
    const it = await lab();
    const bad: [string[], string][] = [
      [['disconnect', 'call', '1', '-c', it.config, '--yes'], '--reason'],
      [['disconnect', 'call', '1', '-c', it.config, '--yes', '--reason', ' '], 'reason'],
      [['disconnect', 'call', 'abc', '-c', it.config, '--yes', '--reason', 'x'], 'digits'],
      [['disconnect', 'vendor', '1', '-c', it.config, '--yes', '--reason', 'x'], 'call, account, customer'],
      [['disconnect', 'call', '1', '-c', it.config, '--reason', 'x'], '--yes'],
      [
        ['disconnect', 'call', '1', '-c', it.config, '--yes', '--reason', 'x', '--switch', 'lba'],
        'Did you mean "lab"?',
      ],
    ];
    for (const [args, text] of bad) {
      const result = await it.callwarden(...args);
      expect(result.code, args.join(' ')).toBe(2);
      expect(result.stderr).toContain(text);
    }
    const unknown = await it.callwarden(
      'disconnect',
      'call',
      '999',
      '-c',
      it.config,
      '--reason',
      'x',
      '--yes',
    );
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('Nothing was sent');
    expect(it.sent('disconnectCall')).toBe(0);
  });
});
