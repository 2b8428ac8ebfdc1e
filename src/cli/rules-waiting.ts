import type { RuleFileText } from '../domain/rule-files.js';
import type { WaitingFile } from '../domain/rules-in-force.js';
import { byName, listsAndLimits, type Sifted, stockName } from './rules-held-back.js';
import {
  conditionsOf,
  type Definition,
  powerOf,
  readsOf,
  type WrittenRules,
  writtenRules,
} from './written-rules.js';

/** What is on disk and what was in force before, as far as both are known. */
export interface RulesAround {
  disk: readonly RuleFileText[];
  /** What stays of a file that waits. */
  inForce: readonly RuleFileText[];
  /** Lists and limits that those on disk were compared with. */
  lastGood: readonly RuleFileText[];
}

/** Sifted files of which those that wait have their last good text too. */
export interface Settled {
  files: readonly RuleFileText[];
  waiting: readonly WaitingFile[];
}

/**
 * Whether a rule of a lower mode is taken whatever else changed in it. Beside an old list its new text may not pass the check:
 * `full` lets it wait too, with all that it read before, and so does what else stays by an old text.
 */
export type Rigour = 'least' | 'full';

/**
 * Keeps edits whole where a part of them is held back: a changed rule file with a rule, old or new, that reads a list or
 * limits file which is held back waits with it. Half of such an edit cuts calls: a rule that asks for limits by a new name
 * finds none in the old file, and its default holds for everybody. Not waited for is what only calms: rules that were removed
 * or have a lesser mode. Any other changed list or limits file, accepted or not in need of it, waits where a rule that waits reads it,
 * and where an enforcing one reads both, changed or not: two lists of one rule may be one edit as well.
 */
export function waitBehind(sifted: Sifted, around: RulesAround, rigour: Rigour): Settled {
  const { disk, inForce, lastGood } = around;
  const heldBack = new Set(sifted.heldBack.map(({ inForce }) => inForce.file));
  const behind = new Map(
    lastGood.filter(({ file }) => heldBack.has(file)).map((one) => [stockName(one), [nowOf(one, disk)]]),
  );
  if (behind.size === 0) return { files: sifted.files, waiting: [] };
  const [before, now] = [inForce, disk].map((files) => files.filter(({ kind }) => kind === 'rules'));
  const edit = editBetween(before ?? [], now ?? [], rigour);
  const changed = changedStocks(disk, inForce);
  for (;;) {
    const found = waitingIn(edit, behind);
    const drawnIn = [...found.reads].filter(([name]) => changed.has(name) && !behind.has(name));
    if (drawnIn.length === 0) {
      const stocks = [...behind].flatMap(([name, files]): WaitingFile[] => {
        const file = changed.get(name);
        return file === undefined || files.includes(file) ? [] : [{ file, behind: files }];
      });
      const waiting = [...found.files].map(([file, files]) => ({ file, behind: [...files].sort() }));
      return settled(sifted, around, [...waiting, ...stocks].sort(byName));
    }
    for (const [name, files] of drawnIn) behind.set(name, [...files].sort());
  }
}

/** Lists and limits that are not as before, by what rules know them by, with the name of the file; new and deleted ones too. */
function changedStocks(
  disk: readonly RuleFileText[],
  inForce: readonly RuleFileText[],
): ReadonlyMap<string, string> {
  const isSame = (one: RuleFileText, other: RuleFileText) =>
    one.file === other.file && one.text === other.text;
  const [now, before] = [listsAndLimits(disk), listsAndLimits(inForce)];
  const fresh = now.filter((one) => !before.some((other) => isSame(one, other)));
  const stale = before.filter((one) => !now.some((other) => isSame(one, other)));
  return new Map([...stale, ...fresh].map((one) => [stockName(one), one.file]));
}

/** The name that a list or limits file has on disk: a list may have changed its format. */
function nowOf(before: RuleFileText, disk: readonly RuleFileText[]): string {
  return disk.find((file) => stockName(file) === stockName(before))?.file ?? before.file;
}

function settled(
  { files }: Sifted,
  { inForce, disk }: RulesAround,
  waiting: readonly WaitingFile[],
): Settled {
  if (waiting.length === 0) return { files, waiting };
  const names = new Set(waiting.map(({ file }) => file));
  const isWaiting = (one: RuleFileText) => names.has(one.file) || names.has(nowOf(one, disk));
  const before = inForce.filter(isWaiting);
  return { files: [...files.filter((one) => !isWaiting(one)), ...before].sort(byName), waiting };
}

type Keys = ReadonlySet<string>;

/** What a change of rule files comes to. */
interface RulesEdit {
  was: WrittenRules;
  is: WrittenRules;
  /** Keys of what each changed file says otherwise than before, or one of the two says alone. */
  changes: ReadonlyMap<string, Keys>;
  rigour: Rigour;
}

function editBetween(
  before: readonly RuleFileText[],
  now: readonly RuleFileText[],
  rigour: Rigour,
): RulesEdit {
  const [was, is] = [writtenRules(before), writtenRules(now)];
  const changes = new Map<string, Set<string>>();
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    const [old, fresh] = [was.get(key), is.get(key)];
    const same = old?.file === fresh?.file && old?.text === fresh?.text && old?.power === fresh?.power;
    if (same) continue;
    for (const file of [old?.file, fresh?.file]) {
      if (file !== undefined) changes.set(file, (changes.get(file) ?? new Set()).add(key));
    }
  }
  return { was, is, changes, rigour };
}

/** Which files wait, and which lists and limits their waiting rules read; each with what they wait for. */
interface FoundWaiting {
  files: Map<string, Set<string>>;
  reads: Map<string, Set<string>>;
}

function waitingIn(edit: RulesEdit, behind: ReadonlyMap<string, readonly string[]>): FoundWaiting {
  const found: FoundWaiting = { files: new Map(), reads: new Map() };
  const rules = [...edit.is]
    .filter(([, { isRule }]) => isRule)
    .map(([key, now]) => editedRule(key, now, edit));
  for (const { reads, files } of rules) {
    const reasons = [...reads].flatMap((name) => behind.get(name) ?? []);
    if (reasons.length > 0) for (const file of files) addAll(found.files, file, reasons);
  }
  drawIn(found.files, edit);
  // What stands beside a rule that waits, in its file, waits as well: by its old text a rule may be in force again with its old mode.
  for (const { reads, standsIn } of [...rules, ...removedRules(edit)]) {
    const reasons = standsIn.flatMap((file) => [...(found.files.get(file) ?? [])]);
    if (reasons.length > 0) for (const name of reads) addAll(found.reads, name, reasons);
  }
  for (const { reads } of rules.filter(({ enforces }) => enforces)) {
    const reasons = [...reads].flatMap((name) => behind.get(name) ?? []);
    if (reasons.length > 0) for (const name of reads) addAll(found.reads, name, reasons);
  }
  return found;
}

interface EditedRule {
  /** What it reads, before the change or after. */
  reads: Keys;
  /** Of what changed of it and would have to wait: none where it only calms. */
  files: readonly string[];
  /** Of all that changed of it, be it but its mode: where these wait, it stays in force by its old text. */
  standsIn: readonly string[];
  /** By its mode on disk. A lesser one never cuts, and once it is raised it is a changed rule that waits. */
  enforces: boolean;
}

function editedRule(key: string, now: Definition, edit: RulesEdit): EditedRule {
  const old = edit.was.get(key);
  const shared = changedShared(now, old, edit);
  return {
    reads: new Set([...readsOf(now, edit.is), ...(old === undefined ? [] : readsOf(old, edit.was))]),
    files: filesOf(isCalm(now, old, edit.rigour) ? shared : [key, ...shared], edit),
    standsIn: filesOf(isSame(now, old) ? shared : [key, ...shared], edit),
    enforces: now.power >= powerOf('enforce'),
  };
}

function removedRules({ was, is }: RulesEdit): readonly Pick<EditedRule, 'reads' | 'standsIn'>[] {
  return [...was]
    .filter(([key, { isRule }]) => isRule && !is.has(key))
    .map(([, old]) => ({ reads: readsOf(old, was), standsIn: [old.file] }));
}

/** The shared conditions of a rule that changed. */
function changedShared(
  now: Definition,
  old: Definition | undefined,
  { was, is }: RulesEdit,
): readonly string[] {
  const shared = [...conditionsOf(now, is), ...(old === undefined ? [] : conditionsOf(old, was))];
  return shared.filter((one) => was.get(one)?.text !== is.get(one)?.text);
}

function isSame(now: Definition, old: Definition | undefined): boolean {
  return now.text === old?.text && now.power === old.power;
}

function isCalm(now: Definition, old: Definition | undefined, rigour: Rigour): boolean {
  return isUnchangedButCalm(now, old) || (rigour === 'least' && isLower(now, old));
}

function isUnchangedButCalm(now: Definition | undefined, old: Definition | undefined): boolean {
  return now !== undefined && old !== undefined && old.text === now.text && now.power <= old.power;
}

function isLower(now: Definition, old: Definition | undefined): boolean {
  return old !== undefined && now.power < old.power;
}

function filesOf(keys: readonly string[], { was, is, changes }: RulesEdit): readonly string[] {
  const files = keys.flatMap((key) => [was.get(key)?.file, is.get(key)?.file]);
  return files.filter((file) => file !== undefined).filter((file) => changes.has(file));
}

/** Adds the files that belong to those that wait: a rule that was moved between two must neither vanish nor stand there twice. */
function drawIn(waiting: Map<string, Set<string>>, edit: RulesEdit): void {
  const queue = [...waiting.keys()];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const other of edit.changes.keys()) {
      if (waiting.has(other) || !belongsTo(other, file, edit)) continue;
      waiting.set(other, new Set(waiting.get(file)));
      queue.push(other);
    }
  }
}

/** Whether a changed file goes with one that waits: both say something of one name, or shared conditions lie between them. */
function belongsTo(file: string, waiting: string, { was, is, changes }: RulesEdit): boolean {
  const [its, those] = [file, waiting].map((one) => changes.get(one) ?? new Set<string>()) as [Keys, Keys];
  // What the waiting file says still, by the conditions of before; and what the other would say, by those of now.
  const staying = usedBy(those, was, (key) => !isUnchangedButCalm(is.get(key), was.get(key)));
  const coming = usedBy(its, is, (key) => !isUnchangedButCalm(is.get(key), was.get(key)));
  return intersects(its, those) || intersects(staying, its) || intersects(coming, those);
}

function usedBy(
  keys: ReadonlySet<string>,
  written: WrittenRules,
  counts: (key: string) => boolean,
): ReadonlySet<string> {
  const used = [...keys].filter(counts).flatMap((key) => {
    const definition = written.get(key);
    return definition === undefined ? [] : [...conditionsOf(definition, written)];
  });
  return new Set(used);
}

function intersects(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return [...one].some((key) => other.has(key));
}

function addAll(map: Map<string, Set<string>>, key: string, values: readonly string[]): void {
  map.set(key, new Set([...(map.get(key) ?? []), ...values]));
}
