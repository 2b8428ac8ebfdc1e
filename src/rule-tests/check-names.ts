import { didYouMean } from '../documents/did-you-mean.js';
import type { DocumentPath } from '../documents/located-document.js';
import type { Rule } from '../domain/rule.js';
import type { Scope } from '../domain/scope.js';
import type { CaseFindings } from './case-findings.js';
import type { WrittenAction } from './case-schema.js';
import type { ExpectationContext } from './expectation-context.js';

/** Names shown of many. */
const SHOWN_NAMES = 5;

/**
 * Checks a target and returns it as actions name it. It is the name of a call or the ID of an account or customer, by what may
 * act on it; for an alert, of anybody.
 */
export function judgedTarget(
  { action, rule: ruleName }: Pick<WrittenAction, 'action' | 'rule'>,
  target: string,
  path: DocumentPath,
  context: ExpectationContext,
  findings: CaseFindings,
): string {
  const rules = context.known.rules.filter(({ name }) =>
    ruleName === undefined ? context.judged.has(name) : name === ruleName,
  );
  // A rule that is not there is an error already; where none is judged, the case will show it.
  if (rules.length === 0) return target;
  const kinds = new Set(rules.flatMap((rule) => kindsOf(rule, action)));
  const scope = ownerScope(action, rules, kinds);
  if (scope === 'cli' || (kinds.has('number') && !kinds.has('word') && /^\d*\*?$/.test(target))) {
    if (scope === undefined) return target;
    warnOfAbsent(`${scope}:${target}`, path, context, findings);
    return target.endsWith('*') ? target : context.seen.idOf(scope, target);
  }
  if (kinds.has('word')) return target;
  if (kinds.has('call')) checkCall(target, path, context, findings);
  else
    findings.error(
      path,
      `"target": expected the number of an account, customer or the like, not "${target}".`,
    );
  return target;
}

/** Whose number a target is; undefined where the action leaves that open, or none is meant in particular. */
function ownerScope(
  action: WrittenAction['action'],
  rules: readonly Rule[],
  kinds: ReadonlySet<TargetKind>,
): Scope | undefined {
  if (action === 'disconnectAccount') return 'account';
  if (action === 'disconnectCustomer') return 'customer';
  const [first, ...others] = new Set(rules.map(({ scope }) => scope));
  const isAlert = action === 'alert' || (kinds.size === 1 && kinds.has('word'));
  return isAlert && others.length === 0 ? first : undefined;
}

type TargetKind = 'call' | 'number' | 'word';

/** What the rule, its steps included, may name as a target of this action; of any where none is named. */
function kindsOf({ event, escalate, scope }: Rule, wanted: WrittenAction['action']): readonly TargetKind[] {
  const own: TargetKind =
    scope === 'call' ? 'call' : scope === 'cli' || scope === 'switch' ? 'word' : 'number';
  if (wanted === 'alert') return [own];
  if (wanted !== undefined) return [wanted === 'disconnectCall' ? 'call' : 'number'];
  return [event, ...escalate.map((step) => step.event)].flatMap(({ type }): TargetKind[] => {
    if (type === 'alert') return [own];
    // A whole that must not be taken is followed by its calls.
    return type === 'disconnectCall' ? ['call'] : ['number', 'call'];
  });
}

export function checkCall(
  name: string,
  path: DocumentPath,
  { calls }: Pick<ExpectationContext, 'calls'>,
  findings: CaseFindings,
): void {
  const beginning = name.endsWith('*') ? name.slice(0, -1) : undefined;
  const found = calls.some((call) =>
    beginning === undefined ? call.name === name : call.name.startsWith(beginning),
  );
  if (found) return;
  const names = calls.map((call) => call.name);
  const what = beginning === undefined ? `is named "${name}"` : `has a name that begins with "${beginning}"`;
  findings.error(
    path,
    `No call of this case ${what}.${repetitionsOf(name, names) ?? (didYouMean(name, names) || callsText(names))}`,
  );
}

function callsText(names: readonly string[]): string {
  return names.length === 0 ? ' It has none: write it under "calls".' : ` It has ${someOf(names)}.`;
}

/** `a-1, a-2, a-3 and 28 more` */
function someOf(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES);
  const more = names.length - shown.length;
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`;
}

/** For the ID of a repeated call, which is the name of none of them. */
function repetitionsOf(name: string, names: readonly string[]): string | undefined {
  const count = names.filter(
    (one) => one.startsWith(`${name}-`) && /^\d+$/.test(one.slice(name.length + 1)),
  ).length;
  if (count === 0) return undefined;
  return count === 1
    ? ` Did you mean ${name}-1?`
    : ` Did you mean ${name}-1 … ${name}-${count}, or ${name}-*?`;
}

/** A subject of another scope is never judged; one without a call may be meant, but is clear whatever the rule says. */
export function checkSubject(
  subject: string,
  ruleName: string | undefined,
  path: DocumentPath,
  context: ExpectationContext,
  findings: CaseFindings,
): boolean {
  const colon = subject.indexOf(':');
  const [scope, id] = [subject.slice(0, colon), subject.slice(colon + 1)];
  const rule = context.known.rules.find(({ name }) => name === ruleName);
  if (rule !== undefined && rule.scope !== scope) {
    const message = `"subject": rule ${rule.name} judges subjects of scope ${rule.scope}, so ${subject} is never judged by it: expected ${rule.scope}:ID.`;
    findings.error(path, message);
    return false;
  }
  if (id.endsWith('*')) {
    findings.error(path, `"subject": expected one ${scope}; only a target may be the beginning of a name.`);
    return false;
  }
  if (scope === 'call') checkCall(id, path, context, findings);
  return true;
}

/** Calls that no poll sees, from the beginning of the ledger on, are none: nobody judges whom they belong to. */
export function warnOfAbsent(
  subject: string,
  path: DocumentPath,
  context: ExpectationContext,
  findings: CaseFindings,
): void {
  const { calls, switchName, seen } = context;
  const colon = subject.indexOf(':');
  const [scope, id] = [subject.slice(0, colon), subject.slice(colon + 1)];
  if (scope === 'switch') {
    if (id === switchName) return;
    const message = `This case plays on the switch "${switchName}", so ${subject} is never judged. Name it under "switch".`;
    findings.warning(path, message);
    return;
  }
  const ids = seen.ids(scope);
  if (ids === undefined) return;
  const isMeant = (one: string) => (id.endsWith('*') ? one.startsWith(id.slice(0, -1)) : one === id);
  // That a call is none of the case is an error of its own.
  if (scope === 'call' && !calls.some(({ name }) => isMeant(name))) return;
  if (id.endsWith('*') ? [...ids].some(isMeant) : ids.has(seen.idOf(scope, id))) return;
  if (id === '0' && scope !== 'call' && scope !== 'cli') {
    const message = `${subject} is never judged: by 0 a switch means that a call has no ${scope}. Expected a number of at least 1.`;
    findings.error(path, message);
    return;
  }
  const there = scope === 'call' || ids.size === 0 ? '' : ` Those there are: ${someOf([...ids])}.`;
  findings.warning(path, `No poll of this case sees a call of ${subject}, so it is never judged.${there}`);
}
