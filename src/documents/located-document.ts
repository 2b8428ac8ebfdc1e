import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Location, Problem } from '../domain/errors.js';
import { findJsonError } from './json-syntax.js';

/** Keys and list indexes from the root of a document to one of its values. */
export type DocumentPath = readonly (string | number)[];

/** A document with its values and where each of them is written. */
export interface LocatedDocument {
  file: string;
  /** Plain JSON-like data: mappings are objects, lists are arrays; null for an empty document. */
  value: unknown;
  /**
   * Where the key or value at a path is written. A path that leads nowhere is answered with its nearest ancestor that
   * exists, so a missing key is reported at the mapping that lacks it.
   */
  locate(path: DocumentPath, part?: 'key' | 'value'): Location;
}

export type ParsedDocument =
  | { ok: true; document: LocatedDocument }
  | { ok: false; problems: readonly Problem[] };

/** Deeper nesting is no rule or config file, and every later walk recurses. */
const MAX_DEPTH = 100;
/** A level of a document is at most three of its syntax tree: the collection, its items, and one item. */
const MAX_TOKEN_DEPTH = 3 * MAX_DEPTH + 10;
/** How often aliases may repeat anchored content; bounds the "billion laughs" expansion. */
const MAX_ALIAS_COUNT = 100;

/**
 * Parses YAML 1.2 (core schema) or, for a file whose name ends in `.json`, strict JSON. Refused beside syntax errors:
 * duplicate keys, merge keys, several documents, tags, keys that are not plain text, `__proto__` as a key, aliases that
 * multiply or refer to themselves, and nesting deeper than 100 levels. Never throws.
 */
export function parseDocument(text: string, file: string): ParsedDocument {
  const lines = new LineCounter();
  const problemAt = (offset: number, message: string): Problem => ({
    file,
    location: { file, ...lineAndColumn(lines, offset) },
    message,
    severity: 'error',
  });
  try {
    if (file.toLowerCase().endsWith('.json')) {
      const problem = jsonProblem(text, lines, problemAt);
      if (problem !== undefined) return { ok: false, problems: [problem] };
    }
    const tokens = [...new Parser(lines.addNewLine).parse(withoutByteOrderMark(text))];
    // Before composing, which recurses: running out of stack there can end the process instead of throwing.
    if (isDeeperThan(tokens, MAX_TOKEN_DEPTH)) return { ok: false, problems: [problemAt(0, TOO_DEEP)] };
    const composer = new Composer({ schema: 'core', merge: false, uniqueKeys: false, prettyErrors: false });
    const [parsed, second] = composer.compose(tokens, true, text.length);
    if (parsed === undefined) throw new Error('it holds no document');
    if (second !== undefined) return { ok: false, problems: [problemAt(second.range[0], SEVERAL_DOCUMENTS)] };
    const problems = [
      ...firstCauses(parsed.errors).map((error) => problemAt(error.pos[0], syntaxMessage(error))),
      ...parsed.warnings.map((warning) => problemAt(warning.pos[0], syntaxMessage(warning))),
    ];
    if (problems.length > 0) return { ok: false, problems };
    problems.push(...refusedNodes(parsed, lines, problemAt));
    if (problems.length > 0) return { ok: false, problems };
    const value: unknown = parsed.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
    if (isDeeperThan(value, MAX_DEPTH)) return { ok: false, problems: [problemAt(0, TOO_DEEP)] };
    return { ok: true, document: locatedDocument(file, value, parsed, lines) };
  } catch (cause) {
    // RangeError: the parser recursed too deep. ReferenceError: aliases that multiply.
    const message =
      cause instanceof RangeError ? TOO_DEEP : `The document cannot be read: ${reasonOf(cause)}.`;
    return { ok: false, problems: [problemAt(0, message)] };
  }
}

export const TABS_REFUSED = 'YAML does not allow tabs for indentation: use spaces.';
const SEVERAL_DOCUMENTS = 'Only one document per file is read: remove the "---" between them.';
const TOO_DEEP = `The document is nested more than ${MAX_DEPTH} levels deep.`;

type ProblemAt = (offset: number, message: string) => Problem;

function reasonOf(cause: unknown): string {
  if (cause instanceof ReferenceError) return 'its aliases repeat too much content';
  return cause instanceof Error ? cause.message : String(cause);
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

function jsonProblem(text: string, lines: LineCounter, problemAt: ProblemAt): Problem | undefined {
  const json = withoutByteOrderMark(text);
  const error = findJsonError(json);
  if (error === undefined) return undefined;
  lines.addNewLine(0);
  for (let at = json.indexOf('\n'); at !== -1; at = json.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  return problemAt(error.offset, error.message);
}

function lineAndColumn(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return line === 0 ? { line: 1, column: offset + 1 } : { line, column: col };
}

/** What follows a mistake in the syntax is mostly read wrongly because of it; tags and aliases stand for themselves. */
function firstCauses(errors: readonly YAMLError[]): readonly YAMLError[] {
  const broken = errors.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED' && code !== 'BAD_ALIAS');
  const [first] = broken.sort((one, other) => one.pos[0] - other.pos[0]);
  return first === undefined ? errors : [first];
}

/** The parser's own words are kept where they read well; the rest says what to do instead. */
function syntaxMessage(error: YAMLError): string {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return TABS_REFUSED;
    case 'TAG_RESOLVE_FAILED':
      return 'Tags such as "!name" are not supported: write the plain value.';
    case 'BAD_ALIAS':
      return NO_ANCHOR;
    default: {
      const message = error.message.replace(/\s+/g, ' ').trim();
      return `This is not YAML: ${message}${/[.!?]$/.test(message) ? '' : '.'}`;
    }
  }
}

/** Keys that would be lost, overwritten or dangerous once the document is a plain object, and aliases to nothing. */
function refusedNodes(parsed: Document.Parsed, lines: LineCounter, problemAt: ProblemAt): readonly Problem[] {
  const problems: Problem[] = [];
  const anchors = new Map<string, Node>();
  visit(parsed, {
    Node(_, node, ancestors) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target === undefined) problems.push(problemAt(startOf(node) ?? 0, NO_ANCHOR));
        else if (ancestors.includes(target)) {
          problems.push(problemAt(startOf(node) ?? 0, refersToItself(node.source)));
        }
        return;
      }
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      if (isMap(node)) problems.push(...refusedKeys(node, lines, problemAt));
    },
  });
  return problems;
}

const NO_ANCHOR =
  'This alias (*) has no anchor (&) before it; a text that starts with "*" or "&" needs quotes.';

/** As an anchor stands before its aliases, every circle has an alias within what it names. */
function refersToItself(anchor: string): string {
  return `The alias "*${anchor}" stands within what "&${anchor}" names, so that it refers to itself: write out what is meant.`;
}

function refusedKeys(map: YAMLMap, lines: LineCounter, problemAt: ProblemAt): readonly Problem[] {
  const problems: Problem[] = [];
  const firstOffsets = new Map<string, number>();
  for (const pair of map.items) {
    const key = scalarKey(pair);
    const offset = startOf(pair.key) ?? startOf(map) ?? 0;
    const first = firstOffsets.get(key ?? '');
    if (key === undefined) {
      problems.push(problemAt(offset, 'A key must be plain text: expected a word before the colon.'));
    } else if (key === '<<') {
      problems.push(problemAt(offset, 'Merge keys ("<<") are not supported: write the keys out.'));
    } else if (key === '__proto__') {
      problems.push(problemAt(offset, 'The key "__proto__" is not allowed.'));
    } else if (first !== undefined) {
      const { line } = lines.linePos(first);
      problems.push(problemAt(offset, `The key "${key}" is given twice: it is already on line ${line}.`));
    } else firstOffsets.set(key, offset);
  }
  return problems;
}

function scalarKey(pair: Pair): string | undefined {
  if (!isScalar(pair.key)) return undefined;
  const { value } = pair.key;
  if (value === null || value === undefined || typeof value === 'object') return undefined;
  return String(value);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Never recurses further than `levels`, whatever it is given. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((child) => isDeeperThan(child, levels - 1));
}

function locatedDocument(
  file: string,
  value: unknown,
  parsed: Document.Parsed,
  lines: LineCounter,
): LocatedDocument {
  const nodes = createNodes(parsed);
  return {
    file,
    value,
    locate(path, part = 'value') {
      let offset = startOf(parsed.contents) ?? 0;
      let node: unknown = parsed.contents;
      for (const [index, step] of path.entries()) {
        const child = nodes.childOf(node, step);
        if (child === undefined) break;
        const wanted = part === 'key' && index === path.length - 1 ? child.key : child.value;
        offset = writtenAt(wanted) ?? startOf(child.key) ?? offset;
        node = child.value;
      }
      return { file, ...lineAndColumn(lines, offset) };
    },
  };
}

/** A key without a value is read as null, with a place behind the colon where nothing is written. */
function writtenAt(node: unknown): number | undefined {
  return isScalar(node) && node.source === '' && node.value === null ? undefined : startOf(node);
}

interface Child {
  key: unknown;
  value: unknown;
}

/**
 * The syntax tree by keys. A document with a problem at each of its keys is searched for every one of them, so each mapping
 * is indexed once, and each alias followed once: following it walks the whole document.
 */
function createNodes(parsed: Document.Parsed): {
  childOf(node: unknown, step: string | number): Child | undefined;
} {
  const indexes = new Map<YAMLMap, ReadonlyMap<string, Pair>>();
  const targets = new Map<Alias, unknown>();

  function resolved(node: unknown): unknown {
    if (!isAlias(node)) return node;
    if (!targets.has(node)) targets.set(node, node.resolve(parsed));
    return targets.get(node);
  }

  function indexOf(map: YAMLMap): ReadonlyMap<string, Pair> {
    const known = indexes.get(map);
    if (known !== undefined) return known;
    const index = new Map<string, Pair>();
    for (const pair of map.items) {
      const key = scalarKey(pair);
      if (key !== undefined) index.set(key, pair);
    }
    indexes.set(map, index);
    return index;
  }

  return {
    childOf(written, step) {
      const node = resolved(written);
      if (isSeq(node)) {
        const item: unknown = typeof step === 'number' ? node.items[step] : undefined;
        return item === undefined ? undefined : { key: isPair(item) ? item.key : item, value: item as Node };
      }
      if (!isMap(node)) return undefined;
      const pair = indexOf(node).get(String(step));
      return pair === undefined ? undefined : { key: pair.key, value: pair.value };
    },
  };
}
