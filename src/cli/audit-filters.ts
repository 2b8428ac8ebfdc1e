import { type Command, InvalidArgumentError } from 'commander';
import { ACTION_TYPES, OUTCOMES } from '../domain/action.js';
import type { Config } from '../domain/config.js';
import type { AuditQuery, AuditReader } from '../domain/ports.js';
import { selectSwitches } from './compose.js';
import type { CliContext } from './context.js';
import { UsageError } from './errors.js';
import { oneOf, timeWord, wholeNumber } from './options.js';

/** The filters that every look into the audit log takes. */
export interface AuditFilters {
  since?: number;
  until?: number;
  rule?: string;
  account?: number;
  customer?: number;
  call?: string;
  cli?: string;
  cld?: string;
  action?: string;
  outcome?: string;
  switch?: string;
  mode?: string;
}

/** Adds the options of AuditFilters. */
export function addFilterOptions(command: Command, context: CliContext): Command {
  return command
    .option(
      '--since <time>',
      'at or after: 1h, "2 days ago", yesterday, "2026-01-05 10:00" …',
      timeWord(context),
    )
    .option('--until <time>', 'before, in the same words', timeWord(context))
    .option('--rule <name>', 'by this rule')
    .option('--account <id>', 'of this account', wholeNumber('the number of an account'))
    .option('--customer <id>', 'of this customer', wholeNumber('the number of a customer'))
    .option('--call <id>', 'of the call with this ID or CALL_ID')
    .option(
      '--cli <number>',
      'from this number; separators and a leading + or 00 do not matter',
      telephoneNumber,
    )
    .option('--cld <number>', 'to this number, likewise', telephoneNumber)
    .option('--action <type>', ACTION_TYPES.join(', '), oneOf(ACTION_TYPES))
    .option('--outcome <outcome>', OUTCOMES.join(', '), oneOf(OUTCOMES))
    .option('--switch <name>', 'on this switch of the config')
    .option('--mode <mode>', 'enforce, monitor', oneOf(['enforce', 'monitor']));
}

function telephoneNumber(text: string): string {
  if (/\d/.test(text)) return text;
  throw new InvalidArgumentError('Expected a telephone number, with digits.');
}

/** Throws UsageError where no time is between the two. */
export function refuseEmptyTime({ since, until }: AuditFilters): void {
  if (since === undefined || until === undefined || since < until) return;
  throw new UsageError('--since is not before --until: expected the earlier time first.');
}

/** What the filters ask the log for. */
export function toQuery(filters: AuditFilters): AuditQuery {
  const { since, until, rule, account, customer, call, cli, cld, action, outcome, mode } = filters;
  const asked = {
    since,
    until,
    rule,
    account,
    customer,
    call,
    cli,
    cld,
    action,
    outcome,
    mode,
    switch: filters.switch,
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

/** The log also holds what was done on switches that are no longer in the config. Throws UsageError on one of neither. */
export function refuseUnknownSwitch(reader: AuditReader, config: Config, name: string | undefined): void {
  if (name === undefined || [...reader.query({ switch: name, limit: 1 })].length > 0) return;
  selectSwitches(config, name);
}
