import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { whyOf } from '../src/cli/explanation-why.js';
import type { ActionReport } from '../src/domain/action.js';
import { type Call, type CallIdentity, identityKey } from '../src/domain/call.js';
import type { CustomerTree } from '../src/domain/config.js';
import { asStated } from '../src/domain/customer-tree.js';
import type { Holding } from '../src/domain/ledger.js';
import type { Pause } from '../src/domain/pause.js';
import { subjectText } from '../src/domain/scope.js';
import { createCallHistory } from '../src/facts/call-history.js';
import { FACT_CATALOGUE } from '../src/facts/catalogue.js';
import { createProtectedNumbers } from '../src/facts/protected-numbers.js';
import { readCalls } from '../src/gather/read-calls.js';
import { runPass } from '../src/pass.js';
import { type Explanation, explainRule } from '../src/pass-explain.js';
import type { ExplainInput } from '../src/pass-explain-input.js';
import { createProtection } from '../src/plan/protection.js';
import { checkRules } from '../src/policy/check-rules.js';
import { type CompiledRule, compileRules } from '../src/policy/compile-rules.js';
import { aCall, aSnapshot, calls, NOW, onNetPair } from './support/calls.js';
import { fakeSwitch } from './support/fake-switch.js';
import { aPassContext, NUMBERING } from './support/pass-context.js';
import { tempStore } from './support/temp-store.js';

const never = new AbortController().signal;

interface Scene {
  rules: string;
  listed: readonly Call[];
  protect?: { accounts: number[]; customers: number[] };
  tree?: CustomerTree;
  caps?: { perPass?: number; perHour?: number; sharePerPass?: number };
}

function compiled(text: string): readonly CompiledRule[] {
  const { ruleSet, problems } = checkRules(
    [{ file: 'rules/test.yaml', kind: 'rules', text }],
    FACT_CATALOGUE,
    (one) => createHash('sha256').update(one).digest('hex'),
  );
  if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  return compileRules(ruleSet, {
    catalogue: FACT_CATALOGUE,
    numbering: NUMBERING,
    switchName: 'lab',
    now: NOW,
  });
}

/** The same input as a pass has that lists these calls at NOW. */
function inputOf(
  { rules, listed, protect = { accounts: [], customers: [] }, tree = new Map(), caps }: Scene,
  changes: Partial<ExplainInput> = {},
): ExplainInput {
  const read = readCalls(listed, NUMBERING, { requestedAt: NOW, receivedAt: NOW + 20, serverDate: NOW });
  const snapshot = aSnapshot(read);
  const history = createCallHistory({ numbering: NUMBERING, switchName: 'lab' });
  history.observe(snapshot, { intervalMs: 5000, cuts: changes.recentlyDisconnected ?? [] });
  const numbers = createProtectedNumbers([], NUMBERING);
  return {
    snapshot,
    history,
    rules: compiled(rules),
    numbering: NUMBERING,
    limits: [],
    caps: { perPass: 50, perHour: 500, sharePerPass: 1, ...caps },
    customerTree: tree,
    protection: createProtection(protect, asStated(tree), (raw) => numbers.match(raw)),
    recentlyDisconnected: [],
    holding: [],
    acted: [],
    intervalMs: 5000,
    yieldNow: () => Promise.resolve(),
    configMode: 'enforce',
    takenLastHour: 0,
    ...changes,
  };
}

async function explain(
  scene: Scene,
  subject: string,
  { rule, asked, ...changes }: Partial<ExplainInput> & { rule?: string; asked?: string } = {},
): Promise<Explanation> {
  const input = inputOf(scene, changes);
  const chosen = input.rules.find((one) => rule === undefined || one.rule.name === rule);
  if (chosen === undefined) throw new Error(`There is no rule ${rule}.`);
  const [scope = '', id = ''] = subject.split(':');
  return explainRule(input, chosen, { scope: scope as 'account', id }, asked);
}

/** What a real pass does with the same calls, on a switch that is there. */
async function passOn(
  { rules, listed, protect, tree, caps }: Scene,
  pause?: Pause,
): Promise<readonly ActionReport[]> {
  const { store } = tempStore();
  if (pause !== undefined) await store.pauses.pause(pause);
  const clock = () => NOW;
  const context = aPassContext({
    port: fakeSwitch(listed, clock),
    store,
    clock,
    rules: compiled(rules),
    ...(protect && { protect }),
    ...(tree && { customerTree: tree }),
    caps: { perPass: 50, perHour: 500, sharePerPass: 1, ...caps },
  });
  const options = { passId: 'one', actor: 'scheduler', dryRun: false, stop: never, abort: never };
  const { error, actions } = await runPass(context, options);
  expect(error).toBeNull();
  return actions;
}

/** Actions as `what target: fate (why)`, sorted: requests end in any order. */
const done = (actions: readonly ActionReport[]) =>
  actions
    .filter(({ rule, action }) => rule !== '' && action !== 'alert')
    .map(
      ({ action, target, outcome, reason }) =>
        `${action} ${target}: ${outcome === 'disconnected' ? 'send' : outcome}${reason === null ? '' : ` (${reason})`}`,
    )
    .sort();
const foreseen = ({ actions }: Explanation) =>
  actions
    .map(
      ({ action, decision }) =>
        `${action.action} ${action.target}: ${decision.kind}${'reason' in decision ? ` (${decision.reason})` : ''}`,
    )
    .sort();
const fates = (explanation: Explanation) =>
  Object.fromEntries(
    explanation.calls.map(({ call, fate }) => {
      const why = fate.fate === 'taken' ? fate.by : 'reason' in fate ? fate.reason : undefined;
      return [call.id, why === undefined ? fate.fate : `${fate.fate} ${why}`];
    }),
  );

const rule = (name: string, event: string, more = '', over = 3) => `
  - name: ${name}
    scope: account
    mode: enforce
    conditions: { all: [ { fact: account.connectedCalls, operator: greaterThan, value: ${over} } ] }
    event: ${event}
${more}`;
const one = (...texts: string[]) => `rules:${texts.join('')}`;
const WHOLE = '{ type: disconnectAccount }';
const KEEP_3 = '{ type: disconnectCall, params: { keep: 3 } }';

describe('an explanation of an account or customer action', () => {
  const emergency = aCall({ id: '9', cld: '112', cldNumber: '112' });
  const scenes: [string, Scene, Record<string, string>][] = [
    [
      'holds a protected account back whole',
      { rules: one(rule('whole', WHOLE)), listed: calls(4), protect: { accounts: [10], customers: [] } },
      Object.fromEntries(['1', '2', '3', '4'].map((id) => [id, 'withheld protected-account'])),
    ],
    [
      'cuts one by one around an emergency call',
      { rules: one(rule('whole', WHOLE)), listed: [...calls(3), emergency] },
      { '1': 'cut', '2': 'cut', '3': 'cut', '9': 'withheld protected-number' },
    ],
    [
      'spares an excepted child of a customer',
      {
        rules: `
name: tree
scope: customer
mode: enforce
conditions: { all: [ { fact: customer.totalCalls, operator: greaterThan, value: 1 } ] }
event: { type: disconnectCustomer }
except: { customers: [3] }
`,
        listed: [...calls(2), aCall({ id: '8', customer: 3, account: 30 })],
        tree: new Map([[3, 2]]),
      },
      { '1': 'cut', '2': 'cut', '8': 'left-out excepted' },
    ],
    [
      'takes all where nothing stands against it',
      { rules: one(rule('whole', WHOLE)), listed: calls(4) },
      { '1': 'cut', '2': 'cut', '3': 'cut', '4': 'cut' },
    ],
    [
      'says that a cap is used up',
      { rules: one(rule('whole', WHOLE)), listed: calls(4), caps: { perPass: 3 } },
      Object.fromEntries(['1', '2', '3', '4'].map((id) => [id, 'withheld cap-per-pass'])),
    ],
    [
      'lets the calls that are cut one by one use the caps in their order',
      {
        rules: one(rule('whole', WHOLE)),
        listed: [...calls(3), emergency],
        caps: { perPass: 3, perHour: 3 },
      },
      { '1': 'cut', '2': 'cut', '3': 'cut', '9': 'withheld protected-number' },
    ],
  ];

  it.each(scenes)('%s, as the pass does', async (_, scene, expected) => {
    const subject = scene.rules.includes('name: tree') ? 'customer:2' : 'account:10';
    const explanation = await explain(scene, subject);
    expect(foreseen(explanation)).toEqual(done(await passOn(scene)));
    expect(fates(explanation)).toEqual(expected);
  });

  it.each(scenes)(
    'foresees what a pass does while acting is paused, where it otherwise %s',
    async (_, scene) => {
      const pause = { switch: undefined, at: NOW, until: undefined, reason: 'a test', actor: 'cli:anna' };
      const subject = scene.rules.includes('name: tree') ? 'customer:2' : 'account:10';
      const explanation = await explain(scene, subject, { pause });
      expect(foreseen(explanation)).toEqual(done(await passOn(scene, pause)));
      expect(Object.values(fates(explanation))).not.toContain('cut');
      expect(whyOf(explanation).map(({ reason }) => reason)).toContain('paused');
    },
  );
});

describe('an account or customer action that something stands in the way of', () => {
  const emergency = aCall({ id: '9', cld: '112', cldNumber: '112' });
  const reasons = (explanation: Explanation) => whyOf(explanation).map(({ reason }) => reason);

  it('names the protected call, also one of which nobody knows yet whose it is', async () => {
    const unborn = aCall({ id: '9', account: undefined, state: 'WaitRoute', cld: '112', cldNumber: '112' });
    const scene = { rules: one(rule('whole', WHOLE)), listed: [...calls(4), unborn] };
    const explanation = await explain(scene, 'account:10');
    expect(foreseen(explanation)).toEqual(done(await passOn(scene)));
    expect(fates(explanation)).toMatchObject({ '1': 'cut', '9': 'withheld protected-number' });
    expect(reasons(explanation)).toEqual(['takes-protected', 'protected-number']);
  });

  it('is told of a protected call too where a cap stops the whole before anybody looks at its calls', async () => {
    const scene = {
      rules: one(rule('whole', WHOLE)),
      listed: [...calls(4), emergency],
      caps: { perHour: 0 },
    };
    const explanation = await explain(scene, 'account:10');
    expect(foreseen(explanation)).toEqual(done(await passOn(scene)));
    expect(fates(explanation)).toMatchObject({
      '1': 'withheld cap-per-hour',
      '9': 'withheld protected-number',
    });
    expect(reasons(explanation)).toEqual(['cap-per-hour', 'takes-protected', 'protected-number']);
  });

  it('names what else protects such a call, and that the rule excepts it besides', async () => {
    const scene = {
      rules: one(rule('whole', WHOLE, '    except: { cld: ["112"] }', 2)),
      listed: [...calls(3), { ...emergency, customer: 5 }],
      protect: { accounts: [], customers: [5] },
    };
    const explanation = await explain(scene, 'account:10');
    expect(foreseen(explanation)).toEqual(done(await passOn(scene)));
    const held = explanation.calls.find(({ call }) => call.id === '9');
    expect(held?.fate).toEqual({
      fate: 'withheld',
      reason: 'protected-number',
      others: ['protected-customer', 'excepted'],
    });
    expect(reasons(explanation)).toEqual(['takes-protected', 'protected-number', 'protected-customer']);
  });

  const LONG = `
name: long
scope: call
mode: enforce
conditions: { all: [ { fact: call.duration, operator: greaterThan, value: 3 } ] }
event: { type: disconnectAccount }
`;

  it('is explained for each of the subjects that ask for it, of which it is planned for the first', async () => {
    const scene = { rules: LONG, listed: [...calls(2), emergency] };
    const expected = { '1': 'cut', '2': 'cut', '9': 'withheld protected-number' };
    for (const subject of ['call:1', 'call:2', 'call:9']) {
      const explanation = await explain(scene, subject);
      expect(foreseen(explanation)).toEqual(done(await passOn(scene)));
      expect(fates(explanation)).toEqual(expected);
      expect(reasons(explanation)).toEqual(['takes-protected', 'protected-number']);
      expect(explanation.sharedWith.map((one) => subjectText(one.subject))).toEqual(
        subject === 'call:1' ? [] : ['call:1'],
      );
    }
  });

  it('leaves a call cut that a later action of the same rule may not take', async () => {
    const scene = {
      rules: one(rule('whole', '{ type: disconnectCustomer }')),
      listed: [...calls(3), aCall({ id: '8', customer: 3 }), emergency],
      tree: new Map([[3, 2]]),
      caps: { perHour: 4 },
    };
    const explanation = await explain(scene, 'account:10');
    expect(foreseen(explanation)).toEqual(done(await passOn(scene)));
    expect(foreseen(explanation)).toContain('disconnectCustomer 3: withheld (cap-per-hour)');
    expect(fates(explanation)['8']).toBe('cut');
  });

  it('is too large a share of the calls that earlier actions have left', async () => {
    const scene = {
      rules: one(
        rule('first', WHOLE, '    priority: 2\n    only: { accounts: [10] }'),
        rule('whole', WHOLE, '    only: { accounts: [11] }'),
      ),
      listed: [...calls(20), ...calls(20, { account: 11 }, 100), ...calls(45, { account: 12 }, 200)],
      caps: { sharePerPass: 0.25 },
    };
    const explanation = await explain(scene, 'account:11', { rule: 'whole' });
    expect(foreseen(explanation)).toEqual(done(await passOn(scene)).filter((one) => one.includes(' 11')));
    expect(fates(explanation)['100']).toBe('withheld cap-share');
  });

  it('shows the calls that it may take along, and what becomes of them', async () => {
    const scene = {
      rules: one(rule('whole', '{ type: disconnectCustomer }')),
      listed: [...calls(4), aCall({ id: '8', customer: 3, account: 30 })],
    };
    expect(fates(await explain(scene, 'account:10'))['8']).toBe('perhaps-cut perhaps-taken');
    expect(fates(await explain(scene, 'account:10', { configMode: 'monitor' }))['8']).toBe(
      'perhaps-cut config-monitor',
    );
    expect(fates(await explain({ ...scene, caps: { perHour: 0 } }, 'account:10'))['8']).toBe(
      'perhaps-cut cap-per-hour',
    );
  });
});

describe('all that stands in the way is told at once', () => {
  const pause = { switch: undefined, at: NOW, until: undefined, reason: 'a test', actor: 'cli:anna' };
  const reasons = (explanation: Explanation) => whyOf(explanation).map(({ reason }) => reason);
  const guarded = { protect: { accounts: [10], customers: [] } };
  const acted = (text: string) => [
    {
      rule: 'cap',
      ruleHash: compiled(text)[0]?.rule.hash ?? '',
      subject: 'account:10',
      at: NOW - 5000,
      passId: '1',
    },
  ];

  it('the modes of rule and config, the pause, and protection', async () => {
    const watching = one(rule('cap', KEEP_3).replace('mode: enforce', 'mode: monitor'));
    const explanation = await explain({ rules: watching, listed: calls(5), ...guarded }, 'account:10', {
      configMode: 'monitor',
      pause,
    });
    expect(reasons(explanation)).toEqual(['protected-account', 'rule-monitor', 'config-monitor', 'paused']);
  });

  it('a cap behind a pause', async () => {
    const scene = { rules: one(rule('cap', KEEP_3)), listed: calls(5), caps: { perPass: 1 } };
    expect(reasons(await explain(scene, 'account:10', { pause }))).toEqual(['cap-per-pass', 'paused']);
  });

  it('for and cooldown, and what would come once both are over', async () => {
    const text = one(rule('cap', KEEP_3, '    for: 1m\n    cooldown: 1m'));
    const scene = { rules: text, listed: calls(5), ...guarded };
    const explanation = await explain(scene, 'account:10', { acted: acted(text), pause });
    expect(reasons(explanation)).toEqual(['for', 'cooldown', 'protected-account', 'paused']);
    expect(fates(explanation)).not.toHaveProperty('1', 'cut');
  });

  it('a pool that is too small, behind a cooldown', async () => {
    const text = one(rule('cap', '{ type: disconnectCall, params: { keep: 9 } }', '    cooldown: 1m'));
    expect(
      reasons(await explain({ rules: text, listed: calls(5) }, 'account:10', { acted: acted(text) })),
    ).toEqual(['cooldown', 'keep']);
  });

  it('but no pause in the way of an alert', async () => {
    const scene = { rules: one(rule('watch', '{ type: alert }')), listed: calls(5) };
    expect(reasons(await explain(scene, 'account:10', { pause, configMode: 'monitor' }))).toEqual([
      'config-monitor',
    ]);
  });

  it('and nothing of other subjects that time holds back as well', async () => {
    const text = one(rule('cap', KEEP_3, '    for: 1m'));
    const others = calls(5, { account: 11, customer: 3 }, 20);
    const scene = { rules: text, listed: [...calls(5), ...others], caps: { perPass: 2 } };
    expect(reasons(await explain(scene, 'account:11'))).toEqual(['for']);
    expect(reasons(await explain(scene, 'account:10'))).toEqual(['for']);
  });
});

describe('a violation that cuts nothing', () => {
  it('is none once calls that were disconnected a moment ago are gone, and says so of each', async () => {
    const listed = calls(5);
    const recentlyDisconnected: readonly CallIdentity[] = listed.slice(3);
    const explanation = await explain({ rules: one(rule('cap', KEEP_3)), listed }, 'account:10', {
      recentlyDisconnected,
    });
    expect(explanation.result).toBe('clear');
    expect(fates(explanation)).toMatchObject({
      '3': 'kept',
      '4': 'gone recently-disconnected',
      '5': 'gone recently-disconnected',
    });
  });

  it('is of nobody where the call itself was disconnected a moment ago', async () => {
    const rules = `
name: long
scope: call
mode: enforce
conditions: { all: [ { fact: call.duration, operator: greaterThan, value: 3 } ] }
event: { type: disconnectCall }
`;
    const listed = calls(2);
    const explanation = await explain({ rules, listed }, 'call:2', { recentlyDisconnected: listed.slice(1) });
    expect(explanation.result).toBe('recently-disconnected');
    expect(fates(explanation)).toEqual({ '2': 'gone recently-disconnected' });
  });

  it('has an empty pool where `where` lets no call in', async () => {
    const event =
      '{ type: disconnectCall, params: { where: { all: [ { fact: call.duration, operator: greaterThan, value: 100 } ] } } }';
    const explanation = await explain({ rules: one(rule('cap', event)), listed: calls(5) }, 'account:10');
    expect(explanation).toMatchObject({
      result: 'violated',
      actions: [],
      pool: { size: 0, keep: 0, where: true },
    });
    expect(fates(explanation)['1']).toBe('kept where');
  });

  it('has a pool no larger than what stays', async () => {
    const event = '{ type: disconnectCall, params: { keep: 9 } }';
    const explanation = await explain({ rules: one(rule('cap', event)), listed: calls(5) }, 'account:10');
    expect(explanation).toMatchObject({ result: 'violated', actions: [], pool: { size: 5, keep: 9 } });
    expect(fates(explanation)['1']).toBe('kept keep');
  });

  it('is none in a pass, where a rule that is planned before takes the calls', async () => {
    const first = `
  - name: first
    priority: 9
    scope: call
    mode: enforce
    conditions: { all: [ { fact: call.cld, operator: startsWithAnyOf, value: ["882"] } ] }
    event: { type: disconnectCall }`;
    const listed = [...calls(3), aCall({ id: '4', cld: '88212345678', cldNumber: '88212345678' })];
    const scene = { rules: one(first, rule('cap', KEEP_3)), listed };
    const explanation = await explain(scene, 'account:10', { rule: 'cap' });
    expect(explanation).toMatchObject({ result: 'violated', inPass: 'clear', actions: [] });
    expect(fates(explanation)).toMatchObject({ '1': 'kept', '4': 'taken first' });
    expect(done(await passOn(scene))).toEqual(['disconnectCall 4: send']);
  });
});

describe('the calls of an explanation', () => {
  const TREE = (more: string) => `
name: tree
scope: customer
mode: enforce
conditions: { all: [ { fact: customer.connectedCalls, params: { recursive: true }, operator: greaterThan, value: 2 } ] }
event: { type: disconnectCall, params: { keep: 1 } }
${more}`;
  const child = (id: string) => aCall({ id, customer: 3, account: 30 });

  it('are those of descendants too where the rule counts and takes them', async () => {
    const scene = { rules: TREE(''), listed: [...calls(1), child('8'), child('9')], tree: new Map([[3, 2]]) };
    const explanation = await explain(scene, 'customer:2');
    expect(foreseen(explanation)).toEqual(done(await passOn(scene)));
    expect(Object.keys(fates(explanation)).sort()).toEqual(['1', '8', '9']);
    expect(Object.values(fates(explanation)).sort()).toEqual(['cut', 'cut', 'kept keep']);
  });

  it('say of excepted descendants that they are left out', async () => {
    const scene = {
      rules: TREE('except: { customers: [3] }'),
      listed: [...calls(4), child('8')],
      tree: new Map([[3, 2]]),
    };
    expect(fates(await explain(scene, 'customer:2'))).toMatchObject({ '8': 'left-out excepted' });
  });

  it('are those that only or except leave out too, and tell one whose field is not known', async () => {
    const listed = [
      ...calls(4),
      aCall({ id: '8', cld: '4980012345' }),
      aCall({ id: '9', cld: undefined, cldNumber: undefined }),
    ];
    const rules = one(rule('cap', KEEP_3, '    except: { cld: ["49800"] }'));
    expect(fates(await explain({ rules, listed }, 'account:10'))).toEqual({
      '1': 'kept keep',
      '2': 'kept keep',
      '3': 'kept keep',
      '4': 'cut',
      '8': 'left-out excepted',
      '9': 'left-out perhaps-excepted',
    });
  });

  it('are there where the rule looks at none of them: the subject is left out, not absent', async () => {
    const rules = one(rule('cap', KEEP_3, '    except: { cld: ["4930"] }'));
    const explanation = await explain({ rules, listed: calls(2) }, 'account:10');
    expect(explanation.result).toBe('excluded');
    expect(fates(explanation)).toEqual({ '1': 'left-out excepted', '2': 'left-out excepted' });
    expect((await explain({ rules, listed: calls(2) }, 'account:11')).result).toBe('not-listed');
  });

  it('hold the one that was asked for, also where it is no live call', async () => {
    const listed = [...calls(1), aCall({ id: '7', state: 'Disconnecting' })];
    const explanation = await explain({ rules: one(rule('cap', KEEP_3)), listed }, 'account:10', {
      asked: '7',
    });
    expect(Object.keys(fates(explanation))).toEqual(['1', '7']);
  });
});

describe('what time says', () => {
  it('stands in the evidence of a violation that is held back', async () => {
    const scene = { rules: one(rule('cap', KEEP_3, '    for: 1m')), listed: calls(5) };
    const [first] = compiled(scene.rules);
    const since = NOW - 20_000;
    const holding: Holding[] = [
      { rule: 'cap', ruleHash: first?.rule.hash ?? '', subject: 'account:10', since, lastAt: NOW - 5000 },
    ];
    const explanation = await explain(scene, 'account:10', { holding });
    expect(explanation.held).toMatchObject({ reason: 'for', until: since + 60_000 });
    expect(explanation.verdict?.evidence?.held).toEqual({
      since: new Date(since).toISOString(),
      seconds: 20,
    });
    expect(explanation.inPass).toBeUndefined();
  });

  it('names the record that an alert would only repeat', async () => {
    const scene = { rules: one(rule('watch', '{ type: alert }')), listed: calls(5) };
    const recordedAlert: ExplainInput['recordedAlert'] = ({ subject }, { kind }) =>
      kind === 'alerted' && subjectText(subject) === 'account:10' ? 12 : undefined;
    expect((await explain(scene, 'account:10')).actions[0]).toMatchObject({ recordedAs: undefined });
    expect((await explain(scene, 'account:10', { recordedAlert })).actions[0]).toMatchObject({
      recordedAs: 12,
    });
  });
});

describe('what a rule leaves out', () => {
  const SPARING = `${rule('cap', KEEP_3)}
    except:
      accounts: [11, { id: 10, until: "2099-01-01", because: a campaign }]
      cld: [{ prefix: "882", because: our own }, "883"]
`;

  it('is told by its key and entry, until when, and because of what', async () => {
    const explanation = await explain({ rules: one(SPARING), listed: calls(5) }, 'account:10');
    const by = {
      side: 'except',
      key: 'accounts',
      entry: 10,
      until: Date.parse('2099-01-02'),
      because: 'a campaign',
      perhaps: false,
    };
    expect(explanation).toMatchObject({ result: 'excluded', leftOutBy: [by] });
    expect(explanation.calls[0]?.fate).toEqual({ fate: 'left-out', reason: 'excepted', by: [by] });
  });

  it('is told of a single call too, and of keys of only', async () => {
    const rules = one(`${rule('cap', KEEP_3)}
    except: { cld: [{ prefix: "882", because: our own }, "883"] }
    only: { cld: ["49", "88"] }
`);
    const dialled = (id: string, cld: string) => aCall({ id, cld, cldNumber: cld });
    const listed = [...calls(5), dialled('6', '88212345678'), dialled('7', '33612345678')];
    const explanation = await explain({ rules, listed }, 'account:10');
    const out = (id: string) => {
      const fate = explanation.calls.find(({ call }) => call.id === id)?.fate;
      return fate?.fate === 'left-out' ? fate.by : undefined;
    };
    expect(out('6')).toMatchObject([{ side: 'except', key: 'cld', entry: '882', because: 'our own' }]);
    expect(out('7')).toMatchObject([{ side: 'only', key: 'cld', entry: undefined }]);
    expect(explanation.leftOutBy).toEqual([]);
  });

  it('is told where it leaves all calls of a subject out', async () => {
    const rules = one(`${rule('cap', KEEP_3)}
    except: { cld: ["49"] }
`);
    expect(await explain({ rules, listed: calls(2) }, 'account:10')).toMatchObject({
      result: 'excluded',
      leftOutBy: [{ side: 'except', key: 'cld', entry: '49' }],
    });
  });
});

describe('a rule outside of its schedule', () => {
  // It begins two days after NOW, at the same time of day.
  const opens = new Date(Math.floor(NOW / 60_000) * 60_000 + 2 * 86_400_000);
  const day = opens.toISOString();
  const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
  const closed = `${rule('cap', KEEP_3)}
    schedule: { days: [${DAYS[opens.getUTCDay()]}], from: "${day.slice(11, 16)}", to: "23:59", timezone: UTC }`;

  it('tells when it opens, and what it would do then', async () => {
    const explanation = await explain({ rules: one(closed), listed: calls(5) }, 'account:10');
    expect(explanation).toMatchObject({
      result: 'outside-schedule',
      ifJudged: 'violated',
      opensAt: opens.getTime(),
      pool: { size: 5, keep: 3 },
      verdict: { evidence: { conditions: { result: true } } },
    });
    expect(fates(explanation)).toMatchObject({ '1': 'kept keep', '5': 'not-now not-judged' });
  });

  it('hides no other reason', async () => {
    const patient = one(`${closed}
    for: 1h`);
    const monitoring = await explain({ rules: patient, listed: calls(5) }, 'account:10', {
      configMode: 'monitor',
    });
    const reasons = whyOf(monitoring);
    expect(reasons.map(({ reason }) => reason)).toEqual(['schedule', 'for', 'config-monitor']);
    expect(reasons[0]?.text).toContain(`opens ${day.slice(0, 16)}Z`);
    const excepted = one(`${closed}
    except: { accounts: [10] }`);
    const left = whyOf(await explain({ rules: excepted, listed: calls(5) }, 'account:10'));
    expect(left.map(({ text }) => text)[1]).toContain('except.accounts names 10');
  });
});

describe('calls that a rule planned before takes', () => {
  const first = (mode: string) => `
  - name: first
    priority: 9
    scope: call
    mode: ${mode}
    conditions: { all: [ { fact: call.cld, operator: startsWithAnyOf, value: ["882"] } ] }
    event: { type: disconnectCall }`;
  const costly = aCall({ id: '9', cld: '88212345678', cldNumber: '88212345678' });
  const of = (listed: readonly Call[], mode = 'enforce', own = rule('cap', KEEP_3)) => ({
    rules: one(first(mode), own),
    listed,
  });

  it('take both entries of an on-net call, and no other call that shares its CALL_ID', async () => {
    const listed = calls(4, { callId: 'one', direction: 'onnet_out', setupAt: NOW - 60_000 });
    const [, into] = onNetPair(listed[3]!, { id: '9', account: 11 });
    const scene = {
      rules: one(
        rule('cap', KEEP_3, '    priority: 2\n    only: { accounts: [10] }'),
        rule('later', WHOLE, '', 0),
      ),
      listed: [...listed, into],
    };
    expect(fates(await explain(scene, 'account:10', { rule: 'cap' }))).toEqual({
      ...{ '1': 'kept keep', '2': 'kept keep', '3': 'kept keep' },
      ...{ '4': 'cut', '9': 'cut' },
    });
    expect(fates(await explain(scene, 'account:11', { rule: 'later' }))).toMatchObject({ '9': 'taken cap' });
  });

  it('are told of only where this rule is violated', async () => {
    const clear = await explain(of([...calls(1), costly]), 'account:10', { rule: 'cap' });
    expect(fates(clear)['9']).toBe('kept');
    const violated = await explain(of([...calls(3), costly]), 'account:10', { rule: 'cap' });
    expect(violated.calls.find(({ call }) => call.id === '9')?.fate).toEqual({
      fate: 'taken',
      by: 'first',
      forSubject: undefined,
      as: 'sent',
    });
  });

  it('keep no alert from being raised', async () => {
    const alert = rule('cap', '{ type: alert }');
    const scene = of([...calls(5), costly], 'enforce', alert);
    expect(whyOf(await explain(scene, 'account:10', { rule: 'cap' }))).toEqual([]);
  });

  it('are only planned where that rule is withheld, or monitors', async () => {
    const texts = async (scene: Scene) =>
      whyOf(await explain(scene, 'account:10', { rule: 'cap' })).map(({ text }) => text);
    const listed = [...calls(3), costly];
    expect(await texts({ ...of(listed), caps: { perHour: 0 } })).toContain(
      '1 call is planned by rule first (withheld: cap-per-hour), which goes first',
    );
    const watching = rule('cap', KEEP_3).replace('mode: enforce', 'mode: monitor');
    expect(await texts(of(listed, 'monitor', watching))).toContain(
      '1 call is planned by rule first (monitor), which goes first',
    );
  });
});

it('every call of an explanation is there once, by its whole identity', async () => {
  const listed = [...calls(3), ...calls(1, { account: 11, customer: 4 })];
  const explanation = await explain({ rules: one(rule('cap', KEEP_3, '', 1)), listed }, 'account:10', {
    asked: '1',
  });
  const keys = explanation.calls.map(({ call }) => identityKey(call));
  expect(new Set(keys).size).toBe(keys.length);
});
