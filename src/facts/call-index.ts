import { type Call, hasEnded, identityKey, isLive, type SuspectCall } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import { callerNumber, dialledNumber, type Numbering } from '../domain/numbering.js';
import type { AggregateScope, Scope, Subject } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';
import { ancestryOf } from './ancestry.js';
import type { FilteredFields } from './call-filter.js';
import { idText } from './id-text.js';

/** The calls of one subject. */
export interface CallGroup {
  subject: Subject;
  /** Live and admitted: what aggregates count. */
  calls: Call[];
  /** Live but perhaps not admitted, or in a state that is not known to be live: what makes counts lower bounds. */
  doubtful: Call[];
  /** Calls whose identity cannot be read: those that name this subject, and those that name none of its scope. */
  suspects: readonly FilteredFields[];
}

/** The groups of one scope, by subject ID. */
export type CallGroups = Lookup<CallGroup>;

/** What is asked of a map; it need not be one. */
interface Lookup<Value> {
  get(id: string): Value | undefined;
  has(id: string): boolean;
  keys(): Iterable<string>;
}

/** The calls of a snapshot by subject; each scope is grouped when it is first asked for. */
export interface CallIndex {
  groups(scope: AggregateScope): CallGroups;
  /** Customers with the calls of all their stated descendants; one tree for as long as the index lives. */
  customersWithDescendants(tree: CustomerTree): CallGroups;
  /** The suspect calls that may be of a subject, also of one that has no other call in the snapshot. */
  suspectsOf(subject: Subject, tree?: CustomerTree): readonly FilteredFields[];
  /** Admitted live calls by subject ID. */
  calls(): Lookup<Call>;
  /** The vendors that list this call. */
  vendorsOf(call: Call): readonly number[];
}

export function createCallIndex(
  snapshot: Snapshot,
  numbering: Numbering,
  admits: (call: Call) => boolean | 'unknown',
): CallIndex {
  let sorted: ReturnType<typeof sortOut> | undefined;
  const calls = () => {
    sorted ??= sortOut(snapshot.calls, admits);
    return sorted;
  };
  const groupsByScope = new Map<AggregateScope | 'tree', ReadonlyMap<string, CallGroup>>();
  let callsById: ReadonlyMap<string, Call> | undefined;
  let vendorsByCall: ReadonlyMap<Call, readonly number[]> | undefined;

  const vendorsOf = (call: Call): readonly number[] => {
    vendorsByCall ??= readVendors([...calls().admitted, ...calls().doubtful], snapshot.vendors);
    return vendorsByCall.get(call) ?? [];
  };

  function group(scope: AggregateScope, subjectIds: (call: Call) => readonly string[], ancestry: Ancestry) {
    const groups = new Map<string, CallGroup>();
    const { admitted, doubtful } = calls();
    const open = (id: string): CallGroup => {
      let found = groups.get(id);
      if (found === undefined) {
        found = { subject: { scope, id }, calls: [], doubtful: [], suspects: [] };
        groups.set(id, found);
      }
      return found;
    };
    // The switch itself is there with no call on it, so that a rule can say so.
    if (scope === 'switch') open(snapshot.switch);
    for (const call of admitted) for (const id of subjectIds(call)) open(id).calls.push(call);
    for (const call of doubtful) for (const id of subjectIds(call)) open(id).doubtful.push(call);
    castDoubt(groups, snapshot.suspects, {
      idsOf: (suspect) => ancestry(suspectSubjectId(suspect, scope, snapshot.switch, numbering)),
      fieldsOf: (suspect) => suspectFields(suspect, numbering),
    });
    return groups;
  }

  function remember(key: AggregateScope | 'tree', create: () => ReadonlyMap<string, CallGroup>) {
    let groups = groupsByScope.get(key);
    if (groups === undefined) {
      groups = create();
      groupsByScope.set(key, groups);
    }
    return groups;
  }

  return {
    groups: (scope) =>
      remember(scope, () =>
        group(scope, (call) => subjectIdsOf(call, scope, snapshot.switch, vendorsOf), itself),
      ),
    customersWithDescendants: (tree) =>
      remember('tree', () =>
        group(
          'customer',
          ({ customer }) => (customer === undefined ? [] : ancestryOf(customer, tree)),
          (id) => (id === undefined ? [] : ancestryOf(Number(id), tree)),
        ),
      ),
    suspectsOf({ scope, id }, tree) {
      if (scope === 'call') return [];
      return snapshot.suspects
        .filter((suspect) => {
          const named = suspectSubjectId(suspect, scope, snapshot.switch, numbering);
          if (named === undefined || named === id) return true;
          return tree !== undefined && ancestryOf(Number(named), tree).includes(id);
        })
        .map((suspect) => suspectFields(suspect, numbering));
    },
    calls() {
      callsById ??= nameCalls(calls().admitted);
      return callsById;
    },
    vendorsOf,
  };
}

/** The subjects that a suspect call counts against, by the one that it names. */
type Ancestry = (id: string | undefined) => readonly string[];

const itself: Ancestry = (id) => (id === undefined ? [] : [id]);

function sortOut(calls: readonly Call[], admits: (call: Call) => boolean | 'unknown') {
  const admitted: Call[] = [];
  const doubtful: Call[] = [];
  for (const call of calls) {
    if (hasEnded(call.state)) continue;
    const admission = admits(call);
    if (admission === false) continue;
    if (admission === true && isLive(call.state)) admitted.push(call);
    else doubtful.push(call);
  }
  return { admitted, doubtful };
}

/** None where the field is missing, which before routing is normal: such a call belongs to no account yet. */
function subjectIdsOf(
  call: Call,
  scope: AggregateScope,
  switchName: string,
  vendorsOf: (call: Call) => readonly number[],
): readonly string[] {
  if (scope === 'vendor') return vendorsOf(call).map(String);
  const id = fieldId(call, scope, switchName);
  return id === undefined ? [] : [id];
}

/** The subject that a call's own fields name; vendors are not among them. */
export function fieldId(
  call: Call,
  scope: Exclude<AggregateScope, 'vendor'>,
  switchName: string,
): string | undefined {
  if (scope === 'switch') return switchName;
  if (scope === 'cli') return call.cliNumber === '' ? undefined : call.cliNumber;
  const id = call[scope];
  return id === undefined ? undefined : idText(id);
}

/**
 * A suspect call that does not say whose it is may be anybody's. Alone it makes no subject: whether the rule is about it
 * at all cannot be asked.
 */
function castDoubt(
  groups: ReadonlyMap<string, CallGroup>,
  suspects: readonly SuspectCall[],
  reading: {
    idsOf: (suspect: SuspectCall) => readonly string[];
    fieldsOf: (suspect: SuspectCall) => FilteredFields;
  },
): void {
  const anybodys: FilteredFields[] = [];
  const byId = new Map<string, FilteredFields[]>();
  for (const suspect of suspects) {
    const ids = reading.idsOf(suspect);
    const fields = reading.fieldsOf(suspect);
    if (ids.length === 0) anybodys.push(fields);
    for (const id of ids) {
      const named = byId.get(id);
      if (named === undefined) byId.set(id, [fields]);
      else named.push(fields);
    }
  }
  for (const [id, group] of groups) {
    const own = byId.get(id);
    group.suspects = own === undefined ? anybodys : [...own, ...anybodys];
  }
}

function suspectSubjectId(
  suspect: SuspectCall,
  scope: AggregateScope,
  switchName: string,
  numbering: Numbering,
): string | undefined {
  switch (scope) {
    case 'switch':
      return switchName;
    case 'account':
    case 'customer':
    case 'connection':
      return suspect[scope]?.toString();
    case 'cli':
      return callerNumber(suspect.cli, numbering);
    case 'vendor':
      // Vendors list calls by their identity, which this one does not have.
      return undefined;
  }
}

function suspectFields(suspect: SuspectCall, numbering: Numbering): FilteredFields {
  return {
    state: suspect.state,
    direction: undefined,
    cldNumber: dialledNumber(suspect.cld, numbering),
  };
}

function readVendors(
  calls: readonly Call[],
  vendors: ReadonlyMap<number, ReadonlySet<string>>,
): ReadonlyMap<Call, readonly number[]> {
  const byCall = new Map<Call, readonly number[]>();
  if (vendors.size === 0) return byCall;
  for (const call of calls) {
    const key = identityKey(call);
    const own = [...vendors].filter(([, keys]) => keys.has(key)).map(([vendor]) => vendor);
    if (own.length > 0) byCall.set(call, own);
  }
  return byCall;
}

/** A call goes by its ID; where several share one (which makes the snapshot suspect), by its whole identity as well. */
function nameCalls(calls: readonly Call[]): ReadonlyMap<string, Call> {
  const byId = new Map<string, Call>();
  // How often each identity was named already: a listing may repeat one call ten thousand times.
  const copies = new Map<string, number>();
  for (const call of calls) {
    let id = call.id;
    while (byId.has(id)) {
      const named = `${call.id} ${identityKey(call)}`;
      const copy = (copies.get(named) ?? 0) + 1;
      copies.set(named, copy);
      id = copy === 1 ? named : `${named} ${copy}`;
    }
    byId.set(id, call);
  }
  return byId;
}

const DIGITS = /^\d{1,15}$/;

/** By number where IDs are numbers, so that account 9 comes before account 10; others after them, by code unit. */
export function orderSubjects(scope: Scope, ids: Iterable<string>): Subject[] {
  const keyed = Array.from(ids, (id) => ({ id, number: DIGITS.test(id) ? Number(id) : Infinity }));
  keyed.sort((one, other) => {
    if (one.number !== other.number) return one.number < other.number ? -1 : 1;
    return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
  });
  return keyed.map(({ id }) => ({ scope, id }));
}
