import { describe, expect, it } from 'vitest';
import { checkServices } from '../../src/cli/check-service.js';
import { configHash } from '../../src/cli/config-hash.js';
import { configAsServed, configsBehind } from '../../src/cli/running-service.js';
import type { Config } from '../../src/domain/config.js';
import type { StartedWith } from '../../src/domain/running-service.js';
import { aConfig, aSwitchConfig } from '../support/config.js';
import { tempStore } from '../support/temp-store.js';

const STARTED = Date.parse('2026-01-05T10:00:00Z');
const NAMES = ['lab', 'fra', 'iev'];
const READ = 'it read its config when it started, at 2026-01-05T10:00:00.000Z';
const RESTART = 'Restart the service for the config to take effect';
const PAUSE = `${RESTART}, or \`callwarden pause -c callwarden.yaml --reason TEXT\` to stop acting at once.`;

function configOf(changes: Partial<Config> = {}, database = '/nowhere/callwarden.db'): Config {
  const switches = NAMES.map((name) => aSwitchConfig({ name }));
  return aConfig(database, aSwitchConfig(), { switches, ...changes });
}

function startedWith(config: Config): StartedWith {
  return { mode: config.mode, configHash: configHash(config), startedAt: STARTED };
}

describe('the config of running services', () => {
  const enforcing = startedWith(configOf({ mode: 'enforce' }));
  const monitoring = startedWith(configOf({ mode: 'monitor' }));
  const onAll = (service: StartedWith | undefined) => NAMES.map((name) => ({ name, service }));

  it('is no news where it is that of the file, or none runs', () => {
    expect(configsBehind(onAll(enforcing), configOf())).toEqual([]);
    expect(configsBehind(onAll(undefined), configOf())).toEqual([]);
  });

  it('is told with both modes, and how to stop what goes on acting', () => {
    expect(configsBehind(onAll(enforcing), configOf({ mode: 'monitor' }))).toEqual([
      {
        switches: NAMES,
        text: `the running service goes by mode enforce, although callwarden.yaml says mode monitor: ${READ}`,
        next: PAUSE,
      },
    ]);
    expect(configsBehind(onAll(monitoring), configOf())).toEqual([
      {
        switches: NAMES,
        text: `the running service goes by mode monitor, although callwarden.yaml says mode enforce: ${READ}`,
        next: `${RESTART}.`,
      },
    ]);
  });

  it('is told where anything else of it is another one, of several services each by itself', () => {
    const now = configOf({ caps: { perPass: 1, perHour: 1, sharePerPass: 0.1 } });
    const other = `the running service goes by another config than callwarden.yaml holds now: ${READ}`;
    const served = [
      { name: 'lab', service: enforcing },
      { name: 'fra', service: monitoring },
      { name: 'iev', service: startedWith(now) },
    ];
    expect(configsBehind(served, now)).toMatchObject([
      { switches: ['lab'], text: other, next: PAUSE },
      { switches: ['fra'], text: expect.stringContaining('goes by mode monitor') },
    ]);
  });
});

describe('doctor on running services', () => {
  it('says nothing where none runs or there is no database', async () => {
    const { path } = tempStore();
    expect(await checkServices(configOf({}, path), configOf().switches)).toEqual([]);
    expect(await checkServices(configOf(), configOf().switches)).toEqual([]);
  });

  it('says which switches are polled by this config, and which by another one', async () => {
    const { path, store } = tempStore();
    const now = configOf({ mode: 'monitor' }, path);
    const ends = [
      await store.services.begin(['lab'], startedWith(now)),
      await store.services.begin(['fra'], startedWith(configOf({}, path))),
    ];
    expect(await checkServices(now, now.switches)).toEqual([
      { level: 'ok', text: 'lab: a service runs, with mode monitor and this config' },
      {
        level: 'warn',
        text: `fra: the running service goes by mode enforce, although callwarden.yaml says mode monitor: ${READ}`,
        next: PAUSE,
      },
    ]);
    for (const end of ends) end();
  });
});

describe('an explanation beside a running service', () => {
  it('goes by the mode of the service, and says so', async () => {
    const { path, store } = tempStore();
    const now = configOf({ mode: 'monitor' }, path);
    const end = await store.services.begin(['lab'], startedWith(configOf({}, path)));
    expect(await configAsServed(now, 'lab')).toEqual({
      config: { ...now, mode: 'enforce' },
      notes: [
        `the running service goes by mode enforce, although callwarden.yaml says mode monitor: ${READ}. This explains by mode enforce, and by the file for all else. ${PAUSE}`,
      ],
    });
    expect(await configAsServed(now, 'fra')).toEqual({ config: now, notes: [] });
    end();
    expect(await configAsServed(now, 'lab')).toEqual({ config: now, notes: [] });
  });

  it('goes by the file where only something else of the config is another one', async () => {
    const { path, store } = tempStore();
    const now = configOf({ maxSnapshotAgeMs: 1 }, path);
    const end = await store.services.begin(['lab'], startedWith(configOf({}, path)));
    const { config, notes } = await configAsServed(now, 'lab');
    expect(config).toEqual(now);
    expect(notes).toEqual([expect.stringContaining('. This explains by the file. Restart the service')]);
    end();
  });
});
