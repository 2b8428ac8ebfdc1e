import type { Cell } from './csv.js';
import { displayWidth, harmless, truncate } from './harmless-text.js';

export interface Column<Row> {
  header: string;
  cell(row: Row): Cell;
  /** Continues on further lines instead of being cut. */
  wraps?: boolean;
  /** Never cut: an ID, number or time that lost its end is another one. With `wraps`, goes on in the next line at spaces. */
  keep?: boolean;
  /** May be left out where the terminal is narrow: `always`, or where it says the `same` in each row. */
  optional?: 'always' | 'same';
  /** How wide the column is laid out at least where its rows are still to come. */
  typicalWidth?: number;
}

const GAP = '  ';
/** Below this a column shows nothing of use, so a narrower terminal gets lines that are too long. */
const NARROWEST = 5;
/** Callers choose their own CLI: a kept text longer than this goes on in the next line, so that it cannot fill the screen. */
const LONGEST_KEPT = 40;
const SHORT_WORD = 10;
/** Columns that wrap give way first, but not so far that they become a ribbon. */
const NARROWEST_WRAPPED = 14;
/** Some terminals, such as those of serial lines and of build servers, say that they have no columns at all. */
const UNKNOWN_TERMINAL = 80;

/** Columns and widths that a table keeps from its first rows to its last. */
export interface TableLayout {
  /** Indices of the columns that are shown; the lists below go with them. */
  shown: readonly number[];
  widths: readonly number[];
  numeric: readonly boolean[];
}

/** A column with what its rows need. */
interface Measured {
  index: number;
  /** All of it on one line. */
  width: number;
  /** No word of it broken: at spaces only for a column that is kept, otherwise also after hyphens and the like. */
  unbroken: number;
  /** No word of the header broken; no column gets narrower. */
  header: number;
  wraps: boolean;
  keep: boolean;
  optional: 'always' | 'same' | undefined;
  same: boolean;
}

/**
 * As wide as the widest cell of these rows, within the columns of the terminal (undefined: as wide as it takes). Where
 * that is too wide, in this order: columns that say the same in each row are left out, columns wrap, optional columns are
 * left out from the last on, and the widest are cut, but never one that is kept. Where `rowsToCome`, columns are at least
 * as wide as they typically are.
 */
export function layOut<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminalColumns: number | undefined,
  rowsToCome = false,
): TableLayout {
  const available = terminalColumns === 0 ? UNKNOWN_TERMINAL : (terminalColumns ?? Number.POSITIVE_INFINITY);
  const measured = columns.map((column, index) => measure(column, index, rows, rowsToCome));
  const { shown, widths } = fitWithin(measured, available);
  const numeric = shown.map(({ index }) => {
    const cells = rows
      .map((row) => columns[index]?.cell(row))
      .filter((value) => value !== null && value !== undefined);
    return cells.length > 0 && cells.every((value) => typeof value === 'number');
  });
  return { shown: shown.map(({ index }) => index), widths, numeric };
}

function measure<Row>(
  column: Column<Row>,
  index: number,
  rows: readonly Row[],
  rowsToCome: boolean,
): Measured {
  const { header, wraps = false, keep = false, optional, typicalWidth = 0 } = column;
  const texts = rows.map((row) => cellText(column.cell(row)));
  const typical = rowsToCome ? typicalWidth : 0;
  const widest = Math.max(0, ...texts.map(displayWidth));
  const headerPieces = words(header).flatMap(longParts);
  const pieces = wraps
    ? texts.flatMap((text) => (keep ? words(text) : words(text).flatMap(longParts)))
    : texts;
  return {
    index,
    width: Math.max(header.length, typical, widest),
    unbroken: Math.min(
      LONGEST_KEPT,
      Math.max(
        NARROWEST,
        wraps ? 0 : typical,
        ...[...pieces, ...headerPieces].map((piece) => displayWidth(piece.trimEnd())),
      ),
    ),
    header: Math.max(...headerPieces.map((piece) => displayWidth(piece.trimEnd()))),
    wraps,
    keep,
    optional,
    same: !rowsToCome && new Set(texts).size <= 1,
  };
}

function fitWithin(
  measured: readonly Measured[],
  available: number,
): { shown: Measured[]; widths: number[] } {
  const shown = [...measured];
  const widths = () => shown.map(({ width }) => width);
  const excess = (candidate: readonly number[]) => totalWidth(candidate) - available;
  drop(
    shown,
    ({ optional, same }) => optional === 'same' && same,
    () => excess(widths()) > 0,
  );
  const wrapped = () => {
    const candidate = widths();
    narrow(candidate, shown, available, ({ wraps, keep }) =>
      wraps && !keep ? NARROWEST_WRAPPED : undefined,
    );
    narrow(candidate, shown, available, ({ wraps, keep, unbroken }) =>
      wraps && !keep ? unbroken : undefined,
    );
    // One after the other: a time that is half narrowed takes two lines as well.
    for (const { index: kept, keep, unbroken } of shown) {
      narrow(candidate, shown, available, ({ index }) => (keep && index === kept ? unbroken : undefined));
    }
    return candidate;
  };
  drop(
    shown,
    ({ optional }) => optional === 'always',
    () => excess(wrapped()) > 0,
  );
  const fitted = wrapped();
  narrow(fitted, shown, available, ({ wraps, keep }) => (wraps || keep ? undefined : NARROWEST));
  narrow(fitted, shown, available, ({ keep }) => (keep ? undefined : NARROWEST));
  return { shown, widths: fitted };
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
}

/** Leaves out the last of the columns in question, and so on, for as long as it is too wide. */
function drop(shown: Measured[], may: (column: Measured) => boolean, isTooWide: () => boolean): void {
  while (shown.length > 1 && isTooWide()) {
    const at = shown.findLastIndex(may);
    if (at === -1) return;
    shown.splice(at, 1);
  }
}

/** Takes from the widest of the columns that may get narrower until all fit, or until none can give way any more. */
function narrow(
  widths: number[],
  columns: readonly Measured[],
  available: number,
  narrowestOf: (column: Measured) => number | undefined,
): void {
  const narrowest = columns.map((column) =>
    Math.max(column.header, narrowestOf(column) ?? Number.POSITIVE_INFINITY),
  );
  for (let excess = totalWidth(widths) - available; excess > 0; excess -= 1) {
    const able = widths.map((width, index) => (width > (narrowest[index] ?? 0) ? width : 0));
    const widest = Math.max(0, ...able);
    if (widest === 0) return;
    widths[able.indexOf(widest)] = widest - 1;
  }
}

/** The headers; several lines where one is longer than its column. */
export function headerLine<Row>(columns: readonly Column<Row>[], layout: TableLayout): string {
  return lines(
    layout.shown.map((index, at) => wrap(columns[index]?.header ?? '', layout.widths[at] ?? 1, false)),
    layout,
  );
}

/** One row; several lines where a cell wraps. */
export function rowLines<Row>(columns: readonly Column<Row>[], row: Row, layout: TableLayout): string {
  const cells = layout.shown.map((index, at) => {
    const { cell, wraps = false, keep = false } = columns[index] ?? { cell: () => null };
    const text = cellText(cell(row));
    const width = layout.widths[at] ?? 1;
    return wraps || keep ? wrap(text, width, keep) : [truncate(text, width)];
  });
  return lines(cells, layout);
}

function lines(cells: readonly (readonly string[])[], layout: TableLayout): string {
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, at) =>
    line(
      cells.map((texts) => texts[at] ?? ''),
      layout,
    ),
  ).join('');
}

function line(cells: readonly string[], { widths, numeric }: TableLayout): string {
  const padded = cells.map((text, index) => {
    const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(text)));
    return numeric[index] === true ? padding + text : text + padding;
  });
  return `${padded.join(GAP).trimEnd()}\n`;
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '-';
  return typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : harmless(String(cell));
}

/** Each with the spaces behind it. */
function words(text: string): string[] {
  return text.split(/(?<= )/);
}

/** Short words stay whole as long as any column can give way instead. */
function longParts(word: string): string[] {
  return displayWidth(word.trimEnd()) <= SHORT_WORD ? [word] : parts(word);
}

/** Where a long word may go on in the next line: after hyphens, slashes and underscores, and within camelCase. */
function parts(word: string): string[] {
  return word.split(/(?<=[-/_])|(?<=[a-z])(?=[A-Z])/);
}

/** Lines of at most so many columns; a longer word is broken where it reads best, or anywhere where it is an identifier. */
function wrap(text: string, width: number, isIdentifier: boolean): string[] {
  const fits = (piece: string) => displayWidth(piece.trimEnd()) <= width;
  const pieces = words(text).flatMap((word) => {
    if (fits(word)) return [word];
    return (isIdentifier ? [word] : parts(word)).flatMap((part) =>
      fits(part) ? [part] : chunks(part, width),
    );
  });
  const lines: string[] = [];
  let current = '';
  for (const piece of pieces) {
    if (current !== '' && !fits(current + piece)) {
      lines.push(current.trimEnd());
      current = piece;
    } else current += piece;
  }
  return [...lines, current.trimEnd()];
}

/** Pieces of at most so many columns. */
function chunks(text: string, width: number): string[] {
  const found: string[] = [];
  let current = '';
  for (const character of text) {
    if (current !== '' && displayWidth(current + character) > width) {
      found.push(current);
      current = '';
    }
    current += character;
  }
  return [...found, current];
}
