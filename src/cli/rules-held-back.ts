import { basename, extname } from 'node:path';
import type { RuleFileText } from '../domain/rule-files.js';
import type { HeldBackFile, LossOfEntries } from '../domain/rules-in-force.js';
import { sha256 } from './sha256.js';
import { entriesOf } from './stock-entries.js';

export interface Sifted {
  /** The files on disk, with the last good text in place of those held back. */
  files: readonly RuleFileText[];
  heldBack: readonly HeldBackFile[];
  /** On disk as they are only because a person accepted that, by name. */
  letThrough: readonly string[];
}

/**
 * Holds back the list and limits files that lost more than a fifth of their entries against the last good text, unless a
 * person accepted that very loss, of that file and from that text: half a download, or another list in its place, must not switch off what a list protects
 * or limits. An entry is lost where it is no longer there, however many new ones there are. A file that is gone, or has nothing in it, lost all of them. Holds back
 * as well what is cut off in the middle of a line, however little it lost: `+4988877` that was cut off after `+49` means all of a
 * country, and a limit of 60 becomes one of 6. A file that cannot be
 * read as a list or limits is left for the checker to refuse. Without a last good text there is nothing to compare with.
 * `inForce` are the texts that stay in force, where these are others than those to compare with.
 */
export function holdBack(
  disk: readonly RuleFileText[],
  lastGood: readonly RuleFileText[],
  accepted: readonly LossOfEntries[],
  inForce = lastGood,
): Sifted {
  const found = lastGood.flatMap((before) => {
    const now = disk.filter((file) => stockName(file) === stockName(before));
    // Two files of one list are the checker's to refuse.
    if (now.length > 1) return [];
    const heldBack = loss(before, now[0]);
    return heldBack === undefined ? [] : [{ before, heldBack }];
  });
  const held = found.filter(({ heldBack }) => !isAccepted(heldBack, accepted));
  const letThrough = found.filter((one) => !held.includes(one)).map(({ heldBack }) => heldBack.file);
  if (held.length === 0) return { files: disk, heldBack: [], letThrough };
  const replaced = new Set(held.map(({ before }) => stockName(before)));
  const files = [
    ...disk.filter((file) => !replaced.has(stockName(file))),
    ...held.map(({ before }) => inForce.find((file) => stockName(file) === stockName(before)) ?? before),
  ];
  return {
    files: files.sort(byName),
    heldBack: held.map(({ heldBack }) => heldBack),
    letThrough,
  };
}

/** The files whose loss of entries is watched. */
export function listsAndLimits(files: readonly RuleFileText[]): readonly RuleFileText[] {
  return files.filter(({ kind }) => kind !== 'rules');
}

export function byName(one: { file: string }, other: { file: string }): number {
  return one.file < other.file ? -1 : 1;
}

/** By what rules know it: a list may change from .txt to .csv and is still that list. */
export function stockName({ file, kind }: RuleFileText): string {
  return kind === 'list'
    ? `list ${basename(file, extname(file))}`
    : kind === 'limits'
      ? kind
      : `rules ${file}`;
}

function loss(before: RuleFileText, now: RuleFileText | undefined): HeldBackFile | undefined {
  if (now?.text === before.text) return undefined;
  const entriesBefore = entriesOf(before) ?? new Set();
  const entriesNow = now === undefined ? new Set<string>() : entriesOf(now);
  if (entriesNow === undefined) return undefined;
  const lost = [...entriesBefore].filter((entry) => !entriesNow.has(entry)).length;
  const cutOff = now !== undefined && endsMidLine(before.text, now.text);
  if (lost * 5 <= entriesBefore.size && !cutOff) return undefined;
  return {
    file: now?.file ?? before.file,
    entriesBefore: entriesBefore.size,
    entriesNow: entriesNow.size,
    lost,
    inForce: { file: before.file, hash: sha256(before.text) },
    ...(now === undefined ? { gone: true, hash: hashOfDeletion(before) } : { hash: sha256(now.text) }),
    ...(cutOff && { endsMidLine: true }),
  };
}

/** Whether a text is the beginning of another and breaks off within a line of it; blanks at the end of that line are no part of it. */
function endsMidLine(before: string, now: string): boolean {
  if (now === '' || now.endsWith('\n') || !before.startsWith(now)) return false;
  const [restOfLine = ''] = before.slice(now.length).split('\n', 1);
  return restOfLine.trim() !== '';
}

function isAccepted({ file, hash, inForce }: LossOfEntries, accepted: readonly LossOfEntries[]): boolean {
  return accepted.some(
    (one) =>
      one.file === file &&
      one.hash === hash &&
      one.inForce.file === inForce.file &&
      one.inForce.hash === inForce.hash,
  );
}

/** Of no text, so of none that a file can have. */
function hashOfDeletion({ file, text }: RuleFileText): string {
  return sha256(`deleted ${file} ${sha256(text)}`);
}
