import { expect, test } from 'vitest';
import type { RuleFileText } from '../../src/domain/rule-files.js';
import type { RulesReport } from '../../src/domain/rules-in-force.js';
import { freshStore, NOON, storeFailure } from './support.js';

const LIST: RuleFileText = { file: 'rules/lists/high-risk.txt', kind: 'list', text: '4420\n"x"\u0000é\r\n' };
const LIMITS: RuleFileText = { file: 'rules/limits.csv', kind: 'limits', text: '' };

test('the files in force are kept across a restart, each directory for itself', async () => {
  const store = freshStore();
  expect(await store.rulesInForce.load('/etc/a')).toEqual([]);
  await store.rulesInForce.keep('/etc/a', [LIST, LIMITS], NOON);
  await store.rulesInForce.keep('/etc/b', [LIST], NOON);
  store.close();
  const { rulesInForce } = freshStore(store.path);
  expect(await rulesInForce.load('/etc/a')).toEqual([LIMITS, LIST]);
  expect(await rulesInForce.load('/etc/b')).toEqual([LIST]);
});

test('what is kept replaces all that was kept for the directory', async () => {
  const { rulesInForce } = freshStore();
  await rulesInForce.keep('/etc/a', [LIST, LIMITS], NOON);
  const shorter = { ...LIST, text: '4420' };
  await rulesInForce.keep('/etc/a', [shorter], NOON + 1);
  expect(await rulesInForce.load('/etc/a')).toEqual([shorter]);
  await rulesInForce.keep('/etc/a', [], NOON + 2);
  expect(await rulesInForce.load('/etc/a')).toEqual([]);
});

test('files that cannot all be kept leave those in force that were', async () => {
  const { rulesInForce } = freshStore();
  await rulesInForce.keep('/etc/a', [LIST], NOON);
  const twice = [LIMITS, LIMITS];
  await storeFailure(() => rulesInForce.keep('/etc/a', twice, NOON + 1));
  expect(await rulesInForce.load('/etc/a')).toEqual([LIST]);
});

test('accepted hashes add up, each directory for itself, and may be accepted again', async () => {
  const { rulesInForce } = freshStore();
  expect(await rulesInForce.accepted('/etc/a')).toEqual(new Set());
  await rulesInForce.accept('/etc/a', LIST.file, 'h1', 'cli:ops', NOON);
  await rulesInForce.accept('/etc/a', LIST.file, 'h1', 'cli:noc', NOON + 1);
  await rulesInForce.accept('/etc/a', LIMITS.file, 'h1', 'cli:ops', NOON + 1);
  await rulesInForce.accept('/etc/a', LIST.file, 'h2', 'cli:ops', NOON + 2);
  expect(await rulesInForce.accepted('/etc/a')).toEqual(new Set(['h1', 'h2']));
  expect(await rulesInForce.accepted('/etc/b')).toEqual(new Set());
});

test('the last report of a directory is the one that is read', async () => {
  const { rulesInForce, path } = freshStore();
  const report: RulesReport = {
    directory: '/etc/a',
    loadedHash: 'aa',
    diskHash: 'bb',
    loadedAt: NOON,
    rules: 14,
    problems: [
      {
        location: { file: 'rules/a.yaml', line: 3, column: 5 },
        file: 'rules/a.yaml',
        message: 'mode: expected enforce, monitor or off',
        severity: 'error',
      },
    ],
    heldBack: [{ file: LIST.file, entriesBefore: 100, entriesNow: 3, lost: 97, hash: 'cc' }],
  };
  expect(await rulesInForce.lastReport('/etc/a')).toBe(undefined);
  await rulesInForce.report({ ...report, rules: 1, problems: [] });
  await rulesInForce.report(report);
  const reading = freshStore(path, { readonly: true }).rulesInForce;
  expect(await reading.lastReport('/etc/a')).toEqual(report);
  expect(await reading.lastReport('/etc/b')).toBe(undefined);
  await storeFailure(() => reading.report(report));
});
