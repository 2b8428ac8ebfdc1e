import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wrappedLine } from '../../src/cli/wrapped-line.js';

describe('a line on a terminal', () => {
  it('goes on below its own text', () => {
    expect(wrappedLine('  - the rule only monitors (mode: monitor in the rule)', 40)).toEqual([
      '  - the rule only monitors (mode:',
      '    monitor in the rule)',
    ]);
    expect(wrappedLine('Note: call:1 belongs to account:10, which the rule judges.', 40)).toEqual([
      'Note: call:1 belongs to account:10,',
      '  which the rule judges.',
    ]);
  });

  it('keeps every word, and fits wherever no word is too wide', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,20}$/);
    fc.assert(
      fc.property(
        fc.constantFrom('', '  ', '  - ', '      '),
        fc.array(word, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 40, max: 120 }),
        (lead, words, columns) => {
          const lines = wrappedLine(`${lead}${words.join(' ')}`, columns);
          expect(lines.map((line) => line.trimStart()).join(' ')).toBe(
            `${lead.trimStart()}${words.join(' ')}`,
          );
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  it('stays as it is where the width is not known, or too small to be read', () => {
    const line = `Note: ${'word '.repeat(40)}end`;
    expect(wrappedLine(line, undefined)).toEqual([line]);
    expect(wrappedLine(line, 20)).toEqual([line]);
    expect(wrappedLine(`x ${'y'.repeat(90)}`, 60)).toEqual(['x', `  ${'y'.repeat(90)}`]);
  });
});
