import { z } from 'zod';
import { CALL_STATES } from '../domain/call.js';
import { WATCHED_MS } from '../domain/facts.js';
import { EVENT_TYPES, HAND_RULE, RULE_MODES, SELECTIONS, WEEKDAYS } from '../domain/rule.js';
import { SCOPES } from '../domain/scope.js';
import {
  DAY_MS,
  duration,
  entityId,
  kebabCase,
  LIST_NAME_PATTERN,
  oneOrMore,
  prefix,
  timeOfDay,
  timezone,
  until,
} from './schema-values.js';

/** Longer waits are mistakes: a call that is judged lives for hours. */
const LONGEST_HOLD_MS = DAY_MS;
const LONGEST_COOLDOWN_MS = 30 * DAY_MS;
/** The ledger answers for no longer window. */
const LONGEST_WINDOW_MS = DAY_MS;
/** Countries are remembered for so long: what is known of an account is known no better after more time. */
const LONGEST_HISTORY_MS = 90 * DAY_MS;

/** The parameters of a fact, as written. */
export const paramsSchema = z.strictObject({
  to: z
    .union([
      z
        .string()
        .regex(LIST_NAME_PATTERN, 'Prefixes come as a list, ["+882"]; a text alone is the name of one.'),
      z.array(prefix).min(1),
    ])
    .optional()
    .describe('Only calls to these CLD prefixes, or to those of the list of this name in rules/lists/.'),
  state: oneOrMore(z.enum(CALL_STATES)).optional().describe('Only calls in (or ever seen in) these states.'),
  direction: oneOrMore(z.string().min(1))
    .optional()
    .describe('Only calls of these directions: vendor, onnet_in, onnet_out.'),
  min: z.int().min(1).optional().describe('Fewest samples; below it the fact is missing.'),
  name: z.string().min(1).optional().describe('For limit: its name in rules/limits.csv.'),
  default: z.number().min(0).optional().describe('For limit: the value where limits.csv names none.'),
  within: duration('within', LONGEST_WINDOW_MS)
    .optional()
    .describe('How far the fact looks back, e.g. 10m; at most 24h.'),
  under: duration('under', LONGEST_WINDOW_MS)
    .optional()
    .describe('For shortCalls: calls below this are short, e.g. 10s.'),
  tolerance: duration('tolerance', LONGEST_WINDOW_MS, { zero: true })
    .optional()
    .describe('For equalDurations: by how much durations may differ and still be equal, e.g. 2s.'),
  history: duration('history', LONGEST_HISTORY_MS, { leastMs: WATCHED_MS })
    .optional()
    .describe('For firstSeenCountry: how long the account must have been known; 7d (the default) to 90d.'),
  timezone: timezone
    .optional()
    .describe('For minutesToday: whose midnight counts, e.g. Europe/Kyiv; default UTC.'),
  recursive: z
    .boolean()
    .optional()
    .describe('For customer facts: calls of all stated subcustomers count too.'),
});

export const factReferenceSchema = z.strictObject({ fact: z.string(), params: paramsSchema.optional() });

const valueSchema = z.union([
  z.number(),
  z.string(),
  z.boolean(),
  z.array(z.union([z.number(), z.string()])).min(1),
  factReferenceSchema,
]);

/** One comparison. What its value must be depends on the fact and the operator, and is checked with them. */
export const leafSchema = z.strictObject({
  fact: z.string().describe('scope.name; "callwarden rules facts" lists them all.'),
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

const switchName = z.string().min(1);

export const filterSchema = z.strictObject({
  switches: z.array(switchName).min(1).optional(),
  accounts: z.array(entityId).min(1).optional(),
  customers: z.array(entityId).min(1).optional(),
  connections: z.array(entityId).min(1).optional(),
  vendors: z.array(entityId).min(1).optional(),
  cli: z.array(prefix).min(1).optional(),
  cld: z.array(prefix).min(1).optional(),
});

/** What an exception may say beside whom it names. */
const termShape = {
  until: until
    .optional()
    .describe('Through this day (UTC), or until this instant: 2026-12-31 or 2026-12-31T18:00:00Z.'),
  because: z.string().min(1).optional().describe('Why it was made, for a person.'),
};
const exceptedId = z.union([entityId, z.strictObject({ id: entityId, ...termShape })]);
const exceptedPrefix = z.union([prefix, z.strictObject({ prefix, ...termShape })]);
const exceptedSwitch = z.union([switchName, z.strictObject({ name: switchName, ...termShape })]);

/** The keys of `only`, whose entries may also be mappings with an end and a reason. */
export const exceptSchema = z.strictObject({
  switches: z.array(exceptedSwitch).min(1).optional(),
  accounts: z.array(exceptedId).min(1).optional(),
  customers: z.array(exceptedId).min(1).optional(),
  connections: z.array(exceptedId).min(1).optional(),
  vendors: z.array(exceptedId).min(1).optional(),
  cli: z.array(exceptedPrefix).min(1).optional(),
  cld: z.array(exceptedPrefix).min(1).optional(),
});

export const scheduleEntrySchema = z
  .strictObject({
    days: oneOrMore(z.enum(WEEKDAYS)).optional().describe('The days on which a span starts; default all.'),
    from: timeOfDay('from')
      .optional()
      .describe('Wall-clock time, e.g. "18:00"; without `from` and `to` it is the whole day.'),
    to: timeOfDay('to').optional().describe('Goes with `from`; not after it means on the day after.'),
    timezone: timezone.describe('IANA name, e.g. Europe/Kyiv.'),
  })
  .superRefine(({ from, to }, { addIssue }) => {
    if ((from === undefined) === (to === undefined)) return;
    const [given, absent] = from === undefined ? ['to', 'from'] : ['from', 'to'];
    addIssue({
      code: 'custom',
      path: [given],
      message: `"${given}" stands here without "${absent}": expected both, or none of them for the whole day.`,
    });
  });

function eventShape<Conditions extends z.ZodType>(conditions: Conditions) {
  return z.strictObject({
    type: z.enum(EVENT_TYPES, { error: explainEngineEvents }),
    params: z
      .strictObject({
        select: z.enum(SELECTIONS).optional().describe('Which of the pool go first; default newest.'),
        keep: z
          .union([z.int().min(0), factReferenceSchema])
          .optional()
          .describe('How many of the pool stay; default 0.'),
        where: conditions.optional().describe('Only calls that meet these conditions.'),
        message: z.string().min(1).optional().describe('For alert: a text for a person.'),
      })
      .optional(),
  });
}

function ruleShape<Conditions extends z.ZodType>(conditions: Conditions) {
  return z.strictObject({
    name: kebabCase.refine(
      (name) => name !== HAND_RULE,
      `"${HAND_RULE}" is the name under which the audit log keeps actions by hand; expected another one.`,
    ),
    description: z.string().optional(),
    scope: z.enum(SCOPES).describe('What the rule judges.'),
    /** Required, so that nothing acts by accident. */
    mode: z.enum(RULE_MODES).describe('enforce acts, monitor only records, off is not judged.'),
    /** json-rules-engine refuses zero and less. */
    priority: z.int().min(1).optional().describe('Higher is planned first; default 1.'),
    conditions,
    for: duration('for', LONGEST_HOLD_MS)
      .optional()
      .describe('How long it must be violated without a break before it acts, e.g. 10s.'),
    event: eventShape(conditions),
    cooldown: duration('cooldown', LONGEST_COOLDOWN_MS)
      .optional()
      .describe('After it acted on a subject: no further action or record on it for so long, e.g. 5m.'),
    schedule: oneOrMore(scheduleEntrySchema).optional().describe('When it is judged at all; default always.'),
    only: filterSchema.optional(),
    except: exceptSchema.optional(),
    escalate: z
      .array(
        z.strictObject({
          after: z
            .int()
            .min(1)
            .describe('Actions on the subject within the time before this event takes over.'),
          within: duration('within', DAY_MS),
          event: eventShape(conditions),
        }),
      )
      .min(1)
      .optional()
      .describe('Other events for whoever was acted on again and again, ordered by `after`.'),
    needs: z
      .enum(['complete'])
      .optional()
      .describe(
        'complete: a fact on a window with missing polls is missing, instead of judged on what was seen.',
      ),
  });
}

function explainEngineEvents(issue: { input?: unknown }): string | undefined {
  if (issue.input !== 'error' && issue.input !== 'success') return undefined;
  return `"${issue.input}" is an event of json-rules-engine itself: expected one of ${EVENT_TYPES.join(', ')}.`;
}

/** Which schema the file follows, as editors write it at the top of a file; the checker takes it off before it looks. */
const schemaKey = z
  .string()
  .optional()
  .describe('For the editor, at the top of a file: where this schema is.');

/** One rule with its whole condition trees: what a rule file may hold, for the JSON Schema. */
export const ruleSchema = ruleShape(topLevelSchema).extend({ $schema: schemaKey });

/** The same rule, its conditions left to be walked node by node, which gives better messages than a union can. */
export const ruleFrameSchema = ruleShape(z.unknown().optional());

export type RuleFrame = z.infer<typeof ruleFrameSchema>;
export type WrittenEvent = RuleFrame['event'];
export type WrittenFilter = z.infer<typeof filterSchema>;
export type WrittenExcept = z.infer<typeof exceptSchema>;
export type WrittenSchedule = z.infer<typeof scheduleEntrySchema>;
export type WrittenParams = z.infer<typeof paramsSchema>;

/** A rule file: one rule, or several under `rules:`, or shared conditions, or both of the latter. */
export const ruleFileSchema = z.union([
  ruleSchema,
  z.strictObject({
    $schema: schemaKey,
    rules: z.array(ruleSchema).min(1).optional(),
    conditions: z.record(kebabCase, topLevelSchema).optional(),
  }),
]);

/** The frame of a file that holds several things. */
export const collectionSchema = z.strictObject({
  rules: z.array(z.unknown()).min(1).optional(),
  conditions: z.record(kebabCase, z.unknown()).optional(),
});
