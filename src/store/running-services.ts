import { randomUUID } from 'node:crypto';
import type Database from 'better-sqlite3';
import type { RunningServices, StartedWith } from '../domain/running-service.js';
import { createServiceLock } from './service-lock.js';
import { settle } from './store-error.js';

const OF_SWITCH = `
  SELECT mode, config_hash AS configHash, started_at AS startedAt FROM running_service WHERE switch = ?`;
const BEGIN = `
  INSERT INTO running_service (switch, service, mode, config_hash, started_at)
  VALUES (@switch, @service, @mode, @configHash, @startedAt)
  ON CONFLICT DO UPDATE SET service = excluded.service, mode = excluded.mode,
    config_hash = excluded.config_hash, started_at = excluded.started_at`;
const END = 'DELETE FROM running_service WHERE service = ?';

/** The services that say of themselves with which config they began, on an open, migrated database. */
export function createRunningServices(database: Database.Database, path: string): RunningServices {
  const ofSwitch = database.prepare<[string], StartedWith>(OF_SWITCH);
  const begin = database.prepare(BEGIN);
  const end = database.prepare<[string]>(END);
  const lock = createServiceLock(path, 'switch');

  const beginOn = database.transaction(
    (switches: readonly string[], service: string, { mode, configHash, startedAt }: StartedWith) => {
      for (const name of switches) begin.run({ switch: name, service, mode, configHash, startedAt });
    },
  );

  function serve(switches: readonly string[], startedWith: StartedWith): () => void {
    const service = randomUUID();
    const releases: (() => void)[] = [];
    const release = () => {
      for (const one of releases.splice(0)) one();
    };
    try {
      // Before the rows: what is said of a service counts while its lock is held.
      for (const name of switches) releases.push(lock.serve(name));
      beginOn.immediate(switches, service, startedWith);
    } catch (error) {
      release();
      throw error;
    }
    return () => {
      try {
        if (releases.length > 0) end.run(service);
      } catch {
        // Rows that stay behind count no more without the lock, and a service that stops has nobody left to tell.
      }
      release();
    };
  }

  return {
    begin: (switches, startedWith) => settle(path, () => serve(switches, startedWith)),
    of: (switchName) =>
      settle(path, () => {
        const found = ofSwitch.get(switchName);
        return found !== undefined && lock.mayBeServed(switchName) ? found : undefined;
      }),
  };
}
