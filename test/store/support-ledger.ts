import type { LedgerCall, LedgerChanges, LedgerPoll } from '../../src/domain/ledger.js';
import { NOON } from './support.js';

export function pollAt(at: number): LedgerPoll {
  return { at, intervalMs: 5_000, result: 'sound', login: 'login:ops' };
}

/** A live call of account 10, first seen at NOON. */
export function ledgerCall(id: string, changes: Partial<LedgerCall> = {}): LedgerCall {
  return {
    id,
    callId: `${id}@192.0.2.1`,
    setupTimeText: '20260301T11:59:58.000',
    login: 'login:ops',
    cli: '+49301234567',
    cld: '00442079460000',
    account: 10,
    customer: 2,
    connection: 7,
    environment: 1,
    direction: 'vendor',
    callerMediaIp: '192.0.2.7',
    calleeMediaIp: '198.51.100.9',
    vendors: [],
    setupAt: NOON - 2_000,
    firstSeenAt: NOON,
    lastSeenAt: NOON,
    connectedAt: undefined,
    states: [{ state: 'ARComplete', at: NOON }],
    lastDuration: 0,
    lastDelay: 2,
    endedAt: undefined,
    cutAt: undefined,
    ...changes,
  };
}

/** What a sound poll at NOON brought, which is nothing but for what is given. */
export function changesOf({
  put = [],
  drop = [],
  ...changes
}: Partial<Omit<LedgerChanges, 'holding'>> & Partial<LedgerChanges['holding']>): LedgerChanges {
  return {
    poll: pollAt(NOON),
    calls: [],
    countries: [],
    accounts: [],
    ...changes,
    holding: { put, drop },
  };
}
