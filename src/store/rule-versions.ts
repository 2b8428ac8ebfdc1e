import type Database from 'better-sqlite3';
import { inForceSince, isOut, type KeptVersion, type RuleVersion } from '../domain/rule-version.js';

/** Hardly a rule looks back further on what it did, and lists that change often make many versions; milliseconds. */
const KEPT_MS = 8 * 86_400_000;

const VERSIONS = `
  SELECT rule_hash AS ruleHash, mode, since, absent_since AS absentSince, absent_passes AS absentPasses
  FROM rule_version WHERE switch = ?`;

const PUT = `
  INSERT OR REPLACE INTO rule_version (switch, rule_hash, mode, since, absent_since, absent_passes)
  VALUES (@switch, @ruleHash, @mode, @since, @absentSince, @absentPasses)`;

const FORGET = `DELETE FROM rule_version WHERE switch = @switch AND absent_since < @before`;

interface VersionRow extends RuleVersion {
  since: number;
  absentSince: number | null;
  absentPasses: number;
}

/** Which versions of rules passes of a switch judged by, on an open, migrated database. See Ledger. */
export interface RuleVersions {
  of(switchName: string): readonly KeptVersion[];
  note(switchName: string, versions: readonly RuleVersion[], at: number): void;
}

export function createRuleVersions(database: Database.Database): RuleVersions {
  const rows = database.prepare<[string], VersionRow>(VERSIONS);
  const put = database.prepare(PUT);
  const forget = database.prepare(FORGET);
  const of = (switchName: string): readonly KeptVersion[] =>
    rows
      .all(switchName)
      .map(({ absentSince, ...row }) => ({ ...row, absentSince: absentSince ?? undefined }));
  const write = database.transaction((switchName: string, changed: readonly KeptVersion[], at: number) => {
    for (const { absentSince = null, ...version } of changed)
      put.run({ switch: switchName, absentSince, ...version });
    forget.run({ switch: switchName, before: at - KEPT_MS });
  });
  return {
    of,
    note(switchName, versions, at) {
      const changed = changesOf(of(switchName), versions, at);
      if (changed.length > 0) write.immediate(switchName, changed, at);
    },
  };
}

function changesOf(
  known: readonly KeptVersion[],
  versions: readonly RuleVersion[],
  at: number,
): readonly KeptVersion[] {
  const keyOf = ({ ruleHash, mode }: RuleVersion) => `${ruleHash} ${mode}`;
  const before = new Map(known.map((one) => [keyOf(one), one]));
  const present = new Set(versions.map(keyOf));
  const there = versions.flatMap((version): KeptVersion[] => {
    const kept = before.get(keyOf(version));
    const since = inForceSince(kept, at);
    if (kept?.absentSince === undefined && kept?.since === since) return [];
    const { ruleHash, mode } = version;
    return [{ ruleHash, mode, since, absentSince: undefined, absentPasses: 0 }];
  });
  const absent = known.flatMap((kept): KeptVersion[] => {
    if (present.has(keyOf(kept)) || isOut(kept, at)) return [];
    return [{ ...kept, absentSince: kept.absentSince ?? at, absentPasses: kept.absentPasses + 1 }];
  });
  return [...there, ...absent];
}
