import { durationText, parseDuration } from '../documents/duration.js';
import type { EscalationStep, Rule, RuleEvent, ScheduleEntry } from '../domain/rule.js';
import { WEEKDAYS } from '../domain/rule.js';
import { canonicalJson } from './canonical-json.js';
import type { CheckContext } from './check-context.js';
import { checkEvent } from './check-event.js';
import { inside, type Place } from './findings.js';
import type { RuleFrame, WrittenSchedule } from './rule-schema.js';
import type { WrittenLeaf } from './shared-conditions.js';

/** An unchanged record of a rule without a cooldown is repeated so often. */
const RECORD_AGAIN_MS = 300_000;

/** `for`, `cooldown` and `schedule`, whose forms the schema has checked. */
export function timingOf(
  rule: RuleFrame,
  place: Place,
  context: CheckContext,
): Pick<Rule, 'forMs' | 'cooldownMs' | 'schedule'> {
  return {
    forMs: msOf(rule.for) ?? 0,
    cooldownMs: msOf(rule.cooldown),
    schedule: scheduleOf(rule.schedule, inside(place, 'schedule'), context),
  };
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
  const isWholeDay = from === undefined && to === undefined;
  return {
    days: WEEKDAYS.filter((day) => named.includes(day)),
    fromMinute: from === undefined ? 0 : minuteOf(from),
    toMinute: isWholeDay ? 0 : to === undefined ? 1_440 : minuteOf(to),
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
  if (complete) warnOfNeverClimbing(rule, rulePlace, steps, context);
  return complete ? steps : undefined;
}

/** Between two actions lies the cooldown, so that a short time may never see enough of them. */
function warnOfNeverClimbing(
  rule: RuleFrame,
  place: Place,
  steps: readonly EscalationStep[],
  { findings }: CheckContext,
): void {
  const named = msOf(rule.cooldown);
  const pauseMs = named ?? (rule.event.type === 'alert' ? RECORD_AGAIN_MS : 0);
  const what = named === undefined ? 'an unchanged alert is repeated every' : 'the rule has a cooldown of';
  for (const [index, { after, withinMs }] of steps.entries()) {
    if (after * pauseMs <= withinMs) continue;
    const most = Math.floor(withinMs / pauseMs);
    const message = `This step is never reached: ${what} ${durationText(pauseMs)}, so that within ${durationText(withinMs)} it has acted on a subject at most ${most} times.`;
    findings.warning(inside(place, 'escalate', index, 'after'), message);
  }
}
