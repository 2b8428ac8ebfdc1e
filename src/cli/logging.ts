import { type Logger, pino } from 'pino';
import { type CliContext, shown } from './context.js';
import { harmless } from './harmless-text.js';

/** What must not be logged whoever hands it in, at the top and one or two levels down. */
const SECRET_KEYS = [
  'password',
  'passwordFile',
  'authorization',
  'proxyAuthorization',
  'token',
  'tokens',
  'secret',
];
const REDACTED_PATHS = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

/** Shown in front of the text already, or of no use to a person. */
const NOT_SHOWN: ReadonlySet<string> = new Set([
  'level',
  'time',
  'msg',
  'switch',
  'passId',
  'err',
  'pid',
  'hostname',
]);

/**
 * Logs to stderr: one line of text each for a person at a terminal, one line of JSON each for a program. Secrets are
 * redacted by key, and control characters are written out in both.
 */
export function createLogger(context: CliContext): Logger {
  const { stderr } = context;
  const format = stderr.isTerminal ? textLine : harmless;
  return pino(
    {
      // No pid and host in every line: the journal adds both.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    },
    {
      write(line: string) {
        // A log line must never hold up a pass, and main lets a broken pipe of stderr pass.
        void stderr.write(`${format(shownLine(line.trimEnd(), context))}\n`);
      },
    },
  );
}

/** By fields, so that what is a number of JSON stays one. */
function shownLine(json: string, context: CliContext): string {
  return context.masksNumbers === true ? JSON.stringify(shown(JSON.parse(json), context)) : json;
}

/** `10:15:30 lab: 47 calls, 2 violations …`, with the level where it is not info; further fields only for trouble. */
export function textLine(json: string): string {
  const entry = JSON.parse(json) as Record<string, unknown>;
  const level = String(entry['level']);
  const at = new Date(String(entry['time']));
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  const parts = [
    clock,
    ...(level === 'info' ? [] : [`${level.toUpperCase()}:`]),
    ...(typeof entry['switch'] === 'string' ? [`${entry['switch']}:`] : []),
    String(entry['msg'] ?? ''),
    ...(level === 'info' ? [] : details(entry)),
  ];
  return harmless(parts.join(' '));
}

function details(entry: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(entry)
    .filter(([key, value]) => !NOT_SHOWN.has(key) && typeof value !== 'object')
    .map(([key, value]) => `${key}=${String(value)}`);
}
