import type { Call } from '../domain/call.js';
import type { FactParams, FactSource, Limit, Observed } from '../domain/facts.js';
import type { Numbering } from '../domain/numbering.js';
import type { AggregateScope, Subject } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';
import { isAggregateName, measure } from './aggregates.js';
import { observeCall } from './call-facts.js';
import { type CallIndex, createCallIndex, fieldId, orderSubjects } from './call-index.js';
import { FACT_CATALOGUE } from './catalogue.js';
import { createLimitLookup } from './limits.js';

export interface DeriveFactsOptions {
  numbering: Numbering;
  limits: readonly Limit[];
  /** Whether the rule sees a call at all: false for what its filters exclude and for what is already planned to be cut. */
  admits: (call: Call) => boolean | 'unknown';
}

/**
 * Derives facts from the live calls (Idle to Connected) of one snapshot that `admits` lets in. What cannot be assigned is
 * never counted, but makes the counts which it may belong to lower bounds: a call of which `admits` does not know, one in
 * a state that is not documented, one whose missing CLD or DIRECTION a param asks for, and a suspect call. A suspect call
 * counts against the account, customer, connection and CLI it names, or against all of them where it names none, and
 * against every vendor and the switch. A call with a sound identity that names no account (normal before routing) belongs
 * to none and casts no doubt on any.
 *
 * Calls in doubt are no subjects of scope call, since they could be cut. An account with only calls in doubt is a subject,
 * so that its verdict is indeterminate rather than absent.
 *
 * Works lazily and remembers aggregates: one source per rule, asked once per call, stays cheap.
 */
export function deriveFacts(snapshot: Snapshot, options: DeriveFactsOptions): FactSource {
  const { numbering } = options;
  const index = createCallIndex(snapshot, numbering, options.admits);
  const limitOf = createLimitLookup(options.limits, snapshot.switch, numbering);
  const remember = createMemory();

  return {
    subjects(scope) {
      return orderSubjects(scope, scope === 'call' ? index.calls().keys() : index.groups(scope).keys());
    },
    callsOf({ scope, id }) {
      if (scope !== 'call') return index.groups(scope).get(id)?.calls ?? [];
      const call = index.calls().get(id);
      return call === undefined ? [] : [call];
    },
    widen(subject, scope) {
      return subject.scope === scope ? subject : widen(index, snapshot.switch, subject, scope);
    },
    observe(subject, factName, params) {
      const definition = FACT_CATALOGUE.get(factName);
      if (definition === undefined) throw new Error(`There is no fact "${factName}".`);
      const { scope, id } = subject;
      if (definition.scope !== scope)
        throw new Error(`"${factName}" is no fact of a subject of scope ${scope}.`);
      const name = factName.slice(scope.length + 1);
      if (scope === 'call') {
        const call = index.calls().get(id);
        if (call === undefined) return { known: false, reason: 'not-listed' };
        return observeCall(name, call, numbering) ?? { known: false, reason: 'not-listed' };
      }
      if (isAggregateName(name))
        return remember(subject, name, params, () => measure(name, index.groups(scope).get(id), params));
      return limitOf(subject, params);
    },
  };
}

function widen(
  index: CallIndex,
  switchName: string,
  subject: Subject,
  scope: AggregateScope,
): Subject | undefined {
  if (scope === 'switch') return { scope, id: switchName };
  if (subject.scope === 'call') {
    const call = index.calls().get(subject.id);
    return call === undefined ? undefined : asSubject(scope, idsOf(index, switchName, call, scope));
  }
  const nested =
    (subject.scope === 'account' && scope === 'customer') ||
    (subject.scope === 'connection' && scope === 'vendor');
  const group = nested ? index.groups(subject.scope).get(subject.id) : undefined;
  if (group === undefined) return undefined;
  const ids = new Set<string>();
  for (const calls of [group.calls, group.doubtful]) {
    for (const call of calls) for (const id of idsOf(index, switchName, call, scope)) ids.add(id);
  }
  return asSubject(scope, [...ids]);
}

function idsOf(index: CallIndex, switchName: string, call: Call, scope: AggregateScope): readonly string[] {
  if (scope === 'vendor') return index.vendorsOf(call).map(String);
  const id = fieldId(call, scope, switchName);
  return id === undefined ? [] : [id];
}

/** Two different answers are none. */
function asSubject(scope: AggregateScope, ids: readonly string[]): Subject | undefined {
  const [id] = ids;
  return id === undefined || ids.length > 1 ? undefined : { scope, id };
}

/**
 * Remembers by subject, fact and params. Params are told apart by what they say; the text of one object is made once,
 * since a prefix list in it may be long and a rule asks with the same object for every call.
 */
function createMemory() {
  const numbersByText = new Map<string, number>();
  const numbersByObject = new WeakMap<FactParams, number>();
  const observations = new Map<string, Observed>();

  function paramsNumber(params: FactParams): number {
    const known = numbersByObject.get(params);
    if (known !== undefined) return known;
    const { to, state, direction, min } = params;
    const text = JSON.stringify([to ?? null, state ?? null, direction ?? null, min ?? null]);
    const number = numbersByText.get(text) ?? numbersByText.size;
    numbersByText.set(text, number);
    numbersByObject.set(params, number);
    return number;
  }

  return (subject: Subject, name: string, params: FactParams, observe: () => Observed): Observed => {
    const key = `${subject.scope} ${name} ${paramsNumber(params)} ${subject.id}`;
    let observed = observations.get(key);
    if (observed === undefined) {
      observed = observe();
      observations.set(key, observed);
    }
    return observed;
  };
}
