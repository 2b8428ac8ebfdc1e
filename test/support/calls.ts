import type { Call, SuspectCall } from '../../src/domain/call.js';
import type { Rule, RuleEvent } from '../../src/domain/rule.js';
import type { Subject } from '../../src/domain/scope.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import type { ViolatedVerdict } from '../../src/domain/verdict.js';

/** The instant at which the tests take place: 2026-01-05T10:00:00Z. */
export const NOW = Date.UTC(2026, 0, 5, 10, 0, 0);

/** A connected call of account 10, customer 2, a minute old, to a Berlin drama number; change what the test is about. */
export function aCall(changes: Partial<Call> & { id: string }): Call {
  const duration = changes.duration ?? 57;
  const setupAt = 'setupAt' in changes ? changes.setupAt : NOW - 60_000;
  // Without the text nothing can be read of it.
  const lacksCli = 'cli' in changes && changes.cli === undefined;
  const lacksCld = 'cld' in changes && changes.cld === undefined;
  return {
    callId: `sip-${changes.id}@192.0.2.7`,
    setupTimeText: setupAt === undefined ? undefined : setupTimeText(setupAt),
    state: 'Connected',
    cli: '442079460001',
    cld: '493023125001',
    cliNumber: lacksCli ? undefined : '442079460001',
    cldNumber: lacksCld ? undefined : '493023125001',
    account: 10,
    customer: 2,
    connection: 7,
    environment: 1,
    direction: 'vendor',
    callerMediaIp: '192.0.2.7',
    calleeMediaIp: '198.51.100.9',
    delay: 3,
    age: 60,
    ...changes,
    duration,
    setupAt,
  };
}

export function calls(count: number, changes: Partial<Call> = {}, firstId = 1): Call[] {
  return Array.from({ length: count }, (_, index) =>
    aCall({ setupAt: NOW - 60_000 + index * 1000, ...changes, id: String(firstId + index) }),
  );
}

/** Both entries of an on-net call, as a switch lists it under two IDs: for the account that makes it and for another. */
export function onNetPair(call: Call, other: Pick<Call, 'id'> & Partial<Call>): [Call, Call] {
  return [
    { ...call, direction: 'onnet_out' },
    { ...call, direction: 'onnet_in', ...other },
  ];
}

function setupTimeText(at: number): string {
  return new Date(at).toISOString().replaceAll('-', '').replace('Z', '');
}

export function aSnapshot(listed: readonly Call[], changes: Partial<Snapshot> = {}): Snapshot {
  return {
    switch: 'lab',
    observedAt: NOW,
    receivedAt: NOW + 20,
    coverage: { states: 'all', filter: {}, login: 'login:ops' },
    calls: listed,
    suspects: [],
    unreadableFields: {},
    vendors: new Map(),
    stats: undefined,
    clockOffsetMs: 0,
    doubt: undefined,
    notes: [],
    ...changes,
  };
}

export function aSuspect(changes: Partial<SuspectCall> = {}): SuspectCall {
  return {
    id: undefined,
    callId: undefined,
    state: undefined,
    account: undefined,
    customer: undefined,
    connection: undefined,
    cli: undefined,
    cld: undefined,
    reason: 'ID is missing',
    ...changes,
  };
}

export function aRule(changes: Omit<Partial<Rule>, 'event'> & { event?: Partial<RuleEvent> } = {}): Rule {
  const { event, ...rest } = changes;
  return {
    name: 'account-concurrent-calls',
    description: undefined,
    scope: 'account',
    mode: 'enforce',
    priority: 1,
    conditions: { all: [{ fact: 'account.connectedCalls', operator: 'greaterThan', value: 30 }] },
    only: {},
    except: {},
    forMs: 0,
    cooldownMs: undefined,
    schedule: [],
    escalate: [],
    needs: undefined,
    hash: 'a'.repeat(64),
    location: { file: 'rules/account-concurrent-calls.yaml', line: 1, column: 1 },
    ...rest,
    event: {
      type: 'disconnectCall',
      select: 'newest',
      keep: 0,
      where: undefined,
      message: undefined,
      ...event,
    },
  };
}

export function violated(pool: readonly Call[], changes: Partial<ViolatedVerdict> = {}): ViolatedVerdict {
  const subject: Subject = { scope: 'account', id: '10' };
  return {
    result: 'violated',
    subject,
    evidence: { conditions: { result: true, fact: 'account.connectedCalls', observed: pool.length } },
    event: aRule().event,
    pool,
    keep: 0,
    ...changes,
  };
}
