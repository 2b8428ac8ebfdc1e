import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/start-simulator.js';
import { tempDir } from '../support/temp-store.js';

/**
 * Runs the examples of the documentation. A ```console block holds commands after `$ ` and below each what it prints,
 * where `…` stands for anything within a line, or alone for any lines. A ```yaml block whose first line reads
 * `# file: NAME` is written to that file before. Examples may use a switch at http://127.0.0.1:8080.
 */
const DOCUMENTED_SWITCH = '127.0.0.1:8080';
const DOCUMENTS = [
  'README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

interface Example {
  command: string;
  expected: string[];
  line: number;
}

interface Document {
  examples: Example[];
  files: { name: string; text: string; beforeLine: number }[];
}

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({
    seed: 7,
    scenarios: ['all'],
    warmStart: true,
    clock: Date.now,
    username: 'ops',
    password: 'secret',
  });
});
afterAll(() => simulator.close());

const WITH_EXAMPLES = DOCUMENTS.map((file) => ({
  file,
  document: readDocument(readFileSync(file, 'utf8')),
})).filter(({ document }) => document.examples.length > 0);

describe.each(WITH_EXAMPLES)('$file', ({ file, document }) => {
  it('shows what its commands print', async () => {
    const folder = tempDir();
    const env = environment(folder);
    const files = [...document.files];
    for (const example of document.examples) {
      while (files[0] !== undefined && files[0].beforeLine < example.line) {
        const { name, text } = files.shift() as (typeof files)[number];
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text.replaceAll(DOCUMENTED_SWITCH, `127.0.0.1:${simulator.port}`));
      }
      const printed = await run(example.command, folder, env);
      expect(printed, `${file}:${example.line}: ${example.command}`).toMatch(pattern(example.expected));
    }
  });
});

function readDocument(text: string): Document {
  const document: Document = { examples: [], files: [] };
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const fence = /^```(\w+)/.exec(lines[index] ?? '');
    if (fence === null) continue;
    const end = lines.indexOf('```', index + 1);
    const block = lines.slice(index + 1, end);
    if (fence[1] === 'console') document.examples.push(...readConsole(block, index + 2));
    const name = fence[1] === 'yaml' ? /^# file: (\S+)$/.exec(block[0] ?? '')?.[1] : undefined;
    if (name !== undefined) document.files.push({ name, text: `${block.join('\n')}\n`, beforeLine: end });
    index = end;
  }
  return document;
}

function readConsole(block: readonly string[], firstLine: number): Example[] {
  const examples: Example[] = [];
  for (const [offset, line] of block.entries()) {
    if (line.startsWith('$ '))
      examples.push({ command: line.slice(2), expected: [], line: firstLine + offset });
    else examples.at(-1)?.expected.push(line);
  }
  return examples;
}

function pattern(expected: readonly string[]): RegExp {
  const lines = expected.map((line) =>
    line.trim() === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(escapeRegExp).join('.*')}[ ]*\\n`,
  );
  return new RegExp(`^${lines.join('')}$`);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function environment(folder: string): NodeJS.ProcessEnv {
  const bin = join(folder, '.bin');
  mkdirSync(bin);
  const shim = join(bin, 'callwarden');
  writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${resolve('dist/cli/main.js')}" "$@"\n`);
  chmodSync(shim, 0o755);
  return {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: folder,
    USER: 'operator',
    COLUMNS: '120',
    SIPPY_PASSWORD: 'secret',
  };
}

/** Both streams, as a terminal shows them, with the documented address of the switch. */
async function run(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const result = await promisify(execFile)(
    'sh',
    ['-c', `{ ${command.replaceAll(DOCUMENTED_SWITCH, `127.0.0.1:${simulator.port}`)}\n} 2>&1`],
    {
      cwd,
      env,
    },
  ).catch((error: { stdout: string }) => error);
  return result.stdout.replaceAll(`127.0.0.1:${simulator.port}`, DOCUMENTED_SWITCH);
}
