const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export const DURATION_EXPECTED = 'a duration with its unit, such as 500ms, 10s, 5m, 1h or 7d';

/** The form of a duration, for a JSON Schema; parseDuration reads exactly this, and blanks around it. */
export const DURATION_PATTERN = /^(\d{1,9}(?:\.\d{1,3})?) ?(ms|s|m|min|h|d)$/;

/**
 * The form of a duration of at most so many milliseconds, not below `leastMs`, and of more than nothing unless `zero` is
 * set, for a JSON Schema: wider than that by fractions of its unit alone.
 */
export function durationPattern(
  mostMs: number,
  { zero, leastMs = 0 }: { zero: boolean; leastMs?: number },
): RegExp {
  const upTo = (countOf: (unitMs: number) => number) =>
    Object.entries(UNIT_MS).flatMap(([unit, unitMs]) => {
      const most = countOf(unitMs);
      return most < 0 ? [] : [`${numberPattern(most)}(?:\\.\\d{1,3})? ?${unit}`];
    });
  const below = upTo((unitMs) => Math.floor(leastMs / unitMs) - 1);
  const isEnough = below.length === 0 ? '' : `(?!(?:${below.join('|')})$)`;
  const units = upTo((unitMs) => Math.floor(mostMs / unitMs));
  return new RegExp(`^${zero ? '' : '(?=[^a-z]*[1-9])'}${isEnough}(?:${units.join('|')})$`);
}

/** Whole numbers up to this one: those with fewer digits, then digit by digit those that are less there. */
function numberPattern(most: number): string {
  const digits = String(most);
  const less = [...digits].flatMap((digit, index) => {
    const rest = digits.length - index - 1;
    const lower = digit === '1' ? '0' : `[0-${Number(digit) - 1}]`;
    return digit === '0' ? [] : [`${digits.slice(0, index)}${lower}${'\\d'.repeat(rest)}`];
  });
  const fewer = digits.length === 1 ? [] : [`\\d{1,${digits.length - 1}}`];
  return `0*(?:${[...fewer, ...less, digits].join('|')})`;
}

/** Milliseconds of `500ms`, `10s`, `5m` (or `5min`), `1h` or `7d`; undefined for anything else, a bare number included. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = DURATION_PATTERN.exec(text.trim()) ?? [];
  const unitMs = UNIT_MS[unit ?? ''];
  return amount === undefined || unitMs === undefined ? undefined : Math.round(Number(amount) * unitMs);
}

/** `1h`, `90s`, `1.5s`, `24h`, `7d`: the largest unit that leaves a short number; what parseDuration reads back. */
export function durationText(ms: number): string {
  // A day is 24h wherever people write windows.
  if (ms === UNIT_MS['d']) return '24h';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const unitMs = UNIT_MS[unit] ?? 1;
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return ms >= 1_000 ? `${ms / 1_000}s` : `${ms}ms`;
}
