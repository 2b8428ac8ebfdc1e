import { durationText } from '../documents/duration.js';
import type { BacktestResult } from '../pass-backtest.js';
import { backtestRows, callKey, counted, diffRows, notIn } from './backtest-view.js';

export const HONEST_LIMIT =
  'A cut call counts as ended: what its caller would have done then, nobody can know from the past. Calls that came and ' +
  'went between two polls are not in the ledger.';

export const LEAD_IN =
  'Rules act from an hour before --since on, or as far before as their cooldown and escalate reach, a day at most: what they ' +
  'did then holds back and escalates what they do later, and uses up caps.perHour, but is in no figure.';

/** Milliseconds since the epoch. */
export interface BacktestSpan {
  since: number;
  until: number;
}

/** What came of one switch. */
export interface SwitchBacktestResult {
  switch: string;
  here: BacktestResult;
  /** By the rules that these are compared with. */
  against: BacktestResult | undefined;
}

/** What is said of one switch below its table. */
export function closingLines(
  { switch: name, here, against }: SwitchBacktestResult,
  { since }: BacktestSpan,
): readonly string[] {
  const missed = here.missedPolls === 0 ? '' : `, ${here.missedPolls} of them failed or doubtful`;
  const cut =
    against === undefined
      ? `${cutText(here)} cut`
      : `cut here ${cutText(here)} (${minutesText(here)}), against ${cutText(against)} (${minutesText(against)})`;
  return [
    `${name}: ${counted(here.calls, 'call')} at ${counted(here.polls, 'poll')}${missed}; ${cut}.`,
    ...leadInLines(name, here, against),
    ...unwatchedLines(name, here, since),
    ...unseenLines(name, here, against),
    ...reallyCutLines(here, against),
    ...togetherLines(here, against),
  ];
}

/** The rows compare each rule with itself, so that their sums say nothing of a call that another rule cuts as well. */
function togetherLines(here: BacktestResult, against: BacktestResult | undefined): readonly string[] {
  if (against === undefined) return [];
  const onlyHere = counted(notIn(here.cut, against.cut).length, 'call');
  const onlyAgainst = counted(notIn(against.cut, here.cut).length, 'call');
  return [
    `All rules together: ${onlyHere} cut only here, ${onlyAgainst} only against; ONLY HERE and ONLY AGAINST compare ` +
      'each rule with itself alone.',
  ];
}

/** What the time before the span did to these figures, and what it might have done had more of it been replayed. */
function leadInLines(
  name: string,
  here: BacktestResult,
  against: BacktestResult | undefined,
): readonly string[] {
  const cut = here.leadIn.callsCut;
  const cutAgainst = against?.leadIn.callsCut ?? 0;
  const told = against === undefined ? `${cut}` : `${cut} here and ${cutAgainst} against`;
  return [
    ...(Math.max(cut, cutAgainst) === 0
      ? []
      : [
          `Of these calls ${told} had been cut by the rules before --since: in the replay they are gone, and no other figure ` +
            'counts them.',
        ]),
    ...(against === undefined
      ? []
      : [
          `Both act from ${iso(here.leadIn.from)} on, as far back as cooldowns and escalations of either reach: alone one of them ` +
            'may begin later, and come to other figures.',
        ]),
    ...shortLines(name, here, against),
  ];
}

/** What reaches back to before the lead-in, which begins at the same instant for both. */
function shortLines(
  name: string,
  here: BacktestResult,
  against: BacktestResult | undefined,
): readonly string[] {
  const leadIns = against === undefined ? [here.leadIn] : [here.leadIn, against.leadIn];
  const rules = leadIns.flatMap(({ reachingFurther }) =>
    reachingFurther.map(({ rule, reachMs }) => `${rule} (${durationText(reachMs)})`),
  );
  const reaches = [
    ...(leadIns.some(({ capReachesFurther }) => capReachesFurther) ? ['caps.perHour'] : []),
    ...(rules.length === 0 ? [] : [`cooldown or escalate of ${[...new Set(rules)].join(', ')}`]),
  ];
  if (reaches.length === 0) return [];
  const { from, isAllThatIsKnown } = here.leadIn;
  const why = isAllThatIsKnown ? 'the ledger tells too little of then' : 'a replay begins no earlier';
  return [
    `${name}: these figures are as though the rules had done nothing before ${iso(from)} (${why}), though these reach back ` +
      `further: ${reaches.join('; ')}.`,
  ];
}

/** What Callwarden did at the time hides what these rules would have done. */
function reallyCutLines(here: BacktestResult, against: BacktestResult | undefined): readonly string[] {
  const results = against === undefined ? [here] : [here, against];
  const cut = results.flatMap((result) => result.cut).filter(({ reallyCut }) => reallyCut);
  const really = new Set(cut.map(callKey)).size;
  const minutes = against === undefined ? 'MIN CUT is' : 'the minutes are';
  const others = results.map(({ cutOtherwise }) => cutOtherwise);
  const by = against === undefined ? 'these rules' : 'one of the two';
  const most = Math.max(...others);
  return [
    ...(really === 0
      ? []
      : [
          `${really} of these ${really === 1 ? 'was' : 'were'} cut by Callwarden at the time, too: the minutes that would ` +
            `have followed are unknown, so that ${minutes} a lower bound.`,
        ]),
    ...(most === 0
      ? []
      : [
          `${counted(most, 'call')} that ${by} had not cut by then ${most === 1 ? 'was' : 'were'} cut by Callwarden at the ` +
            'time, and so ended in the replay as well: what would have been done later is unknown, and in no figure.',
        ]),
  ];
}

/** More stretches than this in one line help nobody; `-o json` has all. */
const TOLD_STRETCHES = 3;

/** Where the ledger begins was said before the replay. */
function unwatchedLines(name: string, result: BacktestResult, since: number): readonly string[] {
  const unwatched = result.unwatched.filter(({ from }) => from > since);
  if (unwatched.length === 0) return [];
  const longest = unwatched.toSorted((one, other) => other.to - other.from - (one.to - one.from));
  const told = longest.slice(0, TOLD_STRETCHES).sort((one, other) => one.from - other.from);
  const more = unwatched.length - told.length;
  const stretches = told.map(({ from, to }) => `from ${iso(from)} to ${iso(to)}`);
  const rest = more === 0 ? '' : ` and in ${counted(more, 'shorter stretch', 'es')}`;
  return [`Nobody watched ${name} ${stretches.join(', ')}${rest}: nothing of that is in these figures.`];
}

function unseenLines(name: string, ...results: readonly (BacktestResult | undefined)[]): readonly string[] {
  const rules = results
    .flatMap((result) => result?.rules ?? [])
    .filter((rule) => rule.unseenVendors.length > 0);
  if (rules.length === 0) return [];
  const names = [...new Set(rules.map(({ rule }) => rule))];
  return [
    `The ledger of ${name} holds no call of some vendors that ${names.join(', ')} ${names.length === 1 ? 'goes' : 'go'} by: ` +
      'whose vendor a call was is known only from when a rule that is not off names the vendor. Without that these figures say nothing.',
  ];
}

/** `12 calls of 3 accounts` */
function cutText({ cut }: BacktestResult): string {
  const accounts = new Set(cut.map(({ account }) => account ?? null)).size;
  return `${counted(cut.length, 'call')} of ${counted(accounts, 'account')}`;
}

function minutesText({ cut }: BacktestResult): string {
  return counted(Math.round(cut.reduce((sum, { minutesCut }) => sum + minutesCut, 0) * 100) / 100, 'minute');
}

/** Everything in one JSON document. */
export function backtestReport(results: readonly SwitchBacktestResult[], { since, until }: BacktestSpan) {
  return {
    since: iso(since),
    until: iso(until),
    note: [
      HONEST_LIMIT,
      LEAD_IN,
      ...results.flatMap(({ switch: name, here, against }) => shortLines(name, here, against)),
    ].join(' '),
    switches: results.map(({ switch: name, here, against }) => ({
      switch: name,
      polls: here.polls,
      missedPolls: here.missedPolls,
      unwatched: here.unwatched.map(({ from, to }) => ({ since: iso(from), until: iso(to) })),
      calls: here.calls,
      cutOtherwise: here.cutOtherwise,
      leadIn: leadInOf(here),
      rules: backtestRows(name, here),
      accounts: accountRows(here),
      cut: here.cut.map(cutRow),
      ...(against !== undefined && {
        against: {
          cutOtherwise: against.cutOtherwise,
          leadIn: leadInOf(against),
          rules: backtestRows(name, against),
          diff: diffRows(name, here, against),
          onlyHere: notIn(here.cut, against.cut).map(cutRow),
          onlyAgainst: notIn(against.cut, here.cut).map(cutRow),
        },
      }),
    })),
  };
}

function leadInOf({ leadIn }: BacktestResult) {
  return {
    since: iso(leadIn.from),
    callsCut: leadIn.callsCut,
    rulesReachingFurther: leadIn.reachingFurther.map(({ rule, reachMs }) => ({
      rule,
      seconds: reachMs / 1000,
    })),
    perHourReachesFurther: leadIn.capReachesFurther,
  };
}

/** Who was hit, hardest first. */
function accountRows({ cut }: BacktestResult) {
  const byAccount = new Map<
    number | null,
    { account: number | null; callsCut: number; minutesCut: number }
  >();
  for (const { account = null, minutesCut } of cut) {
    const row = byAccount.get(account) ?? { account, callsCut: 0, minutesCut: 0 };
    row.callsCut += 1;
    row.minutesCut = Math.round((row.minutesCut + minutesCut) * 100) / 100;
    byAccount.set(account, row);
  }
  return [...byAccount.values()].sort((one, other) => other.callsCut - one.callsCut);
}

function cutRow({
  cutAt,
  minutesBefore,
  minutesCut,
  reallyCut,
  id,
  callId,
  rule,
  account,
  customer,
  cli,
  cld,
}: BacktestResult['cut'][number]) {
  return {
    at: iso(cutAt),
    rule,
    id,
    callId,
    account: account ?? null,
    customer: customer ?? null,
    cli: cli ?? null,
    cld: cld ?? null,
    minutesBefore: Math.round(minutesBefore * 100) / 100,
    minutesCut: Math.round(minutesCut * 100) / 100,
    reallyCut,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
