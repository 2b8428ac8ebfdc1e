import { randomUUID } from 'node:crypto';
import type Database from 'better-sqlite3';
import type { RunningServices, StartedWith } from '../domain/running-service.js';
import { createLifeLocks } from './life-locks.js';
import { settle } from './store-error.js';

interface Told extends StartedWith {
  service: string;
}

const OF_SWITCH = `
  SELECT service, config AS configFile, mode, config_hash AS configHash, started_at AS startedAt
  FROM running_service WHERE switch = ? ORDER BY started_at, service`;
const SERVICES = 'SELECT DISTINCT service FROM running_service';
const BEGIN = `
  INSERT INTO running_service (switch, service, config, mode, config_hash, started_at)
  VALUES (@switch, @service, @configFile, @mode, @configHash, @startedAt)`;
const END = 'DELETE FROM running_service WHERE service = ?';

/** The services that say of themselves with which config they began, on an open, migrated database. */
export function createRunningServices(database: Database.Database, path: string): RunningServices {
  const ofSwitch = database.prepare<[string], Told>(OF_SWITCH);
  const services = database.prepare<[], string>(SERVICES).pluck();
  const begin = database.prepare(BEGIN);
  const end = database.prepare<[string]>(END);
  const locks = createLifeLocks(path);
  const alone = database.transaction((work: () => void) => work());

  function forgetDead(): void {
    for (const service of services.all()) {
      if (!locks.mayLive(service)) end.run(service);
    }
    locks.clear();
  }

  function serve(switches: readonly string[], startedWith: StartedWith): () => void {
    const service = randomUUID();
    let release = () => {};
    try {
      // Who may write is one at a time, so that none takes a lock file away that another one has made but does not hold yet.
      alone.immediate(() => {
        forgetDead();
        // Before the rows: what is said of a service counts while its lock is held.
        release = locks.hold(service);
        for (const name of switches) begin.run({ switch: name, service, ...startedWith });
      });
    } catch (error) {
      release();
      throw error;
    }
    return () => {
      try {
        end.run(service);
      } catch {
        // Rows that stay behind count no more without the lock, and a service that stops has nobody left to tell.
      }
      release();
    };
  }

  return {
    begin: (switches, startedWith) => settle(path, () => serve(switches, startedWith)),
    of: (switchName) =>
      settle(path, () =>
        ofSwitch
          .all(switchName)
          .filter(({ service }) => locks.mayLive(service))
          .map(({ service: _, ...startedWith }) => startedWith),
      ),
  };
}
