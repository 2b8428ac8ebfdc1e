import type Database from 'better-sqlite3';
import { realPathOf } from './real-paths.js';

/** So many directories are remembered: releases come and go, and a list may have megabytes. */
const REMEMBERED = 10;

/** Whoever goes on using a directory says so once this many others were used since: seldom, and long before it is forgotten. */
const USED_AGAIN_AFTER = 5;

const LED_TO = 'SELECT directory FROM rules_directory WHERE named = ?';
const LAST_USED = 'SELECT max(used) FROM rules_directory WHERE directory = ?';
const USED_SINCE = `
  SELECT count(DISTINCT directory) FROM rules_directory
  WHERE used > (SELECT max(used) FROM rules_directory WHERE directory = ?)`;
const NAMES = 'SELECT named FROM rules_directory WHERE directory = ?';
const LEAD = 'UPDATE rules_directory SET directory = @directory WHERE named = @named';
const USE_AGAIN = `
  UPDATE rules_directory SET used = (SELECT max(used) + 1 FROM rules_directory) WHERE named = ?`;
const KEYS = 'SELECT directory FROM rules_directory GROUP BY directory ORDER BY max(used) DESC';
const USE = `
  INSERT INTO rules_directory (named, directory, used)
  VALUES (@named, @directory, (SELECT coalesce(max(used), 0) + 1 FROM rules_directory))
  ON CONFLICT DO UPDATE SET directory = excluded.directory, used = excluded.used`;
const FORGET_NAMES = `
  DELETE FROM rules_directory WHERE directory NOT IN (
    SELECT directory FROM rules_directory GROUP BY directory ORDER BY max(used) DESC LIMIT ${REMEMBERED})`;
const FORGET_FILES = 'DELETE FROM rules_file WHERE directory NOT IN (SELECT directory FROM rules_directory)';

/** A rules directory as it is known now. */
export interface KnownDirectory {
  /** Without symbolic links. */
  key: string;
  /** The directory whose last good texts are this one's: itself, or the one that its name led to before. */
  follows: string;
}

/** Tells which rules directories are the same, and which follows which. */
export interface RulesDirectories {
  known(named: string): KnownDirectory;
  /** Notes that a directory was used by that name, and lets go of those that are not any more. In a transaction. */
  use(named: string, known: KnownDirectory): void;
  /** Notes that a name is used still, wherever it leads by now; false where it is not remembered. */
  useStill(named: string): boolean;
  /** Whether any name leads there. */
  isNamed(directory: string): boolean;
}

export function createRulesDirectories(database: Database.Database): RulesDirectories {
  const ledTo = database.prepare<[string], string>(LED_TO).pluck();
  const lastUsed = database.prepare<[string], number | null>(LAST_USED).pluck();
  const keys = database.prepare<[], string>(KEYS).pluck();
  const usedSince = database.prepare<[string], number>(USED_SINCE).pluck();
  const names = database.prepare<[string], string>(NAMES).pluck();
  const use = database.prepare(USE);
  const useAgain = database.prepare<[string]>(USE_AGAIN);
  const lead = database.prepare(LEAD);
  const forgetNames = database.prepare(FORGET_NAMES);
  const forgetFiles = database.prepare(FORGET_FILES);

  const usedAt = (directory: string) => lastUsed.get(directory) ?? 0;

  /** An earlier version had the path of a link for a key; that leads to the directory itself. */
  const keyBefore = (key: string) => keys.all().find((one) => realPathOf(one) === key);

  /** Names that led to the one directory and lead to the other by now: these two have been compared. */
  function takeNamesAlong(from: string, to: string): void {
    for (const named of names.all(from)) {
      if (realPathOf(named) === to) lead.run({ named, directory: to });
    }
  }

  return {
    known(named) {
      const key = realPathOf(named);
      // A link that was swapped: what was in force by its name is compared with, whatever the other directory was used for meanwhile:
      // a single pass that tried a release by its own path does not make that the one in force. By nothing but its name is one
      // directory known to take the place of another: a database may serve configs with rules of their own.
      const before = ledTo.get(named);
      if (before !== undefined) return { key, follows: before };
      return { key, follows: usedAt(key) > 0 ? key : (keyBefore(key) ?? key) };
    },
    use(named, { key, follows }) {
      use.run({ named, directory: key });
      if (follows !== key) takeNamesAlong(follows, key);
      forgetNames.run();
      forgetFiles.run();
    },
    useStill(named) {
      const directory = ledTo.get(named);
      if (directory === undefined) return false;
      if ((usedSince.get(directory) ?? 0) >= USED_AGAIN_AFTER) useAgain.run(named);
      return true;
    },
    isNamed: (directory) => usedAt(directory) > 0,
  };
}
