import type Database from 'better-sqlite3';
import type { AdministrationKind } from '../domain/audit-chain.js';
import type { Pause, Pauses } from '../domain/pause.js';
import type { Clock } from '../domain/ports.js';
import { settle } from './store-error.js';

/**
 * In force until the clock shows `until`. When it began is not asked: where the clock was set back since, acting stays
 * stopped rather than beginning again although nobody has said so.
 */
const IN_FORCE = '(until IS NULL OR until > @now)';

const SELECT = 'SELECT switch, at, until, reason, actor FROM pause';
/** Its own first, then the one for all. */
const OF_SWITCH = `
  ${SELECT} WHERE ifnull(switch, '') IN (@switch, '') AND ${IN_FORCE} ORDER BY switch IS NULL LIMIT 1`;
const ALL = `${SELECT} WHERE ${IN_FORCE} ORDER BY switch IS NOT NULL, switch`;
const INSERT = `
  INSERT INTO pause (switch, at, until, reason, actor) VALUES (@switch, @at, @until, @reason, @actor)`;
const DELETE_ONE = `DELETE FROM pause WHERE ifnull(switch, '') = ifnull(@switch, '')`;
const DELETE_ALL = 'DELETE FROM pause';
const ADMINISTRATION = `
  INSERT INTO audit_administration (at, actor, kind, switch, reason, detail)
  VALUES (@at, @actor, @kind, @switch, @reason, @detail)`;

interface PauseRow {
  switch: string | null;
  at: number;
  until: number | null;
  reason: string;
  actor: string;
}

interface AdministrationRow {
  at: number;
  actor: string;
  kind: AdministrationKind;
  switch: string | null;
  reason: string;
  detail: string;
}

type Resumed = Parameters<Pauses['resume']>[1];

/** The pauses on an open, migrated database. */
export function createPauses(database: Database.Database, path: string, clock: Clock): Pauses {
  const find = preparePauseOf(database);
  const all = database.prepare<{ now: number }, PauseRow>(ALL);
  const insert = database.prepare(INSERT);
  const deleteOne = database.prepare<{ switch: string | null }>(DELETE_ONE);
  const deleteAll = database.prepare(DELETE_ALL);
  const administration = database.prepare<AdministrationRow>(ADMINISTRATION);
  const list = (now: number): readonly Pause[] => all.all({ now }).map(toPause);

  // A wait for the write lock may lie between the command and this: what was recorded meanwhile came before.
  const since = (at: number) => Math.max(at, clock());

  const pause = database.transaction((given: Pause) => {
    const begun = since(given.at);
    const until = given.until === undefined ? null : begun + given.until - given.at;
    const row = { ...given, at: begun, switch: given.switch ?? null, until };
    deleteOne.run({ switch: row.switch });
    insert.run(row);
    const { at, actor, switch: name, reason } = row;
    const detail = JSON.stringify({ until: timeText(row.until) });
    administration.run({ at, actor, kind: 'paused', switch: name, reason, detail });
  });

  const resume = database.transaction((switchName: string | undefined, resumed: Resumed) => {
    const { actor, reason } = resumed;
    const at = since(resumed.at);
    const ended = list(at).filter((one) => switchName === undefined || one.switch === switchName);
    for (const one of ended) {
      const detail = { pausedAt: timeText(one.at), pausedBy: one.actor, pausedReason: one.reason };
      administration.run({
        at,
        actor,
        kind: 'resumed',
        switch: one.switch ?? null,
        reason,
        detail: JSON.stringify(detail),
      });
    }
    if (switchName === undefined) deleteAll.run();
    else deleteOne.run({ switch: switchName });
    return ended;
  });

  return {
    of: (switchName, now) => settle(path, () => find(switchName, now)),
    list: (now) => settle(path, () => list(now)),
    pause: (given) => settle(path, () => pause.immediate(given)),
    resume: (switchName, resumed) => settle(path, () => resume.immediate(switchName, resumed)),
  };
}

/** The pause that keeps a switch from acting, as a look within a transaction of its caller. Throws SQLite's own errors. */
export function preparePauseOf(
  database: Database.Database,
): (switchName: string, now: number) => Pause | undefined {
  const ofSwitch = database.prepare<{ switch: string; now: number }, PauseRow>(OF_SWITCH);
  return (switchName, now) => {
    const row = ofSwitch.get({ switch: switchName, now });
    return row === undefined ? undefined : toPause(row);
  };
}

function toPause({ switch: name, at, until, reason, actor }: PauseRow): Pause {
  return { switch: name ?? undefined, at, until: until ?? undefined, reason, actor };
}

function timeText(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
