import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../src/documents/located-document.js';

function parsed(text: string, file = 'rules/a.yaml') {
  const result = parseDocument(text, file);
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join('\n'));
  return result.document;
}

function refused(text: string, file = 'rules/a.yaml') {
  const result = parseDocument(text, file);
  if (result.ok) throw new Error(`accepted as ${JSON.stringify(result.document.value)}`);
  return result.problems.map(({ location, message }) => `${location?.line}:${location?.column} ${message}`);
}

describe('a YAML document', () => {
  const document = parsed('name: a\nlist:\n  - x: 1\n    y: two\n  - &one {z: 3}\n  - *one\nempty:\n');

  it('is read by the core schema of YAML 1.2, where yes and 012 keep their plain meaning', () => {
    expect(parsed('a: yes\nb: 012\nc: 1e3\nd: null\n').value).toEqual({ a: 'yes', b: 12, c: 1000, d: null });
    expect(parsed('%YAML 1.1\n---\na: yes\n').value).toEqual({ a: 'yes' });
  });

  it.each([
    [['name'], 'key', 1, 1],
    [['name'], 'value', 1, 7],
    [['list', 0, 'y'], 'key', 4, 5],
    [['list', 0, 'y'], 'value', 4, 8],
    [['list', 2, 'z'], 'value', 5, 14],
    [['empty'], 'value', 7, 1],
    [[], 'value', 1, 1],
  ] as const)('tells where %j has its %s', (path, part, line, column) => {
    expect(document.locate(path, part)).toEqual({ file: 'rules/a.yaml', line, column });
  });

  it('answers a path that leads nowhere with the nearest ancestor that exists', () => {
    expect(document.locate(['list', 0, 'nothing', 'here'])).toMatchObject({ line: 3, column: 5 });
    expect(document.locate(['nothing'], 'key')).toMatchObject({ line: 1, column: 1 });
  });

  it('is null where the file is empty or holds only comments', () => {
    expect(parsed('').value).toBeNull();
    expect(parsed('# nothing yet\n').value).toBeNull();
    expect(parsed('').locate(['name'])).toMatchObject({ line: 1, column: 1 });
  });

  it('ignores a byte order mark', () => {
    expect(parsed('\uFEFFname: a\n').value).toEqual({ name: 'a' });
    expect(parsed('\uFEFF{"name": "a"}', 'a.json').value).toEqual({ name: 'a' });
  });
});

describe('a document is refused, with its place,', () => {
  it.each([
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', '3:1 The key "a" is given twice: it is already on line 1.'],
    [
      'a duplicate key of another type',
      '7: a\n"7": b\n',
      '2:1 The key "7" is given twice: it is already on line 1.',
    ],
    ['a second document', 'a: 1\n---\nb: 2\n', '2:1 Only one document per file is read'],
    ['a tab', 'a:\n\tb: 1\n', '2:1 YAML does not allow tabs'],
    ['an unclosed quote', 'a: "b\n', 'This is not YAML: Missing closing "quote'],
    ['a tag', 'a: !secret b\n', '1:4 Tags such as "!name" are not supported'],
    ['an unknown alias', 'a: *b\n', '1:4 This alias (*) has no anchor (&) before it'],
    ['a key that is a list', '? [a, b]\n: c\n', '1:3 A key must be plain text'],
    ['__proto__ as a key', 'a: {__proto__: {mode: enforce}}\n', '1:5 The key "__proto__" is not allowed.'],
    [
      'a merge key',
      'a: &a { b: 1 }\nc: { <<: *a }\n',
      '2:6 Merge keys ("<<") are not supported: write the keys out.',
    ],
    [
      'an alias inside its own anchor',
      'a: &a\n  - b: { c: *a }\n',
      '2:13 The alias "*a" stands within what "&a" names, so that it refers to itself: write out what is meant.',
    ],
  ])('for %s', (_, text, message) => {
    expect(refused(text)).toContainEqual(expect.stringContaining(message));
  });

  it('once for a mistake in the syntax, whatever the parser makes of the rest', () => {
    expect(refused('name: a\n\tscope: x\n mode: y\n')).toEqual([
      expect.stringContaining('2:1 YAML does not allow tabs'),
    ]);
    expect(refused('- a\nb: c\nd: e\n')).toHaveLength(1);
    expect(refused('a: !one x\nb: !two y\n')).toHaveLength(2);
  });

  it('for aliases that multiply (billion laughs), without expanding them', () => {
    const layers = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let layer = 1; layer <= 12; layer += 1) {
      layers.push(
        `a${layer}: &a${layer} [${Array(10)
          .fill(`*a${layer - 1}`)
          .join(', ')}]`,
      );
    }
    expect(refused(layers.join('\n'))).toEqual([expect.stringContaining('aliases repeat too much')]);
  });

  it('for nesting that no rule needs, instead of overflowing the stack', () => {
    expect(refused('['.repeat(200) + ']'.repeat(200))).toEqual([
      expect.stringContaining('more than 100 levels'),
    ]);
    for (const file of ['a.yaml', 'a.json']) {
      expect(refused('['.repeat(100_000) + ']'.repeat(100_000), file)).toEqual([
        expect.stringContaining('100 levels'),
      ]);
    }
  });
});

describe('a JSON document', () => {
  it('is located like a YAML one', () => {
    const document = parsed('{\n  "name": "a",\n  "list": [1, {"x": true}]\n}\n', 'a.json');
    expect(document.value).toEqual({ name: 'a', list: [1, { x: true }] });
    expect(document.locate(['list', 1, 'x'], 'key')).toMatchObject({ line: 3, column: 16 });
  });

  it('is told by its ending, in capitals too', () => {
    expect(refused("{'a': 1}", 'a.JSON')).toEqual([expect.stringContaining('This is not JSON')]);
  });

  it.each([
    ['{"a": 1,}', '1:9 This is not JSON: expected a key in double quotes, but found "}".'],
    ['{\n  // why\n  "a": 1}', '2:3 This is not JSON: expected a key in double quotes, but found "/".'],
    ['{"a": x}', '1:7 This is not JSON: expected a value, but found "x".'],
    ['{"a": 01}', '1:8 This is not JSON: expected "," or "}", but found "1".'],
    ['[1, 2', '1:6 This is not JSON: expected "," or "]", but found the end of the file.'],
    ['{} {}', '1:4 This is not JSON: expected the end of the file, but found "{".'],
    ['', '1:1 This is not JSON: expected a value, but found the end of the file.'],
    ['a: 1', '1:1 This is not JSON: expected a value, but found "a".'],
    ['{"a": 1, "a": 2}', '1:10 The key "a" is given twice: it is already on line 1.'],
    ['{"__proto__": {}}', '1:2 The key "__proto__" is not allowed.'],
  ])('is strict: %s', (text, message) => {
    expect(refused(text, 'a.json')).toEqual([message]);
  });

  it('accepts exactly what JSON.parse accepts', () => {
    const fragments = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '1',
      '-',
      '.5',
      'e3',
      'true',
      'null',
      ' ',
      '\n',
      "'",
      '\\',
      '"',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.array(fragments, { maxLength: 12 }).map((parts) => parts.join('')),
        ),
        (text) => {
          let value: unknown;
          let valid = true;
          try {
            value = JSON.parse(text);
          } catch {
            valid = false;
          }
          const result = parseDocument(text, 'a.json');
          if (result.ok) expect(result.document.value).toEqual(value);
          else if (valid) expect(result.problems[0]?.message).toMatch(/given twice|__proto__/);
          expect(result.ok && !valid).toBe(false);
        },
      ),
      { numRuns: 2000, seed: 7 },
    );
  });
});

it('no text whatsoever makes the parser throw', () => {
  const fragments = fc.constantFrom(
    'a',
    ':',
    ' ',
    '\n',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '&a ',
    '*a',
    '!t ',
    '"',
    "'",
    '|',
    '>',
    '? ',
    '\t',
    '---',
    '#',
    '%',
    '__proto__',
    '<<',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fragments).map((parts) => parts.join('')),
      ),
      (text) => {
        const result = parseDocument(text, 'a.yaml');
        if (!result.ok)
          expect(result.problems.every(({ location }) => (location?.line ?? 0) >= 1)).toBe(true);
      },
    ),
    { numRuns: 2000, seed: 11 },
  );
});
