import { type Call, hasEnded, isLive } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import type { AggregateScope } from '../domain/scope.js';
import { ancestryOf } from './ancestry.js';
import { type CallGroup, type CallGroups, type CallIndex, fieldId } from './call-index.js';

/** A call that is there from poll to poll: its fields stay, but for its state and its durations. */
export interface KeptCall {
  /** As it is listed now. */
  readonly call: Call;
  readonly vendors: readonly number[];
}

/** The calls of a replay by subject, kept from poll to poll, so that a poll costs what changed and what is asked for. */
export interface KeptCalls {
  /** These are new or in another state; those are there no more. Either may be told again. */
  step(listed: readonly KeptCall[], left: readonly KeptCall[]): void;
  /**
   * An index of the listing as it is now, as createCallIndex makes it, good until the next step. No two of its calls may
   * share an ID, and none may be suspect.
   */
  index(admits?: (call: Call) => boolean | 'unknown'): CallIndex;
}

type GroupKind = AggregateScope | 'tree';

interface Sorted {
  calls: Call[];
  doubtful: Call[];
}

/** The calls of one subject, in order of first sight. */
interface KeptGroup {
  members: Set<KeptCall>;
  /** Undefined once a call has come, gone or changed its state. */
  sorted: CallGroup | undefined;
  /** When it was sorted: durations are those of the poll that a call was asked for at. */
  step: number;
}

export function createKeptCalls(switchName: string, tree: CustomerTree): KeptCalls {
  const members = new Set<KeptCall>();
  const byId = new Map<string, KeptCall>();
  const kinds = new Map<GroupKind, Map<string, KeptGroup>>();
  /** Two calls had one ID: which of them is there can only be told anew. */
  let sharedIds = false;
  let steps = 0;

  function idsOf({ call, vendors }: KeptCall, kind: GroupKind): readonly string[] {
    if (kind === 'vendor') return vendors.map(String);
    if (kind === 'tree') return call.customer === undefined ? [] : ancestryOf(call.customer, tree);
    const id = fieldId(call, kind, switchName);
    return id === undefined ? [] : [id];
  }

  function enter(one: KeptCall, kind: GroupKind, groups: Map<string, KeptGroup>): void {
    for (const id of idsOf(one, kind)) {
      const group = groups.get(id);
      if (group === undefined) groups.set(id, { members: new Set([one]), sorted: undefined, step: 0 });
      else {
        group.members.add(one);
        group.sorted = undefined;
      }
    }
  }

  function leave(one: KeptCall, kind: GroupKind, groups: Map<string, KeptGroup>): void {
    for (const id of idsOf(one, kind)) {
      const group = groups.get(id);
      if (group === undefined) continue;
      group.members.delete(one);
      group.sorted = undefined;
      if (group.members.size === 0) groups.delete(id);
    }
  }

  function groupsOf(kind: GroupKind): Map<string, KeptGroup> {
    let groups = kinds.get(kind);
    if (groups === undefined) {
      groups = new Map();
      kinds.set(kind, groups);
      for (const one of members) enter(one, kind, groups);
    }
    return groups;
  }

  /** All calls of a subject, whatever a rule admits. */
  function whole(kind: GroupKind, id: string): CallGroup | undefined {
    const group = groupsOf(kind).get(id);
    if (group === undefined) return undefined;
    // Asking for a call is what brings its durations up to now.
    if (group.sorted === undefined || group.step !== steps) {
      group.sorted = { ...openGroup(kind, id), ...sortOut(Array.from(group.members, ({ call }) => call)) };
      group.step = steps;
    }
    return isEmpty(group.sorted) ? undefined : group.sorted;
  }

  return {
    step(listed, left) {
      steps += 1;
      for (const one of left) {
        if (!members.delete(one)) continue;
        byId.delete(one.call.id);
        for (const [kind, groups] of kinds) leave(one, kind, groups);
      }
      for (const one of listed) {
        members.add(one);
        const { id } = one.call;
        sharedIds ||= (byId.get(id) ?? one) !== one;
        byId.set(id, one);
        for (const [kind, groups] of kinds) enter(one, kind, groups);
      }
      if (sharedIds) {
        byId.clear();
        for (const one of members) byId.set(one.call.id, one);
        sharedIds = byId.size < members.size;
      }
    },
    index(admits) {
      const viewed = new Map<GroupKind, CallGroups>();
      const view = (kind: GroupKind): CallGroups => {
        let groups = viewed.get(kind);
        if (groups === undefined) {
          groups = groupsView(kind, switchName, {
            whole: (id) => whole(kind, id),
            ids: () => groupsOf(kind).keys(),
            admits,
          });
          viewed.set(kind, groups);
        }
        return groups;
      };
      const admitted = (one: KeptCall | undefined): Call | undefined => {
        if (one === undefined) return undefined;
        const { call } = one;
        return isLive(call.state) && (admits === undefined || admits(call) === true) ? call : undefined;
      };
      const calls = {
        get: (id: string) => admitted(byId.get(id)),
        has: (id: string) => admitted(byId.get(id)) !== undefined,
        *keys() {
          for (const [id, one] of byId) if (admitted(one) !== undefined) yield id;
        },
      };
      return {
        groups: view,
        customersWithDescendants: () => view('tree'),
        suspectsOf: () => [],
        calls: () => calls,
        vendorsOf(call) {
          const one = byId.get(call.id);
          return one !== undefined && one.call === call ? one.vendors : [];
        },
      };
    },
  };
}

/** The groups of one scope as a rule sees them: each is filtered once it is asked for. */
function groupsView(
  kind: GroupKind,
  switchName: string,
  from: {
    whole: (id: string) => CallGroup | undefined;
    ids: () => Iterable<string>;
    admits: ((call: Call) => boolean | 'unknown') | undefined;
  },
): CallGroups {
  const { whole, ids, admits } = from;
  const known = new Map<string, CallGroup | undefined>();
  const get = (id: string): CallGroup | undefined => {
    if (known.has(id)) return known.get(id);
    let group = whole(id);
    if (group !== undefined && admits !== undefined) group = narrowed(group, admits);
    // The switch itself is there with no call on it.
    if (group === undefined && kind === 'switch' && id === switchName) group = openGroup(kind, id);
    known.set(id, group);
    return group;
  };
  return {
    get,
    has: (id) => get(id) !== undefined,
    *keys() {
      const found = kind === 'switch' ? [switchName] : ids();
      for (const id of found) if (get(id) !== undefined) yield id;
    },
  };
}

function openGroup(kind: GroupKind, id: string): CallGroup {
  return {
    subject: { scope: kind === 'tree' ? 'customer' : kind, id },
    calls: [],
    doubtful: [],
    suspects: [],
  };
}

function isEmpty({ calls, doubtful }: Sorted): boolean {
  return calls.length === 0 && doubtful.length === 0;
}

function sortOut(all: readonly Call[]): Sorted {
  const sorted: Sorted = { calls: [], doubtful: [] };
  for (const call of all) {
    if (isLive(call.state)) sorted.calls.push(call);
    else if (!hasEnded(call.state)) sorted.doubtful.push(call);
  }
  return sorted;
}

function narrowed(group: CallGroup, admits: (call: Call) => boolean | 'unknown'): CallGroup | undefined {
  const sorted: Sorted = { calls: [], doubtful: [] };
  for (const call of group.calls) {
    const admission = admits(call);
    if (admission === true) sorted.calls.push(call);
    else if (admission !== false) sorted.doubtful.push(call);
  }
  for (const call of group.doubtful) if (admits(call) !== false) sorted.doubtful.push(call);
  return isEmpty(sorted) ? undefined : { ...group, ...sorted };
}
