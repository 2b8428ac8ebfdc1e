import type { Command } from 'commander';
import { loadConfig, selectSwitches } from '../compose.js';
import { type CliContext, say } from '../context.js';
import { askEachSwitch } from '../each-switch.js';
import {
  chosenFormat,
  configOption,
  outputOption,
  switchOption,
  wholeNumber,
  withExamples,
} from '../options.js';
import { createRowWriter, type OutputFormat, type RowView } from '../output.js';

interface StatsOptions {
  config: string;
  switch?: string;
  account?: number;
  output?: OutputFormat;
}

interface StatsRow {
  switch: string;
  account: number;
  total: number;
  connected: number;
}

const STATS_VIEW: RowView<StatsRow> = {
  columns: [
    { header: 'SWITCH', cell: (row) => row.switch, optional: 'same' },
    { header: 'ACCOUNT', cell: (row) => row.account, keep: true },
    { header: 'TOTAL', cell: (row) => row.total },
    { header: 'CONNECTED', cell: (row) => row.connected },
  ],
  fields: ['switch', 'account', 'total', 'connected'],
};

/** `callwarden stats`: getAccountCallStats, which is light on the switch. */
export function addStats(program: Command, context: CliContext): void {
  const stats = program
    .command('stats')
    .summary('count the calls per account now')
    .description(
      'Counts the calls per account as the switch reports them now. Accounts of resellers may be absent: absent is not zero.',
    )
    .addOption(configOption())
    .addOption(switchOption())
    .option('--account <id>', 'only this account', wholeNumber('the number of an account'))
    .addOption(outputOption())
    .action((options: StatsOptions) => printStats(options, context));
  withExamples(
    stats,
    'callwarden stats -c callwarden.yaml',
    'callwarden stats -c callwarden.yaml --switch lab -o csv',
  );
}

async function printStats(options: StatsOptions, context: CliContext): Promise<void> {
  const config = await loadConfig(options.config, context);
  const switches = selectSwitches(config, options.switch);
  const writer = createRowWriter(STATS_VIEW, chosenFormat(options.output, context), context.stdout);
  const answers = askEachSwitch(switches, (port) => port.getAccountCallStats(), context);
  let answered = 0;
  let rows = 0;
  for await (const { switchConfig, answer } of answers) {
    answered += 1;
    const accounts = [...answer.accounts].toSorted(([one], [other]) => one - other);
    for (const [account, { total, connected }] of accounts) {
      if (options.account !== undefined && options.account !== account) continue;
      rows += 1;
      await writer.write({ switch: switchConfig.name, account, total, connected });
    }
    if (answer.suspect !== undefined) {
      await say(context, `${switchConfig.name}: these numbers prove nothing: ${answer.suspect}`);
    }
  }
  await writer.end();
  if (answered > 0 && rows === 0) await say(context, 'no accounts with calls match');
}
