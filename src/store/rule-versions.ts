import type Database from 'better-sqlite3';
import {
  afterPass,
  type JudgedBy,
  type KeptRules,
  type KeptSource,
  type KeptVersion,
  type RuleSource,
} from '../domain/rule-version.js';

const SOURCES = `
  SELECT id, config, directory, mode FROM rule_source WHERE switch = ? ORDER BY used DESC`;

const VERSIONS = `
  SELECT rule, rule_hash AS ruleHash, mode, cools_after AS coolsAfter, climbs_after AS climbsAfter, since,
    absent_since AS absentSince, absent_passes AS absentPasses, other_passes AS otherPasses
  FROM rule_version WHERE source_id = ?`;

/** The last ID that was ever given, also where its record was pruned since. */
const LAST_ACTION = `SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit_action'), 0)`;

const PUT_SOURCE = `
  INSERT INTO rule_source (switch, config, directory, mode, used) VALUES (@switch, @config, @directory, @mode, @used)
  ON CONFLICT (switch, config, directory, mode) DO UPDATE SET used = excluded.used
  RETURNING id`;

const PUT_VERSION = `
  INSERT INTO rule_version (
    source_id, rule, rule_hash, mode, cools_after, climbs_after, since, absent_since, absent_passes, other_passes
  ) VALUES (
    @source, @rule, @ruleHash, @mode, @coolsAfter, @climbsAfter, @since, @absentSince, @absentPasses, @otherPasses
  )`;

const DROP_VERSIONS = 'DELETE FROM rule_version WHERE source_id = ?';
const DROP_SOURCE = 'DELETE FROM rule_source WHERE id = ?';

type SourceRow = RuleSource & { id: number };
type ReadSource = KeptSource & { id: number };
type VersionRow = Omit<KeptVersion, 'absentSince'> & { absentSince: number | null };

/** Which versions of rules passes of a switch judged by, on an open, migrated database. See Ledger. */
export interface RuleVersions {
  of(switchName: string): KeptRules;
  note(switchName: string, pass: JudgedBy): readonly KeptSource[];
}

export function createRuleVersions(database: Database.Database): RuleVersions {
  const sources = database.prepare<[string], SourceRow>(SOURCES);
  const versionsOf = database.prepare<[number], VersionRow>(VERSIONS);
  const lastAction = database.prepare<[], number>(LAST_ACTION).pluck();
  const write = prepareWrite(database);
  const read = (switchName: string) =>
    sources.all(switchName).map(
      ({ id, ...source }): ReadSource => ({
        id,
        ...source,
        versions: versionsOf.all(id).map(({ absentSince, ...row }) => ({
          ...row,
          absentSince: absentSince ?? undefined,
        })),
      }),
    );
  return {
    of: (switchName) => ({
      sources: read(switchName).map(({ id: _, ...source }) => source),
      lastAction: lastAction.get() ?? 0,
    }),
    note(switchName, pass) {
      const before = read(switchName);
      const after = afterPass(before, pass, lastAction.get() ?? 0);
      write(switchName, before, after);
      return after;
    },
  };
}

/** Writes only where something changed, and of each source only then. */
function prepareWrite(database: Database.Database) {
  const putSource = database
    .prepare<RuleSource & { switch: string; used: number }, number>(PUT_SOURCE)
    .pluck();
  const putVersion = database.prepare(PUT_VERSION);
  const dropVersions = database.prepare<[number]>(DROP_VERSIONS);
  const dropSource = database.prepare<[number]>(DROP_SOURCE);

  function put(switchName: string, { versions, ...source }: KeptSource, used: number, isSame: boolean) {
    const id = putSource.get({ switch: switchName, used, ...source });
    if (id === undefined) throw new Error('INSERT … RETURNING returned no row.');
    if (isSame) return;
    dropVersions.run(id);
    for (const { absentSince = null, ...version } of versions)
      putVersion.run({ source: id, absentSince, ...version });
  }

  const write = database.transaction(
    (switchName: string, before: readonly ReadSource[], after: readonly KeptSource[]) => {
      const kept = new Set(after.map(nameOf));
      for (const { id } of before.filter((one) => !kept.has(nameOf(one)))) {
        dropVersions.run(id);
        dropSource.run(id);
      }
      const texts = new Map(before.map((one) => [nameOf(one), textOf(one)]));
      for (const [at, source] of after.entries()) {
        put(switchName, source, after.length - at, texts.get(nameOf(source)) === textOf(source));
      }
    },
  );

  return (switchName: string, before: readonly ReadSource[], after: readonly KeptSource[]): void => {
    const isSame = JSON.stringify(before.map(textOf)) === JSON.stringify(after.map(textOf));
    if (!isSame) write.immediate(switchName, before, after);
  };
}

function nameOf({ config, directory, mode }: RuleSource): string {
  return JSON.stringify([config, directory, mode]);
}

/** In which order its versions stand says nothing. */
function textOf(source: KeptSource): string {
  const texts = source.versions.map((one) => JSON.stringify(Object.entries(one).sort()));
  return `${nameOf(source)} ${texts.sort().join()}`;
}
