import { InvalidArgumentError } from 'commander';
import { didYouMean } from '../documents/did-you-mean.js';
import { type Call, identityKey } from '../domain/call.js';
import type { Numbering } from '../domain/numbering.js';
import type { Rule } from '../domain/rule.js';
import { SCOPES, type Scope, type Subject } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';
import { fieldId } from '../facts/call-index.js';

/** Scopes whose IDs are numbers from 1 up; 0 stands for none. */
const NUMBERED: readonly Scope[] = ['account', 'customer', 'connection', 'vendor'];

/** Parses `account:10`; commander turns what it throws into exit code 2. */
export function subjectWord(text: string): Subject {
  const colon = text.indexOf(':');
  const [word, id] = [text.slice(0, colon), text.slice(colon + 1).trim()];
  const scope = SCOPES.find((one) => one === word);
  if (colon > 0 && scope !== undefined && id !== '') {
    const expected = expectedId(scope, id);
    if (expected === undefined) return { scope, id };
    throw new InvalidArgumentError(
      `Expected ${expected} as the ID of ${article(scope)}, such as ${scope}:10.`,
    );
  }
  const hint = colon > 0 ? didYouMean(word, SCOPES) : '';
  throw new InvalidArgumentError(
    `Expected scope:id such as account:10; scopes are ${SCOPES.join(', ')}.${hint}`,
  );
}

/** What the ID has to be instead; undefined where a subject of this scope may bear it. */
function expectedId(scope: Scope, id: string): string | undefined {
  if (NUMBERED.includes(scope)) return /^[1-9]\d*$/.test(id) ? undefined : 'digits without a leading 0';
  return scope !== 'call' || /^\d+$/.test(id) ? undefined : 'digits';
}

function article(scope: Scope): string {
  return `${scope === 'account' ? 'an' : 'a'} ${scope}`;
}

/** Whom an explanation is about, or why that cannot be told. */
export type MeantSubject = { subject: Subject } | { problem: string };

/** The subject of the rule's scope that is meant: the named one, which is of this scope, or what a named call belongs to. */
export function subjectFor(
  named: Subject,
  { name, scope }: Rule,
  snapshot: Snapshot,
  numbering: Numbering,
): MeantSubject {
  if (named.scope === scope) {
    const id = scope === 'cli' ? numbering.normaliseCaller(named.id) : named.id;
    return scope === 'call' ? listedCall(id, snapshot) : { subject: { scope, id } };
  }
  return ownerOf(named.id, { name, scope }, snapshot);
}

function listedCall(id: string, snapshot: Snapshot): MeantSubject {
  const isThere = snapshot.calls.some((call) => call.id === id);
  return isThere ? { subject: { scope: 'call', id } } : { problem: notListed(id, snapshot) };
}

function notListed(id: string, { suspects, observedAt }: Snapshot): string {
  const at = new Date(observedAt).toISOString();
  const suspect = suspects.find((one) => one.id === id);
  return suspect === undefined
    ? `No call ${id} was listed at ${at}. \`callwarden calls\` lists those of now; --at asks for another instant.`
    : `Call ${id} was listed at ${at}, but what it is could not be read: ${suspect.reason}. Such a call is never cut.`;
}

function ownerOf(
  callId: string,
  { name, scope }: Pick<Rule, 'name' | 'scope'>,
  snapshot: Snapshot,
): MeantSubject {
  const call = snapshot.calls.find(({ id }) => id === callId);
  if (call === undefined) return { problem: notListed(callId, snapshot) };
  const ids = ownerIds(call, scope, snapshot);
  const [id] = ids;
  if (id !== undefined && ids.length === 1) return { subject: { scope, id } };
  const at = new Date(snapshot.observedAt).toISOString();
  const lacks =
    scope === 'vendor'
      ? 'for no vendor that a rule names'
      : `without ${scope === 'cli' ? 'a CLI' : `its ${scope}`}`;
  return {
    problem:
      ids.length === 0
        ? `Call ${callId} was listed at ${at}, but ${lacks}, so that rule ${name}, which judges by ${scope}, does not see it.`
        : `Call ${callId} was listed for several of scope ${scope}: name one of ${ids.map((one) => `${scope}:${one}`).join(', ')}.`,
  };
}

function ownerIds(call: Call, scope: Scope, snapshot: Snapshot): readonly string[] {
  if (scope === 'call') return [call.id];
  if (scope === 'vendor') {
    const key = identityKey(call);
    return [...snapshot.vendors].flatMap(([vendor, keys]) => (keys.has(key) ? [String(vendor)] : []));
  }
  const id = fieldId(call, scope, snapshot.switch);
  return id === undefined ? [] : [id];
}
