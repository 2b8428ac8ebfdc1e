/**
 * A digit of any script as 0 to 9. Unicode keeps the ten digits of a script together, in order; a block of them may follow
 * another.
 */
export function digitOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((code - first) % 10);
}
