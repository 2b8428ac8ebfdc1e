import { relative } from 'node:path';
import type { Problem } from '../domain/errors.js';
import type { RuleSet } from '../domain/rule.js';
import type { RuleFileText } from '../domain/rule-files.js';
import type { HeldBackFile, LossOfEntries, WaitingFile } from '../domain/rules-in-force.js';
import type { CheckedRules } from '../policy/check-rules.js';
import type { RulesOnDisk } from '../rule-files/watch-rules.js';
import { checkRulesOnDisk, type RulesCheck } from './compose.js';
import { problemLine } from './errors.js';
import { emptiedRuleFiles, type UnfinishedFile, unfinishedFiles } from './rules-cut-short.js';
import { holdBack, listsAndLimits, type Sifted } from './rules-held-back.js';
import { type LoweredModes, loweredModes, withModes } from './rules-lowered.js';
import { type Settled, waitBehind } from './rules-waiting.js';
import { sha256 } from './sha256.js';

/** What the rules on disk come to, beside the lists and limits that were in force before. */
export interface WeighedRules {
  /** Undefined where the files cannot be taken: problems say why. */
  ruleSet: RuleSet | undefined;
  /** Errors and warnings of the files that would be in force. */
  problems: readonly Problem[];
  heldBack: readonly HeldBackFile[];
  /** Changed files that wait for what is held back. */
  waiting: readonly WaitingFile[];
  /** Of those that would be in force; none that a person accepted. */
  unfinished: readonly UnfinishedFile[];
  /** Those that would be in force: on disk, but for what is held back or waits. */
  files: readonly RuleFileText[];
  filesHash: string;
  diskHash: string;
}

/** Weighs rules, in this thread or in another. */
export type Weigher = (...given: Parameters<typeof weighRules>) => Promise<WeighedRules>;

/** What is compared with what lies on disk. */
export interface RulesBefore {
  /** Files as they were last in force. Where lists alone were, or limits, no rule was: all that are on disk are new. */
  lastGood: readonly RuleFileText[];
  accepted: readonly LossOfEntries[];
  /**
   * Files that the process which asks goes by, where it does so yet: what is held back or waits stays as these have it, though
   * another process may have taken up newer ones since, which are the last good ones then.
   */
  inForce?: readonly RuleFileText[];
}

/**
 * Holds back what lost too much or is cut off, lets wait what belongs to it, and checks the rest together with the texts that
 * stay in force in their place. A lower mode on disk counts at any rate. A rule file that was emptied is refused.
 */
export function weighRules(
  disk: Pick<RulesOnDisk, 'files' | 'ignored'>,
  before: RulesBefore,
  check: RulesCheck,
): WeighedRules {
  const lastGood = listsAndLimits(before.lastGood);
  const inForce = before.inForce ?? before.lastGood;
  const sifted = holdBack(disk.files, lastGood, before.accepted, listsAndLimits(inForce));
  const around = { disk: disk.files, inForce, lastGood };
  const weighed = (settled: Settled) => weighSettled(settled, sifted, { disk, before, check });
  const least = weighed(waitBehind(sifted, around, 'least'));
  if (least.ruleSet !== undefined || sifted.heldBack.length === 0) return least;
  const full = weighed(waitBehind(sifted, around, 'full'));
  return full.ruleSet === undefined ? least : full;
}

interface Weighing {
  disk: Pick<RulesOnDisk, 'files' | 'ignored'>;
  before: RulesBefore;
  check: RulesCheck;
}

function weighSettled(
  { files, waiting }: Settled,
  sifted: Sifted,
  { disk, before, check }: Weighing,
): WeighedRules {
  const { heldBack, letThrough } = sifted;
  const checked = (those: readonly RuleFileText[]) =>
    checkRulesOnDisk({ files: those, ignored: disk.ignored }, check);
  const { ruleSet, problems } = checked(files);
  // Modes of rule files count also while these wait, so whatever tells of a writer in the midst of one does.
  const counting = [...disk.files.filter(({ kind }) => kind === 'rules'), ...listsAndLimits(files)];
  const faults = [
    ...emptiedRuleFiles(counting, before.inForce ?? []),
    ...(waiting.length === 0 ? [] : faultsOf(waiting, checked(sifted.files), checked(disk.files))),
  ];
  const rulesInForce = (before.inForce ?? []).filter(({ kind }) => kind === 'rules');
  const unfinished = unfinishedFiles(counting, [...listsAndLimits(before.lastGood), ...rulesInForce]);
  const modes: LoweredModes = ruleSet === undefined ? new Map() : loweredModes(ruleSet, disk.files, waiting);
  return {
    ruleSet: faults.length > 0 || ruleSet === undefined ? undefined : withModes(ruleSet, modes),
    problems: [...faults, ...problems],
    heldBack,
    waiting,
    unfinished: unfinished.filter(({ file }) => !letThrough.includes(file)),
    files,
    filesHash: hashOfFiles(files, check.directory, modes),
    diskHash: hashOfFiles(disk.files, check.directory),
  };
}

/** Errors of files that wait which they have beside the old lists and limits as well as beside the new: mended they must be at any rate. */
function faultsOf(
  waiting: readonly WaitingFile[],
  { problems }: CheckedRules,
  other: CheckedRules,
): readonly Problem[] {
  const files = new Set(waiting.map(({ file }) => file));
  const others = new Set(other.problems.map(problemLine));
  return problems.filter(
    (one) => one.severity === 'error' && files.has(one.file) && others.has(problemLine(one)),
  );
}

/** Names and texts of all files, and modes that are lower than they say, in hex; where the directory lies is no part of it. */
export function hashOfFiles(
  files: readonly RuleFileText[],
  directory: string,
  modes: LoweredModes = new Map(),
): string {
  const texts = files.map(({ file, text }) => [relative(directory, file), sha256(text)]);
  return sha256(JSON.stringify([...texts, ...[...modes].sort()]));
}

/** What a person has to know and do about a file that is held back. */
export function heldBackText(file: HeldBackFile, config: string): string {
  return `${heldBackFinding(file)}. If this is meant: \`${acceptCommand(file, config)}\`.`;
}

/** What a person has to know about a file that waits. */
export function waitingText({ file, behind }: WaitingFile): string {
  const held = behind.length === 1 ? 'is held back' : 'are held back';
  return `${file} is not taken yet, since ${behind.join(' and ')} ${held}: they take effect together.`;
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
