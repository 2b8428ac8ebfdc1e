import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CliContext } from '../../src/cli/context.js';
import { rulesAtStart } from '../../src/cli/rules-at-start.js';
import { createRulesReload } from '../../src/cli/rules-reload.js';
import type { Config } from '../../src/domain/config.js';
import type { RuleSet } from '../../src/domain/rule.js';
import type { RulesReport } from '../../src/domain/rules-in-force.js';
import { tempDir, tempStore } from '../support/temp-store.js';

/** A rules directory with a database, and a service or single passes that go by it, without their passes. */
export function reloadLab() {
  const root = tempDir();
  const { rulesInForce } = tempStore().store;
  let now = Date.parse('2026-01-05T10:00:00Z');
  let logged: { level: string; text: string }[] = [];

  function context(): CliContext {
    const write = async (text: string) => void logged.push({ level: 'stderr', text });
    return {
      clock: () => now,
      stderr: { write, isTerminal: false, columns: undefined },
    } as unknown as CliContext;
  }

  function configOf(rulesDir: string): Config {
    return { file: '/etc/callwarden.yaml', rulesDir, switches: [] as Config['switches'] } as Config;
  }

  const lab = {
    root,
    /** As the config names it. */
    dir: join(root, 'rules'),
    rulesInForce,
    write(name: string, text: string) {
      mkdirSync(dirname(join(lab.dir, name)), { recursive: true });
      writeFileSync(join(lab.dir, name), text);
    },
    remove: (name: string) => rmSync(join(lab.dir, name)),
    /** What was logged since it was asked last, or written to standard error: at that level. */
    told(level: 'info' | 'warn' | 'error' | 'stderr'): string[] {
      const texts = logged.filter((one) => one.level === level).map(({ text }) => text);
      logged = logged.filter((one) => one.level !== level);
      return texts;
    },
    /** What `once` does, without its pass. */
    async once(): Promise<RuleSet> {
      const { ruleSet, keep } = await lab.onceBegun();
      await keep();
      return ruleSet;
    },
    /** The same as far as it has judged; it has yet to write down what it went by. */
    async onceBegun() {
      const directory = lab.dir;
      const { ruleSet, weighed, lastGood } = await rulesAtStart(configOf(directory), rulesInForce, context());
      const keep = () => rulesInForce.keep(directory, weighed.files, now, lastGood);
      return { ruleSet, keep };
    },
    /** What `rules accept` does with all that is held back. */
    async accept(): Promise<void> {
      for (const held of (await lab.report()).heldBack)
        await rulesInForce.accept(lab.dir, held, 'cli:ops', now);
    },
    async report(): Promise<RulesReport> {
      const report = await rulesInForce.lastReport(lab.dir);
      if (report === undefined) throw new Error('Nothing was reported.');
      return report;
    },
    /** What `run` does, without its passes. */
    async run() {
      const started = await rulesAtStart(configOf(lab.dir), rulesInForce, context());
      let inForce = started.ruleSet;
      const log = (level: string) => (_: object, text: string) => void logged.push({ level, text });
      const reload = createRulesReload({
        directory: lab.dir,
        configFile: '/etc/callwarden.yaml',
        config: { file: '/etc/callwarden.yaml', switches: [], retention: { ledgerMs: 0, audit: 'forever' } },
        rulesInForce,
        started,
        use(ruleSet) {
          inForce = ruleSet;
        },
        log: { info: log('info'), warn: log('warn'), error: log('error') },
        clock: () => now,
      });
      await reload.look();
      return {
        ruleSet: () => inForce,
        rule: (name: string) => inForce.rules.find((one) => one.name === name),
        /** By default enough for a change to count. */
        async looks(count = 3) {
          for (let look = 0; look < count; look += 1) {
            now += 1_000;
            await reload.look();
          }
        },
      };
    },
  };
  return lab;
}
