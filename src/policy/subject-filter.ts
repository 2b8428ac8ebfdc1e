import { type Call, identityKey } from '../domain/call.js';
import type { FactSource } from '../domain/facts.js';
import type { SubjectFilter } from '../domain/rule.js';
import type { AggregateScope, Scope, Subject } from '../domain/scope.js';
import type { ThreeValued } from './fold.js';
import { type PrefixSet, prefixSet, startsWithAnyOf } from './operators.js';
import type { RuleNumbers } from './rule-numbers.js';

/** The keys of `only` and `except` that name something on a switch; `switches` is decided when a rule is compiled. */
const KEYS = ['accounts', 'customers', 'connections', 'vendors', 'cli', 'cld'] as const;
type FilterKey = (typeof KEYS)[number];

/** Which keys filter the subjects of a scope: those of its own or a wider scope. All others filter calls. */
const SUBJECT_KEYS: Readonly<Record<Scope, readonly FilterKey[]>> = {
  call: KEYS,
  account: ['accounts', 'customers'],
  customer: ['customers'],
  connection: ['connections', 'vendors'],
  vendor: ['vendors'],
  cli: ['cli'],
  switch: [],
};

const SCOPE_OF_KEY: Readonly<Record<Exclude<FilterKey, 'cld'>, AggregateScope>> = {
  accounts: 'account',
  customers: 'customer',
  connections: 'connection',
  vendors: 'vendor',
  cli: 'cli',
};

export type VendorsOf = (call: Call) => readonly number[];

/** Whether something is let in; `missing` names what is not known about it. */
export interface Admission {
  result: ThreeValued;
  missing: readonly string[];
}

/** `only` and `except` of one rule, made ready: prefixes normalised, keys sorted by what they filter. */
export interface CompiledFilter {
  /** Whether it can leave out or doubt any call at all. */
  filtersCalls: boolean;
  admitsCall(call: Call, vendorsOf: VendorsOf): boolean | 'unknown';
  /**
   * Whether an account or customer action may take this call along: every key of `except` counts, whatever it filters
   * otherwise, and so do the keys of `only` that filter calls. What is not known spares the call.
   */
  admitsTaken(call: Call, vendorsOf: VendorsOf): boolean;
  admitsSubject(subject: Subject, facts: FactSource, vendorsOf: VendorsOf): Admission;
}

interface KeyTest {
  key: FilterKey;
  ids: ReadonlySet<number>;
  prefixes: PrefixSet;
}

export function compileFilter(
  scope: Scope,
  only: SubjectFilter,
  except: SubjectFilter,
  numbers: RuleNumbers,
): CompiledFilter {
  const onSubjects = (test: KeyTest) => SUBJECT_KEYS[scope].includes(test.key);
  const [inner, outer] = [testsOf(only, numbers), testsOf(except, numbers)];
  const callTests = {
    only: inner.filter((test) => !onSubjects(test)),
    except: outer.filter((test) => !onSubjects(test)),
  };
  const subjectTests = { only: inner.filter(onSubjects), except: outer.filter(onSubjects) };
  return {
    filtersCalls: callTests.only.length + callTests.except.length > 0,
    admitsCall(call, vendorsOf) {
      const { result } = admission(callTests, (test) => testCall(test, call, vendorsOf));
      return result === 'missing' ? 'unknown' : result;
    },
    admitsTaken: (call, vendorsOf) =>
      admission({ only: callTests.only, except: outer }, (test) => testCall(test, call, vendorsOf)).result ===
      true,
    admitsSubject(subject, facts, vendorsOf) {
      if (subjectTests.only.length + subjectTests.except.length === 0) return ADMITTED;
      if (subject.scope !== 'call')
        return admission(subjectTests, (test) => testSubject(test, subject, facts, vendorsOf));
      const [call] = facts.callsOf(subject);
      return admission(subjectTests, (test) =>
        call === undefined ? 'missing' : testCall(test, call, vendorsOf),
      );
    },
  };
}

const ADMITTED: Admission = { result: true, missing: [] };

function testsOf(filter: SubjectFilter, numbers: RuleNumbers): KeyTest[] {
  return KEYS.flatMap((key): KeyTest[] => {
    if (key === 'cli' || key === 'cld') {
      const written = filter[key];
      if (written === undefined) return [];
      const prefixes = written.map(key === 'cli' ? numbers.callerPrefix : numbers.prefix);
      return [{ key, ids: new Set(), prefixes: prefixSet(prefixes) }];
    }
    const ids = filter[key];
    return ids === undefined ? [] : [{ key, ids: new Set(ids), prefixes: prefixSet([]) }];
  });
}

/** In by every `only` and out by no `except`; what is not known to be so is not let in, and not ruled out either. */
function admission(
  tests: { only: readonly KeyTest[]; except: readonly KeyTest[] },
  decide: (test: KeyTest) => ThreeValued,
): Admission {
  const missing: string[] = [];
  for (const [kind, wanted] of [
    ['only', true],
    ['except', false],
  ] as const) {
    for (const test of tests[kind]) {
      const result = decide(test);
      if (result === !wanted) return { result: false, missing: [] };
      if (result === 'missing') missing.push(attributeOf(test.key));
    }
  }
  return { result: missing.length === 0 ? true : 'missing', missing };
}

/** As the catalogue calls it; vendors have no fact of the call. */
function attributeOf(key: FilterKey): string {
  return key === 'cld' ? 'call.cld' : `call.${SCOPE_OF_KEY[key]}`;
}

function testCall({ key, ids, prefixes }: KeyTest, call: Call, vendorsOf: VendorsOf): ThreeValued {
  switch (key) {
    case 'vendors':
      if (vendorsOf(call).some((vendor) => ids.has(vendor))) return true;
      // The gatherer lists every vendor that a rule names, so a routed call which none of them lists is none of theirs.
      return call.connection === undefined ? 'missing' : false;
    case 'cli':
      return startsWith(call.cliNumber, prefixes);
    case 'cld':
      return startsWith(call.cldNumber, prefixes);
    default: {
      const id = call[SCOPE_OF_KEY[key] as 'account' | 'customer' | 'connection'];
      return id === undefined ? 'missing' : ids.has(id);
    }
  }
}

function startsWith(number: string | undefined, prefixes: PrefixSet): ThreeValued {
  return number === undefined ? 'missing' : startsWithAnyOf(number, prefixes);
}

function testSubject(
  { key, ids, prefixes }: KeyTest,
  subject: Subject,
  facts: FactSource,
  vendorsOf: VendorsOf,
): ThreeValued {
  if (key === 'cld') return 'missing';
  const scope = SCOPE_OF_KEY[key];
  const owner = subject.scope === scope ? subject : facts.widen(subject, scope);
  if (owner === undefined) {
    const isOfNoVendor = key === 'vendors' && noneListed(facts.callsOf(subject), vendorsOf);
    return isOfNoVendor ? false : 'missing';
  }
  return key === 'cli' ? startsWith(owner.id, prefixes) : ids.has(Number(owner.id));
}

/** Whether there are calls, and no vendor that the rule names lists any of them. */
function noneListed(calls: readonly Call[], vendorsOf: VendorsOf): boolean {
  return calls.length > 0 && calls.every((call) => vendorsOf(call).length === 0);
}

/** Which of the rule's vendors list a call; read from the fact source only where a rule names vendors at all. */
export function vendorLookup(vendors: readonly number[], facts: FactSource): VendorsOf {
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
