import { isSupportedCountry } from 'libphonenumber-js';
import { validateDetailed } from 'node-cron';
import { z } from 'zod';
import { COUNTRY_EXPECTED, countryHint } from '../documents/country-code.js';
import { DURATION_EXPECTED, parseDuration } from '../documents/duration.js';
import { BARE_DIGITS } from '../domain/numbering.js';

/** So long a request or pass is a mistake, and timers overflow at 24 days. */
const LONGEST_WAIT_MS = 3_600_000;

const SHORTEST_CHECKPOINTS_MS = 1_000;
const LONGEST_CHECKPOINTS_MS = 7 * 86_400_000;

/** A message for what is there and wrong; what is missing keeps the standard one. */
function wrong(message: string): { error: (issue: { input?: unknown }) => string | undefined } {
  return { error: (issue) => (issue.input === undefined ? undefined : message) };
}

function duration(key: string) {
  const message = `"${key}": expected ${DURATION_EXPECTED}.`;
  return z.string(wrong(message)).transform((text, context) => {
    const durationMs = parseDuration(text);
    if (durationMs !== undefined && durationMs > 0) return durationMs;
    const tooShort = `"${key}": expected more than 0, e.g. 10s.`;
    context.issues.push({
      code: 'custom',
      input: text,
      message: durationMs === undefined ? message : tooShort,
    });
    return z.NEVER;
  });
}

/** `message` names the key, since a schema's own text replaces the standard one. */
function checkedText(problemOf: (text: string) => string | undefined) {
  return z.string().superRefine((text, context) => {
    const message = problemOf(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

function wait(key: string) {
  return duration(key).refine((waitMs) => waitMs <= LONGEST_WAIT_MS, `"${key}": expected at most 1h.`);
}

/** Secrets: the standard message would show what was found. */
function secretText(key: string) {
  const message = `"${key}": expected text that is not empty; put it in quotes if it looks like a number.`;
  return z.string(wrong(message)).min(1, message);
}

const path = (key: string) => z.string().min(1, `"${key}": expected a path.`);

const ids = (key: string) =>
  z.array(
    z
      .int(wrong(`"${key}": expected the numbers that the switch gives them, e.g. [7, 12].`))
      .nonnegative(`"${key}": expected numbers of at least 0.`),
  );

const protect = z.strictObject({
  numbers: z
    .array(
      z
        .string(wrong('"numbers": expected telephone numbers in quotes, e.g. ["112"].'))
        .regex(/\d/, '"numbers": expected telephone numbers, each with a digit.'),
    )
    .optional(),
  accounts: ids('accounts').optional(),
  customers: ids('customers').optional(),
});

const positive = (key: string) =>
  z.int().min(1, `"${key}": expected a whole number of at least 1, in calls.`);

const switchSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      '"name": expected letters, digits, ".", "_" and "-", beginning with a letter or digit, at most 64.',
    ),
  url: checkedText(urlProblem),
  username: secretText('username').optional(),
  password: secretText('password').optional(),
  passwordFile: path('passwordFile').optional(),
  trusted: z
    .strictObject({ customer: z.int().nonnegative(), wholesaler: z.int().nonnegative().optional() })
    .optional(),
  caFile: path('caFile').optional(),
  timeout: wait('timeout').optional(),
  deadline: wait('deadline').optional(),
  concurrency: z
    .int(wrong('"concurrency": expected a whole number from 1 to 32.'))
    .min(1, '"concurrency": expected a whole number from 1 to 32.')
    .max(32, '"concurrency": expected a whole number from 1 to 32.')
    .optional(),
  schedule: checkedText(scheduleProblem).optional(),
  numbers: z
    .strictObject({
      country: checkedText(countryProblem).optional(),
      bare: z.enum(BARE_DIGITS).optional(),
      techPrefixes: z
        .array(
          z
            .string(wrong('"techPrefixes": expected texts in quotes, e.g. ["0011#"].'))
            .min(1, '"techPrefixes": expected prefixes that are not empty.'),
        )
        .optional(),
    })
    .optional(),
  protect: protect.optional(),
  customerTree: z.record(z.string(), z.int().nonnegative()).optional(),
  crossCheck: z.boolean(wrong('"crossCheck": expected true or false.')).optional(),
});

/** callwarden.yaml as written, with variables substituted; durations become milliseconds. */
export const configSchema = z.strictObject({
  switches: z.array(switchSchema).min(1, '"switches": expected at least one switch.'),
  mode: z.enum(['enforce', 'monitor']).optional(),
  rules: path('rules').optional(),
  database: path('database').optional(),
  protect: protect.optional(),
  caps: z
    .strictObject({
      perPass: positive('perPass').optional(),
      perHour: positive('perHour').optional(),
      sharePerPass: z
        .number()
        .gt(0, '"sharePerPass": expected a share above 0 and up to 1, e.g. 0.25.')
        .max(1, '"sharePerPass": expected a share above 0 and up to 1, e.g. 0.25.')
        .optional(),
    })
    .optional(),
  maxSnapshotAge: wait('maxSnapshotAge').optional(),
  retention: z
    .strictObject({
      ledger: duration('ledger').optional(),
      audit: z
        .literal(
          'forever',
          wrong(
            '"audit": expected forever; removing records after a time is not yet supported by this version.',
          ),
        )
        .optional(),
    })
    .optional(),
  privacy: z.literal('mask', wrong('"privacy": expected mask, or leave it out.')).optional(),
  checkpoints: z
    .strictObject({
      file: path('file').optional(),
      key: path('key').optional(),
      every: duration('every')
        .refine(
          (everyMs) => everyMs >= SHORTEST_CHECKPOINTS_MS && everyMs <= LONGEST_CHECKPOINTS_MS,
          '"every": expected 1s to 7d.',
        )
        .optional(),
    })
    .optional(),
});

export type CheckedConfig = z.infer<typeof configSchema>;
export type CheckedSwitch = CheckedConfig['switches'][number];

/** Never shows the URL: a login may have been written into it. */
function urlProblem(text: string): string | undefined {
  const example = 'e.g. https://192.0.2.10/xmlapi/xmlapi';
  if (!URL.canParse(text)) return `"url": expected the full address of the switch's API, ${example}.`;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return `"url": expected https or http, ${example}.`;
  if (url.username !== '' || url.password !== '') {
    return '"url": a login does not belong into the address; use "username" and "password" or "passwordFile".';
  }
  return url.hash === '' ? undefined : `"url": expected an address without "#", ${example}.`;
}

function scheduleProblem(text: string): string | undefined {
  const example = 'e.g. "*/5 * * * * *" for every five seconds';
  if (text.trim().split(/\s+/).length !== 6) {
    return `"schedule": expected six fields, seconds first, ${example}.`;
  }
  const { valid, errors } = validateDetailed(text);
  if (valid) return undefined;
  const fields = [...new Set(errors.map((error) => error.field))].join(', ');
  return `"schedule": the field for ${fields} cannot be read; expected six fields, seconds first, ${example}.`;
}

function countryProblem(text: string): string | undefined {
  if (isSupportedCountry(text)) return undefined;
  return `"country": ${COUNTRY_EXPECTED}.${countryHint(text)}`;
}
