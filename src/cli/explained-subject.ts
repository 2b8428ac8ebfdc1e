import { InvalidArgumentError } from 'commander';
import { didYouMean } from '../documents/did-you-mean.js';
import type { Numbering } from '../domain/numbering.js';
import type { Rule } from '../domain/rule.js';
import { SCOPES, type Scope, type Subject } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';

/** Parses `account:10`; commander turns what it throws into exit code 2. */
export function subjectWord(text: string): Subject {
  const colon = text.indexOf(':');
  const [word, id] = [text.slice(0, colon), text.slice(colon + 1).trim()];
  const scope = SCOPES.find((one) => one === word);
  if (colon > 0 && scope !== undefined && id !== '') return { scope, id };
  const hint = colon > 0 ? didYouMean(word, SCOPES) : '';
  throw new InvalidArgumentError(
    `Expected scope:id such as account:10; scopes are ${SCOPES.join(', ')}.${hint}`,
  );
}

/**
 * The subject of the rule's scope that is meant: the named one, or what a named call belongs to. Undefined where the
 * snapshot does not tell.
 */
export function subjectFor(
  subject: Subject,
  { scope }: Rule,
  snapshot: Snapshot,
  numbering: Numbering,
): Subject | undefined {
  if (subject.scope === scope) {
    return scope === 'cli' ? { scope, id: numbering.normaliseCaller(subject.id) } : subject;
  }
  if (subject.scope !== 'call') return undefined;
  const id = ownerOf(subject.id, scope, snapshot);
  return id === undefined ? undefined : { scope, id };
}

function ownerOf(callId: string, scope: Scope, snapshot: Snapshot): string | undefined {
  const call = snapshot.calls.find(({ id }) => id === callId);
  if (call === undefined) return undefined;
  switch (scope) {
    case 'account':
    case 'customer':
    case 'connection':
      return call[scope]?.toString();
    case 'cli':
      return call.cliNumber;
    case 'switch':
      return snapshot.switch;
    default:
      return undefined;
  }
}
