import type { LedgerCall, LedgerPoll, LedgerState } from './domain/ledger.js';
import type { Rule } from './domain/rule.js';
import { isGap } from './facts/poll-gaps.js';
import { wasListedAt } from './pass-ledger-calls.js';
import { actedReachMs } from './plan/rule-timing.js';

const HOUR_MS = 3_600_000;
/** A cooldown of 30 days would make a backtest of an hour replay a month. */
const LONGEST_MS = 24 * HOUR_MS;

/** What went before a span, of which no other figure tells. */
export interface LeadIn {
  /** From here on rules acted; milliseconds since the epoch. In the span itself where the ledger begins there. */
  from: number;
  /** It is no longer because nothing, or not every call, is known of the time before; else because that is enough, or the most. */
  isAllThatIsKnown: boolean;
  /** Calls that were cut in it and were still on the switch when the span began. */
  callsCut: number;
  /** Rules that acted, or were withheld, when their cooldown or escalate reached back to before it, and how far these reach. */
  reachingFurther: readonly { rule: string; reachMs: number }[];
  /** The same of the hourly cap. */
  capReachesFurther: boolean;
}

/**
 * From when on rules are to act, so that cooldown, escalate and the hourly cap know at `since` what was done before: an hour
 * before or as far as they reach, a day at most. From a full hour on: what acts again with every cooldown does so at the same
 * instants then, wherever in an hour the span begins.
 */
export function actingFrom(rules: readonly Rule[], since: number): number {
  const reachMs = Math.max(HOUR_MS, ...rules.filter(({ mode }) => mode !== 'off').map(actedReachMs));
  return (Math.floor(since / HOUR_MS) - Math.ceil(Math.min(reachMs, LONGEST_MS) / HOUR_MS)) * HOUR_MS;
}

export interface LeadInNotes {
  /** These rules wanted to act, whatever became of it. */
  planned(rules: Iterable<string>, at: number): void;
  /** So many calls were taken, of the hourly cap. */
  taken(calls: number, at: number): void;
  /** These were cut before the span. */
  cut(rows: readonly LedgerCall[]): void;
  /** Of the calls that were cut before the span, how many this poll listed in earnest. */
  cutButListed(poll: LedgerPoll): number;
  /** `first`: the first poll of the span that brought a listing, if any did. */
  told(first: LedgerPoll | undefined): LeadIn;
}

export interface LeadInOptions {
  rules: readonly Rule[];
  /** In order of time, those before rules act among them. */
  polls: readonly LedgerPoll[];
  actsFrom: number;
  since: number;
  prunedUntil?: LedgerState['prunedUntil'];
}

/** Keeps what is to be told of a lead-in while it is replayed. */
export function createLeadInNotes(options: LeadInOptions): LeadInNotes {
  const { rules, since, actsFrom } = options;
  const from = knownFrom(options);
  const firstPlanned = new Map<string, number>();
  let firstTaken = Number.POSITIVE_INFINITY;
  const cut: LedgerCall[] = [];
  /** Whether something done at `at` might have been otherwise by what was done before all of this. */
  const isShort = (reachMs: number, at: number) => since < from + reachMs && at < from + reachMs;
  const cutButListed = ({ at, login }: LedgerPoll) =>
    cut.filter((row) => row.login === login && wasListedAt(row, at)).length;
  return {
    planned(names, at) {
      for (const name of names) if (!firstPlanned.has(name)) firstPlanned.set(name, at);
    },
    taken(calls, at) {
      if (calls > 0) firstTaken = Math.min(firstTaken, at);
    },
    cut(rows) {
      cut.push(...rows);
    },
    cutButListed,
    told: (first) => ({
      from,
      isAllThatIsKnown: from > actsFrom,
      callsCut: first === undefined ? 0 : cutButListed(first),
      reachingFurther: rules
        .map((rule) => ({ rule: rule.name, reachMs: actedReachMs(rule) }))
        .filter(({ rule, reachMs }) => isShort(reachMs, firstPlanned.get(rule) ?? Number.POSITIVE_INFINITY)),
      capReachesFurther: isShort(HOUR_MS, firstTaken),
    }),
  };
}

/** Where rules begin to act, or where it is known what was on the switch, if that is later. */
function knownFrom({ polls, actsFrom, prunedUntil = [] }: LeadInOptions): number {
  const first = polls.find(({ result }) => result === 'sound');
  const begins = first !== undefined && isGap(first.at - actsFrom, first.intervalMs) ? first.at : actsFrom;
  return Math.max(begins, ...prunedUntil.map(({ at }) => at));
}
