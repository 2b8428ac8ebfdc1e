import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import { FAULT_KINDS, type Fault } from '../../simulator/faults.js';
import { METHODS } from '../../simulator/methods.js';
import { parseFault } from '../../simulator/parse-fault.js';
import { chooseScenarios, SCENARIO_CHOICES } from '../../simulator/scenarios.js';
import { type Simulator, startSimulator } from '../../simulator/start-simulator.js';
import { type CliContext, say } from '../context.js';
import { UsageError } from '../errors.js';
import { wholeNumber, withExamples } from '../options.js';

interface SimulateOptions {
  port: number;
  seed: number;
  scenario?: readonly string[];
  username: string;
  password: string;
  fault?: readonly Fault[];
}

/** `callwarden simulate`: a switch to rehearse on, with traffic, fraud and trouble on demand. */
export function addSimulate(program: Command, context: CliContext): void {
  const choices = SCENARIO_CHOICES.map(({ name }) => name).join(', ');
  const simulate = program
    .command('simulate')
    .summary('run a simulated switch')
    .description('Runs a simulated switch with living traffic on 127.0.0.1 until it is interrupted.')
    .option(
      '--port <number>',
      'TCP port; 0 lets the system choose',
      wholeNumber('a port, 0 to 65535', 0, 65_535),
      8080,
    )
    .option('--seed <number>', 'the same seed gives the same traffic', wholeNumber('a whole number'), 1)
    .option('--scenario <name>', `one of ${choices}; may be repeated`, collectScenario)
    .option('--username <name>', 'the login it accepts', 'ops')
    .option('--password <text>', 'the password of that login', 'simulated')
    .option('--fault <spec>', 'METHOD:KIND and any terms behind it, see below; may be repeated', collectFault)
    .action((options: SimulateOptions) => runSimulator(options, context));
  simulate.addHelpText('after', faultHelp());
  withExamples(
    simulate,
    'callwarden simulate --scenario concurrency-burst',
    'callwarden simulate --port 0 --seed 7 --scenario all --fault disconnectCall:lost-reply:0.2',
  );
}

function faultHelp(): string {
  const width = Math.max(...Object.keys(FAULT_KINDS).map(({ length }) => length));
  return [
    '',
    `Faults: METHOD:KIND[:TERM]... where METHOD is ${METHODS.join(', ')} or *.`,
    'KIND is one of',
    ...Object.entries(FAULT_KINDS).map(([kind, meaning]) => `  ${kind.padEnd(width)}  ${meaning}`),
    'TERM is any of',
    '  0.2 or 20%   the chance per request',
    '  next=N       only for the next N requests',
    '  after=TIME   only from then on: 500ms, 2s, 1m',
    '  delay=TIME   of slow: how late the answer comes',
    '  share=P      of unreadable: the share of the calls',
  ].join('\n');
}

function collectScenario(name: string, earlier: readonly string[] = []): readonly string[] {
  return refusing(() => {
    chooseScenarios([name]);
    return [...earlier, name];
  });
}

function collectFault(text: string, earlier: readonly Fault[] = []): readonly Fault[] {
  return refusing(() => [...earlier, parseFault(text)]);
}

/** The simulator says in a RangeError what was expected. */
function refusing<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

async function runSimulator(options: SimulateOptions, context: CliContext): Promise<void> {
  const stopped = context.interrupted();
  const simulator = await start(options, context);
  await context.stdout.write(`${simulator.url}\n`);
  await say(context, configSnippet(simulator, options));
  if (!stopped.aborted) await once(stopped, 'abort');
  await simulator.close();
}

async function start(options: SimulateOptions, context: CliContext): Promise<Simulator> {
  const { port, seed, scenario = [], username, password, fault = [] } = options;
  try {
    return await startSimulator({
      port,
      seed,
      scenarios: scenario,
      username,
      password,
      faults: fault,
      warmStart: true,
      clock: context.clock,
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE')
      throw new UsageError(`Port ${port} is in use: name another one, or --port 0 for any.`);
    if (code === 'EACCES') throw new UsageError(`Port ${port} may not be used: name one above 1023.`);
    throw error;
  }
}

function configSnippet({ url }: Simulator, { username, password }: SimulateOptions): string {
  return [
    '',
    'The simulated switch is listening. A config for it:',
    '',
    'switches:',
    '  - name: simulated',
    `    url: ${url}`,
    `    username: ${JSON.stringify(username)}`,
    `    password: ${JSON.stringify(password.replaceAll('${', '$$${'))}`,
    'mode: monitor',
    '',
    'Ctrl-C ends it.',
  ].join('\n');
}
