import type { Config, SwitchConfig } from '../domain/config.js';
import { CallwardenError } from '../domain/errors.js';
import type { StartedWith } from '../domain/running-service.js';
import type { Finding } from './reachability.js';
import {
  configsBehind,
  isConfigBehind,
  type ServedSwitch,
  servedBySeveral,
  servedSwitches,
} from './running-service.js';

const OTHERS_ACT = 'The others act all the same: stop those that are not meant to run.';

/** Whether running services go by this config; nothing where none runs, or the database cannot say. */
export async function checkServices(
  config: Config,
  switches: readonly SwitchConfig[],
): Promise<readonly Finding[]> {
  try {
    const served = await servedSwitches(
      config,
      switches.map(({ name }) => name),
    );
    const behind = configsBehind(served, config);
    return [
      ...inStep(served, config),
      ...behind.map(
        ({ switches: names, text, next }): Finding => ({
          level: 'warn',
          text: `${names.join(', ')}: ${text}`,
          next,
        }),
      ),
      ...several(served),
    ];
  } catch (error) {
    // What ails the database is a finding of its own.
    if (error instanceof CallwardenError) return [];
    throw error;
  }
}

function inStep(served: readonly ServedSwitch[], config: Config): readonly Finding[] {
  const goesBy = (service: StartedWith | undefined) =>
    service !== undefined && !isConfigBehind(service, config);
  const names = served.filter(({ service }) => goesBy(service)).map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    { level: 'ok', text: `${names.join(', ')}: a service runs, with mode ${config.mode} and this config` },
  ];
}

/** Several configs may share a switch, so that it is a finding only where the one that is told of is not the one that cuts. */
function several(served: readonly ServedSwitch[]): readonly Finding[] {
  return servedBySeveral(served).map(({ switches, text, hidesEnforcing }) => ({
    level: hidesEnforcing ? 'warn' : 'ok',
    text: `${switches.join(', ')}: ${text}`,
    ...(hidesEnforcing && { next: OTHERS_ACT }),
  }));
}
