/**
 * A number as the columns cli_number and cld_number of the audit log hold it: without separators and without a leading
 * `+` or `00`. The formula is the one of migration 0001; a test holds both together.
 */
export function plainNumber(text: string): string {
  const compact = text.replace(/[+ \-.()]/g, '');
  return compact.startsWith('00') ? compact.slice(2) : compact;
}
