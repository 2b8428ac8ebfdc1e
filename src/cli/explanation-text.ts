import { durationText } from '../documents/duration.js';
import { subjectText } from '../domain/scope.js';
import type { ExplainedPool, Explanation } from '../pass-explain.js';
import type { ExplainedCall, Fate } from '../pass-explain-calls.js';
import { evidenceTree } from './evidence-tree.js';
import { leftOutObject, leftOutText } from './explanation-left-out.js';
import { asText, type Why, whyOf } from './explanation-why.js';

/** Where and when an explanation was made. */
export interface ExplainedAt {
  switchName: string;
  /** Of the listing; milliseconds since the epoch. */
  at: number;
  /** `listed just now`, or the poll of the ledger. */
  source: string;
  /** What has to be known of the rule beside its mode, e.g. that it is off. */
  notes: readonly string[];
}

/** One call and its fate, as JSON. */
export interface CallFate {
  id: string;
  callId: string;
  state: string;
  account: number | null;
  cli: string | null;
  cld: string | null;
  duration: number | null;
  fate: Fate['fate'];
  reason: string | null;
  /** Of a call that another rule plans to take: `sent`, `monitor`, or why that one is withheld. */
  takenAs: string | null;
  leftOutBy: readonly ReturnType<typeof leftOutObject>[];
}

export function fatesOf({ calls }: Explanation): readonly CallFate[] {
  return calls.map(({ call, fate }) => {
    const { id, callId, state, account = null, cli = null, cld = null, duration = null } = call;
    return {
      ...{ id, callId, state, account, cli, cld, duration, fate: fate.fate, reason: reasonOf(fate) },
      takenAs: fate.fate === 'taken' ? fate.as : null,
      leftOutBy: fate.fate === 'left-out' ? fate.by.map(leftOutObject) : [],
    };
  });
}

function reasonOf(fate: Fate): string | null {
  if (fate.fate === 'taken') return fate.by;
  return 'reason' in fate ? (fate.reason ?? null) : null;
}

/** Calls shown below the tree; the rest is counted. */
const SHOWN_CALLS = 40;

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
          `  climbed: it had acted ${evidence.escalated.acted} times within ${durationText(evidence.escalated.withinSeconds * 1000)}`,
        ]),
    ...(pool === undefined ? [] : [poolLine(pool, verdict?.result === 'violated' ? verdict.event.type : '')]),
    ...whyLines(whyOf(explanation), explanation),
    ...callLines(explanation.calls),
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

function whyLines(why: readonly Why[], { actions: planned, ifJudged }: Explanation): readonly string[] {
  const actions = ifJudged === undefined ? planned : [];
  const sent = actions.filter(({ decision }) => decision.kind === 'send').length;
  const alerts = actions.filter(
    ({ decision, recordedAs }) => decision.kind === 'alerted' && recordedAs === undefined,
  ).length;
  const doing = [
    ...(sent === 0 ? [] : [sent === 1 ? 'send 1 disconnect' : `send ${sent} disconnects`]),
    ...(alerts === 0 ? [] : ['raise an alert']),
  ];
  const would = doing.length === 0 ? [] : [`A pass right now would ${doing.join(' and ')}.`];
  if (why.length === 0) return would;
  const isAlert = planned.length > 0 && planned.every(({ action }) => action.action === 'alert');
  const nothing = isAlert ? 'Nothing is done, because' : 'Nothing is cut, because';
  return [
    ...would,
    doing.length === 0 ? nothing : 'Not everything is cut, because',
    ...why.map(({ text }) => `  - ${text}`),
  ];
}

const ORDER: readonly Fate['fate'][] = [
  'cut',
  'not-now',
  'monitored',
  'withheld',
  'gone',
  'taken',
  'left-out',
  'kept',
];

function callLines(calls: readonly ExplainedCall[]): readonly string[] {
  if (calls.length === 0) return [];
  const sorted = [...calls].sort(
    (one, other) => ORDER.indexOf(one.fate.fate) - ORDER.indexOf(other.fate.fate),
  );
  const lines = sorted.slice(0, SHOWN_CALLS).map(({ call, fate }) => {
    const seconds = call.duration === undefined ? '' : ` ${Math.round(call.duration)} s`;
    return `  ${call.id}  ${call.cli ?? '-'} -> ${call.cld ?? '-'}  ${call.state}${seconds}: ${fateText(fate)}`;
  });
  const more = calls.length - lines.length;
  return [
    calls.length === 1 ? 'Its live call:' : `Its ${calls.length} live calls:`,
    ...lines,
    ...(more > 0 ? [`  … and ${more} more; -o json has all`] : []),
  ];
}

function fateText(fate: Fate): string {
  switch (fate.fate) {
    case 'cut':
      return 'would be cut';
    case 'not-now':
      return 'would be cut, if the rule were judged now';
    case 'monitored':
      return `would be cut, but only monitored (${fate.reason})`;
    case 'withheld':
      return `withheld (${fate.reason})`;
    case 'gone':
      return 'as good as gone: its disconnect was sent a moment ago';
    case 'taken':
      return fate.as === 'sent'
        ? `taken by another rule (${fate.by})`
        : `planned by ${fate.by} (${asText(fate.as)})`;
    case 'left-out':
      return fate.by.length === 0
        ? 'left out by only/except'
        : `left out: ${fate.by.map(leftOutText).join('; ')}`;
    case 'kept':
      return fate.reason === undefined ? 'kept' : `kept (${KEPT_TEXT[fate.reason]})`;
  }
}

const KEPT_TEXT: Readonly<Record<'keep' | 'where' | 'not-counted', string>> = {
  keep: 'one of those that stay',
  where: 'not counted, or not let in by where',
  'not-counted': 'not counted',
};
