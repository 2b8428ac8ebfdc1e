import { basename, extname } from 'node:path';
import type { RuleFileText } from '../domain/rule-files.js';
import type { HeldBackFile } from '../domain/rules-in-force.js';
import { readLimits } from '../policy/read-limits.js';
import { readLists } from '../policy/read-lists.js';
import { sha256 } from './sha256.js';

export interface Sifted {
  /** The files on disk, with the last good text in place of those held back. */
  files: readonly RuleFileText[];
  heldBack: readonly HeldBackFile[];
}

/**
 * Holds back the list and limits files that lost more than a fifth of their entries against the last good text, unless a
 * person accepted that very loss: half a download must not switch off what a list protects or limits. Compared are
 * different entries, as the rules read them. A file that is gone, or has nothing in it, lost all of them; one that cannot be
 * read as a list or limits is left for the checker to refuse. Without a last good text there is nothing to compare with.
 */
export function holdBack(
  disk: readonly RuleFileText[],
  lastGood: readonly RuleFileText[],
  accepted: ReadonlySet<string>,
): Sifted {
  const found = lastGood.flatMap((before) => {
    const now = disk.filter((file) => stockName(file) === stockName(before));
    // Two files of one list are the checker's to refuse.
    if (now.length > 1) return [];
    const heldBack = loss(before, now[0]);
    return heldBack === undefined || accepted.has(heldBack.hash) ? [] : [{ before, heldBack }];
  });
  if (found.length === 0) return { files: disk, heldBack: [] };
  const replaced = new Set(found.map(({ before }) => stockName(before)));
  const files = [
    ...disk.filter((file) => !replaced.has(stockName(file))),
    ...found.map(({ before }) => before),
  ];
  return {
    files: files.sort((one, other) => (one.file < other.file ? -1 : 1)),
    heldBack: found.map(({ heldBack }) => heldBack),
  };
}

/** The files whose loss of entries is watched. */
export function listsAndLimits(files: readonly RuleFileText[]): readonly RuleFileText[] {
  return files.filter(({ kind }) => kind !== 'rules');
}

/** By what rules know it: a list may change from .txt to .csv and is still that list. */
function stockName({ file, kind }: RuleFileText): string {
  return kind === 'list'
    ? `list ${basename(file, extname(file))}`
    : kind === 'limits'
      ? kind
      : `rules ${file}`;
}

function loss(before: RuleFileText, now: RuleFileText | undefined): HeldBackFile | undefined {
  if (now?.text === before.text) return undefined;
  const entriesBefore = entriesOf(before) ?? 0;
  const entriesNow = now === undefined ? 0 : entriesOf(now);
  if (entriesNow === undefined) return undefined;
  if ((entriesBefore - entriesNow) * 5 <= entriesBefore) return undefined;
  const hash = now === undefined ? hashOfDeletion(before) : sha256(now.text);
  return { file: now?.file ?? before.file, entriesBefore, entriesNow, hash };
}

/** Bound to what is lost, so that whoever accepted it once has not accepted it for another text or another file. */
function hashOfDeletion({ file, text }: RuleFileText): string {
  return sha256(`deleted ${file} ${sha256(text)}`);
}

/** How many different entries; undefined where the file is not readable as what it is. */
function entriesOf(file: RuleFileText): number | undefined {
  if (saysNothing(file.text)) return 0;
  if (file.kind === 'limits') {
    const { limits, problems } = readLimits(file);
    return problems.length > 0 ? undefined : limits.length;
  }
  const { lists, problems } = readLists([file]);
  const [entries] = lists.values();
  if (entries === undefined || problems.length > 0) return undefined;
  return new Set(entries.map(({ value }) => value)).size;
}

/** Empty lines and comments alone; the checker refuses such a list, but what it lost is known. */
function saysNothing(text: string): boolean {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .every((line) => /^\s*(#|$)/.test(line));
}
