import type Database from 'better-sqlite3';
import type {
  CalledCountry,
  Holding,
  KnownAccount,
  LedgerCall,
  LedgerPoll,
  LedgerState,
} from '../domain/ledger.js';
import { CALL_COLUMNS, type CallRow, createInterner, toCall } from './ledger-rows.js';

/** Reads the ledger on a connection that may or may not write. Throws SQLite's own errors. */
export interface LedgerReads {
  lastPollId(switchName: string): number | undefined;
  lastPollAt(switchName: string): number | undefined;
  /** As of one instant, whatever another process commits meanwhile. */
  state(switchName: string, since: number, pollsSince?: number): LedgerState;
  /** Like the calls, of the time since the history began anew. */
  polls(switchName: string, since: number, until: number): readonly LedgerPoll[];
  /** The same with those before `since` that tell whether anything is missing right after it. */
  pollsAround(switchName: string, since: number, until: number): readonly LedgerPoll[];
  /** Calls first seen before `until` which live or ended at or after `since`, in order of first sight; row by row. */
  calls(switchName: string, since: number, until: number): Iterable<LedgerCall>;
}

/** After every instant that a Date can hold. */
const FOR_EVER = 8.64e15 + 1;

const SWITCH = `
  SELECT id, last_poll_id AS lastPollId, last_poll_at AS lastPollAt, begun_after_poll AS afterPoll,
    begun_after_call AS afterCall, numbering AS fingerprint, numbered_since AS numberedSince
  FROM ledger_switch WHERE name = ?`;
const LOGINS = 'SELECT id, name FROM ledger_login WHERE switch_id = ?';

const POLLS = `
  SELECT p.at, p.interval_ms AS intervalMs, p.result, l.name AS login
  FROM ledger_poll AS p CROSS JOIN ledger_login AS l ON l.id = p.login_id
  WHERE p.switch_id = @switch AND p.at >= @since AND p.at < @until AND p.id > @afterPoll ORDER BY p.at, p.id`;

/** From the last sound poll of each login that is not after `since`, where it has one. */
const POLLS_AROUND = `
  WITH lead AS MATERIALIZED (
    SELECT l.id AS login_id, l.name, coalesce((
      SELECT p.at FROM ledger_poll AS p
      WHERE p.switch_id = @switch AND p.at <= @since AND p.login_id = l.id AND p.result = 'sound' AND p.id > @afterPoll
      ORDER BY p.at DESC LIMIT 1
    ), @since) AS since
    FROM ledger_login AS l WHERE l.switch_id = @switch
  )
  SELECT p.at, p.interval_ms AS intervalMs, p.result, lead.name AS login
  FROM ledger_poll AS p CROSS JOIN lead ON lead.login_id = p.login_id AND p.at >= lead.since
  WHERE p.switch_id = @switch AND p.at >= (SELECT min(since) FROM lead) AND p.at < @until AND p.id > @afterPoll
  ORDER BY p.at, p.id`;

/**
 * Both halves are answered from their indexes alone, so that only ids are sorted and not rows. A call ends after it was last
 * seen, so of those that ended the end decides.
 */
const CALL_IDS = `
  SELECT id FROM (
    SELECT id, first_seen_at FROM ledger_call INDEXED BY ledger_call_live
    WHERE switch_id = @switch AND ended_at IS NULL AND first_seen_at < @until AND id > @afterCall
    UNION ALL
    SELECT id, first_seen_at FROM ledger_call INDEXED BY ledger_call_ended
    WHERE switch_id = @switch AND ended_at >= @since AND first_seen_at < @until AND id > @afterCall
  ) ORDER BY first_seen_at, id`;

const CALLS = `SELECT ${CALL_COLUMNS} FROM ledger_call WHERE id BETWEEN ? AND ? ORDER BY id`;

/** Rows that are read at once; more would only take more memory. */
const CALLS_AT_ONCE = 1_000;

const COUNTRIES = `
  SELECT account, country, first_at AS firstAt, last_at AS lastAt
  FROM ledger_country WHERE switch_id = ? ORDER BY account, country`;

/** Where numbers were read otherwise, nothing that was known of an account's countries holds any more. */
const ACCOUNTS = `
  SELECT a.account, max(a.first_at, s.numbered_since) AS firstAt
  FROM ledger_account AS a CROSS JOIN ledger_switch AS s ON s.id = a.switch_id
  WHERE a.switch_id = ? ORDER BY a.account`;

const HOLDING = `
  SELECT rule, rule_hash AS ruleHash, subject, since, last_at AS lastAt
  FROM ledger_holding WHERE switch_id = ? ORDER BY rule, rule_hash, subject`;

const LAST_SOUND = `
  SELECT name AS login, last_sound_at AS at FROM ledger_login
  WHERE switch_id = ? AND last_sound_at IS NOT NULL ORDER BY name`;

const LAST_LISTED = `
  SELECT name AS login, last_listed_at AS at FROM ledger_login
  WHERE switch_id = ? AND last_listed_at IS NOT NULL ORDER BY name`;

const PRUNED_UNTIL = `
  SELECT name AS login, pruned_until AS at FROM ledger_login
  WHERE switch_id = ? AND pruned_until IS NOT NULL ORDER BY name`;

/**
 * What a login saw last outlives its poll, as after a long outage. With a clock that is set back it is forgotten, but not the
 * polls before that instant.
 */
const SOUND_HOURS = `
  WITH RECURSIVE
    newest (hour) AS (SELECT CAST(coalesce(
      (SELECT max(last_sound_at) FROM ledger_login WHERE switch_id = @switch),
      (SELECT at FROM ledger_poll WHERE switch_id = @switch AND result = 'sound' ORDER BY at DESC LIMIT 1)
    ) / 3600000 AS INTEGER)),
    week (hour) AS (
      SELECT hour - 167 FROM newest WHERE hour IS NOT NULL
      UNION ALL SELECT week.hour + 1 FROM week, newest WHERE week.hour < newest.hour
    )
  SELECT hour FROM week WHERE hour = (SELECT hour FROM newest) OR EXISTS (
    SELECT 1 FROM ledger_poll
    WHERE switch_id = @switch AND at >= hour * 3600000 AND at < (hour + 1) * 3600000 AND result = 'sound'
  )`;

type Span = { switch: number; since: number; until: number; afterPoll: number; afterCall: number };

interface SwitchRow {
  id: number;
  lastPollId: number;
  lastPollAt: number | null;
  afterPoll: number;
  afterCall: number;
  fingerprint: string | null;
  numberedSince: number;
}

function spanOf({ id, afterPoll, afterCall }: SwitchRow, since: number, until: number): Span {
  return { switch: id, since, until, afterPoll, afterCall };
}

export function createLedgerReads(database: Database.Database): LedgerReads {
  const switches = database.prepare<[string], SwitchRow>(SWITCH);
  const logins = database.prepare<[number], [number, string]>(LOGINS).raw();
  const polls = database.prepare<[Span], LedgerPoll>(POLLS);
  const pollsAround = database.prepare<[Span], LedgerPoll>(POLLS_AROUND);
  const callIds = database.prepare<[Span], number>(CALL_IDS).pluck();
  const calls = database.prepare<[number, number], CallRow>(CALLS).raw();
  const countries = database.prepare<[number], CalledCountry>(COUNTRIES);
  const accounts = database.prepare<[number], KnownAccount>(ACCOUNTS);
  const lastSound = database.prepare<[number], { login: string; at: number }>(LAST_SOUND);
  const lastListed = database.prepare<[number], { login: string; at: number }>(LAST_LISTED);
  const prunedUntil = database.prepare<[number], { login: string; at: number }>(PRUNED_UNTIL);
  const soundHours = database.prepare<{ switch: number }, number>(SOUND_HOURS).pluck();
  const holding = database.prepare<[number], Holding>(HOLDING);

  function* callsOf(span: Span): Iterable<LedgerCall> {
    const names = new Map(logins.all(span.switch));
    const intern = createInterner();
    for (const [first, last] of runsOf(callIds.all(span))) {
      for (const row of calls.all(first, last)) yield toCall(row, names, intern);
    }
  }

  const state = database.transaction((switchName: string, since: number, pollsSince = since): LedgerState => {
    const found = switches.get(switchName);
    if (found === undefined) return NOTHING_KNOWN;
    const span = spanOf(found, since, FOR_EVER);
    const { lastPollAt, fingerprint, numberedSince } = found;
    return {
      lastPollId: found.lastPollId,
      ...(lastPollAt === null ? {} : { lastPollAt }),
      ...(fingerprint === null ? {} : { numbering: { fingerprint, since: numberedSince } }),
      polls: pollsAround.all({ ...span, since: pollsSince }),
      calls: [...callsOf(span)],
      countries: countries.all(found.id),
      accounts: accounts.all(found.id),
      holding: holding.all(found.id),
      lastSoundAt: lastSound.all(found.id),
      lastListedAt: lastListed.all(found.id),
      prunedUntil: prunedUntil.all(found.id),
      soundHours: soundHours.all({ switch: found.id }),
    };
  });

  return {
    lastPollId: (switchName) => switches.get(switchName)?.lastPollId,
    lastPollAt: (switchName) => switches.get(switchName)?.lastPollAt ?? undefined,
    state,
    polls(switchName, since, until) {
      const found = switches.get(switchName);
      return found === undefined ? [] : polls.all(spanOf(found, since, until));
    },
    pollsAround(switchName, since, until) {
      const found = switches.get(switchName);
      return found === undefined ? [] : pollsAround.all(spanOf(found, since, until));
    },
    *calls(switchName, since, until) {
      const found = switches.get(switchName);
      if (found !== undefined) yield* callsOf(spanOf(found, since, until));
    },
  };
}

/**
 * Runs of successive ids, which are read a third faster than id by id. Calls that one poll showed first have such ids, and so
 * mostly have those of the next.
 */
function* runsOf(ids: readonly number[]): Iterable<[first: number, last: number]> {
  let run: [first: number, last: number] | undefined;
  for (const id of ids) {
    if (run !== undefined && id === run[1] + 1 && id - run[0] < CALLS_AT_ONCE) {
      run[1] = id;
      continue;
    }
    if (run !== undefined) yield run;
    run = [id, id];
  }
  if (run !== undefined) yield run;
}

const NOTHING_KNOWN: LedgerState = {
  lastPollId: undefined,
  polls: [],
  calls: [],
  countries: [],
  accounts: [],
  holding: [],
  lastSoundAt: [],
  lastListedAt: [],
  prunedUntil: [],
  soundHours: [],
};
