import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Call, hasEnded, type ListedCall, type SuspectCall } from '../src/domain/call.js';
import { CallwardenError } from '../src/domain/errors.js';
import type { AuditLog, DisconnectAnswer, SwitchPort } from '../src/domain/ports.js';
import { SELECTIONS } from '../src/domain/rule.js';
import type { ListFilter } from '../src/domain/snapshot.js';
import type { ViolatedVerdict } from '../src/domain/verdict.js';
import { enforcePlan } from '../src/enforce/enforce-plan.js';
import { createNumbering } from '../src/facts/numbering.js';
import { createProtectedNumbers } from '../src/facts/protected-numbers.js';
import { findDoubt } from '../src/gather/doubt.js';
import { createLearnedCustomerTree } from '../src/gather/learn-customer-tree.js';
import { readCalls } from '../src/gather/read-calls.js';
import { disconnectByHand } from '../src/pass-by-hand.js';
import { knowCustomers, protectionBy } from '../src/pass-customers.js';
import { enforcementOn, inspection, measuredContext, type PassContext } from '../src/pass-enforcement.js';
import { createPlan } from '../src/plan/plan-actions.js';
import { createRandom, type Random } from '../src/simulator/random.js';
import { aCall, aRule, aSnapshot, NOW } from './support/calls.js';
import { aPassContext } from './support/pass-context.js';

/** So many plans are generated; CI asks for a million. */
const PLANS = Number(process.env['CALLWARDEN_PLANS'] ?? 10_000);

const NUMBERING = createNumbering({ country: 'DE', techPrefixes: ['0011#', '77'] });
const PROTECTED = createProtectedNumbers(['+49 30 110110'], NUMBERING);
const matches = new Map<string, string | undefined>();

function matchProtectedNumber(raw: string): string | undefined {
  if (!matches.has(raw)) matches.set(raw, PROTECTED.match(raw));
  return matches.get(raw);
}

/** What each text that was ever written means: known from how it was made, not from how it is read. */
type Meaning = 'protected' | 'unreadable' | 'ordinary';
const meanings = new Map<string, Meaning>();

function meaning(kind: Meaning, text: string): string {
  meanings.set(text, kind);
  return text;
}

/** Emergency numbers, and the protected one without its country code. */
const SHORT = ['112', '911', '110', '000', '15'];
const NATIONAL = '30110110';
const ORDINARY = [
  '493023125001',
  '+442079460001',
  '0011#3726001',
  '23488812345',
  'alice',
  '4930112',
  '1124930',
];
const UNREADABLE = ['0022#4930', '++--', '1_1', '4930 x 23125001', '#'];

function anyEmergency(random: Random): string {
  const number = random.chance(0.3)
    ? random.pick(['0', '0049', '+49', '49', '+490', '']) + NATIONAL
    : random.pick(['', '', '+', '00', '0', '+49', '0049', '49', '+44', '+490']) + random.pick(SHORT);
  const separated = random.chance(0.3)
    ? number.replace(/(\d)(\d)$/, `$1${random.pick([' ', '-', '/'])}$2`)
    : number;
  const dialled = random.pick(['', '', '', '0011#', '77', '0011#77', '*31#']) + separated;
  const signed = random.chance(0.1)
    ? random.pick([`"${dialled}"`, `${dialled}#`, `${dialled}\u200b`])
    : dialled;
  return meaning('protected', random.chance(0.2) ? `sip:${dialled.replaceAll(' ', '')}@192.0.2.1` : signed);
}

function anyNumber(random: Random): string | undefined {
  if (random.chance(0.1)) return undefined;
  if (random.chance(0.05)) return meaning('unreadable', random.pick(UNREADABLE));
  return random.chance(0.2) ? anyEmergency(random) : meaning('ordinary', random.pick(ORDINARY));
}

/** The customers as they truly are; the config may state less of it. */
const TRUE_TREE = new Map([
  [2, 1],
  [3, 2],
  [4, 3],
  [5, 1],
  [6, 5],
]);

/** A call as it is; its listing may show less of it. */
interface WorldCall extends ListedCall {
  /** Whose it is, though the listing does not say so. */
  hidden: Partial<Pick<ListedCall, 'account' | 'customer'>>;
  /** Its CALL_ID cannot be read. */
  suspect: boolean;
  /** Entries of an on-net call, which ends for all of them. */
  conversation?: string;
}

interface World {
  calls: WorldCall[];
  /** The switch says who is whose subcustomer, unless it fails to. */
  trusted: boolean;
}

/** Uniform in from … to, both included. */
function whole(random: Random, from: number, to: number): number {
  return from + random.integer(to - from + 1);
}

const STATES = ['Connected', 'Connected', 'Connected', 'ARComplete', 'WaitAuth', 'Disconnecting'] as const;

function anyCall(random: Random, id: number, state: WorldCall['state'] = random.pick(STATES)): WorldCall {
  const customer = random.chance(0.1) ? undefined : whole(random, 1, 6);
  const { cliNumber, cldNumber, age, setupAt, ...listed } = aCall({
    id: String(id),
    state,
    cld: anyNumber(random),
    cli: anyNumber(random),
    customer,
    account: random.chance(0.15) ? undefined : (customer ?? 1) * 10 + whole(random, 0, 1),
  });
  // Before it is routed a call is nobody's yet. Later its owner is only not shown.
  const ofCustomer = customer ?? whole(random, 1, 6);
  const hidden =
    state === 'WaitAuth' ? {} : { customer: ofCustomer, account: listed.account ?? ofCustomer * 10 };
  return { ...listed, hidden, suspect: false };
}

/** From here on are the entries of an on-net call, which stay what they are. */
const FIRST_ONNET_ID = 50;

/** From here on calls are ordinary and stay as they are. */
const FIRST_QUIET_ID = 100;

function quietCall(id: number): WorldCall {
  const { cliNumber, cldNumber, age, setupAt, ...listed } = aCall({
    id: String(id),
    account: 60,
    customer: 6,
  });
  return { ...listed, cld: meaning('ordinary', '493023125001'), hidden: {}, suspect: false };
}

function ownerOf(call: WorldCall): Pick<ListedCall, 'account' | 'customer'> {
  return {
    account: call.account ?? call.hidden.account,
    customer: call.customer ?? call.hidden.customer,
  };
}

/** An on-net call: of the one who makes it, and of one or two whom it rings, each under an ID of its own or not. */
function anyConversation(random: Random, firstId: number): WorldCall[] {
  const { state, cli, cld, callId, setupTimeText } = anyCall(random, firstId);
  return Array.from({ length: whole(random, 2, 3) }, (_, index) => ({
    ...anyCall(random, random.chance(0.7) ? firstId + index : firstId, state),
    ...{ cli, cld, callId, setupTimeText },
    direction: index === 0 ? 'onnet_out' : 'onnet_in',
    conversation: callId,
  }));
}

/** What a listing shows of an entry: of an on-net one it may leave a field out that the last one showed. */
function asListed(call: WorldCall, random: Random): WorldCall {
  if (call.conversation === undefined || random.chance(0.8)) return call;
  return { ...call, [random.pick(['setupTimeText', 'cli', 'cld', 'direction'] as const)]: undefined };
}

/** Now and then a second leg under the same identity, another call under the same ID, or an entry that cannot be read. */
function anyWorld(random: Random): World {
  const calls = Array.from({ length: whole(random, 1, 9) }, (_, index) => anyCall(random, index + 1));
  const twin = calls[whole(random, 0, calls.length - 1)];
  if (twin !== undefined && random.chance(0.2)) {
    const { callId } = random.chance(0.5) ? twin : { callId: 'another@192.0.2.9' };
    calls.push({ ...anyCall(random, Number(twin.id)), callId });
  }
  if (random.chance(0.4)) calls.push(...anyConversation(random, FIRST_ONNET_ID));
  // Among many, since a listing with more than one in a hundred of them is not acted on at all.
  if (random.chance(0.03)) {
    const id = random.chance(0.5) && twin !== undefined ? Number(twin.id) : 99;
    calls.push({ ...anyCall(random, id), suspect: true });
    for (let other = FIRST_QUIET_ID; other < FIRST_QUIET_ID + 130; other += 1) calls.push(quietCall(other));
  }
  return { calls, trusted: random.chance(0.5) };
}

/** What may happen to a switch from one listing to the next. */
function change(world: World, random: Random): void {
  world.calls = world.calls.map((call) => {
    if (Number(call.id) >= FIRST_ONNET_ID || random.chance(0.85)) return call;
    // Routed, transferred to another number, given to its account, or replaced under its ID.
    if (random.chance(0.5)) return { ...call, cld: anyNumber(random), cli: anyNumber(random) };
    const other = anyCall(random, Number(call.id));
    if (random.chance(0.5)) return { ...other, callId: `new-${random.integer(1e9)}@192.0.2.8` };
    if (!world.trusted || ownerOf(call).customer === undefined) return { ...other, callId: call.callId };
    // A call stays its customer's, and only then tells who stands below whom; nor is it ever nobody's again.
    const { customer, hidden } = call;
    const state = other.state === 'WaitAuth' ? call.state : other.state;
    return { ...other, callId: call.callId, state, customer, hidden };
  });
  if (random.chance(0.2)) world.calls.push(anyCall(random, whole(random, 1, 12)));
}

/** The switch, and the calls that it ended although the newest listing that showed them forbids it. */
function hostileSwitch(
  world: World,
  random: Random,
  clock: () => number,
  isForbidden: (call: WorldCall) => boolean,
) {
  const wrong: string[] = [];
  const count = { ended: 0, conversations: 0 };
  let newest: readonly WorldCall[] = [];
  const timing = () => ({ requestedAt: clock(), receivedAt: clock(), serverDate: clock() });
  const isUnder = (customer: number | undefined, target: number): boolean =>
    customer !== undefined && (customer === target || isUnder(TRUE_TREE.get(customer), target));
  const end = (request: string, takes: (call: WorldCall) => boolean): number => {
    const taken = world.calls.filter((call) => !hasEnded(call.state) && takes(call));
    const conversations = new Set(taken.flatMap(({ conversation }) => conversation ?? []));
    const ended = world.calls.filter(
      (call) => taken.includes(call) || conversations.has(call.conversation ?? ''),
    );
    count.conversations += conversations.size;
    const ids = new Set(ended.map(({ id }) => id));
    for (const call of newest) {
      if (ids.has(call.id) && !hasEnded(call.state) && isForbidden(call)) {
        wrong.push(`${request} ended ${JSON.stringify(call)}`);
      }
    }
    world.calls = world.calls.filter((call) => !ended.includes(call));
    count.ended += ended.length;
    return ended.length;
  };
  const ended = async (calls: number): Promise<DisconnectAnswer> =>
    calls > 0 ? { result: 'ok', count: calls, timing: timing() } : { result: 'not-found', timing: timing() };
  const ofCustomer = (viewer: number) => {
    if (random.chance(0.15)) throw new CallwardenError('SWITCH_TIMEOUT', 'no answer.', { hint: 'Wait.' });
    const shown = world.calls.filter((call) => isUnder(ownerOf(call).customer, viewer));
    return {
      calls: shown.filter(({ suspect }) => !suspect).map(listingOf),
      suspects: shown.filter(({ suspect }) => suspect).map(asSuspect),
      unreadableFields: {},
      timing: timing(),
    };
  };
  const list = async ({ account, customer: viewer }: ListFilter) => {
    change(world, random);
    if (viewer !== undefined) return ofCustomer(viewer);
    const shown = world.calls
      .filter((call) => account === undefined || call.account === account)
      .map((call) => asListed(call, random));
    // A listing of one account says nothing of the calls of others.
    const ids = new Set(shown.map(({ id }) => id));
    newest = account === undefined ? shown : [...newest.filter(({ id }) => !ids.has(id)), ...shown];
    return {
      calls: shown.filter(({ suspect }) => !suspect).map(listingOf),
      suspects: shown.filter(({ suspect }) => suspect).map(asSuspect),
      unreadableFields: {},
      timing: timing(),
    };
  };
  const port: SwitchPort = {
    login: world.trusted ? 'trusted:1' : 'login:ops',
    trustedCustomer: world.trusted ? 1 : undefined,
    listAllCalls: list,
    listActiveCalls: list,
    disconnectCall: (id) => ended(end(`disconnectCall ${id}`, (call) => call.id === id)),
    disconnectAccount: (account) =>
      ended(end(`disconnectAccount ${account}`, (call) => ownerOf(call).account === account)),
    disconnectCustomer: (customer) =>
      ended(end(`disconnectCustomer ${customer}`, (call) => isUnder(ownerOf(call).customer, customer))),
    getAccountCallStats: async () => ({ accounts: new Map(), suspect: undefined, timing: timing() }),
    close: async () => undefined,
  };
  return { port, wrong, count };
}

function listingOf({ suspect: _, hidden: __, conversation: ___, ...listed }: WorldCall): ListedCall {
  return listed;
}

function asSuspect({ id, state, account, customer, connection, cli, cld }: WorldCall): SuspectCall {
  return { id, callId: undefined, state, account, customer, connection, cli, cld, reason: 'CALL_ID is nil' };
}

/** What the documentation promises never to cut, written down once more. */
function isForbidden(
  call: WorldCall,
  protect: { accounts: readonly number[]; customers: readonly number[] },
  tree: ReadonlyMap<number, number>,
): boolean {
  const { account, customer, cli, cld, suspect } = call;
  const isBelow = (one: number | undefined): boolean =>
    one !== undefined && (protect.customers.includes(one) || isBelow(tree.get(one)));
  if (suspect || cld === undefined || meanings.get(cld) !== 'ordinary') return true;
  if (cli !== undefined && meanings.get(cli) === 'protected') return true;
  if (account === undefined ? protect.accounts.length > 0 : protect.accounts.includes(account)) return true;
  return customer === undefined ? protect.customers.length > 0 : isBelow(customer);
}

/** Remembers nothing: what is written to the log has no part in protection. */
function forgetfulAudit(): AuditLog {
  let id = 0;
  return {
    openIntent: async (_intent, children) => ({ id: ++id, childIds: children.map(() => ++id) }),
    closeIntent: async () => undefined,
    record: async () => ++id,
    resolveOrphans: async () => 0,
    disconnectsSince: async () => [],
    callsTakenSince: async () => 0,
    unchangedSince: async () => new Map(),
    actedSince: async () => [],
    unconfirmed: async () => [],
    confirm: async () => undefined,
  } as Partial<AuditLog> as AuditLog;
}

interface Counted {
  ended: number;
  conversations: number;
}

/** One switch, one config, one plan of rules or of a person, carried out to its end; resolves with what went wrong. */
async function playOne(seed: number): Promise<{ wrong: readonly string[] } & Counted> {
  const random = createRandom(seed, 'protection');
  const world = anyWorld(random);
  const tree = new Map([...TRUE_TREE].filter(() => random.chance(0.6)));
  const protect = {
    accounts: random.chance(0.5) ? [random.pick([10, 20, 30, 41])] : [],
    customers: random.chance(0.5) ? [random.pick([3, 4, 5])] : [],
  };
  let now = NOW;
  const clock = () => now++;
  const { port, wrong, count } = hostileSwitch(world, random, clock, (call) =>
    isForbidden(call, protect, world.trusted ? TRUE_TREE : tree),
  );
  const learnedTree = world.trusted
    ? createLearnedCustomerTree({ root: 1, stated: tree, concurrency: 2 })
    : undefined;
  learnedTree?.restore([]);
  const context: PassContext = aPassContext({
    port,
    learnedTree,
    // Whether everybody is asked for, or only whoever is protected.
    rules: random.chance(0.5) ? [{ usesTree: true, customers: [] } as never] : [],
    store: { audit: forgetfulAudit(), ledger: {}, pauses: undefined, lock: undefined } as never,
    clock,
    lock: { acquire: async () => () => undefined },
    numbering: NUMBERING,
    protect,
    customerTree: tree,
    matchProtectedNumber,
    yieldNow: async () => undefined,
    caps: { perPass: 1000, perHour: 1000, sharePerPass: 1 },
  });
  if (random.chance(0.25)) await playHand(context, random);
  else {
    const { calls, suspects, timing } = await port.listAllCalls({});
    // Later than maxSnapshotAge, every action looks again.
    if (random.chance(0.4)) now += 10_000;
    await playRules(context, random, readCalls(calls, NUMBERING, timing), suspects, timing.requestedAt);
  }
  return { wrong, ...count };
}

async function playRules(
  context: PassContext,
  random: Random,
  calls: readonly Call[],
  suspects: readonly SuspectCall[],
  observedAt: number,
): Promise<void> {
  const { customerTree } = context;
  const snapshot = aSnapshot(calls, { observedAt, suspects, doubt: findDoubt(calls, suspects) });
  const { customers, newer } = await knowCustomers(context, snapshot, new AbortController().signal);
  const protection = protectionBy(context, customers);
  const plan = createPlan({
    snapshot,
    caps: { sharePerPass: 1 },
    tree: customerTree,
    protection,
    recentlyDisconnected: [],
  });
  const admits = () => random.chance(0.95);
  for (let index = whole(random, 1, 3); index > 0; index -= 1) {
    const scope = random.pick(['call', 'account', 'customer'] as const);
    const type = random.pick(['disconnectCall', 'disconnectAccount', 'disconnectCustomer'] as const);
    const select = random.pick(SELECTIONS);
    const rule = aRule({ name: `rule-${index}`, scope, event: { type, select } });
    const subject = random.pick(calls);
    const id = scope === 'call' ? subject?.id : subject?.[scope];
    if (id === undefined) continue;
    const pool = calls.filter(({ state }) => !hasEnded(state)).filter(() => random.chance(0.8));
    const verdict: ViolatedVerdict = {
      result: 'violated',
      subject: { scope, id: String(id) },
      evidence: { conditions: { result: true } },
      event: rule.event,
      pool: scope === 'call' ? pool.filter((call) => call.id === id) : pool,
      keep: whole(random, 0, 2),
    };
    plan.add(rule, [verdict], admits, () => (scope === 'call' ? subject : undefined));
  }
  const { failure } = await enforcePlan(plan.actions, {
    ...enforcementOn(snapshot, measuredContext(context), protection, new AbortController().signal, newer),
    configMode: 'enforce',
    dryRun: false,
    takenLastHour: 0,
    unchanged: new Map(),
    pauses: undefined,
    halted: () => undefined,
    origin: { switchName: 'lab', passId: 'pass-1', actor: 'scheduler', login: 'login:ops' },
    recentlyDisconnected: [],
    handReason: undefined,
    agreedCalls: undefined,
    inspect: inspection(context, protection, admits),
  });
  if (failure !== undefined) throw failure.error as CallwardenError;
}

async function playHand(context: PassContext, random: Random): Promise<void> {
  const kind = random.pick(['call', 'account', 'customer'] as const);
  const id = {
    call: random.chance(0.2) ? whole(random, FIRST_ONNET_ID, FIRST_ONNET_ID + 2) : whole(random, 1, 9),
    account: whole(random, 1, 6) * 10,
    customer: whole(random, 1, 6),
  }[kind];
  await disconnectByHand(
    context,
    { kind, id: String(id), reason: 'by hand: test' },
    {
      passId: 'pass-1',
      actor: 'cli:test',
      overCap: random.chance(0.5),
      approve: async () => true,
      wait: async () => undefined,
      abort: new AbortController().signal,
    },
  );
}

describe('no path, by rule or by hand, whole or one by one', () => {
  it(`cuts a call that the newest listing shows as protected, in ${PLANS} generated plans`, async () => {
    const count: Counted = { ended: 0, conversations: 0 };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1 }), async (seed) => {
        const { wrong, ended, conversations } = await playOne(seed);
        count.ended += ended;
        count.conversations += conversations;
        expect(wrong).toEqual([]);
      }),
      { numRuns: PLANS },
    );
    // It would prove nothing of plans that end no call.
    expect(count.ended).toBeGreaterThan(PLANS / 2);
    expect(count.conversations).toBeGreaterThan(PLANS / 100);
  }, 1_800_000);
});
