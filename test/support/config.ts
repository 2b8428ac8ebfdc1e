import type { Config, SwitchConfig } from '../../src/domain/config.js';

const MINUTE = 60_000;

/** A switch by the name of `lab`, polled every five seconds, without protection of its own. */
export function aSwitchConfig(changes: Partial<SwitchConfig> = {}): SwitchConfig {
  return {
    name: 'lab',
    url: 'http://127.0.0.1:1',
    login: { kind: 'digest', username: 'ops', password: 'secret' },
    ca: undefined,
    timeoutMs: 5000,
    deadlineMs: 10_000,
    concurrency: 1,
    schedule: '*/5 * * * * *',
    numbers: { techPrefixes: [] },
    protect: { numbers: [], accounts: [], customers: [] },
    customerTree: new Map(),
    crossCheck: true,
    ...changes,
  };
}

/** A config that enforces on one switch, with a database that is there. */
export function aConfig(database: string, switchConfig: SwitchConfig, changes: Partial<Config> = {}): Config {
  return {
    file: 'callwarden.yaml',
    switches: [switchConfig],
    mode: 'enforce',
    rulesDir: 'rules',
    database,
    protect: switchConfig.protect,
    caps: { perPass: 50, perHour: 500, sharePerPass: 1 },
    maxSnapshotAgeMs: 5000,
    retention: { ledgerMs: 7 * 24 * 60 * MINUTE, audit: 'forever' },
    checkpoints: {
      file: '/nowhere/callwarden.db.checkpoints.jsonl',
      keyFile: '/nowhere/callwarden.db.key',
      everyMs: 60 * MINUTE,
    },
    ...changes,
  };
}
