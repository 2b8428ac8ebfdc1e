import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { didYouMean } from '../../documents/did-you-mean.js';
import { CallwardenError, type Problem } from '../../domain/errors.js';
import type { RuleSet } from '../../domain/rule.js';
import { findIgnoredCases, readCaseFiles } from '../../rule-files/read-case-files.js';
import { readRulesOnDisk } from '../../rule-files/watch-rules.js';
import { readCases } from '../../rule-tests/read-cases.js';
import {
  countText,
  jsonReport,
  type ReportedWarnings,
  tapReport,
  textReport,
} from '../../rule-tests/report-cases.js';
import { type CaseResult, runCase } from '../../rule-tests/run-case.js';
import type { RuleTestCase } from '../../rule-tests/test-case.js';
import { untestedRules } from '../../rule-tests/untested-rules.js';
import { knownRules, stageCase } from '../case-decider.js';
import { checkRulesOnDisk, rulesInvalid } from '../compose.js';
import { type CliContext, say } from '../context.js';
import { EXIT_FAILED, problemLine, UsageError } from '../errors.js';
import { harmlessJson, harmlessLines } from '../harmless-text.js';
import { oneOf, withExamples } from '../options.js';
import { createProgressBar } from '../progress.js';

const DEFAULT_RULES_DIR = './rules';
const REPORT_FORMATS = ['text', 'json', 'tap'] as const;
type ReportFormat = (typeof REPORT_FORMATS)[number];

interface RulesTestOptions {
  run?: string;
  output: ReportFormat;
  lintFatal?: boolean;
}

/** `callwarden rules test`: plays the cases beside the rules; needs no switch and no config. */
export function addRulesTest(rules: Command, context: CliContext): void {
  const test = rules
    .command('test')
    .summary('play the test cases beside the rules')
    .description(
      'Plays the cases in DIR/tests and tells where the rules act otherwise than a case says. Every rule is judged as ' +
        'though it enforced. Exit code 1 where a case fails, 2 where the rules or a case are invalid.',
    )
    .argument('[dir]', 'the rules directory', DEFAULT_RULES_DIR)
    .option('--run <name>', 'only the cases of this name, or with this in their name or file')
    .addOption(
      new Option('-o, --output <format>', REPORT_FORMATS.join(', '))
        .argParser(oneOf(REPORT_FORMATS))
        .default('text'),
    )
    .option('--lint-fatal', 'exit code 1 where there is any warning, such as a rule without a case')
    .action((directory: string, options: RulesTestOptions) => testRules(directory, options, context));
  withExamples(
    test,
    'callwarden rules test',
    'callwarden rules test /etc/callwarden/rules --run scan',
    'callwarden rules test -o tap --lint-fatal',
  );
}

async function testRules(directory: string, options: RulesTestOptions, context: CliContext): Promise<void> {
  refuseFile(directory);
  if (options.run === '') throw new UsageError('--run: expected a name, or a part of one; here it is empty.');
  const { ruleSet, warnings } = await readRules(directory, context);
  const { cases, problems } = readCases(await readCaseFiles(directory), knownRules(ruleSet));
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw casesInvalid(directory, problems, errors.length);
  const untested = untestedRules(ruleSet.rules, cases);
  const chosen = options.run === undefined ? cases : chooseCases(cases, options.run);
  // Who runs some cases alone asks about these.
  const told =
    options.run === undefined
      ? [...warnings, ...(await findIgnoredCases(directory)), ...problems, ...untested]
      : problems.filter((one) => isAbout(one, chosen, cases));
  for (const problem of told) await say(context, problemLine(problem));
  if (chosen.length === 0) {
    const where = join(directory, 'tests');
    await say(
      context,
      `no cases in ${where}: nothing was tested; docs/testing-rules.md shows how to write one.`,
    );
  }
  const results = await playCases(chosen, ruleSet, context);
  const played = results.flatMap((one) => one.warnings);
  for (const problem of played) await say(context, problemLine(problem));
  const all = [...told, ...played];
  await report(results, { warnings: all, fatal: options.lintFatal === true }, options.output, context);
  const failed = results.some(({ failures }) => failures.length > 0);
  const lintFailed = options.lintFatal === true && all.length > 0;
  if (lintFailed) {
    const warned = all.length === 1 ? '1 warning, which fails' : `${all.length} warnings, which fail`;
    await say(context, `${warned} the run because of --lint-fatal.`);
  }
  if (failed || lintFailed) context.setExitCode(EXIT_FAILED);
}

async function playCases(
  cases: readonly RuleTestCase[],
  ruleSet: RuleSet,
  context: CliContext,
): Promise<readonly CaseResult[]> {
  const bar = createProgressBar('playing', context);
  const polls = cases.reduce((sum, one) => sum + one.polls.length, 0);
  let played = 0;
  try {
    const results: CaseResult[] = [];
    for (const testCase of cases) {
      const beforePoll = () => bar.show(played++ / polls);
      results.push(await runCase(testCase, { ...stageCase(testCase, ruleSet), beforePoll }));
    }
    return results;
  } finally {
    bar.end();
  }
}

/** Whether a problem stands in one of the cases that are run: from where it begins to where the next one does. */
function isAbout(
  { location }: Problem,
  chosen: readonly RuleTestCase[],
  all: readonly RuleTestCase[],
): boolean {
  if (location === undefined) return false;
  const owner = all
    .filter((one) => one.location.file === location.file)
    .filter((one, index) => index === 0 || one.location.line <= location.line)
    .at(-1);
  return owner !== undefined && chosen.includes(owner);
}

/** Rules are judged together with the lists and limits beside them, so a file alone cannot be tested. */
function refuseFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  throw new UsageError(`${path} is a file; expected the rules directory that it lies in (${dirname(path)}).`);
}

async function readRules(
  directory: string,
  context: CliContext,
): Promise<{ ruleSet: RuleSet; warnings: readonly Problem[] }> {
  const { ruleSet, problems } = checkRulesOnDisk(await readRulesOnDisk(directory), {
    directory,
    config: undefined,
    now: context.clock(),
  });
  if (ruleSet === undefined) throw rulesInvalid(directory, problems, undefined);
  return { ruleSet, warnings: problems };
}

function casesInvalid(directory: string, problems: readonly Problem[], errors: number): CallwardenError {
  return new CallwardenError(
    'RULES_INVALID',
    `The cases in ${directory}/tests have ${errors === 1 ? 'a problem' : `${errors} problems`}.`,
    { hint: 'Correct them; docs/testing-rules.md names every key of a case.', problems },
  );
}

/** Those of exactly this name; else those that have it in their name or file. Throws UsageError where there are none. */
function chooseCases(cases: readonly RuleTestCase[], name: string): readonly RuleTestCase[] {
  const exact = cases.filter((one) => one.name === name);
  if (exact.length > 0) return exact;
  const found = cases.filter((one) => `${one.location.file}: ${one.name}`.includes(name));
  if (found.length > 0) return found;
  const names = cases.map((one) => one.name);
  const meant = didYouMean(name, names) || ' Leave --run out to run and name them all.';
  throw new UsageError(`No case has "${name}" in its name or file.${meant}`);
}

async function report(
  results: readonly CaseResult[],
  warnings: ReportedWarnings,
  format: ReportFormat,
  context: CliContext,
): Promise<void> {
  switch (format) {
    case 'text':
      return context.stdout.write(harmlessLines(textReport(results)));
    case 'json':
      await context.stdout.write(`${harmlessJson(jsonReport(results, warnings.warnings))}\n`);
      break;
    case 'tap':
      await context.stdout.write(harmlessLines(tapReport(results, warnings)));
      break;
  }
  await say(context, countText(results));
}
