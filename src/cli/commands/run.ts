import type { Command } from 'commander';
import { openStore } from '../../store/open-store.js';
import { aborted } from '../aborted.js';
import { connectSwitch, loadConfig, loadRules, selectSwitches } from '../compose.js';
import type { CliContext } from '../context.js';
import { createLogger } from '../logging.js';
import { configOption, switchOption, withExamples } from '../options.js';
import { startService } from '../service.js';

/** `callwarden run`: the service. */
export function addRun(program: Command, context: CliContext): void {
  const run = program
    .command('run')
    .summary('the service: scheduled passes until SIGTERM or SIGINT')
    .description(
      'Runs scheduled passes on every switch until SIGTERM or SIGINT; then sends nothing new, records what is in flight and exits 0.',
    )
    .addOption(configOption())
    .addOption(switchOption())
    .action((options: { config: string; switch?: string }) => runService(options, context));
  withExamples(run, 'callwarden run -c /etc/callwarden/callwarden.yaml');
}

async function runService(options: { config: string; switch?: string }, context: CliContext): Promise<void> {
  const loaded = await loadConfig(options.config, context);
  const config = { ...loaded, switches: selectSwitches(loaded, options.switch) };
  const ruleSet = await loadRules(config.rulesDir, context, loaded.switches);
  const store = openStore(config.database);
  try {
    const interrupted = context.interrupted();
    const log = createLogger(context);
    const enforcing = ruleSet.rules.filter(({ mode }) => mode === 'enforce').length;
    log.info(
      {
        rulesHash: ruleSet.hash,
        mode: config.mode,
        switches: config.switches.map(({ name, schedule }) => ({ name, schedule })),
      },
      `watching ${config.switches.map(({ name }) => name).join(', ')} with ${ruleSet.rules.length} rules, ` +
        (config.mode === 'monitor' ? 'mode monitor: nothing is cut' : `${enforcing} of them enforcing`),
    );
    const service = startService({ config, ruleSet, store, log, connect: (one) => connectSwitch(one) });
    await aborted(interrupted);
    log.info({}, 'stopping: nothing new is sent, requests in flight are recorded');
    await service.stop();
    log.info({}, 'stopped');
  } finally {
    store.close();
  }
}
