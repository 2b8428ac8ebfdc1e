import type { Config, SwitchConfig } from '../domain/config.js';
import type { SwitchPort } from '../domain/ports.js';
import type { RuleSet } from '../domain/rule.js';
import { FACT_CATALOGUE } from '../facts/catalogue.js';
import { createNumbering } from '../facts/numbering.js';
import { createProtectedNumbers } from '../facts/protected-numbers.js';
import { createLearnedCustomerTree, type LearnedCustomerTree } from '../gather/learn-customer-tree.js';
import type { PassContext } from '../pass-enforcement.js';
import { createSwitchMemory, type SwitchMemory } from '../pass-memory.js';
import { compileRules } from '../policy/compile-rules.js';
import { usualIntervalMs } from '../schedule/shortest-interval.js';
import type { Store } from '../store/open-store.js';

/** What the outside of a pass is made of; the config says the rest. */
export interface PassParts {
  config: Config;
  switchConfig: SwitchConfig;
  port: SwitchPort;
  store: Store;
  ruleSet: RuleSet;
  /** That of an earlier context of this switch, so that new rules do not forget what was seen; a new one by default. */
  memory?: SwitchMemory;
  /** Likewise, so that customers are not looked up anew. */
  learnedTree?: LearnedCustomerTree | undefined;
  note: (text: string) => void;
}

/** Puts together what the passes of one switch need: rules compiled with its numbers, protection, caps, clock. */
export function passContext(parts: PassParts): PassContext {
  const { config, switchConfig, port, store, ruleSet, note } = parts;
  const { name: switchName } = switchConfig;
  const numbering = createNumbering(switchConfig.numbers);
  const protectedNumbers = createProtectedNumbers(switchConfig.protect.numbers, numbering);
  return {
    switchName,
    port,
    audit: store.audit,
    lock: store.lock,
    pauses: store.pauses,
    clock: Date.now,
    numbering,
    memory: parts.memory ?? createSwitchMemory({ switchName, numbering, ledger: store.ledger }),
    intervalMs: usualIntervalMs(switchConfig.schedule),
    rules: compileRules(ruleSet, { catalogue: FACT_CATALOGUE, numbering, switchName, now: Date.now() }),
    turnedOff: ruleSet.rules.filter(({ mode }) => mode === 'off').map(({ name }) => name),
    rulesFrom: sourceOf(config),
    limits: ruleSet.limits.filter((limit) => limit.switch === undefined || limit.switch === switchName),
    configMode: config.mode,
    protect: switchConfig.protect,
    matchProtectedNumber: (raw) => protectedNumbers.match(raw),
    customerTree: switchConfig.customerTree,
    learnedTree: parts.learnedTree ?? treeLearnedFrom(port, switchConfig),
    caps: config.caps,
    maxSnapshotAgeMs: config.maxSnapshotAgeMs,
    crossCheck: switchConfig.crossCheck,
    deadlineMs: switchConfig.deadlineMs,
    concurrency: switchConfig.concurrency,
    yieldNow: () => new Promise((resolve) => setImmediate(resolve)),
    note,
  };
}

/** Where the rules of its passes come from. */
export function sourceOf({ file, rulesDir }: Config): PassContext['rulesFrom'] {
  return { config: file, directory: rulesDir };
}

/** Undefined under a login, where nobody can be asked. */
export function treeLearnedFrom(
  port: SwitchPort,
  { customerTree, concurrency }: SwitchConfig,
): LearnedCustomerTree | undefined {
  if (port.trustedCustomer === undefined) return undefined;
  return createLearnedCustomerTree({ root: port.trustedCustomer, stated: customerTree, concurrency });
}
