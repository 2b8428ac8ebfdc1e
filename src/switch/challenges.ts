/** One challenge of a WWW-Authenticate header (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** In lower case. */
  scheme: string;
  /** By name in lower case, quotes and backslash escapes removed. */
  params: ReadonlyMap<string, string>;
}

const SEPARATORS = /[ \t,]*/y;
const SPACES = /[ \t]*/y;
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
/** The bare credentials of schemes like Negotiate; the look-ahead tells them from `name=value`. */
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
/** Wider than a token, because servers send nonces with `=` and `/` unquoted. */
const UNQUOTED = /[^ \t,"]+/y;

/**
 * Every challenge of every WWW-Authenticate header, in the order of the server. Commas separate challenges as well as
 * their parameters, and may stand in quoted values, so this is a scan and not a split. What is malformed is skipped up
 * to the next comma; a repeated parameter keeps its first value.
 */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  return headers.flatMap((header) => parseHeader(header));
}

/** The parameters of an Authentication-Info header (RFC 7615), which has no scheme in front. */
export function parseAuthParams(header: string): ReadonlyMap<string, string> {
  return parseHeader(`info ${header}`)[0]?.params ?? new Map();
}

function parseHeader(header: string): Challenge[] {
  const challenges: { scheme: string; params: Map<string, string> }[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(header);
    if (match !== null) position = pattern.lastIndex;
    return match;
  };

  for (take(SEPARATORS); position < header.length; take(SEPARATORS)) {
    const word = take(TOKEN)?.[0].toLowerCase();
    if (word === undefined) {
      // Skips a stray quoted value whole, so that a comma or a name inside it is not taken for a parameter.
      if (take(QUOTED) === null && take(UNQUOTED) === null) position += 1;
      continue;
    }
    take(SPACES);
    if (header[position] !== '=') {
      challenges.push({ scheme: word, params: new Map() });
      take(TOKEN68);
      continue;
    }
    position += 1;
    take(SPACES);
    const value = take(QUOTED)?.[1]?.replace(/\\(.)/g, '$1') ?? take(UNQUOTED)?.[0];
    const params = challenges.at(-1)?.params;
    if (value !== undefined && params !== undefined && !params.has(word)) params.set(word, value);
  }
  return challenges;
}
