import type Database from 'better-sqlite3';
import type { RuleFileText } from '../domain/rule-files.js';
import type { RulesInForce, RulesReport } from '../domain/rules-in-force.js';
import { settle } from './store-error.js';

const FILES = 'SELECT file, kind, text FROM rules_file WHERE directory = ? ORDER BY file';
const FORGET_FILES = 'DELETE FROM rules_file WHERE directory = ?';
const KEEP_FILE = `
  INSERT INTO rules_file (directory, file, kind, text, kept_at) VALUES (@directory, @file, @kind, @text, @at)`;

const ACCEPTED = 'SELECT DISTINCT hash FROM rules_accepted WHERE directory = ?';
/** Who accepted it first stays on record. */
const ACCEPT = `
  INSERT INTO rules_accepted (directory, hash, file, actor, at) VALUES (@directory, @hash, @file, @actor, @at)
  ON CONFLICT DO NOTHING`;

const REPORT = `
  INSERT INTO rules_report (directory, report) VALUES (@directory, @report)
  ON CONFLICT DO UPDATE SET report = excluded.report`;
const LAST_REPORT = 'SELECT report FROM rules_report WHERE directory = ?';

/** The rule files in force, on an open, migrated database. */
export function createRulesInForce(database: Database.Database, path: string): RulesInForce {
  const files = database.prepare<[string], RuleFileText>(FILES);
  const forget = database.prepare<[string]>(FORGET_FILES);
  const insert = database.prepare(KEEP_FILE);
  const accepted = database.prepare<[string], string>(ACCEPTED).pluck();
  const accept = database.prepare(ACCEPT);
  const report = database.prepare(REPORT);
  const lastReport = database.prepare<[string], string>(LAST_REPORT).pluck();
  const keep = database.transaction((directory: string, texts: readonly RuleFileText[], at: number) => {
    forget.run(directory);
    for (const { file, kind, text } of texts) insert.run({ directory, file, kind, text, at });
  });

  return {
    load: (directory) => settle(path, () => files.all(directory)),
    keep: (directory, texts, at) =>
      settle(path, () => {
        keep.immediate(directory, texts, at);
      }),
    accepted: (directory) => settle(path, () => new Set(accepted.all(directory))),
    accept: (directory, file, hash, actor, at) =>
      settle(path, () => {
        accept.run({ directory, file, hash, actor, at });
      }),
    report: (said) =>
      settle(path, () => {
        report.run({ directory: said.directory, report: JSON.stringify(said) });
      }),
    lastReport: (directory) =>
      settle(path, () => {
        const text = lastReport.get(directory);
        return text === undefined ? undefined : (JSON.parse(text) as RulesReport);
      }),
  };
}
