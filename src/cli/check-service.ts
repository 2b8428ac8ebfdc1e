import { existsSync } from 'node:fs';
import type { Config, SwitchConfig } from '../domain/config.js';
import { CallwardenError } from '../domain/errors.js';
import type { StartedWith } from '../domain/running-service.js';
import type { Finding } from './reachability.js';
import { configsBehind, isConfigBehind, runningService, type ServedSwitch } from './running-service.js';

/** Whether running services go by this config; nothing where none runs, or the database cannot say. */
export async function checkServices(
  config: Config,
  switches: readonly SwitchConfig[],
): Promise<readonly Finding[]> {
  if (!existsSync(config.database)) return [];
  try {
    const served = await Promise.all(
      switches.map(async ({ name }) => ({ name, service: await runningService(config.database, name) })),
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
