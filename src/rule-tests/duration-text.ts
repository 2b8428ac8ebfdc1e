const UNITS: readonly [ms: number, unit: string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

/** A duration as a case would write it: `0s`, `90s`, `4h`, `-8d`, `500ms`. */
export function durationText(durationMs: number): string {
  if (durationMs === 0) return '0s';
  const [ms, unit] = UNITS.find(([unitMs]) => durationMs % unitMs === 0) ?? [1, 'ms'];
  return `${durationMs / ms}${unit}`;
}
