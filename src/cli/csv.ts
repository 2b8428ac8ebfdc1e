import { harmless } from './harmless-text.js';

/** Cells as tables and CSV take them; null and undefined are empty. */
export type Cell = string | number | boolean | null | undefined;

/** One line of CSV (RFC 4180), with CRLF at its end. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/**
 * What a spreadsheet would take for a formula gets a `'` in front (OWASP, "CSV Injection"): whoever chooses his own CLI could
 * otherwise run one on the reader's machine. So does what follows a `;`, at which Excel parts cells in many locales without
 * regard to our quotes. Plain numbers, `+49301234567` and `-1.5` included, stay as they are. What could steer a terminal is
 * written out, so that no cell begins with a tab or a line break; JSON is the form that loses nothing.
 */
function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  const shown = harmless(String(cell));
  const safe = PLAIN_NUMBER.test(shown) ? shown : shown.replace(FORMULA, "$1'$2");
  return /[",;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const PLAIN_NUMBER = /^[+-]?\d+(\.\d+)?$/;
/** A sign that begins a formula, full-width (U+FF0B and so on) too, where a cell begins or may be parted. */
const FORMULA = /(^|;)([\s"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;
