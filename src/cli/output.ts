import type { Output } from './context.js';
import { type Cell, csvLine } from './csv.js';
import { harmlessJson } from './harmless-text.js';
import { type Column, headerLine, layOut, rowLines, type TableLayout } from './table.js';

export const OUTPUT_FORMATS = ['table', 'json', 'jsonl', 'csv'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** How rows of one kind are listed. json and jsonl print the row itself. */
export interface RowView<Row extends object> {
  columns: readonly Column<Row>[];
  /** The keys that CSV prints, in this order; objects and lists as JSON. */
  fields: readonly (keyof Row & string)[];
}

/** A table for a person, one JSON object per line for a program. */
export function defaultFormat(output: Output): OutputFormat {
  return output.isTerminal ? 'table' : 'jsonl';
}

export interface RowWriter<Row> {
  write(row: Row): Promise<void>;
  /** Prints what is held back to find the widths of columns; for rows that come as they happen. */
  flush(): Promise<void>;
  /** Prints what is left, and what closes the format. */
  end(): Promise<void>;
}

/** So many rows decide the widths of a table's columns; the rest is printed as it comes, so that a million rows fit. */
const SAMPLED_ROWS = 1_000;

/** Writes rows one by one, so that nothing needs to be held in memory; a table holds back the first SAMPLED_ROWS. */
export function createRowWriter<Row extends object>(
  view: RowView<Row>,
  format: OutputFormat,
  output: Output,
): RowWriter<Row> {
  switch (format) {
    case 'table':
      return tableWriter(view, output);
    case 'json':
      return jsonWriter(output);
    case 'jsonl':
      return {
        write: (row) => output.write(`${harmlessJson(row)}\n`),
        flush: nothing,
        end: nothing,
      };
    case 'csv':
      return csvWriter(view, output);
  }
}

/** Writes all rows of an iterable. */
export async function writeRows<Row extends object>(
  rows: Iterable<Row> | AsyncIterable<Row>,
  view: RowView<Row>,
  format: OutputFormat,
  output: Output,
): Promise<void> {
  const writer = createRowWriter(view, format, output);
  for await (const row of rows) await writer.write(row);
  await writer.end();
}

async function nothing(): Promise<void> {}

function jsonWriter<Row extends object>(output: Output): RowWriter<Row> {
  let rows = 0;
  return {
    async write(row) {
      await output.write(`${rows === 0 ? '[\n' : ',\n'}${harmlessJson(row)}`);
      rows += 1;
    },
    flush: nothing,
    end: () => output.write(rows === 0 ? '[]\n' : '\n]\n'),
  };
}

function csvWriter<Row extends object>(view: RowView<Row>, output: Output): RowWriter<Row> {
  let headed = false;
  const head = async () => {
    if (!headed) await output.write(csvLine(view.fields));
    headed = true;
  };
  return {
    async write(row) {
      await head();
      await output.write(csvLine(view.fields.map((field) => toCell(row[field]))));
    },
    flush: head,
    end: head,
  };
}

function toCell(value: unknown): Cell {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return JSON.stringify(value);
}

function tableWriter<Row extends object>(view: RowView<Row>, output: Output): RowWriter<Row> {
  let held: Row[] = [];
  let layout: TableLayout | undefined;
  const flush = async (rowsToCome: boolean): Promise<void> => {
    if (layout === undefined) {
      layout = layOut(view.columns, held, output.columns, rowsToCome);
      await output.write(headerLine(view.columns, layout));
    }
    for (const row of held) await output.write(rowLines(view.columns, row, layout));
    held = [];
  };
  return {
    async write(row) {
      if (layout !== undefined) return output.write(rowLines(view.columns, row, layout));
      held.push(row);
      if (held.length >= SAMPLED_ROWS) await flush(true);
    },
    flush: () => flush(true),
    end: () => flush(false),
  };
}
