import { existsSync } from 'node:fs';
import { sep } from 'node:path';
import type Database from 'better-sqlite3';
import { movedTo, realPathOf } from './real-paths.js';

/** So many directories are remembered: releases come and go, and a list may have megabytes. */
const REMEMBERED = 10;

const LED_TO = 'SELECT directory FROM rules_directory WHERE named = ?';
const LAST_USED = 'SELECT max(used) FROM rules_directory WHERE directory = ?';
const LATEST = 'SELECT directory FROM rules_directory ORDER BY used DESC LIMIT 1';
const FILES = 'SELECT file FROM rules_file WHERE directory = ?';
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
  /** The directory whose last good texts are this one's: itself, or the one that it takes the place of. */
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
  const latest = database.prepare<[], string>(LATEST).pluck();
  const files = database.prepare<[string], string>(FILES).pluck();
  const use = database.prepare(USE);
  const forgetNames = database.prepare(FORGET_NAMES);
  const forgetFiles = database.prepare(FORGET_FILES);

  const usedAt = (directory: string) => lastUsed.get(directory) ?? 0;

  /** A release that was never used follows the last one; a directory that has nothing in common with it is another one. */
  function predecessor(key: string): string {
    const last = latest.get();
    if (last === undefined) return key;
    const there = files.all(last).map((file) => movedTo(key, file, last));
    return there.some((file) => file.startsWith(key + sep) && existsSync(file)) ? last : key;
  }

  return {
    known(named) {
      const key = realPathOf(named);
      // A link that was swapped: what was in force by its name is compared with, unless the other was used since.
      const before = ledTo.get(named) ?? key;
      if (usedAt(key) + usedAt(before) === 0) return { key, follows: predecessor(key) };
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
