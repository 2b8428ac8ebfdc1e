import type { Call } from '../domain/call.js';
import { subjectText } from '../domain/scope.js';
import type { Explanation } from '../pass-explain.js';
import { evidenceTree } from './evidence-tree.js';
import { REASON_TEXT } from './reason-text.js';

/** A reason why nothing, or not everything, is cut; `reason` is one of a closed list, `text` for a person. */
export interface Why {
  reason: string;
  text: string;
}

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

export function whyOf(explanation: Explanation): readonly Why[] {
  const { result, held, actions, calls, broken, verdict } = explanation;
  const why: Why[] = [];
  if (broken !== undefined)
    why.push({ reason: 'broken', text: `the rule could not be judged: ${String(broken)}` });
  if (result === 'not-listed') {
    why.push({
      reason: 'not-listed',
      text: 'the listing shows no live call of it, and the ledger none in the window',
    });
  }
  if (result === 'excluded')
    why.push({ reason: 'excluded', text: '`only` or `except` of the rule leave it out' });
  if (result === 'outside-schedule') {
    why.push({ reason: 'schedule', text: 'the rule is not judged at this time: see its `schedule`' });
  }
  if (result === 'clear') why.push({ reason: 'clear', text: 'its conditions are not met' });
  if (verdict?.result === 'indeterminate' && result === 'indeterminate') {
    why.push({ reason: 'indeterminate', text: `it cannot be judged without ${verdict.missing.join(', ')}` });
  }
  if (held !== undefined) why.push(heldText(held));
  const reasons = new Map<string, number>();
  for (const { decision } of actions) {
    if (!('reason' in decision)) continue;
    reasons.set(decision.reason, (reasons.get(decision.reason) ?? 0) + 1);
    if (reasons.get(decision.reason) === 1)
      why.push({ reason: decision.reason, text: REASON_TEXT[decision.reason] });
  }
  const earlier = new Set(calls.flatMap(({ takenBy }) => (takenBy === undefined ? [] : [takenBy])));
  for (const rule of earlier) {
    const count = calls.filter(({ takenBy }) => takenBy === rule).length;
    const what = count === 1 ? '1 call is' : `${count} calls are`;
    why.push({ reason: 'priority', text: `${what} taken by rule ${rule}, which is planned before` });
  }
  return why;
}

function heldText({ reason, until, verdict }: NonNullable<Explanation['held']>): Why {
  const at = new Date(until).toISOString();
  if (reason === 'cooldown')
    return { reason, text: `the rule acted on it a moment ago: its \`cooldown\` ends at ${at}` };
  const since = verdict.evidence.held?.since ?? 'just now';
  return {
    reason,
    text: `it has not held long enough: violated since ${since}, \`for\` is reached at ${at}`,
  };
}

/** One call and its fate, for the list below the tree. */
export interface CallFate {
  id: string;
  callId: string;
  state: string;
  account: number | null;
  cli: string | null;
  cld: string | null;
  duration: number | null;
  /** cut, monitored, withheld, taken (by another rule) or kept. */
  fate: string;
  reason: string | null;
}

export function fatesOf({ actions, calls }: Explanation): readonly CallFate[] {
  const own = new Map(
    actions.flatMap(({ action, decision }) => {
      const taken = action.call === undefined ? action.takes : [action.call];
      return taken.map(({ id }) => [id, decision] as const);
    }),
  );
  return calls.map(({ call, takenBy }) => {
    const decision = own.get(call.id);
    if (decision?.kind === 'send') return toFate(call, 'cut', null);
    if (decision !== undefined && 'reason' in decision) return toFate(call, decision.kind, decision.reason);
    return takenBy === undefined ? toFate(call, 'kept', null) : toFate(call, 'taken', takenBy);
  });
}

function toFate(call: Call, fate: string, reason: string | null): CallFate {
  const { id, callId, state, account = null, cli = null, cld = null, duration = null } = call;
  return { id, callId, state, account, cli, cld, duration, fate, reason };
}

/** Calls shown below the tree; the rest is counted. */
const SHOWN_CALLS = 40;

export function explanationLines(explanation: Explanation, where: ExplainedAt): readonly string[] {
  const { rule, subject } = explanation;
  const evidence = explanation.verdict?.evidence;
  const why = whyOf(explanation);
  const sent = explanation.actions.filter(({ decision }) => decision.kind === 'send');
  return [
    `${where.switchName}, ${new Date(where.at).toISOString()} (${where.source})`,
    ...where.notes.map((note) => `Note: ${note}`),
    `Rule ${rule.name} (${rule.mode}, scope ${rule.scope}, priority ${rule.priority}) on ${subjectText(subject)}: ${RESULT_TEXT[explanation.result]}`,
    ...(evidence === undefined ? [] : evidenceTree(evidence.conditions)),
    ...(evidence?.escalated === undefined
      ? []
      : [
          `  climbed: it had acted ${evidence.escalated.acted} times within ${evidence.escalated.withinSeconds} s`,
        ]),
    ...whyLines(why, sent.length),
    ...callLines(fatesOf(explanation)),
  ];
}

const RESULT_TEXT: Readonly<Record<Explanation['result'], string>> = {
  violated: 'violated',
  clear: 'clear',
  indeterminate: 'indeterminate',
  excluded: 'left out',
  'not-listed': 'not there',
  'outside-schedule': 'not judged now',
};

function whyLines(why: readonly Why[], sent: number): readonly string[] {
  const doing =
    sent === 0 ? [] : [`A pass right now would send ${sent === 1 ? '1 disconnect' : `${sent} disconnects`}.`];
  if (why.length === 0) return doing;
  return [
    ...doing,
    sent === 0 ? 'Nothing is cut, because' : 'Not everything is cut, because',
    ...why.map(({ text }) => `  - ${text}`),
  ];
}

function callLines(fates: readonly CallFate[]): readonly string[] {
  if (fates.length === 0) return [];
  const order = ['cut', 'monitored', 'withheld', 'taken', 'kept'];
  const sorted = [...fates].sort((one, other) => order.indexOf(one.fate) - order.indexOf(other.fate));
  const lines = sorted.slice(0, SHOWN_CALLS).map((one) => {
    const why = one.reason === null ? '' : ` (${one.reason})`;
    const seconds = one.duration === null ? '' : ` ${Math.round(one.duration)} s`;
    return `  ${one.id}  ${one.cli ?? '-'} -> ${one.cld ?? '-'}  ${one.state}${seconds}: ${FATE_TEXT[one.fate] ?? one.fate}${why}`;
  });
  const more = fates.length - lines.length;
  return [
    `Its ${fates.length} live calls:`,
    ...lines,
    ...(more > 0 ? [`  … and ${more} more; -o json has all`] : []),
  ];
}

const FATE_TEXT: Readonly<Record<string, string>> = {
  cut: 'would be cut',
  monitored: 'would be cut, but only monitored',
  withheld: 'would be cut, but is withheld',
  taken: 'taken by another rule',
  kept: 'kept',
};
