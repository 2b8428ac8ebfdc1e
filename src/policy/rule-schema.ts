import { z } from 'zod';
import { CALL_STATES } from '../domain/call.js';
import { EVENT_TYPES, HAND_RULE, RULE_MODES, SELECTIONS } from '../domain/rule.js';
import { SCOPES } from '../domain/scope.js';
import { deadPrefixProblem } from './prefix-text.js';

/** A telephone number prefix as people write it: `+49 800`, `0044-20`, `882`. */
export const PREFIX_PATTERN = /^\+?[0-9][0-9 ()./-]*$/;
/** Begins with a letter, so that the name of a list can never be read as a prefix. */
export const LIST_NAME_PATTERN = /^[a-z][a-z0-9-]{0,63}$/;
const KEBAB_CASE = /^[a-z0-9-]{1,64}$/;

const kebabCase = z
  .string()
  .regex(KEBAB_CASE, 'A name is made of lower-case letters, digits and hyphens, 1 to 64 of them.');

const prefix = z
  .string('A prefix is text: put it in quotes, so that leading zeros and "+" survive.')
  .regex(PREFIX_PATTERN, { error: ({ input }) => noPrefix(input), abort: true })
  .refine((written) => deadPrefixProblem(written) === undefined, {
    error: ({ input }) => deadPrefixProblem(String(input)),
  });

/** Callers without a number go by what the switch writes in its place. */
const HIDDEN_NUMBER = /^(?:anonymous|private|restricted|unavailable|unknown|withheld)$/i;

function noPrefix(found: unknown): string {
  const hint =
    typeof found === 'string' && HIDDEN_NUMBER.test(found)
      ? ` Callers without a number are matched by a condition: { fact: call.cli, operator: equal, value: ${found} }.`
      : '';
  return `This is no number prefix: expected digits, with or without "+" and separators.${hint}`;
}

const entityId = z.int().positive();

function oneOrMore<T extends z.ZodType>(item: T) {
  return z.union([item, z.array(item).min(1)]);
}

/** The parameters of a fact, as written. */
export const paramsSchema = z.strictObject({
  /** CLD prefixes, or the name of a list in rules/lists/. */
  to: z
    .union([
      z
        .string()
        .regex(LIST_NAME_PATTERN, 'Prefixes come as a list, ["+882"]; a text alone is the name of one.'),
      z.array(prefix).min(1),
    ])
    .optional(),
  state: oneOrMore(z.enum(CALL_STATES)).optional(),
  direction: oneOrMore(z.string().min(1)).optional(),
  min: z.int().min(1).optional(),
  name: z.string().min(1).optional(),
  default: z.number().min(0).optional(),
});

export const factReferenceSchema = z.strictObject({ fact: z.string(), params: paramsSchema.optional() });

const valueSchema = z.union([
  z.number(),
  z.string(),
  z.array(z.union([z.number(), z.string()])).min(1),
  factReferenceSchema,
]);

/** One comparison. What its value must be depends on the fact and the operator, and is checked with them. */
export const leafSchema = z.strictObject({
  fact: z.string(),
  params: paramsSchema.optional(),
  operator: z.string(),
  value: valueSchema,
});

/** The four nodes that combine conditions, over whatever schema their children have. */
export function nodeSchemas<Child extends z.ZodType>(child: Child) {
  return {
    all: z.strictObject({ all: z.array(child).min(1) }),
    any: z.strictObject({ any: z.array(child).min(1) }),
    not: z.strictObject({ not: child }),
    condition: z.strictObject({ condition: z.string() }),
  };
}

const conditionSchema: z.ZodType = z.lazy(() => z.union([topLevelSchema, leafSchema]));

/** json-rules-engine takes no bare comparison at the top. */
const topLevelSchema: z.ZodType = z.lazy(() => {
  const { all, any, not, condition } = nodeSchemas(conditionSchema);
  return z.union([all, any, not, condition]);
});

export const filterSchema = z.strictObject({
  switches: z.array(z.string().min(1)).min(1).optional(),
  accounts: z.array(entityId).min(1).optional(),
  customers: z.array(entityId).min(1).optional(),
  connections: z.array(entityId).min(1).optional(),
  vendors: z.array(entityId).min(1).optional(),
  cli: z.array(prefix).min(1).optional(),
  cld: z.array(prefix).min(1).optional(),
});

function ruleShape<Conditions extends z.ZodType>(conditions: Conditions) {
  return z.strictObject({
    name: kebabCase.refine(
      (name) => name !== HAND_RULE,
      `"${HAND_RULE}" is the name under which the audit log keeps actions by hand; expected another one.`,
    ),
    description: z.string().optional(),
    scope: z.enum(SCOPES),
    /** Required, so that nothing acts by accident. */
    mode: z.enum(RULE_MODES),
    /** json-rules-engine refuses zero and less. */
    priority: z.int().min(1).optional(),
    conditions,
    event: z.strictObject({
      type: z.enum(EVENT_TYPES, { error: explainEngineEvents }),
      params: z
        .strictObject({
          select: z.enum(SELECTIONS).optional(),
          keep: z.union([z.int().min(0), factReferenceSchema]).optional(),
          where: conditions.optional(),
          message: z.string().min(1).optional(),
        })
        .optional(),
    }),
    only: filterSchema.optional(),
    except: filterSchema.optional(),
  });
}

function explainEngineEvents(issue: { input?: unknown }): string | undefined {
  if (issue.input !== 'error' && issue.input !== 'success') return undefined;
  return `"${issue.input}" is an event of json-rules-engine itself: expected one of ${EVENT_TYPES.join(', ')}.`;
}

/** One rule with its whole condition trees: what a rule file may hold, for the JSON Schema. */
export const ruleSchema = ruleShape(topLevelSchema);

/** The same rule, its conditions left to be walked node by node, which gives better messages than a union can. */
export const ruleFrameSchema = ruleShape(z.unknown().optional());

export type RuleFrame = z.infer<typeof ruleFrameSchema>;
export type WrittenFilter = z.infer<typeof filterSchema>;
export type WrittenParams = z.infer<typeof paramsSchema>;

/** A rule file: one rule, or several under `rules:`, or shared conditions, or both of the latter. */
export const ruleFileSchema = z.union([
  ruleSchema,
  z.strictObject({
    rules: z.array(ruleSchema).min(1).optional(),
    conditions: z.record(kebabCase, topLevelSchema).optional(),
  }),
]);

/** The frame of a file that holds several things. */
export const collectionSchema = z.strictObject({
  rules: z.array(z.unknown()).min(1).optional(),
  conditions: z.record(kebabCase, z.unknown()).optional(),
});
