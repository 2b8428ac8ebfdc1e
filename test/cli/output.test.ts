// biome-ignore-all lint/suspicious/noControlCharactersInRegex: these are what must not be printed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUDIT_VIEW } from '../../src/cli/audit-view.js';
import type { Output } from '../../src/cli/context.js';
import { csvLine } from '../../src/cli/csv.js';
import { displayWidth, harmless, harmlessJson, truncate } from '../../src/cli/harmless-text.js';
import {
  createRowWriter,
  OUTPUT_FORMATS,
  type OutputFormat,
  type RowView,
  writeRows,
} from '../../src/cli/output.js';
import type { AuditRecord } from '../../src/domain/action.js';

/** C0 but for the line feed, DEL, C1, bidirectional and other format characters, separators. */
const HARMFUL =
  /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const HOSTILE = '\u001b]0;owned\u0007\u009b2J\u202e123\u2066\r\n\u0000x';

interface Row {
  name: string;
  calls: number;
  note: string | null;
}

const VIEW: RowView<Row> = {
  columns: [
    { header: 'NAME', cell: ({ name }) => name },
    { header: 'CALLS', cell: ({ calls }) => calls },
    { header: 'NOTE', cell: ({ note }) => note, wraps: true },
  ],
  fields: ['name', 'calls', 'note'],
};

const AUDIT_RECORD: AuditRecord = {
  id: 7,
  parent: null,
  at: '2026-01-05T10:00:00.000Z',
  switch: 'frankfurt',
  passId: 'pass-1',
  rule: 'customer-concurrent-calls',
  ruleHash: 'abc',
  scope: 'customer',
  subject: 'customer:3',
  action: 'disconnectCustomer',
  target: '482139',
  mode: 'enforce',
  outcome: 'withheld',
  confirmed: null,
  count: null,
  reason: 'takes-unknown-number',
  actor: 'scheduler',
  account: 1042,
  customer: 3,
  callId: null,
  cli: '441614960077',
  cld: '33639986980',
  latencyMs: null,
  error: null,
  evidence: {},
};

function collector(columns?: number): Output & { text: string } {
  return {
    text: '',
    isTerminal: columns !== undefined,
    columns,
    async write(text) {
      this.text += text;
    },
  };
}

async function printed(rows: Row[], format: OutputFormat, columns?: number): Promise<string> {
  const output = collector(columns);
  await writeRows(rows, VIEW, format, output);
  return output.text;
}

describe('a table', () => {
  it('is as wide as its cells need, numbers to the right, nothing as a dash', async () => {
    const rows = [
      { name: 'lab', calls: 7, note: null },
      { name: 'frankfurt', calls: 1200, note: 'busy' },
    ];
    expect(await printed(rows, 'table')).toBe(
      ['NAME       CALLS  NOTE', 'lab            7  -', 'frankfurt   1200  busy', ''].join('\n'),
    );
  });

  it('prints its header even without rows', async () => {
    expect(await printed([], 'table')).toBe('NAME  CALLS  NOTE\n');
  });

  it('fits the terminal: cells are cut with an ellipsis, or wrapped where the column says so', async () => {
    const rows = [
      { name: 'a-very-long-name-of-a-switch', calls: 1, note: 'several words that take several lines' },
    ];
    const text = await printed(rows, 'table', 40);
    expect(text.split('\n').every((line) => displayWidth(line) <= 40)).toBe(true);
    expect(text).toContain('…');
    expect(text.split('\n').length).toBeGreaterThan(4);
    expect(text.replace(/\s+/g, ' ')).toContain('lines');
  });

  it('breaks a long word after its hyphens, so that no part of it is lost', async () => {
    const rows = [{ name: 'lab', calls: 1, note: 'account-concurrent-calls (rule-monitor)' }];
    expect(await printed(rows, 'table', 30)).toBe(
      [
        'NAME  CALLS  NOTE',
        'lab       1  account-',
        '             concurrent-calls',
        '             (rule-monitor)',
        '',
      ].join('\n'),
    );
  });

  it('breaks no word of a header, however narrow the terminal is', async () => {
    const output = collector(1);
    const columns = [
      { header: 'UNCONFIRMED', cell: () => 0 },
      { header: 'PASSES/H', cell: () => 'many words', wraps: true },
      { header: 'LAST PASS (Europe/Berlin)', cell: () => 'x' },
    ];
    await writeRows([{}], { columns, fields: [] }, 'table', output);
    expect(output.text).toBe(
      [
        'UNCONFIRMED  PASSES/H  LAST',
        '                       PASS',
        '                       (Europe/',
        '                       Berlin)',
        '          0  many      x',
        '             words',
        '',
      ].join('\n'),
    );
  });

  it('takes a terminal that says it has no columns for one of 80', async () => {
    const rows = [{ name: 'lab', calls: 1, note: 'word '.repeat(40) }];
    const text = await printed(rows, 'table', 0);
    expect(text).toBe(await printed(rows, 'table', 80));
    expect(Math.max(...text.split('\n').map(displayWidth))).toBeGreaterThan(70);
  });

  it('keeps within any terminal of some width, whatever the cells hold', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            name: fc.string({ unit: 'binary' }),
            calls: fc.integer(),
            note: fc.option(fc.stringMatching(/^[a-z]{0,9}( [a-z]{0,9}){0,9}$/)),
          }),
          { maxLength: 5 },
        ),
        fc.integer({ min: 30, max: 200 }),
        async (rows, columns) => {
          const text = await printed(rows, 'table', columns);
          for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
          expect(text).not.toMatch(HARMFUL);
        },
      ),
    );
  });

  describe('with columns that must not be cut', () => {
    interface Cut {
      at: string;
      on: string;
      id: string;
      parties: string;
      note: string;
    }
    const view: RowView<Cut> = {
      columns: [
        { header: 'TIME', cell: ({ at }) => at, keep: true, wraps: true },
        { header: 'SWITCH', cell: ({ on }) => on, optional: 'same' },
        { header: 'ID', cell: ({ id }) => id, keep: true },
        { header: 'PARTIES', cell: ({ parties }) => parties, keep: true, wraps: true },
        { header: 'NOTE', cell: ({ note }) => note, optional: 'always' },
      ],
      fields: [],
    };
    const row: Cut = {
      at: '2026-01-05 10:00:00',
      on: 'frankfurt',
      id: '4821399',
      parties: '+4930123456 -> +442079460000',
      note: 'of no great use',
    };
    const table = async (rows: Cut[], columns: number) => {
      const output = collector(columns);
      await writeRows(rows, view, 'table', output);
      return output.text;
    };

    it('leaves out what is the same in each row, then what is optional, and wraps at spaces', async () => {
      expect(await table([row], 80)).toMatch(/^TIME +ID +PARTIES +NOTE\n.*of no great use\n$/);
      expect(await table([row, { ...row, on: 'lab' }], 60)).toMatch(/^TIME +SWITCH +ID +PARTIES\n/);
      expect(await table([row], 40)).toBe(
        [
          'TIME        ID       PARTIES',
          '2026-01-05  4821399  +4930123456 ->',
          '10:00:00             +442079460000',
          '',
        ].join('\n'),
      );
    });

    it('rather gets too wide than cuts them, but lets no caller fill the screen', async () => {
      const text = await table([{ ...row, id: 'x'.repeat(100) }], 20);
      expect(text).not.toContain('…');
      expect(text.match(/x/g)).toHaveLength(100);
      expect(Math.max(...text.split('\n').map(displayWidth))).toBeLessThan(80);
    });
  });

  it('of audit records fits 80 columns with all of its numbers and times', async () => {
    const output = collector(80);
    await writeRows([AUDIT_RECORD], AUDIT_VIEW, 'table', output);
    const { text } = output;
    for (const whole of ['2026-01-05', ':00', '482139', '441614960077', '33639986980', 'withheld']) {
      expect(text).toContain(whole);
    }
    expect(text).not.toContain('…');
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  });

  it('leaves room for rows that are still to come', async () => {
    const output = collector();
    const columns = [{ header: 'NAME', cell: ({ name }: Row) => name, typicalWidth: 12 }];
    const writer = createRowWriter({ columns, fields: [] }, 'table', output);
    await writer.flush();
    await writer.write({ name: 'a-long-name', calls: 2, note: null });
    await writer.end();
    expect(output.text).toBe('NAME\na-long-name\n');
  });

  it('prints rows as they come after a flush', async () => {
    const output = collector();
    const writer = createRowWriter(VIEW, 'table', output);
    await writer.write({ name: 'lab', calls: 1, note: null });
    expect(output.text).toBe('');
    await writer.flush();
    await writer.write({ name: 'a-long-name', calls: 2, note: null });
    expect(output.text.split('\n')[2]).toMatch(/^a-l… +2/);
  });
});

describe('hostile text', () => {
  it.each(OUTPUT_FORMATS)('cannot steer the terminal as %s', async (format) => {
    const text = await printed([{ name: HOSTILE, calls: 1, note: HOSTILE }], format);
    expect(text.replaceAll('\r\n', '\n')).not.toMatch(HARMFUL);
    expect(text).toContain('\\u001b');
    expect(text).toContain('\\u202e');
  });

  it('is the same value again when its JSON is read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = harmlessJson({ text });
        expect(JSON.parse(json)).toEqual({ text });
        expect(json).not.toMatch(HARMFUL);
      }),
    );
    expect(JSON.parse(harmlessJson([HOSTILE]))).toEqual([HOSTILE]);
  });

  it('leaves letters of all scripts and marks alone', () => {
    expect(harmless('Müller 日本 Ελλάς नमस्ते 😀')).toBe('Müller 日本 Ελλάς नमस्ते 😀');
  });

  it('is cut by the columns it takes', () => {
    expect(truncate('日本日本', 5)).toBe('日本…');
    expect(displayWidth('日本…')).toBe(5);
    expect(displayWidth('e\u0301')).toBe(1);
  });
});

describe('CSV', () => {
  it('quotes commas and quotes, and ends lines with CRLF', () => {
    expect(csvLine(['a,b', 'say "x"', '', null, 3, true])).toBe('"a,b","say ""x""",,,3,true\r\n');
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['-2+3', "'-2+3"],
    ['+49 30', "'+49 30"],
    [' =1', "' =1"],
    ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
    ['\t=1', '\\u0009=1'],
    ['\r=1', '\\u000d=1'],
    ['＝1+1', "'＝1+1"],
    ['＋1', "'＋1"],
    ['－1', "'－1"],
    ['＠SUM(A1)', "'＠SUM(A1)"],
    ['a;=1+1', `"a;'=1+1"`],
    ['a; "＝1";-1', `"a;' ""＝1"";'-1"`],
  ])('makes no formula of %s', (text, expected) => {
    expect(csvLine([text])).toBe(`${expected}\r\n`);
  });

  it('begins no formula at its beginning nor behind a semicolon, whatever is in a cell', () => {
    const signs = fc.constantFrom(...'=+-@＝＋－＠;;,"\' \t\r\n\u00a01a');
    fc.assert(
      fc.property(fc.string({ unit: signs, maxLength: 12 }), (text) => {
        const line = csvLine([text]).trimEnd();
        if (/^[+-]?\d+$/.test(text)) return;
        // As a spreadsheet reads it that parts at semicolons alone, and as one that heeds the quotes.
        const unquoted = line.startsWith('"') ? line.slice(1, -1).replaceAll('""', '"') : line;
        for (const cell of [...line.split(';'), unquoted, ...unquoted.split(';')])
          expect(cell.replace(/^[\s"]+/, ''), line).not.toMatch(/^[=+\-@＝＋－＠\t\r]/);
      }),
      { seed: 6, numRuns: 5_000 },
    );
  });

  it.each(['+4930123456', '-5', '-1.5', '0049301', '10:30'])('leaves %s as it is', (text) => {
    expect(csvLine([text])).toBe(`${text}\r\n`);
  });

  it('has a header even without rows, and objects as JSON', async () => {
    expect(await printed([], 'csv')).toBe('name,calls,note\r\n');
    const output = collector();
    await writeRows([{ a: { b: 1 } }], { columns: [], fields: ['a'] }, 'csv', output);
    expect(output.text).toBe('a\r\n"{""b"":1}"\r\n');
  });
});

describe('JSON', () => {
  const rows = [
    { name: 'a', calls: 1, note: null },
    { name: 'b', calls: 2, note: 'x' },
  ];

  it('is one list, empty where there is nothing', async () => {
    expect(JSON.parse(await printed(rows, 'json'))).toEqual(rows);
    expect(JSON.parse(await printed([], 'json'))).toEqual([]);
  });

  it('lines are one object each', async () => {
    const text = await printed(rows, 'jsonl');
    expect(
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    ).toEqual(rows);
    expect(await printed([], 'jsonl')).toBe('');
  });
});
