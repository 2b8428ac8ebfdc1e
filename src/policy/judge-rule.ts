import { type Call, identityKey, isLive, sameCall } from '../domain/call.js';
import type { FactParams, FactSource, Observed } from '../domain/facts.js';
import type { QuietBound, QuietSubjects } from '../domain/quiet.js';
import type { FactReference, Rule, RuleEvent } from '../domain/rule.js';
import type { AggregateScope, Subject } from '../domain/scope.js';
import type { IndeterminateVerdict, Verdict } from '../domain/verdict.js';
import type { CompiledConditions, Probe } from './compile-condition.js';
import { type Deciding, decidingAggregates, isAmong } from './counted-calls.js';
import { evidenceOf, type Folded, foldRun, missingFacts, type ThreeValued } from './fold.js';
import { quickLook } from './quick-look.js';
import { type ClearLook, missingBound, quietBound, UNTIL_AN_EVENT } from './quiet-bound.js';
import { type Admission, type CompiledFilter, type VendorsOf, vendorLookup } from './subject-filter.js';
import { picksFromPool } from './victims.js';

/** The engine's promises are microtasks, which starve timers and sockets unless something yields in between. */
const RUNS_BETWEEN_YIELDS = 200;
/** A quick look costs a tenth of a run of the engine. */
const LOOKS_BETWEEN_YIELDS = 2_000;

/** A rule made ready for one switch. */
export interface PreparedRule {
  rule: Rule;
  vendors: readonly number[];
  filter: CompiledFilter;
  conditions: CompiledConditions;
  /** The rule's own event, then those it escalates to. */
  events: readonly PreparedEvent[];
}

export interface PreparedEvent {
  event: RuleEvent;
  where: CompiledConditions | undefined;
  keep: number | Probe;
}

export interface JudgeOptions {
  yieldNow: () => Promise<void>;
  /** Which event a subject has climbed to: 0 for the rule's own, n for that of escalate[n - 1]; default 0. */
  stepOf?: (subject: Subject) => number;
  /**
   * Which subjects have to be looked at; only replays have it. Then those that are clear are left out of the verdicts, and
   * indeterminate ones bear no evidence, as nobody asks why.
   */
  quiet?: QuietSubjects;
}

/** Judges every subject of the rule's scope, in the order of the fact source. Subjects that the rule leaves out are absent. */
export async function judgeRule(
  prepared: PreparedRule,
  facts: FactSource,
  options: JudgeOptions,
): Promise<readonly Verdict[]> {
  if (options.quiet !== undefined) return judgeDue(prepared, facts, options, options.quiet);
  const judge = new Judge(prepared, facts, options);
  const verdicts: Verdict[] = [];
  for (const subject of facts.subjects(prepared.rule.scope)) {
    const admission = judge.admit(subject);
    if (admission.result === false) continue;
    if (judge.rests) await judge.rest();
    const look = judge.look(prepared.conditions, subject);
    verdicts.push(
      look.result === false ? { result: 'clear', subject } : await judge.subject(subject, admission, look),
    );
  }
  return verdicts;
}

/** The same for a replay, which looks only at subjects that may be anything but clear. */
async function judgeDue(
  prepared: PreparedRule,
  facts: FactSource,
  options: JudgeOptions,
  quiet: QuietSubjects,
): Promise<readonly Verdict[]> {
  const judge = new Judge(prepared, facts, options);
  const verdicts: Verdict[] = [...quiet.undecided];
  const { scope } = prepared.rule;
  const { due } = quiet;
  const dueCount = due?.size ?? 0;
  const subjects = facts.subjects(scope, due);
  for (const subject of subjects) {
    const admission = judge.admit(subject);
    if (admission.result === false) {
      quiet.settle(subject.id, leftOutFor(prepared));
      continue;
    }
    if (judge.rests) await judge.rest();
    const look = judge.look(prepared.conditions, subject);
    if (look.result === 'missing') {
      const verdict = indeterminate(subject, [], { conditions: { result: 'missing' } });
      quiet.settle(subject.id, judge.missingBound(subject, look, quiet), verdict);
      verdicts.push(verdict);
      continue;
    }
    quiet.settle(subject.id, look.result ? undefined : judge.quietBound(subject, look, quiet));
    if (look.result) verdicts.push(await judge.subject(subject, admission, look));
  }
  if (due !== undefined && subjects.length < dueCount) {
    const present = new Set(subjects.map(({ id }) => id));
    quiet.absent([...due].filter((id) => !present.has(id)));
  }
  quiet.finish();
  return verdicts;
}

/** Whether nothing that happens changes whom the rule is about: a subject is what it is, but its owner may change. */
function namesOwnSubjectsOnly({ rule }: PreparedRule): boolean {
  const keys = [...Object.keys(rule.only), ...Object.keys(rule.except)];
  return keys.every((key) => key === `${rule.scope}s` || key === 'switches');
}

/** What a filter says of a call depends on its fields alone; of other subjects, on which calls they have. */
function leftOutFor({ rule }: PreparedRule): QuietBound | undefined {
  return rule.scope === 'call' ? UNTIL_AN_EVENT : undefined;
}

/**
 * What the rule says of one subject, with the evidence of a clear verdict too; undefined where the rule leaves the subject
 * out. The engine judges it, whatever a quick look would say.
 */
export async function explainRule(
  prepared: PreparedRule,
  facts: FactSource,
  subject: Subject,
  options: JudgeOptions,
): Promise<Verdict | undefined> {
  const judge = new Judge(prepared, facts, options);
  const admission = judge.admit(subject);
  if (admission.result === false) return undefined;
  return judge.subject(subject, admission, { result: 'missing', observations: [] }, { explainClear: true });
}

/** What a first look at a subject has found out. */
interface Look {
  /** False: proven not to be violated; anything else is for json-rules-engine to say. */
  result: ThreeValued;
  /** By probe: what has been observed so far. */
  observations: (Observed | undefined)[];
}

class Judge {
  private runs = 0;
  private looks = 0;
  private readonly vendorsOf: VendorsOf;

  constructor(
    private readonly prepared: PreparedRule,
    private readonly facts: FactSource,
    private readonly options: JudgeOptions,
  ) {
    this.vendorsOf = vendorLookup(prepared.vendors, facts);
  }

  admit(subject: Subject): Admission {
    return this.prepared.filter.admitsSubject(subject, this.facts, this.vendorsOf);
  }

  /** Whether it is time to let others have the event loop. */
  get rests(): boolean {
    return this.looks >= LOOKS_BETWEEN_YIELDS || this.runs >= RUNS_BETWEEN_YIELDS;
  }

  async rest(): Promise<void> {
    this.looks = 0;
    this.runs = 0;
    await this.options.yieldNow();
  }

  look({ root, probes }: CompiledConditions, subject: Subject): Look {
    this.looks += 1;
    const observations: (Observed | undefined)[] = Array.from({ length: probes.length });
    const observe = (index: number) => this.observeOnce(probes, index, subject, observations);
    return { result: quickLook(root, observe), observations };
  }

  private observeOnce(
    probes: readonly Probe[],
    index: number,
    subject: Subject,
    observations: (Observed | undefined)[],
  ): Observed {
    const known = observations[index] ?? this.observeProbe(probes[index], subject);
    observations[index] = known;
    return known;
  }

  /** How long a subject that was found clear must stay so. */
  quietBound(subject: Subject, look: Look, quiet: QuietSubjects): QuietBound | undefined {
    return quietBound(this.prepared.conditions.root, this.clearLook(subject, look, quiet));
  }

  /** How long it cannot be judged. */
  missingBound(subject: Subject, look: Look, quiet: QuietSubjects): QuietBound | undefined {
    const { rule, conditions } = this.prepared;
    const isIndexed =
      rule.scope !== 'call' && conditions.probes.every(({ definition }) => definition.windowed);
    if (!isIndexed || !namesOwnSubjectsOnly(this.prepared)) return undefined;
    return missingBound(conditions.root, this.clearLook(subject, look, quiet), quiet.now);
  }

  private clearLook(subject: Subject, { observations }: Look, quiet: QuietSubjects): ClearLook {
    const { rule, conditions } = this.prepared;
    const { probes } = conditions;
    return {
      scope: rule.scope,
      probes,
      needsComplete: rule.needs === 'complete',
      away: { count: quiet.awayOf(subject.id), lacks: () => quiet.awayLacks() },
      observe: (index) => this.observeOnce(probes, index, subject, observations),
      liveCalls: (params) => this.liveCalls(subject, params),
    };
  }

  private liveCalls(subject: Subject, params: FactParams): number | undefined {
    const observed = this.facts.observe(subject, `${subject.scope}.totalCalls`, params);
    return observed.known && !observed.atLeast ? Number(observed.value) : undefined;
  }

  async subject(
    subject: Subject,
    admission: Admission,
    look: Look,
    { explainClear = false }: { explainClear?: boolean } = {},
  ): Promise<Verdict> {
    const { conditions } = this.prepared;
    const observations = this.observe(conditions, subject, look);
    const folded = await this.evaluate(conditions, observations);
    if (folded.result === false && !explainClear) return { result: 'clear', subject };
    const evidence = { conditions: evidenceOf(folded, conditions, observations) };
    if (folded.result === false) return { result: 'clear', subject, evidence };
    const missing = folded.result === 'missing' ? missingFacts(folded, conditions, observations) : [];
    if (admission.missing.length + missing.length > 0) {
      return indeterminate(subject, [...admission.missing, ...missing], evidence);
    }
    const prepared = this.eventOf(subject);
    const keep = this.keep(prepared, subject);
    if (typeof keep === 'string') return indeterminate(subject, [keep], evidence);
    const { event } = prepared;
    const pool = await this.pool(prepared, subject, folded, observations);
    return { result: 'violated', subject, event, evidence: { ...evidence, ...keepFrom(event) }, pool, keep };
  }

  private eventOf(subject: Subject): PreparedEvent {
    const step = this.options.stepOf?.(subject) ?? 0;
    const event = this.prepared.events[step];
    if (event === undefined) throw new Error(`Rule "${this.prepared.rule.name}" has no step ${step}.`);
    return event;
  }

  /** Every probe, since evidence is complete. */
  private observe({ probes }: CompiledConditions, subject: Subject, look: Look): readonly Observed[] {
    return probes.map((probe, index) => look.observations[index] ?? this.observeProbe(probe, subject));
  }

  private observeProbe(probe: Probe | undefined, subject: Subject): Observed {
    if (probe === undefined) throw new Error('A comparison names a fact that nobody observes.');
    const { definition, params } = probe;
    const { scope } = definition;
    const owner = subject.scope === scope ? subject : this.facts.widen(subject, scope as AggregateScope);
    if (owner === undefined)
      return { known: false, reason: scope === 'vendor' ? 'unknown-vendor' : 'not-listed' };
    return this.facts.observe(owner, definition.name, params);
  }

  private async evaluate(conditions: CompiledConditions, observations: readonly Observed[]): Promise<Folded> {
    this.runs += 1;
    if (this.rests) await this.rest();
    return foldRun(conditions, await conditions.run(observations), observations);
  }

  /** How many calls stay, or the name of the fact that does not say. Rounded up: half a call more is left, not taken. */
  private keep({ keep }: PreparedEvent, subject: Subject): number | string {
    if (typeof keep === 'number') return keep;
    const observed = this.observeProbe(keep, subject);
    // A lower bound would keep too few.
    if (!observed.known || observed.atLeast || typeof observed.value !== 'number')
      return keep.definition.name;
    return Math.max(0, Math.ceil(observed.value));
  }

  private async pool(
    { event, where, keep }: PreparedEvent,
    subject: Subject,
    folded: Folded,
    observations: readonly Observed[],
  ): Promise<readonly Call[]> {
    const { filter } = this.prepared;
    if (event.type === 'alert') return [];
    // What is to be kept is told of one number: of several, nobody could say how many calls of each are too many.
    const ofEveryNumber = keep === 0;
    const deciding = decidingAggregates(this.prepared, folded, observations, { ofEveryNumber });
    const own = this.candidates(event, subject, deciding).filter(
      (call) => isLive(call.state) && filter.admitsCall(call, this.vendorsOf) === true,
    );
    const pool = [...own, ...this.descendants(subject, deciding, own)];
    if (where === undefined) return pool;
    const kept: Call[] = [];
    for (const call of pool) {
      const met = this.meets(where, call);
      // Nearly all are told at once, and each wait costs more than the look.
      if ((met instanceof Promise ? await met : met) === true) kept.push(call);
    }
    return kept;
  }

  /** The subject's own calls that the comparisons which decided have counted; all of its calls where none counts any. */
  private candidates(event: RuleEvent, subject: Subject, deciding: readonly Deciding[]): readonly Call[] {
    const own = this.facts.callsOf(subject);
    const { rule } = this.prepared;
    if (rule.scope === 'call') return own;
    const counted = deciding.map((one) => one.counted ?? own);
    // Without `where` no aggregate that decided means that no call did: then none may be taken.
    if (counted.length === 0)
      return event.where === undefined && picksFromPool(rule.scope, event.type) ? [] : own;
    return own.filter(isAmong(counted));
  }

  /**
   * Calls of subcustomers, where a recursive fact of the subject itself has counted them. They are other customers', so
   * that every exception of the rule spares them, whatever it filters otherwise.
   */
  private descendants(
    subject: Subject,
    deciding: readonly Deciding[],
    own: readonly Call[],
  ): readonly Call[] {
    const recursive = deciding.filter(
      ({ probe }) => probe.definition.scope === subject.scope && probe.params.recursive === true,
    );
    if (recursive.length === 0) return [];
    const known = new Set([...own, ...this.facts.callsOf(subject)].map(identityKey));
    const counted = recursive.flatMap((one) => one.counted ?? []);
    const others = new Map(counted.map((call) => [identityKey(call), call]));
    return [...others].flatMap(([key, call]) => {
      if (known.has(key) || !isLive(call.state)) return [];
      return this.prepared.filter.admitsTaken(call, this.vendorsOf) ? [call] : [];
    });
  }

  private meets(where: CompiledConditions, call: Call): ThreeValued | Promise<ThreeValued> {
    const subject: Subject = { scope: 'call', id: call.id };
    const [listed] = this.facts.callsOf(subject);
    // Where two calls share an ID, the facts under that ID may be those of the other one.
    if (listed === undefined || !sameCall(listed, call)) return 'missing';
    const look = this.look(where, subject);
    if (look.result === false) return false;
    return this.evaluate(where, this.observe(where, subject, look)).then(({ result }) => result);
  }
}

function keepFrom({ keep }: RuleEvent): { keepFrom?: FactReference } {
  return typeof keep === 'number' ? {} : { keepFrom: keep };
}

function indeterminate(
  subject: Subject,
  missing: readonly string[],
  evidence: IndeterminateVerdict['evidence'],
): IndeterminateVerdict {
  return { result: 'indeterminate', subject, missing: [...new Set(missing)].sort(), evidence };
}
