import type { Call } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import type { FactParams, FactSource, Limit, Observed } from '../domain/facts.js';
import type { Numbering } from '../domain/numbering.js';
import type { AggregateScope, Scope, Subject } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';
import { isAggregateName, measure } from './aggregates.js';
import { observeCall } from './call-facts.js';
import type { CallHistory } from './call-history.js';
import { type CallIndex, createCallIndex, fieldId, orderSubjects } from './call-index.js';
import { FACT_CATALOGUE } from './catalogue.js';
import { type KnownPlaces, mayLackSubcustomers, unplacedAmong } from './customer-doubt.js';
import { createLimitLookup } from './limits.js';
import { createMemory } from './memory.js';
import type { RuleFilter } from './past-filter.js';
import type { SharedIndex } from './shared-index.js';
import { createWindowedFacts, isWindowedName, type WindowedFacts } from './windowed-facts.js';

export interface DeriveFactsOptions {
  numbering: Numbering;
  limits: readonly Limit[];
  /** Whether the rule sees a call at all: false for what its filters exclude and for what is already planned to be cut. */
  admits: (call: Call) => boolean | 'unknown';
  /** The calls of the past; it must have observed this snapshot. Without it windowed facts are missing. */
  history?: CallHistory;
  /** How far the rule looks back: who had calls since is a subject. Milliseconds, 0 for rules of the snapshot alone. */
  windowMs?: number;
  /** Windowed facts are missing where their window has a gap. */
  needsComplete?: boolean;
  /** The known customers, for `recursive`. */
  tree?: CustomerTree;
  /** Where that tree may lack some; without it, it is the whole truth. */
  customers?: KnownPlaces;
  /** True where `admits` lets in what `shared` does: then that is used. */
  admitsAll?: boolean;
  shared?: SharedIndex;
  /** Makes the index of the calls that are let in, where a replay keeps one; else they are indexed anew. */
  indexOf?: (admits: DeriveFactsOptions['admits']) => CallIndex;
  /**
   * The rule's own filter of calls, the same object at every pass, or `none`: what is planned to be cut was started all the
   * same, so calls of the past are filtered by it alone. Without it they are filtered by `admits`, anew at every pass.
   */
  filter?: RuleFilter | 'none';
}

/**
 * Derives facts from the live calls (Idle to Connected) of one snapshot that `admits` lets in, and facts of the past from
 * the history. What cannot be assigned is never counted, but makes the counts which it may belong to lower bounds: a call
 * of which `admits` does not know, one in a state that is not documented, one whose missing CLD or DIRECTION a param asks
 * for, and a suspect call. A suspect call counts against the account, customer, connection and CLI it names, or against
 * all of them where it names none, and against every vendor and the switch. A call with a sound identity that names no
 * account (normal before routing) belongs to none and casts no doubt on any.
 *
 * Calls in doubt are no subjects of scope call, since they could be cut. An account with only calls in doubt is a subject,
 * so that its verdict is indeterminate rather than absent. With a tree, customers are subjects too who have no calls
 * themselves but descendants with some.
 *
 * Works lazily and remembers aggregates: one source per rule, asked once per call, stays cheap.
 */
export function deriveFacts(snapshot: Snapshot, options: DeriveFactsOptions): FactSource {
  const { numbering, tree } = options;
  const shared = options.admitsAll === true ? options.shared : undefined;
  const indexOf =
    options.indexOf ??
    ((admits: DeriveFactsOptions['admits']) => createCallIndex(snapshot, numbering, admits));
  const index = shared?.index ?? indexOf(options.admits);
  const windows = windowsOf(snapshot, index, options);
  const limitOf = createLimitLookup(options.limits, snapshot.switch, numbering);
  const remember = shared?.remember ?? createMemory();
  const groupsOf = (scope: AggregateScope, params: FactParams) =>
    scope === 'customer' && params.recursive === true && tree !== undefined
      ? index.customersWithDescendants(tree)
      : index.groups(scope);

  let unplaced: readonly string[] | undefined;
  const mayLack = (id: string): boolean => {
    const places = options.customers;
    if (tree === undefined || places === undefined) return tree === undefined;
    unplaced ??= unplacedAmong(index.groups('customer').keys(), places);
    return mayLackSubcustomers(id, { tree, places, unplaced });
  };

  function observeAggregate(subject: Subject & { scope: AggregateScope }, name: string, params: FactParams) {
    if (isAggregateName(name)) {
      return remember(subject, name, params, () => {
        const observed = measure(name, groupsOf(subject.scope, params).get(subject.id), params);
        return params.recursive === true && mayLack(subject.id) ? asLowerBound(name, observed) : observed;
      });
    }
    if (!isWindowedName(name)) return limitOf(subject, params);
    return windows?.observe(subject, name, params) ?? NO_HISTORY;
  }

  return {
    subjects(scope, among) {
      if (among !== undefined)
        return orderSubjects(scope, subjectIdsAmong(among, { scope, index, windows, tree }));
      const known = sharesSubjects(options) ? shared?.subjects : undefined;
      const key = `${scope} ${options.windowMs ?? 0}`;
      const ordered = known?.get(key) ?? orderSubjects(scope, subjectIds(scope, index, windows, tree));
      known?.set(key, ordered);
      return ordered;
    },
    callsOf({ scope, id }) {
      if (scope !== 'call') return index.groups(scope).get(id)?.calls ?? [];
      const call = index.calls().get(id);
      return call === undefined ? [] : [call];
    },
    widen(subject, scope) {
      return subject.scope === scope ? subject : widen(index, windows, snapshot.switch, subject, scope);
    },
    observe(subject, factName, params) {
      const fact = FACTS.get(factName);
      if (fact === undefined) throw new Error(`There is no fact "${factName}".`);
      const { scope, id } = subject;
      if (fact.scope !== scope) throw new Error(`"${factName}" is no fact of a subject of scope ${scope}.`);
      const { name } = fact;
      if (scope !== 'call') return observeAggregate({ scope, id }, name, params);
      const call = index.calls().get(id);
      if (call === undefined) return { known: false, reason: 'not-listed' };
      if (name === 'firstSeenCountry') return firstSeenCountry(call, windows, numbering);
      return observeCall(name, call, numbering) ?? { known: false, reason: 'not-listed' };
    },
  };
}

/** By its full name: the scope of a fact, and its name in that scope, which is the same text every time. */
const FACTS: ReadonlyMap<string, { scope: Scope; name: string }> = new Map(
  Array.from(FACT_CATALOGUE, ([full, { scope }]) => [full, { scope, name: full.slice(scope.length + 1) }]),
);

const NO_HISTORY: Observed = { known: false, reason: 'no-history' };

function windowsOf(
  snapshot: Snapshot,
  index: CallIndex,
  options: DeriveFactsOptions,
): WindowedFacts | undefined {
  const {
    history,
    filter,
    admits,
    admitsAll,
    tree,
    customers,
    windowMs = 0,
    needsComplete = false,
  } = options;
  const login = history?.ofLogin(snapshot.coverage.login);
  if (history === undefined || login === undefined) return undefined;
  const ruleFilter =
    filter === 'none' ? undefined : (filter ?? (admitsAll === true ? undefined : { admits }));
  return createWindowedFacts({
    history,
    login,
    snapshot,
    index,
    tree,
    customers,
    filter: ruleFilter,
    keepsViews: filter !== undefined || ruleFilter === undefined,
    windowMs,
    needsComplete,
  });
}

/** A rule with a filter of its own may have other subjects in the past than the rest. */
function sharesSubjects({ filter, windowMs = 0 }: DeriveFactsOptions): boolean {
  return windowMs === 0 || filter === undefined || filter === 'none';
}

function subjectIds(
  scope: Scope,
  index: CallIndex,
  windows: WindowedFacts | undefined,
  tree: CustomerTree | undefined,
): Iterable<string> {
  if (scope === 'call') return index.calls().keys();
  const withTree = scope === 'customer' && tree !== undefined;
  const groups = withTree ? index.customersWithDescendants(tree) : index.groups(scope);
  return new Set([...groups.keys(), ...(windows?.subjectIds(scope) ?? [])]);
}

/** Asks for each, where only a few of many are wanted. */
function* subjectIdsAmong(
  among: ReadonlySet<string>,
  where: {
    scope: Scope;
    index: CallIndex;
    windows: WindowedFacts | undefined;
    tree: CustomerTree | undefined;
  },
): Iterable<string> {
  const { scope, index, windows, tree } = where;
  const live =
    scope === 'call'
      ? index.calls()
      : scope === 'customer' && tree !== undefined
        ? index.customersWithDescendants(tree)
        : index.groups(scope);
  for (const id of among) {
    if (live.has(id) || (scope !== 'call' && windows?.hasSubject({ scope, id }) === true)) yield id;
  }
}

function firstSeenCountry(call: Call, windows: WindowedFacts | undefined, numbering: Numbering): Observed {
  if (windows === undefined) return NO_HISTORY;
  const country = observeCall('country', call, numbering);
  if (country?.known === false) return country;
  if (call.account === undefined || typeof country?.value !== 'string')
    return { known: false, reason: 'not-listed' };
  return windows.firstSeenCountry(call.account, country.value);
}

/** Whose descendants are not known may have more calls; the average of only some of them says nothing. */
function asLowerBound(name: string, observed: Observed): Observed {
  if (!observed.known) return observed;
  return name === 'averageDuration'
    ? { known: false, reason: 'lower-bound' }
    : { ...observed, atLeast: true };
}

function widen(
  index: CallIndex,
  windows: WindowedFacts | undefined,
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
  if (!nested) return undefined;
  const group = index.groups(subject.scope).get(subject.id);
  const ids = new Set<string>();
  for (const calls of [group?.calls ?? [], group?.doubtful ?? []]) {
    for (const call of calls) for (const id of idsOf(index, switchName, call, scope)) ids.add(id);
  }
  // Who has no call now belongs to whom its last ones say.
  return asSubject(scope, ids.size > 0 ? [...ids] : (windows?.ownerIds(subject, scope) ?? []));
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
