import type { Cell } from './csv.js';
import { displayWidth, harmless, truncate } from './harmless-text.js';

export interface Column<Row> {
  header: string;
  cell(row: Row): Cell;
  /** Continues on further lines instead of being cut. */
  wraps?: boolean;
  /** How wide the column is laid out at least where its rows are still to come. */
  typicalWidth?: number;
}

const GAP = '  ';
/** Below this a column shows nothing of use, so a narrower terminal gets lines that are too long. */
const NARROWEST = 5;
/** Columns that wrap give way first, but not so far that they become a ribbon. */
const NARROWEST_WRAPPED = 14;

/** Widths that a table keeps from its first rows to its last. */
export interface TableLayout {
  widths: readonly number[];
  numeric: readonly boolean[];
}

/**
 * As wide as the widest cell of these rows, within the columns of the terminal (undefined: as wide as it takes): the
 * widest columns give way first, those that wrap before those that are cut. Where `rowsToCome`, columns are at least as wide as they typically are.
 */
export function layOut<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminalColumns: number | undefined,
  rowsToCome = false,
): TableLayout {
  const widths = columns.map((column) =>
    Math.max(
      column.header.length,
      rowsToCome ? (column.typicalWidth ?? 0) : 0,
      ...rows.map((row) => displayWidth(cellText(column.cell(row)))),
    ),
  );
  const numeric = columns.map(({ cell }) => {
    const cells = rows.map(cell).filter((value) => value !== null && value !== undefined);
    return cells.length > 0 && cells.every((value) => typeof value === 'number');
  });
  const available = (terminalColumns ?? Number.POSITIVE_INFINITY) - GAP.length * (columns.length - 1);
  const isWrapping = (index: number) => columns[index]?.wraps === true;
  narrow(widths, available, NARROWEST_WRAPPED, isWrapping);
  narrow(widths, available, NARROWEST, () => true);
  return { widths, numeric };
}

/** Takes from the widest of the columns in question until all fit, or until none of them can give way any more. */
function narrow(
  widths: number[],
  available: number,
  narrowest: number,
  mayNarrow: (index: number) => boolean,
): void {
  for (;;) {
    const excess = widths.reduce((sum, width) => sum + width, 0) - available;
    const widest = Math.max(...widths.filter((_, index) => mayNarrow(index)), 0);
    if (excess <= 0 || widest <= narrowest) return;
    widths[widths.findIndex((width, index) => width === widest && mayNarrow(index))] = widest - 1;
  }
}

export function headerLine<Row>(columns: readonly Column<Row>[], layout: TableLayout): string {
  return line(
    columns.map(({ header }) => header),
    layout,
  );
}

/** One row; several lines where a cell wraps. */
export function rowLines<Row>(columns: readonly Column<Row>[], row: Row, layout: TableLayout): string {
  const cells = columns.map((column, index) => {
    const text = cellText(column.cell(row));
    return column.wraps === true ? wrap(text, layout.widths[index] ?? 1) : [text];
  });
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, at) =>
    line(
      cells.map((lines) => lines[at] ?? ''),
      layout,
    ),
  ).join('');
}

function line(cells: readonly string[], { widths, numeric }: TableLayout): string {
  const padded = cells.map((cell, index) => {
    const width = widths[index] ?? 0;
    const text = truncate(cell, width);
    const padding = ' '.repeat(Math.max(0, width - displayWidth(text)));
    return numeric[index] === true ? padding + text : text + padding;
  });
  return `${padded.join(GAP).trimEnd()}\n`;
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '-';
  return typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : harmless(String(cell));
}

/** Lines of at most so many columns, broken at spaces, and in longer words after hyphens and slashes; the rest is cut. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  const words = text.split(/(?<= )/);
  const pieces = words.flatMap((word) =>
    displayWidth(word.trimEnd()) > width ? word.split(/(?<=[-/])/) : [word],
  );
  for (const piece of pieces) {
    if (current !== '' && displayWidth((current + piece).trimEnd()) > width) {
      lines.push(current.trimEnd());
      current = piece;
    } else current += piece;
  }
  return [...lines, current.trimEnd()];
}
