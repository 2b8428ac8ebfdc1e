import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  type DocumentPath,
  type LocatedDocument,
  parseDocument,
  TABS_REFUSED,
} from '../documents/located-document.js';
import { decodeUtf8 } from '../documents/utf8-text.js';
import { zodProblems } from '../documents/zod-problems.js';
import type { Config, Protect, SwitchConfig } from '../domain/config.js';
import { CallwardenError, type Problem } from '../domain/errors.js';
import type { NumberPlan } from '../domain/numbering.js';
import { type CheckedConfig, type CheckedSwitch, configSchema } from './config-schema.js';
import { type CrossProblem, crossCheck, DEFAULT_DEADLINE_MS, DEFAULT_TIMEOUT_MS } from './cross-checks.js';
import {
  isReadableByAll,
  isReadableByOthers,
  OPEN_TO_OTHERS,
  type ReferencedFile,
  readCaFile,
  readPasswordFile,
} from './referenced-files.js';
import { type Environment, substituteVariables, takesFromEnvironment } from './substitute-variables.js';

/** Every five seconds. */
const DEFAULT_SCHEDULE = '*/5 * * * * *';
const DEFAULT_CONCURRENCY = 4;
const DEFAULT_CAPS = { perPass: 50, perHour: 500, sharePerPass: 0.25 };
const DEFAULT_MAX_SNAPSHOT_AGE_MS = 5_000;
const DEFAULT_LEDGER_MS = 7 * 86_400_000;
const DEFAULT_CHECKPOINTS_MS = 3_600_000;
/** Keys of the coming version, so that whoever writes them is not told that they do not exist. */
const NOT_YET_SUPPORTED: readonly string[] = ['http', 'notify'];

export interface ReadConfig {
  config: Config;
  /** What is allowed but deserves a second look, in the order of the file. */
  warnings: readonly Problem[];
}

/**
 * Reads and checks a config file and the files it names. Throws CONFIG_INVALID with every problem found at once; no
 * message contains a password, the value of a variable or the address of a switch.
 */
export function readConfig(file: string, env: Environment): ReadConfig {
  const path = resolve(file);
  const document = parsed(readConfigText(path, file), file);
  const { value, problems: variables } = substituteVariables(document.value, env);
  const found = variables.map(({ path: at, message }) =>
    problemAt(document, { path: at, part: 'value', message, severity: 'error' }),
  );
  // What follows from a missing variable is no problem of its own.
  const isNews = (problem: Problem) => !found.some((known) => samePlace(known, problem));

  const checked = configSchema.safeParse(value);
  const files = readReferencedFiles(value, document.value, dirname(path));
  const cross = [...crossCheck(value), ...files.problems, ...ownSecrets(document.value, path, env)];
  const others = [
    ...(checked.success ? [] : zodProblems(checked.error, document, { schema: configSchema, explainKey })),
    ...cross.map((problem) => problemAt(document, problem)),
  ].filter(isNews);
  const problems = inOrder([...found, ...others]);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (!checked.success || errors.length > 0) throw configInvalid(file, problems);
  const config = build(checked.data, path, files);
  const open = [...openKey(config), ...openDatabase(config)].map((problem) => problemAt(document, problem));
  return { config, warnings: inOrder([...problems, ...open]) };
}

function readConfigText(path: string, file: string): string {
  const decoded = decodeUtf8(readConfigBytes(path, file));
  if (decoded.ok) return decoded.text;
  const { message, place } = decoded;
  throw configInvalid(file, [{ file, message, severity: 'error', location: { file, ...place } }]);
}

function readConfigBytes(path: string, file: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    const message = code === 'ENOENT' ? 'There is no such file.' : `The file cannot be read (${code}).`;
    throw new CallwardenError('CONFIG_INVALID', `The config ${file} cannot be read.`, {
      hint: 'Name another one with -c, or write a new one with `callwarden init`.',
      problems: [{ file, message, severity: 'error' }],
      cause,
    });
  }
}

function parsed(text: string, file: string): LocatedDocument {
  const result = parseDocument(text, file);
  if (result.ok) return result.document;
  const lines = text.split('\n');
  throw configInvalid(
    file,
    result.problems.map((problem) => withoutSecrets(problem, lines)),
  );
}

/** A parser quotes what it does not understand, and that may be a password, of which it may no longer know the line. */
function withoutSecrets(problem: Problem, lines: readonly string[]): Problem {
  const line = problem.location?.line ?? 0;
  const near = [lines[line - 2], lines[line - 1]].join('\n');
  if (problem.message === TABS_REFUSED) return problem;
  const message = /passw|secret|token/i.test(near) ? NOT_YAML_NEAR_SECRET : withoutQuotes(problem.message);
  return { ...problem, message };
}

const NOT_YAML_NEAR_SECRET = 'This is not YAML: put the value of this or the line above in single quotes.';

/** `Unexpected scalar token in YAML stream: "…"`, `Invalid escape sequence \…`: up to where the text itself is shown. */
function withoutQuotes(message: string): string {
  const [, told, rest] = /^(This is not YAML: .+?)(?:: |\s*["\\])(.*)$/s.exec(message) ?? [];
  return told === undefined || rest?.startsWith('between') === true ? message : `${told}.`;
}

function configInvalid(file: string, problems: readonly Problem[]): CallwardenError {
  const count = problems.filter(({ severity }) => severity === 'error').length;
  return new CallwardenError(
    'CONFIG_INVALID',
    `The config ${file} has ${count === 1 ? 'a problem' : `${count} problems`}.`,
    { hint: `Correct it, then check with \`callwarden doctor -c ${file}\`.`, problems },
  );
}

function explainKey(key: string, path: DocumentPath): string | undefined {
  return path.length === 0 && NOT_YET_SUPPORTED.includes(key)
    ? `"${key}" is not yet supported by this version: remove it.`
    : undefined;
}

function problemAt(document: LocatedDocument, { path, part, message, severity }: CrossProblem): Problem {
  return { file: document.file, location: document.locate(path, part), message, severity };
}

function samePlace(one: Problem, other: Problem): boolean {
  return one.location?.line === other.location?.line && one.location?.column === other.location?.column;
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const line = (problem: Problem) => problem.location?.line ?? 0;
  const column = (problem: Problem) => problem.location?.column ?? 0;
  return problems.toSorted((one, other) => line(one) - line(other) || column(one) - column(other));
}

/** What the files named in the config hold, by the index of the switch. */
interface ReferencedFiles {
  passwords: ReadonlyMap<number, string>;
  authorities: ReadonlyMap<number, string>;
  problems: readonly CrossProblem[];
}

function readReferencedFiles(config: unknown, written: unknown, directory: string): ReferencedFiles {
  const passwords = new Map<number, string>();
  const authorities = new Map<number, string>();
  const problems: CrossProblem[] = [];
  const take = (
    index: number,
    key: string,
    read: (path: string, shown: string) => ReferencedFile,
    into: Map<number, string>,
  ) => {
    const name = textAt(config, index, key);
    if (name === undefined || name === '') return;
    const file = read(resolve(directory, name), textAt(written, index, key) ?? key);
    const message = file.ok ? file.warning : file.message;
    if (file.ok) into.set(index, file.text);
    if (message === undefined) return;
    problems.push({
      path: ['switches', index, key],
      part: 'value',
      message,
      severity: file.ok ? 'warning' : 'error',
    });
  };
  for (let index = 0; index < switchCount(config); index += 1) {
    take(index, 'passwordFile', readPasswordFile, passwords);
    take(index, 'caFile', readCaFile, authorities);
  }
  return { passwords, authorities, problems };
}

/** A password written into the config itself makes the config a secret. */
function ownSecrets(written: unknown, path: string, env: Environment): readonly CrossProblem[] {
  if (!isReadableByOthers(path)) return [];
  return Array.from({ length: switchCount(written) }, (_, index) => index)
    .filter((index) => {
      const password = textAt(written, index, 'password');
      return password !== undefined && !takesFromEnvironment(password, env);
    })
    .map((index) => ({
      path: ['switches', index, 'password'],
      part: 'key',
      message: `"password": ${OPEN_TO_OTHERS} Or use \${VARIABLE} or "passwordFile".`,
      severity: 'warning',
    }));
}

/** Whoever reads the key can sign in its name. The file is there only once the first checkpoint was written. */
function openKey({ checkpoints: { keyFile } }: Config): readonly CrossProblem[] {
  if (!isReadableByOthers(keyFile)) return [];
  const message = `"key": others on this machine can read ${keyFile}, and could sign checkpoints; chmod 600 it.`;
  return [{ path: ['checkpoints', 'key'], part: 'value', message, severity: 'warning' }];
}

/** It holds who called whom. A group that shall read it is let in on purpose. */
function openDatabase({ database }: Config): readonly CrossProblem[] {
  if (!isReadableByAll(database)) return [];
  const message = `"database": everybody on this machine can read ${database}, and with it who called whom; chmod 600 it and its -wal and -shm files.`;
  return [{ path: ['database'], part: 'value', message, severity: 'warning' }];
}

function switchCount(config: unknown): number {
  const switches = (config as { switches?: unknown } | null)?.switches;
  return Array.isArray(switches) ? switches.length : 0;
}

function textAt(config: unknown, index: number, key: string): string | undefined {
  const entry = (config as { switches: readonly (Record<string, unknown> | null)[] }).switches[index];
  const value = entry?.[key];
  return typeof value === 'string' ? value : undefined;
}

function build(checked: CheckedConfig, path: string, files: ReferencedFiles): Config {
  const directory = dirname(path);
  const database = resolve(directory, checked.database ?? './callwarden.db');
  const protect = protection(checked.protect);
  return {
    file: path,
    switches: checked.switches.map((one, index) => buildSwitch(one, index, protect, files)),
    mode: checked.mode ?? 'monitor',
    rulesDir: resolve(directory, checked.rules ?? './rules'),
    database,
    protect,
    caps: {
      perPass: checked.caps?.perPass ?? DEFAULT_CAPS.perPass,
      perHour: checked.caps?.perHour ?? DEFAULT_CAPS.perHour,
      sharePerPass: checked.caps?.sharePerPass ?? DEFAULT_CAPS.sharePerPass,
    },
    maxSnapshotAgeMs: checked.maxSnapshotAge ?? DEFAULT_MAX_SNAPSHOT_AGE_MS,
    retention: {
      ledgerMs: checked.retention?.ledger ?? DEFAULT_LEDGER_MS,
      audit: checked.retention?.audit ?? 'forever',
    },
    checkpoints: {
      file: resolve(directory, checked.checkpoints?.file ?? `${database}.checkpoints.jsonl`),
      keyFile: resolve(directory, checked.checkpoints?.key ?? `${database}.key`),
      everyMs: checked.checkpoints?.every ?? DEFAULT_CHECKPOINTS_MS,
    },
    ...(checked.privacy !== undefined && { privacy: checked.privacy }),
  };
}

function buildSwitch(
  one: CheckedSwitch,
  index: number,
  globalProtect: Protect,
  files: ReferencedFiles,
): SwitchConfig {
  const own = protection(one.protect);
  return {
    name: one.name,
    url: one.url,
    login: login(one, files.passwords.get(index)),
    ca: files.authorities.get(index),
    timeoutMs: one.timeout ?? DEFAULT_TIMEOUT_MS,
    deadlineMs: one.deadline ?? DEFAULT_DEADLINE_MS,
    concurrency: one.concurrency ?? DEFAULT_CONCURRENCY,
    schedule: one.schedule ?? DEFAULT_SCHEDULE,
    numbers: numberPlan(one.numbers),
    protect: {
      numbers: union(globalProtect.numbers, own.numbers),
      accounts: union(globalProtect.accounts, own.accounts),
      customers: union(globalProtect.customers, own.customers),
    },
    customerTree: new Map(
      Object.entries(one.customerTree ?? {}).map(([child, parent]) => [Number(child), parent]),
    ),
    crossCheck: one.crossCheck ?? true,
  };
}

function login(one: CheckedSwitch, filePassword: string | undefined): SwitchConfig['login'] {
  if (one.trusted !== undefined) {
    const { customer, wholesaler = customer } = one.trusted;
    return { kind: 'trusted', customer, wholesaler };
  }
  return { kind: 'digest', username: one.username ?? '', password: filePassword ?? one.password ?? '' };
}

function protection(written: CheckedConfig['protect']): Protect {
  return {
    numbers: written?.numbers ?? [],
    accounts: written?.accounts ?? [],
    customers: written?.customers ?? [],
  };
}

function union<T>(one: readonly T[], other: readonly T[]): readonly T[] {
  return [...new Set([...one, ...other])];
}

function numberPlan({
  country,
  bare,
  techPrefixes = [],
}: NonNullable<CheckedSwitch['numbers']> = {}): NumberPlan {
  return {
    techPrefixes,
    ...(country === undefined ? {} : { country }),
    ...(bare === undefined ? {} : { bare }),
  };
}
