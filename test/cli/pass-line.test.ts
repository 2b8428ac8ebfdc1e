import { describe, expect, it } from 'vitest';
import { passAdvice, passLine } from '../../src/cli/pass-line.js';
import type { ActionReport } from '../../src/domain/action.js';
import type { PassReport } from '../../src/domain/pass-report.js';

const action = (changes: Partial<ActionReport>): ActionReport => ({
  id: 1,
  rule: 'three-calls',
  action: 'disconnectCall',
  target: '5',
  mode: 'enforce',
  outcome: 'disconnected',
  reason: null,
  ...changes,
});

const report = (changes: Partial<PassReport>): PassReport => ({
  switch: 'lab',
  passId: 'p',
  startedAt: '2026-01-05T10:00:00.000Z',
  durationMs: 38,
  status: 'completed',
  error: null,
  calls: 47,
  suspect: 0,
  violations: [],
  indeterminate: [],
  actions: [],
  ...changes,
});

describe('the line of a pass', () => {
  it('counts calls, violations and outcomes, and says why something was withheld', () => {
    const actions = [
      action({}),
      action({ outcome: 'withheld', reason: 'cap-share' }),
      action({ outcome: 'withheld', reason: 'cap-share' }),
      action({ outcome: 'withheld', reason: 'protected-number' }),
    ];
    expect(passLine(report({ suspect: 1, actions }))).toBe(
      '47 calls, 1 suspect, 0 violations, 1 disconnected, 3 withheld (cap-share 2, protected-number 1) (38 ms)',
    );
  });

  it('of a failed pass says whether anything had been sent', () => {
    const error = { code: 'STORE_FAILED', message: 'The disk is full. Free some.' } as const;
    expect(passLine(report({ status: 'failed', error }))).toContain('nothing was sent: STORE_FAILED');
    expect(passLine(report({ status: 'failed', error, actions: [action({})] }))).toContain(
      'nothing more was sent',
    );
  });
});

describe('advice', () => {
  it('is given where the switch is slow, a cap tripped, or the switch refuses, and not otherwise', () => {
    const adviceOn = (...actions: ActionReport[]) => passAdvice(report({ actions }));
    expect(adviceOn(action({}))).toBeUndefined();
    expect(adviceOn(action({ outcome: 'withheld', reason: 'protected-number' }))).toBeUndefined();
    expect(adviceOn(action({ outcome: 'withheld', reason: 'stale-snapshot' }))).toContain('maxSnapshotAge');
    expect(adviceOn(action({ outcome: 'withheld', reason: 'deadline' }))).toContain('deadline');
    expect(adviceOn(action({ outcome: 'withheld', reason: 'cap-share' }))).toContain('three-calls');
    expect(adviceOn(action({ outcome: 'failed', reason: 'refused' }))).toContain('right to disconnect');
  });
});
