import { type Call, identityKey } from '../../src/domain/call.js';
import type { FactSource, Limit } from '../../src/domain/facts.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import { deriveFacts } from '../../src/facts/derive-facts.js';
import { createNumbering } from '../../src/facts/numbering.js';

let lastId = 0;

/** A connected call of account 10; each has its own ID unless one is given. */
export function call(fields: Partial<Call> = {}): Call {
  const id = String(++lastId);
  return {
    id,
    callId: `call-${id}@example.org`,
    setupTimeText: '20250301T10:00:00',
    state: 'Connected',
    cli: '4930111111',
    cld: '4930222222',
    account: 10,
    customer: 2,
    connection: 5,
    environment: 1,
    direction: 'vendor',
    callerMediaIp: '192.0.2.1',
    calleeMediaIp: '192.0.2.2',
    duration: 60,
    delay: 5,
    cliNumber: fields.cli ?? '4930111111',
    cldNumber: fields.cld ?? '4930222222',
    setupAt: undefined,
    age: 65,
    ...fields,
  };
}

export function snapshotOf(calls: readonly Call[], more: Partial<Snapshot> = {}): Snapshot {
  return {
    switch: 'lab',
    observedAt: 1_740_823_200_000,
    receivedAt: 1_740_823_200_100,
    coverage: { states: 'all', filter: {}, login: 'login:ops' },
    calls,
    suspects: [],
    unreadableFields: {},
    vendors: new Map(),
    stats: undefined,
    clockOffsetMs: undefined,
    doubt: undefined,
    notes: [],
    ...more,
  };
}

export function vendorsOf(...entries: [number, Call[]][]): Snapshot['vendors'] {
  return new Map(entries.map(([vendor, calls]) => [vendor, new Set(calls.map(identityKey))]));
}

export function factsOf(
  calls: readonly Call[],
  more: Partial<Snapshot> & { admits?: (call: Call) => boolean | 'unknown'; limits?: readonly Limit[] } = {},
): FactSource {
  const { admits = () => true, limits = [], ...fields } = more;
  const numbering = createNumbering({ techPrefixes: [] });
  return deriveFacts(snapshotOf(calls, fields), { numbering, limits, admits });
}
