import { describeValue } from '../documents/found-values.js';
import { parseDocument } from '../documents/located-document.js';
import type { Location, Problem } from '../domain/errors.js';
import type { RuleFileText } from '../domain/rule-files.js';
import { LIST_NAME_PATTERN } from './schema-values.js';
import { parseCsv } from './strict-csv.js';

/** One line of a list, as written, and where it stands: whether it is a prefix is known only where the list is used. */
export interface ListEntry {
  value: string;
  location: Location;
  /** Set where it is the first of its file, which in a table may be a header. */
  isFirst?: true;
}

export interface ReadLists {
  lists: ReadonlyMap<string, readonly ListEntry[]>;
  problems: readonly Problem[];
}

const FORMATS = '.txt (one entry per line), .csv (first column), .yaml, .yml or .json (a list)';

/** Reads rules/lists/: the name of a list is the name of its file without the extension. Empty lists are refused. */
export function readLists(files: readonly RuleFileText[]): ReadLists {
  const lists = new Map<string, readonly ListEntry[]>();
  const fileByName = new Map<string, string>();
  const problems: Problem[] = [];
  const refuse = (file: string, message: string) =>
    problems.push({ file, location: { file, line: 1, column: 1 }, message, severity: 'error' });
  for (const list of files) {
    const { file } = list;
    const base = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
    const name = base.replace(/\.[^.]*$/, '');
    const earlier = fileByName.get(name);
    if (!LIST_NAME_PATTERN.test(name)) {
      refuse(
        file,
        `"${name}" is no name for a list: expected a letter first, then lower-case letters, digits and hyphens.`,
      );
    } else if (earlier !== undefined) {
      refuse(file, `The list "${name}" is given twice: it is already in ${earlier}.`);
    } else {
      fileByName.set(name, file);
      const read = readList(list, base.slice(name.length));
      problems.push(...read.problems);
      lists.set(name, read.entries);
      if (read.entries.length + read.problems.length === 0) refuse(file, `The list "${name}" is empty.`);
    }
  }
  return { lists, problems };
}

interface ReadList {
  entries: readonly ListEntry[];
  problems: readonly Problem[];
}

function readList(file: RuleFileText, extension: string): ReadList {
  switch (extension.toLowerCase()) {
    case '.txt':
      return { entries: textEntries(file), problems: [] };
    case '.csv':
      return csvEntries(file);
    case '.yaml':
    case '.yml':
    case '.json':
      return documentEntries(file);
    default:
      return refused(file.file, 1, 1, `"${extension}" is no format for a list: expected ${FORMATS}.`);
  }
}

function textEntries({ file, text }: RuleFileText): ListEntry[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line, index) => {
      const value = line.replace(/(^|\s)#.*$/, '').trim();
      const column = line.length - line.trimStart().length + 1;
      return value === '' ? [] : [{ value, location: { file, line: index + 1, column } }];
    });
}

function csvEntries({ file, text }: RuleFileText): ReadList {
  const parsed = parseCsv(text);
  if (!parsed.ok) return refused(file, parsed.line, parsed.column, parsed.message);
  const entries = parsed.records.flatMap(({ line, fields: [first] }, index): ListEntry[] => {
    if (first === undefined || first.value === '') return [];
    const entry = { value: first.value, location: { file, line, column: first.column } };
    return [index === 0 ? { ...entry, isFirst: true } : entry];
  });
  return { entries, problems: [] };
}

function documentEntries({ file, text }: RuleFileText): ReadList {
  const parsed = parseDocument(text, file);
  if (!parsed.ok) return { entries: [], problems: parsed.problems };
  const { document } = parsed;
  if (!Array.isArray(document.value)) {
    return refused(file, 1, 1, `Expected a list, but found ${describeValue(document.value)}.`);
  }
  const entries: ListEntry[] = [];
  const problems: Problem[] = [];
  for (const [index, value] of document.value.entries()) {
    const location = document.locate([index]);
    if (typeof value === 'string' && value !== '') entries.push({ value, location });
    else {
      const message = `Expected text in quotes, but found ${describeValue(value)}.`;
      problems.push({ file, location, message, severity: 'error' });
    }
  }
  return { entries, problems };
}

function refused(file: string, line: number, column: number, message: string): ReadList {
  return { entries: [], problems: [{ file, location: { file, line, column }, message, severity: 'error' }] };
}
