import { normalize } from 'node:path';
import { parseDuration } from '../documents/duration.js';
import type { DocumentPath } from '../documents/located-document.js';

/** Something wrong at a place of the config that no single value shows. */
export interface CrossProblem {
  path: DocumentPath;
  part: 'key' | 'value';
  message: string;
  severity: 'error' | 'warning';
}

export const DEFAULT_TIMEOUT_MS = 10_000;
export const DEFAULT_DEADLINE_MS = 30_000;

/**
 * Checks what values say together: one login per switch, names used once, timeouts within deadlines, trees without
 * cycles. Takes the config as written, since it also has to work where the schema refused other parts; what has the
 * wrong type is left to the schema.
 */
export function crossCheck(config: unknown): readonly CrossProblem[] {
  const switches = listAt(config, 'switches');
  return [
    ...switches.flatMap((entry, index) => switchProblems(entry, ['switches', index])),
    ...repeatedNames(switches),
    ...(switches.length > 1 ? globalProtection(config) : []),
    ...sharedFiles(config),
  ];
}

function switchProblems(entry: unknown, path: DocumentPath): readonly CrossProblem[] {
  if (!isMapping(entry)) return [];
  return [
    ...loginProblems(entry, path),
    ...deadlineProblems(entry, path),
    ...plainHttp(entry, path),
    ...treeProblems(entry['customerTree'], [...path, 'customerTree']),
  ];
}

function loginProblems(entry: Mapping, path: DocumentPath): readonly CrossProblem[] {
  const has = (key: string) => entry[key] !== undefined;
  const error = (key: string | undefined, message: string): readonly CrossProblem[] => [
    { path: key === undefined ? path : [...path, key], part: 'key', message, severity: 'error' },
  ];
  const login = ['username', 'password', 'passwordFile'].find(has);
  if (has('trusted')) {
    return login === undefined
      ? []
      : error(login, `"${login}" and "trusted" exclude each other: a trusted client sends no login.`);
  }
  if (login === undefined) {
    return error(
      undefined,
      'The login is missing: expected "username" with "password" or "passwordFile", or "trusted".',
    );
  }
  if (!has('username')) return error(login, '"username" is missing beside the password.');
  if (has('password') && has('passwordFile')) {
    return error('passwordFile', '"password" and "passwordFile" exclude each other.');
  }
  if (!has('password') && !has('passwordFile')) {
    return error('username', '"password" or "passwordFile" is missing beside "username".');
  }
  return [];
}

function deadlineProblems(entry: Mapping, path: DocumentPath): readonly CrossProblem[] {
  const timeoutMs = durationOr(entry['timeout'], DEFAULT_TIMEOUT_MS);
  const deadlineMs = durationOr(entry['deadline'], DEFAULT_DEADLINE_MS);
  if (timeoutMs === undefined || deadlineMs === undefined || timeoutMs <= deadlineMs) return [];
  const key = entry['timeout'] === undefined ? 'deadline' : 'timeout';
  const message =
    '"timeout" (one request, default 10s) is longer than "deadline" (one pass, default 30s): expected at most the deadline.';
  return [{ path: [...path, key], part: 'value', message, severity: 'error' }];
}

function durationOr(written: unknown, defaultMs: number): number | undefined {
  if (written === undefined) return defaultMs;
  return typeof written === 'string' ? parseDuration(written) : undefined;
}

/** Digest login hides the password only; numbers and the answers travel in the clear, and can be changed on the way. */
function plainHttp(entry: Mapping, path: DocumentPath): readonly CrossProblem[] {
  const text = entry['url'];
  if (typeof text !== 'string' || !URL.canParse(text)) return [];
  const { protocol, hostname } = new URL(text);
  if (protocol !== 'http:' || isLoopback(hostname)) return [];
  const message = '"url": http does not hide call data, and digest login does not either; use https.';
  return [{ path: [...path, 'url'], part: 'value', message, severity: 'warning' }];
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

function treeProblems(tree: unknown, path: DocumentPath): readonly CrossProblem[] {
  if (!isMapping(tree)) return [];
  const problems: CrossProblem[] = [];
  const reported = new Set<string>();
  for (const child of Object.keys(tree)) {
    if (!/^(0|[1-9]\d{0,14})$/.test(child)) {
      const message = `"${child}": expected the number of a customer, as in { 3: 2 } (child: parent).`;
      problems.push({ path: [...path, child], part: 'key', message, severity: 'error' });
      continue;
    }
    const cycle = cycleFrom(tree, child);
    if (cycle === undefined || cycle.some((customer) => reported.has(customer))) continue;
    for (const customer of cycle) reported.add(customer);
    const message = `The customer tree leads in a circle: ${[...cycle, child].join(' is under ')}.`;
    problems.push({ path: [...path, child], part: 'key', message, severity: 'error' });
  }
  return problems;
}

/** The customers from `child` back to itself; undefined where its ancestors end, or circle without it. */
function cycleFrom(tree: Mapping, child: string): readonly string[] | undefined {
  const visited: string[] = [child];
  for (;;) {
    const parent = tree[visited.at(-1) ?? child];
    if (parent === undefined) return undefined;
    const next = String(parent);
    if (next === child) return visited;
    if (visited.includes(next)) return undefined;
    visited.push(next);
  }
}

function repeatedNames(switches: readonly unknown[]): readonly CrossProblem[] {
  const seen = new Set<unknown>();
  return switches.flatMap((entry, index): readonly CrossProblem[] => {
    const name = isMapping(entry) ? entry['name'] : undefined;
    if (typeof name !== 'string') return [];
    // Names become file names (locks), and some file systems do not tell cases apart.
    const folded = name.toLowerCase();
    if (!seen.has(folded)) {
      seen.add(folded);
      return [];
    }
    const message = '"name": another switch has this name already (upper and lower case count as the same).';
    return [{ path: ['switches', index, 'name'], part: 'value', message, severity: 'error' }];
  });
}

/** The same number is another account on another switch. */
function globalProtection(config: unknown): readonly CrossProblem[] {
  const protect = isMapping(config) ? config['protect'] : undefined;
  return ['accounts', 'customers'].flatMap((key): readonly CrossProblem[] => {
    if (listAt(protect, key).length === 0) return [];
    const message = `"${key}": with several switches the same number means another one on each; put it into "protect" of its switch.`;
    return [{ path: ['protect', key], part: 'key', message, severity: 'warning' }];
  });
}

/** Lines appended to a database, or to a key, would destroy it. */
function sharedFiles(config: unknown): readonly CrossProblem[] {
  if (!isMapping(config) || !isMapping(config['checkpoints'])) return [];
  const { file, key } = config['checkpoints'];
  const database = config['database'] ?? './callwarden.db';
  const named = [
    ['database', database, []],
    ['file', file, ['checkpoints', 'file']],
    ['key', key, ['checkpoints', 'key']],
  ] as const;
  return named.flatMap(([name, value, path], index): readonly CrossProblem[] => {
    if (typeof value !== 'string') return [];
    const same = named
      .slice(0, index)
      .find(([, other]) => typeof other === 'string' && normalize(other) === normalize(value));
    if (same === undefined) return [];
    const message = `"${name}": this is the same file as "${same[0]}"; expected one of its own.`;
    return [{ path, part: 'value', message, severity: 'error' }];
  });
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const found = isMapping(value) ? value[key] : undefined;
  return Array.isArray(found) ? found : [];
}
