import { isSupportedCountry } from 'libphonenumber-js';
import { z } from 'zod';
import { COUNTRY_EXPECTED, countryHint } from '../documents/country-code.js';
import { didYouMean } from '../documents/did-you-mean.js';
import { DURATION_EXPECTED, parseDuration } from '../documents/duration.js';
import { ACTION_TYPES, WITHHOLD_REASONS } from '../domain/action.js';
import { SETUP_STATES } from '../domain/call.js';
import { BARE_DIGITS } from '../domain/numbering.js';
import { SCOPES } from '../domain/scope.js';
import { butFound, wrong, wrongDuration } from './case-messages.js';
import { counterProblem } from './repeated.js';

const MAX_REPEAT = 10_000;
const REPEAT_EXPECTED = `"repeat": expected a whole number from 1 to ${MAX_REPEAT}`;
const COUNT_EXPECTED = '"count": expected a whole number of at least 1';

function parsed<Value>(expected: string, parse: (text: string) => Value | undefined) {
  return z.string(wrong(expected)).transform((text, context): Value => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', input: text, message: butFound(expected, text) });
    return z.NEVER;
  });
}

const span = (key: string) =>
  z
    .string(wrong(durationExpected(key)))
    .refine((text) => !isNegative(text), {
      ...wrong(`"${key}": a duration must not be negative here`),
      abort: true,
    })
    .pipe(parsed(durationExpected(key), parseDuration));

function durationExpected(key: string): string {
  return `"${key}": expected ${DURATION_EXPECTED}`;
}

function isNegative(text: string): boolean {
  return text.startsWith('-') && parseDuration(text.slice(1)) !== undefined;
}

/** Counted from `start`; before it with a minus. */
const instant = (key: string) =>
  parsed(`"${key}": expected ${DURATION_EXPECTED}, counted from "start" (-10s lies before it)`, (text) => {
    const durationMs = parseDuration(text.replace(/^-/, ''));
    return durationMs === undefined || !text.startsWith('-') ? durationMs : -durationMs;
  });

const positiveSpan = (key: string) =>
  span(key).refine((durationMs) => durationMs > 0, wrongDuration(`"${key}": expected more than 0, e.g. 5s`));

const START = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;
const start = parsed(
  '"start": expected an instant with its zone, e.g. 2026-01-05T10:00:00Z or 2026-01-05T12:00:00+02:00',
  (text) => {
    const [, minute, seconds = ':00', zone] = START.exec(text) ?? [];
    const local = minute === undefined ? Number.NaN : Date.parse(`${minute}${seconds}Z`);
    // Date.parse rolls 31 February over into March; a date that does not exist is no date.
    if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(minute ?? '')) return undefined;
    const at = Date.parse(`${minute}${seconds}${zone}`);
    return Number.isNaN(at) ? undefined : at;
  },
);

const failing = parsed(
  `"fail": expected ${DURATION_EXPECTED}, or two of them with ".." between, e.g. 20s..40s`,
  (text) => {
    // No pattern: what stands around the dots may be long, and a pattern would go through it again and again.
    const dots = text.indexOf('..');
    const [from, to] = dots === -1 ? [text, text] : [text.slice(0, dots), text.slice(dots + 2)];
    const fromMs = parseDuration(from);
    const toMs = parseDuration(to);
    return fromMs === undefined || toMs === undefined || toMs < fromMs ? undefined : { fromMs, toMs };
  },
);

const oneOrMore = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.array(schema).min(1)]);

const counted = (key: string) =>
  z
    .string(wrong(`"${key}": expected text in quotes, or a list of texts`, ' {n} counts the repetitions.'))
    .min(1, wrong(`"${key}": expected text that is not empty`))
    .superRefine((text, context) => {
      const problem = counterProblem(text);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: `"${key}": ${problem}.` });
    });

const text = (key: string) => oneOrMore(counted(key)).optional();

const idProblem = (key: string) =>
  `"${key}": expected the number that the switch gives it, e.g. 10, or with a counter: "{n+100}"`;
function wrongId(key: string) {
  const noneHint = ` A switch means none by 0: leave "${key}" out for that.`;
  return {
    error: ({ input }: { input?: unknown }) => butFound(idProblem(key), input, input === 0 ? noneHint : ''),
  };
}

/** A switch writes 0 where a call has no account, customer or connection; its environment may be 0. */
const id = (key: string, least: 0 | 1 = 1) =>
  oneOrMore(
    z.union([
      z.int(wrong(idProblem(key))).min(least, wrongId(key)),
      counted(key).refine((written) => !/\D/.test(written.replace(/\{[^}]*\}/g, '')), wrong(idProblem(key))),
    ]),
  ).optional();

const words = (key: string) => z.string().min(1, wrong(`"${key}": expected text that is not empty`));

const numbers = (key: string, least = 0) => {
  const expected = `"${key}": expected numbers of at least ${least}, e.g. [7, 12]`;
  return z.array(z.int(wrong(expected)).min(least, wrong(expected)));
};

const idText = (key: string) => {
  const message = `"${key}": expected an ID, e.g. a-31 or 10`;
  return z
    .union([z.string(wrong(message)), z.int(wrong(message))])
    .transform(String)
    .refine((text) => text !== '', wrong(message));
};

export const callSchema = z.strictObject({
  id: idText('id').refine(
    (name) => !/[*\s:]/.test(name),
    wrong('"id": expected a word without spaces, "*" and ":"'),
  ),
  repeat: z
    .int(wrong(REPEAT_EXPECTED))
    .min(1, wrong(REPEAT_EXPECTED))
    .max(MAX_REPEAT, wrong(REPEAT_EXPECTED))
    .optional(),
  step: span('step').optional(),
  from: instant('from').optional(),
  to: instant('to').optional(),
  answered: span('answered').optional(),
  state: z.enum(SETUP_STATES).optional(),
  account: id('account'),
  customer: id('customer'),
  connection: id('connection'),
  environment: id('environment', 0),
  cli: text('cli'),
  cld: text('cld'),
  callId: text('callId'),
  direction: words('direction').optional(),
  callerMediaIp: text('callerMediaIp'),
  calleeMediaIp: text('calleeMediaIp'),
  vendors: numbers('vendors', 1).optional(),
});

const target = idText('target');

const WITHHELD_EXPECTED = '"withheld": expected true, or the reason of a safeguard, e.g. protected-number';
const withheld = z
  .union([z.literal(true), z.string()], wrong(WITHHELD_EXPECTED))
  .transform((value, context) => {
    const reason = value === true ? true : WITHHOLD_REASONS.find((one) => one === value);
    if (reason !== undefined) return reason;
    const meant = didYouMean(String(value), WITHHOLD_REASONS);
    context.issues.push({ code: 'custom', input: value, message: butFound(WITHHELD_EXPECTED, value, meant) });
    return z.NEVER;
  });

const SUBJECT = new RegExp(`^(${SCOPES.join('|')}):\\S+$`);
const subject = z
  .string(wrong('"subject": expected a scope and an ID, e.g. account:10'))
  .regex(SUBJECT, wrong(`"subject": expected one of ${SCOPES.join(', ')} with an ID, e.g. account:10`));

export const actionSchema = z.strictObject({
  rule: words('rule').optional(),
  action: z.enum(ACTION_TYPES).optional(),
  target: target.optional(),
  targets: z.array(target).min(1).optional(),
  count: z.int(wrong(COUNT_EXPECTED)).min(1, wrong(COUNT_EXPECTED)).optional(),
  subject: subject.optional(),
  withheld: withheld.optional(),
});

export const verdictSchema = z.strictObject({ rule: words('rule'), subject });

export const expectationSchema = z.strictObject({
  at: oneOrMore(instant('at')),
  actions: z.array(actionSchema).optional(),
  violated: z.array(verdictSchema).optional(),
  clear: z.array(verdictSchema).optional(),
});

const VALUE_EXPECTED = '"value": expected a number of at least 0, without quotes';
const limitSchema = z.strictObject({
  scope: z.enum(SCOPES).exclude(['call']),
  id: idText('id'),
  name: words('name'),
  value: z.number(wrong(VALUE_EXPECTED)).min(0, wrong(VALUE_EXPECTED)),
});

const NUMBERS_EXPECTED = '"numbers": expected telephone numbers in quotes, e.g. ["112"]';
const telephoneNumber = z.string(wrong(NUMBERS_EXPECTED)).regex(/\d/, wrong(NUMBERS_EXPECTED));

const TREE_EXPECTED = '"customerTree": expected numbers of customers, { child: parent }';

/** What a file with several cases may give for all of them. */
const shared = {
  rules: z.array(words('rules')).min(1).optional(),
  start: start.optional(),
  every: positiveSpan('every').optional(),
  until: span('until').optional(),
  fail: z.array(failing).optional(),
  calls: z.array(callSchema).optional(),
  expect: z.array(expectationSchema).optional(),
  strict: z.boolean().optional(),
  history: span('history').optional(),
  switch: words('switch').optional(),
  numbers: z
    .strictObject({
      country: z
        .string()
        .refine(isSupportedCountry, {
          error: ({ input }) => butFound(`"country": ${COUNTRY_EXPECTED}`, input, countryHint(String(input))),
        })
        .optional(),
      bare: z.enum(BARE_DIGITS).optional(),
      techPrefixes: z.array(words('techPrefixes')).optional(),
    })
    .optional(),
  limits: z.array(limitSchema).optional(),
  protect: z
    .strictObject({
      numbers: z.array(telephoneNumber).optional(),
      accounts: numbers('accounts').optional(),
      customers: numbers('customers').optional(),
    })
    .optional(),
  customerTree: z
    .record(z.string(), z.int(wrong(TREE_EXPECTED)).nonnegative(wrong(TREE_EXPECTED)))
    .optional(),
};

export const caseSchema = z.strictObject({
  name: words('name').optional(),
  description: z.string().optional(),
  ...shared,
});

/** A file with several cases; each of them is checked by caseSchema. */
export const collectionSchema = z.strictObject({ ...shared, cases: z.array(z.unknown()).min(1) });

/** Where an editor finds the schema of the file; nothing here depends on it. */
const schemaKey = z.string().optional();

/** A whole file; for its JSON Schema, as messages are better where a file is known to hold one case or several. */
export const caseFileSchema = z.union([
  caseSchema.extend({ $schema: schemaKey }),
  collectionSchema.extend({ $schema: schemaKey, cases: z.array(caseSchema).min(1) }),
]);

export type WrittenCase = z.output<typeof caseSchema>;
export type WrittenCall = z.output<typeof callSchema>;
export type WrittenExpectation = z.output<typeof expectationSchema>;
export type WrittenAction = z.output<typeof actionSchema>;
