import type { Call } from './domain/call.js';
import type { FactSource } from './domain/facts.js';
import type { Rule, SubjectFilter } from './domain/rule.js';
import type { Subject } from './domain/scope.js';
import { type DecisionInput, vendorLookup } from './pass-decide.js';
import { FILTER_KEYS, filterAt } from './policy/expiring-entries.js';
import { createRuleNumbers } from './policy/rule-numbers.js';
import { type CompiledFilter, compileFilter } from './policy/subject-filter.js';

/** One key of `only`, or one entry of `except`, that leaves something out. */
export interface LeftOutBy {
  side: 'only' | 'except';
  key: (typeof FILTER_KEYS)[number];
  /** As written in `except`; undefined for `only`, of which no entry names it. */
  entry: string | number | undefined;
  /** First instant at which the entry holds no more; undefined where it has no end. */
  until: number | undefined;
  because: string | undefined;
  /** The field that the key asks for is not known, so it only may be left out. */
  perhaps: boolean;
}

/** Tells which parts of `only` and `except` leave something out; nothing where they let it in. */
export interface LeavingOut {
  ofSubject(subject: Subject, facts: FactSource): readonly LeftOutBy[];
  /** Whether the rule looks at the call. */
  ofCall(call: Call): readonly LeftOutBy[];
  /** Whether an action on a whole account or customer may take the call along. */
  ofTaken(call: Call): readonly LeftOutBy[];
  /** Entries that name this switch; such a rule is not judged on it while they hold. */
  ofSwitch(name: string): readonly LeftOutBy[];
}

interface Part {
  by: Omit<LeftOutBy, 'perhaps'>;
  filter: CompiledFilter;
}

/** Every key and entry is asked by itself, as the whole filter only tells that it leaves something out. */
export function createLeavingOut(
  rule: Rule,
  { snapshot, numbering }: Pick<DecisionInput, 'snapshot' | 'numbering'>,
): LeavingOut {
  const vendorsOf = vendorLookup(snapshot);
  const numbers = createRuleNumbers(numbering);
  const excepted = entriesOf(rule.except, snapshot.observedAt);
  const parts: Part[] = [
    ...FILTER_KEYS.flatMap((key): Part[] => {
      const entries = rule.only[key];
      if (entries === undefined) return [];
      const by = { side: 'only', key, entry: undefined, until: undefined, because: undefined } as const;
      return [{ by, filter: compileFilter(rule.scope, { [key]: entries }, {}, numbers) }];
    }),
    ...excepted.map((by) => ({
      by,
      filter: compileFilter(rule.scope, {}, { [by.key]: [by.entry] }, numbers),
    })),
  ];
  const found = (ask: (filter: CompiledFilter) => boolean | 'unknown' | 'missing') =>
    parts.flatMap(({ by, filter }) => {
      const result = ask(filter);
      return result === true ? [] : [{ ...by, perhaps: result !== false }];
    });
  return {
    ofSubject: (subject, facts) =>
      surely(found((filter) => filter.admitsSubject(subject, facts, vendorsOf).result)),
    ofCall: (call) => surestOf(found((filter) => filter.admitsCall(call, vendorsOf))),
    ofTaken: (call) => found((filter) => filter.admitsTaken(call, vendorsOf)),
    ofSwitch: (name) =>
      excepted
        .filter(({ key, entry }) => key === 'switches' && entry === name)
        .map((by) => ({ ...by, perhaps: false })),
  };
}

/** A subject of which something is not known is judged all the same. */
function surely(found: readonly LeftOutBy[]): readonly LeftOutBy[] {
  return found.filter(({ perhaps }) => !perhaps);
}

function surestOf(found: readonly LeftOutBy[]): readonly LeftOutBy[] {
  const sure = surely(found);
  return sure.length > 0 ? sure : found;
}

function entriesOf(except: SubjectFilter, now: number): readonly Omit<LeftOutBy, 'perhaps'>[] {
  const { expiring = [], ...lasting } = except;
  const written = FILTER_KEYS.flatMap((key) =>
    (lasting[key] ?? []).map((entry) => ({ key, entry, until: undefined, because: undefined })),
  );
  const holding = expiring.filter((one) => filterAt({ expiring: [one] }, now)[one.key] !== undefined);
  return [...written, ...holding].map(({ key, entry, until, because }) => ({
    side: 'except',
    key,
    entry,
    until,
    because,
  }));
}
