import type { Config, SwitchConfig } from '../domain/config.js';
import {
  asStated,
  type KnownCustomers,
  knownCustomers,
  type LearnedCustomer,
} from '../domain/customer-tree.js';
import type { LearnedCustomerAt } from '../domain/ledger.js';
import type { Numbering } from '../domain/numbering.js';
import type { RuleSet } from '../domain/rule.js';
import { FACT_CATALOGUE } from '../facts/catalogue.js';
import { createNumbering } from '../facts/numbering.js';
import { createProtectedNumbers } from '../facts/protected-numbers.js';
import type { CustomersThen, ReplayOptions } from '../pass-replay.js';
import { createProtection } from '../plan/protection.js';
import { compileRules } from '../policy/compile-rules.js';

/** What judging the calls of one switch takes, apart from its calls. */
export type Judging = Omit<ReplayOptions, 'past' | 'intervalMs'> & { caps: Config['caps'] };

/** Puts together what judges the calls of a switch outside of a pass: for explanations and backtests. */
export function judgingOf(
  config: Config,
  switchConfig: SwitchConfig,
  ruleSet: RuleSet,
  now: number,
  customers: KnownCustomers,
): Judging {
  const { name: switchName, customerTree } = switchConfig;
  const numbering = createNumbering(switchConfig.numbers);
  return {
    switchName,
    numbering,
    rules: compileRules(ruleSet, { catalogue: FACT_CATALOGUE, numbering, switchName, now }),
    limits: ruleSet.limits.filter((limit) => limit.switch === undefined || limit.switch === switchName),
    caps: config.caps,
    customerTree,
    customers,
    protection: protectionOf(switchConfig, numbering)(customers),
    yieldNow: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/** The same rules as though each that is not off enforced: to see what it would do. Their hashes stay. */
export function asEnforcing(ruleSet: RuleSet): RuleSet {
  return {
    ...ruleSet,
    rules: ruleSet.rules.map((rule) => (rule.mode === 'monitor' ? { ...rule, mode: 'enforce' } : rule)),
  };
}

/** Who is protected, by what is known of customers. */
export function protectionOf({ protect }: SwitchConfig, numbering: Numbering) {
  const protectedNumbers = createProtectedNumbers(protect.numbers, numbering);
  return (customers: KnownCustomers) =>
    createProtection(protect, customers, (raw) => protectedNumbers.match(raw));
}

/** The customers of a switch where nothing was learned: under a login the stated ones are all that anybody goes by. */
export function customersFrom(
  { login, customerTree }: SwitchConfig,
  learned: readonly LearnedCustomer[],
): KnownCustomers {
  if (login.kind !== 'trusted') return asStated(customerTree);
  return knownCustomers(learned, { root: login.customer, stated: customerTree });
}

/** Those that held at each instant, asked for in order of time. `learned` is in the order in which it was learned. */
export function customersOverTime(
  switchConfig: SwitchConfig,
  learned: readonly LearnedCustomerAt[],
): (at: number) => CustomersThen {
  const protectionBy = protectionOf(switchConfig, createNumbering(switchConfig.numbers));
  const byCustomer = new Map<number, LearnedCustomer>();
  const make = (): CustomersThen => {
    const customers = customersFrom(switchConfig, [...byCustomer.values()]);
    return { customers, protection: protectionBy(customers) };
  };
  let taken = 0;
  let then = make();
  return (at) => {
    const before = taken;
    for (let next = learned[taken]; next !== undefined && next.learnedAt <= at; next = learned[taken]) {
      byCustomer.set(next.customer, next);
      taken += 1;
    }
    if (taken > before) then = make();
    return then;
  };
}
