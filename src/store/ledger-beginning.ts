import type Database from 'better-sqlite3';

/** The poll with which the history of a switch begins anew. */
export interface Beginning {
  /** Ids of the switch and of the commit. */
  switch: number;
  poll: number;
  /** Milliseconds since the epoch. */
  at: number;
}

const BEGIN = `
  UPDATE ledger_switch SET
    begun_after_poll = @poll - 1,
    begun_after_call = max(begun_after_call, coalesce((SELECT max(id) FROM ledger_call), 0))
  WHERE id = @switch
  RETURNING begun_after_call`;

/** Nothing of another time may lie after now: the retention goes by these instants. */
const END_LIVE = `
  UPDATE ledger_call INDEXED BY ledger_call_live SET ended_at = @at WHERE switch_id = @switch AND ended_at IS NULL`;
const END_NOW = `
  UPDATE ledger_call INDEXED BY ledger_call_ended SET ended_at = @at WHERE switch_id = @switch AND ended_at > @at`;
const DROP_POLLS = 'DELETE FROM ledger_poll WHERE switch_id = @switch AND at >= @at';

const LEARNED_NOW = `
  UPDATE ledger_customer SET
    learned_at = min(learned_at, @at), answered_at = min(answered_at, @at), placed_at = min(placed_at, @at)
  WHERE switch_id = @switch AND max(learned_at, coalesce(answered_at, 0), coalesce(placed_at, 0)) > @at`;

const FORGET_LOGINS = `
  UPDATE ledger_login SET last_sound_at = NULL, last_listed_at = NULL, pruned_until = NULL WHERE switch_id = @switch`;
const DROP_HOLDING = 'DELETE FROM ledger_holding WHERE switch_id = @switch';

/**
 * Puts an end to all that the ledger knew of a switch: polls and calls up to now are of another time. Countries, accounts
 * and learned customers stay. Returns the id after which calls are of the new one. Within the transaction of the commit; throws SQLite's own errors.
 */
export function prepareBeginning(database: Database.Database): (beginning: Beginning) => number {
  const begin = database.prepare<Beginning, number>(BEGIN).pluck();
  const rest = [END_LIVE, END_NOW, DROP_POLLS, LEARNED_NOW, FORGET_LOGINS, DROP_HOLDING].map((sql) =>
    database.prepare<Beginning>(sql),
  );
  return (beginning) => {
    const begunAfterCall = begin.get(beginning);
    if (begunAfterCall === undefined) throw new Error('RETURNING gave no row');
    for (const statement of rest) statement.run(beginning);
    return begunAfterCall;
  };
}
