import type { RulesReport } from '../domain/rules-in-force.js';
import { problemLine } from './errors.js';
import { heldBackText, shortHash, waitingText } from './rules-weigh.js';

/** What `status -o json` says of the rules; the documentation names the keys. */
export interface RulesStatus {
  directory: string;
  loadedHash: string;
  /** null while the files cannot be read, or keep changing. */
  diskHash: string | null;
  /** ISO 8601 UTC. */
  loadedAt: string;
  rules: number;
  problems: readonly { file: string; line: number | null; column: number | null; message: string }[];
  heldBack: readonly {
    file: string;
    entriesBefore: number;
    entriesNow: number;
    lost: number;
    endsMidLine: boolean;
    hash: string;
  }[];
  waiting: readonly { file: string; behind: readonly string[] }[];
}

export function rulesStatus(report: RulesReport): RulesStatus {
  const { directory, loadedHash, diskHash, loadedAt, rules, problems, heldBack, waiting } = report;
  return {
    directory,
    loadedHash,
    diskHash: diskHash === '' ? null : diskHash,
    loadedAt: new Date(loadedAt).toISOString(),
    rules,
    problems: problems.map(({ file, location, message }) => ({
      file: location?.file ?? file,
      line: location?.line ?? null,
      column: location?.column ?? null,
      message,
    })),
    heldBack: heldBack.map(({ file, entriesBefore, entriesNow, lost, endsMidLine = false, hash }) => ({
      file,
      entriesBefore,
      entriesNow,
      lost,
      endsMidLine,
      hash,
    })),
    waiting: waiting.map(({ file, behind }) => ({ file, behind })),
  };
}

/** What is wrong with the rules, for a person; nothing where the files on disk are in force. */
export function rulesTrouble(report: RulesReport, configFile: string): readonly string[] {
  const { problems, heldBack, waiting, loadedHash, diskHash, loadedAt } = report;
  const held = [
    ...heldBack.map((file) => `warning: ${heldBackText(file, configFile)}`),
    ...waiting.map((file) => `warning: ${waitingText(file)}`),
  ];
  if (problems.length === 0) return held;
  const wrong = problems.some(({ severity }) => severity === 'error');
  const state = wrong ? 'have problems' : 'are not taken yet';
  const onDisk = diskHash === '' ? 'cannot be read' : `(hash ${shortHash(diskHash)}) ${state}`;
  const since = new Date(loadedAt).toISOString();
  return [
    ...problems.map(problemLine),
    `warning: the rules on disk ${onDisk}; in force are those loaded at ${since} (hash ${shortHash(loadedHash)}) until ${wrong ? 'this is mended' : 'then'}.`,
    ...held,
  ];
}

/** `22 (dacdec15a882)`: how many rules are in force, by the files of which hash; and those on disk where they are others. */
export function rulesInForceText({ rules, loadedHash, diskHash }: RulesStatus): string {
  const inForce = `${rules} (${shortHash(loadedHash)})`;
  if (diskHash === null) return `${inForce}, disk unreadable`;
  return diskHash === loadedHash ? inForce : `${inForce}, disk ${shortHash(diskHash)}`;
}
