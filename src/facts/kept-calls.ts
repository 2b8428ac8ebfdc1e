import { type Call, hasEnded, isLive } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import type { AggregateScope, Subject } from '../domain/scope.js';
import { ancestryOf } from './ancestry.js';
import { type CallGroup, type CallGroups, type CallIndex, fieldId } from './call-index.js';
import type { RuleFilter } from './past-filter.js';

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
  /** Who is whose subcustomer is known otherwise from now on: what was grouped by other trees is let go. */
  forgetTrees(): void;
  /**
   * An index of the listing as it is now, as createCallIndex makes it, good until the next step. No two of its calls may
   * share an ID, and none may be suspect. With a `filter`, `admits` must let in no more than that; its calls are kept apart,
   * as a rule that looks at few calls should not have to look through all of them.
   */
  index(admits?: Admits, filter?: RuleFilter): CallIndex;
}

/** A tree stands for customers with the calls of their descendants in it; rules that except customers have trees of their own. */
type GroupKind = AggregateScope | CustomerTree;

type Admits = (call: Call) => boolean | 'unknown';

/** The calls of one subject, in order of first sight. */
interface KeptGroup {
  members: Set<KeptCall>;
  /** Of the last poll that asked for it. */
  whole: LazyGroup | undefined;
  step: number;
}

export function createKeptCalls(switchName: string): KeptCalls {
  return new GroupedCalls(switchName);
}

class GroupedCalls implements KeptCalls {
  /** By the filters that were asked through: the calls that they may let in. */
  private readonly filtered = new Map<RuleFilter, GroupedCalls>();
  private readonly members = new Set<KeptCall>();
  private readonly byId = new Map<string, KeptCall>();
  private readonly kinds = new Map<GroupKind, Map<string, KeptGroup>>();
  /** Two calls had one ID: which of them is there can only be told anew. */
  private sharedIds = false;
  private steps = 0;

  constructor(private readonly switchName: string) {}

  step(listed: readonly KeptCall[], left: readonly KeptCall[]): void {
    this.steps += 1;
    for (const [filter, kept] of this.filtered) kept.step(letIn(filter, listed), left);
    for (const one of left) {
      if (!this.members.delete(one)) continue;
      this.byId.delete(one.call.id);
      for (const [kind, groups] of this.kinds) this.leave(one, kind, groups);
    }
    for (const one of listed) {
      // Whose it is stays for as long as it is there; only its state is another.
      if (this.members.has(one)) continue;
      this.members.add(one);
      const { id } = one.call;
      this.sharedIds ||= (this.byId.get(id) ?? one) !== one;
      this.byId.set(id, one);
      for (const [kind, groups] of this.kinds) this.enter(one, kind, groups);
    }
    if (this.sharedIds) this.nameAnew();
  }

  forgetTrees(): void {
    for (const kept of this.filtered.values()) kept.forgetTrees();
    for (const kind of this.kinds.keys()) if (typeof kind === 'object') this.kinds.delete(kind);
  }

  index(admits?: Admits, filter?: RuleFilter): CallIndex {
    if (filter !== undefined) return this.through(filter).index(admits);
    const views = new Map<GroupKind, CallGroups>();
    const view = (kind: GroupKind): CallGroups => {
      let groups = views.get(kind);
      if (groups === undefined) {
        const ids = () => (kind === 'switch' ? [this.switchName] : this.groupsOf(kind).keys());
        groups = viewOf((id) => this.groupOf(kind, id, admits), ids);
        views.set(kind, groups);
      }
      return groups;
    };
    const calls = callsOf(this.byId, admits);
    return {
      groups: view,
      customersWithDescendants: view,
      suspectsOf: () => [],
      calls: () => calls,
      vendorsOf: (call) => {
        const one = this.byId.get(call.id);
        return one !== undefined && one.call === call ? one.vendors : [];
      },
    };
  }

  private nameAnew(): void {
    this.byId.clear();
    for (const one of this.members) this.byId.set(one.call.id, one);
    this.sharedIds = this.byId.size < this.members.size;
  }

  private through(filter: RuleFilter): GroupedCalls {
    let kept = this.filtered.get(filter);
    if (kept === undefined) {
      kept = new GroupedCalls(this.switchName);
      this.filtered.set(filter, kept);
      kept.step(letIn(filter, [...this.members]), []);
    }
    return kept;
  }

  private idsOf({ call, vendors }: KeptCall, kind: GroupKind): readonly string[] {
    if (kind === 'vendor') return vendors.map(String);
    if (typeof kind === 'object') return call.customer === undefined ? [] : ancestryOf(call.customer, kind);
    const id = fieldId(call, kind, this.switchName);
    return id === undefined ? [] : [id];
  }

  private enter(one: KeptCall, kind: GroupKind, groups: Map<string, KeptGroup>): void {
    for (const id of this.idsOf(one, kind)) {
      const group = groups.get(id);
      if (group === undefined) groups.set(id, { members: new Set([one]), whole: undefined, step: 0 });
      else group.members.add(one);
    }
  }

  private leave(one: KeptCall, kind: GroupKind, groups: Map<string, KeptGroup>): void {
    for (const id of this.idsOf(one, kind)) {
      const group = groups.get(id);
      group?.members.delete(one);
      if (group?.members.size === 0) groups.delete(id);
    }
  }

  private groupsOf(kind: GroupKind): Map<string, KeptGroup> {
    let groups = this.kinds.get(kind);
    if (groups === undefined) {
      groups = new Map();
      this.kinds.set(kind, groups);
      for (const one of this.members) this.enter(one, kind, groups);
    }
    return groups;
  }

  /** Without `admits` it is the same for all rules of a poll. */
  private groupOf(kind: GroupKind, id: string, admits: Admits | undefined): CallGroup | undefined {
    const kept = this.groupsOf(kind).get(id);
    // The switch itself is there with no call on it.
    const isSwitch = kind === 'switch' && id === this.switchName;
    if (kept === undefined) return isSwitch ? new LazyGroup(kind, id, [], admits) : undefined;
    let group = admits === undefined && kept.step === this.steps ? kept.whole : undefined;
    if (group === undefined) {
      group = new LazyGroup(kind, id, kept.members, admits);
      if (admits === undefined) Object.assign(kept, { whole: group, step: this.steps });
    }
    return isSwitch || !group.isEmpty ? group : undefined;
  }
}

/** Admitted live calls by ID. */
function callsOf(byId: ReadonlyMap<string, KeptCall>, admits: Admits | undefined) {
  const get = (id: string): Call | undefined => {
    const call = byId.get(id)?.call;
    if (call === undefined || !isLive(call.state)) return undefined;
    return admits === undefined || admits(call) === true ? call : undefined;
  };
  return {
    get,
    has: (id: string) => get(id) !== undefined,
    *keys() {
      for (const id of byId.keys()) if (get(id) !== undefined) yield id;
    },
  };
}

function letIn(filter: RuleFilter, calls: readonly KeptCall[]): KeptCall[] {
  return calls.filter(({ call, vendors }) => filter.admits(call, () => vendors) !== false);
}

/** The groups of one scope as a rule sees them: each is looked at once it is asked for. */
function viewOf(find: (id: string) => CallGroup | undefined, ids: () => Iterable<string>): CallGroups {
  const known = new Map<string, CallGroup | undefined>();
  const get = (id: string): CallGroup | undefined => {
    let group = known.get(id);
    if (group === undefined && !known.has(id)) {
      group = find(id);
      known.set(id, group);
    }
    return group;
  };
  return {
    get,
    has: (id) => get(id) !== undefined,
    *keys() {
      for (const id of ids()) if (get(id) !== undefined) yield id;
    },
  };
}

/** The calls of a subject are sorted out once they are asked for: facts of the past do without. */
class LazyGroup implements CallGroup {
  readonly subject: Subject;
  readonly suspects = [];
  private sorted: { calls: Call[]; doubtful: Call[] } | undefined;

  constructor(
    kind: GroupKind,
    id: string,
    private readonly members: Iterable<KeptCall>,
    private readonly admits: Admits | undefined,
  ) {
    this.subject = { scope: typeof kind === 'object' ? 'customer' : kind, id };
  }

  get calls(): Call[] {
    return this.sortOut().calls;
  }

  get doubtful(): Call[] {
    return this.sortOut().doubtful;
  }

  /** Whether no call is, or may be, of it. */
  get isEmpty(): boolean {
    for (const { call } of this.members) {
      if (!hasEnded(call.state) && (this.admits === undefined || this.admits(call) !== false)) return false;
    }
    return true;
  }

  private sortOut(): { calls: Call[]; doubtful: Call[] } {
    if (this.sorted !== undefined) return this.sorted;
    this.sorted = { calls: [], doubtful: [] };
    for (const { call } of this.members) {
      if (hasEnded(call.state)) continue;
      const admission = this.admits?.(call) ?? true;
      if (admission === false) continue;
      if (admission === true && isLive(call.state)) this.sorted.calls.push(call);
      else this.sorted.doubtful.push(call);
    }
    return this.sorted;
  }
}
