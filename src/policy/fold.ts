import type { FactValue, Observed, WindowGap } from '../domain/facts.js';
import type { ConditionEvidence, GapEvidence } from '../domain/verdict.js';
import type {
  CompiledBranch,
  CompiledConditions,
  CompiledLeaf,
  CompiledNode,
  EngineConditions,
  EngineRun,
  Probe,
} from './compile-condition.js';

export type ThreeValued = boolean | 'missing';

/** One evaluated node; the evidence is made only where it is asked for, since most verdicts are clear. */
export interface Folded {
  result: ThreeValued;
  node: CompiledNode;
  children: readonly Folded[];
}

/**
 * Reads the engine's evaluated conditions by three-valued logic (Kleene): a comparison with a missing fact is neither
 * true nor false, `any` with a true branch is true and `all` with a false one is false whatever is missing. Throws where
 * nothing is missing and the engine's own result differs: one of the two would be wrong.
 */
export function foldRun(
  { root }: CompiledConditions,
  run: EngineRun,
  observations: readonly Observed[],
): Folded {
  const doubt = { missing: false };
  const folded = fold(root, run.conditions, observations, doubt);
  if (!doubt.missing && folded.result !== run.result) {
    throw new Error(
      `json-rules-engine says ${run.result}, but its own condition results say ${folded.result}`,
    );
  }
  return folded;
}

function fold(
  node: CompiledNode,
  evaluated: EngineConditions | undefined,
  observations: readonly Observed[],
  doubt: { missing: boolean },
): Folded {
  if (evaluated === undefined) throw new Error('json-rules-engine left a condition out');
  if (node.kind === 'leaf') {
    const result = leafResult(node, evaluated.result, observations);
    if (result === 'missing') doubt.missing = true;
    return { result, node, children: [] };
  }
  const branches = node.kind === 'not' ? [evaluated.not] : evaluated[node.kind];
  const children = node.children.map((child, index) => fold(child, branches?.[index], observations, doubt));
  return { result: combine(node.kind, children), node, children };
}

function combine(kind: CompiledBranch['kind'], children: readonly Folded[]): ThreeValued {
  if (kind === 'not') {
    const result = children[0]?.result ?? 'missing';
    return result === 'missing' ? 'missing' : !result;
  }
  const decisive = kind === 'any';
  if (children.some(({ result }) => result === decisive)) return decisive;
  return children.some(({ result }) => result === 'missing') ? 'missing' : !decisive;
}

function leafResult(
  { fact, operator, value }: CompiledLeaf,
  result: boolean | undefined,
  observations: readonly Observed[],
): ThreeValued {
  const observed = observations[fact];
  const compared = isProbe(value) ? observations[value.probe] : undefined;
  if (observed?.known !== true || compared?.known === false) return 'missing';
  if (result === undefined) throw new Error('json-rules-engine left a comparison unevaluated');
  // How far above a lower bound the compared value lies, nobody knows.
  if (compared?.known === true && compared.atLeast) return 'missing';
  if (!observed.atLeast) return result;
  const grows = operator === 'greaterThan' || operator === 'greaterThanInclusive';
  return grows && result ? true : 'missing';
}

export function isProbe(value: CompiledLeaf['value']): value is { probe: number } {
  return typeof value === 'object' && 'probe' in value;
}

/** The comparisons that made the result what it is: with a true `any`, only its true branches. */
export function contributing(folded: Folded): readonly CompiledLeaf[] {
  if (folded.node.kind === 'leaf') return [folded.node];
  return decisiveChildren(folded).flatMap(contributing);
}

/** Those on which the result of a branch rests. */
export function decisiveChildren({ node, result, children }: Folded): readonly Folded[] {
  if (node.kind === 'not') return children;
  return children.filter((child) => child.result === result);
}

/** The probes that a comparison draws on, on both its sides. */
export function probesOf({ fact, value }: CompiledLeaf): readonly number[] {
  return isProbe(value) ? [fact, value.probe] : [fact];
}

/** Names of the facts whose absence left the result open, sorted, each once. */
export function missingFacts(
  folded: Folded,
  { probes }: CompiledConditions,
  observations: readonly Observed[],
): readonly string[] {
  const names = contributing(folded)
    .flatMap(probesOf)
    .flatMap((index) => {
      const observed = observations[index];
      const isOpen = observed?.known !== true || observed.atLeast;
      return isOpen ? [probes[index]?.definition.name ?? ''] : [];
    });
  return [...new Set(names)].sort();
}

/** The evaluated tree as plain JSON, for the audit log. */
export function evidenceOf(
  folded: Folded,
  conditions: CompiledConditions,
  observations: readonly Observed[],
): ConditionEvidence {
  const { node, result } = folded;
  if (node.kind === 'leaf') return leafEvidence(node, result, conditions, observations);
  const children = folded.children.map((child) => evidenceOf(child, conditions, observations));
  const shared = node.shared.length === 0 ? {} : { condition: node.shared.join(' -> ') };
  if (node.kind !== 'not') return { result, ...shared, [node.kind]: children };
  const [child] = children;
  return { result, ...shared, ...(child === undefined ? {} : { not: child }) };
}

function leafEvidence(
  { fact, operator, value, matched }: CompiledLeaf,
  result: ThreeValued,
  { probes }: CompiledConditions,
  observations: readonly Observed[],
): ConditionEvidence {
  const probe = probes[fact];
  const observed = observations[fact];
  const compared = isProbe(value) ? observations[value.probe] : undefined;
  const reason =
    observed?.known === false ? observed.reason : compared?.known === false ? compared.reason : undefined;
  const open = result === 'missing' ? { missing: reason ?? ('lower-bound' as const) } : {};
  return {
    result,
    fact: probe?.definition.name ?? '',
    ...(probe?.written === undefined ? {} : { params: probe.written }),
    operator,
    value: isProbe(value) ? known(compared) : value,
    ...(isProbe(value) ? reference(probes[value.probe]) : {}),
    ...matchedBy(matched, observed),
    observed: known(observed),
    ...(observed?.known === true && observed.atLeast ? { atLeast: true } : {}),
    ...open,
    ...gapOf(observed, compared),
  };
}

/** The larger of two gaps: what the comparison rests on is no sounder than its weaker side. */
function gapOf(
  observed: Observed | undefined,
  compared: Observed | undefined,
): Pick<ConditionEvidence, 'gap'> {
  const gaps = [observed, compared].flatMap((one) =>
    one?.known === true && one.gap !== undefined ? [one.gap] : [],
  );
  const [gap] = gaps.toSorted((one, other) => other.seconds - one.seconds);
  return gap === undefined ? {} : { gap: gapEvidence(gap) };
}

function gapEvidence({ seconds, knownSince }: WindowGap): GapEvidence {
  return knownSince === undefined ? { seconds } : { seconds, knownSince: new Date(knownSince).toISOString() };
}

function reference(probe: Probe | undefined): Pick<ConditionEvidence, 'valueFrom' | 'valueParams'> {
  const written = probe?.written;
  const valueFrom = probe?.definition.name ?? '';
  return written === undefined ? { valueFrom } : { valueFrom, valueParams: written };
}

function matchedBy(
  matched: CompiledLeaf['matched'],
  observed: Observed | undefined,
): Pick<ConditionEvidence, 'matched'> {
  if (matched === undefined || observed?.known !== true || typeof observed.value !== 'string') return {};
  const entry = matched(observed.value);
  return entry === undefined ? {} : { matched: entry };
}

function known(observed: Observed | undefined): FactValue | null {
  return observed?.known === true ? observed.value : null;
}
