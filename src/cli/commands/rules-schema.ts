import type { Command } from 'commander';
import { FACT_CATALOGUE } from '../../facts/catalogue.js';
import { ruleFileJsonSchema } from '../../policy/json-schema.js';
import type { CliContext } from '../context.js';
import { withExamples } from '../options.js';

/** `callwarden rules schema`: the JSON Schema of rule files, for editors. */
export function addRulesSchema(rules: Command, context: CliContext): void {
  const schema = rules
    .command('schema')
    .summary('print the JSON Schema of rule files')
    .description(
      'Prints the JSON Schema of rule files, by which editors complete and mark them. It ships as rules/rule.schema.json.',
    )
    .action(async () => {
      await context.stdout.write(ruleSchemaText());
    });
  withExamples(schema, 'callwarden rules schema > rules/rule.schema.json');
}

/** As it is shipped, to the last byte. */
export function ruleSchemaText(): string {
  return `${JSON.stringify(ruleFileJsonSchema(FACT_CATALOGUE), null, 2)}\n`;
}
