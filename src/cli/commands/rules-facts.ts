import type { Command } from 'commander';
import { didYouMean } from '../../documents/did-you-mean.js';
import type { FactDefinition } from '../../domain/facts.js';
import { FACT_CATALOGUE } from '../../facts/catalogue.js';
import type { CliContext } from '../context.js';
import { UsageError } from '../errors.js';
import { chosenFormat, outputOption, withExamples } from '../options.js';
import { type OutputFormat, type RowView, writeRows } from '../output.js';
import { wrappedLine } from '../wrapped-line.js';

/** `callwarden rules facts`: the catalogue, a line each, or the whole definition of those that are named. */
export function addRulesFacts(rules: Command, context: CliContext): void {
  const facts = rules
    .command('facts')
    .summary('list the facts that rules can use')
    .description(
      'Lists the facts that rules can use, with their types, units and parameters. A table tells of each how its definition ' +
        'begins; the whole of it stands there for those that are named, and in every other format.',
    )
    .argument(
      '[name]',
      'only this fact, or those with this in their name: account.minutes, minutes, account.',
    )
    .addOption(outputOption())
    .action(async (name: string | undefined, options: { output?: OutputFormat }) => {
      const rows = named(name).map(toFactRow);
      const format = chosenFormat(options.output, context);
      if (format !== 'table' || name === undefined) return writeRows(rows, FACT_VIEW, format, context.stdout);
      await context.stdout.write(`${rows.map(definition(context.stdout.columns)).join('\n\n')}\n`);
    });
  withExamples(
    facts,
    'callwarden rules facts',
    'callwarden rules facts account.firstSeenCountry',
    'callwarden rules facts -o json',
  );
}

/** The one that is meant, or else all with the text in their name. */
function named(name: string | undefined): readonly FactDefinition[] {
  const all = [...FACT_CATALOGUE.values()];
  if (name === undefined) return all;
  const meant = FACT_CATALOGUE.get(name);
  const found = meant === undefined ? all.filter((one) => one.name.includes(name)) : [meant];
  if (found.length > 0) return found;
  const hint = didYouMean(name, FACT_CATALOGUE.keys()) || ' `callwarden rules facts` lists them all.';
  throw new UsageError(`There is no fact "${name}".${hint}`);
}

interface FactRow {
  name: string;
  scope: string;
  type: string;
  unit: string | null;
  params: readonly string[];
  description: string;
}

function toFactRow({ name, scope, type, unit, params, description }: FactDefinition): FactRow {
  return { name, scope, type, unit: unit ?? null, params, description };
}

const FACT_VIEW: RowView<FactRow> = {
  columns: [
    { header: 'NAME', cell: (row) => row.name, keep: true },
    { header: 'TYPE', cell: (row) => row.type, optional: 'always' },
    { header: 'UNIT', cell: (row) => row.unit },
    { header: 'DESCRIPTION', cell: (row) => firstSentence(row.description), wraps: true },
  ],
  fields: ['name', 'scope', 'type', 'unit', 'params', 'description'],
};

function firstSentence(text: string): string {
  return /^.*?\.(?=\s|$)/.exec(text)?.[0] ?? text;
}

/** `account.minutes: number, minutes; params within, to, state` and the definition below it. */
function definition(columns: number | undefined): (row: FactRow) => string {
  return ({ name, type, unit, params, description }) => {
    const kind = unit === null ? type : `${type}, ${unit}`;
    const taken = params.length === 0 ? '' : `; params ${params.join(', ')}`;
    return [`${name}: ${kind}${taken}`, `  ${description}`]
      .flatMap((line, index) => (index === 0 ? [line] : wrappedLine(line, columns)))
      .map((line) => line.replace(/^ {4}/, '  '))
      .join('\n');
  };
}
