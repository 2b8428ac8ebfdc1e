import type Database from 'better-sqlite3';
import type { ActionMode, ActionOutcome, ActionRecordInput } from '../domain/action.js';
import type { CallIdentity } from '../domain/call.js';
import type { RecentDisconnect } from '../domain/conversations.js';
import { CallwardenError } from '../domain/errors.js';
import { type AuditLog, type OpenIntent, recordKey, type UnconfirmedDisconnect } from '../domain/ports.js';
import * as sql from './audit-sql.js';
import { preparePauseOf } from './pauses.js';
import { settle } from './store-error.js';

/** Confirmed false or not at all: the log holds no row with true for these. */
interface UnconfirmedRow {
  id: number;
  rule: string;
  ruleHash: string;
  ref: string;
  callId: string;
  setupTime: string | null;
  account: number | null;
  customer: number | null;
  closedAt: number;
  login: string;
  refuted: number | null;
  reason: string | null;
}

interface RecentRow {
  ref: string;
  callId: string;
  setupTime: string | null;
  direction: string | null;
  cli: string | null;
  cld: string | null;
}

interface UnchangedRow {
  id: number;
  rule: string;
  ruleHash: string;
  subject: string;
  action: string;
  target: string;
  reason: string | null;
  mode: string;
  callId: string | null;
  setupTime: string | null;
}

/**
 * The audit log on an open, migrated database. Each method is one transaction that is on disk when it resolves, or
 * rejects with STORE_FAILED and has changed nothing.
 */
export function createAuditLog(database: Database.Database, path: string): AuditLog {
  const insert = prepareInserts(database);
  const read = prepareReads(database);
  const pauseOf = preparePauseOf(database);
  const transaction = <T>(work: () => T): Promise<T> =>
    settle(path, () => database.transaction(work).immediate());
  const look = <T>(work: () => T): Promise<T> => settle(path, work);

  return {
    openIntent: (intent, children) => transaction(() => insert.intent(intent, children)),

    openIntentUnlessPaused: (intent, children) =>
      transaction(() =>
        pauseOf(intent.switch, intent.at) === undefined ? insert.intent(intent, children) : undefined,
      ),

    closeIntent: (intent, outcome, childOutcomes, at) =>
      transaction(() => {
        insert.outcome(intent.id, outcome, at);
        for (const [id, childOutcome] of childrenWith(intent, childOutcomes, path)) {
          insert.outcome(id, childOutcome, at);
        }
      }),

    record: (input, outcome, children) =>
      transaction(() => {
        const { id, childIds } = insert.intent(input, children);
        insert.outcome(id, outcome, input.at);
        for (const childId of childIds) insert.outcome(childId, shared(outcome), input.at);
        return id;
      }),

    resolveOrphans: (switchName, at) =>
      transaction(() => {
        const orphans = read.openIntents.all({ switch: switchName });
        for (const id of orphans) insert.outcome(id, ORPHANED, at);
        return orphans.length;
      }),

    disconnectsSince: (switchName, since, { until = FOR_EVER, mayHaveEnded = false } = {}) =>
      look(() => {
        const asked = { switch: switchName, since, until, mayHaveEnded: mayHaveEnded ? 1 : 0 };
        return read.disconnects.all(asked).map(toRecent);
      }),

    callsTakenSince: (switchName, since) =>
      look(() => read.callsTaken.get({ switch: switchName, since }) ?? 0),

    unchangedSince: (switchName, since, fromOfRule) =>
      look(() => {
        const given = Array.from(fromOfRule, ([rule, from]) => [rule, from.since, from.after]);
        const rows = read.unchanged.all({ switch: switchName, since, fromOfRule: JSON.stringify(given) });
        return new Map(rows.map((row) => [recordKey(row), row.id]));
      }),

    actedSince: (switchName, mode, fromOfHash) =>
      look(() => {
        const acted = [...fromOfHash].flatMap(([ruleHash, from]) =>
          read.acted
            .all({ switch: switchName, mode, ruleHash, ...from })
            .map((row) => ({ ruleHash, ...row })),
        );
        return acted.sort((one, other) => one.at - other.at);
      }),

    unconfirmed: (switchName) => look(() => read.unconfirmed.all({ switch: switchName }).map(toUnconfirmed)),

    confirm: (confirmations, at) =>
      transaction(() => {
        for (const { id, confirmed } of confirmations) insert.confirmation(id, confirmed, at);
      }),
  };
}

/** After every instant that a Date can hold. */
const FOR_EVER = 8.64e15 + 1;

const ORPHANED: ActionOutcome = {
  outcome: 'unknown',
  reason: 'orphaned',
  count: undefined,
  latencyMs: undefined,
  error: undefined,
};

/** The switch counts calls and time once per request, so a child repeats neither. */
function shared(outcome: ActionOutcome): ActionOutcome {
  return { ...outcome, count: undefined, latencyMs: undefined };
}

/** Each child of an intent with the outcome at its place; a child left without one would be taken for an orphan later. */
function childrenWith(
  { id, childIds }: OpenIntent,
  outcomes: readonly ActionOutcome[],
  path: string,
): [id: number, outcome: ActionOutcome][] {
  const pairs = childIds.flatMap((childId, index): [number, ActionOutcome][] => {
    const outcome = outcomes[index];
    return outcome === undefined ? [] : [[childId, outcome]];
  });
  if (pairs.length === childIds.length && pairs.length === outcomes.length) return pairs;
  throw new CallwardenError(
    'STORE_FAILED',
    `The database ${path} was given ${outcomes.length} outcomes for the ${childIds.length} calls under action ${id}.`,
    {
      hint: 'This is a fault of callwarden: please report it with this message. Nothing was recorded; the next pass resolves the action to unknown.',
    },
  );
}

function prepareInserts(database: Database.Database) {
  const action = database.prepare(sql.INSERT_ACTION);
  const outcomeOf = database.prepare(sql.INSERT_OUTCOME);
  const confirmationOf = database.prepare(sql.INSERT_CONFIRMATION);
  const one = (input: ActionRecordInput, parent: number | undefined): number =>
    Number(action.run(toRow(input, parent)).lastInsertRowid);
  return {
    intent(input: ActionRecordInput, children: readonly ActionRecordInput[]): OpenIntent {
      const id = one(input, input.parent);
      return { id, childIds: children.map((child) => one(child, id)) };
    },
    outcome(actionId: number, { outcome, reason, count, latencyMs, error }: ActionOutcome, at: number): void {
      outcomeOf.run({
        actionId,
        at,
        outcome,
        reason: reason ?? null,
        count: count ?? null,
        latencyMs: latencyMs === undefined ? null : Math.round(latencyMs),
        error: error ?? null,
      });
    },
    confirmation(actionId: number, confirmed: boolean, at: number): void {
      confirmationOf.run({ actionId, confirmed: confirmed ? 1 : 0, at });
    },
  };
}

function prepareReads(database: Database.Database) {
  type OfSwitch = { switch: string };
  type OfSwitchSince = { switch: string; since: number };
  return {
    openIntents: database.prepare<OfSwitch, number>(sql.OPEN_INTENTS).pluck(),
    disconnects: database.prepare<OfSwitchSince & { until: number; mayHaveEnded: number }, RecentRow>(
      sql.DISCONNECTS_SINCE,
    ),
    callsTaken: database.prepare<OfSwitchSince, number>(sql.CALLS_TAKEN_SINCE).pluck(),
    unchanged: database.prepare<OfSwitchSince & { fromOfRule: string }, UnchangedRow>(sql.UNCHANGED_SINCE),
    acted: database.prepare<
      OfSwitchSince & { mode: ActionMode; ruleHash: string; after: number },
      { subject: string; at: number; passId: string; actionId: number }
    >(sql.ACTED_SINCE),
    unconfirmed: database.prepare<OfSwitch, UnconfirmedRow>(sql.UNCONFIRMED),
  };
}

function toRow(input: ActionRecordInput, parent: number | undefined) {
  const { account, call, cli, cld, customer, evidence, ...rest } = input;
  return {
    ...rest,
    parent: parent ?? null,
    account: account ?? null,
    customer: customer ?? null,
    // An alert about a call whose identity it does not name can still be found by the call's ID.
    callRef: call?.id ?? (input.scope === 'call' && input.action === 'alert' ? input.target : null),
    callId: call?.callId ?? null,
    setupTime: call?.setupTimeText ?? null,
    cli: cli ?? null,
    cld: cld ?? null,
    evidence: JSON.stringify(evidence),
  };
}

function toIdentity(row: { ref: string; callId: string; setupTime: string | null }): CallIdentity {
  return { id: row.ref, callId: row.callId, setupTimeText: row.setupTime ?? undefined };
}

function toRecent(row: RecentRow): RecentDisconnect {
  const { direction, cli, cld } = row;
  return {
    ...toIdentity(row),
    direction: direction ?? undefined,
    cli: cli ?? undefined,
    cld: cld ?? undefined,
  };
}

function toUnconfirmed(row: UnconfirmedRow): UnconfirmedDisconnect {
  return {
    id: row.id,
    rule: row.rule,
    ruleHash: row.ruleHash,
    call: toIdentity(row),
    account: row.account ?? undefined,
    customer: row.customer ?? undefined,
    closedAt: row.closedAt,
    login: row.login,
    confirmed: row.refuted === null ? null : false,
    asked: row.reason !== 'perhaps-taken' && row.reason !== 'orphaned',
  };
}
