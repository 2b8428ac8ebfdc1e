import { Engine, type TopLevelCondition } from 'json-rules-engine';
import type { FactCatalogue, FactDefinition, FactParams, FactValue, Observed } from '../domain/facts.js';
import type { Condition, FactCondition, FactReference, RuleSet } from '../domain/rule.js';
import { type Comparison, comparison } from './comparisons.js';
import { matcherOf, OWN_OPERATORS, type ReadyOperand, readyOperand } from './operands.js';
import type { RuleNumbers } from './rule-numbers.js';

export interface CompileContext {
  catalogue: FactCatalogue;
  numbers: RuleNumbers;
  conditions: RuleSet['conditions'];
  lists: RuleSet['lists'];
}

/** One distinct fact with its params: what has to be observed once per subject. */
export interface Probe {
  definition: FactDefinition;
  /** As the fact source takes them: lists resolved, prefixes normalised. */
  params: FactParams;
  /** As the rule has them, for the evidence; lists by name. */
  written: FactParams | undefined;
}

/** The tree that the engine evaluates, with what its results are read by. Shared conditions are written out. */
export type CompiledNode = CompiledBranch | CompiledLeaf;

export interface CompiledBranch {
  kind: 'all' | 'any' | 'not';
  children: readonly CompiledNode[];
  /** Names of the shared conditions that stood here, outermost first. */
  shared: readonly string[];
}

export interface CompiledLeaf {
  kind: 'leaf';
  /** Index into the probes. */
  fact: number;
  operator: string;
  value: FactValue | readonly FactValue[] | { probe: number };
  /** The value as the operator takes it; undefined where it is another fact. */
  ready: ReadyOperand | undefined;
  /** What the operator says of two known values, for the quick look; `right` only where the value is another fact. */
  holds: Comparison;
  /** Which entry of a list of prefixes or networks a text meets; absent for operators whose value says it all. */
  matched?: (text: string) => string | undefined;
}

/** A condition tree in an engine of its own, so that one broken rule hides no other. */
export interface CompiledConditions {
  root: CompiledNode;
  probes: readonly Probe[];
  /**
   * Evaluates the tree on observations (one per probe, in order) and returns the engine's own evaluated conditions.
   * One run at a time. Rejects where an operator throws.
   */
  run(observations: readonly Observed[]): Promise<EngineRun>;
}

export interface EngineRun {
  result: boolean;
  conditions: EngineConditions;
}

/** The part of an evaluated json-rules-engine condition that is read here. */
export interface EngineConditions {
  all?: readonly EngineConditions[];
  any?: readonly EngineConditions[];
  not?: EngineConditions;
  result?: boolean;
}

export function compileConditions(condition: Condition, context: CompileContext): CompiledConditions {
  const builder = new ConditionBuilder(context);
  const root = builder.node(condition);
  const { engine, probes } = builder;
  engine.addRule({ conditions: builder.engineConditions(root), event: { type: 'violated' } });
  return {
    root,
    probes,
    async run(observations) {
      builder.current = observations;
      const { results, failureResults } = await engine.run();
      const [evaluated] = [...results, ...failureResults];
      if (evaluated === undefined) throw new Error('json-rules-engine returned no result');
      return { result: evaluated.result === true, conditions: evaluated.conditions as EngineConditions };
    },
  };
}

export function compileProbe({ fact, params }: FactReference, context: CompileContext): Probe {
  const definition = context.catalogue.get(fact);
  if (definition === undefined) throw new Error(`There is no fact "${fact}".`);
  const { to, ...others } = params ?? {};
  const resolved = to === undefined ? others : { ...others, to: context.numbers.prefixes(to, context.lists) };
  return { definition, params: resolved, written: params };
}

function optional(params: FactParams | undefined): { params?: FactParams } {
  return params === undefined ? {} : { params };
}

class ConditionBuilder {
  readonly engine = new Engine();
  readonly probes: Probe[] = [];
  current: readonly Observed[] = [];
  private operands = 0;
  private readonly context: CompileContext;

  constructor(context: CompileContext) {
    this.context = context;
    for (const [name, holds] of OWN_OPERATORS) this.engine.addOperator(name, holds);
  }

  node(condition: Condition, shared: readonly string[] = []): CompiledNode {
    if ('all' in condition) return this.branch('all', condition.all, shared);
    if ('any' in condition) return this.branch('any', condition.any, shared);
    if ('not' in condition) return this.branch('not', [condition.not], shared);
    if (!('condition' in condition)) return this.leaf(condition);
    const target = this.context.conditions.get(condition.condition);
    if (target === undefined) throw new Error(`There is no shared condition "${condition.condition}".`);
    return this.node(target, [...shared, condition.condition]);
  }

  private branch(
    kind: CompiledBranch['kind'],
    children: readonly Condition[],
    shared: readonly string[],
  ): CompiledBranch {
    return { kind, children: children.map((child) => this.node(child)), shared };
  }

  private leaf({ fact, params, operator, value }: FactCondition): CompiledLeaf {
    const probe = this.probe({ fact, ...optional(params) });
    if (typeof value === 'object' && 'fact' in value) {
      const holds: Comparison = (left, right) => comparison(operator, left, right);
      return {
        kind: 'leaf',
        fact: probe,
        operator,
        value: { probe: this.probe(value) },
        ready: undefined,
        holds,
      };
    }
    const definition = this.probes[probe]?.definition;
    const ready = readyOperand(value, operator, definition, this.context);
    const matched = matcherOf(value, operator, ready);
    const holds: Comparison = (left) => comparison(operator, left, ready);
    return {
      kind: 'leaf',
      fact: probe,
      operator,
      value,
      ready,
      holds,
      ...(matched === undefined ? {} : { matched }),
    };
  }

  /** Each distinct fact is observed once, however often the rule names it. */
  private probe({ fact, params }: FactReference): number {
    const text = JSON.stringify(params ?? {});
    const known = this.probes.findIndex(
      (one) => one.definition.name === fact && JSON.stringify(one.written ?? {}) === text,
    );
    if (known !== -1) return known;
    const index = this.probes.push(compileProbe({ fact, ...optional(params) }, this.context)) - 1;
    // Never cached: the almanac's cache key would hash the params at every run.
    this.engine.addFact(probeName(index), () => factValue(this.current[index]), { cache: false });
    return index;
  }

  engineConditions(node: CompiledNode): TopLevelCondition {
    switch (node.kind) {
      case 'all':
        return { all: node.children.map((child) => this.engineConditions(child)) };
      case 'any':
        return { any: node.children.map((child) => this.engineConditions(child)) };
      case 'not':
        return { not: this.engineNot(node) };
      case 'leaf':
        // The types want a nesting node here, but children may be comparisons.
        return this.engineLeaf(node) as unknown as TopLevelCondition;
    }
  }

  private engineNot({ children: [child] }: CompiledBranch): TopLevelCondition {
    if (child === undefined) throw new Error('"not" without a condition');
    return this.engineConditions(child);
  }

  private engineLeaf({ fact, operator, value, ready }: CompiledLeaf) {
    const engineValue =
      typeof value === 'object' && 'probe' in value ? { fact: probeName(value.probe) } : this.operand(ready);
    return { fact: probeName(fact), operator, value: engineValue };
  }

  /** Anything but a single value goes in as a fact: the engine deep-copies its conditions, lists included, at every run. */
  private operand(ready: ReadyOperand | undefined): FactValue | undefined | { fact: string } {
    if (typeof ready !== 'object') return ready;
    const name = `operand ${this.operands}`;
    this.operands += 1;
    this.engine.addFact(name, () => ready, { cache: false });
    return { fact: name };
  }
}

function probeName(index: number): string {
  return `probe ${index}`;
}

/** The engine sees undefined for a missing fact; what it makes of that is never used. */
function factValue(observed: Observed | undefined): FactValue | undefined {
  return observed?.known === true ? observed.value : undefined;
}
