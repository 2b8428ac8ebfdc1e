import { didYouMean } from '../documents/did-you-mean.js';
import { describeValue } from '../documents/found-values.js';
import { unknownKey } from '../documents/zod-problems.js';
import type { Location, Problem } from '../domain/errors.js';
import type { Limit } from '../domain/facts.js';
import type { RuleFileText } from '../domain/rule-files.js';
import { type AggregateScope, SCOPES } from '../domain/scope.js';
import { numberTextProblem } from './number-text.js';
import { compactPrefix } from './prefix-text.js';
import { type CsvField, type CsvRecord, parseCsv } from './strict-csv.js';

const COLUMNS = ['scope', 'id', 'name', 'value', 'switch'] as const;
type Column = (typeof COLUMNS)[number];
const LIMIT_SCOPES: readonly string[] = SCOPES.filter((scope) => scope !== 'call');
const NOTHING =
  'This file holds no limit, not even a header, so that only the "default" of each limit counts. Write scope,id,name,value and the limits, or delete the file.';
/** Plain decimal notation: no hex, no exponent, no thousands separators. */
const DECIMAL = /^[0-9]+(\.[0-9]+)?$/;

/** Where a limit stands, and its fields of which more is asked than a line can say; where it has no such field, the row. */
export interface LimitPlace {
  row: Location;
  id: Location;
  switch: Location;
}

export interface ReadLimits {
  limits: readonly Limit[];
  /** Of each limit, in the same order. */
  places: readonly LimitPlace[];
  problems: readonly Problem[];
}

/**
 * Reads limits.csv: a header naming scope, id, name, value and where needed switch, in any order, then one limit per
 * line. Refuses unknown scopes, values that are no plain number >= 0, and a limit given twice.
 */
export function readLimits({ file, text }: RuleFileText): ReadLimits {
  const parsed = parseCsv(text);
  if (!parsed.ok) return none([problemAt(file, parsed.line, parsed.column, parsed.message)]);
  const [header, ...rows] = parsed.records;
  if (header === undefined) return none([{ ...problemAt(file, 1, 1, NOTHING), severity: 'warning' }]);
  const problems = headerProblems(file, header);
  if (problems.length > 0) return none(problems);

  const columns = header.fields.map(({ value }) => value as Column);
  const limits: Limit[] = [];
  const places: LimitPlace[] = [];
  const firstLines = new Map<string, number>();
  for (const row of rows) {
    const read = readRow(file, row, columns);
    problems.push(...read.problems);
    if (read.limit === undefined) continue;
    const { scope, id, name, switch: switchName } = read.limit;
    const key = JSON.stringify([scope, scope === 'cli' ? comparableNumber(id) : id, name, switchName]);
    const first = firstLines.get(key);
    if (first !== undefined) {
      problems.push(
        problemAt(file, row.line, 1, `This limit is given twice: it is already on line ${first}.`),
      );
      continue;
    }
    firstLines.set(key, row.line);
    limits.push(read.limit);
    places.push(placeOf(file, row, columns));
  }
  return { limits, places, problems };
}

function none(problems: readonly Problem[]): ReadLimits {
  return { limits: [], places: [], problems };
}

function placeOf(file: string, { line, fields }: CsvRecord, columns: readonly Column[]): LimitPlace {
  const at = (column: Column) => ({ file, line, column: fields[columns.indexOf(column)]?.column ?? 1 });
  return { row: { file, line, column: 1 }, id: at('id'), switch: at('switch') };
}

/** One form for a caller's number that is written with or without separators, `+` and `00`. */
function comparableNumber(written: string): string {
  return /[A-Za-z]/.test(written) ? written : compactPrefix(written).replace(/^(?:\+|00)/, '');
}

function headerProblems(file: string, { line, fields }: CsvRecord): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const { value, column } of fields) {
    if (!(COLUMNS as readonly string[]).includes(value)) {
      problems.push(problemAt(file, line, column, `In the header: ${unknownKey(value, COLUMNS)}`));
    } else if (seen.has(value)) {
      problems.push(problemAt(file, line, column, `The column "${value}" is given twice.`));
    }
    seen.add(value);
  }
  for (const column of COLUMNS) {
    if (column === 'switch' || seen.has(column)) continue;
    const message = `The column "${column}" is missing: expected the header scope,id,name,value.`;
    problems.push(problemAt(file, line, 1, message));
  }
  return problems;
}

function readRow(
  file: string,
  row: CsvRecord,
  columns: readonly Column[],
): { limit: Limit | undefined; problems: Problem[] } {
  if (row.fields.length !== columns.length) {
    const message = `Expected ${columns.length} fields (${columns.join(', ')}), but found ${row.fields.length}.`;
    return { limit: undefined, problems: [problemAt(file, row.line, 1, message)] };
  }
  const fields = new Map(columns.map((column, index) => [column, row.fields[index]]));
  const problems: Problem[] = [];
  for (const [column, field] of fields) {
    const message = field === undefined ? undefined : fieldProblem(column, field, fields.get('scope')?.value);
    if (message !== undefined) problems.push(problemAt(file, row.line, field?.column ?? 1, message));
  }
  if (problems.length > 0) return { limit: undefined, problems };
  const text = (column: Column) => fields.get(column)?.value ?? '';
  const limit = {
    scope: text('scope') as AggregateScope,
    id: text('id'),
    name: text('name'),
    value: Number(text('value')),
    switch: text('switch') === '' ? undefined : text('switch'),
  };
  return { limit, problems };
}

const NUMBERED_SCOPES: readonly string[] = ['account', 'customer', 'connection', 'vendor'];

/** A row whose ID no subject bears would limit nobody. */
function idProblem(value: string, scope: string | undefined): string | undefined {
  if (value === '') return '"id" is missing.';
  if (scope === 'cli') return numberTextProblem(value);
  if (scope === undefined || !NUMBERED_SCOPES.includes(scope) || /^[1-9]\d*$/.test(value)) return undefined;
  const unseen = /^[\x20-\x7e]*$/.test(value)
    ? ''
    : ' It holds characters beyond ASCII, which may not be seen.';
  return `"id" of ${scope}: expected plain digits without a leading 0, but found ${describeValue(value)}.${unseen}`;
}

function fieldProblem(column: Column, { value }: CsvField, scope: string | undefined): string | undefined {
  switch (column) {
    case 'scope':
      return LIMIT_SCOPES.includes(value)
        ? undefined
        : `"scope": expected one of ${LIMIT_SCOPES.join(', ')}, but found ${describeValue(value)}.${didYouMean(value, LIMIT_SCOPES)}`;
    case 'value':
      return DECIMAL.test(value) && Number.isFinite(Number(value))
        ? undefined
        : `"value": expected a plain number, at least 0, but found ${describeValue(value)}.`;
    case 'id':
      return idProblem(value, scope);
    case 'switch':
      return undefined;
    default:
      return value === '' ? `"${column}" is missing.` : undefined;
  }
}

function problemAt(file: string, line: number, column: number, message: string): Problem {
  return { file, location: { file, line, column }, message, severity: 'error' };
}
