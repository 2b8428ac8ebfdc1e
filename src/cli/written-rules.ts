import { parseDocument } from '../documents/located-document.js';
import { RULE_MODES } from '../domain/rule.js';
import type { RuleFileText } from '../domain/rule-files.js';
import { canonicalJson } from '../policy/canonical-json.js';

/** A rule or a shared condition as it is written, right or wrong. */
export interface Definition {
  file: string;
  isRule: boolean;
  /** All that it says, in one form, but for its mode and what is for people alone. */
  text: string;
  /** Of a rule, the higher the more it does: 0 for off. */
  power: number;
  /** Every word in it that may name a list, and the scopes and names of limits, as stockName names files: `list risky`, `limits`. */
  reads: ReadonlySet<string>;
  /** Keys of the shared conditions that it names itself. */
  uses: ReadonlySet<string>;
}

/** By `rule NAME` and `condition NAME`. */
export type WrittenRules = ReadonlyMap<string, Definition>;

/**
 * The rules and shared conditions of rule files, without a check: what a rule reads is to be known also where it does not fit
 * the lists beside it. A file that cannot be parsed has none.
 */
export function writtenRules(files: readonly RuleFileText[]): WrittenRules {
  return new Map(files.flatMap(definitionsIn));
}

/** Keys of the shared conditions that a definition draws on, whatever is between. */
export function conditionsOf(definition: Definition, written: WrittenRules): ReadonlySet<string> {
  const found = new Set<string>();
  const follow = ({ uses }: Definition) => {
    for (const key of uses) {
      if (found.has(key)) continue;
      found.add(key);
      const used = written.get(key);
      if (used !== undefined) follow(used);
    }
  };
  follow(definition);
  return found;
}

/** What a definition reads, itself or by its shared conditions. */
export function readsOf(definition: Definition, written: WrittenRules): ReadonlySet<string> {
  const all = [definition, ...[...conditionsOf(definition, written)].map((key) => written.get(key))];
  return new Set(all.flatMap((one) => [...(one?.reads ?? [])]));
}

function definitionsIn({ file, text }: RuleFileText): (readonly [string, Definition])[] {
  const parsed = parseDocument(text, file);
  if (!parsed.ok || !isRecord(parsed.document.value)) return [];
  const { value } = parsed.document;
  const { rules, conditions, name } = value;
  if (name !== undefined) return [asRule(value, file)];
  return [
    ...(Array.isArray(rules) ? rules.filter(isRecord).map((rule) => asRule(rule, file)) : []),
    ...(isRecord(conditions)
      ? Object.entries(conditions).map(([key, condition]) => asCondition(key, condition, file))
      : []),
  ];
}

function asRule(rule: Record<string, unknown>, file: string): readonly [string, Definition] {
  const { mode, description: _, $schema: __, ...rest } = rule;
  return [`rule ${String(rule['name'])}`, { ...definition(rest, file), isRule: true, power: powerOf(mode) }];
}

/** What is no mode is refused, and until then no lesser one. */
export function powerOf(mode: unknown): number {
  const rank = (RULE_MODES as readonly unknown[]).indexOf(mode);
  return rank === -1 ? RULE_MODES.length : RULE_MODES.length - 1 - rank;
}

function asCondition(name: string, condition: unknown, file: string): readonly [string, Definition] {
  return [`condition ${name}`, { ...definition(condition, file), isRule: false, power: 0 }];
}

function definition(value: unknown, file: string): Omit<Definition, 'isRule' | 'power'> {
  const found = { reads: new Set<string>(), uses: new Set<string>() };
  collect(value, found);
  return { file, text: canonicalJson(value), ...found };
}

function collect(value: unknown, found: { reads: Set<string>; uses: Set<string> }): void {
  if (typeof value === 'string') found.reads.add(`list ${value}`);
  else if (Array.isArray(value)) for (const child of value) collect(child, found);
  else if (isRecord(value)) {
    const { fact, condition } = value;
    if (typeof fact === 'string' && fact.endsWith('.limit')) found.reads.add('limits');
    if (typeof condition === 'string') found.uses.add(`condition ${condition}`);
    for (const child of Object.values(value)) collect(child, found);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
