/** One record of a CSV text with the line on which it begins. */
export interface CsvRecord {
  line: number;
  fields: readonly CsvField[];
}

export interface CsvField {
  value: string;
  /** Counts from 1. */
  column: number;
}

export type ParsedCsv =
  | { ok: true; records: readonly CsvRecord[] }
  | { ok: false; line: number; column: number; message: string };

/** A field, quoted or not, at the position of the expression; RFC 4180 with quotes only around a whole field. */
const QUOTED = /[ \t]*"((?:[^"\r\n]|"")*)"[ \t]*/y;
const PLAIN = /[^",\r\n]*/y;

/**
 * Parses comma-separated text by RFC 4180, but strictly: no line breaks inside quotes, no quotes inside plain fields.
 * Empty lines and lines that begin with `#`, indented or not, are left out; spaces around a field are not part of it.
 */
export function parseCsv(text: string): ParsedCsv {
  const records: CsvRecord[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const record = parseLine(line);
    if ('message' in record) return { ok: false, line: index + 1, ...record };
    records.push({ line: index + 1, fields: record.fields });
  }
  return { ok: true, records };
}

function parseLine(line: string): { fields: CsvField[] } | { column: number; message: string } {
  const fields: CsvField[] = [];
  let offset = 0;
  for (;;) {
    const quoted = line.slice(offset).trimStart().startsWith('"');
    const token = quoted ? QUOTED : PLAIN;
    token.lastIndex = offset;
    const match = token.exec(line);
    if (match === null)
      return { column: offset + 1, message: 'This quote is never closed: expected another ".' };
    const value = quoted ? (match[1] ?? '').replaceAll('""', '"') : match[0].trim();
    fields.push({ value, column: offset + 1 });
    offset = token.lastIndex;
    if (offset === line.length) return { fields };
    if (line[offset] !== ',')
      return { column: offset + 1, message: 'Expected a comma or the end of the line here.' };
    offset += 1;
  }
}
