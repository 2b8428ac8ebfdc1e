import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { PassReport } from '../../domain/pass-report.js';
import { type Simulator, startSimulator } from '../../simulator/start-simulator.js';
import { openAuditReader } from '../../store/audit-reader.js';
import { openStore } from '../../store/open-store.js';
import { aborted } from '../aborted.js';
import { connectSwitch, loadConfig, loadRules } from '../compose.js';
import { type CliContext, say } from '../context.js';
import { createDemoView } from '../demo-view.js';
import { wholeNumber, withExamples } from '../options.js';
import { PACKAGE_ROOT } from '../program.js';
import { type ServiceLog, startService } from '../service.js';

const USERNAME = 'demo';
const PASSWORD = 'demo';
/** Chosen so that the first passes show a good part of what can happen. */
const SEED = 7;

/** `callwarden demo`: a simulated switch and the service, on a database of their own. */
export function addDemo(program: Command, context: CliContext): void {
  const demo = program
    .command('demo')
    .summary('simulated switch and service, to watch')
    .description(
      'Runs a simulated switch with honest and fraudulent traffic and the service beside it, and shows each pass.',
    )
    .option('--passes <n>', 'end after so many passes', wholeNumber('a number of passes of at least 1', 1))
    .action((options: { passes?: number }) => runDemo(options, context));
  withExamples(demo, 'callwarden demo', 'callwarden demo --passes 5');
}

async function runDemo(options: { passes?: number }, context: CliContext): Promise<void> {
  const interrupted = context.interrupted();
  const simulator = await startSimulator({
    seed: SEED,
    scenarios: ['all'],
    warmStart: true,
    clock: context.clock,
    username: USERNAME,
    password: PASSWORD,
  });
  const folder = writeDemoFolder(simulator);
  const configFile = join(folder, 'callwarden.yaml');
  const config = await loadConfig(configFile, context);
  const ruleSet = await loadRules(config.rulesDir, context);
  const store = openStore(config.database);
  const reader = openAuditReader(config.database);
  const view = createDemoView({ simulator, reader, output: context.stdout });
  try {
    await view.opening(folder, ruleSet.rules.length);
    const finished = new AbortController();
    let passes = 0;
    const service = startService({
      config,
      ruleSet,
      store,
      log: troubleOnly(context),
      jitterMs: 0,
      connect: (one) => connectSwitch(one, context.clock),
      async onPass(report: PassReport) {
        if (finished.signal.aborted || interrupted.aborted) return;
        passes += 1;
        await view.pass(passes, report);
        if (passes === options.passes) finished.abort();
      },
    });
    await aborted(AbortSignal.any([finished.signal, interrupted]));
    await service.stop();
    await view.closing(ownCommand(), configFile);
  } finally {
    reader.close();
    store.close();
    await simulator.close();
  }
}

/** A config that enforces, and the shipped rules switched from monitor to enforce: in the demo nobody is cut off. */
function writeDemoFolder(simulator: Simulator): string {
  const folder = mkdtempSync(join(tmpdir(), 'callwarden-demo-'));
  const rules = join(folder, 'rules');
  cpSync(fileURLToPath(new URL('rules/', PACKAGE_ROOT)), rules, { recursive: true });
  for (const name of readdirSync(rules).filter((entry) => /\.ya?ml$/.test(entry))) {
    const file = join(rules, name);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^mode: monitor\b/m, 'mode: enforce'));
  }
  writeFileSync(
    join(folder, 'callwarden.yaml'),
    [
      'switches:',
      '  - name: demo',
      `    url: ${simulator.url}`,
      `    username: ${USERNAME}`,
      `    password: ${PASSWORD}`,
      '    schedule: "*/2 * * * * *"',
      'mode: enforce',
      'rules: ./rules',
      'database: ./callwarden.db',
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
  return folder;
}

/** The view tells of passes; from the log only trouble matters. */
function troubleOnly(context: CliContext): ServiceLog {
  const tell = (_: object, text: string) => void say(context, text);
  return { info: () => undefined, warn: tell, error: tell };
}

/** How this program was called, so that the closing hint can be pasted. */
function ownCommand(): string {
  const script = process.argv[1] ?? 'callwarden';
  return basename(script) === 'callwarden' ? 'callwarden' : `node ${relative(process.cwd(), script)}`;
}
