import type { CallwardenError, Problem } from '../domain/errors.js';
import type { Clock } from '../domain/ports.js';
import type { RuleSet } from '../domain/rule.js';
import type { RuleFileText } from '../domain/rule-files.js';
import type { RulesInForce, RulesReport } from '../domain/rules-in-force.js';
import { type RulesOnDisk, type RulesWatch, watchRules } from '../rule-files/watch-rules.js';
import { type Complaint, createComplaints } from './complaints.js';
import type { CheckedAgainst } from './compose.js';
import { problemText } from './errors.js';
import { type RulesAtStart, reportAtStart } from './rules-at-start.js';
import { changeBetween, changeText, type RulesVersion } from './rules-change.js';
import { createLongerRests } from './rules-cut-short.js';
import { holdBack, listsAndLimits } from './rules-held-back.js';
import {
  heldBackText,
  shortHash,
  type WeighedRules,
  type Weigher,
  waitingText,
  weighRules,
} from './rules-weigh.js';
import type { ServiceLog } from './service.js';

export interface RulesReloadOptions {
  directory: string;
  /** Of the config, for the hints. */
  configFile: string;
  /** What the rules are checked against. */
  config: CheckedAgainst;
  rulesInForce: RulesInForce;
  started: RulesAtStart;
  /** Puts rules in force, whole, at the next pass; what it throws leaves the old ones in force. */
  use: (ruleSet: RuleSet) => void;
  /** By default in this thread. */
  weigh?: Weigher;
  log: ServiceLog;
  clock: Clock;
}

export interface RulesReload {
  /** Looks at the rules directory once and takes up what changed. One at a time; never rejects. */
  look(): Promise<void>;
}

/** Of a fault in many places so many are logged; `status` shows all. */
const LOGGED_PROBLEMS = 20;
/** A line that names hundreds of files helps nobody. */
const NAMED_FILES = 5;

/** Keeps the rules in force in step with their directory, as far as what lies there can be taken. */
export function createRulesReload(options: RulesReloadOptions): RulesReload {
  const { directory, rulesInForce, started, log, clock } = options;
  const { weigh: weighFiles = async (...given) => weighRules(...given) } = options;
  const watch: RulesWatch = watchRules(directory, started.disk.fingerprint);
  const complaints = createComplaints(log, clock);
  const longerRests = createLongerRests();
  let inForce: RulesVersion = { ruleSet: started.ruleSet, files: started.weighed.files };
  let report: RulesReport = reportAtStart(directory, started);
  let told = report;
  let keepDue = true;
  let startedFrom: readonly RuleFileText[] | undefined = started.lastGood;
  let acceptedSeen = 0;
  let reported = '';
  let awaited: WeighedRules | undefined;
  let warned = new Set(linesOf(started.weighed.problems, 'warning'));

  async function weigh(disk: RulesOnDisk): Promise<WeighedRules> {
    const { open: accepted, total } = await rulesInForce.accepted(directory);
    const lastGood = await lastGoodOf(listsAndLimits(inForce.files));
    acceptedSeen = total;
    const check = { directory, config: options.config, now: clock() };
    const { files, ignored } = disk;
    return weighFiles({ files, ignored }, { lastGood, accepted, inForce: inForce.files }, check);
  }

  /** What `once` took up beside us counts as well; what we could not write down yet is newer. */
  async function lastGoodOf(ours: readonly RuleFileText[]): Promise<readonly RuleFileText[]> {
    if (keepDue) return ours;
    // Not where that is gone, or came of comparing with another directory: it would let through whatever is lost against ours.
    const kept = listsAndLimits(await rulesInForce.load(directory));
    const { files, heldBack } = holdBack(kept, ours, await rulesInForce.everAccepted(directory));
    // Written down anew: what others and `rules accept` compare with has to be the same.
    keepDue = heldBack.length > 0;
    return files;
  }

  function takeUp(weighed: WeighedRules): void {
    const { ruleSet, files, heldBack, waiting, filesHash, diskHash } = weighed;
    const problems = weighed.problems.filter(({ severity }) => severity === 'error');
    report = { ...report, diskHash, heldBack, waiting, problems };
    const unrested = longerRests.awaited(weighed.unfinished);
    awaited = undefined;
    if (ruleSet === undefined) return;
    if (filesHash === report.loadedHash) {
      // Another process may have kept what has been taken back since.
      keepDue ||= heldBack.length === 0;
      return;
    }
    if (unrested.length > 0) {
      awaited = weighed;
      report = { ...report, problems: unrested };
      return;
    }
    try {
      options.use(ruleSet);
    } catch (error) {
      const message = `The rules could not be put in force: ${String(error)}.`;
      report = { ...report, problems: [{ file: directory, message, severity: 'error' }] };
      return;
    }
    const change = changeBetween(inForce, { ruleSet, files }, directory);
    inForce = { ruleSet, files };
    report = { ...report, loadedHash: filesHash, loadedAt: clock(), rules: ruleSet.rules.length };
    keepDue = true;
    const mended = mendedText(told, report);
    told = report;
    log.info(
      { ...change, rulesHash: ruleSet.hash, loadedHash: filesHash },
      `rules reloaded: ${changeText(change)} (${change.files.join(', ')}); ${ruleSet.rules.length} rules in force, ` +
        `hash ${shortHash(filesHash)}${mended === undefined ? '' : `; ${mended}`}`,
    );
    const warnings = linesOf(weighed.problems, 'warning');
    for (const line of warnings.filter((one) => !warned.has(one))) log.warn({}, line);
    warned = new Set(warnings);
  }

  async function follow(): Promise<void> {
    if (report.heldBack.length > 0 && (await isMoreAccepted())) watch.forget();
    const look = await watch.look();
    if (look.found === 'unreadable') {
      report = { ...report, diskHash: '', problems: problemsOf(look.error, directory) };
    } else if (look.found === 'restless') {
      report = { ...report, diskHash: '', problems: look.files.map(restlessProblem) };
    } else if (look.found === 'same' && awaited !== undefined) {
      takeUp(awaited);
    } else if (look.found === 'changed') {
      // Another directory may be in its place, of which nothing was told yet.
      reported = '';
      try {
        takeUp(await weigh(look.rules));
      } catch (error) {
        watch.forget();
        throw error;
      }
    }
  }

  async function isMoreAccepted(): Promise<boolean> {
    return (await rulesInForce.accepted(directory)).total !== acceptedSeen;
  }

  async function stayKnown(): Promise<void> {
    if (!(await rulesInForce.useStill(directory))) keepDue = true;
  }

  async function takeDown(): Promise<void> {
    const text = JSON.stringify(report);
    if (text !== reported) await rulesInForce.report(report);
    reported = text;
    if (!keepDue) return;
    const isKept = await rulesInForce.keep(directory, inForce.files, clock(), startedFrom);
    // Another process was quicker than our start: compared with what that took up.
    if (!isKept) watch.forget();
    startedFrom = undefined;
    keepDue = false;
  }

  return {
    async look() {
      const failures: Complaint[] = [];
      for (const step of [stayKnown, follow, takeDown]) {
        await step().catch((error: unknown) => {
          failures.push({ level: 'error', fields: { err: error }, text: failureText(error) });
        });
      }
      complaints.hold([...complaintsOf(report, options.configFile), ...failures]);
      const mended = mendedText(told, report);
      told = report;
      if (mended === undefined) return;
      const { loadedHash, heldBack } = report;
      log.info({ loadedHash }, heldBack.length > 0 ? mended : `${mended}, hash ${shortHash(loadedHash)}`);
    },
  };
}

/** What is in order again since the last report that was told; undefined where nothing is, or problems are left. */
function mendedText(told: RulesReport, { problems, heldBack }: RulesReport): string | undefined {
  if (problems.length > 0 || told.problems.length + told.heldBack.length === 0) return undefined;
  if (heldBack.length === 0) return 'all rules on disk are in force again';
  if (told.problems.length === 0) return undefined;
  const places = [...new Set(told.problems.map(({ file }) => file))];
  const what = places.length === 1 ? 'the problem' : 'the problems';
  const held = heldBack.map(({ file }) => file).join(', ');
  return `${what} in ${listed(places)} ${places.length === 1 ? 'is' : 'are'} mended; still held back: ${held}`;
}

function listed(files: readonly string[]): string {
  const more = files.length - NAMED_FILES;
  return files.slice(0, NAMED_FILES).join(', ') + (more > 0 ? ` and ${more} more files` : '');
}

function complaintsOf(report: RulesReport, configFile: string): readonly Complaint[] {
  const { problems, heldBack, waiting, loadedHash } = report;
  const errors = problems.slice(0, LOGGED_PROBLEMS).map((problem): Complaint => {
    const { file, location, severity } = problem;
    return {
      level: severity === 'error' ? 'error' : 'warn',
      fields: { file, ...(location !== undefined && { line: location.line, column: location.column }) },
      text: `the rules on disk are not taken${severity === 'error' ? '' : ' yet'}, the last good ones (hash ${shortHash(loadedHash)}) stay in force: ${problemText(problem)}`,
    };
  });
  const rest = problems.length - errors.length;
  if (rest > 0) {
    const text = `and ${rest} more problems of the rules on disk: \`callwarden status\` shows all`;
    errors.push({ level: 'error', fields: {}, text });
  }
  const held = heldBack.map(
    (file): Complaint => ({ level: 'warn', fields: { ...file }, text: heldBackText(file, configFile) }),
  );
  const behind = waiting.map(
    (file): Complaint => ({ level: 'warn', fields: { ...file }, text: waitingText(file) }),
  );
  return [...errors, ...held, ...behind];
}

/** An error about files names them; one about the directory is a problem of its own. */
function problemsOf({ message, hint, problems }: CallwardenError, directory: string): readonly Problem[] {
  if (problems.length > 0) return problems;
  return [{ file: directory, message: `${message} ${hint}`, severity: 'error' }];
}

function restlessProblem(file: string): Problem {
  const message =
    'This keeps changing, so that nothing of the rules directory is taken, other edits neither: that happens once all of it ' +
    'is left alone for two seconds. Stop what writes to it, or let that write elsewhere and move the file here when it is done.';
  return { file, message, severity: 'error' };
}

function linesOf(problems: readonly Problem[], severity: Problem['severity']): readonly string[] {
  return problems.filter((problem) => problem.severity === severity).map(problemText);
}

function failureText(error: unknown): string {
  return `the rules directory could not be followed, the last good rules stay in force: ${error instanceof Error ? error.message : String(error)}`;
}
