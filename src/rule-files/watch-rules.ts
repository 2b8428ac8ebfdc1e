import { realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CallwardenError, type Problem } from '../domain/errors.js';
import type { RuleFileText } from '../domain/rule-files.js';
import { changedFiles, fingerprintRules } from './fingerprint.js';
import { findIgnoredFiles, readRuleFiles } from './read-rule-files.js';

/** What could not be read is tried again only so often while it looks the same: the other files may be large. */
const LOOKS_BEFORE_RETRY = 10;

/** Whoever saves or copies rules is done sooner. */
const LOOKS_UNTIL_RESTLESS = 15;

/** Whatever did not move within so many looks is at rest, and not what keeps the directory from being taken. */
const LOOKS_OF_A_WRITER = 5;

/** Whoever saves, copies or swaps rules is done within two seconds of reading them again and again. */
const READS_UNTIL_RESTLESS = 20;
const PAUSE_BETWEEN_READS_MS = 100;

/** A rules directory as it was read at one time, and did not change meanwhile. */
export interface RulesOnDisk {
  files: readonly RuleFileText[];
  /** A warning for each file that might be meant as one of them, but is not read. */
  ignored: readonly Problem[];
  /** As fingerprintRules gives it. */
  fingerprint: string;
}

/** Reads a directory by its name, from where it lies where that is known. */
type Reading = (dir: string, place?: string) => Promise<Omit<RulesOnDisk, 'fingerprint'>>;

/** What one look at a rules directory found. */
export type Look =
  /** As it was taken last. */
  | { found: 'same' }
  /** Other than it was taken last, but not yet the same at two looks in a row, or still changing while it was read. */
  | { found: 'changing' }
  /** Changing at every look for so long that it will hardly come to rest by itself. `files` are those that moved within the last few looks. */
  | { found: 'restless'; files: readonly string[] }
  | { found: 'changed'; rules: RulesOnDisk }
  /** Gone, or a file of it cannot be read; each look says so again until it can. */
  | { found: 'unreadable'; error: CallwardenError };

export interface RulesWatch {
  /** Looks once; cheap where nothing changed. One look at a time. */
  look(): Promise<Look>;
  /** Makes a coming look read everything anew, whether anything changed or not. */
  forget(): void;
}

/**
 * Reads a rules directory once, as it was at one time: where a file changes meanwhile, everything is read anew, since half of an
 * edit may cut calls. Throws RULES_INVALID as readRuleFiles does, and where it keeps changing. The fingerprint is from before the
 * reading, so that a watch which starts from it finds whatever changes meanwhile. `read` is for tests that write while it reads.
 */
export async function readRulesOnDisk(dir: string, read: Reading = readAll): Promise<RulesOnDisk> {
  const fingerprint = await fingerprintRules(dir);
  const moved = new Set<string>();
  for (let time = 0; time < READS_UNTIL_RESTLESS; time += 1) {
    if (time > 0) await wait(PAUSE_BETWEEN_READS_MS);
    // Each time, since a release that was swapped out may be deleted.
    const place = await placeOf(dir);
    const before = await fingerprintRules(place);
    const rules = await read(dir, place).catch(asUnreadable);
    const after = await fingerprintRules(place);
    if (after === before) {
      if (rules instanceof CallwardenError) throw rules;
      return { ...rules, fingerprint };
    }
    for (const file of changedFiles(place, before, after)) moved.add(join(dir, relative(place, file)));
  }
  throw restless(dir, [...moved]);
}

function restless(dir: string, files: readonly string[]): CallwardenError {
  const message = 'This changed while it was read.';
  return new CallwardenError('RULES_INVALID', `The rules directory ${dir} keeps changing while it is read.`, {
    hint: 'Stop what writes to it, or let that write elsewhere and move the file here when it is done.',
    problems: files.map((file) => ({ file, message, severity: 'error' })),
  });
}

/**
 * Watches a rules directory by looking at it. A change counts when two looks in a row find the same, and the directory is
 * still the same after it was read: half-written files, editors' renames and swapped links thus settle first.
 * `startFrom` is the fingerprint of what was read already; `read` is for tests that write while it reads.
 */
export function watchRules(dir: string, startFrom: string, read: Reading = readAll): RulesWatch {
  let taken: string | undefined = startFrom;
  let last: string | undefined;
  let refused: { fingerprint: string; error: CallwardenError; looks: number } | undefined;
  let unrest = atRest();

  function moving(before: string, seen: string): Look {
    unrest.looks += 1;
    for (const file of changedFiles(dir, before, seen)) unrest.movedAt.set(file, unrest.looks);
    if (unrest.looks < LOOKS_UNTIL_RESTLESS) return { found: 'changing' };
    // Once this was told, what comes to rest is news, be it as it was before.
    taken = undefined;
    const moving = [...unrest.movedAt].filter(([, look]) => look > unrest.looks - LOOKS_OF_A_WRITER);
    return { found: 'restless', files: moving.map(([file]) => file).sort() };
  }

  return {
    forget() {
      taken = undefined;
    },
    async look() {
      const before = last;
      const seen = await fingerprintRules(dir);
      last = seen;
      if (seen === taken) {
        unrest = atRest();
        return { found: 'same' };
      }
      if (seen !== before) return moving(before ?? startFrom, seen);
      if (seen === refused?.fingerprint) {
        refused.looks += 1;
        if (refused.looks < LOOKS_BEFORE_RETRY) return { found: 'unreadable', error: refused.error };
      }
      const rules = await read(dir).catch(asUnreadable);
      last = await fingerprintRules(dir);
      if (last !== seen) return moving(seen, last);
      unrest = atRest();
      if (rules instanceof CallwardenError) {
        // Whatever comes back is read anew, be it as it was before.
        taken = undefined;
        refused = { fingerprint: seen, error: rules, looks: 0 };
        return { found: 'unreadable', error: rules };
      }
      refused = undefined;
      taken = seen;
      return { found: 'changed', rules: { ...rules, fingerprint: seen } };
    },
  };
}

/** How many looks since the directory was last at rest found it moving, and which of them found which file moving last. */
function atRest(): { looks: number; movedAt: Map<string, number> } {
  return { looks: 0, movedAt: new Map() };
}

/** Reads all files from where the directory lies, so that a link to it that is swapped meanwhile mixes no two releases. */
export async function readAll(dir: string, place?: string): Promise<Omit<RulesOnDisk, 'fingerprint'>> {
  const from = place ?? (await placeOf(dir));
  return { files: await readRuleFiles(dir, from), ignored: await findIgnoredFiles(dir, from) };
}

/** A directory without symbolic links; as it is named where it is not there. */
async function placeOf(dir: string): Promise<string> {
  return realpath(dir).catch(() => dir);
}

function asUnreadable(error: unknown): CallwardenError {
  if (error instanceof CallwardenError) return error;
  throw error;
}
