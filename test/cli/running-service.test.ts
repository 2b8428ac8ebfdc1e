import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkServices } from '../../src/cli/check-service.js';
import { configHash } from '../../src/cli/config-hash.js';
import {
  configAsServed,
  configsBehind,
  servedBySeveral,
  servedSwitch,
} from '../../src/cli/running-service.js';
import type { Config } from '../../src/domain/config.js';
import type { StartedWith } from '../../src/domain/running-service.js';
import { aConfig, aSwitchConfig } from '../support/config.js';
import { tempDir, tempStore } from '../support/temp-store.js';

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
  return { configFile: config.file, mode: config.mode, configHash: configHash(config), startedAt: STARTED };
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

describe('a service that was started with another file', () => {
  /** The same text, with its rules beside it. */
  const inFolder = (folder: string, changes: Partial<Config> = {}) =>
    configOf({ file: `${folder}/c.yaml`, rulesDir: `${folder}/rules`, ...changes });
  const of = (config: Config) => [{ name: 'lab', service: startedWith(config) }];
  const startedBy = (file: string) => `it was started with ${file}, at 2026-01-05T10:00:00.000Z`;

  it('goes by another config where the paths of the same text lead elsewhere', () => {
    const [behind] = configsBehind(of(inFolder('/srv/r1')), inFolder('/srv/r2'));
    expect(behind).toEqual({
      switches: ['lab'],
      text: `the running service goes by another config than /srv/r2/c.yaml holds now: ${startedBy('/srv/r1/c.yaml')}`,
      next: 'Stop it, and start the service with /srv/r2/c.yaml, for that to take effect, or `callwarden pause -c /srv/r2/c.yaml --reason TEXT` to stop acting at once.',
    });
    const rules = { rulesDir: '/srv/rules' };
    expect(configsBehind(of(inFolder('/srv/r1', rules)), inFolder('/srv/r2', rules))).toEqual([]);
  });

  it('is the same by a link to its folder, and another one by a link to the file from another folder', () => {
    const root = tempDir();
    for (const folder of ['r1', 'etc']) mkdirSync(join(root, folder));
    symlinkSync('r1', join(root, 'current'));
    writeFileSync(join(root, 'r1', 'c.yaml'), '');
    symlinkSync('../r1/c.yaml', join(root, 'etc', 'c.yaml'));
    const [r1, current, etc] = ['r1', 'current', 'etc'].map((folder) => inFolder(join(root, folder)));
    expect(configsBehind(of(current as Config), r1 as Config)).toEqual([]);
    expect(configsBehind(of(etc as Config), r1 as Config)).toMatchObject([
      { text: expect.stringContaining(startedBy(join(root, 'etc', 'c.yaml'))) },
    ]);
  });

  it('is not restarted for a config that it does not read', () => {
    const monitoring = inFolder('/srv/r1', { mode: 'monitor' });
    expect(configsBehind(of(monitoring), inFolder('/srv/r2'))).toMatchObject([
      {
        text: `the running service goes by mode monitor, although /srv/r2/c.yaml says mode enforce: ${startedBy('/srv/r1/c.yaml')}`,
        next: 'Stop it, and start the service with /srv/r2/c.yaml, for that to take effect.',
      },
    ]);
  });
});

describe('several services on one switch', () => {
  const enforcing = startedWith(configOf({ file: '/etc/cuts.yaml' }));
  const monitoring = { ...startedWith(configOf({ file: '/etc/watches.yaml', mode: 'monitor' })) };
  const both = [monitoring, enforcing];
  const toldOf = (file: string, found: readonly StartedWith[]) =>
    servedSwitch('lab', found, configOf({ file })).service;

  it('are told of by that of the config', () => {
    expect(toldOf('/etc/watches.yaml', both)).toBe(monitoring);
    expect(toldOf('/etc/cuts.yaml', both)).toBe(enforcing);
    expect(toldOf('/etc/cuts.yaml', [])).toBe(undefined);
  });

  it('are told of by what enforces where none, or more than one, is of the config', () => {
    expect(toldOf('/etc/others.yaml', both)).toBe(enforcing);
    const edited = { ...monitoring, configFile: enforcing.configFile };
    expect(toldOf('/etc/cuts.yaml', [edited, enforcing])).toBe(enforcing);
  });

  it('of one mode are told of by the one that began first', () => {
    const later = { ...enforcing, startedAt: STARTED + 1 };
    expect(toldOf('/etc/cuts.yaml', [later, enforcing])).toBe(enforcing);
  });

  it('are of the config by whatever link it is named', () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'r1'));
    symlinkSync('r1', join(folder, 'current'));
    const linked = { ...monitoring, configFile: join(folder, 'current', 'c.yaml') };
    expect(toldOf(join(folder, 'r1', 'c.yaml'), [enforcing, linked])).toBe(linked);
  });

  it('are said to be several, and whether one acts that is not the one told of', () => {
    const served = ['lab', 'fra'].map((name) =>
      servedSwitch(name, both, configOf({ file: '/etc/watches.yaml' })),
    );
    const at = '2026-01-05T10:00:00.000Z';
    expect(servedBySeveral(served)).toEqual([
      {
        switches: ['lab', 'fra'],
        text: `2 services run, and this tells of the first: mode monitor by /etc/watches.yaml since ${at}, mode enforce by /etc/cuts.yaml since ${at}`,
        hidesEnforcing: true,
      },
    ]);
    expect(servedBySeveral([servedSwitch('lab', both, configOf())])).toMatchObject([
      { hidesEnforcing: false },
    ]);
    expect(servedBySeveral([servedSwitch('lab', [enforcing], configOf())])).toEqual([]);
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

describe('doctor on several services on one switch', () => {
  it('warns where another one enforces than the one of the config', async () => {
    const { path, store } = tempStore();
    const now = configOf({ mode: 'monitor' }, path);
    const other = configOf({ file: '/etc/cuts.yaml' }, path);
    const ends = [
      await store.services.begin(['lab'], startedWith(other)),
      await store.services.begin(['lab'], startedWith(now)),
    ];
    const several = expect.stringContaining('lab: 2 services run, and this tells of the first: mode ');
    expect(await checkServices(now, now.switches)).toEqual([
      { level: 'ok', text: 'lab: a service runs, with mode monitor and this config' },
      {
        level: 'warn',
        text: several,
        next: 'The others act all the same: stop those that are not meant to run.',
      },
    ]);
    expect(await checkServices(other, other.switches)).toEqual([
      { level: 'ok', text: 'lab: a service runs, with mode enforce and this config' },
      { level: 'ok', text: several },
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

  it('of the past goes by it where it had started by then', async () => {
    const { path, store } = tempStore();
    const now = configOf({ mode: 'monitor' }, path);
    const end = await store.services.begin(['lab'], startedWith(configOf({}, path)));
    const modeAt = async (at: number) => (await configAsServed(now, 'lab', at)).config.mode;
    expect([await modeAt(STARTED - 1), await modeAt(STARTED)]).toEqual(['monitor', 'enforce']);
    expect((await configAsServed(now, 'lab', STARTED - 1)).notes).toEqual([]);
    // What to do now depends on what runs now.
    expect((await configAsServed(now, 'lab', STARTED)).notes).toEqual([
      expect.stringMatching(/ This explains by mode enforce, and by the file for all else\.$/),
    ]);
    end();
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

  it('does not say that nothing is cut because a service of another config only monitors', async () => {
    const { path, store } = tempStore();
    const watches = configOf({ file: '/etc/watches.yaml', mode: 'monitor' }, path);
    const end = await store.services.begin(['lab'], startedWith(watches));
    const cuts = configOf({ file: '/etc/cuts.yaml' }, path);
    const { config, notes } = await configAsServed(cuts, 'lab');
    expect(config).toEqual(cuts);
    expect(notes).toEqual([
      expect.stringMatching(
        /goes by mode monitor, although .* says mode enforce: .*This explains by the file\./,
      ),
    ]);
    end();
  });

  it('that goes by the file does not say that it tells of the first of several services', async () => {
    const { path, store } = tempStore();
    const ends = await Promise.all(
      ['/etc/watches.yaml', '/etc/looks.yaml'].map((file) =>
        store.services.begin(['lab'], startedWith(configOf({ file, mode: 'monitor' }, path))),
      ),
    );
    const { notes } = await configAsServed(configOf({ file: '/etc/cuts.yaml' }, path), 'lab');
    expect(notes).toEqual([
      expect.stringContaining('This explains by the file.'),
      expect.stringMatching(/^2 services run: mode monitor by /),
    ]);
    for (const end of ends) end();
  });

  it('goes by the service of the config, otherwise by what enforces, and says that several run', async () => {
    const { path, store } = tempStore();
    const cuts = configOf({ file: '/etc/cuts.yaml' }, path);
    const watches = configOf({ file: '/etc/watches.yaml', mode: 'monitor' }, path);
    const ends = [
      await store.services.begin(['lab'], startedWith(cuts)),
      await store.services.begin(['lab'], startedWith(watches)),
    ];
    const modeBy = async (config: Config) => (await configAsServed(config, 'lab')).config.mode;
    expect([await modeBy(cuts), await modeBy(watches)]).toEqual(['enforce', 'monitor']);
    expect(await modeBy({ ...watches, file: '/etc/others.yaml' })).toBe('enforce');
    expect((await configAsServed(cuts, 'lab')).notes).toEqual([
      expect.stringContaining('2 services run, and this tells of the first: mode enforce by /etc/cuts.yaml'),
    ]);
    for (const end of ends) end();
  });
});
