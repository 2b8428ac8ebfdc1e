import { climbedText } from '../documents/climbed-text.js';
import type { MonitorReason } from '../domain/action.js';
import type { Rule } from '../domain/rule.js';
import { subjectText } from '../domain/scope.js';
import type { ExplainedPool, Explanation } from '../pass-explain.js';
import type { Fate } from '../pass-explain-calls.js';
import type { CapUse } from './cap-use.js';
import { evidenceTree } from './evidence-tree.js';
import { leftOutObject, leftOutText } from './explanation-left-out.js';
import { asText, monitoredAs, takerText, type Why, whyOf } from './explanation-why.js';

/** Where and when an explanation was made. */
export interface ExplainedAt {
  switchName: string;
  /** Of the listing; milliseconds since the epoch. */
  at: number;
  /** `listed just now`, or the poll of the ledger. */
  source: string;
  /** Whether it tells of an instant of the past. */
  isPast: boolean;
  /** What has to be known of the rule beside its mode, e.g. that it is off. */
  notes: readonly string[];
  /** The ID of the call that was asked for; undefined where its owner was. */
  askedCall: string | undefined;
  /** Undefined where no cap stands in the way. */
  capUse: CapUse | undefined;
}

/** One call and its fate, as JSON. */
export interface CallFate {
  id: string;
  callId: string;
  state: string;
  account: number | null;
  cli: string | null;
  cld: string | null;
  /** As rules compare them; null where they cannot be read. */
  cliNumber: string | null;
  cldNumber: string | null;
  duration: number | null;
  fate: Fate['fate'];
  reason: string | null;
  /** Of a call that is withheld: what would withhold it as well, were it not for the reason. */
  otherReasons: readonly string[];
  /** Of a call that another rule plans to take: `sent`, `monitor`, or why that one is withheld. */
  takenAs: string | null;
  leftOutBy: readonly ReturnType<typeof leftOutObject>[];
}

export function fatesOf({ calls, rule }: Explanation): readonly CallFate[] {
  return calls.map(({ call, fate }) => {
    const { id, callId, state, account = null, cli = null, cld = null, duration = null } = call;
    const { cliNumber = null, cldNumber = null } = call;
    return {
      ...{ cliNumber, cldNumber },
      ...{ id, callId, state, account, cli, cld, duration, fate: fate.fate, reason: reasonOf(fate, rule) },
      otherReasons: fate.fate === 'withheld' ? fate.others : [],
      takenAs: fate.fate === 'taken' ? fate.as : null,
      leftOutBy: fate.fate === 'left-out' ? fate.by.map(leftOutObject) : [],
    };
  });
}

function reasonOf(fate: Fate, rule: Rule): string | null {
  if (fate.fate === 'taken')
    return fate.forSubject === undefined ? fate.by : `${fate.by} for ${subjectText(fate.forSubject)}`;
  return 'reason' in fate && fate.reason !== undefined ? monitoredAs(fate.reason, rule) : null;
}

/** Calls shown below the tree; the rest is counted. */
const SHOWN_CALLS = 40;
/** Of those that nothing takes, which say little, only so many. */
const SHOWN_KEPT = 10;

export function explanationLines(explanation: Explanation, where: ExplainedAt): readonly string[] {
  const { rule, subject, verdict, pool } = explanation;
  const evidence = verdict?.evidence;
  return [
    `${where.switchName}, ${new Date(where.at).toISOString()} (${where.source})`,
    ...where.notes.map((note) => `Note: ${note}`),
    `Rule ${rule.name} (${rule.mode}, scope ${rule.scope}, priority ${rule.priority}) on ${subjectText(subject)}: ${resultText(explanation)}`,
    ...(evidence === undefined ? [] : evidenceTree(evidence.conditions)),
    ...(evidence?.escalated === undefined
      ? []
      : [
          `  ${climbedText(evidence.escalated, verdict?.result === 'violated' ? verdict.event.type : undefined)}`,
        ]),
    ...(pool === undefined ? [] : [poolLine(pool, verdict?.result === 'violated' ? verdict.event.type : '')]),
    ...whyLines(whyOf(explanation, where.capUse), explanation, where.isPast ? 'then' : 'right now'),
    ...callLines(explanation, where.askedCall),
  ];
}

const RESULT_TEXT: Readonly<Record<Explanation['result'], string>> = {
  violated: 'violated',
  clear: 'clear',
  indeterminate: 'indeterminate',
  excluded: 'left out',
  'not-listed': 'not there',
  'recently-disconnected': 'as good as gone',
  'outside-schedule': 'not judged now',
};

/** `Pool: 14 calls may be taken, 10 of them stay (account.limit); where has let them in` */
function poolLine({ size, keep, keepFrom, where }: ExplainedPool, event: string): string {
  const calls = size === 1 ? '1 call' : `${size} calls`;
  const passed = where ? ' that `where` lets in' : '';
  if (event !== 'disconnectCall') return `Pool: ${calls}${passed}, by which ${event} finds its targets`;
  const from = keepFrom === undefined ? '' : `, from ${keepFrom.fact}`;
  return `Pool: ${calls}${passed} may be taken, ${keep} stay (keep${from})`;
}

function resultText({ result, ifJudged }: Explanation): string {
  const otherwise = ifJudged === undefined ? '' : ` (${RESULT_TEXT[ifJudged]} if it were judged now)`;
  return `${RESULT_TEXT[result]}${otherwise}`;
}

function whyLines(why: readonly Why[], explanation: Explanation, when: string): readonly string[] {
  const { actions: planned, ifJudged } = explanation;
  const actions = ifJudged === undefined ? planned : [];
  const sent = actions.filter(({ decision }) => decision.kind === 'send').length;
  const alerts = actions.filter(
    ({ decision, recordedAs }) => decision.kind === 'alerted' && recordedAs === undefined,
  ).length;
  const doing = [
    ...(sent === 0 ? [] : [sent === 1 ? 'send 1 disconnect' : `send ${sent} disconnects`]),
    ...(alerts === 0 ? [] : ['raise an alert']),
  ];
  const would = doing.length === 0 ? [] : [`A pass ${when} would ${doing.join(' and ')}.`];
  if (why.length === 0) return would;
  const onlyAlerts = isAlert(explanation);
  const nothing = onlyAlerts ? 'No alert is raised, because' : 'Nothing is cut, because';
  return [
    ...would,
    doing.length === 0 ? nothing : `Not everything is ${onlyAlerts ? 'done' : 'cut'}, because`,
    ...why.map(({ text }) => `  - ${text}`),
  ];
}

/** By the event that the rule has come to, or else by its own. */
function isAlert({ actions, verdict, rule }: Explanation): boolean {
  if (actions.length > 0) return actions.every(({ action }) => action.action === 'alert');
  const event = verdict?.result === 'violated' ? verdict.event : rule.event;
  return event.type === 'alert';
}

const ORDER: readonly Fate['fate'][] = [
  'cut',
  'perhaps-cut',
  'not-now',
  'monitored',
  'withheld',
  'gone',
  'taken',
  'left-out',
  'kept',
];

function callLines({ calls, rule }: Explanation, askedCall: string | undefined): readonly string[] {
  if (calls.length === 0) return [];
  const rank = ({ call, fate }: Explanation['calls'][number]) =>
    call.id === askedCall ? -1 : ORDER.indexOf(fate.fate);
  const sorted = [...calls].sort((one, other) => rank(one) - rank(other));
  const kept = sorted.filter(({ fate }) => fate.fate === 'kept');
  const hidden = new Set(kept.slice(SHOWN_KEPT));
  const shown = sorted.filter((one) => !hidden.has(one)).slice(0, SHOWN_CALLS);
  const lines = shown.map(({ call, fate }) => {
    const seconds = call.duration === undefined ? '' : ` ${Math.round(call.duration)} s`;
    const [from, to] = [shownNumber(call.cli, call.cliNumber), shownNumber(call.cld, call.cldNumber)];
    return `  ${call.id}  ${from} -> ${to}  ${call.state}${seconds}: ${fateText(fate, rule)}`;
  });
  const more = calls.length - lines.length;
  const all = sorted.slice(-more).every(({ fate }) => fate.fate === 'kept') ? ', all of them kept' : '';
  return [
    calls.length === 1 ? 'Its live call:' : `Its ${calls.length} live calls:`,
    ...lines,
    ...(more > 0 ? [`  … and ${more} more${all}; -o json has each`] : []),
  ];
}

/** As listed, and what rules compare where that is another number. */
function shownNumber(listed: string | undefined, read: string | undefined): string {
  if (listed === undefined) return '-';
  return read === undefined || isAlike(read, listed) ? listed : `${listed} (read as ${read})`;
}

/** Of masked ones only the digits before the mask tell. */
function isAlike(read: string, listed: string): boolean {
  const bare = listed.replace(/^(?:\+|00)/, '');
  if (!listed.includes('*')) return read === listed || read === bare;
  const shown = Math.min(read.indexOf('*'), bare.indexOf('*'));
  return read.slice(0, shown) === bare.slice(0, shown);
}

function fateText(fate: Fate, rule: Rule): string {
  switch (fate.fate) {
    case 'cut':
      return 'would be cut';
    case 'not-now':
      return 'would be cut, if the rule were judged now';
    case 'perhaps-cut':
      return `may be cut along, as it is not known whose it is${perhapsText(fate.reason, rule)}`;
    case 'monitored':
      return `would be cut, but ${monitoredText(fate.reason, rule)}`;
    case 'withheld':
      return `withheld (${[fate.reason, ...fate.others].join(', and ')})`;
    case 'gone':
      return 'as good as gone: its disconnect was sent less than 30 s ago';
    case 'taken':
      if (fate.as !== 'sent') return `planned by ${takerText(fate)} (${asText(fate.as)})`;
      return fate.forSubject === undefined
        ? `taken by another rule (${fate.by})`
        : `taken by ${takerText(fate)}`;
    case 'left-out':
      return fate.by.length === 0
        ? 'left out by only/except'
        : `left out: ${fate.by.map(leftOutText).join('; ')}`;
    case 'kept':
      return fate.reason === undefined ? 'kept' : `kept (${KEPT_TEXT[fate.reason]})`;
  }
}

function perhapsText(reason: Extract<Fate, { fate: 'perhaps-cut' }>['reason'], rule: Rule): string {
  if (reason === 'perhaps-taken') return '';
  if (reason === 'not-judged') return ', if the rule were judged now';
  const isMode = reason === 'rule-monitor' || reason === 'config-monitor' || reason === 'dry-run';
  return isMode ? `, but ${monitoredText(reason, rule)}` : `, but that is withheld (${reason})`;
}

function monitoredText(reason: MonitorReason, rule: Rule): string {
  return rule.mode === 'off' ? 'the rule is off' : `only monitored (${reason})`;
}

const KEPT_TEXT: Readonly<Record<'keep' | 'where' | 'not-counted', string>> = {
  keep: 'one of those that stay',
  where: 'not counted, or not let in by where',
  'not-counted': 'not counted',
};
