import type { LeftOutBy } from '../pass-explain-left-out.js';

/** `except.accounts names 77 (until 2026-12-01T00:00Z, because: a campaign)`, `only.cld does not name it`. */
export function leftOutText({ side, key, entry, until, because, perhaps }: LeftOutBy): string {
  const name = `${side}.${key}`;
  const ends = [
    ...(until === undefined ? [] : [`until ${minuteText(until)}`]),
    ...(because === undefined ? [] : [`because: ${because}`]),
  ];
  const details = ends.length === 0 ? '' : ` (${ends.join(', ')})`;
  if (side === 'only')
    return perhaps ? `${name} asks for a field that is not known` : `${name} does not name it`;
  if (perhaps) return `${name} names ${entry}${details}, and whether that is it is not known`;
  return `${name} names ${entry}${details}`;
}

/** The same for a program. */
export function leftOutObject({ until, entry, because, ...rest }: LeftOutBy) {
  return {
    ...rest,
    entry: entry ?? null,
    until: until === undefined ? null : new Date(until).toISOString(),
    because: because ?? null,
  };
}

/** `2026-11-28T16:00Z`; with seconds where there are any. */
export function minuteText(at: number): string {
  return new Date(at).toISOString().replace(/(?::00)?\.000Z$/, 'Z');
}
