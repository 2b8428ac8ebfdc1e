import type { SwitchConfig } from '../domain/config.js';
import { CallwardenError } from '../domain/errors.js';
import type { SwitchPort } from '../domain/ports.js';
import { connectSwitch } from './compose.js';
import { type CliContext, say } from './context.js';
import { describeError, EXIT_FAILED } from './errors.js';

/**
 * Asks every switch at once and hands on the answers in the order of the config. A switch that fails is told and makes
 * the exit code 1; it does not keep the answers of the others back.
 */
export async function* askEachSwitch<Answer>(
  switches: readonly SwitchConfig[],
  ask: (port: SwitchPort, switchConfig: SwitchConfig) => Promise<Answer>,
  context: CliContext,
): AsyncGenerator<{ switchConfig: SwitchConfig; answer: Answer }> {
  const asked = switches.map((switchConfig) => ({
    switchConfig,
    settled: settle(switchConfig, ask, context),
  }));
  for (const { switchConfig, settled } of asked) {
    const result = await settled;
    if ('answer' in result) {
      yield { switchConfig, answer: result.answer };
      continue;
    }
    if (!(result.error instanceof CallwardenError)) throw result.error;
    await say(context, `${switchConfig.name}: ${describeError(result.error)}`);
    context.setExitCode(EXIT_FAILED);
  }
}

/** Never rejects, so that one failure cannot end the process while another switch is still being asked. */
async function settle<Answer>(
  switchConfig: SwitchConfig,
  ask: (port: SwitchPort, switchConfig: SwitchConfig) => Promise<Answer>,
  context: CliContext,
): Promise<{ answer: Answer } | { error: unknown }> {
  let port: SwitchPort | undefined;
  try {
    port = connectSwitch(switchConfig, context.clock);
    return { answer: await ask(port, switchConfig) };
  } catch (error) {
    return { error };
  } finally {
    await port?.close();
  }
}
