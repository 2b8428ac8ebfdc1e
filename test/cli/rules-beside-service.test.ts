import { cpSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { addDoctor } from '../../src/cli/commands/doctor.js';
import { addOnce } from '../../src/cli/commands/once.js';
import { addRules } from '../../src/cli/commands/rules.js';
import { addStatus } from '../../src/cli/commands/status.js';
import { loadConfig } from '../../src/cli/compose.js';
import type { CliContext } from '../../src/cli/context.js';
import { reportError } from '../../src/cli/errors.js';
import { displayWidth } from '../../src/cli/harmless-text.js';
import { createProgram } from '../../src/cli/program.js';
import { reportAtStart, rulesAtStart } from '../../src/cli/rules-at-start.js';
import { rulesInForceNow } from '../../src/cli/rules-in-force-now.js';
import type { RulesReport } from '../../src/domain/rules-in-force.js';
import { openStore } from '../../src/store/open-store.js';
import { tempDir } from '../support/temp-store.js';

const NOW = Date.parse('2026-01-05T10:00:00Z');
// biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of the config.
const CONFIG = 'switches:\n  - { name: main, url: "http://127.0.0.1:1/x", username: a, password: "${PW}" }\n';
const RULE = `
name: risky
scope: call
mode: monitor
conditions:
  all:
    - { fact: call.cld, operator: startsWithAnyOf, value: pumping-prefixes }
event: { type: disconnectCall }
`;
const HINT = 'A running service still goes by the last good rules; see `callwarden status`.';

let folder: string;
let stdout: string;
let stderr: string;
let exitCode: number;

beforeEach(() => {
  folder = tempDir();
  stdout = '';
  stderr = '';
  exitCode = 0;
  write('callwarden.yaml', CONFIG);
  write('rules/risky.yaml', RULE);
  write('rules/lists/pumping-prefixes.txt', lines(5));
});

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `+88${1000 + index}\n`).join('');
}

const configFile = () => join(folder, 'callwarden.yaml');
const database = () => join(folder, 'callwarden.db');
const list = () => join(folder, 'rules', 'lists', 'pumping-prefixes.txt');

function context(columns?: number): CliContext {
  const isTerminal = columns !== undefined;
  return {
    stdout: {
      async write(text) {
        stdout += text;
      },
      isTerminal,
      columns,
    },
    stderr: {
      async write(text) {
        stderr += text;
      },
      isTerminal: false,
      columns: undefined,
    },
    env: { PW: 'b' },
    clock: () => NOW,
    interrupted: () => new AbortController().signal,
    setExitCode(code) {
      exitCode = code;
    },
  };
}

/** In this process, as main does it. */
async function run(args: string[], columns?: number, config = configFile()): Promise<void> {
  [stdout, stderr, exitCode] = ['', '', 0];
  const its = context(columns);
  const program = createProgram(its, [addRules, addDoctor, addOnce, addStatus]);
  try {
    await program.parseAsync([...args, '-c', config], { from: 'user' });
  } catch (error) {
    const report = reportError(error);
    stderr += report.text ?? '';
    exitCode = report.exitCode;
  }
}

/** What a service leaves in the database after it has started, and has said more since. */
async function served(said: Partial<RulesReport> = {}): Promise<void> {
  const config = await loadConfig(configFile(), context());
  const store = openStore(config.database);
  const started = await rulesAtStart(config, store.rulesInForce, context());
  await store.rulesInForce.keep(config.rulesDir, started.weighed.files, NOW);
  await store.rulesInForce.report({ ...reportAtStart(config.rulesDir, started), ...said });
  store.close();
}

const BAD_EDIT: Partial<RulesReport> = {
  diskHash: 'ff'.repeat(32),
  problems: [{ file: 'rules/bad.yaml', message: 'Expected a name.', severity: 'error' }],
};

describe('doctor', () => {
  it('warns of a file that is held back, with the command that accepts it', async () => {
    await served();
    write('rules/lists/pumping-prefixes.txt', lines(2));
    await run(['doctor']);
    expect(stdout).toContain(
      `warn  rules: ${join(folder, 'rules')}: 1 rule, 0 of them enforce, but 1 file is held back\n`,
    );
    expect(stdout).toContain(
      `warn  rules: ${list()} is held back: it lost 3 of the 5 entries in force and has 2 now, so its last good text stays in force\n`,
    );
    expect(stdout).toContain(`\`callwarden rules accept ${list()} -c ${configFile()}\``);
    expect(stdout).not.toContain('ok    rules');
  });

  it('warns of nothing where nothing is held back, and examines rules whatever the database is like', async () => {
    await run(['doctor']);
    expect(stdout).toContain('ok    rules');
    expect(existsSync(database())).toBe(false);
    write('callwarden.db', 'text, and no database'.repeat(50));
    await run(['doctor']);
    expect(stdout).toContain('ok    rules');
    expect(stdout).toContain('fail  database: STORE_FAILED');
  });
});

describe('rules that are invalid', () => {
  it('end doctor and once with a hint at the service that keeps the last good ones', async () => {
    await served(BAD_EDIT);
    write('rules/bad.yaml', 'nam: x\n');
    await run(['doctor']);
    expect(stdout).toContain(HINT);
    expect(exitCode).toBe(2);
    await run(['once']);
    expect(stderr).toContain(HINT);
    expect(exitCode).toBe(2);
  });

  it('end them without it where no service said that it keeps others', async () => {
    await served();
    write('rules/bad.yaml', 'nam: x\n');
    for (const command of ['doctor', 'once']) {
      await run([command]);
      expect(stdout + stderr).toContain('RULES_INVALID');
      expect(stdout + stderr).not.toContain(HINT);
    }
  });

  it('are hinted at likewise where the directory is gone', async () => {
    await served({ ...BAD_EDIT, diskHash: '' });
    rmSync(join(folder, 'rules'), { recursive: true });
    await run(['once']);
    expect(stderr).toContain(HINT);
  });
});

describe('the rules in force now', () => {
  const inForce = async (where?: string) => {
    stderr = '';
    const config = await loadConfig(configFile(), context());
    return rulesInForceNow(config, where ?? config.database, context());
  };

  it('are those on disk where there is no database, and none is made', async () => {
    expect((await inForce()).lists.get('pumping-prefixes')).toHaveLength(5);
    expect(existsSync(database())).toBe(false);
    expect(stderr).toBe('');
  });

  it('hold the last good text of what is held back, with a warning, and write nothing', async () => {
    await served();
    cpSync(database(), join(folder, 'copy.db'));
    write('rules/lists/pumping-prefixes.txt', lines(2));
    for (const where of [undefined, join(folder, 'copy.db')]) {
      expect((await inForce(where)).lists.get('pumping-prefixes')).toHaveLength(5);
      expect(stderr).toContain(`warning: ${list()} is held back`);
    }
    const store = openStore(database(), { readonly: true });
    const config = await loadConfig(configFile(), context());
    expect((await rulesInForceNow(config, store, context())).lists.get('pumping-prefixes')).toHaveLength(5);
    expect((await store.rulesInForce.lastReport(config.rulesDir))?.heldBack).toEqual([]);
    store.close();
  });

  it('are refused where they are invalid, with the hint', async () => {
    await served(BAD_EDIT);
    write('rules/bad.yaml', 'nam: x\n');
    await expect(inForce()).rejects.toMatchObject({
      code: 'RULES_INVALID',
      hint: expect.stringContaining(HINT),
    });
  });
});

describe('rules accept', () => {
  it('takes the name of a list for its file', async () => {
    await served();
    write('rules/lists/pumping-prefixes.txt', lines(2));
    await run(['rules', 'accept', 'pumping-prefixes']);
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: `accepted ${list()} with 2 entries instead of 5, 3 of them lost\n`,
      stderr: '',
      exitCode: 0,
    });
  });

  it('accepts nothing by which the rules would be refused, and says why', async () => {
    await served();
    write('rules/lists/pumping-prefixes.txt', '# nothing\n');
    await run(['rules', 'accept', 'pumping-prefixes']);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toContain('pumping-prefixes.txt:1:1: error: ');
    expect(stderr).toContain('was not accepted. As it is now the rules would be refused');
    const store = openStore(database());
    expect(await store.rulesInForce.accepted(join(folder, 'rules'))).toEqual({ open: [], total: 0 });
    store.close();
  });

  it('accepts the same text of no other file, and once for as long as it did not take effect', async () => {
    write('rules/lists/other.txt', lines(5));
    await served();
    for (const name of ['pumping-prefixes', 'other']) write(`rules/lists/${name}.txt`, '+999\n');
    for (let again = 0; again < 2; again += 1) {
      await run(['rules', 'accept', 'pumping-prefixes']);
      expect({ stdout, stderr, exitCode }).toEqual({
        stdout: `accepted ${list()} with 1 entry instead of 5, 5 of them lost\n`,
        stderr: `still held back: ${join(folder, 'rules', 'lists', 'other.txt')}\n`,
        exitCode: 0,
      });
    }
    const store = openStore(database());
    expect((await store.rulesInForce.accepted(join(folder, 'rules'))).total).toBe(1);
    store.close();
  });

  it('accepts a file although something else on disk is wrong, and says that', async () => {
    await served();
    write('rules/lists/pumping-prefixes.txt', lines(2));
    write('rules/bad.yaml', 'nam: x\n');
    await run(['rules', 'accept', 'pumping-prefixes']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('accepted ');
    expect(stderr).toContain('with these problems the rules on disk are not taken');
  });

  it('says what waits for a file that is held back, as doctor and status do, and that it takes effect with it', async () => {
    await served();
    write('rules/lists/pumping-prefixes.txt', lines(2));
    write('rules/risky.yaml', RULE.replace('startsWithAnyOf', 'notInList'));
    const rule = join(folder, 'rules', 'risky.yaml');
    const waits = `${rule} is not taken yet, since ${list()} is held back: they take effect together.`;
    await run(['once']);
    expect(stderr).toContain(`warning: ${waits}\n`);
    await run(['status', '-o', 'json']);
    expect(JSON.parse(stdout)[0].rules.waiting).toEqual([{ file: rule, behind: [list()] }]);
    expect(stderr).toContain(`warning: ${waits}\n`);
    await run(['doctor']);
    expect(stdout).toContain(`warn  rules: ${waits}\n`);
    await run(['rules', 'accept', 'risky.yaml']);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toMatch(/risky\.yaml waits for .*pumping-prefixes\.txt, which has to be accepted/);
    await run(['rules', 'accept', 'pumping-prefixes']);
    expect(stdout).toBe(
      `accepted ${list()} with 2 entries instead of 5, 3 of them lost\nwith it takes effect ${rule}\n`,
    );
    await run(['once']);
    await run(['status', '-o', 'json']);
    expect(JSON.parse(stdout)[0].rules).toMatchObject({ heldBack: [], waiting: [] });
  });

  it('knows a file by every path that leads to it, and status the directory', async () => {
    await served();
    write('rules/lists/pumping-prefixes.txt', lines(2));
    symlinkSync(folder, join(folder, 'link'));
    const byLink = join(folder, 'link', 'callwarden.yaml');
    await run(['status', '-o', 'json'], undefined, byLink);
    expect(JSON.parse(stdout)[0].rules).toMatchObject({ rules: 1 });
    await run(['once'], undefined, byLink);
    expect(stderr).toContain('pumping-prefixes.txt is held back');
    await run(['rules', 'accept', list()], undefined, byLink);
    expect(stdout).toContain('pumping-prefixes.txt with 2 entries instead of 5, 3 of them lost');
    await run(['rules', 'accept', join(folder, 'link', 'rules', 'lists', 'pumping-prefixes.txt')]);
    expect(stdout).toContain(`accepted ${list()} with 2 entries`);
    const store = openStore(database());
    expect((await store.rulesInForce.accepted(join(folder, 'rules'))).total).toBe(1);
    store.close();
    // A file that is a link itself, as in a volume of Kubernetes, by what it leads to.
    renameSync(list(), join(folder, 'elsewhere.txt'));
    symlinkSync(join(folder, 'elsewhere.txt'), list());
    await run(['rules', 'accept', join(folder, 'elsewhere.txt')]);
    expect(stdout).toContain(`accepted ${list()} with 2 entries`);
    await run(['once']);
    expect(stderr).not.toContain('held back');
  });

  it('takes no name that may be that of several files, but a path', async () => {
    const row = (id: number) => `account,${id},calls,5`;
    write('rules/limits.csv', ['scope,id,name,value', row(1), row(2)].join('\n'));
    write('rules/lists/limits.txt', lines(3));
    await served();
    write('rules/limits.csv', ['scope,id,name,value', row(1)].join('\n'));
    write('rules/lists/limits.txt', lines(1));
    await run(['rules', 'accept', 'limits']);
    expect(stderr).toContain('limits may be any of ');
    expect(exitCode).toBe(2);
    await run(['rules', 'accept', 'lists/limits.txt']);
    expect(stdout).toContain('lists/limits.txt with 1 entry instead of 3, 2 of them lost');
    await run(['rules', 'accept', 'limits.csv']);
    expect(stdout).toContain('limits.csv with 1 entry instead of 2, 1 of them lost');
  });
});

describe('the rules that status tells', () => {
  const rules = async () => {
    await run(['status', '-o', 'json']);
    const [row] = JSON.parse(stdout) as { rules: { problems: unknown[] } }[];
    return row?.rules;
  };

  it('are those of a service for as long as it lives, and of once where none does', async () => {
    await served(BAD_EDIT);
    const store = openStore(database());
    const release = await store.rulesInForce.serve(join(folder, 'rules'));
    await run(['once']);
    expect((await rules())?.problems).toHaveLength(1);
    expect(stderr).toContain('rules/bad.yaml: error: Expected a name.');
    release();
    store.close();
    await run(['once']);
    expect((await rules())?.problems).toEqual([]);
  });
});

describe('the table of status', () => {
  const failedPass = {
    passId: 'p',
    startedAt: new Date(NOW - 30_000).toISOString(),
    durationMs: 4_000,
    calls: 0,
    suspect: 0,
    violations: [],
    indeterminate: [],
    actions: [],
    switch: 'main',
    status: 'failed' as const,
    error: { code: 'SWITCH_UNREACHABLE' as const, message: `${'no answer '.repeat(20)}at all` },
  };
  const LINE = `main: SWITCH_UNREACHABLE: ${failedPass.error.message}\n`;

  beforeEach(async () => {
    await served({ loadedHash: 'dacdec15a882'.padEnd(64, '0'), diskHash: 'dacdec15a882'.padEnd(64, '0') });
    const store = openStore(database());
    await store.passes.save(failedPass);
    store.close();
  });

  it.each([80, 0])(
    'fits 80 columns at a width of %d, with whole words, and errors as lines below',
    async (columns) => {
      await run(['status'], columns);
      const table = stdout.slice(0, stdout.indexOf('main: '));
      for (const line of table.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);
      for (const word of ['SWITCH', 'STATUS', 'CALLS', 'PASSES/H', 'ACTIONS/H', 'RULES', 'dacdec15a882']) {
        expect(table).toContain(word);
      }
      expect(table).not.toContain('disk');
      expect(stdout.endsWith(LINE)).toBe(true);
    },
  );

  it('says in whole words how the last pass ended, however narrow the terminal is', async () => {
    const completed = { ...failedPass, status: 'completed' as const, error: null };
    const store = openStore(database());
    await store.passes.save({ ...completed, passId: 'q', startedAt: new Date(NOW - 5_000).toISOString() });
    store.close();
    await run(['status'], 60);
    expect(stdout).toMatch(/^main .* completed /m);
  });

  it('fits 80 columns with the mode of the service and of the config', async () => {
    const store = openStore(database());
    const startedWith = {
      configFile: '/etc/callwarden.yaml',
      mode: 'monitor',
      configHash: 'another',
      startedAt: NOW,
    } as const;
    const end = await store.services.begin(['main'], startedWith);
    await run(['status'], 80);
    end();
    store.close();
    const table = stdout.slice(0, stdout.indexOf('main: '));
    for (const line of table.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    for (const word of ['MODE', 'monitor,', 'config', 'changed', 'STATUS', 'RULES'])
      expect(table).toContain(word);
    expect(stderr).toContain('warning: main: the running service goes by another config than ');
  });

  it('shows the hash of the rules on disk only where it is another', async () => {
    await served({ diskHash: 'bb'.repeat(32) });
    await run(['status', '-o', 'table']);
    expect(stdout).toMatch(/ 1 \([0-9a-f]{12}\), disk b{12}$/m);
  });

  it('has errors in the fields alone where a program reads them', async () => {
    await run(['status', '-o', 'jsonl']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: failedPass.error, rules: { rules: 1 } });
  });
});
