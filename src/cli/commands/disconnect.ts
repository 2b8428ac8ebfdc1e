import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Argument, type Command } from 'commander';
import type { ActionReport } from '../../domain/action.js';
import type { Config } from '../../domain/config.js';
import type { DisconnectAnswer, SwitchPort } from '../../domain/ports.js';
import type { RuleSet } from '../../domain/rule.js';
import { disconnectByHand, type HandRequest, type HandResult } from '../../pass-by-hand.js';
import { openStore } from '../../store/open-store.js';
import { actorOfCommandLine } from '../actor.js';
import { askYesNo } from '../ask.js';
import { connectSwitch, loadConfig, selectSwitches } from '../compose.js';
import { type CliContext, say, shown } from '../context.js';
import { EXIT_FAILED, UsageError } from '../errors.js';
import { givenReason } from '../given-reason.js';
import { counted, handQuestion } from '../hand-question.js';
import { harmless } from '../harmless-text.js';
import { configOption, switchOption, withExamples } from '../options.js';
import { passContext } from '../pass-context.js';
import { pauseText } from '../pause-text.js';

const KINDS = ['call', 'account', 'customer'] as const;

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
      'Disconnects by hand, also where the config or its rules are in monitor mode, or acting is paused: both are ignored here. Protected calls stay, caps hold, and the audit log keeps who did it and why.',
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
  const reason = givenReason(options.reason);
  if (!/^\d{1,15}$/.test(id)) throw new UsageError(`Expected the ID of ${kind} as digits, not "${id}".`);
  // Rules record the number; a call's ID is whatever the switch writes.
  const target = kind === 'call' ? id : String(Number(id));
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
  const waiting = () => say(context, 'sent, waiting for a listing to confirm it');
  const connected = connectSwitch(switchConfig, context.clock);
  const port = options.yes === true ? connected : afterDisconnect(connected, waiting);
  let weight = 0;
  try {
    const pause = await store.pauses.of(switchConfig.name, context.clock());
    if (pause !== undefined)
      await say(context, `Rules are ${pauseText(pause)}. A disconnect by hand acts all the same.`);
    const note = (text: string) => void say(context, text);
    const pass = passContext({ config, switchConfig, port, store, ruleSet: NO_RULES, note });
    const request: HandRequest = { kind, id: target, reason: `by hand: ${reason}` };
    const result = await disconnectByHand(pass, request, {
      passId: randomUUID(),
      actor: actorOfCommandLine(context.env),
      overCap: options.overCap === true,
      async approve(action) {
        weight = action.weight;
        if (options.yes === true) return true;
        return askYesNo(handQuestion(shown(action, context), switchConfig.name, config.mode));
      },
      wait: (ms) => wait(ms),
      abort: context.interrupted(),
    });
    await tell(result, kind, id, context);
    if (result.status === 'done') await tellCap(result.actions, weight, config.caps, context);
  } finally {
    await port.close();
    store.close();
  }
}

/** The same switch, telling once that a disconnect was answered: what follows takes seconds. */
function afterDisconnect(port: SwitchPort, tell: () => Promise<void>): SwitchPort {
  let told = false;
  const telling = async (answer: Promise<DisconnectAnswer>) => {
    const answered = await answer;
    if (!told && answered.result === 'ok') {
      told = true;
      await tell();
    }
    return answered;
  };
  return {
    ...port,
    disconnectCall: (call, request) => telling(port.disconnectCall(call, request)),
    disconnectAccount: (account, request) => telling(port.disconnectAccount(account, request)),
    disconnectCustomer: (customer, request) => telling(port.disconnectCustomer(customer, request)),
  };
}

async function tell(result: HandResult, kind: string, id: string, context: CliContext): Promise<void> {
  switch (result.status) {
    case 'done':
      for (const action of result.actions) {
        const line = `${actionText(shown(action, context))}${confirmationText(action, result)}`;
        await context.stdout.write(`${harmless(line)}\n`);
      }
      if (!result.actions.some(({ outcome }) => outcome === 'disconnected' || outcome === 'already-gone')) {
        context.setExitCode(EXIT_FAILED);
      }
      return;
    case 'not-found':
      await say(context, `The switch lists no call to disconnect for ${kind} ${id}. Nothing was sent.`);
      break;
    case 'declined':
      await say(context, 'Nothing was sent.');
      break;
    case 'busy':
      await say(context, 'Another process is acting on this switch. Nothing was sent; try again.');
      break;
  }
  context.setExitCode(EXIT_FAILED);
}

/** A person who is held back by a cap needs to know which, and what to do. */
async function tellCap(
  actions: readonly ActionReport[],
  weight: number,
  caps: Config['caps'],
  context: CliContext,
): Promise<void> {
  const held = actions.find(
    ({ outcome, reason }) => outcome === 'withheld' && reason?.startsWith('cap-') === true,
  );
  if (held === undefined) return;
  const limits: Record<string, string> = {
    'cap-per-pass': `caps.perPass is ${caps.perPass}`,
    'cap-per-hour': `caps.perHour is ${caps.perHour}, with what was taken in the last hour`,
    'cap-share': `that is over caps.sharePerPass, ${caps.sharePerPass} of the switch's calls`,
  };
  const cap = limits[held.reason ?? ''];
  const narrower =
    held.action === 'disconnectCustomer'
      ? '\nCalls of customers that may belong to it count as well: say in "customerTree" who belongs to whom.'
      : '';
  await say(
    context,
    `A cap held this back: it would take ${counted(weight)}, and ${cap}. With --over-cap it goes beyond.${narrower}`,
  );
}

function actionText({ id, action, target, outcome, reason }: ActionReport): string {
  const why = reason === null || reason.startsWith('by hand: ') ? '' : ` (${reason})`;
  return `${action} ${target}: ${outcome}${why}, audit ${id}`;
}

function confirmationText(
  { id, action, outcome }: ActionReport,
  { confirmed }: Extract<HandResult, { status: 'done' }>,
): string {
  if (outcome !== 'disconnected' && outcome !== 'unknown') return '';
  if (action !== 'disconnectCall') {
    const gone = [...confirmed.values()].filter(Boolean).length;
    return `, ${gone} of ${confirmed.size} calls confirmed as gone`;
  }
  const gone = confirmed.get(id);
  if (gone === undefined) return '';
  return gone ? ', confirmed as gone' : ', but the switch still lists the call';
}
