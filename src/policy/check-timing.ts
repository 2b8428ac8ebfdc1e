import { durationText, parseDuration } from '../documents/duration.js';
import type { EscalationStep, Rule, RuleEvent, ScheduleEntry } from '../domain/rule.js';
import { WEEKDAYS } from '../domain/rule.js';
import { canonicalJson } from './canonical-json.js';
import type { CheckContext } from './check-context.js';
import { checkEvent } from './check-event.js';
import { pollingOf } from './check-polling.js';
import { createClimbPauses, greatest, leastPausesMs, RECORD_AGAIN_MS, usualPausesMs } from './climb-time.js';
import { inside, type Place } from './findings.js';
import { longestOpenMs, spanMs } from './open-spans.js';
import type { RuleFrame, WrittenSchedule } from './rule-schema.js';
import type { WrittenLeaf } from './shared-conditions.js';

/** `for`, `cooldown` and `schedule`, whose forms the schema has checked. */
export function timingOf(
  rule: RuleFrame,
  place: Place,
  context: CheckContext,
): Pick<Rule, 'forMs' | 'cooldownMs' | 'schedule'> {
  const forMs = msOf(rule.for) ?? 0;
  const schedule = scheduleOf(rule.schedule, inside(place, 'schedule'), context);
  warnOfClosingTooSoon(rule, forMs, schedule, place, context);
  return { forMs, cooldownMs: msOf(rule.cooldown), schedule };
}

/** While a rule is not judged nothing holds, but for a pause so short that hardly a poll comes in it. */
const BRIDGED_MS = 900_000;
const BRIDGED_POLLS = 3;

/** `for` begins anew with each span of the schedule. */
function warnOfClosingTooSoon(
  rule: RuleFrame,
  forMs: number,
  schedule: readonly ScheduleEntry[],
  place: Place,
  context: CheckContext,
): void {
  if (context.now === undefined || forMs === 0 || schedule.some((one) => forMs < spanMs(one))) return;
  const bridgedMs = Math.max(BRIDGED_MS, BRIDGED_POLLS * pollingOf(rule, context).everyMs);
  const openMs = longestOpenMs(schedule, bridgedMs, context.now);
  if (forMs < openMs) return;
  context.findings.warning(
    inside(place, 'for'),
    `"for: ${rule.for}" is never over: "schedule" is open for at most ${durationText(openMs)} at a time, and "for" begins anew with each span, so that the rule never acts: expected less than ${durationText(openMs)}.`,
  );
}

function msOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

function scheduleOf(
  written: RuleFrame['schedule'],
  place: Place,
  { findings }: CheckContext,
): readonly ScheduleEntry[] {
  if (written === undefined) return [];
  if (!Array.isArray(written)) return [scheduleEntry(written)];
  const seen = new Set<string>();
  return written.map((one, index) => {
    const entry = scheduleEntry(one);
    const text = canonicalJson(entry);
    if (seen.has(text)) findings.warning(inside(place, index), 'This span is given twice.');
    seen.add(text);
    return entry;
  });
}

function scheduleEntry({ days, from, to, timezone }: WrittenSchedule): ScheduleEntry {
  const named: readonly string[] = days === undefined ? WEEKDAYS : typeof days === 'string' ? [days] : days;
  return {
    days: WEEKDAYS.filter((day) => named.includes(day)),
    // The schema wants both of them or none, which is the whole day.
    fromMinute: from === undefined ? 0 : minuteOf(from),
    toMinute: to === undefined ? 0 : minuteOf(to),
    timezone,
  };
}

function minuteOf(time: string): number {
  const [hours, minutes] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** The steps in the order in which they are climbed; undefined where one is wrong. */
export function checkEscalation(
  rule: RuleFrame,
  rulePlace: Place,
  own: RuleEvent | undefined,
  leaves: readonly WrittenLeaf[] | undefined,
  context: CheckContext,
): readonly EscalationStep[] | undefined {
  const steps: EscalationStep[] = [];
  let complete = true;
  for (const [index, { after, within, event: written }] of (rule.escalate ?? []).entries()) {
    const place = inside(rulePlace, 'escalate', index);
    const eventPlace = inside(place, 'event');
    const toCheck = {
      event: written,
      place: eventPlace,
      scope: rule.scope,
      scopePlace: inside(rulePlace, 'scope'),
    };
    const event = checkEvent(toCheck, leaves, context);
    const before = index === 0 ? { after: 0, event: own } : steps.at(-1);
    if (index > 0 && before !== undefined && after <= before.after) {
      const message = `"after" of each step is higher than that of the one before: expected more than ${before.after}, but found ${after}.`;
      context.findings.error(inside(place, 'after'), message);
    }
    if (
      event !== undefined &&
      before?.event !== undefined &&
      canonicalJson(event) === canonicalJson(before.event)
    ) {
      const message = 'This step asks for the same event as the one before: there is nothing to climb to.';
      context.findings.error(eventPlace, message);
    }
    if (event === undefined) complete = false;
    else steps.push({ after, withinMs: msOf(within) ?? 0, event });
  }
  if (complete && own !== undefined)
    warnOfNeverClimbing(rule, rulePlace, [{ after: 0, withinMs: 0, event: own }, ...steps], context);
  return complete ? steps : undefined;
}

/** Between two actions lies a pause, so that a short time may never see enough of them. `climb`: the own event, then the steps. */
function warnOfNeverClimbing(
  rule: RuleFrame,
  place: Place,
  climb: readonly EscalationStep[],
  context: CheckContext,
): void {
  const cooldownMs = msOf(rule.cooldown);
  const pauseMs = cooldownMs ?? RECORD_AGAIN_MS;
  const why =
    cooldownMs === undefined
      ? `an unchanged alert is repeated every ${durationText(pauseMs)}`
      : `the rule has a cooldown of ${durationText(pauseMs)}`;
  const pausesOf = cooldownMs === undefined ? createClimbPauses(climb) : (acts: number) => acts;
  const { everyMs, whose } = pollingOf(rule, context);
  // What was done `within` ago to the millisecond does not count any more.
  const mayFit = (acts: number, withinMs: number) => leastPausesMs(pausesOf(acts), pauseMs) < withinMs;
  for (const [index, { after, withinMs }] of climb.slice(1).entries()) {
    // One poll of them may come late.
    const surelyMs = usualPausesMs(pausesOf(after), pauseMs, everyMs) + everyMs;
    if (surelyMs <= withinMs) continue;
    const within = durationText(withinMs);
    const most = greatest(after - 1, (acts) => mayFit(acts, withinMs));
    const message = mayFit(after, withinMs)
      ? `This step may not be reached: ${why}, so that with polls up to ${durationText(everyMs)} apart${whose} the rule may act again up to ${durationText(surelyMs)} after the first of ${after} ${after === 1 ? 'action' : 'actions'}, which counts for ${within} only: expected "within" of at least ${durationText(surelyMs)}.`
      : `This step is never reached: ${why}, so that when the rule may act again, it has acted on a subject at most ${most} ${most === 1 ? 'time' : 'times'} within ${within}.`;
    context.findings.warning(inside(place, 'escalate', index, 'after'), message);
  }
}
