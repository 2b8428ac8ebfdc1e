import { harmless } from './harmless-text.js';

/** Cells as tables and CSV take them; null and undefined are empty. */
export type Cell = string | number | boolean | null | undefined;

/** One line of CSV (RFC 4180), with CRLF at its end. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/**
 * A text that a spreadsheet would take for a formula gets a `'` in front (OWASP, "CSV Injection"): whoever chooses his own
 * CLI could otherwise run one on the reader's machine. Plain numbers, `+49301234567` and `-1.5` included, stay as they
 * are. What could steer a terminal is written out; JSON is the form that loses nothing.
 */
function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  const shown = harmless(String(cell));
  const safe = isFormula(shown) ? `'${shown}` : shown;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function isFormula(text: string): boolean {
  return /^\s*[=+\-@]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text);
}
