import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';

/** The language server of the YAML extension of VS Code and of most other editors, on a copy of the shipped rules. */
const SERVER = join(
  dirname(createRequire(import.meta.url).resolve('yaml-language-server/package.json')),
  'bin/yaml-language-server',
);
const SHIPPED = new URL('../../rules/', import.meta.url).pathname;
const PAGE = '# yaml-language-server: $schema=./rule.schema.json\n';
const RULE = `name: scan
scope: account
mode: monitor
conditions:
  all:
    - { fact: account.distinctCld, params: { within: 10m }, operator: greaterThan, value: 100 }
event: { type: alert }
`;

interface Diagnostic {
  range: { start: { line: number; character: number } };
  message: string;
}

const rules = mkdtempSync(join(tmpdir(), 'callwarden-editor-'));
const diagnosed = new Map<string, (found: readonly Diagnostic[]) => void>();
let server: ChildProcess;
let editor: MessageConnection;
let opened = 0;

beforeAll(async () => {
  cpSync(SHIPPED, rules, { recursive: true });
  server = spawn(process.execPath, [SERVER, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (server.stdout === null || server.stdin === null) throw new Error('The language server has no pipes.');
  editor = createMessageConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  editor.onRequest('workspace/configuration', ({ items }: { items: unknown[] }) => items.map(() => ({})));
  editor.onRequest('client/registerCapability', () => null);
  editor.onNotification(
    'textDocument/publishDiagnostics',
    ({ uri, diagnostics }: { uri: string; diagnostics: Diagnostic[] }) => diagnosed.get(uri)?.(diagnostics),
  );
  editor.listen();
  await editor.sendRequest('initialize', {
    processId: process.pid,
    rootUri: pathToFileURL(rules).href,
    capabilities: {},
  });
  await editor.sendNotification('initialized', {});
  const yaml = { validate: true, completion: true, hover: true, schemaStore: { enable: false } };
  await editor.sendNotification('workspace/didChangeConfiguration', { settings: { yaml } });
});

afterAll(() => {
  editor.dispose();
  server.kill();
  rmSync(rules, { recursive: true, force: true });
});

/** Opens a file in the editor; settled once the server has said what is wrong with it. */
async function open(file: string, text: string): Promise<{ uri: string; marks: readonly Diagnostic[] }> {
  const uri = pathToFileURL(join(rules, file)).href;
  const marks = new Promise<readonly Diagnostic[]>((resolve) => diagnosed.set(uri, resolve));
  const textDocument = { uri, languageId: 'yaml', version: 1, text };
  await editor.sendNotification('textDocument/didOpen', { textDocument });
  return { uri, marks: await marks };
}

/** A rule file with a cursor where "|" stands. */
async function openAtCursor(text: string) {
  const [before = '', after = ''] = text.split('|');
  opened += 1;
  const { uri } = await open(`edited-${opened}.yaml`, PAGE + before + after);
  const lines = (PAGE + before).split('\n');
  return {
    textDocument: { uri },
    position: { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 },
  };
}

async function offered(text: string): Promise<readonly string[]> {
  const { items } = await editor.sendRequest<{ items: { label: string }[] }>(
    'textDocument/completion',
    await openAtCursor(text),
  );
  return items.map(({ label }) => label);
}

function factsOf(...scopes: string[]): readonly string[] {
  return [...FACT_CATALOGUE.values()]
    .filter(({ scope }) => scopes.includes(scope))
    .map(({ name }) => name)
    .sort();
}

describe('in an editor', () => {
  it('nothing is marked in what is shipped', async () => {
    const files = ['.', 'tests'].flatMap((folder) =>
      readdirSync(join(rules, folder)).map((file) => join(folder, file)),
    );
    const shipped = files.filter((file) => file.endsWith('.yaml'));
    expect(shipped.length).toBeGreaterThan(40);
    const marked = shipped.map(async (file) => {
      const { marks } = await open(file, readFileSync(join(rules, file), 'utf8'));
      return marks.map(({ range, message }) => `${file}:${range.start.line + 1}: ${message}`);
    });
    expect((await Promise.all(marked)).flat()).toEqual([]);
  });

  it.each([
    ['a mistyped fact', 'account.distinctCld', 'account.distinctCls', 7],
    ['a fact that accounts do not see', 'account.distinctCld', 'connection.distinctCld', 7],
    ['a missing window', 'params: { within: 10m }, ', '', 7],
    ['a number in quotes', 'value: 100', 'value: "100"', 7],
    ['an unknown key', 'event:', 'cooldwn: 1m\nevent:', 8],
    ['a time without its unit', 'event:', 'cooldown: 60\nevent:', 8],
  ])('%s is marked in its line', async (_, from, to, line) => {
    expect((await open('right.yaml', PAGE + RULE)).marks).toEqual([]);
    opened += 1;
    const { marks } = await open(`wrong-${opened}.yaml`, PAGE + RULE.replace(from, to));
    expect(marks.map(({ range }) => range.start.line + 1)).toContain(line);
  });

  it.each([
    [
      'a rule',
      'name: scan\nscope: account\nconditions:\n  all:\n    - fact: |\n',
      ['account', 'customer', 'switch'],
    ],
    [
      'a rule in a list',
      'rules:\n  - scope: vendor\n    conditions:\n      any:\n        - fact: |\n',
      ['vendor', 'switch'],
    ],
    [
      'the other side of a comparison',
      'name: a\nscope: cli\nconditions:\n  all:\n    - fact: cli.totalCalls\n      value:\n        fact: |\n',
      ['cli', 'switch'],
    ],
    [
      'keep',
      'name: a\nscope: switch\nevent:\n  type: disconnectCall\n  params:\n    keep:\n      fact: |\n',
      ['switch'],
    ],
  ])('%s is offered the facts that its scope sees', async (_, text, scopes) => {
    expect([...(await offered(text))].sort()).toEqual(factsOf(...scopes));
  });

  it.each([
    [
      'where',
      'name: a\nscope: switch\nevent:\n  type: disconnectCall\n  params:\n    where:\n      all:\n        - fact: |\n',
    ],
    ['shared conditions', 'conditions:\n  busy:\n    all:\n      - fact: |\n'],
    ['a rule without its scope', 'name: a\nmode: monitor\nconditions:\n  all:\n    - fact: |\n'],
  ])('%s is offered all of them', async (_, text) => {
    expect([...(await offered(text))].sort()).toEqual([...FACT_CATALOGUE.keys()].sort());
  });

  it('keys are offered once, and params by their fact', async () => {
    const keys = await offered('name: scan\nscope: account\n|\n');
    expect(keys).toEqual(
      expect.arrayContaining(['mode', 'conditions', 'event', 'escalate', 'except', 'schedule']),
    );
    expect(new Set(keys).size).toBe(keys.length);
    const params = await offered(
      'scope: account\nconditions:\n  all:\n    - fact: account.distinctCld\n      params:\n        |\n',
    );
    expect(params).toEqual(expect.arrayContaining(['within', 'to', 'state', 'direction']));
    expect(params).not.toContain('timezone');
  });

  it('a fact is explained where the pointer is on it', async () => {
    const { contents } = await editor.sendRequest<{ contents: { value: string } }>(
      'textDocument/hover',
      await openAtCursor(RULE.replace('distinctCld', 'dist|inctCld')),
    );
    const [first] = contents.value.split('\n').filter((line) => line.startsWith('* `'));
    expect(first).toContain('`account.distinctCld`: number of numbers. How many different dialled numbers');
  });
});
