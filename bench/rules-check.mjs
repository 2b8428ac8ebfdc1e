// How long one check of a rules directory takes for a file of the largest size that is read, whatever stands in it. `run`
// checks in a thread of its own, so that this delays no pass, but it holds up the start and `rules check`: it has to be some
// seconds at most, and twice the bytes have to take about twice the time. Run after `npm run build`.
//   bench/rules-check.mjs [BYTES]     512 KiB by default
import { createHash } from 'node:crypto';
import { FACT_CATALOGUE } from '../dist/facts/catalogue.js';
import { checkRules } from '../dist/policy/check-rules.js';

const BYTES = Number(process.argv[2] ?? 512 * 1024);
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** Items of a kind until the file is full. */
function filled(head, item, tail = '') {
  let text = head;
  for (let index = 0; ; index += 1) {
    const next = item(index);
    if (text.length + next.length + tail.length > BYTES) return text + tail;
    text += next;
  }
}

const rule = (name, conditions, more = '') =>
  `  - {name: ${name}, scope: call, mode: monitor, conditions: ${conditions}, event: {type: disconnectCall}${more}}\n`;
const one = (conditions) =>
  `name: a\nscope: call\nmode: monitor\nconditions: ${conditions}\nevent: { type: disconnectCall }\n`;
const leaf = (fact, operator, value) => `{fact: ${fact}, operator: ${operator}, value: ${value}}`;
const around = (text) => text.split('@@');
const inOne = (conditions, item) => {
  const [head, tail] = around(one(conditions));
  return filled(head, item, tail);
};

const SHAPES = {
  'rules that differ in one number': filled('rules:\n', (at) =>
    rule(`r${at}`, `{all: [${leaf('call.cld', 'equal', `"${4930000 + at}"`)}]}`),
  ),
  'rules that differ in one bound': filled('rules:\n', (at) =>
    rule(
      `r${at}`,
      `{all: [${leaf('call.duration', 'greaterThan', 100000 - at)}]}`,
      `, priority: ${at % 1000}`,
    ),
  ),
  'rules of two alternatives each': filled('rules:\n', (at) =>
    rule(
      `r${at}`,
      `{any: [${leaf('call.duration', 'greaterThan', 100000 - at)}, ${leaf('call.cld', 'equal', `"${4930000 + at}"`)}]}`,
    ),
  ),
  'rules with an unknown key each': filled('rules:\n', (at) =>
    rule(`r${at}`, `{all: [${leaf('call.cld', 'equal', `"${4930000 + at}"`)}]}`, `, k${at}: 1`),
  ),
  'unknown keys': filled('name: a\n', (at) => `k${at}: 1\n`),
  'unknown facts': inOne('{ any: [@@] }', (at) => `${leaf(`call.k${at}`, 'equal', '"1"')},`),
  'one rule of many comparisons': inOne(
    '{ any: [@@] }',
    (at) => `${leaf('call.cld', 'equal', `"${4930000 + at}"`)},`,
  ),
  'one rule of many pairs': inOne(
    '{ any: [@@] }',
    (at) => `{all: [${leaf('call.duration', 'greaterThan', at)},${leaf('call.delay', 'lessThan', at)}]},`,
  ),
  'one rule of many alternatives': inOne(
    '{ all: [@@] }',
    (at) => `{any: [${leaf('call.cld', 'equal', `"${at}"`)},${leaf('call.cli', 'equal', `"${at}"`)}]},`,
  ),
  'many prefixes': inOne(
    '{ all: [{ fact: call.cld, operator: startsWithAnyOf, value: [@@] }] }',
    (at) => `"${200000 + at}",`,
  ),
  'many exceptions': filled(
    `${one(`{ all: [${leaf('call.duration', 'greaterThan', 1)}] }`)}except: { cld: [`,
    (at) => `"${200000 + at}",`,
    '] }\n',
  ),
  'many aliases': filled(`x: &a { fact: call.cld }\n`, (at) => `k${at}: *a\n`),
  'one long text': filled('a: "', () => '\\n', '"\n'),
  'one long comment': filled('#', () => '#', '\n'),
  'empty entries': filled('', () => '- \n'),
  brackets: filled('', () => '[', ''),
};

console.log(`${'shape'.padEnd(34)} ${'problems'.padStart(9)} ${'CPU ms'.padStart(9)}`);
for (const [name, text] of Object.entries(SHAPES)) {
  const began = process.cpuUsage();
  const { problems } = checkRules(
    [{ file: '/rules/a.yaml', kind: 'rules', text }],
    FACT_CATALOGUE,
    sha256,
    undefined,
    Date.now(),
  );
  const { user, system } = process.cpuUsage(began);
  console.log(
    `${name.padEnd(34)} ${String(problems.length).padStart(9)} ${((user + system) / 1000).toFixed(0).padStart(9)}`,
  );
}
