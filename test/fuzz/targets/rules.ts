import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { knownRules, stageCase } from '../../../src/cli/case-decider.js';
import type { Problem } from '../../../src/domain/errors.js';
import type { RuleSet } from '../../../src/domain/rule.js';
import type { RuleFileText } from '../../../src/domain/rule-files.js';
import { FACT_CATALOGUE } from '../../../src/facts/catalogue.js';
import { createNumbering } from '../../../src/facts/numbering.js';
import { checkRules } from '../../../src/policy/check-rules.js';
import { compileRules } from '../../../src/policy/compile-rules.js';
import { readCases } from '../../../src/rule-tests/read-cases.js';
import { runCase } from '../../../src/rule-tests/run-case.js';
import { factsFor, yieldNow } from '../../policy/support.js';
import { aCall, aSnapshot, NOW } from '../../support/calls.js';
import { filesOf, textOf } from '../corpus.js';
import { damagedText } from '../mutate.js';
import { assert, type Reach, type Target, target } from '../target.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const NUMBERING = createNumbering({ country: 'DE', techPrefixes: ['0011#'] });
const SWITCHES = [
  { name: 'lab', numbering: NUMBERING, pollEveryMs: 5_000, treeKnown: true, ledgerKeptMs: 7 * 86_400_000 },
];

const shipped = filesOf('rules/', '.yaml').map(({ bytes }) => bytes.toString());
const EXTRA_RULES = [
  'rules:\n  - &a { name: a, scope: call, mode: enforce, conditions: { all: [{ fact: call.age, operator: greaterThan, value: 1 }] }, event: { type: disconnectCall } }\n',
  '{"name":"j","scope":"account","mode":"monitor","conditions":{"any":[{"fact":"account.connectedCalls","operator":"greaterThan","value":{"fact":"account.limit","params":{"name":"max","default":1}}}]},"event":{"type":"disconnectCall","params":{"select":"oldest","keep":1}}}',
  'conditions:\n  busy: { fact: account.totalCalls, operator: greaterThan, value: 0 }\nname: shared\nscope: account\nmode: enforce\nconditions: { all: [{ condition: busy }] }\nevent: { type: alert }\n',
];
/** Small, so that it is the checking that is tried and not the reading of ten thousand lines. */
const LISTS = [
  '49\n+882 # premium\n',
  '881\n882\n883\n',
  'prefix\n1900\n',
  '- "49"\n- 882\n',
  '[\n"49", 44]',
];
const LIMITS = [
  'scope,id,name,value\naccount,10,maxConcurrentCalls,3\n',
  'scope,id,name,value,switch\naccount,10,max,0.5,lab\n',
];

const WORDS = [
  ...[
    'name: a\n',
    'scope: call\n',
    'mode: enforce\n',
    'mode: off\n',
    'conditions:',
    'all:',
    'any:',
    'not:',
    '- ',
    '\n',
    '\n  ',
  ],
  ...[
    'fact: ',
    'operator: ',
    'value: ',
    'params: ',
    'event:',
    'type: alert',
    'select: newest',
    'keep: ',
    'where: ',
  ],
  ...[
    'account.connectedCalls',
    'call.age',
    'call.cld',
    'cli.distinctCld',
    'switch.totalCalls',
    'greaterThan',
    'in',
  ],
  ...[
    'startsWithAnyOf',
    'inNetwork',
    '192.0.2.0/24',
    '::/0',
    'for: 10s',
    'cooldown: 1ms',
    'within: 24h',
    'until: 2026-02-30',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    "'",
    '&a ',
    '*a',
    '<<: ',
    '!!js/function ',
    '|',
    '>',
    '#',
    '%',
    '@',
    '`',
    '\t',
    '---\n',
    '? ',
  ],
  ...[
    'null',
    '~',
    'true',
    '.nan',
    '.inf',
    '-0',
    '1e400',
    '0x1f',
    '0o7',
    '9007199254740993',
    '2026-01-01',
    '__proto__: 1\n',
  ],
  ...[
    'constructor',
    'toString',
    '\u0000',
    '\u202e',
    '\ufeff',
    '\ud800',
    '\u2028',
    '{ '.repeat(120),
    '[ '.repeat(500),
    'a'.repeat(300),
  ],
  ...[
    'schedule: [{ timezone: Europe/Kyiv }]',
    'escalate: [{ after: 1, within: 1m }]',
    'only: { customers: [2] }',
    'except: ',
  ],
];

const ruleText = damagedText([...shipped, ...EXTRA_RULES], WORDS);
const listText = damagedText(LISTS, WORDS);
const limitsText = damagedText(LIMITS, [
  ...WORDS,
  ',',
  '\r\n',
  '"',
  'scope,id,name,value\n',
  'account,1,x,-1\n',
]);

const files = fc.record({
  rule: ruleText,
  asJson: fc.boolean(),
  list: fc.oneof({ weight: 2, arbitrary: fc.constant('49\n882\n') }, listText),
  listEnding: fc.constantFrom('.txt', '.csv', '.yaml', '.json'),
  limits: fc.oneof({ weight: 2, arbitrary: fc.constant(LIMITS[0] ?? '') }, limitsText),
});

interface Files {
  rule: string;
  asJson: boolean;
  list: string;
  listEnding: string;
  limits: string;
}

/** The calls that an accepted rule is judged on: fields missing, states unknown, texts of a hostile caller. */
const hostileText = fc.oneof(
  fc.constantFrom(
    '',
    '112',
    '+49 (0)30',
    '\u001b[31m',
    '\u202e99',
    '__proto__',
    'constructor',
    '9'.repeat(300),
    'alice@b',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const unknown = <T>(known: fc.Arbitrary<T>) => fc.option(known, { nil: undefined, freq: 4 });
const anyNumber = fc.oneof(fc.nat(20), fc.constantFrom(0, 0.5, 1e308, Number.MAX_SAFE_INTEGER));
const callChanges = fc.record({
  cli: unknown(hostileText),
  cliNumber: unknown(hostileText),
  cld: unknown(hostileText),
  cldNumber: unknown(hostileText),
  account: unknown(fc.nat(3)),
  customer: unknown(fc.nat(3)),
  connection: unknown(fc.nat(3)),
  state: fc.oneof(fc.constantFrom('Connected', 'Idle', 'Dead', 'Parked'), hostileText),
  direction: unknown(hostileText),
  callerMediaIp: unknown(fc.oneof(fc.constantFrom('192.0.2.1', '::1', '999.1.1.1'), hostileText)),
  delay: unknown(anyNumber),
  age: unknown(anyNumber),
});
const snapshots = fc
  .array(callChanges, { maxLength: 6 })
  .map((list) => aSnapshot(list.map((changes, index) => aCall({ ...changes, id: String(index + 1) }))));

function filesFrom({ rule, asJson, list, listEnding, limits }: Files): RuleFileText[] {
  const names = ['high-risk-prefixes', 'costly-prefixes', 'pumping-prefixes'];
  return [
    { file: asJson ? 'rules/r.json' : 'rules/r.yaml', kind: 'rules', text: rule },
    { file: `rules/lists/${names[0]}${listEnding}`, kind: 'list', text: list },
    ...names
      .slice(1)
      .map((name): RuleFileText => ({ file: `rules/lists/${name}.txt`, kind: 'list', text: '49\n' })),
    { file: 'rules/limits.csv', kind: 'limits', text: limits },
  ];
}

/** A person finds every problem: it names a file that was given and a line in it, and is a sentence. */
function arePlaced(problems: readonly Problem[], given: readonly { file: string; text: string }[]): void {
  for (const problem of problems) {
    const { file, location, message } = problem;
    const written = given.find((one) => one.file === file);
    assert(written !== undefined, `names ${file}: ${message}`);
    assert(location !== undefined, `has no place: ${message}`);
    const lines = written.text.split(/\r\n|[\r\n]/).length;
    assert(
      location.line >= 1 && location.line <= lines && location.column >= 1,
      `line ${location.line} of ${lines}: ${message}`,
    );
    assert(/[.?!]$/.test(message), `is no sentence: ${message}`);
    assert(message.length < 2_000, `${message.length} characters: ${message.slice(0, 200)}`);
  }
}

async function judgesAnything(ruleSet: RuleSet, snapshot: ReturnType<typeof aSnapshot>): Promise<void> {
  const options = { catalogue: FACT_CATALOGUE, numbering: NUMBERING, switchName: 'lab', now: NOW };
  for (const compiled of compileRules(ruleSet, options)) {
    assert(typeof compiled.active(NOW) === 'boolean', 'a schedule that is neither open nor closed');
    const verdicts = await compiled.judge(factsFor(compiled, snapshot, ruleSet.limits), { yieldNow });
    for (const verdict of verdicts) {
      if (verdict.result !== 'violated') continue;
      assert(Number.isInteger(verdict.keep) && verdict.keep >= 0, `keeps ${verdict.keep}`);
      for (const { state } of verdict.pool) assert(state !== 'Dead', 'takes a call that is over');
    }
  }
}

async function holdsForRules(
  [given, snapshot]: [Files, ReturnType<typeof aSnapshot>],
  reach: Reach,
): Promise<void> {
  const texts = filesFrom(given);
  const { ruleSet, problems } = checkRules(texts, FACT_CATALOGUE, sha256, SWITCHES, NOW);
  const errors = problems.filter(({ severity }) => severity === 'error');
  assert(
    (ruleSet === undefined) === errors.length > 0,
    `${errors.length} errors, and ${ruleSet === undefined ? 'refused' : 'taken'}`,
  );
  arePlaced(problems, texts);
  if (ruleSet === undefined) return;
  reach('accepted');
  await judgesAnything(ruleSet, snapshot);
}

const shippedFiles: readonly RuleFileText[] = [
  ...filesOf('rules/', '.yaml').map(
    ({ name, bytes }): RuleFileText => ({ file: name, kind: 'rules', text: bytes.toString() }),
  ),
  ...filesOf('rules/lists/', '.txt').map(
    ({ name, bytes }): RuleFileText => ({ file: `lists/${name}`, kind: 'list', text: bytes.toString() }),
  ),
];
const { ruleSet: SHIPPED } = checkRules(shippedFiles, FACT_CATALOGUE, sha256);

/** Each with what stands above `cases:`, since one damage spoils a file with many. */
function singleCases(file: string): string[] {
  const [head = '', ...cases] = textOf(file).split(/^ {2}- name:/m);
  return cases.map((one) => `${head}  - name:${one}`);
}

const CASES = ['account-concurrent-calls', 'maximum-duration', 'stuck-setups', 'sequential-scan'].flatMap(
  (name) => singleCases(`rules/tests/${name}.yaml`),
);
const CASE_WORDS = [
  ...WORDS,
  ...[
    'calls:',
    'count: 3',
    'every: 1s',
    'for: 1m',
    'from: 0s',
    'at: 5s',
    '100000000d',
    '-8d',
    'expect:',
    'actions: []',
    'history: 1d',
    'strict: true',
    'rules: [account-concurrent-calls]',
  ],
];

/** What is accepted can be played, unless it is so long that playing it would hold up the test. */
async function holdsForCases(text: string, reach: Reach): Promise<void> {
  if (SHIPPED === undefined) throw new Error('the shipped rules have a problem');
  const given = { file: 'rules/tests/some.yaml', text };
  const { cases, problems } = readCases([given], knownRules(SHIPPED));
  arePlaced(
    problems.filter(({ location }) => location !== undefined),
    [given],
  );
  const [first] = cases;
  if (first === undefined || first.polls.length > 50 || first.calls.length > 200) return;
  reach('accepted');
  await runCase(first, stageCase(first, SHIPPED));
}

export const RULE_TARGETS: readonly Target[] = [
  target('damaged rules, lists and limits', 500, fc.tuple(files, snapshots), holdsForRules),
  target('damaged cases of rules', 150, damagedText(CASES, CASE_WORDS), holdsForCases),
];
