import { type DocumentPath, type LocatedDocument, parseDocument } from '../documents/located-document.js';
import { zodProblems } from '../documents/zod-problems.js';
import type { Problem } from '../domain/errors.js';
import type { CasePlace, KnownRules } from './case-findings.js';
import { unreadCaseLimits } from './case-limits.js';
import { caseSchema, collectionSchema, type WrittenCase } from './case-schema.js';
import type { RuleTestCase } from './test-case.js';
import { toTestCase } from './to-test-case.js';

/** A file of cases, read but not yet checked. */
export interface CaseFileText {
  /** As messages name it. */
  file: string;
  text: string;
}

export interface ReadCases {
  /** Of every file that has no error, in the order of the files. */
  cases: readonly RuleTestCase[];
  problems: readonly Problem[];
}

/** Checks files of cases and never throws: whatever it accepts can be run. */
export function readCases(files: readonly CaseFileText[], known: KnownRules): ReadCases {
  const cases: RuleTestCase[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    const read = readFile(file, known);
    problems.push(...read.problems);
    cases.push(...read.cases);
  }
  return { cases, problems };
}

function readFile({ file, text }: CaseFileText, known: KnownRules): ReadCases {
  const parsed = parseDocument(text, file);
  if (!parsed.ok) return { cases: [], problems: parsed.problems };
  const { document } = parsed;
  if (document.value === null) {
    return {
      cases: [],
      problems: [{ file, message: 'This file holds no case: write one, or remove it.', severity: 'warning' }],
    };
  }
  const { written, problems } = writtenCases(document);
  const cases: RuleTestCase[] = [];
  const names = new Map<string, number>();
  for (const [index, one] of written.entries()) {
    const name = one.written.name ?? defaultName(file, index, written.length);
    const result = toTestCase({ ...one.written, name }, one.place, known);
    problems.push(...result.problems);
    if (result.testCase === undefined) continue;
    const first = names.get(name);
    const { location } = result.testCase;
    if (first !== undefined) {
      const message = `"name": another case of this file is called "${name}" already, on line ${first}: give each a name of its own.`;
      problems.push({ file, location, message, severity: 'error' });
    }
    names.set(name, location.line);
    cases.push(result.testCase);
  }
  if (problems.some(({ severity }) => severity === 'error'))
    return { cases: [], problems: eachOnce(problems) };
  return { cases, problems: eachOnce([...problems, ...unreadCaseLimits(cases, known)]) };
}

/** What stands beside `cases:` is read for every one of them. */
function eachOnce(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** `sequential-scan`, or `sequential-scan #2` where the file holds several. */
function defaultName(file: string, index: number, cases: number): string {
  const base = file.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '');
  return cases === 1 ? base : `${base} #${index + 1}`;
}

interface WrittenAndPlaced {
  written: WrittenCase;
  place: CasePlace;
}

function writtenCases(document: LocatedDocument): { written: WrittenAndPlaced[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const value = withoutSchema(document, problems);
  if (typeof value !== 'object' || value === null || !('cases' in value)) {
    const parsed = caseSchema.safeParse(value);
    if (!parsed.success) {
      problems.push(...zodProblems(parsed.error, document, { schema: caseSchema }));
      return { written: [], problems };
    }
    return { written: [{ written: parsed.data, place: placeIn(document, [], parsed.data) }], problems };
  }
  const parsed = collectionSchema.safeParse(value);
  if (!parsed.success) {
    const explainKey = (key: string) =>
      key === 'name' || key === 'description'
        ? `"${key}" belongs to a case: this file holds several of them under "cases:".`
        : undefined;
    problems.push(...zodProblems(parsed.error, document, { schema: collectionSchema, explainKey }));
  }
  const { cases: _, ...defaults } = parsed.success ? parsed.data : { cases: [] };
  const written: WrittenAndPlaced[] = [];
  for (const [index, item] of (Array.isArray(value.cases) ? value.cases : []).entries()) {
    const path = ['cases', index];
    const one = caseSchema.safeParse(item);
    if (!one.success) problems.push(...zodProblems(one.error, document, { schema: caseSchema, at: path }));
    else written.push({ written: { ...defaults, ...one.data }, place: placeIn(document, path, one.data) });
  }
  return { written: parsed.success ? written : [], problems };
}

/** Editors write at the top of a JSON file which schema it follows. */
function withoutSchema(document: LocatedDocument, problems: Problem[]): unknown {
  const { file, value } = document;
  if (typeof value !== 'object' || value === null || !('$schema' in value)) return value;
  const { $schema, ...rest } = value;
  if (typeof $schema !== 'string') {
    const message = '"$schema": expected text, the place of a JSON Schema.';
    problems.push({ file, location: document.locate(['$schema']), message, severity: 'error' });
  }
  return rest;
}

/** Where something of a case is written: in the case itself, else beside `cases:`. */
function placeIn(document: LocatedDocument, casePath: DocumentPath, own: WrittenCase): CasePlace {
  return {
    file: document.file,
    at: ([key, ...rest], part) => {
      const inside =
        key === undefined || key === 'name' || (own as Record<string, unknown>)[key] !== undefined;
      const path = inside ? casePath : [];
      return document.locate(key === undefined ? path : [...path, key, ...rest], part);
    },
  };
}
