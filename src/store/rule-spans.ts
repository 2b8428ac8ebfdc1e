import type Database from 'better-sqlite3';
import { inForceSince, type RuleSpan } from '../domain/rule-span.js';

/** No rule looks back for so long on what it did; milliseconds. */
const KEPT_MS = 90 * 86_400_000;

const SPANS = `
  SELECT rule_hash AS ruleHash, since, until FROM rule_span WHERE switch = ? ORDER BY rule_hash, since`;

/** What was polled last was polled with it. */
const CLOSE = `
  UPDATE rule_span
  SET until = min(@at, coalesce((SELECT last_poll_at FROM ledger_switch WHERE name = @switch), @at))
  WHERE switch = @switch AND rule_hash = @ruleHash AND until IS NULL`;

const OPEN = `INSERT OR REPLACE INTO rule_span (switch, rule_hash, since, until) VALUES (@switch, @ruleHash, @since, NULL)`;

const CLEAR = `DELETE FROM rule_span WHERE switch = @switch AND rule_hash = @ruleHash AND since = @since`;

const FORGET = `DELETE FROM rule_span WHERE switch = @switch AND until < @before`;

interface SpanRow {
  ruleHash: string;
  since: number;
  until: number | null;
}

/** When which versions of rules were in force, on an open, migrated database. */
export interface RuleSpans {
  /** Of one switch; none where no pass kept it. */
  of(switchName: string): readonly RuleSpan[];
  /** These and no others are in force from this pass on; writes only where something changed. See Ledger. */
  note(switchName: string, hashes: readonly string[], at: number, breakMs: number): void;
}

export function createRuleSpans(database: Database.Database): RuleSpans {
  const spans = database.prepare<[string], SpanRow>(SPANS);
  const close = database.prepare(CLOSE);
  const open = database.prepare(OPEN);
  const clear = database.prepare(CLEAR);
  const forget = database.prepare(FORGET);
  const of = (switchName: string): readonly RuleSpan[] =>
    spans.all(switchName).map(({ until, ...span }) => ({ ...span, until: until ?? undefined }));

  const change = database.transaction(
    (switchName: string, hashes: ReadonlySet<string>, at: number, breakMs: number) => {
      const known = of(switchName);
      for (const { ruleHash, until } of known) {
        if (until === undefined && !hashes.has(ruleHash)) close.run({ switch: switchName, ruleHash, at });
      }
      for (const ruleHash of hashes) {
        const since = inForceSince(known, ruleHash, { at, breakMs });
        const replaced = known.find(
          (one) => one.ruleHash === ruleHash && (one.until === undefined || one.since === since),
        );
        if (replaced?.until === undefined && replaced?.since === since) continue;
        if (replaced !== undefined) clear.run({ switch: switchName, ...replaced });
        open.run({ switch: switchName, ruleHash, since });
      }
      forget.run({ switch: switchName, before: at - KEPT_MS });
    },
  );

  return {
    of,
    note(switchName, hashes, at, breakMs) {
      const wanted = new Set(hashes);
      const standing = of(switchName).filter(({ until }) => until === undefined);
      const isSame =
        standing.length === wanted.size && standing.every(({ ruleHash }) => wanted.has(ruleHash));
      if (isSame && standing.every(({ since }) => since <= at)) return;
      change.immediate(switchName, wanted, at, breakMs);
    },
  };
}
