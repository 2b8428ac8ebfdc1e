import { MONITOR_REASONS, type MonitorReason, type WithholdReason } from './domain/action.js';
import { type Call, identityKey, isLive } from './domain/call.js';
import { relationTo } from './domain/customer-tree.js';
import type { Rule } from './domain/rule.js';
import { type Subject, subjectText } from './domain/scope.js';
import type { Snapshot } from './domain/snapshot.js';
import type { ViolatedVerdict } from './domain/verdict.js';
import { deriveFacts } from './facts/derive-facts.js';
import type { CarriedOut } from './pass-carried-out.js';
import { type DecisionInput, vendorLookup } from './pass-decide.js';
import type { ExplainedAction, Foreseen } from './pass-explain-actions.js';
import type { LeavingOut, LeftOutBy } from './pass-explain-left-out.js';
import { endingWith, indexListing } from './plan/call-safeguards.js';
import type { CompiledRule } from './policy/compile-rules.js';

/**
 * What becomes of a call, and why. not-now: it would be cut if the rule were judged at this time; withheld: by the reason, and without it by the others; perhaps-cut: a whole may
 * take it along, as nobody knows whose it is, and the reason is what becomes of that whole; gone: its disconnect was sent a
 * moment ago; taken: by another rule, or by this one for another subject (`as`: what comes of that); left-out: `only` or
 * `except` do not let it in; kept: nothing takes it.
 */
export type Fate =
  | { fate: 'cut' }
  | { fate: 'not-now'; reason: 'not-judged' }
  | { fate: 'perhaps-cut'; reason: 'perhaps-taken' | 'not-judged' | MonitorReason | WithholdReason }
  | { fate: 'monitored'; reason: MonitorReason }
  | { fate: 'withheld'; reason: WithholdReason; others: readonly (WithholdReason | 'excepted')[] }
  | { fate: 'gone'; reason: 'recently-disconnected' }
  | { fate: 'taken'; by: string; forSubject: Subject | undefined; as: 'sent' | 'monitor' | WithholdReason }
  | { fate: 'left-out'; reason: 'excepted' | 'perhaps-excepted'; by: readonly LeftOutBy[] }
  | { fate: 'kept'; reason: 'keep' | 'where' | 'not-counted' | undefined };

export interface ExplainedCall {
  call: Call;
  fate: Fate;
}

export interface CallsToExplain {
  input: DecisionInput;
  compiled: CompiledRule;
  subject: Subject;
  foreseen: Foreseen;
  /** All rules in planning order. */
  rules: readonly Rule[];
  /** As though the rule came first; undefined where it is not violated. */
  violated: ViolatedVerdict | undefined;
  /** The violation that acts in this pass; undefined where none does. */
  acting: ViolatedVerdict | undefined;
  /** Whether the rule is judged now at all. */
  active: boolean;
  /** The subject's own live calls, whatever the rule lets in. */
  live: readonly Call[];
  askedCall: string | undefined;
  isThere: (call: Call) => boolean;
  leavingOut: LeavingOut;
  /** What leaves the subject itself out. */
  leftOut: readonly LeftOutBy[];
}

/** The live calls of a subject, also those that a rule does not look at. */
export function listedCallsOf(
  subject: Subject,
  { snapshot, numbering }: Pick<DecisionInput, 'snapshot' | 'numbering'>,
): readonly Call[] {
  return deriveFacts(snapshot, { numbering, limits: [], admits: () => true }).callsOf(subject);
}

/** Every call that the rule has to do with here: the subject's own, those it counts or takes of others, the one asked for. */
export function explainCalls(parts: CallsToExplain): readonly ExplainedCall[] {
  const fateOf = createFates(parts);
  const calls = new Map<string, Call>();
  for (const call of [...parts.live, ...(parts.violated?.pool ?? []), ...othersOf(parts)])
    calls.set(identityKey(call), call);
  return [...calls.values()].map((call) => ({ call, fate: fateOf(call) }));
}

/** Calls of descendants where the rule counts them, those that its actions name, and the one that was asked for. */
function othersOf({ input, compiled, subject, foreseen, askedCall }: CallsToExplain): readonly Call[] {
  const { snapshot, customers, customerTree } = input;
  const tree = customers?.tree ?? customerTree;
  const counted = compiled.usesTree && subject.scope === 'customer';
  const target = Number(subject.id);
  const named = new Set(
    foreseen.own.flatMap((one) => [
      ...takenBy(one, snapshot).map(identityKey),
      ...one.action.perhapsTakes.map(identityKey),
      ...one.spared.map(({ call }) => identityKey(call)),
    ]),
  );
  return snapshot.calls.filter((call) => {
    if (call.id === askedCall || named.has(identityKey(call))) return true;
    return counted && isLive(call.state) && relationTo(tree, target, call.customer) === 'inside';
  });
}

function createFates(parts: CallsToExplain): (call: Call) => Fate {
  const { isThere, input } = parts;
  const vendorsOf = vendorLookup(input.snapshot);
  const own = ownFates(parts);
  // Only where the rule is violated does it matter to it what others take.
  const takers = parts.violated === undefined ? new Map<string, Taker>() : takersOf(parts);
  const isOwn = new Set(parts.live.map(identityKey));
  const inPool = new Set(parts.violated?.pool.map(identityKey));
  return (call) => {
    const key = identityKey(call);
    const fate = own.get(call.id);
    if (fate !== undefined) return fate;
    if (!isThere(call)) return { fate: 'gone', reason: 'recently-disconnected' };
    const out = inPool.has(key) ? undefined : leftOutFate(call, { isOwn: isOwn.has(key), vendorsOf }, parts);
    if (out !== undefined) return out;
    const taker = takers.get(key);
    if (taker !== undefined) return { fate: 'taken', ...taker };
    return { fate: 'kept', reason: keptReason(parts, inPool.has(key)) };
  };
}

function leftOutFate(
  call: Call,
  { isOwn, vendorsOf }: { isOwn: boolean; vendorsOf: (call: Call) => readonly number[] },
  { compiled, leavingOut, leftOut }: CallsToExplain,
): Fate | undefined {
  if (isOwn && leftOut.length > 0) return { fate: 'left-out', reason: 'excepted', by: leftOut };
  // Calls of descendants are spared by every exception, whatever it filters otherwise.
  const admitted = isOwn ? compiled.admits(call, vendorsOf) : compiled.admitsTaken(call, vendorsOf);
  if (admitted === true) return undefined;
  const by = isOwn ? leavingOut.ofCall(call) : leavingOut.ofTaken(call);
  return { fate: 'left-out', reason: admitted === 'unknown' ? 'perhaps-excepted' : 'excepted', by };
}

function keptReason({ acting, compiled }: CallsToExplain, inPool: boolean) {
  if (acting?.event.type !== 'disconnectCall' || compiled.rule.scope === 'call') return undefined;
  if (inPool) return 'keep';
  return acting.event.where === undefined ? 'not-counted' : 'where';
}

/** Several actions may come to one call: what ends it counts, then what may, then what came first. */
const STRONGER: readonly Fate['fate'][] = ['perhaps-cut', 'monitored', 'not-now', 'cut'];
const PERHAPS_CUT: readonly string[] = ['perhaps-taken', 'not-judged', ...MONITOR_REASONS];

/** A whole that is withheld takes nothing along, so it is no stronger than anything else that leaves the call alone. */
function strengthOf(fate: Fate): number {
  const isLeft = fate.fate === 'perhaps-cut' && !PERHAPS_CUT.includes(fate.reason);
  return isLeft ? -1 : STRONGER.indexOf(fate.fate);
}

function ownFates({ foreseen, input: { snapshot }, leavingOut, active }: CallsToExplain) {
  const fates = new Map<string, Fate>();
  const byId = new Map(snapshot.calls.map((call) => [call.id, call]));
  const put = (id: string, fate: Fate | undefined) => {
    if (fate === undefined) return;
    const known = fates.get(id);
    if (known === undefined || strengthOf(fate) > strengthOf(known)) fates.set(id, fate);
  };
  for (const one of foreseen.own) {
    for (const { call, reason, others } of one.spared) {
      const listed = byId.get(call.id);
      const by = listed === undefined ? [] : leavingOut.ofTaken(listed);
      put(
        call.id,
        reason === 'excepted' ? { fate: 'left-out', reason, by } : { fate: 'withheld', reason, others },
      );
    }
    for (const { id } of takenBy(one, snapshot)) put(id, fateBy(one, active));
    for (const { id } of one.action.perhapsTakes) put(id, perhapsCut(one, active));
  }
  return fates;
}

function fateBy({ decision, others }: ExplainedAction, active: boolean): Fate | undefined {
  switch (decision.kind) {
    case 'send':
      return active ? { fate: 'cut' } : { fate: 'not-now', reason: 'not-judged' };
    case 'monitored':
      return { fate: 'monitored', reason: decision.reason };
    case 'withheld':
      return { fate: 'withheld', reason: decision.reason, others };
    case 'alerted':
      return undefined;
  }
}

function perhapsCut({ decision }: CarriedOut, active: boolean): Fate {
  if ('reason' in decision) return { fate: 'perhaps-cut', reason: decision.reason };
  return { fate: 'perhaps-cut', reason: active ? 'perhaps-taken' : 'not-judged' };
}

type Taker = Omit<Extract<Fate, { fate: 'taken' }>, 'fate'>;

/**
 * What rules that are planned before take is gone for this one, and what it takes itself for one subject is gone for the
 * next; a rule that only watches takes nothing from one that acts.
 */
function takersOf(parts: CallsToExplain): ReadonlyMap<string, Taker> {
  const { foreseen, rules, compiled, subject, input } = parts;
  const { rule } = compiled;
  const names = rules.map(({ name }) => name);
  const earlier = new Set(names.slice(0, names.indexOf(rule.name)));
  const takers = new Map<string, Taker>();
  for (const one of foreseen.all) {
    const { action, decision } = one;
    const isOwn = action.rule === rule.name && subjectText(action.subject) !== subjectText(subject);
    if (!isOwn && !earlier.has(action.rule)) continue;
    if (action.withhold !== undefined) continue;
    if (rule.mode === 'enforce' && action.mode !== 'enforce') continue;
    const forSubject = isOwn ? action.subject : undefined;
    const as =
      decision.kind === 'withheld' ? decision.reason : decision.kind === 'monitored' ? 'monitor' : 'sent';
    for (const call of takenBy(one, input.snapshot)) {
      takers.set(identityKey(call), { by: action.rule, forSubject, as });
    }
  }
  return takers;
}

/** What it takes, with the other entries of on-net calls, which end with these. */
function takenBy({ action }: CarriedOut, snapshot: Snapshot): readonly Call[] {
  if (action.action === 'alert') return [];
  const taken = action.call === undefined ? action.takes : [action.call];
  const index = indexListing(snapshot);
  const ids = endingWith(
    taken.map(({ id }) => id),
    index,
  );
  return [...ids].flatMap((id) => index.entriesOf(id));
}
