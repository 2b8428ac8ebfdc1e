import type Database from 'better-sqlite3';
import { realPathOf } from './real-paths.js';

/** So many directories are remembered: releases come and go, and a list may have megabytes. */
const REMEMBERED = 10;

const LED_TO = 'SELECT directory FROM rules_directory WHERE named = ?';
const LAST_USED = 'SELECT max(used) FROM rules_directory WHERE directory = ?';
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
  use(named: string, key: string): void;
  /** Whether any name leads there. */
  isNamed(directory: string): boolean;
}

export function createRulesDirectories(database: Database.Database): RulesDirectories {
  const ledTo = database.prepare<[string], string>(LED_TO).pluck();
  const lastUsed = database.prepare<[string], number | null>(LAST_USED).pluck();
  const keys = database.prepare<[], string>(KEYS).pluck();
  const use = database.prepare(USE);
  const forgetNames = database.prepare(FORGET_NAMES);
  const forgetFiles = database.prepare(FORGET_FILES);

  const usedAt = (directory: string) => lastUsed.get(directory) ?? 0;

  /** An earlier version had the path of a link for a key; that leads to the directory itself. */
  const keyBefore = (key: string) => keys.all().find((one) => realPathOf(one) === key);

  return {
    known(named) {
      const key = realPathOf(named);
      // A link that was swapped: what was in force by its name is compared with, unless the other was used since. By nothing but
      // its name is one directory known to take the place of another: a database may serve configs with rules of their own.
      const before = ledTo.get(named) ?? key;
      if (usedAt(key) + usedAt(before) === 0) return { key, follows: keyBefore(key) ?? key };
      return { key, follows: usedAt(before) > usedAt(key) ? before : key };
    },
    use(named, key) {
      use.run({ named, directory: key });
      forgetNames.run();
      forgetFiles.run();
    },
    isNamed: (directory) => usedAt(directory) > 0,
  };
}
