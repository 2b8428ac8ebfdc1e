import type { CallIdentity } from '../domain/call.js';
import type { Pause } from '../domain/pause.js';
import { callsTakenOf } from './audit-sql.js';
import { openCurrentForReading, type ReaderOptions } from './open-reader.js';
import { orStoreError } from './store-error.js';

/** A call whose disconnect was sent, or may have been. */
export interface PastDisconnect {
  call: CallIdentity;
  /** When its intent was committed; milliseconds since the epoch, as is `at`. */
  askedAt: number;
  /** When its outcome was recorded: what counts as the time at which it was sent. */
  at: number;
}

/**
 * Reads what a pass could read that asked for its listing at an instant of the past, whatever was recorded since; cannot
 * write. What a pass did itself it did after its listing, so that is none of it. Every method throws STORE_FAILED.
 */
export interface PastReader {
  /** As disconnectsSince, in order of time: sent at or after `since`, and before a listing of `listedAt`. */
  disconnects(switchName: string, since: number, listedAt: number): readonly PastDisconnect[];
  /** As callsTakenSince: what the hourly cap counted at or after `since`, before a listing of `listedAt`. */
  callsTaken(switchName: string, since: number, listedAt: number): number;
  /** As Pauses.of: the pause that kept a switch from acting at this instant; undefined where none did. */
  pauseAt(switchName: string, at: number): Pause | undefined;
  /**
   * As LedgerState.soundHours: in which of the 168 hours up to this instant there was a sound poll. Of hours whose polls have
   * been pruned since nobody can say it any more: they are taken to have had one.
   */
  soundHours(switchName: string, at: number): readonly number[];
  /** When an action was recorded, on whichever switch; undefined where there is none, or none any more. */
  recordedAt(action: number): number | undefined;
  close(): void;
}

/** With an outcome by then that says so. A pass begins once what was open is closed, so nothing open counts. */
const SENT = `
  SELECT a.id, a.parent, a.action, a.call_ref, a.call_id, a.setup_time, a.evidence, a.at AS asked_at,
    o.at AS sent_at, o.outcome, o.reason, o.count
  FROM audit_outcome AS o INDEXED BY audit_outcome_sent CROSS JOIN audit_action AS a ON a.id = o.action_id
  WHERE o.outcome IN ('disconnected', 'unknown', 'already-gone', 'failed') AND o.at >= @since AND o.at <= @listedAt
    AND a.switch = @switch AND a.at < @listedAt`;

const DISCONNECTS = `
  SELECT call_ref AS id, call_id AS callId, setup_time AS setupTime, asked_at AS askedAt, sent_at AS at FROM (${SENT})
  WHERE call_id IS NOT NULL AND outcome <> 'failed' AND reason IS NOT 'perhaps-taken' ORDER BY sent_at, asked_at`;

const CALLS_TAKEN = callsTakenOf(SENT);

/** One that is in force to this day; the event that began it may have been pruned. */
const LASTING_PAUSE = `
  SELECT switch, at, until, reason, actor, 'paused' AS kind FROM pause
  WHERE ifnull(switch, '') = @switch AND at <= @at`;

/** What was last said of a switch, or of all of them, by then: a new pause replaces the one before. */
const LAST_SAID = `
  SELECT switch, at, detail ->> 'until' AS until, reason, actor, kind
  FROM audit_administration
  WHERE kind IN ('paused', 'resumed') AND ifnull(switch, '') = @switch AND at <= @at ORDER BY id DESC LIMIT 1`;

const SOUND_HOURS = `
  WITH RECURSIVE
    of_switch (id) AS (SELECT id FROM ledger_switch WHERE name = @switch),
    kept (since) AS (SELECT min(at) / 3600000 FROM ledger_poll WHERE switch_id = (SELECT id FROM of_switch)),
    week (hour) AS (
      SELECT CAST(@at / 3600000 AS INTEGER) - 167
      UNION ALL SELECT hour + 1 FROM week WHERE hour < CAST(@at / 3600000 AS INTEGER)
    )
  SELECT hour FROM week WHERE hour < (SELECT since FROM kept) OR EXISTS (
    SELECT 1 FROM ledger_poll WHERE switch_id = (SELECT id FROM of_switch)
      AND at >= hour * 3600000 AND at < (hour + 1) * 3600000 AND at <= @at AND result = 'sound'
  )`;

const RECORDED_AT = 'SELECT at FROM audit_action WHERE id = ?';

interface DisconnectRow {
  id: string;
  callId: string;
  setupTime: string | null;
  askedAt: number;
  at: number;
}

interface SaidRow {
  switch: string | null;
  at: number;
  /** As the pause has it, or ISO 8601 as the event has it. */
  until: number | string | null;
  reason: string;
  actor: string;
  kind: 'paused' | 'resumed';
}

type Span = { switch: string; since: number; listedAt: number };

/** Opens a database of exactly this version, read-only; works while `callwarden run` is writing. Throws STORE_FAILED. */
export function openPastReader(path: string, options: ReaderOptions = {}): PastReader {
  const { database, path: file } = openCurrentForReading(path, options);
  const look = <T>(work: () => T): T => orStoreError(file, work);
  return look(() => {
    const disconnects = database.prepare<Span, DisconnectRow>(DISCONNECTS);
    const callsTaken = database.prepare<Span, number>(CALLS_TAKEN).pluck();
    const lasting = database.prepare<{ switch: string; at: number }, SaidRow>(LASTING_PAUSE);
    const said = database.prepare<{ switch: string; at: number }, SaidRow>(LAST_SAID);
    const soundHours = database.prepare<{ switch: string; at: number }, number>(SOUND_HOURS).pluck();
    const recordedAt = database.prepare<[number], number>(RECORDED_AT).pluck();
    const pauseOf = (name: string, at: number) => {
      const asked = { switch: name, at };
      return pauseIn(lasting.get(asked), at) ?? pauseIn(said.get(asked), at);
    };
    return {
      disconnects: (switchName, since, listedAt) =>
        look(() => disconnects.all({ switch: switchName, since, listedAt }).map(toDisconnect)),
      callsTaken: (switchName, since, listedAt) =>
        look(() => callsTaken.get({ switch: switchName, since, listedAt }) ?? 0),
      // Its own first, then the one for all, whose name is empty here.
      pauseAt: (switchName, at) => look(() => pauseOf(switchName, at) ?? pauseOf('', at)),
      soundHours: (switchName, at) => look(() => soundHours.all({ switch: switchName, at })),
      recordedAt: (action) => look(() => recordedAt.get(action)),
      close: () => {
        database.close();
      },
    };
  });
}

function toDisconnect({ id, callId, setupTime, askedAt, at }: DisconnectRow): PastDisconnect {
  return { call: { id, callId, setupTimeText: setupTime ?? undefined }, askedAt, at };
}

/** The pause of a row that was in force at this instant. */
function pauseIn(row: SaidRow | undefined, now: number): Pause | undefined {
  if (row === undefined || row.kind === 'resumed') return undefined;
  const { switch: name, at, reason, actor } = row;
  const until = row.until === null ? undefined : new Date(row.until).getTime();
  if (until !== undefined && until <= now) return undefined;
  return { switch: name ?? undefined, at, until, reason, actor };
}
