import { existsSync } from 'node:fs';
import type { Config } from '../domain/config.js';
import type { StartedWith } from '../domain/running-service.js';
import { openStore } from '../store/open-store.js';
import { configHash } from './config-hash.js';

/** A switch, and the service that polls it; undefined where none does. */
export interface ServedSwitch {
  name: string;
  service: StartedWith | undefined;
}

/** Services that go by another config than the file holds now, for a person. */
export interface ConfigBehind {
  /** The switches that they poll. */
  switches: readonly string[];
  /** `the running service goes by mode enforce, although callwarden.yaml says mode monitor: …` */
  text: string;
  /** What to do about it. */
  next: string;
}

/** Read-only, and undefined where there is no database yet. Throws STORE_FAILED. */
export async function runningService(database: string, switchName: string): Promise<StartedWith | undefined> {
  if (!existsSync(database)) return undefined;
  const store = openStore(database, { readonly: true });
  try {
    return await store.services.of(switchName);
  } finally {
    store.close();
  }
}

/** Where running services go by another config than this one, which takes effect at a restart; each text once. */
export function configsBehind(served: readonly ServedSwitch[], config: Config): readonly ConfigBehind[] {
  const behind = new Map<string, { switches: string[]; next: string }>();
  for (const { name, service } of served) {
    const text = service && differenceText(service, config);
    if (service === undefined || text === undefined) continue;
    const one = behind.get(text) ?? { switches: [], next: restartText(service, config.file) };
    one.switches.push(name);
    behind.set(text, one);
  }
  return [...behind].map(([text, { switches, next }]) => ({ switches, text, next }));
}

/**
 * The config with the mode that the running service of this switch goes by, and what has to be known where that goes by another
 * config: explained is what it does, not what it would do after a restart. Throws STORE_FAILED.
 */
export async function configAsServed(
  config: Config,
  switchName: string,
): Promise<{ config: Config; notes: readonly string[] }> {
  const service = await runningService(config.database, switchName);
  if (service === undefined) return { config, notes: [] };
  const explained =
    service.mode === config.mode
      ? 'This explains by the file.'
      : `This explains by mode ${service.mode}, and by the file for all else.`;
  const behind = configsBehind([{ name: switchName, service }], config);
  return {
    config: { ...config, mode: service.mode },
    notes: behind.map(({ text, next }) => `${text}. ${explained} ${next}`),
  };
}

export function isConfigBehind({ configHash: hash }: StartedWith, config: Config): boolean {
  return hash !== configHash(config);
}

function differenceText(service: StartedWith, config: Config): string | undefined {
  if (!isConfigBehind(service, config)) return undefined;
  const read = `it read its config when it started, at ${new Date(service.startedAt).toISOString()}`;
  return service.mode === config.mode
    ? `the running service goes by another config than ${config.file} holds now: ${read}`
    : `the running service goes by mode ${service.mode}, although ${config.file} says mode ${config.mode}: ${read}`;
}

/** Only what acts has to be stopped. */
function restartText({ mode }: StartedWith, configFile: string): string {
  return mode === 'monitor'
    ? 'Restart the service for the config to take effect.'
    : `Restart the service for the config to take effect, or \`callwarden pause -c ${configFile} --reason TEXT\` to stop acting at once.`;
}
