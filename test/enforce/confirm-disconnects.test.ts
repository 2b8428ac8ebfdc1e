import { describe, expect, it } from 'vitest';
import type { UnconfirmedDisconnect } from '../../src/domain/ports.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import { confirmDisconnects, outlivingAlert } from '../../src/enforce/confirm-disconnects.js';
import { aCall, aSnapshot, aSuspect, NOW } from '../support/calls.js';

const call = aCall({ id: '5' });
const cut: UnconfirmedDisconnect = {
  id: 1,
  rule: 'three-calls',
  ruleHash: 'abc',
  call,
  account: 10,
  customer: 2,
  closedAt: NOW - 1,
  login: 'login:ops',
  confirmed: null,
  asked: true,
};

function confirmations(unconfirmed: readonly UnconfirmedDisconnect[], snapshot: Snapshot) {
  return confirmDisconnects(unconfirmed, snapshot).confirmations;
}

describe('a disconnect', () => {
  it('is confirmed by a listing without the call, or with another call or an ended one under its ID', () => {
    for (const listed of [
      [],
      [{ ...call, state: 'Disconnecting' }],
      [{ ...call, state: 'Dead' }],
      [{ ...call, callId: 'new@192.0.2.1' }],
    ]) {
      expect(confirmations([cut], aSnapshot(listed))).toEqual([{ id: 1, confirmed: true }]);
    }
  });

  it('is refuted by a listing that still shows the call, and only once', () => {
    expect(confirmations([cut], aSnapshot([call]))).toEqual([{ id: 1, confirmed: false }]);
    expect(confirmations([{ ...cut, confirmed: false }], aSnapshot([call]))).toEqual([]);
  });

  it('that was refuted is confirmed once the call is gone', () => {
    expect(confirmations([{ ...cut, confirmed: false }], aSnapshot([]))).toEqual([
      { id: 1, confirmed: true },
    ]);
  });

  it('is neither by a listing that was asked for before its outcome, is doubtful, or might hide it', () => {
    expect(confirmations([{ ...cut, closedAt: NOW }], aSnapshot([]))).toEqual([]);
    const doubt = { reason: 'suspect-share', detail: '' } as const;
    expect(confirmations([cut], aSnapshot([], { doubt }))).toEqual([]);
    expect(confirmations([cut], aSnapshot([], { suspects: [aSuspect()] }))).toEqual([]);
    expect(confirmations([cut], aSnapshot([], { suspects: [aSuspect({ id: '5' })] }))).toEqual([]);
    expect(confirmations([cut], aSnapshot([], { suspects: [aSuspect({ id: '6' })] }))).toHaveLength(1);
  });

  it('is neither by a listing that shows fewer calls of its account than the statistics count', () => {
    const lacking = (...accounts: number[]) => aSnapshot([], { lackingCallsOf: new Set(accounts) });
    expect(confirmations([cut], lacking(10))).toEqual([]);
    expect(confirmations([cut], lacking(11))).toEqual([{ id: 1, confirmed: true }]);
    const shown = aSnapshot([call], { lackingCallsOf: new Set([10]) });
    expect(confirmations([cut], shown)).toEqual([{ id: 1, confirmed: false }]);
  });

  it('is neither where only a SETUP_TIME that cannot be read tells the listed call apart', () => {
    expect(confirmations([cut], aSnapshot([{ ...call, setupTimeText: undefined }]))).toEqual([]);
    const cutWithout = { ...cut, call: { ...call, setupTimeText: undefined } };
    expect(confirmations([cutWithout], aSnapshot([call]))).toEqual([]);
    expect(confirmations([cutWithout], aSnapshot([]))).toEqual([{ id: 1, confirmed: true }]);
  });

  it('is neither by a listing under other rights, which may not show the call', () => {
    const coverage = { states: 'all', filter: {}, login: 'login:reseller' } as const;
    expect(confirmations([cut], aSnapshot([], { coverage }))).toEqual([]);
  });
});

describe('a call that outlives its disconnects', () => {
  const refuted = (count: number, changes: Partial<UnconfirmedDisconnect> = {}) =>
    Array.from(
      { length: count },
      (_, index): UnconfirmedDisconnect => ({ ...cut, id: index + 1, confirmed: false, ...changes }),
    );
  const outliving = (unconfirmed: readonly UnconfirmedDisconnect[], snapshot = aSnapshot([call])) =>
    confirmDisconnects(unconfirmed, snapshot).outliving;

  it('is named at the third, with the last of them, and not at the second', () => {
    expect(outliving(refuted(2))).toEqual([]);
    expect(outliving(refuted(3))).toMatchObject([{ call: { id: '5' }, last: { id: 3 }, disconnects: 3 }]);
    expect(outliving([...refuted(2), { ...cut, id: 3 }])).toHaveLength(1);
  });

  it('is not named where the switch may not have been asked, is no longer listed, or another call has its ID', () => {
    expect(outliving(refuted(3, { asked: false }))).toEqual([]);
    expect(outliving(refuted(3), aSnapshot([]))).toEqual([]);
    expect(outliving(refuted(3), aSnapshot([{ ...call, callId: 'new@192.0.2.1' }]))).toEqual([]);
    expect(
      outliving(refuted(3), aSnapshot([call], { doubt: { reason: 'suspect-share', detail: '' } })),
    ).toEqual([]);
  });

  it('is alerted under the rule that asked last, with its parties', () => {
    const [found] = outliving(refuted(4));
    if (found === undefined) throw new Error('nothing found');
    expect(outlivingAlert(found)).toMatchObject({
      rule: 'three-calls',
      action: 'alert',
      alertReason: 'outlived-disconnects',
      subject: { scope: 'call', id: '5' },
      target: '5',
      account: 10,
      call: { cld: call.cld },
      evidence: { reason: 'the switch still lists this call after 4 disconnects, the last of them record 4' },
    });
  });
});
