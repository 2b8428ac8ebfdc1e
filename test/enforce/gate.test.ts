import { describe, expect, it } from 'vitest';
import type { PlannedAction } from '../../src/domain/action.js';
import type { Pause } from '../../src/domain/pause.js';
import { createEnforcingGate, createGate, type GateOptions } from '../../src/enforce/gate.js';
import { NOW } from '../support/calls.js';

const PAUSE: Pause = { switch: undefined, at: NOW, until: undefined, reason: 'x', actor: 'cli:anna' };

const OPTIONS: Omit<GateOptions, 'paused'> = {
  configMode: 'enforce',
  dryRun: false,
  caps: { perPass: 3, perHour: 3 },
  takenLastHour: 0,
  halted: () => undefined,
};

function anAction(changes: Partial<PlannedAction> = {}): PlannedAction {
  return {
    rule: 'account-concurrent-calls',
    ruleHash: 'a'.repeat(64),
    mode: 'enforce',
    scope: 'account',
    subject: { scope: 'account', id: '10' },
    action: 'disconnectCall',
    target: '1',
    call: undefined,
    account: 10,
    customer: 2,
    weight: 1,
    takes: [],
    perhapsTakes: [],
    select: 'newest',
    withhold: undefined,
    message: undefined,
    evidence: { reason: 'for a test' },
    ...changes,
  };
}

describe('the alert of a safeguard', () => {
  const alert = anAction({ action: 'alert', weight: 0, alertReason: 'outlived-disconnects' });

  it('is raised in a config that only monitors as well, since people act by hand there', () => {
    const gate = createGate({ ...OPTIONS, configMode: 'monitor', paused: () => false });
    expect(gate.decide(alert, 0)).toEqual({ kind: 'alerted' });
    expect(gate.decide(anAction({ action: 'alert', weight: 0 }), 0)).toMatchObject({ kind: 'monitored' });
  });

  it('is none in a dry run', () => {
    const gate = createGate({ ...OPTIONS, dryRun: true, paused: () => false });
    expect(gate.decide(alert, 0)).toMatchObject({ kind: 'monitored', reason: 'dry-run' });
  });
});

describe('the gate while acting is paused', () => {
  it.each(['disconnectCall', 'disconnectAccount', 'disconnectCustomer'] as const)(
    'lets no %s pass',
    (action) => {
      const gate = createGate({ ...OPTIONS, paused: () => true });
      expect(gate.preview(anAction({ action }), 1)).toEqual({ kind: 'withheld', reason: 'paused' });
      expect(gate.decide(anAction({ action }), 1)).toEqual({ kind: 'withheld', reason: 'paused' });
    },
  );

  it.each([
    ['an alert', anAction({ action: 'alert', weight: 0 }), {}, { kind: 'alerted' }],
    [
      'a monitoring rule',
      anAction({ mode: 'monitor' }),
      {},
      { kind: 'monitored', reason: 'rule-monitor', rehearses: false },
    ],
    [
      'a monitoring config',
      anAction(),
      { configMode: 'monitor' as const },
      { kind: 'monitored', reason: 'config-monitor', rehearses: false },
    ],
    ['a dry run', anAction(), { dryRun: true }, { kind: 'monitored', reason: 'dry-run', rehearses: true }],
    [
      'what another safeguard stops',
      anAction({ withhold: 'protected-number' }),
      {},
      { kind: 'withheld', reason: 'protected-number' },
    ],
  ])('decides on %s as ever', (_, action, changes, decision) => {
    expect(createGate({ ...OPTIONS, ...changes, paused: () => true }).decide(action, action.weight)).toEqual(
      decision,
    );
  });

  it('speaks of the pause, not of a cap or of the time that ran out', () => {
    const gate = createGate({ ...OPTIONS, takenLastHour: 3, halted: () => 'deadline', paused: () => true });
    expect(gate.decide(anAction(), 9)).toEqual({ kind: 'withheld', reason: 'paused' });
  });

  it('uses nothing of the caps', () => {
    let paused = true;
    const gate = createGate({ ...OPTIONS, paused: () => paused });
    for (let count = 0; count < 10; count += 1) gate.decide(anAction(), 1);
    paused = false;
    expect(gate.decide(anAction(), 3)).toEqual({ kind: 'send' });
  });

  it('takes back what was to be sent and was not', () => {
    const gate = createGate({ ...OPTIONS, paused: () => false });
    expect(gate.decide(anAction(), 3).kind).toBe('send');
    expect(gate.decide(anAction(), 1)).toEqual({ kind: 'withheld', reason: 'cap-per-pass' });
    gate.correct(anAction(), -3);
    expect(gate.decide(anAction(), 3).kind).toBe('send');
  });
});

describe('the gate before requests', () => {
  it('reads the pause anew for every decision', async () => {
    const pauses = [undefined, PAUSE, undefined, PAUSE];
    const gate = createEnforcingGate(OPTIONS, async () => pauses.shift());
    expect((await gate.decide(anAction(), 1)).kind).toBe('send');
    expect((await gate.preview(anAction(), 1)).kind).toBe('withheld');
    expect((await gate.preview(anAction(), 1)).kind).toBe('send');
    expect((await gate.decide(anAction(), 1)).kind).toBe('withheld');
  });

  it('does not read it for what cannot be sent anyway', async () => {
    let reads = 0;
    const gateOf = (changes: Partial<GateOptions> = {}) =>
      createEnforcingGate({ ...OPTIONS, ...changes }, async () => {
        reads += 1;
        return undefined;
      });
    await gateOf().decide(anAction({ action: 'alert' }), 0);
    await gateOf().decide(anAction({ mode: 'monitor' }), 1);
    await gateOf().decide(anAction({ withhold: 'gone' }), 1);
    await gateOf({ dryRun: true }).decide(anAction(), 1);
    await gateOf({ configMode: 'monitor' }).decide(anAction(), 1);
    expect(reads).toBe(0);
  });

  it('decides nothing where the pause cannot be read', async () => {
    const gate = createEnforcingGate(OPTIONS, () => Promise.reject(new Error('disk')));
    await expect(gate.decide(anAction(), 1)).rejects.toThrow('disk');
    await expect(gate.preview(anAction(), 1)).rejects.toThrow('disk');
  });
});
