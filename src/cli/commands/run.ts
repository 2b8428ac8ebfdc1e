import type { Command } from 'commander';
import type { Config, SwitchConfig } from '../../domain/config.js';
import { CallwardenError } from '../../domain/errors.js';
import { openStore, type Store } from '../../store/open-store.js';
import { aborted } from '../aborted.js';
import { keepCheckpoints } from '../checkpoint-writing.js';
import { connectSwitch, loadConfig, selectSwitches } from '../compose.js';
import { configHash } from '../config-hash.js';
import type { CliContext } from '../context.js';
import { createLogger } from '../logging.js';
import { configOption, switchOption, withExamples } from '../options.js';
import { createPauseWatch } from '../pause-watch.js';
import { repeat } from '../repeat.js';
import { type RulesAtStart, refuseInvalidRules, rulesAtStart } from '../rules-at-start.js';
import { createRulesReload } from '../rules-reload.js';
import { type ServiceLog, startService } from '../service.js';
import { weighInWorker } from '../weigh-in-worker.js';

/** How soon an edit of the rules is seen, at the second look that finds the same, and a pause is logged. */
const LOOK_EVERY_MS = 1_000;

const HANGUP =
  'SIGHUP changes nothing: edits of the rules are taken up without it, within seconds; for a change of the config restart the service';

/** `callwarden run`: the service. */
export function addRun(program: Command, context: CliContext): void {
  const run = program
    .command('run')
    .summary('the service: scheduled passes until SIGTERM or SIGINT')
    .description(
      'Runs scheduled passes on every switch until SIGTERM or SIGINT; then sends nothing new, records what is in flight and exits 0. Follows the rules directory: what changes there takes effect at the next pass. The config is read at the start alone: restart after a change, or `callwarden pause` to stop acting at once.',
    )
    .addOption(configOption())
    .addOption(switchOption())
    .action((options: { config: string; switch?: string }) => runService(options, context));
  withExamples(run, 'callwarden run -c /etc/callwarden/callwarden.yaml');
}

async function runService(options: { config: string; switch?: string }, context: CliContext): Promise<void> {
  const startedAt = context.clock();
  const loaded = await loadConfig(options.config, context);
  const config = { ...loaded, switches: selectSwitches(loaded, options.switch) };
  await refuseInvalidRules(loaded, context);
  const store = openStore(config.database);
  const ended: (() => void)[] = [];
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const started = await rulesAtStart(loaded, store.rulesInForce, context);
    const log = createLogger(context);
    const interrupted = context.interrupted(() => log.info({}, HANGUP));
    logStart(config, started, log);
    const { ruleSet } = started;
    ended.push(...(await tellOfService(loaded, config.switches, { store, log, startedAt })));
    const service = startService({ config, ruleSet, store, log, connect: (one) => connectSwitch(one) });
    stops.push(() => service.stop());
    const reload = createRulesReload({
      directory: config.rulesDir,
      configFile: config.file,
      config: loaded,
      rulesInForce: store.rulesInForce,
      started,
      use: (next) => service.useRules(next),
      weigh: weighInWorker,
      log,
      clock: context.clock,
    });
    const pauseWatch = createPauseWatch({
      pauses: store.pauses,
      switches: config.switches.map(({ name }) => name),
      configFile: config.file,
      log,
      clock: context.clock,
    });
    await Promise.all([reload.look(), pauseWatch.look()]);
    // Each by itself: a long check of rules must not keep a pause out of the log.
    const looks = [reload, pauseWatch].map((one) => repeat(() => one.look(), LOOK_EVERY_MS));
    stops.push(...looks.map((one) => () => one.stop()));
    const { chain } = store;
    const checkpoints = await keepCheckpoints({ chain, ...config.checkpoints, clock: context.clock, log });
    await aborted(interrupted);
    log.info({}, 'stopping: nothing new is sent, requests in flight are recorded');
    await Promise.all(stops.splice(0).map((stop) => stop()));
    await checkpoints.stop();
    log.info({}, 'stopped');
  } finally {
    // Whatever broke: nothing may go on without the store, and the process has to end.
    await Promise.allSettled(stops.map((stop) => stop()));
    for (const end of ended) end();
    store.close();
  }
}

/** That a service runs, and with which config, is told for the sake of other commands alone, so that it runs without it, too. */
async function tellOfService(
  config: Config,
  switches: readonly SwitchConfig[],
  { store, log, startedAt }: { store: Store; log: ServiceLog; startedAt: number },
): Promise<readonly (() => void)[]> {
  const names = switches.map(({ name }) => name);
  const startedWith = {
    configFile: config.file,
    mode: config.mode,
    configHash: configHash(config),
    startedAt,
  };
  const tell = [
    {
      begin: () => store.rulesInForce.serve(config.rulesDir),
      otherwise: 'once beside this service may report its own rules to status',
    },
    {
      begin: () => store.services.begin(names, startedWith),
      otherwise: 'status, doctor and rules explain cannot tell with which config this service runs',
    },
  ];
  const ended: (() => void)[] = [];
  for (const { begin, otherwise } of tell) {
    try {
      ended.push(await begin());
    } catch (error) {
      if (!(error instanceof CallwardenError)) throw error;
      log.warn({}, `${otherwise}: ${error.message}`);
    }
  }
  return ended;
}

function logStart(config: Config, { ruleSet, weighed }: RulesAtStart, log: ServiceLog): void {
  const enforcing = ruleSet.rules.filter(({ mode }) => mode === 'enforce').length;
  log.info(
    {
      rulesHash: ruleSet.hash,
      loadedHash: weighed.filesHash,
      mode: config.mode,
      switches: config.switches.map(({ name, schedule }) => ({ name, schedule })),
    },
    `watching ${config.switches.map(({ name }) => name).join(', ')} with ${ruleSet.rules.length} rules, ` +
      (config.mode === 'monitor' ? 'mode monitor: nothing is cut' : `${enforcing} of them enforcing`),
  );
}
