import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { openStore, type Store } from '../../store/open-store.js';
import { actorOfCommandLine } from '../actor.js';
import { loadConfig, selectSwitches } from '../compose.js';
import { type CliContext, say, shown } from '../context.js';
import { EXIT_FAILED } from '../errors.js';
import { givenReason } from '../given-reason.js';
import { harmless } from '../harmless-text.js';
import { configOption, switchOption, withExamples } from '../options.js';
import { pausedName, pauseText, resumeCommand } from '../pause-text.js';

interface ResumeOptions {
  config: string;
  switch?: string;
  reason: string;
}

/** `callwarden resume`: lets rules act again. */
export function addResume(program: Command, context: CliContext): void {
  const resume = program
    .command('resume')
    .summary('end a pause: rules act again')
    .description(
      'Ends the pause of one switch, or without --switch every pause: rules act again from the next decision on. Where nothing is paused it says so and changes nothing.',
    )
    .addOption(configOption())
    .addOption(switchOption())
    .requiredOption('--reason <text>', 'why, for the audit log')
    .action((options: ResumeOptions) => runResume(options, context));
  withExamples(
    resume,
    'callwarden resume -c callwarden.yaml --reason "rule corrected"',
    'callwarden resume -c callwarden.yaml --switch lab --reason "maintenance is over"',
  );
}

async function runResume(options: ResumeOptions, context: CliContext): Promise<void> {
  const reason = givenReason(options.reason);
  const config = await loadConfig(options.config, context);
  selectSwitches(config, options.switch);
  if (!existsSync(config.database)) return sayNothingPaused(options, context);
  const store = openStore(config.database);
  try {
    if (options.switch !== undefined && (await refusedForAll(store, options, options.switch, context)))
      return;
    const resumed = { at: context.clock(), reason, actor: actorOfCommandLine(context.env) };
    const ended = await store.pauses.resume(options.switch, resumed);
    if (ended.length === 0) return await sayNothingPaused(options, context);
    for (const pause of ended) {
      const text = `${pausedName(pause.switch)}: resumed; it was ${pauseText(shown(pause, context))}`;
      await context.stdout.write(`${harmless(text)}\n`);
    }
  } finally {
    store.close();
  }
}

/** A switch cannot be let go on while all are stopped: who stopped all meant this one too. */
async function refusedForAll(
  { pauses }: Store,
  options: ResumeOptions,
  name: string,
  context: CliContext,
): Promise<boolean> {
  const [forAll] = (await pauses.list(context.clock())).filter((pause) => pause.switch === undefined);
  if (forAll === undefined) return false;
  await say(
    context,
    [
      `error: ${name} stays paused, for all switches are ${pauseText(forAll)}`,
      `hint: \`${resumeCommand(options.config, undefined)}\` lets all act again. Where others are to stay paused, pause each of them by name right after it.`,
    ].join('\n'),
  );
  context.setExitCode(EXIT_FAILED);
  return true;
}

async function sayNothingPaused(options: ResumeOptions, context: CliContext): Promise<void> {
  const what = options.switch === undefined ? 'Nothing is paused' : `${options.switch} is not paused`;
  await say(context, `${what}; nothing was changed.`);
}
