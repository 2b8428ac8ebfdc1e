import { createHash } from 'node:crypto';
import type { Call } from '../../src/domain/call.js';
import type { FactSource, Limit } from '../../src/domain/facts.js';
import type { RuleFileKind, RuleFileText } from '../../src/domain/rule-files.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import type { Verdict, ViolatedVerdict } from '../../src/domain/verdict.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { deriveFacts } from '../../src/facts/derive-facts.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { checkRules } from '../../src/policy/check-rules.js';
import type { KnownSwitch } from '../../src/policy/check-switches.js';
import { type CompiledRule, compileRules } from '../../src/policy/compile-rules.js';
import { aSnapshot, NOW } from '../support/calls.js';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
export const NUMBERING = createNumbering({ techPrefixes: ['0011#'] });
export const yieldNow = (): Promise<void> => Promise.resolve();

/** Files by name: `lists/` are lists, `limits.csv` limits, everything else rules. */
export function ruleFiles(files: Readonly<Record<string, string>>): RuleFileText[] {
  return Object.entries(files).map(([file, text]) => {
    const kind: RuleFileKind = file.includes('lists/') ? 'list' : file.endsWith('.csv') ? 'limits' : 'rules';
    return { file, kind, text };
  });
}

export function check(
  files: Readonly<Record<string, string>>,
  switches?: readonly KnownSwitch[],
  now?: number,
) {
  return checkRules(ruleFiles(files), FACT_CATALOGUE, sha256, switches, now);
}

/** Every problem as `file:line:column message`, warnings marked. */
export function problemsOf(
  files: Readonly<Record<string, string>>,
  switches?: readonly KnownSwitch[],
  now?: number,
): string[] {
  return check(files, switches, now).problems.map(({ file, location, message, severity }) => {
    const mark = severity === 'warning' ? 'warning: ' : '';
    return `${file}:${location?.line}:${location?.column} ${mark}${message}`;
  });
}

export function compile(files: Readonly<Record<string, string>>, switchName = 'lab') {
  const { ruleSet, problems } = check(files);
  if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  const compiled = compileRules(ruleSet, {
    catalogue: FACT_CATALOGUE,
    numbering: NUMBERING,
    switchName,
    now: NOW,
  });
  return { ruleSet, compiled };
}

export function compileOne(rule: string, others: Readonly<Record<string, string>> = {}) {
  const { ruleSet, compiled } = compile({ 'rule.yaml': rule, ...others });
  const [first] = compiled;
  if (first === undefined) throw new Error('no rule applies');
  return { rule: first, limits: ruleSet.limits };
}

export function factsFor(rule: CompiledRule, snapshot: Snapshot, limits: readonly Limit[] = []): FactSource {
  const vendorsOf = (call: Call) =>
    [...snapshot.vendors]
      .filter(([, keys]) => keys.has(JSON.stringify([call.id, call.callId, call.setupTimeText ?? null])))
      .map(([vendor]) => vendor);
  return deriveFacts(snapshot, {
    numbering: NUMBERING,
    limits,
    admits: (call) => rule.admits(call, vendorsOf),
  });
}

/** The verdicts of one rule on one listing. */
export async function judge(
  text: string,
  listed: readonly Call[],
  others: Readonly<Record<string, string>> = {},
  snapshot: Partial<Snapshot> = {},
): Promise<readonly Verdict[]> {
  const { rule, limits } = compileOne(text, others);
  return rule.judge(factsFor(rule, aSnapshot(listed, snapshot), limits), { yieldNow });
}

/** Verdicts as `account:10 violated`, for tests that are about nothing else. */
export function summary(verdicts: readonly Verdict[]): string[] {
  return verdicts.map((verdict) => {
    const { scope, id } = verdict.subject;
    const missing = verdict.result === 'indeterminate' ? ` ${verdict.missing.join(' ')}` : '';
    return `${scope}:${id} ${verdict.result}${missing}`;
  });
}

export function onlyViolated(verdicts: readonly Verdict[]): ViolatedVerdict {
  const found = verdicts.filter((verdict): verdict is ViolatedVerdict => verdict.result === 'violated');
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} verdicts are violated`);
  return first;
}

export function idsOf(calls: readonly Call[]): string[] {
  return calls.map(({ id }) => id).sort();
}
