import type { Call } from '../domain/call.js';
import type { Holding, LedgerPoll } from '../domain/ledger.js';
import type { Rule } from '../domain/rule.js';
import { type KeptSource, type RuleSource, UNBOUNDED } from '../domain/rule-version.js';
import { type Subject, subjectKey } from '../domain/scope.js';
import { decidePass } from '../pass-decide.js';
import type { ExplainInput } from '../pass-explain-input.js';
import { type BoundsOf, boundsOf as boundsIn, REPEAT_RECORD_MS } from '../pass-past.js';
import { breakMsOf } from '../plan/rule-timing.js';
import { openAuditReader } from '../store/audit-reader.js';
import { type LedgerReader, openLedgerReader } from '../store/ledger-reader.js';
import type { Store } from '../store/open-store.js';
import { openPastReader, type PastReader } from '../store/past-reader.js';
import { subjectFor } from './explained-subject.js';
import { actedSince } from './explanation-acted.js';
import type { ExplanationParts } from './explanation-parts.js';
import { asNoted, holdsOfRecords, type NotedHold } from './held-as-noted.js';
import { customersFrom, customersOverTime, type Judging, judgingOf } from './judging.js';
import { sourceAsKept } from './known-source.js';
import { type LivedThrough, liveThrough, type PastOfSwitch, rulesUpTo } from './lived-through.js';
import { recordedAlerts } from './recorded-alerts.js';

const HOUR_MS = 3_600_000;
/** After every instant that a poll may bear: of the ledger's state only what belongs to no poll. */
const AFTER_ALL = Number.MAX_SAFE_INTEGER;
/** How much further back a violation is followed that held from the first poll on. */
const FURTHER = 4;

type PastParts = ExplanationParts & { at: number };

/**
 * All that the pass knew that made the last listing by `at`, by the rules of today; undefined where the ledger holds none
 * within the hour before. What was recorded later is not looked at.
 */
export async function pastInput(
  parts: PastParts,
  store: Pick<Store, 'audit' | 'ledger'>,
): Promise<ExplainInput | undefined> {
  const { config, switchConfig, rule } = parts;
  const ledger = openLedgerReader(config.database);
  const past = openPastReader(config.database);
  try {
    const last = lastListing(parts, ledger);
    if (last === undefined) return undefined;
    const { name: switchName } = switchConfig;
    const { countries, accounts, holding, prunedUntil = [] } = ledger.state(switchName, AFTER_ALL);
    const unknownYet = customersFrom(switchConfig, []);
    const judgingAt = (now: number) => judgingOf(config, switchConfig, parts.ruleSet, now, unknownYet);
    const { sources } = await store.ledger.ruleVersions(switchName);
    const boundsOf = boundsAt(last.at, sourceAsKept(config, sources), sources, past);
    const learned = ledger.customers(switchName, last.at + 1);
    const ofSwitch: PastOfSwitch = {
      ledger,
      past,
      known: { countries, accounts, prunedUntil },
      judgingAt,
      boundsOf,
      customersOverTime: () => customersOverTime(switchConfig, learned),
      actedSince: (since) =>
        actedSince(store.audit, judgingAt(last.at), { configMode: config.mode, now: since, boundsOf }),
    };
    const { judging, judgedFrom: _, ...lived } = await liveFarEnough(parts, last, ofSwitch, holding);
    return {
      ...judging,
      ...lived,
      ...knownThen(switchName, last.at, past),
      configMode: config.mode,
      recordedAlert: recordedAlerts(config.database, switchName, rule, {
        now: last.at,
        intervalMs: lived.intervalMs,
        after: boundsOf(rule).coolsAfter,
      }),
    };
  } finally {
    past.close();
    ledger.close();
  }
}

/**
 * What counted of what rules did, as far as that is still kept: where it is not, all of it does. An escalation that began anew later,
 * as at the first pass of a config that took the place of another, had not begun anew then.
 */
function boundsAt(
  at: number,
  source: RuleSource,
  kept: readonly KeptSource[],
  past: Pick<PastReader, 'recordedAt'>,
): BoundsOf {
  const known = boundsIn(kept, source);
  const begun = kept.flatMap(({ versions }) => versions.map(({ climbsAfter }) => climbsAfter));
  const later = new Set([...new Set(begun)].filter((action) => (past.recordedAt(action) ?? 0) >= at));
  return (rule) => {
    const bounds = known(rule);
    if (bounds.since > at) return UNBOUNDED;
    return later.has(bounds.climbsAfter) ? { ...bounds, climbsAfter: bounds.coolsAfter } : bounds;
  };
}

function lastListing({ at, switchConfig }: PastParts, ledger: LedgerReader): LedgerPoll | undefined {
  const polls = ledger.polls(switchConfig.name, at - HOUR_MS, at + 1);
  return polls.findLast(({ result }) => result !== 'failed');
}

function knownThen(
  switchName: string,
  now: number,
  past: PastReader,
): Pick<ExplainInput, 'takenLastHour' | 'pause'> {
  return {
    takenLastHour: past.callsTaken(switchName, now - HOUR_MS, now),
    pause: past.pauseAt(switchName, now),
  };
}

/**
 * Lives through as many polls as tell what acts, and through more where the violation in question held from the first of them
 * on, so that it is told since when it did.
 */
async function liveFarEnough(
  parts: PastParts,
  last: LedgerPoll,
  ofSwitch: PastOfSwitch,
  standing: readonly Holding[],
): Promise<LivedThrough> {
  const { rule, switchConfig } = parts;
  const polls = ofSwitch.ledger.polls(switchConfig.name, last.at - HOUR_MS, last.at + 1);
  const breakMs = breakMsOf(Math.max(...polls.map(({ intervalMs }) => intervalMs)));
  const standingNoted = standing.map((one) => ({ ...one, stands: true }));
  for (let judgeMs = reachMs(ofSwitch.judgingAt(last.at), rule.name, breakMs); ; judgeMs *= FURTHER) {
    const lived = await liveThrough({ last, judgeMs, upTo: rule.name }, ofSwitch);
    const noted = [...standingNoted, ...recordedHolds(parts, lived, breakMs)];
    const holding = asNoted(lived.holding, noted, { now: last.at, breakMs });
    const known = { ...lived, holding };
    const since = await sinceOf(parts, known);
    if (since === undefined || since !== lived.judgedFrom) return known;
    const before = ofSwitch.ledger.polls(switchConfig.name, since - breakMs, since);
    if (!before.some(({ result }) => result === 'sound')) return known;
  }
}

/**
 * What acts now may hang on what acted when it began, and so on: the `for` of each rule up to the explained one counts, and
 * that two sights of a violation may be as far apart as a break lasts.
 */
function reachMs({ rules }: Judging, upTo: string, breakMs: number): number {
  const at = rules.findIndex(({ rule }) => rule.name === upTo);
  return rules
    .slice(0, at + 1)
    .filter(({ rule }) => rule.forMs > 0)
    .reduce((sum, { rule }) => sum + rule.forMs + breakMs, 0);
}

/** Since when the explained subject has been held violated. */
async function sinceOf({ rule, subject }: PastParts, lived: LivedThrough): Promise<number | undefined> {
  const { snapshot, judging } = lived;
  const held = lived.holding.filter(({ ruleHash }) => ruleHash === rule.hash);
  if (held.length === 0) return undefined;
  const found = subjectFor(subject, rule, snapshot, judging.numbering);
  if ('problem' in found) return undefined;
  const key = subjectKey(found.subject, await judgedCall(found.subject, rule, lived));
  return held.find((one) => one.subject === key)?.since;
}

/** The call that the rule judges under this ID: others may bear it, too. */
async function judgedCall(subject: Subject, { name }: Rule, lived: LivedThrough): Promise<Call | undefined> {
  if (subject.scope !== 'call') return undefined;
  const { judging } = lived;
  const { rules } = await decidePass({ ...judging, ...lived, rules: rulesUpTo(judging, name) });
  return rules.find(({ rule }) => rule.name === name)?.callOf(subject);
}

/** What records of the explained rule say, up to when an unchanged one would be repeated. */
function recordedHolds(
  { config, rule, switchConfig }: PastParts,
  { snapshot, judgedFrom }: LivedThrough,
  breakMs: number,
): readonly NotedHold[] {
  if (rule.forMs === 0) return [];
  const { observedAt } = snapshot;
  const until = observedAt + Math.max(REPEAT_RECORD_MS, rule.cooldownMs ?? 0) + breakMs;
  const reader = openAuditReader(config.database);
  try {
    const asked = { switch: switchConfig.name, rule: rule.name, since: judgedFrom ?? observedAt, until };
    return holdsOfRecords(reader.query(asked)).filter(({ ruleHash }) => ruleHash === rule.hash);
  } finally {
    reader.close();
  }
}
