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
  /** Rules see other calls from now on: what was kept by filters is let go. */
  forgetFilters(): void;
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

export function createKeptCalls(switchName: string): KeptCalls {
  return new GroupedCalls(switchName);
}

/** A call that is there, and where it was put: it leaves without anybody asking again whose it is. */
interface Member {
  readonly kept: KeptCall;
  groups: KeptGroup[];
  gone: boolean;
}

/** Fewer than this are not worth being taken out of a group. */
const FEWEST_GONE = 8;

/** The calls of one subject, or all of a section, in order of first sight. */
class KeptGroup {
  /** Those that are gone among them, until they are many. */
  members: Member[] = [];
  size = 0;
  /** Of the last poll that asked for it. */
  whole: LazyGroup | undefined;
  step = 0;

  constructor(
    readonly id: string,
    /** Where it stands for as long as it has a call. */
    private readonly among: Map<string, KeptGroup>,
  ) {}

  enter(member: Member): void {
    // A call may name one subject twice.
    if (this.members.at(-1) === member) return;
    if (this.size === 0) this.among.set(this.id, this);
    this.size += 1;
    this.members.push(member);
    member.groups.push(this);
  }

  /** One of its members has gone. */
  leave(): void {
    this.size -= 1;
    const gone = this.members.length - this.size;
    if (this.size === 0) {
      this.members = [];
      this.among.delete(this.id);
    } else if (gone >= FEWEST_GONE && gone * 2 > this.size) {
      this.members = this.members.filter((member) => !member.gone);
    }
  }
}

/** The calls that one filter may let in, or all of them, by subject. */
class Section {
  readonly all: KeptGroup;
  readonly kinds = new Map<GroupKind, Map<string, KeptGroup>>();

  constructor(
    private readonly switchName: string,
    readonly filter: RuleFilter | undefined,
  ) {
    const ofSwitch = new Map<string, KeptGroup>();
    this.all = new KeptGroup(switchName, ofSwitch);
    this.kinds.set('switch', ofSwitch);
  }

  has(member: Member): boolean {
    return member.groups.includes(this.all);
  }

  enter(member: Member): void {
    const { call, vendors } = member.kept;
    if (this.filter?.admits(call, () => vendors) === false) return;
    this.all.enter(member);
    for (const [kind, groups] of this.kinds) if (kind !== 'switch') this.put(member, kind, groups);
  }

  groupsOf(kind: GroupKind): Map<string, KeptGroup> {
    let groups = this.kinds.get(kind);
    if (groups === undefined) {
      groups = new Map();
      this.kinds.set(kind, groups);
      for (const member of this.all.members) if (!member.gone) this.put(member, kind, groups);
    }
    return groups;
  }

  private put(member: Member, kind: GroupKind, groups: Map<string, KeptGroup>): void {
    const { call, vendors } = member.kept;
    if (kind === 'vendor') {
      for (const vendor of vendors) join(member, String(vendor), groups);
    } else if (typeof kind === 'object') {
      if (call.customer === undefined) return;
      for (const id of ancestryOf(call.customer, kind)) join(member, id, groups);
    } else {
      const id = fieldId(call, kind, this.switchName);
      if (id !== undefined) join(member, id, groups);
    }
  }
}

function join(member: Member, id: string, groups: Map<string, KeptGroup>): void {
  (groups.get(id) ?? new KeptGroup(id, groups)).enter(member);
}

class GroupedCalls implements KeptCalls {
  private readonly whole: Section;
  /** By the filters that were asked through. */
  private readonly filtered = new Map<RuleFilter, Section>();
  private readonly sections: Section[];
  private readonly members = new Map<KeptCall, Member>();
  private readonly byId = new Map<string, Member>();
  /** Two calls had one ID: which of them is there can only be told anew. */
  private sharedIds = false;
  private steps = 0;

  constructor(private readonly switchName: string) {
    this.whole = new Section(switchName, undefined);
    this.sections = [this.whole];
  }

  step(listed: readonly KeptCall[], left: readonly KeptCall[]): void {
    this.steps += 1;
    for (const one of left) this.leave(one);
    for (const one of listed) {
      const member = this.members.get(one);
      if (member === undefined) this.enter(one);
      // Whose it is stays for as long as it is there; but in another state another filter may let it in.
      else for (const section of this.sections) if (!section.has(member)) section.enter(member);
    }
    if (this.sharedIds) this.nameAnew();
  }

  forgetTrees(): void {
    const dropped = new Set<KeptGroup>();
    for (const { kinds } of this.sections) {
      for (const [kind, groups] of kinds) {
        if (typeof kind !== 'object') continue;
        for (const group of groups.values()) dropped.add(group);
        kinds.delete(kind);
      }
    }
    this.leaveGroups(dropped);
  }

  forgetFilters(): void {
    const dropped = new Set<KeptGroup>();
    for (const { all, kinds } of this.filtered.values()) {
      dropped.add(all);
      for (const groups of kinds.values()) for (const group of groups.values()) dropped.add(group);
    }
    this.filtered.clear();
    this.sections.length = 1;
    this.leaveGroups(dropped);
  }

  private leaveGroups(dropped: ReadonlySet<KeptGroup>): void {
    if (dropped.size === 0) return;
    for (const member of this.members.values())
      member.groups = member.groups.filter((group) => !dropped.has(group));
  }

  index(admits?: Admits, filter?: RuleFilter): CallIndex {
    const section = filter === undefined ? this.whole : this.through(filter);
    const views = new Map<GroupKind, CallGroups>();
    const view = (kind: GroupKind): CallGroups => {
      let groups = views.get(kind);
      if (groups === undefined) {
        const ids = () => (kind === 'switch' ? [this.switchName] : section.groupsOf(kind).keys());
        groups = viewOf((id) => this.groupOf(section, kind, id, admits), ids);
        views.set(kind, groups);
      }
      return groups;
    };
    const calls = callsOf(this.byId, section, admits);
    return {
      groups: view,
      customersWithDescendants: view,
      suspectsOf: () => [],
      calls: () => calls,
      vendorsOf: (call) => {
        const member = this.byId.get(call.id);
        if (member === undefined || member.kept.call !== call || !section.has(member)) return [];
        return member.kept.vendors;
      },
    };
  }

  private enter(kept: KeptCall): void {
    const member: Member = { kept, groups: [], gone: false };
    this.members.set(kept, member);
    const { id } = kept.call;
    this.sharedIds ||= this.byId.has(id);
    this.byId.set(id, member);
    for (const section of this.sections) section.enter(member);
  }

  private leave(kept: KeptCall): void {
    const member = this.members.get(kept);
    if (member === undefined) return;
    this.members.delete(kept);
    this.byId.delete(kept.call.id);
    member.gone = true;
    for (const group of member.groups) group.leave();
  }

  private nameAnew(): void {
    this.byId.clear();
    for (const member of this.members.values()) this.byId.set(member.kept.call.id, member);
    this.sharedIds = this.byId.size < this.members.size;
  }

  private through(filter: RuleFilter): Section {
    let section = this.filtered.get(filter);
    if (section === undefined) {
      section = new Section(this.switchName, filter);
      this.filtered.set(filter, section);
      this.sections.push(section);
      for (const member of this.members.values()) section.enter(member);
    }
    return section;
  }

  /** Without `admits` it is the same for all rules of a poll. */
  private groupOf(
    section: Section,
    kind: GroupKind,
    id: string,
    admits: Admits | undefined,
  ): CallGroup | undefined {
    const kept = section.groupsOf(kind).get(id);
    // The switch itself is there with no call on it.
    const isSwitch = kind === 'switch' && id === this.switchName;
    if (kept === undefined) return isSwitch ? new LazyGroup(kind, id, [], admits) : undefined;
    let group = admits === undefined && kept.step === this.steps ? kept.whole : undefined;
    if (group === undefined) {
      group = new LazyGroup(kind, id, kept.members, admits);
      if (admits === undefined) {
        kept.whole = group;
        kept.step = this.steps;
      }
    }
    return isSwitch || !group.isEmpty ? group : undefined;
  }
}

/** Admitted live calls by ID. */
function callsOf(byId: ReadonlyMap<string, Member>, section: Section, admits: Admits | undefined) {
  const get = (id: string): Call | undefined => {
    const member = byId.get(id);
    if (member === undefined || !section.has(member)) return undefined;
    const { call } = member.kept;
    if (!isLive(call.state)) return undefined;
    return admits === undefined || admits(call) === true ? call : undefined;
  };
  return {
    get,
    has: (id: string) => get(id) !== undefined,
    *keys() {
      for (const { gone, kept } of section.all.members)
        if (!gone && get(kept.call.id) !== undefined) yield kept.call.id;
    },
  };
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
    private readonly members: readonly Member[],
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
    for (const { gone, kept } of this.members) {
      if (gone) continue;
      const { call } = kept;
      if (!hasEnded(call.state) && (this.admits === undefined || this.admits(call) !== false)) return false;
    }
    return true;
  }

  private sortOut(): { calls: Call[]; doubtful: Call[] } {
    if (this.sorted !== undefined) return this.sorted;
    this.sorted = { calls: [], doubtful: [] };
    for (const { gone, kept } of this.members) {
      if (gone) continue;
      const { call } = kept;
      if (hasEnded(call.state)) continue;
      const admission = this.admits?.(call) ?? true;
      if (admission === false) continue;
      if (admission === true && isLive(call.state)) this.sorted.calls.push(call);
      else this.sorted.doubtful.push(call);
    }
    return this.sorted;
  }
}
