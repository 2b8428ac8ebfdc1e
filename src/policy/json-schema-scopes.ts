import type { FactCatalogue, FactDefinition } from '../domain/facts.js';
import { SCOPES, type Scope, VISIBLE_SCOPES } from '../domain/scope.js';
import { inKeys, isOneOf, type JsonSchema, when } from './json-schema-facts.js';

/**
 * Lets the schema offer and accept the facts that a rule of each scope sees, and no others: its own in its conditions and in
 * `keep`, those of a call in `where`, and all of them where no scope is known, as in shared conditions. It comes after
 * the descriptions of keys, which these keys have where they may be written.
 */
export function tieToScopes(
  schema: JsonSchema,
  definitions: Record<string, JsonSchema>,
  catalogue: FactCatalogue,
): void {
  const facts = [...catalogue.values()];
  for (const scope of SCOPES) {
    definitions[factsOf(scope)] = factNames(facts.filter((fact) => fact.scope === scope));
    definitions[seenBy(scope)] = anywhere(seenBy(scope), VISIBLE_SCOPES[scope]);
  }
  definitions[seenBy('any')] = anywhere(seenBy('any'), SCOPES);
  const { event, rule } = definitions;
  const severalThings = fileOfSeveralThings(schema);
  if (event === undefined || rule === undefined || severalThings === undefined)
    throw new Error('The schema of an event, a rule or a file of several has another form than expected.');
  severalThings.allOf = [inKeys({ conditions: { patternProperties: { '': reference(seenBy('any')) } } })];
  event.allOf = [...(event.allOf ?? []), inParams({ where: reference(seenBy('call')) })];
  const unscoped = { not: { required: ['scope'] } };
  rule.allOf = [
    ...(rule.allOf ?? []),
    ...SCOPES.map((scope) =>
      when({ properties: { scope: isOneOf([scope]) }, required: ['scope'] }, seenInRule(scope)),
    ),
    when(unscoped, seenInRule('any')),
  ];
}

function factsOf(scope: Scope): string {
  return `${scope}Facts`;
}

function seenBy(scope: Scope | 'any'): string {
  return `seenBy${scope.charAt(0).toUpperCase()}${scope.slice(1)}`;
}

function factNames(facts: readonly FactDefinition[]): JsonSchema {
  return {
    type: 'string',
    enum: facts.map(({ name }) => name),
    enumDescriptions: facts.map(describeFact),
  };
}

function describeFact({ type, unit, description }: FactDefinition): string {
  return `${unit === undefined ? type : `${type} of ${unit}`}. ${description}`;
}

/** Facts of these scopes alone, however deep in conditions and on either side of a comparison. */
function anywhere(own: string, scopes: readonly Scope[]): JsonSchema {
  const fact = { anyOf: scopes.map((scope) => reference(factsOf(scope))) };
  const inner = reference(own);
  const several = { type: 'array', items: inner };
  // What an editor offers as a value it takes from here alone.
  const properties = { fact };
  return { properties, ...inKeys({ value: { properties }, all: several, any: several, not: inner }) };
}

function seenInRule(scope: Scope | 'any'): JsonSchema {
  const seen = reference(seenBy(scope));
  const event = inParams({ keep: seen });
  return inKeys({ conditions: seen, event, escalate: { items: inKeys({ event }) } });
}

function inParams(params: Record<string, JsonSchema>): JsonSchema {
  return inKeys({ params: inKeys(params) });
}

/** The schema of a file that holds several rules, or shared conditions. */
function fileOfSeveralThings({ anyOf }: JsonSchema): JsonSchema | undefined {
  if (!Array.isArray(anyOf)) return undefined;
  return (anyOf as JsonSchema[]).find(({ properties }) => properties?.['rules'] !== undefined);
}

function reference(definition: string): JsonSchema {
  return { $ref: `#/definitions/${definition}` };
}
