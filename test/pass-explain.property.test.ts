import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { connectSwitch } from '../src/cli/compose.js';
import { explanationInput } from '../src/cli/explanation-input.js';
import type { Config, SwitchConfig } from '../src/domain/config.js';
import type { PassReport } from '../src/domain/pass-report.js';
import type { RuleSet } from '../src/domain/rule.js';
import { type Subject, subjectText } from '../src/domain/scope.js';
import { FACT_CATALOGUE } from '../src/facts/catalogue.js';
import { createNumbering } from '../src/facts/numbering.js';
import { runPass } from '../src/pass.js';
import { type Explanation, explainRule } from '../src/pass-explain.js';
import type { ExplainInput } from '../src/pass-explain-input.js';
import { checkRules } from '../src/policy/check-rules.js';
import { compileRules } from '../src/policy/compile-rules.js';
import { type Simulator, startSimulator } from '../src/simulator/start-simulator.js';
import { openAuditReader } from '../src/store/audit-reader.js';
import { openStore } from '../src/store/open-store.js';
import { NOW } from './support/calls.js';
import { aConfig, aSwitchConfig } from './support/config.js';
import { aPassContext } from './support/pass-context.js';
import { tempDir } from './support/temp-store.js';

const never = new AbortController().signal;
const NUMBERING = createNumbering({ techPrefixes: [] });

/** What a generated switch goes through between two passes. */
interface Step {
  waitMs: number;
  added: readonly {
    owner: readonly (number | undefined)[];
    cld: string;
    state: 'Connected' | 'ARComplete';
    survives: boolean;
  }[];
  removes: boolean;
  pauses: 'pause' | 'resume' | undefined;
  /** Its listing is refused, so that the pass comes to nothing and windows have a gap. */
  fails: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  waitMs: fc.constantFrom(2000, 5000, 5000, 10_000, 31_000),
  added: fc.array(
    fc.record({
      // Of customer 2, and of 4, which is below it; the last one names no account.
      owner: fc.constantFrom([501, 2], [501, 2], [502, 2], [503, 4], [undefined, 2]),
      cld: fc.constantFrom('4930123', '4930124', '33612345678', '4930999', '112'),
      state: fc.constantFrom('Connected' as const, 'Connected' as const, 'ARComplete' as const),
      survives: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
  removes: fc.boolean(),
  pauses: fc.constantFrom('pause', 'resume', undefined, undefined, undefined),
  fails: fc.constantFrom(true, false, false, false, false, false),
});

const SCOPES = ['account', 'account', 'customer', 'cli', 'call', 'switch'] as const;

const aRuleText = fc
  .record({
    scope: fc.constantFrom(...SCOPES),
    mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'monitor'),
    priority: fc.constantFrom(1, 2, 3),
    over: fc.constantFrom(0, 1, 2),
    fact: fc.constantFrom('connectedCalls', 'totalCalls', 'callsStarted', 'distinctCld'),
    type: fc.constantFrom(
      'alert',
      'disconnectCall',
      'disconnectCall',
      'disconnectAccount',
      'disconnectCustomer',
    ),
    params: fc.constantFrom('', ', params: { keep: 1 }', ', params: { keep: 2, select: oldest }'),
    timing: fc.constantFrom('', '', 'for: 5s', 'for: 10s', 'cooldown: 10s', 'for: 5s, cooldown: 30s'),
    climbs: fc.constantFrom(
      '',
      '',
      'escalate: [ { after: 1, within: 1m, event: { type: disconnectCall } } ]',
    ),
    spares: fc.constantFrom(
      '',
      '',
      'except: { cld: ["336"] }',
      'except: { customers: [4] }',
      // An exception that ends after some of the passes, and a prefix that not all calls have.
      `except: { cld: [{ prefix: "4930", until: ${JSON.stringify(new Date(NOW + 8000).toISOString())}, because: a test }] }`,
      'only: { cld: ["49"] }',
    ),
    // Open until a minute that some of the passes reach, from it on, or always.
    open: fc.constantFrom(
      '',
      '',
      '',
      'schedule: [ { days: [mon], from: "08:00", to: "10:01", timezone: UTC } ]',
      'schedule: [ { days: [mon], from: "10:01", to: "18:00", timezone: UTC } ]',
    ),
    needs: fc.constantFrom('', '', '', 'needs: complete'),
  })
  .map((one) => {
    const windowed = one.fact === 'callsStarted' || one.fact === 'distinctCld';
    const condition =
      one.scope === 'call'
        ? `{ fact: call.duration, operator: greaterThan, value: ${one.over * 8} }`
        : `{ fact: ${one.scope}.${one.fact}${windowed ? ', params: { within: 1m }' : ''}, operator: greaterThan, value: ${one.over} }`;
    // What a rule of this scope may not do, it does call by call.
    const type =
      one.type.startsWith('disconnectA') && !['account', 'call', 'cli'].includes(one.scope)
        ? 'disconnectCall'
        : one.type;
    const event =
      type === 'disconnectCustomer' && !['account', 'customer', 'call'].includes(one.scope)
        ? 'disconnectCall'
        : type;
    const params = event === 'disconnectCall' && one.scope !== 'call' ? one.params : '';
    const climbs = event === 'disconnectCall' || one.scope === 'switch' ? '' : one.climbs;
    return [
      'name: NAME',
      `scope: ${one.scope}`,
      `mode: ${one.mode}`,
      `priority: ${one.priority}`,
      `conditions: { all: [ ${condition} ] }`,
      `event: { type: ${event}${params} }`,
      ...one.timing.split(', '),
      climbs,
      one.spares,
      one.open,
      one.needs,
    ]
      .filter((line) => line !== '')
      .join('\n');
  });

const aWorld = fc.record({
  rules: fc.array(aRuleText, { minLength: 1, maxLength: 3 }),
  caps: fc.constantFrom({}, {}, { perPass: 2 }, { perHour: 3 }, { sharePerPass: 0.25 }),
  mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'enforce' as const, 'monitor' as const),
  tree: fc.constantFrom(new Map<number, number>(), new Map([[4, 2]])),
  protect: fc.constantFrom([], [], [502]),
  steps: fc.array(step, { minLength: 2, maxLength: 5 }),
});

it('what an explanation says of each subject is what the pass does, told before it and long after it', async () => {
  await fc.assert(fc.asyncProperty(aWorld, goThrough), { numRuns: 15 });
}, 240_000);

it('does not take a call that was cut in place of a whole for the one that was judged', async () => {
  const connected = (cld: string) => ({ owner: [501, 2], cld, state: 'Connected' as const, survives: false });
  const nothing = { added: [], removes: false, pauses: undefined, fails: false };
  await goThrough({
    rules: [
      `name: NAME
scope: call
mode: enforce
priority: 1
conditions: { all: [ { fact: call.duration, operator: greaterThan, value: 0 } ] }
event: { type: disconnectCustomer }
for: 5s`,
    ],
    ...{ caps: {}, mode: 'enforce', tree: new Map(), protect: [] },
    steps: [
      { ...nothing, waitMs: 10_000, added: [connected('4930123')] },
      // The protected one withholds the whole, and the third has not been there for long.
      { ...nothing, waitMs: 2000, added: [connected('112'), connected('4930123')] },
    ],
  });
}, 60_000);

type World = typeof aWorld extends fc.Arbitrary<infer T> ? T : never;

async function goThrough(world: World): Promise<void> {
  const lab = await aLab(world);
  try {
    for (const one of world.steps) await lab.go(one);
    await lab.lookBack();
  } finally {
    await lab.close();
  }
}

async function aLab(world: World) {
  let now = NOW;
  const clock = () => now;
  const simulator = await startSimulator({
    seed: 1,
    traffic: 'none',
    clock,
    username: 'ops',
    password: 'secret',
  });
  const database = `${tempDir()}/callwarden.db`;
  const store = openStore(database, { clock });
  const switchConfig = aSwitchConfig({
    url: simulator.url,
    customerTree: world.tree,
    protect: { numbers: ['4930999'], accounts: world.protect, customers: [] },
  });
  const caps = { perPass: 50, perHour: 500, sharePerPass: 1, ...world.caps };
  const config = aConfig(database, switchConfig, { caps, mode: world.mode });
  const ruleSet = ruleSetOf(world.rules.map((rule, index) => rule.replace('NAME', `r${index}`)));
  const port = connectSwitch(switchConfig, clock);
  const names = ruleSet.rules.map(({ name }) => name);
  // As the service does once an exception has ended.
  const rulesNow = () =>
    compileRules(ruleSet, { catalogue: FACT_CATALOGUE, numbering: NUMBERING, switchName: 'lab', now });
  const context = aPassContext({
    ...{ port, store, clock, caps, configMode: world.mode, customerTree: world.tree, concurrency: 1 },
    protect: switchConfig.protect,
    matchProtectedNumber: (raw) => (raw === '112' || raw === '4930999' ? raw : undefined),
  });
  const known = new Map<string, Subject>();
  const passes: { at: number; did: Said; subjects: readonly Subject[] }[] = [];

  async function explainedAt(at: number | undefined, subjects: readonly Subject[]): Promise<Said> {
    const inputOf = (name: string) => inputFor(name, at, { config, switchConfig, ruleSet, clock });
    const found: Explanation[] = [];
    for (const name of names) {
      const input = await inputOf(name);
      const compiled = input.rules.find(({ rule }) => rule.name === name);
      if (compiled === undefined) continue;
      for (const subject of subjects)
        if (subject.scope === compiled.rule.scope) found.push(await explainRule(input, compiled, subject));
    }
    return saidBy(found);
  }

  const pass = () =>
    runPass(
      { ...context, rules: rulesNow() },
      { passId: String(now), actor: 'scheduler', dryRun: false, stop: never, abort: never },
    );

  return {
    async go({ waitMs, added, removes, pauses, fails }: Step) {
      change(simulator, added, removes);
      if (pauses === 'pause')
        await store.pauses.pause({
          switch: 'lab',
          at: now,
          until: now + 8000,
          reason: 'a test',
          actor: 'cli:anna',
        });
      if (pauses === 'resume')
        await store.pauses.resume('lab', { at: now, reason: 'a test', actor: 'cli:anna' });
      now += 1;
      for (const subject of subjectsOn(simulator)) known.set(subjectText(subject), subject);
      // Windows show who called a while ago too.
      const subjects = [...known.values()];
      if (fails) {
        simulator.setFaults([{ method: '*', kind: 'fault' }]);
        expect((await pass()).status).toBe('failed');
        simulator.setFaults([]);
        now += waitMs;
        return;
      }
      const foretold = await explainedAt(undefined, subjects);
      const lastId = newestId(database);
      const report = await pass();
      expect(report.status, String(report.error?.message)).toBe('completed');
      const did = doneBy(report, lastId, database);
      expect({ at: now, ...foretold }).toEqual({ at: now, ...did });
      passes.push({ at: now, did, subjects });
      now += waitMs;
    },
    async lookBack() {
      for (const { at, did, subjects } of passes)
        expect({ at, ...(await explainedAt(at, subjects)) }).toEqual({ at, ...did });
    },
    async close() {
      await port.close();
      store.close();
      await simulator.close();
    },
  };
}

function ruleSetOf(texts: readonly string[]): RuleSet {
  const files = texts.map((text, index) => ({ file: `rules/r${index}.yaml`, kind: 'rules' as const, text }));
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const { ruleSet, problems } = checkRules(files, FACT_CATALOGUE, sha256);
  if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  return ruleSet;
}

async function inputFor(
  name: string,
  at: number | undefined,
  parts: { config: Config; switchConfig: SwitchConfig; ruleSet: RuleSet; clock: () => number },
): Promise<ExplainInput> {
  const rule = parts.ruleSet.rules.find((one) => one.name === name);
  if (rule === undefined) throw new Error(`There is no rule ${name}.`);
  const output = { write: async () => undefined, isTerminal: false, columns: undefined };
  const found = await explanationInput({
    ...parts,
    rule,
    // Nothing but how far back it looks hangs on it.
    subject: { scope: 'account', id: '10' },
    at,
    context: {
      ...{ stdout: output, stderr: output, env: {}, clock: parts.clock },
      interrupted: () => never,
      setExitCode: () => undefined,
    },
  });
  if (found === undefined) throw new Error('The ledger does not reach there.');
  return found.input;
}

let lastCall = 100;

function change({ world }: Simulator, added: Step['added'], removes: boolean): void {
  const [first] = world.calls();
  if (removes && first !== undefined) world.removeCall(first.id);
  for (const {
    owner: [account, customer = 2],
    cld,
    state,
    survives,
  } of added) {
    lastCall += 1;
    world.addCall({
      ...{ id: String(lastCall), customer, cld, state, cli: `4420${customer}`, survivesDisconnect: survives },
      ...(account !== undefined && { account }),
    });
  }
}

function subjectsOn({ world }: Simulator): readonly Subject[] {
  return world
    .calls()
    .flatMap(({ id, account, customer, cli }): Subject[] => [
      { scope: 'call', id },
      ...(account === undefined ? [] : [{ scope: 'account' as const, id: String(account) }]),
      ...(customer === undefined ? [] : [{ scope: 'customer' as const, id: String(customer) }]),
      { scope: 'cli', id: cli },
      { scope: 'switch', id: 'lab' },
    ]);
}

/** Who violates what, what is done about it, and which calls that ends, or perhaps ends; in order. */
interface Said {
  violations: readonly string[];
  actions: readonly string[];
  cut: readonly string[];
  perhaps: readonly string[];
}

function saidBy(explained: readonly Explanation[]): Said {
  // Outside its schedule a rule is explained as though it were judged, which is said; it does nothing then.
  const judged = explained.filter(({ result }) => result !== 'outside-schedule');
  const violations = explained.filter(
    ({ result, inPass, held }) =>
      result === 'violated' && inPass === undefined && (held === undefined || held.reason === 'cooldown'),
  );
  const fated = (fate: string) =>
    explained.flatMap(({ calls }) =>
      calls.flatMap(({ call, fate: found }) =>
        found.fate === fate && (found.fate !== 'perhaps-cut' || found.reason === 'perhaps-taken')
          ? [call.id]
          : [],
      ),
    );
  return {
    violations: sorted(violations.map(({ rule, subject }) => `${rule.name} ${subjectText(subject)}`)),
    actions: sorted(
      judged.flatMap(({ rule, actions }) =>
        actions.map(({ action, decision, recordedAs }) => {
          const outcome = decision.kind === 'send' ? 'disconnected' : decision.kind;
          const reason = 'reason' in decision ? decision.reason : null;
          return `${rule.name} ${action.action} ${action.target}: ${outcome} ${reason} ${recordedAs ?? 'new'}`;
        }),
      ),
    ),
    cut: sorted(fated('cut')),
    perhaps: sorted(fated('perhaps-cut')),
  };
}

function doneBy(report: PassReport, lastId: number, database: string): Said {
  const records = newRecords(lastId, database).filter(({ action }) => action === 'disconnectCall');
  return {
    violations: sorted(report.violations.map(({ rule, subject }) => `${rule} ${subject}`)),
    actions: sorted(
      report.actions
        // What a safeguard tells beside what the rules ask for.
        .filter(({ action, reason }) => action !== 'alert' || reason === null || reason.endsWith('monitor'))
        .map(
          ({ id, rule, action, target, outcome, reason }) =>
            `${rule} ${action} ${target}: ${outcome} ${reason} ${action === 'alert' && id <= lastId ? id : 'new'}`,
        ),
    ),
    cut: sorted(records.filter(({ outcome }) => outcome === 'disconnected').map(({ target }) => target)),
    perhaps: sorted(records.filter(({ reason }) => reason === 'perhaps-taken').map(({ target }) => target)),
  };
}

function newRecords(lastId: number, database: string) {
  const reader = openAuditReader(database);
  try {
    return [...reader.query({})].filter(({ id }) => id > lastId);
  } finally {
    reader.close();
  }
}

function newestId(database: string): number {
  return Math.max(0, ...newRecords(0, database).map(({ id }) => id));
}

/** In order, each once. */
function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}
