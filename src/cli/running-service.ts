import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../domain/config.js';
import type { StartedWith } from '../domain/running-service.js';
import { openStore } from '../store/open-store.js';
import { realPathOf } from '../store/real-paths.js';
import { configHash, isSameInAnyFolder } from './config-hash.js';

/** A switch, and the services that poll it. */
export interface ServedSwitch {
  name: string;
  /** Each of them, that first which is told of. */
  services: readonly StartedWith[];
  /** The one that is told of; undefined where none polls it. */
  service: StartedWith | undefined;
}

/** Several services on one switch, for a person. */
export interface ServedBySeveral {
  switches: readonly string[];
  /** `2 services run, and this tells of the first: mode monitor by …, mode enforce by …` */
  text: string;
  /** The one that is told of cuts nothing, although another one may. */
  hidesEnforcing: boolean;
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

/** By the database of the config, read-only; no services where there is none yet. Throws STORE_FAILED. */
export async function servedSwitches(
  config: Config,
  names: readonly string[],
): Promise<readonly ServedSwitch[]> {
  if (!existsSync(config.database)) return names.map((name) => servedSwitch(name, [], config));
  const store = openStore(config.database, { readonly: true });
  try {
    return await Promise.all(
      names.map(async (name) => servedSwitch(name, await store.services.of(name), config)),
    );
  } finally {
    store.close();
  }
}

/**
 * Told of is the service of this config, whatever the file holds by now, and where it has none, or several, the strictest: what
 * cuts must not be taken for what only watches. Of those the one that began first, as it is the likeliest to be behind the file.
 */
export function servedSwitch(name: string, found: readonly StartedWith[], config: Config): ServedSwitch {
  const rank = (service: StartedWith) =>
    (isOfFile(service, config) ? 0 : 2) + (service.mode === 'enforce' ? 0 : 1);
  const services = [...found].sort(
    (one, other) => rank(one) - rank(other) || one.startedAt - other.startedAt,
  );
  return { name, services, service: services[0] };
}

/** Where more than one service polls a switch; each text once. `areToldOf` where what is said goes by the first of them. */
export function servedBySeveral(
  served: readonly ServedSwitch[],
  areToldOf = true,
): readonly ServedBySeveral[] {
  const several = new Map<string, { switches: string[]; hidesEnforcing: boolean }>();
  for (const { name, services, service } of served) {
    if (services.length < 2) continue;
    const hidesEnforcing = service?.mode === 'monitor' && services.some(({ mode }) => mode === 'enforce');
    const text = `${services.length} services run${areToldOf ? ', and this tells of the first' : ''}: ${services.map(serviceText).join(', ')}`;
    const one = several.get(text) ?? { switches: [], hidesEnforcing };
    one.switches.push(name);
    several.set(text, one);
  }
  return [...several].map(([text, one]) => ({ ...one, text }));
}

function serviceText({ mode, configFile, startedAt }: StartedWith): string {
  return `mode ${mode} by ${configFile} since ${new Date(startedAt).toISOString()}`;
}

/** Where running services go by another config than this one, which takes effect at a restart; each text once. */
export function configsBehind(
  served: readonly Pick<ServedSwitch, 'name' | 'service'>[],
  config: Config,
): readonly ConfigBehind[] {
  const behind = new Map<string, { switches: string[]; next: string }>();
  for (const { name, service } of served) {
    const text = service && differenceText(service, config);
    if (service === undefined || text === undefined) continue;
    const one = behind.get(text) ?? { switches: [], next: nextText(service, config) };
    one.switches.push(name);
    behind.set(text, one);
  }
  return [...behind].map(([text, { switches, next }]) => ({ switches, text, next }));
}

/**
 * The config with the mode that the running service of this switch goes by, and what has to be known where that goes by another
 * config, or others run beside it: explained is what it does, not what it would do after a restart. That a service of another file
 * only monitors keeps no pass by this one from cutting, as `once` makes them. For an instant of the past those count that had begun
 * by then; what to do now is not said of it. Throws STORE_FAILED.
 */
export async function configAsServed(
  config: Config,
  switchName: string,
  at = Number.POSITIVE_INFINITY,
): Promise<{ config: Config; notes: readonly string[] }> {
  const served = (await servedSwitches(config, [switchName])).map(({ name, services }) =>
    servedSwitch(
      name,
      services.filter(({ startedAt }) => startedAt <= at),
      config,
    ),
  );
  const service = served[0]?.service;
  const isHeard = service !== undefined && (service.mode === 'enforce' || isOfFile(service, config));
  const mode = isHeard ? service.mode : config.mode;
  const explained =
    mode === config.mode
      ? 'This explains by the file.'
      : `This explains by mode ${mode}, and by the file for all else.`;
  return {
    config: { ...config, mode },
    notes: [
      ...configsBehind(served, config).map(
        ({ text, next }) => `${text}. ${explained}${Number.isFinite(at) ? '' : ` ${next}`}`,
      ),
      ...servedBySeveral(served, isHeard).map(({ text }) => text),
    ],
  };
}

/** Also by the same text in another folder, where its paths lead elsewhere. */
export function isConfigBehind(service: StartedWith, config: Config): boolean {
  return (
    service.configHash !== configHash(config) ||
    !(isInItsFolder(service, config) || isSameInAnyFolder(config))
  );
}

/** By whatever link it is named. */
function isOfFile({ configFile }: StartedWith, { file }: Config): boolean {
  return realPathOf(configFile) === realPathOf(file);
}

function isInItsFolder({ configFile }: StartedWith, { file }: Config): boolean {
  return realPathOf(dirname(configFile)) === realPathOf(dirname(file));
}

function differenceText(service: StartedWith, config: Config): string | undefined {
  if (!isConfigBehind(service, config)) return undefined;
  const startedAt = new Date(service.startedAt).toISOString();
  const read = isReadAgain(service, config)
    ? `it read its config when it started, at ${startedAt}`
    : `it was started with ${service.configFile}, at ${startedAt}`;
  return service.mode === config.mode
    ? `the running service goes by another config than ${config.file} holds now: ${read}`
    : `the running service goes by mode ${service.mode}, although ${config.file} says mode ${config.mode}: ${read}`;
}

/** Whether it goes by this config after a restart: one that was started with another file reads that again. */
function isReadAgain(service: StartedWith, config: Config): boolean {
  return isOfFile(service, config) && isInItsFolder(service, config);
}

/** Only what acts has to be stopped. */
function nextText(service: StartedWith, config: Config): string {
  const restart = isReadAgain(service, config)
    ? 'Restart the service for the config to take effect'
    : `Stop it, and start the service with ${config.file}, for that to take effect`;
  return service.mode === 'monitor'
    ? `${restart}.`
    : `${restart}, or \`callwarden pause -c ${config.file} --reason TEXT\` to stop acting at once.`;
}
