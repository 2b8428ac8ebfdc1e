import type { Command } from 'commander';
import { didYouMean } from '../../documents/did-you-mean.js';
import type { Config, SwitchConfig } from '../../domain/config.js';
import type { Rule, RuleSet } from '../../domain/rule.js';
import { type Subject, subjectText } from '../../domain/scope.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { type Explanation, explainRule } from '../../pass-explain.js';
import { appliesTo } from '../../policy/compile-rules.js';
import { capUseOf } from '../cap-use.js';
import { loadConfig, selectSwitches } from '../compose.js';
import { type CliContext, say, shown } from '../context.js';
import { EXIT_FAILED, UsageError } from '../errors.js';
import { explainRecord } from '../explain-record.js';
import { subjectFor, subjectWord } from '../explained-subject.js';
import { explanationInput } from '../explanation-input.js';
import { leftOutObject } from '../explanation-left-out.js';
import { type ExplainedAt, explanationLines, fatesOf } from '../explanation-text.js';
import { whyOf } from '../explanation-why.js';
import { harmless, harmlessJson } from '../harmless-text.js';
import { configOption, oneOf, switchOption, timeWord, wholeNumber, withExamples } from '../options.js';
import { rulesNowAndBefore } from '../rules-in-force-now.js';
import { configAsServed } from '../running-service.js';
import { wrappedLine } from '../wrapped-line.js';

export interface ExplainOptions {
  config: string;
  switch?: string;
  rule?: string;
  subject?: Subject;
  at?: number;
  action?: number;
  output?: 'text' | 'json';
}

/** `callwarden rules explain`: why a rule does, or does not, cut something. */
export function addRulesExplain(rules: Command, context: CliContext): void {
  const explain = rules
    .command('explain')
    .summary('why a rule does, or does not, cut something')
    .description(
      'Judges one subject by one rule as a pass would, sends nothing, and prints the conditions with what was observed, ' +
        'and why something would not be cut: mode, for, cooldown, except, schedule, caps, protection, another rule. ' +
        'Asks the switch; with --at it reads the ledger instead, with --action the audit log.',
    )
    .addOption(configOption())
    .addOption(switchOption())
    .option('--rule <name>', 'the rule')
    .option('--subject <scope:id>', 'e.g. account:10 or call:960', subjectWord)
    .option('--at <time>', 'as it was then, from the ledger, e.g. 10min', timeWord(context))
    .option(
      '--action <id>',
      'a record of the audit log instead of a rule and a subject',
      wholeNumber('the id of an audit record, as `callwarden audit list` prints it', 1),
    )
    .option('-o, --output <format>', 'text or json; text by default', oneOf(['text', 'json'] as const))
    .action((options: ExplainOptions) => explainIt(options, context));
  withExamples(
    explain,
    'callwarden rules explain -c callwarden.yaml --rule account-concurrent-calls --subject account:10',
    'callwarden rules explain --rule maximum-duration --subject call:960 --at 10min',
    'callwarden rules explain --action 118',
  );
}

async function explainIt(options: ExplainOptions, context: CliContext): Promise<void> {
  const { rule: ruleName, subject } = options;
  if (options.action !== undefined) {
    const others = [ruleName, subject, options.at].filter((one) => one !== undefined);
    if (others.length > 0)
      throw new UsageError(
        '--action stands alone: a record names its rule and subject. Leave the other options out.',
      );
    const config = await loadConfig(options.config, context);
    await explainRecord(options.action, config, options.output ?? 'text', context);
    return;
  }
  if (ruleName === undefined || subject === undefined) {
    throw new UsageError(
      'Expected --rule and --subject, or --action, e.g. --rule maximum-duration --subject call:960.',
    );
  }
  if (options.at !== undefined && options.at > context.clock()) {
    throw new UsageError(
      '--at lies in the future: nothing has been listed then yet. Leave it out for what the switch lists now.',
    );
  }
  const config = await loadConfig(options.config, context);
  const chosen = selectSwitches(config, options.switch);
  const { ruleSet, otherwise } = await rulesNowAndBefore(config, context);
  const rule = findRule(ruleSet, ruleName);
  refuseOtherScope(subject, rule, config.file);
  const switches = switchesFor(chosen, rule, subject);
  const explained = [];
  for (const switchConfig of switches) {
    const parts = { config, ruleSet, otherwise, rule, subject, at: options.at, context };
    const one = await explainOn(switchConfig, parts);
    if (one !== undefined) explained.push(shown(one, context));
  }
  if (explained.length === 0) context.setExitCode(EXIT_FAILED);
  else if (options.output === 'json') {
    await context.stdout.write(
      `${harmlessJson(explained.map((one) => toJson(one.explanation, one.where)))}\n`,
    );
  } else {
    for (const { explanation, where } of explained) {
      const lines = explanationLines(explanation, where);
      const { columns } = context.stdout;
      const wrapped = lines.map(harmless).flatMap((line) => wrappedLine(line, columns));
      await context.stdout.write(`${wrapped.join('\n')}\n`);
    }
  }
}

/** IDs are a switch's own, so that one of several has to be named, unless the rule is judged on one alone. */
function switchesFor(all: readonly SwitchConfig[], rule: Rule, subject: Subject): readonly SwitchConfig[] {
  if (subject.scope === 'switch') return switchOf(subject.id, all);
  const judged = all.filter(({ name }) => appliesTo(rule, name));
  const switches = judged.length === 0 ? all : judged;
  if (switches.length === 1) return switches;
  const names = switches.map(({ name }) => name).join(', ');
  throw new UsageError(`${subjectText(subject)} may be on any of ${names}: name one with --switch.`);
}

function switchOf(id: string, all: readonly SwitchConfig[]): readonly SwitchConfig[] {
  const found = all.filter(({ name }) => name === id);
  if (found.length > 0) return found;
  const names = all.map(({ name }) => name);
  const meant = didYouMean(id, names) || ` Expected one of ${names.join(', ')}.`;
  throw new UsageError(`switch:${id} is none of the switches that are asked.${meant}`);
}

/** What a call belongs to is found; who else is named has to be one whom the rule judges. */
function refuseOtherScope(subject: Subject, { name, scope }: Rule, configFile: string): void {
  if (subject.scope === scope || subject.scope === 'call') return;
  const expected =
    scope === 'call'
      ? `expected --subject call:ID; \`callwarden calls -c ${configFile}\` lists them`
      : `expected --subject ${scope}:ID, or call:ID for what a call belongs to`;
  throw new UsageError(
    `Rule ${name} judges subjects of scope ${scope}, not ${subjectText(subject)}: ${expected}.`,
  );
}

function findRule({ rules }: RuleSet, name: string): Rule {
  const found = rules.find((rule) => rule.name === name);
  if (found !== undefined) return found;
  const names = rules.map((rule) => rule.name);
  const meant = didYouMean(name, names) || ` There are ${names.join(', ')}.`;
  throw new UsageError(`There is no rule "${name}".${meant}`);
}

interface ExplainParts {
  config: Config;
  ruleSet: RuleSet;
  /** That the passes before went by other rules; undefined where they did not. */
  otherwise: string | undefined;
  rule: Rule;
  subject: Subject;
  at: number | undefined;
  context: CliContext;
}

async function explainOn(
  switchConfig: SwitchConfig,
  parts: ExplainParts,
): Promise<{ explanation: Explanation; where: ExplainedAt } | undefined> {
  const { rule, subject, at, context } = parts;
  const { config, notes } = await configAsServed(parts.config, switchConfig.name, at);
  const judged: RuleSet = {
    ...parts.ruleSet,
    // A rule that is off is judged all the same, to tell what it would say.
    rules: parts.ruleSet.rules.map((one) =>
      one.name === rule.name && one.mode === 'off' ? { ...one, mode: 'monitor' } : one,
    ),
  };
  const gathered = await explanationInput({ ...parts, config, switchConfig, ruleSet: judged });
  if (gathered === undefined) return undefined;
  const { input, source } = gathered;
  const compiled = input.rules.find((one) => one.rule.name === rule.name);
  if (compiled === undefined) {
    await say(
      context,
      `Rule ${rule.name} does not apply to ${switchConfig.name}: see its only.switches and except.switches.`,
    );
    return undefined;
  }
  const { snapshot } = input;
  const found = subjectFor(subject, rule, snapshot, input.numbering);
  if ('problem' in found) {
    await say(context, found.problem);
    return undefined;
  }
  const meant = found.subject;
  const askedCall = subject.scope === 'call' ? subject.id : undefined;
  const explained = await explainRule(input, compiled, meant, askedCall);
  // As the file has it; it was judged as though it monitored.
  const explanation = { ...explained, rule };
  const where: ExplainedAt = {
    switchName: switchConfig.name,
    at: snapshot.observedAt,
    source,
    isPast: at !== undefined,
    notes: [...notes, ...notesOn(explanation, snapshot, parts)],
    askedCall,
    capUse: capUseOf(input, explained),
  };
  return { explanation, where };
}

/** What has to be known beside the verdict. */
function notesOn(
  { rule, subject: meant, sharedWith }: Explanation,
  { doubt }: Snapshot,
  { subject, at, otherwise }: ExplainParts,
): readonly string[] {
  return [
    ...(rule.mode === 'off' ? ['the rule is off: it is never judged. This is what it would say.'] : []),
    ...(meant.scope === subject.scope
      ? []
      : [`${subjectText(subject)} belongs to ${subjectText(meant)}, which the rule judges.`]),
    ...(doubt === undefined ? [] : [`nothing is cut on this listing: ${doubt.detail}.`]),
    ...sharedWith.map(
      (one) =>
        `${one.action} ${one.target} is planned once for all subjects that ask for it: for ${subjectText(one.subject)}.`,
    ),
    ...(at === undefined
      ? []
      : [
          'from the ledger: fields are as they were listed last, and rules, mode, caps and protection are those of today; --action explains a record by the rules of then.',
        ]),
    ...(otherwise === undefined ? [] : [otherwise]),
  ];
}

function toJson(explanation: Explanation, where: ExplainedAt) {
  const { rule, subject, result, ifJudged, opensAt, leftOutBy, verdict, pool } = explanation;
  return {
    switch: where.switchName,
    at: new Date(where.at).toISOString(),
    rule: rule.name,
    ruleHash: rule.hash,
    mode: rule.mode,
    subject: subjectText(subject),
    result,
    ifJudged: ifJudged ?? null,
    opensAt: opensAt === undefined ? null : new Date(opensAt).toISOString(),
    leftOutBy: leftOutBy.map(leftOutObject),
    evidence: verdict?.evidence ?? null,
    pool: pool === undefined ? null : { size: pool.size, keep: pool.keep },
    why: whyOf(explanation, where.capUse),
    calls: fatesOf(explanation),
    notes: where.notes,
  };
}
