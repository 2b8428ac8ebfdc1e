import type Database from 'better-sqlite3';
import type { PruneOptions } from '../domain/ledger.js';

/** Deletes at most `limit` rows of one kind that are older than `before`, oldest first; returns how many went. */
type Deletion = (before: number, limit: number) => number;

const ENDED_CALLS = `
  DELETE FROM ledger_call WHERE id IN (
    SELECT id FROM ledger_call INDEXED BY ledger_call_ended
    WHERE switch_id = @switch AND ended_at < @before ORDER BY ended_at LIMIT @limit
  ) RETURNING id, login_id, ended_at`;

const NOTE_PRUNED = `
  UPDATE ledger_login SET pruned_until = max(coalesce(pruned_until, @until), @until) WHERE id = @login`;

/** Logins under which nothing was seen any more since then: a switch or a login that is not in the config any more. */
const UNUSED_LOGINS = `
  SELECT id AS login, switch_id AS "switch" FROM ledger_login WHERE coalesce(last_sound_at, 0) < @before`;

/** Nobody will ever see these end. */
const LOST_CALLS = `
  DELETE FROM ledger_call WHERE id IN (
    SELECT id FROM ledger_call INDEXED BY ledger_call_live
    WHERE switch_id = @switch AND login_id = @login AND ended_at IS NULL AND last_seen_at < @before
    ORDER BY first_seen_at LIMIT @limit
  )`;

const POLLS = `
  DELETE FROM ledger_poll WHERE (switch_id, at, id) IN (
    SELECT switch_id, at, id FROM ledger_poll WHERE switch_id = @switch AND at < @before ORDER BY at, id LIMIT @limit
  )`;

/** Of what `for` saw so long ago nothing can go on any more; of changed rules nobody would ever drop it. */
const HOLDING = `
  DELETE FROM ledger_holding WHERE (switch_id, rule_hash, subject) IN (
    SELECT switch_id, rule_hash, subject FROM ledger_holding WHERE last_at < @before ORDER BY last_at LIMIT @limit
  )`;

const COUNTRIES = `
  DELETE FROM ledger_country WHERE (switch_id, account, country) IN (
    SELECT switch_id, account, country FROM ledger_country INDEXED BY ledger_country_last
    WHERE last_at < @before ORDER BY last_at LIMIT @limit
  )`;

/** What was learned of a customer, where newer knowledge had taken its place by then. */
const CUSTOMERS = `
  DELETE FROM ledger_customer WHERE id IN (
    SELECT id FROM ledger_customer AS old WHERE learned_at < @before AND EXISTS (
      SELECT 1 FROM ledger_customer AS newer
      WHERE newer.switch_id = old.switch_id AND newer.customer = old.customer AND newer.id > old.id
        AND newer.learned_at < @before
    ) ORDER BY id LIMIT @limit
  )`;

type Bound = { before: number; limit: number };

const SWITCHES = 'SELECT id, begun_after_call AS afterCall FROM ledger_switch ORDER BY id';

interface SwitchRow {
  id: number;
  /** Calls up to this one are of another time: nothing is read of them, so that none is lacking once they are gone. */
  afterCall: number;
}

/** Deletes calls of a switch that ended, oldest first, and takes down up to when those of each login are gone. */
function prepareEndedCalls(database: Database.Database): (of: SwitchRow, bound: Bound) => number {
  const remove = database
    .prepare<Bound & { switch: number }, [id: number, login: number, endedAt: number]>(ENDED_CALLS)
    .raw();
  const note = database.prepare<{ login: number; until: number }>(NOTE_PRUNED);
  return ({ id: switchId, afterCall }, bound) => {
    const gone = remove.all({ switch: switchId, ...bound });
    const untilOf = new Map<number, number>();
    for (const [id, login, endedAt] of gone) {
      if (id > afterCall) untilOf.set(login, Math.max(untilOf.get(login) ?? endedAt, endedAt));
    }
    for (const [login, until] of untilOf) note.run({ login, until });
    return gone.length;
  };
}

/** Deletes what Ledger.prune promises, in one transaction. Throws SQLite's own errors. */
export function preparePrune(database: Database.Database): (options: PruneOptions) => number {
  const switches = database.prepare<[], SwitchRow>(SWITCHES);
  const pruneEnded = prepareEndedCalls(database);
  const endedCalls: Deletion = (before, limit) =>
    inTurn(switches.all(), limit, (one, left) => pruneEnded(one, { before, limit: left }));
  const ofSwitch = database.prepare<Bound & { switch: number }>(POLLS);
  const polls: Deletion = (before, limit) =>
    inTurn(
      switches.all(),
      limit,
      ({ id }, left) => ofSwitch.run({ switch: id, before, limit: left }).changes,
    );
  const unusedLogins = database.prepare<{ before: number }, { login: number; switch: number }>(UNUSED_LOGINS);
  const lostCalls = database.prepare<Bound & { login: number; switch: number }>(LOST_CALLS);
  const holding = database.prepare<Bound>(HOLDING);
  const customers = database.prepare<Bound>(CUSTOMERS);
  const countries = database.prepare<Bound>(COUNTRIES);

  const prune = database.transaction((options: PruneOptions): number => {
    const { before, pollsBefore = before, countriesBefore, maxRows } = options;
    const deletions: readonly ((limit: number) => number)[] = [
      (limit) => endedCalls(before, limit),
      (limit) =>
        inTurn(
          unusedLogins.all({ before }),
          limit,
          (unused, left) => lostCalls.run({ ...unused, before, limit: left }).changes,
        ),
      (limit) => polls(pollsBefore, limit),
      (limit) => holding.run({ before, limit }).changes,
      (limit) => customers.run({ before, limit }).changes,
      (limit) => countries.run({ before: countriesBefore, limit }).changes,
    ];
    return inTurn(deletions, maxRows, (deletion, left) => deletion(left));
  });
  return (options) => prune.immediate(options);
}

/** Lets each delete what the ones before it left of the limit; returns how many rows went in all. */
function inTurn<T>(items: readonly T[], limit: number, deleteOf: (item: T, left: number) => number): number {
  let gone = 0;
  for (const item of items) {
    // A LIMIT below zero would be none at all.
    if (gone >= limit) break;
    gone += deleteOf(item, limit - gone);
  }
  return gone;
}
