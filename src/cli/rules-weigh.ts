import { relative } from 'node:path';
import type { Problem } from '../domain/errors.js';
import type { RuleSet } from '../domain/rule.js';
import type { RuleFileText } from '../domain/rule-files.js';
import type { HeldBackFile, LossOfEntries } from '../domain/rules-in-force.js';
import type { RulesOnDisk } from '../rule-files/watch-rules.js';
import { checkRulesOnDisk, type RulesCheck } from './compose.js';
import { emptiedRuleFiles, type UnfinishedFile, unfinishedFiles } from './rules-cut-short.js';
import { holdBack } from './rules-held-back.js';
import { sha256 } from './sha256.js';

/** What the rules on disk come to, beside the lists and limits that were in force before. */
export interface WeighedRules {
  /** Undefined where the files cannot be taken: problems say why. */
  ruleSet: RuleSet | undefined;
  /** Errors and warnings of the files that would be in force. */
  problems: readonly Problem[];
  heldBack: readonly HeldBackFile[];
  /** Of those that would be in force; none that a person accepted. */
  unfinished: readonly UnfinishedFile[];
  /** Those that would be in force: on disk, but for what is held back. */
  files: readonly RuleFileText[];
  filesHash: string;
  diskHash: string;
}

/** Weighs rules, in this thread or in another. */
export type Weigher = (...given: Parameters<typeof weighRules>) => Promise<WeighedRules>;

/** What is compared with what lies on disk. */
export interface RulesBefore {
  /** Lists and limits as they were last in force. */
  lastGood: readonly RuleFileText[];
  accepted: readonly LossOfEntries[];
  /** Rule files in force, where the process that asks has any yet. */
  ruleFiles?: readonly RuleFileText[];
}

/**
 * Holds back what lost too much, and checks the rest together with the text that stays in force in its place. A rule file
 * that was emptied is refused.
 */
export function weighRules(
  disk: Pick<RulesOnDisk, 'files' | 'ignored'>,
  before: RulesBefore,
  check: RulesCheck,
): WeighedRules {
  const { files, heldBack, letThrough } = holdBack(disk.files, before.lastGood, before.accepted);
  const { ruleSet, problems } = checkRulesOnDisk({ files, ignored: disk.ignored }, check);
  const { ruleFiles = [] } = before;
  const emptied = emptiedRuleFiles(files, ruleFiles);
  const unfinished = unfinishedFiles(files, [...ruleFiles, ...before.lastGood]);
  return {
    ruleSet: emptied.length > 0 ? undefined : ruleSet,
    problems: [...emptied, ...problems],
    heldBack,
    unfinished: unfinished.filter(({ file }) => !letThrough.includes(file)),
    files,
    filesHash: hashOfFiles(files, check.directory),
    diskHash: hashOfFiles(disk.files, check.directory),
  };
}

/** Names and texts of all files, in hex; where the directory lies is no part of it. */
export function hashOfFiles(files: readonly RuleFileText[], directory: string): string {
  return sha256(JSON.stringify(files.map(({ file, text }) => [relative(directory, file), sha256(text)])));
}

/** What a person has to know and do about a file that is held back. */
export function heldBackText(file: HeldBackFile, config: string): string {
  return `${heldBackFinding(file)}. If this is meant: \`${acceptCommand(file, config)}\`.`;
}

/** What is the matter with it, without a full stop. */
export function heldBackFinding(held: HeldBackFile): string {
  return `${held.file} is held back: ${whyHeldBack(held)}, so its last good text stays in force`;
}

function whyHeldBack({ entriesBefore, entriesNow, lost, gone, endsMidLine }: HeldBackFile): string {
  if (gone === true) return `the file is gone, with the ${entriesText(entriesBefore)} in force`;
  if (entriesNow === 0) {
    return `it holds none of the ${entriesText(entriesBefore)} in force any more, and no other`;
  }
  const lostText = `it lost ${lost} of the ${entriesText(entriesBefore)} in force and has ${entriesNow} now`;
  if (endsMidLine !== true) return lostText;
  const cutOff = 'it ends in the middle of a line of what is in force, as if it were half-written';
  return lost === 0 ? cutOff : `${cutOff}: ${lostText}`;
}

export function acceptCommand({ file }: HeldBackFile, config: string): string {
  return `callwarden rules accept ${file} -c ${config}`;
}

export function entriesText(count: number): string {
  return `${count} ${count === 1 ? 'entry' : 'entries'}`;
}

/** Enough of a hash to tell two apart by eye. */
export function shortHash(hash: string): string {
  return hash.slice(0, 12);
}
