import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from '../../src/simulator/faults.js';
import type { SimulatedCall } from '../../src/simulator/simulated-call.js';
import { type Simulator, startSimulator } from '../../src/simulator/start-simulator.js';
import { AuditSide } from './audit-side.js';
import { type Child, startChild } from './child.js';
import { SwitchSide } from './switch-side.js';

/** Customers of our own beside those of the simulated carrier, each for one kind of violation. */
export const OWN_CUSTOMERS = {
  oneByOne: 20,
  wholeAccounts: 21,
  wholeCustomers: [22, 23, 24, 25, 26, 27],
  byHand: 28,
  protected: 29,
} as const;
export const PROTECTED_ACCOUNT = 9_001;
export const PROTECTED_NUMBERS: readonly string[] = ['112', '911'];
/** What an account of `oneByOne` keeps. */
export const KEPT_CALLS = 3;
export const CUT_PREFIX = '883510';
export const WATCHED_PREFIX = '883520';

const CUSTOMERS: readonly number[] = [
  OWN_CUSTOMERS.oneByOne,
  OWN_CUSTOMERS.wholeAccounts,
  ...OWN_CUSTOMERS.wholeCustomers,
  OWN_CUSTOMERS.byHand,
  OWN_CUSTOMERS.protected,
];

const RULES = `rules:
  - name: account-keeps-three
    scope: account
    mode: enforce
    only: { customers: [${OWN_CUSTOMERS.oneByOne}, ${OWN_CUSTOMERS.protected}] }
    conditions: { all: [{ fact: account.connectedCalls, operator: greaterThan, value: ${KEPT_CALLS} }] }
    event: { type: disconnectCall, params: { select: newest, keep: ${KEPT_CALLS} } }
  - name: account-whole
    scope: account
    mode: enforce
    only: { customers: [${OWN_CUSTOMERS.wholeAccounts}] }
    conditions: { all: [{ fact: account.connectedCalls, operator: greaterThan, value: 2 }] }
    event: { type: disconnectAccount }
  - name: customer-whole
    scope: customer
    mode: enforce
    only: { customers: [${OWN_CUSTOMERS.wholeCustomers.join(', ')}] }
    conditions: { all: [{ fact: customer.connectedCalls, operator: greaterThan, value: 3 }] }
    event: { type: disconnectCustomer }
  - name: number-cut
    scope: call
    mode: enforce
    conditions: { all: [{ fact: call.cld, operator: startsWithAnyOf, value: ["${CUT_PREFIX}"] }] }
    event: { type: disconnectCall }
  - name: number-watched
    scope: call
    mode: monitor
    conditions: { all: [{ fact: call.cld, operator: startsWithAnyOf, value: ["${WATCHED_PREFIX}"] }] }
    event: { type: disconnectCall }
`;

/** Replies that are late or lost, requests that fail, and listings that cannot be trusted. */
export const TROUBLE: readonly Fault[] = [
  { method: '*', kind: 'slow', probability: 0.04, delayMs: 400 },
  { method: 'listAllCalls', kind: 'fault', probability: 0.02 },
  { method: 'listAllCalls', kind: 'cut', probability: 0.03 },
  { method: 'listAllCalls', kind: 'reset', probability: 0.02 },
  { method: 'listAllCalls', kind: 'unreadable', probability: 0.03, share: 0.002 },
  ...(['disconnectCall', 'disconnectAccount', 'disconnectCustomer'] as const).flatMap((method): Fault[] => [
    { method, kind: 'slow', probability: 0.2, delayMs: 700 },
    { method, kind: 'slow', probability: 0.04, delayMs: 2_600 },
    { method, kind: 'lost-reply', probability: 0.12 },
    { method, kind: 'reset', probability: 0.07 },
    { method, kind: 'cut', probability: 0.06 },
    { method, kind: 'fault', probability: 0.05 },
    { method, kind: 'html', probability: 0.03 },
    { method, kind: 'http-500', probability: 0.03 },
  ]),
];

export interface LabOptions {
  seed: number;
  /** caps.perHour, in calls. */
  perHour: number;
  traffic?: 'benign' | 'none';
  /** Done with the empty folder, e.g. to put a disk of its own under it. */
  prepare?: (folder: string) => void;
}

/** One simulated switch with one database, and the processes that worked on them. */
export interface Lab {
  readonly seed: number;
  readonly perHour: number;
  readonly folder: string;
  readonly config: string;
  readonly database: string;
  readonly simulator: Simulator;
  readonly audit: AuditSide;
  readonly switchSide: SwitchSide;
  readonly children: readonly Child[];
  /** What went against a promise; empty in the end. */
  readonly violations: string[];
  complain(text: string): void;
  start(kind: Child['kind'], ...args: string[]): Child;
  /** The same, with a command put before it. */
  startUnder(wrapper: readonly string[], ...args: string[]): Child;
  /** Ends what still runs and closes the switch; the folder stays. */
  close(): Promise<void>;
}

export async function openLab(options: LabOptions): Promise<Lab> {
  const { seed, perHour, traffic = 'benign' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'callwarden-chaos-'));
  options.prepare?.(folder);
  const database = join(folder, 'callwarden.db');
  const audit = new AuditSide(database);
  const violations: string[] = [];
  const complain = (text: string) => void violations.push(text);
  const switchSide = new SwitchSide(audit, complain);
  const simulator = await startSimulator({
    seed,
    traffic,
    warmStart: true,
    clock: Date.now,
    username: 'ops',
    password: 'secret',
    onRequest: (entry) => switchSide.onRequest(entry),
    journal: {
      arrived: () => undefined,
      disconnected: (call) => {
        switchSide.onCut(call);
        const reason = whyItMustStay(call);
        if (reason !== undefined) complain(`call ${call.id} (${call.cli} -> ${call.cld}) was cut: ${reason}`);
      },
    },
  });
  for (const customer of CUSTOMERS) simulator.world.carrier.addCustomer(customer, 1);
  const config = join(folder, 'callwarden.yaml');
  mkdirSync(join(folder, 'rules'));
  writeFileSync(join(folder, 'rules', 'chaos.yaml'), RULES);
  writeFileSync(config, configText(simulator, perHour), { mode: 0o600 });
  const children: Child[] = [];
  return {
    seed,
    perHour,
    folder,
    config,
    database,
    simulator,
    audit,
    switchSide,
    children,
    violations,
    complain,
    start(kind, ...args) {
      const child = startChild(args, { kind, folder });
      children.push(child);
      return child;
    },
    startUnder(wrapper, ...args) {
      const child = startChild(args, { kind: 'run', folder, wrapper });
      children.push(child);
      return child;
    },
    async close() {
      await Promise.all(children.map((child) => child.kill()));
      audit.release();
      await simulator.close();
    },
  };
}

/** No rule asks for these calls, or protection stands before them. */
function whyItMustStay(call: SimulatedCall): string | undefined {
  if (call.origin.kind === 'benign') return 'no rule asks for it';
  if (PROTECTED_NUMBERS.includes(call.cld) || PROTECTED_NUMBERS.includes(call.cli))
    return 'its number is protected';
  if (call.account === PROTECTED_ACCOUNT) return 'its account is protected';
  if (call.customer === OWN_CUSTOMERS.protected) return 'its customer is protected';
  return call.cld.startsWith(WATCHED_PREFIX) ? 'its rule only watches' : undefined;
}

function configText(simulator: Simulator, perHour: number): string {
  const tree = [...simulator.world.carrier.customerTree].map(([child, parent]) => `${child}: ${parent}`);
  return `switches:
  - name: lab
    url: ${simulator.url}
    username: ops
    password: \${SIPPY_PASSWORD}
    schedule: "* * * * * *"
    timeout: 2s
    deadline: 10s
    customerTree: { ${tree.join(', ')} }
    protect: { accounts: [${PROTECTED_ACCOUNT}], customers: [${OWN_CUSTOMERS.protected}] }
mode: enforce
checkpoints: { every: 1s }
caps: { perPass: ${perHour}, perHour: ${perHour}, sharePerPass: 1 }
`;
}
