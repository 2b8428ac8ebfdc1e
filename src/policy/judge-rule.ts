import { type Call, identityKey, isLive, sameCall } from '../domain/call.js';
import type { FactSource, Observed } from '../domain/facts.js';
import type { FactReference, Rule } from '../domain/rule.js';
import type { AggregateScope, Subject } from '../domain/scope.js';
import type { IndeterminateVerdict, Verdict } from '../domain/verdict.js';
import type { CompiledConditions, Probe } from './compile-condition.js';
import {
  contributing,
  evidenceOf,
  type Folded,
  foldRun,
  missingFacts,
  probesOf,
  type ThreeValued,
} from './fold.js';
import type { CompiledFilter, VendorsOf } from './subject-filter.js';
import { picksFromPool } from './victims.js';

/** The engine's promises are microtasks, which starve timers and sockets unless something yields in between. */
const RUNS_BETWEEN_YIELDS = 200;

/** A rule made ready for one switch. */
export interface PreparedRule {
  rule: Rule;
  vendors: readonly number[];
  filter: CompiledFilter;
  conditions: CompiledConditions;
  where: CompiledConditions | undefined;
  keep: number | Probe;
}

/** Judges every subject of the rule's scope, in the order of the fact source. Subjects that the rule leaves out are absent. */
export async function judgeRule(
  prepared: PreparedRule,
  facts: FactSource,
  yieldNow: () => Promise<void>,
): Promise<readonly Verdict[]> {
  const judge = new Judge(prepared, facts, yieldNow);
  const verdicts: Verdict[] = [];
  for (const subject of facts.subjects(prepared.rule.scope)) {
    const verdict = await judge.subject(subject);
    if (verdict !== undefined) verdicts.push(verdict);
  }
  return verdicts;
}

class Judge {
  private runs = 0;
  private readonly vendorsOf: VendorsOf;

  constructor(
    private readonly prepared: PreparedRule,
    private readonly facts: FactSource,
    private readonly yieldNow: () => Promise<void>,
  ) {
    this.vendorsOf = vendorLookup(prepared.vendors, facts);
  }

  async subject(subject: Subject): Promise<Verdict | undefined> {
    const { filter, conditions } = this.prepared;
    const admission = filter.admitsSubject(subject, this.facts, this.vendorsOf);
    if (admission.result === false) return undefined;
    const observations = this.observe(conditions, subject);
    const folded = await this.evaluate(conditions, observations);
    if (folded.result === false) return { result: 'clear', subject };
    const evidence = { conditions: evidenceOf(folded, conditions, observations) };
    const missing = folded.result === 'missing' ? missingFacts(folded, conditions, observations) : [];
    if (admission.missing.length + missing.length > 0) {
      return indeterminate(subject, [...admission.missing, ...missing], evidence);
    }
    const keep = this.keep(subject);
    if (typeof keep === 'string') return indeterminate(subject, [keep], evidence);
    const pool = await this.pool(subject, folded, observations);
    return { result: 'violated', subject, evidence: { ...evidence, ...this.keepFrom() }, pool, keep };
  }

  private observe({ probes }: CompiledConditions, subject: Subject): readonly Observed[] {
    return probes.map((probe) => this.observeProbe(probe, subject));
  }

  private observeProbe({ definition, params }: Probe, subject: Subject): Observed {
    const { scope } = definition;
    const owner = subject.scope === scope ? subject : this.facts.widen(subject, scope as AggregateScope);
    if (owner === undefined)
      return { known: false, reason: scope === 'vendor' ? 'unknown-vendor' : 'not-listed' };
    return this.facts.observe(owner, definition.name, params);
  }

  private async evaluate(conditions: CompiledConditions, observations: readonly Observed[]): Promise<Folded> {
    this.runs += 1;
    if (this.runs % RUNS_BETWEEN_YIELDS === 0) await this.yieldNow();
    return foldRun(conditions, await conditions.run(observations), observations);
  }

  /** How many calls stay, or the name of the fact that does not say. Rounded up: half a call more is left, not taken. */
  private keep(subject: Subject): number | string {
    const { keep } = this.prepared;
    if (typeof keep === 'number') return keep;
    const observed = this.observeProbe(keep, subject);
    // A lower bound would keep too few.
    if (!observed.known || observed.atLeast || typeof observed.value !== 'number')
      return keep.definition.name;
    return Math.max(0, Math.ceil(observed.value));
  }

  private keepFrom(): { keepFrom?: FactReference } {
    const { keep } = this.prepared.rule.event;
    return typeof keep === 'number' ? {} : { keepFrom: keep };
  }

  private async pool(
    subject: Subject,
    folded: Folded,
    observations: readonly Observed[],
  ): Promise<readonly Call[]> {
    const { rule, filter, where } = this.prepared;
    if (rule.event.type === 'alert') return [];
    const pool = this.candidates(subject, folded, observations).filter(
      (call) => isLive(call.state) && filter.admitsCall(call, this.vendorsOf) === true,
    );
    if (where === undefined) return pool;
    const kept: Call[] = [];
    for (const call of pool) if ((await this.meets(where, call)) === true) kept.push(call);
    return kept;
  }

  /** The subject's own calls that the comparisons which decided have counted; all of its calls where none counts any. */
  private candidates(subject: Subject, folded: Folded, observations: readonly Observed[]): readonly Call[] {
    const own = this.facts.callsOf(subject);
    const { rule, where, conditions } = this.prepared;
    if (rule.scope === 'call') return own;
    const counted = contributing(folded)
      .flatMap(probesOf)
      .flatMap((index) => {
        const observed = observations[index];
        if (conditions.probes[index]?.definition.aggregate !== true || observed?.known !== true) return [];
        return [observed.counted ?? own];
      });
    // Without `where` no aggregate that decided means that no call did: then none may be taken.
    if (counted.length === 0)
      return where === undefined && picksFromPool(rule.scope, rule.event.type) ? [] : own;
    const keys = new Set(counted.flat().map(identityKey));
    return own.filter((call) => keys.has(identityKey(call)));
  }

  private async meets(where: CompiledConditions, call: Call): Promise<ThreeValued> {
    const subject: Subject = { scope: 'call', id: call.id };
    const [listed] = this.facts.callsOf(subject);
    // Where two calls share an ID, the facts under that ID may be those of the other one.
    if (listed === undefined || !sameCall(listed, call)) return 'missing';
    const observations = this.observe(where, subject);
    return (await this.evaluate(where, observations)).result;
  }
}

function indeterminate(
  subject: Subject,
  missing: readonly string[],
  evidence: IndeterminateVerdict['evidence'],
): IndeterminateVerdict {
  return { result: 'indeterminate', subject, missing: [...new Set(missing)].sort(), evidence };
}

/** Which of the rule's vendors list a call; read from the fact source only where a rule names vendors at all. */
function vendorLookup(vendors: readonly number[], facts: FactSource): VendorsOf {
  let keysByVendor: readonly { vendor: number; keys: ReadonlySet<string> }[] | undefined;
  return (call) => {
    keysByVendor ??= vendors.map((vendor) => {
      const calls = facts.callsOf({ scope: 'vendor', id: String(vendor) });
      return { vendor, keys: new Set(calls.map(identityKey)) };
    });
    const key = identityKey(call);
    return keysByVendor.filter(({ keys }) => keys.has(key)).map(({ vendor }) => vendor);
  };
}
