import { didYouMean } from '../documents/did-you-mean.js';
import type { DocumentPath } from '../documents/located-document.js';
import type { Rule } from '../domain/rule.js';
import type { CaseFindings } from './case-findings.js';
import type { WrittenAction } from './case-schema.js';
import type { ExpectationContext } from './expectation-context.js';

/** A target is the name of a call or the ID of an account or customer, by what may act on it; for an alert, of anybody. */
export function checkTarget(
  { action, rule: ruleName }: Pick<WrittenAction, 'action' | 'rule'>,
  target: string,
  path: DocumentPath,
  context: ExpectationContext,
  findings: CaseFindings,
): void {
  const rules = context.known.rules.filter(({ name }) =>
    ruleName === undefined ? context.judged.has(name) : name === ruleName,
  );
  // A rule that is not there is an error already; where none is judged, the case will show it.
  if (rules.length === 0) return;
  const kinds = new Set(rules.flatMap((rule) => kindsOf(rule, action)));
  if (kinds.has('word') || (kinds.has('number') && /^\d*\*?$/.test(target))) return;
  if (kinds.has('call')) checkCall(target, path, context, findings);
  else
    findings.error(
      path,
      `"target": expected the number of an account, customer or the like, not "${target}".`,
    );
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
    `No call of this case ${what}.${repetitionsOf(name, names) ?? didYouMean(name, names)}`,
  );
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
    const message = `"subject": rule ${rule.name} judges subjects of scope ${rule.scope}, so ${subject} is never judged by it.`;
    findings.error(path, message);
    return false;
  }
  if (scope === 'call') {
    if (id.endsWith('*')) {
      findings.error(path, '"subject": expected one call; only a target may be the beginning of a name.');
      return false;
    }
    checkCall(id, path, context, findings);
  }
  return true;
}

/** Calls that no poll sees, from the beginning of the ledger on, are none: nobody judges whom they belong to. */
export function warnOfAbsent(
  subject: string,
  path: DocumentPath,
  context: ExpectationContext,
  findings: CaseFindings,
): void {
  const { calls, switchName } = context;
  const colon = subject.indexOf(':');
  const [scope, id] = [subject.slice(0, colon), subject.slice(colon + 1)];
  const seen = calls.filter((call) => isSeen(call, context));
  const isThere = {
    call: () => seen.some(({ name }) => name === id) || !calls.some(({ name }) => name === id),
    account: () => seen.some(({ account }) => String(account) === id),
    customer: () => seen.some(({ customer }) => String(customer) === id),
    connection: () => seen.some(({ connection }) => String(connection) === id),
    vendor: () => seen.some(({ vendors }) => vendors.some((vendor) => String(vendor) === id)),
    // How the switch writes numbers decides which caller is meant.
    cli: () => seen.some(({ cli }) => cli !== undefined),
    switch: () => id === switchName,
  }[scope];
  if (isThere === undefined || isThere()) return;
  const message =
    scope === 'switch'
      ? `"subject": this case plays on the switch "${switchName}", so ${subject} is never judged.`
      : `"subject": no poll of this case sees a call of ${subject}, so it is never judged.`;
  findings.warning(path, message);
}

function isSeen(
  { from, to }: ExpectationContext['calls'][number],
  { start, everyMs, polls, historyMs }: ExpectationContext,
): boolean {
  if (polls.some(({ at, fails }) => !fails && at >= from && at < to)) return true;
  // Before the start a poll stood at every interval, back to where the ledger began.
  const before = Math.max(Math.ceil((from - start) / everyMs), -Math.floor(historyMs / everyMs));
  return before < 0 && start + before * everyMs < to;
}
