import type { Call } from './domain/call.js';
import type { CustomerTree } from './domain/config.js';
import type { Numbering } from './domain/numbering.js';
import type { AggregateScope } from './domain/scope.js';
import { ancestryOf } from './facts/ancestry.js';
import { fieldId } from './facts/call-index.js';
import { lastingLacksOf } from './facts/call-lacks.js';
import type { EventMasks } from './pass-quiet-events.js';
import type { GroupSubject, RuleGroup } from './pass-quiet-groups.js';

/** What has happened to some calls since the last poll. */
export interface CallEvents {
  /** One of EVENTS. */
  kind: number;
  calls: readonly EventCall[];
  /** They are listed no more. */
  gone?: boolean;
  /** What was concluded of those whose calls these are holds no more: whether and when they ended, nobody knows. */
  upsets?: boolean;
}

/** A call that is the same object at all of its events. Its fields stay, but for its state and its durations. */
export interface EventCall {
  readonly call: Call;
  readonly vendors: readonly number[];
  /** Kept with it by whom its events are told to. */
  marks?: CallMarks | undefined;
}

/** What is the same at every event of one call. */
export interface CallMarks {
  /** What they were read by. */
  readonly reading: object;
  /** See EventMasks. */
  readonly sorts: number;
  /** What it will always fail to say, as bits of LACKS. */
  readonly lacks: number;
  /** Whose call it is, for every group of rules that sees it. */
  readonly subjects: readonly GroupSubject[];
}

/** What marks are read by. */
export interface MarksContext {
  switchName: string;
  numbering: Numbering;
  /** By which subcustomers count at the moment. */
  tree: () => CustomerTree;
  groups: readonly RuleGroup[];
  masks: EventMasks;
  /** Which lacks are looked for. */
  needs: number;
}

/** Reads the marks of calls: once for each, unless other sorts of calls come to be told apart or other subcustomers to be known. */
export class MarksReader {
  /** Another object for every other tree and number of sorts. */
  private reading: { tree: CustomerTree | undefined; sortCount: number } = { tree: undefined, sortCount: 0 };

  constructor(private readonly context: MarksContext) {}

  /** Begins a poll: nothing that marks are read by changes before the next. */
  begin(): void {
    const tree = this.context.tree();
    const { sortCount } = this.context.masks;
    if (tree !== this.reading.tree || sortCount !== this.reading.sortCount)
      this.reading = { tree, sortCount };
  }

  marksOf(one: EventCall): CallMarks {
    const { marks } = one;
    if (marks?.reading === this.reading) return marks;
    const read = this.read(one);
    one.marks = read;
    return read;
  }

  private read({ call, vendors }: EventCall): CallMarks {
    const { groups, masks, needs, numbering } = this.context;
    const subjects: GroupSubject[] = [];
    for (const group of groups) {
      if (!group.sees(call, vendors)) continue;
      for (const id of groupIdsOf({ call, vendors }, group.scope, this.context))
        subjects.push(group.subjectOf(id));
    }
    return {
      reading: this.reading,
      sorts: masks.sortsOf(call),
      lacks: lastingLacksOf(call, needs, numbering),
      subjects,
    };
  }
}

/** Whose call it is; whoever counts the calls of descendants too is among them. */
export function groupIdsOf(
  { call, vendors }: EventCall,
  scope: AggregateScope,
  { switchName, tree }: Pick<MarksContext, 'switchName' | 'tree'>,
): readonly string[] {
  if (scope === 'vendor') return vendors.map(String);
  if (scope === 'customer' && call.customer !== undefined) return ancestryOf(call.customer, tree());
  const id = fieldId(call, scope, switchName);
  return id === undefined ? [] : [id];
}
