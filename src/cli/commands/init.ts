import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { type CliContext, say } from '../context.js';
import { UsageError } from '../errors.js';
import { CONFIG_TEMPLATE, LIMITS_TEMPLATE } from '../init-templates.js';
import { DEFAULT_CONFIG_FILE, withExamples } from '../options.js';
import { PACKAGE_ROOT } from '../program.js';

interface NewFile {
  /** Below the target directory. */
  path: string;
  content: string | Buffer;
}

/** `callwarden init [DIR]`: everything that an operator starts from; refuses to overwrite anything. */
export function addInit(program: Command, context: CliContext): void {
  const command = program
    .command('init')
    .summary('write a commented config and the shipped rules')
    .description(
      'Writes a commented config, the shipped rules in monitor mode and an example limits file. Never overwrites a file.',
    )
    .argument('[dir]', 'where to write; made if it is not there', '.')
    .action((directory: string) => initialise(directory, context));
  withExamples(command, 'callwarden init', 'callwarden init /etc/callwarden');
}

async function initialise(directory: string, context: CliContext): Promise<void> {
  const files = await startingFiles();
  const taken = files.filter(({ path }) => existsSync(join(directory, path)));
  if (taken.length > 0) {
    const names = taken.map(({ path }) => `\n  ${join(directory, path)}`).join('');
    throw new UsageError(`Nothing was written, since these files exist already:${names}`);
  }
  try {
    for (const { path, content } of files) {
      const target = join(directory, path);
      await makeDirectory(dirname(target));
      // A file that appeared in between is not overwritten either.
      await writeFile(target, content, { flag: 'wx', mode: path === DEFAULT_CONFIG_FILE ? 0o600 : 0o644 });
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UsageError(`${directory} cannot be written to (${code}).`);
  }
  const config = join(directory, DEFAULT_CONFIG_FILE);
  for (const { path } of files) await context.stdout.write(`${join(directory, path)}\n`);
  await say(
    context,
    [
      '',
      'Next steps:',
      `  1. Put the address and login of your switch, and how it writes numbers (numbers:), into ${config}.`,
      '  2. export SIPPY_PASSWORD=…',
      `  3. callwarden doctor -c ${config}`,
      `  4. callwarden once -c ${config} --dry-run`,
      `  5. callwarden run -c ${config}          (monitor: records what it would cut, cuts nothing)`,
      `  6. callwarden audit -c ${config}`,
      `  7. callwarden rules backtest -c ${config} --since 24h   (what enforcing would have done)`,
      'Set "mode: enforce", in the config and in each rule, once you agree with what these show, and restart',
      'the service: the config is read when it starts. `callwarden pause` stops acting at once.',
    ].join('\n'),
  );
}

/**
 * Makes a directory and those above it. Not by mkdir's own `recursive`, which never comes to an end where a file system
 * answers ENOENT although the parent is there, as /proc does.
 */
async function makeDirectory(path: string): Promise<void> {
  if (existsSync(path)) return;
  await makeDirectory(dirname(path));
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function startingFiles(): Promise<readonly NewFile[]> {
  const rulesDir = fileURLToPath(new URL('rules/', PACKAGE_ROOT));
  const entries = await readdir(rulesDir, { recursive: true, withFileTypes: true });
  const shipped = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map(async (entry) => {
        const source = join(entry.parentPath, entry.name);
        return { path: join('rules', relative(rulesDir, source)), content: await readFile(source) };
      }),
  );
  const limits = { path: join('rules', 'limits.csv'), content: LIMITS_TEMPLATE };
  return [
    { path: DEFAULT_CONFIG_FILE, content: CONFIG_TEMPLATE },
    ...shipped.toSorted((one, other) => (one.path < other.path ? -1 : 1)),
    ...(shipped.some(({ path }) => path === limits.path) ? [] : [limits]),
  ];
}
