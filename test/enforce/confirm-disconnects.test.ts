import { describe, expect, it } from 'vitest';
import { confirmDisconnects } from '../../src/enforce/confirm-disconnects.js';
import { aCall, aSnapshot, aSuspect, NOW } from '../support/calls.js';

const call = aCall({ id: '5' });
const cut = { id: 1, call, account: 10, customer: 2, closedAt: NOW - 1, login: 'login:ops', confirmed: null };

describe('a disconnect', () => {
  it('is confirmed by a listing without the call, or with another call or an ended one under its ID', () => {
    for (const listed of [
      [],
      [{ ...call, state: 'Disconnecting' }],
      [{ ...call, state: 'Dead' }],
      [{ ...call, callId: 'new@192.0.2.1' }],
    ]) {
      expect(confirmDisconnects([cut], aSnapshot(listed))).toEqual([{ id: 1, confirmed: true }]);
    }
  });

  it('is refuted by a listing that still shows the call, and only once', () => {
    expect(confirmDisconnects([cut], aSnapshot([call]))).toEqual([{ id: 1, confirmed: false }]);
    expect(confirmDisconnects([{ ...cut, confirmed: false }], aSnapshot([call]))).toEqual([]);
  });

  it('that was refuted is confirmed once the call is gone', () => {
    expect(confirmDisconnects([{ ...cut, confirmed: false }], aSnapshot([]))).toEqual([
      { id: 1, confirmed: true },
    ]);
  });

  it('is neither by a listing that was asked for before its outcome, is doubtful, or might hide it', () => {
    expect(confirmDisconnects([{ ...cut, closedAt: NOW }], aSnapshot([]))).toEqual([]);
    const doubt = { reason: 'suspect-share', detail: '' } as const;
    expect(confirmDisconnects([cut], aSnapshot([], { doubt }))).toEqual([]);
    expect(confirmDisconnects([cut], aSnapshot([], { suspects: [aSuspect()] }))).toEqual([]);
    expect(confirmDisconnects([cut], aSnapshot([], { suspects: [aSuspect({ id: '5' })] }))).toEqual([]);
    expect(confirmDisconnects([cut], aSnapshot([], { suspects: [aSuspect({ id: '6' })] }))).toHaveLength(1);
  });

  it('is neither where only a SETUP_TIME that cannot be read tells the listed call apart', () => {
    expect(confirmDisconnects([cut], aSnapshot([{ ...call, setupTimeText: undefined }]))).toEqual([]);
    const cutWithout = { ...cut, call: { ...call, setupTimeText: undefined } };
    expect(confirmDisconnects([cutWithout], aSnapshot([call]))).toEqual([]);
    expect(confirmDisconnects([cutWithout], aSnapshot([]))).toEqual([{ id: 1, confirmed: true }]);
  });

  it('is neither by a listing under other rights, which may not show the call', () => {
    const coverage = { states: 'all', filter: {}, login: 'login:reseller' } as const;
    expect(confirmDisconnects([cut], aSnapshot([], { coverage }))).toEqual([]);
  });
});
