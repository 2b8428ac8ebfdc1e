import type Database from 'better-sqlite3';
import type { RuleFileText } from '../domain/rule-files.js';
import type { LossOfEntries, RulesInForce, RulesReport } from '../domain/rules-in-force.js';
import { createServiceLock } from './service-lock.js';
import { settle } from './store-error.js';

const FILES = 'SELECT file, kind, text FROM rules_file WHERE directory = ? ORDER BY file';
const FORGET_FILES = 'DELETE FROM rules_file WHERE directory = ?';
const KEEP_FILE = `
  INSERT INTO rules_file (directory, file, kind, text, kept_at) VALUES (@directory, @file, @kind, @text, @at)`;

const OPEN = `
  SELECT file, hash, in_force_file AS inForceFile, in_force_hash AS inForceHash
  FROM rules_accepted_loss WHERE directory = ? AND used_up_at IS NULL ORDER BY id`;
const TOTAL = 'SELECT count(*) FROM rules_accepted_loss WHERE directory = ?';
/** Who accepted it first stays on record. */
const ACCEPT = `
  INSERT INTO rules_accepted_loss (directory, file, hash, in_force_file, in_force_hash, actor, at)
  VALUES (@directory, @file, @hash, @inForceFile, @inForceHash, @actor, @at)
  ON CONFLICT DO NOTHING`;
const USE_UP = `
  UPDATE rules_accepted_loss SET used_up_at = @at
  WHERE directory = @directory AND in_force_file = @file AND used_up_at IS NULL`;

const REPORT = `
  INSERT INTO rules_report (directory, report) VALUES (@directory, @report)
  ON CONFLICT DO UPDATE SET report = excluded.report`;
const LAST_REPORT = 'SELECT report FROM rules_report WHERE directory = ?';

/** As it may be kept by an earlier version. */
type KeptReport = Omit<RulesReport, 'waiting'> & Partial<Pick<RulesReport, 'waiting'>>;
const NOTHING_WAITS: Pick<RulesReport, 'waiting'> = { waiting: [] };

interface AcceptedRow {
  file: string;
  hash: string;
  inForceFile: string;
  inForceHash: string;
}

/** The rule files in force, on an open, migrated database. */
export function createRulesInForce(database: Database.Database, path: string): RulesInForce {
  const files = database.prepare<[string], RuleFileText>(FILES);
  const forget = database.prepare<[string]>(FORGET_FILES);
  const insert = database.prepare(KEEP_FILE);
  const open = database.prepare<[string], AcceptedRow>(OPEN);
  const total = database.prepare<[string], number>(TOTAL).pluck();
  const accept = database.prepare(ACCEPT);
  const useUp = database.prepare(USE_UP);
  const report = database.prepare(REPORT);
  const lastReport = database.prepare<[string], string>(LAST_REPORT).pluck();
  const service = createServiceLock(path);
  const tell = (said: RulesReport) => {
    report.run({ directory: said.directory, report: JSON.stringify(said) });
  };
  const keep = database.transaction((directory: string, texts: readonly RuleFileText[], at: number) => {
    const kept = new Map(texts.map(({ file, text }) => [file, text]));
    for (const { file, text } of files.all(directory)) {
      if (kept.get(file) !== text) useUp.run({ directory, file, at });
    }
    forget.run(directory);
    for (const { file, kind, text } of texts) insert.run({ directory, file, kind, text, at });
  });

  return {
    load: (directory) => settle(path, () => files.all(directory)),
    keep: (directory, texts, at) =>
      settle(path, () => {
        keep.immediate(directory, texts, at);
      }),
    accepted: (directory) =>
      settle(path, () => ({ open: open.all(directory).map(toLoss), total: total.get(directory) ?? 0 })),
    accept: (directory, { file, hash, inForce }, actor, at) =>
      settle(path, () => {
        const row: AcceptedRow = { file, hash, inForceFile: inForce.file, inForceHash: inForce.hash };
        accept.run({ directory, ...row, actor, at });
      }),
    serve: (directory) => settle(path, () => service.serve(directory)),
    report: (said) => settle(path, () => tell(said)),
    reportUnlessServed: (said) => settle(path, () => service.unlessServed(said.directory, () => tell(said))),
    lastReport: (directory) =>
      settle(path, () => {
        const text = lastReport.get(directory);
        return text === undefined ? undefined : { ...NOTHING_WAITS, ...(JSON.parse(text) as KeptReport) };
      }),
  };
}

function toLoss({ file, hash, inForceFile, inForceHash }: AcceptedRow): LossOfEntries {
  return { file, hash, inForce: { file: inForceFile, hash: inForceHash } };
}
