import { type Command, InvalidArgumentError, Option } from 'commander';
import { DURATION_EXPECTED, durationText, parseDuration } from '../../documents/duration.js';
import { CallwardenError } from '../../domain/errors.js';
import type { Pause } from '../../domain/pause.js';
import { openStore } from '../../store/open-store.js';
import { actorOfCommandLine } from '../actor.js';
import { loadConfig, selectSwitches } from '../compose.js';
import { type CliContext, say, shown } from '../context.js';
import { givenReason } from '../given-reason.js';
import { harmless } from '../harmless-text.js';
import { configOption, switchOption, withExamples } from '../options.js';
import { pausedName, pauseText, resumeCommand, untilText } from '../pause-text.js';

const SHORTEST_MS = 1_000;
/** A longer one is rather forgotten than meant: leave --for out, and it stays until somebody resumes. */
const LONGEST_MS = 31 * 86_400_000;

/** A service may be writing what a large pass saw; a pause is worth waiting for. */
const WAIT_FOR_SERVICE_MS = 15_000;

interface PauseOptions {
  config: string;
  switch?: string;
  reason: string;
  for?: number;
}

/** `callwarden pause`: stops acting at once, whatever process acts. */
export function addPause(program: Command, context: CliContext): void {
  const pause = program
    .command('pause')
    .summary('stop acting at once; detection goes on')
    .description(
      'Stops acting at once, on every switch or on one: when this command has returned, no rule begins another disconnect, whichever process runs it, until the pause ends. Passes go on, and what they would have cut is recorded as withheld: paused. A disconnect by hand ignores a pause.',
    )
    .addOption(configOption())
    .addOption(switchOption())
    .requiredOption('--reason <text>', 'why, for the audit log and for whoever finds it paused')
    .addOption(
      new Option(
        '--for <duration>',
        'end by itself after this time; without it, only `resume` ends it',
      ).argParser(pauseLength),
    )
    .action((options: PauseOptions) => runPause(options, context));
  withExamples(
    pause,
    'callwarden pause -c callwarden.yaml --reason "rule wangiri cuts good calls"',
    'callwarden pause -c callwarden.yaml --switch lab --for 1h --reason "maintenance, ticket 4711"',
  );
}

function pauseLength(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError(`Expected ${DURATION_EXPECTED}.`);
  if (ms >= SHORTEST_MS && ms <= LONGEST_MS) return ms;
  throw new InvalidArgumentError(
    `Expected ${durationText(SHORTEST_MS)} to ${durationText(LONGEST_MS)}; without --for the pause lasts until somebody resumes.`,
  );
}

async function runPause(options: PauseOptions, context: CliContext): Promise<void> {
  const reason = givenReason(options.reason);
  const config = await loadConfig(options.config, context);
  selectSwitches(config, options.switch);
  const at = context.clock();
  const pause: Pause = {
    switch: options.switch,
    at,
    until: options.for === undefined ? undefined : at + options.for,
    reason,
    actor: actorOfCommandLine(context.env),
  };
  const before = await putInForce(pause, config.database, context);
  const text = `${pausedName(pause.switch)}: ${pauseText(shown(pause, context))}`;
  await context.stdout.write(`${harmless(text)}\n`);
  await say(
    context,
    `Rules disconnect nothing any more; what they find is recorded as withheld: paused. Go on with \`${resumeCommand(options.config, pause.switch)}\`.`,
  );
  const replaced = before.find((one) => one.switch === pause.switch);
  if (replaced !== undefined) await say(context, `This replaces the pause before: ${pauseText(replaced)}`);
  const all = before.find((one) => one.switch === undefined);
  if (pause.switch !== undefined && all !== undefined) {
    await say(context, `All switches are paused besides, ${untilText(all.until)}: ${pauseText(all)}`);
  }
}

/** Resolves with the pauses that were in force before. */
async function putInForce(pause: Pause, database: string, context: CliContext): Promise<readonly Pause[]> {
  try {
    const store = openStore(database, { busyTimeoutMs: WAIT_FOR_SERVICE_MS });
    try {
      const before = await store.pauses.list(pause.at);
      await store.pauses.pause(pause);
      return before;
    } finally {
      store.close();
    }
  } catch (error) {
    if (error instanceof CallwardenError) {
      await say(context, 'Nothing is paused. To stop acting all the same, stop the service.');
    }
    throw error;
  }
}
