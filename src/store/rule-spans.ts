import type Database from 'better-sqlite3';
import { inForceSince, type NotedVersions, type RuleSpan, type RuleVersion } from '../domain/rule-span.js';

/** No rule looks back further on what it did, nor does an explanation; milliseconds. */
const KEPT_MS = 8 * 86_400_000;

const SPANS = `
  SELECT rule_hash AS ruleHash, mode, since, until FROM rule_span
  WHERE switch = ? AND source = ? ORDER BY rule_hash, mode, since`;

/** What was polled last was polled with it. */
const CLOSE = `
  UPDATE rule_span
  SET until = max(since, min(@at, coalesce((SELECT last_poll_at FROM ledger_switch WHERE name = @switch), @at)))
  WHERE switch = @switch AND source = @source AND rule_hash = @ruleHash AND mode = @mode AND until IS NULL`;

const OPEN = `
  INSERT OR REPLACE INTO rule_span (switch, source, rule_hash, mode, since, until)
  VALUES (@switch, @source, @ruleHash, @mode, @since, NULL)`;

const CLEAR = `
  DELETE FROM rule_span
  WHERE switch = @switch AND source = @source AND rule_hash = @ruleHash AND mode = @mode AND since = @since`;

const FORGET = `DELETE FROM rule_span WHERE switch = @switch AND until < @before`;

interface SpanRow extends RuleVersion {
  since: number;
  until: number | null;
}

/** When which versions of rules were in force, on an open, migrated database. See Ledger. */
export interface RuleSpans {
  of(switchName: string, source: string): readonly RuleSpan[];
  note(noted: NotedVersions): void;
}

export function createRuleSpans(database: Database.Database): RuleSpans {
  const spans = database.prepare<[string, string], SpanRow>(SPANS);
  const close = database.prepare(CLOSE);
  const open = database.prepare(OPEN);
  const clear = database.prepare(CLEAR);
  const forget = database.prepare(FORGET);
  const of = (switchName: string, source: string): readonly RuleSpan[] =>
    spans.all(switchName, source).map(({ until, ...span }) => ({ ...span, until: until ?? undefined }));

  const change = database.transaction(({ switchName, source, versions, at, breakMs }: NotedVersions) => {
    const known = of(switchName, source);
    const where = { switch: switchName, source };
    for (const { ruleHash, mode, until } of known) {
      if (until === undefined && !versions.some((one) => isSame(one, { ruleHash, mode })))
        close.run({ ...where, ruleHash, mode, at });
    }
    for (const { ruleHash, mode } of versions) {
      const since = inForceSince(known, { ruleHash, mode }, { at, breakMs });
      const replaced = known.find(
        (one) => isSame(one, { ruleHash, mode }) && (one.until === undefined || one.since === since),
      );
      if (replaced?.until === undefined && replaced?.since === since) continue;
      if (replaced !== undefined) clear.run({ ...where, ruleHash, mode, since: replaced.since });
      open.run({ ...where, ruleHash, mode, since });
    }
    forget.run({ switch: switchName, before: at - KEPT_MS });
  });

  return {
    of,
    note(noted) {
      const { switchName, source, versions, at } = noted;
      const standing = of(switchName, source).filter(({ until }) => until === undefined);
      const isUnchanged =
        standing.length === versions.length &&
        versions.every((version) => standing.some((one) => isSame(one, version) && one.since <= at));
      if (!isUnchanged) change.immediate(noted);
    },
  };
}

function isSame(one: RuleVersion, other: RuleVersion): boolean {
  return one.ruleHash === other.ruleHash && one.mode === other.mode;
}
