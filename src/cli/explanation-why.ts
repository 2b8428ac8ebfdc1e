import { durationText } from '../documents/duration.js';
import type { WithholdReason } from '../domain/action.js';
import type { Rule } from '../domain/rule.js';
import { subjectText } from '../domain/scope.js';
import type { ExplainedPool, Explanation } from '../pass-explain.js';
import type { Fate } from '../pass-explain-calls.js';
import { type CapUse, capUseText } from './cap-use.js';
import { leftOutText, minuteText } from './explanation-left-out.js';
import { pauseText } from './pause-text.js';
import { REASON_TEXT } from './reason-text.js';

/** A reason why nothing, or not everything, is cut; `reason` is one of a closed list, `text` for a person. */
export interface Why {
  reason: string;
  text: string;
}

/**
 * Everything that stands between the subject and a disconnect, in the order in which a pass comes to it. `capUse` is who
 * used the caps up, where one of them stands in the way.
 */
export function whyOf(explanation: Explanation, capUse?: CapUse): readonly Why[] {
  const { broken, verdict, leftOutBy } = explanation;
  const result = explanation.ifJudged ?? explanation.result;
  const why: Why[] = [];
  if (broken !== undefined)
    why.push({ reason: 'broken', text: `the rule could not be judged: ${String(broken)}` });
  if (explanation.result === 'outside-schedule') why.push(closedText(explanation));
  if (leftOutBy.length > 0) why.push({ reason: 'excluded', text: excludedText(explanation) });
  const text = RESULT_WHY[result];
  if (text !== undefined && (result !== 'excluded' || leftOutBy.length === 0)) why.push(text);
  if (verdict?.result === 'indeterminate' && result === 'indeterminate') {
    why.push({ reason: 'indeterminate', text: `it cannot be judged without ${verdict.missing.join(', ')}` });
  }
  return [
    ...why,
    ...heldReasons(explanation),
    ...actionReasons(explanation, capUse),
    ...modeReasons(explanation),
    ...callReasons(explanation),
    ...poolReasons(explanation),
  ];
}

const RESULT_WHY: Readonly<Partial<Record<Explanation['result'], Why>>> = {
  'not-listed': {
    reason: 'not-listed',
    text: 'the listing shows no live call of it, and the ledger none in the window',
  },
  excluded: { reason: 'excluded', text: '`only` or `except` of the rule leave it out' },
  clear: { reason: 'clear', text: 'its conditions are not met' },
};

function closedText({ opensAt }: Explanation): Why {
  const next = opensAt === undefined ? 'and does not open within 8 days' : `opens ${minuteText(opensAt)}`;
  return {
    reason: 'schedule',
    text: `the rule is not judged at this time: its \`schedule\` is closed, ${next}`,
  };
}

/** `it is left out: except.accounts names 77 (because: a campaign)` */
function excludedText({ leftOutBy }: Explanation): string {
  return `\`only\` or \`except\` of the rule leave it out: ${leftOutBy.map(leftOutText).join('; ')}`;
}

/** Time: what began too late, and what was done too recently. */
function heldReasons({ held, cooling, ifJudged, rule }: Explanation): readonly Why[] {
  const found = [held, cooling].filter((one) => one !== undefined);
  return found.map((one) =>
    ifJudged !== undefined && one.reason === 'for'
      ? {
          reason: one.reason,
          text: `it has to hold for ${durationText(rule.forMs)} (\`for\`) once the rule is judged`,
        }
      : heldText(one, rule),
  );
}

function withheldWhy(reason: WithholdReason, rule: Rule, capUse: CapUse | undefined): Why {
  if (capUse !== undefined && (reason === 'cap-per-pass' || reason === 'cap-per-hour'))
    return { reason, text: capUseText(reason, capUse, rule) };
  return { reason, text: REASON_TEXT[reason] };
}

/** Modes, and the pause, which stops no alert; a rule that is off was only judged as though it monitored. */
function modeReasons(explanation: Explanation): readonly Why[] {
  const { monitors, pause, rule, ifReady, verdict } = explanation;
  if (verdict?.result !== 'violated') return [];
  const isAlert =
    ifReady.length === 0
      ? verdict.event.type === 'alert'
      : ifReady.every(({ action }) => action.action === 'alert');
  const modes = monitors.map((monitor): Why => {
    const reason = monitoredAs(monitor, rule);
    if (reason === 'rule-off') return { reason, text: 'the rule is off (mode: off in the rule)' };
    const text = REASON_TEXT[reason];
    return { reason, text: isAlert ? `${text}: its alert is recorded as monitored` : text };
  });
  if (pause === undefined || isAlert) return modes;
  return [...modes, { reason: 'paused', text: `acting is ${pauseText(pause)}` }];
}

export function monitoredAs<Reason extends string>(reason: Reason, { mode }: Rule): Reason | 'rule-off' {
  return reason === 'rule-monitor' && mode === 'off' ? 'rule-off' : reason;
}

function heldText(
  { reason, until, verdict }: NonNullable<Explanation['held']>,
  { cooldownMs = 0 }: Rule,
): Why {
  const at = new Date(until).toISOString();
  if (reason === 'cooldown') {
    const acted = new Date(until - cooldownMs).toISOString();
    const text = `the rule acted on it at ${acted}: its \`cooldown\` of ${durationText(cooldownMs)} ends at ${at}`;
    return { reason, text };
  }
  const since = verdict.evidence.held?.since ?? 'just now';
  return {
    reason,
    text: `it has not held long enough: violated since ${since}, \`for\` is reached at ${at}`,
  };
}

/** What safeguards and caps would say if neither time nor a pause stood in the way, and what is on record, each once. */
function actionReasons({ ifReady, actions, rule }: Explanation, capUse?: CapUse): readonly Why[] {
  const why = new Map<string, Why>();
  const add = (one: Why) => why.set(one.reason, why.get(one.reason) ?? one);
  for (const { decision, spared, heldBesides, others } of ifReady) {
    if (decision.kind === 'withheld') add(withheldWhy(decision.reason, rule, capUse));
    for (const reason of others) add(withheldWhy(reason, rule, capUse));
    if (heldBesides !== undefined) add(withheldWhy(heldBesides, rule, capUse));
    for (const reason of spared.flatMap((one) => [one.reason, ...one.others])) {
      if (reason !== 'excepted') add({ reason, text: sparedText(reason) });
    }
  }
  for (const { recordedAs } of actions) {
    if (recordedAs === undefined) continue;
    const text = `the same alert stands in the audit log already (record ${recordedAs}), so it is not recorded again yet`;
    add({ reason: 'already-recorded', text });
  }
  return [...why.values()];
}

function sparedText(reason: WithholdReason): string {
  return `of one or more of these calls: ${REASON_TEXT[reason]}`;
}

function callReasons({ calls, inPass, verdict }: Explanation): readonly Why[] {
  const why: Why[] = [];
  const gone = calls.filter(({ fate }) => fate.fate === 'gone').length;
  if (gone > 0) {
    const text = `${countText(gone)} as good as gone: the disconnect was sent less than 30 s ago, and the switch still lists ${gone === 1 ? 'it' : 'them'}`;
    why.push({ reason: 'recently-disconnected', text });
  }
  // An alert takes no calls, so that others may.
  const isAlert = verdict?.result === 'violated' && verdict.event.type === 'alert' && inPass === undefined;
  const takers = new Map<string, number>();
  for (const { fate } of calls) {
    if (fate.fate !== 'taken' || isAlert) continue;
    const taker =
      fate.as === 'sent'
        ? `taken by ${takerText(fate)}, which is planned before`
        : `planned by ${takerText(fate)} (${asText(fate.as)}), which goes first`;
    takers.set(taker, (takers.get(taker) ?? 0) + 1);
  }
  for (const [taker, count] of takers) why.push({ reason: 'priority', text: `${countText(count)} ${taker}` });
  if (inPass !== undefined) why.push({ reason: 'not-in-pass', text: IN_PASS_TEXT[inPass] });
  return why;
}

const IN_PASS_TEXT: Readonly<Record<NonNullable<Explanation['inPass']>, string>> = {
  clear: 'in a pass its conditions are not met: what rules that are planned before take counts no more',
  indeterminate: 'in a pass it cannot be judged, once rules that are planned before have taken their calls',
  'not-judged': 'in a pass there is nothing left to judge, as rules that are planned before take its calls',
};

/** `rule irsf-burst`, `this rule for account:11` */
export function takerText({ by, forSubject }: Extract<Fate, { fate: 'taken' }>): string {
  return forSubject === undefined ? `rule ${by}` : `this rule for ${subjectText(forSubject)}`;
}

/** What comes of an action of another rule that is not sent: `monitor`, `withheld: cap-per-hour`. */
export function asText(as: Exclude<Extract<Fate, { fate: 'taken' }>['as'], 'sent'>): string {
  return as === 'monitor' ? as : `withheld: ${as}`;
}

/** Why a violation that acts takes no call at all. */
function poolReasons({ pool, ifReady, inPass }: Explanation): readonly Why[] {
  if (pool === undefined || ifReady.length > 0 || inPass !== undefined) return [];
  if (pool.size === 0) {
    return pool.where
      ? [{ reason: 'where', text: '`where` of its event lets in none of the calls that are counted' }]
      : [{ reason: 'not-counted', text: 'none of its live calls is among those that are counted' }];
  }
  return pool.size <= pool.keep ? [{ reason: 'keep', text: keepText(pool) }] : [];
}

function keepText({ size, keep, keepFrom }: ExplainedPool): string {
  const from = keepFrom === undefined ? '' : ` (${keepFrom.fact})`;
  return `\`keep\` lets ${keep} calls stay${from}, and no more than ${size} may be taken`;
}

function countText(count: number): string {
  return count === 1 ? '1 call is' : `${count} calls are`;
}
