import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { withExamples } from '../options.js';
import { addAuditExport } from './audit-export.js';
import { addAuditList } from './audit-list.js';
import { addAuditPrune } from './audit-prune.js';
import { addAuditVerify } from './audit-verify.js';

/** `callwarden audit`: the queries and the upkeep of the audit log. */
export function addAudit(program: Command, context: CliContext): void {
  const audit = program
    .command('audit')
    .summary('query, verify, export and prune the audit log')
    .description(
      'Queries the audit log. Without a further word the same as `audit list`, whose options it takes.',
    );
  const list = withExamples(addAuditList(audit, context), ...LIST_EXAMPLES);
  addAuditVerify(audit, context);
  addAuditExport(audit, context);
  addAuditPrune(audit, context);
  // Its options are those of list, and who asks for help wants to see them.
  audit.addHelpText('after', () => `\n${optionsHelp(list)}`);
  withExamples(audit, ...LIST_EXAMPLES);
}

function optionsHelp(command: Command): string {
  const help = command.createHelp();
  const options = help.visibleOptions(command);
  const width = Math.max(...options.map((option) => help.optionTerm(option).length));
  const rows = options.map((option) =>
    help.formatItem(help.optionTerm(option), width, help.optionDescription(option), help),
  );
  return ['Options of audit list:', ...rows].join('\n');
}

const LIST_EXAMPLES = [
  'callwarden audit -c callwarden.yaml --since 1h',
  'callwarden audit -c callwarden.yaml --cld +4930123456 --since yesterday -n all',
  'callwarden audit -c callwarden.yaml --outcome disconnected -f',
  'callwarden audit -c callwarden.yaml --rule account-concurrent-calls -o csv > cut.csv',
];
