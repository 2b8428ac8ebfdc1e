import type { CustomerTree } from '../domain/config.js';
import { callerNumber, type Numbering } from '../domain/numbering.js';
import type { CaseCall, CasePoll } from './test-case.js';

/** Whom the polls of a case see. */
export interface SeenSubjects {
  /** Whether any poll lists a call, those before the case included. */
  anybody: boolean;
  /** IDs of the subjects of a scope of which a poll lists a call; undefined where the case leaves that open. */
  ids(scope: string): ReadonlySet<string> | undefined;
  /** The ID by which a subject is judged. A case may write the number of a caller in any way in which the switch may. */
  idOf(scope: string, written: string): string;
}

export interface SeenBy {
  start: number;
  everyMs: number;
  polls: readonly CasePoll[];
  calls: readonly CaseCall[];
  /** How long before `start` the ledger began. */
  historyMs: number;
  customerTree: CustomerTree;
  /** How the switch writes numbers; asked for only where a caller is named. */
  numbering(): Numbering;
}

/** Goes through the calls once, however often somebody asks. */
export function createSeenSubjects(world: SeenBy): SeenSubjects {
  const seen = world.calls.filter((call) => isSeen(call, world));
  const known = new Map<string, ReadonlySet<string>>();

  function ids(scope: string): ReadonlySet<string> | undefined {
    const idsOf = IDS_OF[scope];
    if (idsOf === undefined) return undefined;
    const found = known.get(scope) ?? new Set(seen.flatMap((call) => idsOf(call, world)));
    known.set(scope, found);
    return found;
  }

  return {
    anybody: seen.length > 0,
    ids,
    idOf(scope, written) {
      // What is an ID already would not always be read as itself, see createNumbering.
      if (scope !== 'cli' || ids(scope)?.has(written) === true) return written;
      return callerNumber(written, world.numbering()) ?? written;
    },
  };
}

type IdsOf = (call: CaseCall, world: Pick<SeenBy, 'customerTree' | 'numbering'>) => readonly string[];

/** Whom a call belongs to. */
const IDS_OF: Readonly<Record<string, IdsOf>> = {
  call: ({ name }) => [name],
  account: ({ account }) => textOf(account),
  // A rule may count the calls of subcustomers.
  customer: ({ customer }, { customerTree }) => lineOf(customer, customerTree).map(String),
  connection: ({ connection }) => textOf(connection),
  vendor: ({ vendors }) => vendors.map(String),
  cli({ cli }, { numbering }) {
    const number = cli === undefined ? undefined : callerNumber(cli, numbering());
    return number === undefined || number === '' ? [] : [number];
  },
};

/** A customer and those above it; the tree may still hold a circle here. */
function lineOf(customer: number | undefined, tree: CustomerTree): readonly number[] {
  const line: number[] = [];
  for (let one = customer; one !== undefined && !line.includes(one); one = tree.get(one)) line.push(one);
  return line;
}

function textOf(id: number | undefined): readonly string[] {
  return id === undefined ? [] : [String(id)];
}

function isSeen({ from, to }: CaseCall, { start, everyMs, polls, historyMs }: SeenBy): boolean {
  const first = Math.ceil((from - start) / everyMs);
  for (let index = Math.max(0, first); index < polls.length; index++) {
    const poll = polls[index];
    if (poll === undefined || poll.at >= to) break;
    if (!poll.fails) return true;
  }
  // Before the start a poll stood at every interval, back to where the ledger began.
  const before = Math.max(first, -Math.floor(historyMs / everyMs));
  return before < 0 && start + before * everyMs < to;
}
