import { isDeepStrictEqual } from 'node:util';
import type Database from 'better-sqlite3';
import type { RuleFileText } from '../domain/rule-files.js';
import type { LossOfEntries, RulesInForce, RulesReport } from '../domain/rules-in-force.js';
import { movedTo, realPathOf } from './real-paths.js';
import { createRulesDirectories, type KnownDirectory } from './rules-directories.js';
import { createServiceLock } from './service-lock.js';
import { settle } from './store-error.js';

const FILES = 'SELECT file, kind, text FROM rules_file WHERE directory = ? ORDER BY file';
const FORGET_FILES = 'DELETE FROM rules_file WHERE directory = ?';
const KEEP_FILE = `
  INSERT INTO rules_file (directory, file, kind, text, kept_at) VALUES (@directory, @file, @kind, @text, @at)`;

const OPEN = `
  SELECT id, file, hash, in_force_file AS inForceFile, in_force_hash AS inForceHash
  FROM rules_accepted_loss WHERE directory = ? AND used_up_at IS NULL ORDER BY id`;
const EVER_ACCEPTED = `
  SELECT id, file, hash, in_force_file AS inForceFile, in_force_hash AS inForceHash
  FROM rules_accepted_loss WHERE directory = ? ORDER BY id`;
const TOTAL = 'SELECT count(*) FROM rules_accepted_loss WHERE directory = ?';
/** Who accepted it first stays on record. */
const ACCEPT = `
  INSERT INTO rules_accepted_loss (directory, file, hash, in_force_file, in_force_hash, actor, at)
  VALUES (@directory, @file, @hash, @inForceFile, @inForceHash, @actor, @at)
  ON CONFLICT DO NOTHING`;
const USE_UP = `
  UPDATE rules_accepted_loss SET used_up_at = @at
  WHERE directory = @directory AND in_force_file = @file AND used_up_at IS NULL`;
const TAKE_OVER = `
  UPDATE OR IGNORE rules_accepted_loss SET directory = @directory, file = @file, in_force_file = @inForceFile
  WHERE id = @id`;

const REPORT = `
  INSERT INTO rules_report (directory, report) VALUES (@directory, @report)
  ON CONFLICT DO UPDATE SET report = excluded.report`;
const LAST_REPORT = 'SELECT report FROM rules_report WHERE directory = ?';
const FORGET_REPORT = 'DELETE FROM rules_report WHERE directory = ?';

type Texts = readonly RuleFileText[];

/** As it may be kept by an earlier version. */
type KeptReport = Omit<RulesReport, 'waiting'> & Partial<Pick<RulesReport, 'waiting'>>;
const NOTHING_WAITS: Pick<RulesReport, 'waiting'> = { waiting: [] };

interface AcceptedRow {
  id: number;
  file: string;
  hash: string;
  inForceFile: string;
  inForceHash: string;
}

/** A service of this process, by the name and the key of its directory. */
interface Serving {
  named: string;
  key: string;
  release: () => void;
}

/** The rule files in force, on an open, migrated database. */
export function createRulesInForce(database: Database.Database, path: string): RulesInForce {
  const directories = createRulesDirectories(database);
  const files = database.prepare<[string], RuleFileText>(FILES);
  const forget = database.prepare<[string]>(FORGET_FILES);
  const insert = database.prepare(KEEP_FILE);
  const open = database.prepare<[string], AcceptedRow>(OPEN);
  const ever = database.prepare<[string], AcceptedRow>(EVER_ACCEPTED);
  const total = database.prepare<[string], number>(TOTAL).pluck();
  const accept = database.prepare(ACCEPT);
  const useUp = database.prepare(USE_UP);
  const takeOver = database.prepare(TAKE_OVER);
  const report = database.prepare(REPORT);
  const lastReport = database.prepare<[string], string>(LAST_REPORT).pluck();
  const forgetReport = database.prepare<[string]>(FORGET_REPORT);
  const service = createServiceLock(path);
  const serving = new Set<Serving>();

  /** As they were last in force, by the paths that they have in that directory. */
  function lastGood({ follows }: KnownDirectory, directory: string): readonly RuleFileText[] {
    return files.all(follows).map((one) => ({ ...one, file: movedTo(directory, one.file, follows) }));
  }

  const keep = database.transaction((named: string, texts: Texts, at: number, instead?: Texts): boolean => {
    const known = directories.known(named);
    const { key, follows } = known;
    if (instead !== undefined && !isDeepStrictEqual(lastGood(known, named), instead)) return false;
    const before = lastGood(known, key);
    directories.use(named, known);
    // Before anything is used up, so that what was accepted is on record for the directory in which it took effect.
    if (!directories.isNamed(follows)) succeed(known);
    const now = texts.map((one) => ({ ...one, file: movedTo(key, one.file, named) }));
    const textsNow = new Map(now.map(({ file, text }) => [file, text]));
    const changed = before.filter(({ file, text }) => textsNow.get(file) !== text);
    for (const { file } of changed) {
      for (const directory of new Set([key, follows])) {
        useUp.run({ directory, file: movedTo(directory, file, key), at });
      }
    }
    if (follows !== key || changed.length > 0 || before.length !== now.length) {
      forget.run(key);
      for (const { file, kind, text } of now) insert.run({ directory: key, file, kind, text, at });
    }
    return true;
  });

  /** What was accepted for a directory that no name leads to any more is good for the one in its place. */
  function succeed({ key, follows }: KnownDirectory): void {
    for (const { id, file, inForceFile } of open.all(follows)) {
      const moved = { file: movedTo(key, file, follows), inForceFile: movedTo(key, inForceFile, follows) };
      takeOver.run({ id, directory: key, ...moved });
    }
    forgetReport.run(follows);
  }

  function tell(said: RulesReport): void {
    report.run({ directory: realPathOf(said.directory), report: JSON.stringify(said) });
  }

  /** The lock of a service goes along where its directory is a link that was swapped. */
  function followLink(named: string): void {
    const key = realPathOf(named);
    for (const one of serving) {
      if (one.named !== named || one.key === key) continue;
      const { release } = one;
      Object.assign(one, { key, release: service.serve(key) });
      release();
    }
  }

  return {
    load: (directory) => settle(path, () => lastGood(directories.known(directory), directory)),
    keep: (directory, texts, at, instead) =>
      settle(path, () => keep.immediate(directory, texts, at, instead)),
    useStill: (directory) => settle(path, () => directories.useStill(directory)),
    accepted: (directory) =>
      settle(path, () => {
        const { key, follows } = directories.known(directory);
        const from = [...new Set([key, follows])];
        return {
          open: from.flatMap((one) => open.all(one).map((row) => toLoss(row, directory, one))),
          total: from.reduce((sum, one) => sum + (total.get(one) ?? 0), 0),
        };
      }),
    everAccepted: (directory) =>
      settle(path, () => {
        const { key, follows } = directories.known(directory);
        return [...new Set([key, follows])].flatMap((one) =>
          ever.all(one).map((row) => toLoss(row, directory, one)),
        );
      }),
    accept: (directory, { file, hash, inForce }, actor, at) =>
      settle(path, () => {
        const key = realPathOf(directory);
        const [itself, inForceFile] = [file, inForce.file].map((one) => movedTo(key, one, directory));
        accept.run({ directory: key, file: itself, hash, inForceFile, inForceHash: inForce.hash, actor, at });
      }),
    serve: (directory) =>
      settle(path, () => {
        const key = realPathOf(directory);
        const one: Serving = { named: directory, key, release: service.serve(key) };
        serving.add(one);
        return () => {
          serving.delete(one);
          one.release();
        };
      }),
    report: (said) =>
      settle(path, () => {
        followLink(said.directory);
        tell(said);
      }),
    reportUnlessServed: (said) =>
      settle(path, () => service.unlessServed(realPathOf(said.directory), () => tell(said))),
    lastReport: (directory) =>
      settle(path, () => {
        const { key, follows } = directories.known(directory);
        const text = lastReport.get(key) ?? lastReport.get(follows);
        return text === undefined ? undefined : { ...NOTHING_WAITS, ...(JSON.parse(text) as KeptReport) };
      }),
  };
}

function toLoss(row: AcceptedRow, directory: string, from: string): LossOfEntries {
  const [file, inForceFile] = [row.file, row.inForceFile].map((one) => movedTo(directory, one, from)) as [
    string,
    string,
  ];
  return { file, hash: row.hash, inForce: { file: inForceFile, hash: row.inForceHash } };
}
