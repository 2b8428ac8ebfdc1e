import type { AuditRecord } from '../domain/action.js';
import { identityKey } from '../domain/call.js';
import type { Holding } from '../domain/ledger.js';
import { subjectText } from '../domain/scope.js';
import type { Evidence } from '../domain/verdict.js';

/** That a subject violated a version of a rule without a break from `since` to `lastAt`, as a pass wrote it down. */
export interface NotedHold extends Holding {
  /** The ledger holds it to this day, so that no pass since `lastAt` has found it ended. */
  stands: boolean;
}

/** What records of a rule with `for` say of it. */
export function holdsOfRecords(records: Iterable<AuditRecord>): readonly NotedHold[] {
  return [...records].flatMap((record): NotedHold[] => {
    const { held } = record.evidence as Partial<Evidence>;
    const subject = keyOf(record);
    if (held === undefined || subject === undefined) return [];
    const { rule, ruleHash } = record;
    const [since, lastAt] = [Date.parse(held.since), Date.parse(record.at)];
    return [{ rule, ruleHash, subject, since, lastAt, stands: false }];
  });
}

/**
 * As subjectKey writes it: the evidence names the call that was judged. Undefined where it names another one, which was cut in
 * place of a whole: of that call the record says nothing, and of the judged one the record of the whole says the same.
 */
function keyOf({ scope, subject, evidence }: AuditRecord): string | undefined {
  const { call } = evidence as Partial<Evidence>;
  if (scope !== 'call' || call === undefined) return subject;
  if (subject !== subjectText({ scope, id: call.id })) return undefined;
  return `call:${identityKey({ id: call.id, callId: call.callId, setupTimeText: call.setupTime })}`;
}

/**
 * What was held violated before a listing of `now`, where what passes wrote down goes before what was found by living through
 * the polls again: they may have known more, as polls are forgotten, or less, where one of them broke off.
 */
export function asNoted(
  lived: readonly Holding[],
  noted: readonly NotedHold[],
  { now, breakMs }: { now: number; breakMs: number },
): readonly Holding[] {
  const holding = new Map(lived.map((one) => [keyFor(one), one]));
  // What was written down last says most.
  for (const { stands, ...one } of [...noted].sort((a, b) => a.lastAt - b.lastAt)) {
    const key = keyFor(one);
    const known = holding.get(key);
    const reachesNow = one.lastAt >= now || stands || (known !== undefined && known.since <= one.lastAt);
    if (one.since > now || !reachesNow) continue;
    // The pass of this listing saw it begin.
    if (one.since === now) holding.delete(key);
    else holding.set(key, { ...one, lastAt: lastSight(one, known, { now, breakMs }) });
  }
  return [...holding.values()];
}

/** Of what went on after this listing nobody wrote down when it was seen before: soon enough, since nothing broke it. */
function lastSight(
  { since, lastAt }: Holding,
  known: Holding | undefined,
  { now, breakMs }: { now: number; breakMs: number },
): number {
  if (lastAt < now) return Math.max(lastAt, known?.lastAt ?? lastAt);
  return known?.lastAt ?? Math.max(since, now - breakMs);
}

function keyFor({ ruleHash, subject }: Pick<Holding, 'ruleHash' | 'subject'>): string {
  return `${ruleHash} ${subject}`;
}
