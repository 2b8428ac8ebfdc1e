import type { Command } from 'commander';
import { FACT_CATALOGUE } from '../../facts/catalogue.js';
import { ruleFileJsonSchema } from '../../policy/json-schema.js';
import { caseFileJsonSchema } from '../../rule-tests/case-json-schema.js';
import type { CliContext } from '../context.js';
import { withExamples } from '../options.js';

/** `callwarden rules schema`: the JSON Schema of rule files, or of their test cases, for editors. */
export function addRulesSchema(rules: Command, context: CliContext): void {
  const schema = rules
    .command('schema')
    .summary('print the JSON Schema of rule files, or of their test cases')
    .description(
      'Prints the JSON Schema of rule files, by which editors complete and mark them. It ships as rules/rule.schema.json, ' +
        'and that of test cases as rules/tests/cases.schema.json.',
    )
    .option('--cases', 'of the test cases in rules/tests instead')
    .action(async ({ cases }: { cases?: true }) => {
      await context.stdout.write(cases === true ? caseSchemaText() : ruleSchemaText());
    });
  withExamples(
    schema,
    'callwarden rules schema > rules/rule.schema.json',
    'callwarden rules schema --cases > rules/tests/cases.schema.json',
  );
}

/** As it is shipped, to the last byte. */
export function ruleSchemaText(): string {
  return textOf(ruleFileJsonSchema(FACT_CATALOGUE));
}

/** The same of test cases. */
export function caseSchemaText(): string {
  return textOf(caseFileJsonSchema());
}

function textOf(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}
