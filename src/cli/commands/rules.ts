import { statSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import type { Command } from 'commander';
import type { Rule, RuleSet } from '../../domain/rule.js';
import { loadConfig, loadRules } from '../compose.js';
import type { CliContext } from '../context.js';
import { UsageError } from '../errors.js';
import { chosenFormat, outputOption, withExamples } from '../options.js';
import { type OutputFormat, type RowView, writeRows } from '../output.js';
import { addRulesAccept } from './rules-accept.js';
import { addRulesBacktest } from './rules-backtest.js';
import { addRulesExplain } from './rules-explain.js';
import { addRulesFacts } from './rules-facts.js';
import { addRulesSchema } from './rules-schema.js';
import { addRulesTest } from './rules-test.js';

const DEFAULT_RULES_DIR = './rules';

/** `callwarden rules check|list|facts|accept`: the admin's work on rule files, most of it without a config. */
export function addRules(program: Command, context: CliContext): void {
  const rules = program
    .command('rules')
    .summary('check, test, explain and backtest rules')
    .description(
      'Work on rule files: check and test them, explain why they act or do not, try them on the calls of the past.',
    );
  withExamples(rules, 'callwarden rules check', 'callwarden rules facts account.minutes');

  const check = rules
    .command('check')
    .summary('check all files of a rules directory')
    .description(
      'Checks all files of a rules directory and prints every problem; exit code 2 where there is one. Without a config ' +
        'it does not check what depends on the switches: their names, how often they are polled (5s are assumed), whose ' +
        'customer tree is known, how long the ledger is kept, and prefixes in national form.',
    )
    .argument('[dir]', `the rules directory; by default that of the config, else ${DEFAULT_RULES_DIR}`)
    .option('-c, --config <file>', 'check against the switches and the ledger of this config too')
    .action((directory: string | undefined, { config }: { config?: string }) =>
      checkIt(directory, config, context),
    );
  withExamples(
    check,
    'callwarden rules check',
    'callwarden rules check /etc/callwarden/rules',
    'callwarden rules check -c callwarden.yaml',
  );

  const list = rules
    .command('list')
    .summary('list the rules of a directory')
    .description('Lists the rules of a directory.')
    .argument('[dir]', 'the rules directory', DEFAULT_RULES_DIR)
    .addOption(outputOption())
    .action(async (directory: string, options: { output?: OutputFormat }) => {
      refuseFile(directory);
      const { rules: found } = await loadRules(directory, context);
      await writeRows(found.map(toRuleRow), RULE_VIEW, chosenFormat(options.output, context), context.stdout);
    });
  withExamples(list, 'callwarden rules list', 'callwarden rules list /etc/callwarden/rules -o csv');

  addRulesFacts(rules, context);
  addRulesAccept(rules, context);
  addRulesTest(rules, context);
  addRulesExplain(rules, context);
  addRulesBacktest(rules, context);
  addRulesSchema(rules, context);
}

async function checkIt(
  named: string | undefined,
  configFile: string | undefined,
  context: CliContext,
): Promise<void> {
  const config = configFile === undefined ? undefined : await loadConfig(configFile, context);
  const directory = named ?? config?.rulesDir ?? DEFAULT_RULES_DIR;
  refuseFile(directory);
  await context.stdout.write(`${summary(await loadRules(directory, context, config))}\n`);
}

/** Rules are judged together with the lists and limits beside them, so a file alone cannot be checked. */
function refuseFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  throw new UsageError(`${path} is a file; expected the rules directory that it lies in (${dirname(path)}).`);
}

/** `6 rules, 1 list, 3 limits: ok` */
function summary({ rules, lists, limits }: RuleSet): string {
  const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
  return `${counted(rules.length, 'rule')}, ${counted(lists.size, 'list')}, ${counted(limits.length, 'limit')}: ok`;
}

interface RuleRow {
  name: string;
  mode: string;
  scope: string;
  event: string;
  priority: number;
  file: string;
  line: number;
  description: string | null;
}

function toRuleRow(rule: Rule): RuleRow {
  return {
    name: rule.name,
    mode: rule.mode,
    scope: rule.scope,
    event: rule.event.type,
    priority: rule.priority,
    file: rule.location.file,
    line: rule.location.line,
    description: rule.description ?? null,
  };
}

const RULE_VIEW: RowView<RuleRow> = {
  columns: [
    { header: 'NAME', cell: (row) => row.name, keep: true },
    { header: 'MODE', cell: (row) => row.mode },
    { header: 'SCOPE', cell: (row) => row.scope },
    { header: 'EVENT', cell: (row) => row.event },
    { header: 'PRIORITY', cell: (row) => row.priority, optional: 'always' },
    { header: 'FILE', cell: (row) => shortest(row.file), wraps: true, optional: 'always' },
    { header: 'DESCRIPTION', cell: (row) => row.description, wraps: true, optional: 'always' },
  ],
  fields: ['name', 'mode', 'scope', 'event', 'priority', 'file', 'line', 'description'],
};

/** As seen from the working directory where that is shorter. */
function shortest(file: string): string {
  const seenFromHere = relative(process.cwd(), file);
  return seenFromHere.length < file.length ? seenFromHere : file;
}
