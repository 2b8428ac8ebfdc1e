import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/simulator/random.js';
import { migrate } from '../../src/store/migrate.js';
import { readMigrations } from '../../src/store/migration-files.js';
import { checkAtRest } from './check.js';
import { comesTrue, instant, PROGRAM } from './child.js';
import { type Lab, openLab } from './lab.js';
import { Provocation } from './provoke.js';

const MIGRATIONS = readMigrations(join(dirname(PROGRAM), '..', '..', 'migrations'));
const ALL = MIGRATIONS.map(({ version }) => version);

const SEED = Number(process.env['CHAOS_SEED'] ?? 1);
/** The oldest schema that was released. */
const FIRST_RELEASED = 4;
const OLD_RECORDS = 5_000;

const OLD_ACTIONS = `
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${OLD_RECORDS})
  INSERT INTO audit_action (at, switch, pass_id, rule, rule_hash, scope, subject, action, target, mode, actor,
    login, evidence)
  SELECT i, 'lab', 'p', 'r', 'h', 'account', 'account:1', 'alert', '1', 'enforce', 'scheduler', 'login:ops', '{}' FROM n`;
const OLD_OUTCOMES = `
  INSERT INTO audit_outcome (action_id, at, outcome) SELECT id, at, 'alerted' FROM audit_action`;

function createOldDatabase(path: string): void {
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  migrate(database, path, MIGRATIONS.slice(0, FIRST_RELEASED), 1);
  database.exec(OLD_ACTIONS);
  database.exec(OLD_OUTCOMES);
  database.close();
}

/** Some kills fall into the start of the program, some into the moment in which the database changes. */
async function killWhileStarting(lab: Lab, random: Random): Promise<boolean> {
  const run = lab.start('run', 'run', '-c', lab.config);
  if (random.chance(0.3)) await instant(random.between(0, 1_000));
  else {
    await comesTrue(() => existsSync(`${lab.database}-wal`) || !run.alive(), 10_000);
    await instant(random.between(0, 60));
  }
  return run.kill();
}

async function survive(seed: number, prepare: (lab: Lab) => void): Promise<{ kills: number; lab: Lab }> {
  const lab = await openLab({ seed, perHour: 1_000, traffic: 'none' });
  try {
    prepare(lab);
    const random = createRandom(seed, 'first-start');
    new Provocation(lab, random).burst();
    let kills = 0;
    for (let count = 0; count < 4; count += 1) kills += Number(await killWhileStarting(lab, random));
    for (const args of [[], ['--dry-run']]) {
      const once = lab.start('cli', 'once', '-c', lab.config, ...args);
      const code = await once.ended;
      if (code !== 0) lab.complain(`once ended with ${code}: ${once.output()}`);
    }
    lab.simulator.tick();
    checkAtRest(lab);
    return { kills, lab };
  } finally {
    await lab.close();
  }
}

function versionsOf(path: string): number[] {
  const database = new Database(path, { readonly: true });
  try {
    return database
      .prepare<[], number>('SELECT version FROM schema_migration ORDER BY version')
      .pluck()
      .all();
  } finally {
    database.close();
  }
}

it('creates its database whole, whatever start was killed before', async () => {
  let kills = 0;
  for (let count = 0; count < 4; count += 1) {
    const { lab, ...survived } = await survive(SEED * 100 + count, () => undefined);
    kills += survived.kills;
    expect(lab.violations, `seed ${lab.seed}, folder ${lab.folder}`).toEqual([]);
    expect(versionsOf(lab.database)).toEqual(ALL);
    rmSync(lab.folder, { recursive: true, force: true });
  }
  expect(kills).toBeGreaterThan(8);
}, 300_000);

it('brings an older database up to date without losing a record, whatever start was killed before', async () => {
  let kills = 0;
  for (let count = 0; count < 4; count += 1) {
    const { lab, ...survived } = await survive(SEED * 100 + 50 + count, ({ database }) =>
      createOldDatabase(database),
    );
    kills += survived.kills;
    expect(lab.violations, `seed ${lab.seed}, folder ${lab.folder}`).toEqual([]);
    expect(versionsOf(lab.database)).toEqual(ALL);
    const alerts = lab.audit
      .rows()
      .filter(({ action, outcome }) => action === 'alert' && outcome === 'alerted');
    expect(alerts.length).toBeGreaterThanOrEqual(OLD_RECORDS);
    lab.audit.release();
    rmSync(lab.folder, { recursive: true, force: true });
  }
  expect(kills).toBeGreaterThan(8);
}, 300_000);
