import type { Config, SwitchConfig } from '../domain/config.js';
import type { Rule, RuleSet } from '../domain/rule.js';
import type { Subject } from '../domain/scope.js';
import type { CliContext } from './context.js';

/** What is asked for on one switch. */
export interface ExplanationParts {
  config: Config;
  switchConfig: SwitchConfig;
  ruleSet: RuleSet;
  /** The one that is explained. */
  rule: Rule;
  /** As it was asked for. */
  subject: Subject;
  /** Milliseconds since the epoch: from the ledger; undefined for a new listing. */
  at: number | undefined;
  context: CliContext;
}
