import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { Argument, type Command } from 'commander';
import type { ActionReport, PlannedAction } from '../../domain/action.js';
import type { RuleSet } from '../../domain/rule.js';
import { disconnectByHand, type HandRequest, type HandResult } from '../../pass-by-hand.js';
import { openStore } from '../../store/open-store.js';
import { actorOfCommandLine } from '../actor.js';
import { connectSwitch, loadConfig, selectSwitches } from '../compose.js';
import type { CliContext } from '../context.js';
import { EXIT_FAILED, UsageError } from '../errors.js';
import { harmless } from '../harmless-text.js';
import { configOption, switchOption, withExamples } from '../options.js';
import { passContext } from '../pass-context.js';

const KINDS = ['call', 'account', 'customer'] as const;
const LONGEST_REASON = 500;
/** A switch takes about a second to end a call; so long each look waits. */
const CONFIRM_AFTER_MS = 1_000;
const LOCK_RETRY_MS = 100;
const LOCK_WAIT_MS = 30_000;

/** No rules are needed to act by hand, and broken ones must not prevent it. */
const NO_RULES: RuleSet = { rules: [], conditions: new Map(), lists: new Map(), limits: [], hash: '' };

interface DisconnectOptions {
  config: string;
  switch?: string;
  reason: string;
  yes?: true;
  overCap?: true;
}

/** `callwarden disconnect`: by hand, with the same listing, protection, record and confirmation as a rule. */
export function addDisconnect(program: Command, context: CliContext): void {
  const disconnect = program
    .command('disconnect')
    .summary('disconnect a call, an account or a customer by hand')
    .description(
      'Disconnects by hand. Protected calls stay, caps hold, and the audit log keeps who did it and why; the mode does not matter.',
    )
    .addArgument(new Argument('<kind>', 'what to disconnect').choices(KINDS))
    .argument('<id>', 'ID of the call, account or customer on the switch')
    .addOption(configOption())
    .addOption(switchOption())
    .requiredOption('--reason <text>', 'why, for the audit log')
    .option('--yes', 'do not ask')
    .option('--over-cap', 'go beyond the caps')
    .action((kind: HandRequest['kind'], id: string, options: DisconnectOptions) =>
      runDisconnect(kind, id, options, context),
    );
  withExamples(
    disconnect,
    'callwarden calls -c callwarden.yaml --account 10',
    'callwarden disconnect call 960 -c callwarden.yaml --reason "customer asked, ticket 4711"',
    'callwarden disconnect account 10 -c callwarden.yaml --switch lab --reason "stolen password" --yes',
  );
}

async function runDisconnect(
  kind: HandRequest['kind'],
  id: string,
  options: DisconnectOptions,
  context: CliContext,
): Promise<void> {
  const reason = checkedReason(options.reason);
  if (!/^\d{1,15}$/.test(id)) throw new UsageError(`Expected the ID of ${kind} as digits, not "${id}".`);
  if (options.yes !== true && !process.stdin.isTTY) {
    throw new UsageError('Nobody is there to ask. Give --yes to disconnect without asking.');
  }
  const config = await loadConfig(options.config, context);
  const [switchConfig, ...others] = selectSwitches(config, options.switch);
  if (switchConfig === undefined || others.length > 0) {
    throw new UsageError(
      `The config has several switches: name one with --switch ${config.switches.map(({ name }) => name).join('|')}.`,
    );
  }
  const store = openStore(config.database);
  const port = connectSwitch(switchConfig, context.clock);
  try {
    const pass = passContext({ config, switchConfig, port, store, ruleSet: NO_RULES, note: () => undefined });
    const request: HandRequest = { kind, id, reason: `by hand: ${reason}` };
    const result = await whenFree(() =>
      disconnectByHand(pass, request, {
        passId: randomUUID(),
        actor: actorOfCommandLine(context.env),
        overCap: options.overCap === true,
        approve: (action) => (options.yes === true ? Promise.resolve(true) : ask(action)),
        pause: () => wait(CONFIRM_AFTER_MS),
        abort: context.interrupted(),
      }),
    );
    await tell(result, kind, id, context);
  } finally {
    await port.close();
    store.close();
  }
}

function checkedReason(text: string): string {
  const reason = text.trim();
  if (reason === '' || reason.length > LONGEST_REASON) {
    throw new UsageError(`Expected a reason of 1 to ${LONGEST_REASON} characters: the audit log keeps it.`);
  }
  return reason;
}

/** The service beside us holds the lock only for the length of a pass. */
async function whenFree(attempt: () => Promise<HandResult>): Promise<HandResult> {
  for (let waitedMs = 0; ; waitedMs += LOCK_RETRY_MS) {
    const result = await attempt();
    if (result.status !== 'busy' || waitedMs >= LOCK_WAIT_MS) return result;
    await wait(LOCK_RETRY_MS);
  }
}

async function ask(action: PlannedAction): Promise<boolean> {
  const { call, weight, target } = action;
  const what =
    call === undefined
      ? `${action.action === 'disconnectAccount' ? 'account' : 'customer'} ${target} with ${weight} calls`
      : `call ${target} (${call.cli ?? '?'} -> ${call.cld ?? '?'}, account ${call.account ?? '?'})`;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`Disconnect ${harmless(what)}? [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

async function tell(result: HandResult, kind: string, id: string, context: CliContext): Promise<void> {
  switch (result.status) {
    case 'done':
      for (const action of result.actions) {
        const line = `${actionText(action)}${confirmationText(action, result.confirmed)}`;
        await context.stdout.write(`${harmless(line)}\n`);
      }
      if (!result.actions.some(({ outcome }) => outcome === 'disconnected' || outcome === 'already-gone')) {
        context.setExitCode(EXIT_FAILED);
      }
      return;
    case 'not-found':
      await context.stderr.write(
        `The switch lists no call to disconnect for ${kind} ${id}. Nothing was sent.\n`,
      );
      break;
    case 'declined':
      await context.stderr.write('Nothing was sent.\n');
      break;
    case 'busy':
      await context.stderr.write('Another process is acting on this switch. Nothing was sent; try again.\n');
      break;
  }
  context.setExitCode(EXIT_FAILED);
}

function actionText({ id, action, target, outcome, reason }: ActionReport): string {
  const why = reason === null || reason.startsWith('by hand: ') ? '' : ` (${reason})`;
  return `${action} ${target}: ${outcome}${why}, audit ${id}`;
}

function confirmationText({ id, outcome }: ActionReport, confirmed: ReadonlyMap<number, boolean>): string {
  const gone = confirmed.get(id);
  if (gone === undefined) return '';
  if (!gone) return ', but the switch still lists the call';
  return outcome === 'disconnected' ? ', confirmed' : ', the call is gone';
}
