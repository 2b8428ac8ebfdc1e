import type { Command } from 'commander';
import { CALL_STATES, type ListedCall } from '../../domain/call.js';
import type { ListFilter, Listing } from '../../domain/snapshot.js';
import { loadConfig, selectSwitches } from '../compose.js';
import { type CliContext, say, shown } from '../context.js';
import { askEachSwitch } from '../each-switch.js';
import {
  chosenFormat,
  configOption,
  oneOf,
  outputOption,
  switchOption,
  wholeNumber,
  withExamples,
} from '../options.js';
import { createRowWriter, type OutputFormat, type RowView } from '../output.js';

interface CallsOptions {
  config: string;
  switch?: string;
  account?: number;
  customer?: number;
  connection?: number;
  state?: string;
  active?: boolean;
  output?: OutputFormat;
}

/** `callwarden calls`: what the switch lists now, without judging or recording anything. */
export function addCalls(program: Command, context: CliContext): void {
  const calls = program
    .command('calls')
    .summary('list the calls on the switch now')
    .description(
      'Lists the calls that the switch reports now. Calls that cannot be identified are counted on stderr.',
    )
    .addOption(configOption())
    .addOption(switchOption())
    .option(
      '--account <id>',
      'of this account (asked of the switch)',
      wholeNumber('the number of an account'),
    )
    .option('--customer <id>', 'of this customer itself', wholeNumber('the number of a customer'))
    .option(
      '--connection <id>',
      'over this connection (asked of the switch)',
      wholeNumber('the number of a connection'),
    )
    .option('--state <state>', CALL_STATES.join(', '), oneOf(CALL_STATES))
    .option('--active', 'listActiveCalls instead of listAllCalls: Connected, ARComplete and WaitRoute only')
    .addOption(outputOption())
    .action((options: CallsOptions) => listCalls(options, context));
  withExamples(
    calls,
    'callwarden calls -c callwarden.yaml',
    'callwarden calls -c callwarden.yaml --switch lab --account 10 --state Connected -o json',
  );
}

async function listCalls(options: CallsOptions, context: CliContext): Promise<void> {
  const config = await loadConfig(options.config, context);
  const switches = selectSwitches(config, options.switch);
  const filter: ListFilter = {
    ...(options.account !== undefined && { account: options.account }),
    ...(options.connection !== undefined && { connection: options.connection }),
  };
  const writer = createRowWriter(CALL_VIEW, chosenFormat(options.output, context), context.stdout);
  const answers = askEachSwitch(
    switches,
    (port) => (options.active === true ? port.listActiveCalls(filter) : port.listAllCalls(filter)),
    context,
  );
  let answered = 0;
  let rows = 0;
  for await (const { switchConfig, answer } of answers) {
    answered += 1;
    for (const call of answer.calls.filter((one) => isWanted(one, options))) {
      rows += 1;
      await writer.write(shown(toRow(switchConfig.name, call), context));
    }
    await tellDoubts(switchConfig.name, answer, context);
  }
  await writer.end();
  if (answered > 0 && rows === 0) await say(context, 'no calls match');
}

function isWanted(call: ListedCall, { customer, state }: CallsOptions): boolean {
  return (
    (customer === undefined || call.customer === customer) && (state === undefined || call.state === state)
  );
}

async function tellDoubts(
  name: string,
  { suspects, unreadableFields }: Listing,
  context: CliContext,
): Promise<void> {
  if (suspects.length > 0) {
    await say(
      context,
      `${name}: ${suspects.length} suspect: ID, CALL_ID or CC_STATE cannot be read; not listed.`,
    );
  }
  const fields = Object.entries(unreadableFields).map(([field, count]) => `${field} ${count} times`);
  if (fields.length > 0)
    await say(context, `${name}: could not be read and is left empty: ${fields.join(', ')}.`);
}

interface CallRow {
  switch: string;
  id: string;
  callId: string;
  state: string;
  account: number | null;
  customer: number | null;
  connection: number | null;
  environment: number | null;
  cli: string | null;
  cld: string | null;
  direction: string | null;
  setupTime: string | null;
  duration: number | null;
  delay: number | null;
  callerMediaIp: string | null;
  calleeMediaIp: string | null;
}

function toRow(name: string, call: ListedCall): CallRow {
  return {
    switch: name,
    id: call.id,
    callId: call.callId,
    state: call.state,
    account: call.account ?? null,
    customer: call.customer ?? null,
    connection: call.connection ?? null,
    environment: call.environment ?? null,
    cli: call.cli ?? null,
    cld: call.cld ?? null,
    direction: call.direction ?? null,
    setupTime: call.setupTimeText ?? null,
    duration: call.duration ?? null,
    delay: call.delay ?? null,
    callerMediaIp: call.callerMediaIp ?? null,
    calleeMediaIp: call.calleeMediaIp ?? null,
  };
}

const CALL_VIEW: RowView<CallRow> = {
  columns: [
    { header: 'SWITCH', cell: (row) => row.switch, optional: 'same' },
    { header: 'ID', cell: (row) => row.id, keep: true },
    { header: 'STATE', cell: (row) => row.state },
    { header: 'ACCT', cell: (row) => row.account, keep: true },
    { header: 'CUST', cell: (row) => row.customer },
    { header: 'CONN', cell: (row) => row.connection, optional: 'always' },
    { header: 'CLI', cell: (row) => row.cli, keep: true },
    { header: 'CLD', cell: (row) => row.cld, keep: true },
    { header: 'DIRECTION', cell: (row) => row.direction, optional: 'always' },
    { header: 'DURATION', cell: (row) => (row.duration === null ? null : Math.round(row.duration)) },
    { header: 'CALL-ID', cell: (row) => row.callId, optional: 'always' },
  ],
  fields: [
    'switch',
    'id',
    'callId',
    'state',
    'account',
    'customer',
    'connection',
    'environment',
    'cli',
    'cld',
    'direction',
    'setupTime',
    'duration',
    'delay',
    'callerMediaIp',
    'calleeMediaIp',
  ],
};
