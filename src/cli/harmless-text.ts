/**
 * Control characters (C0, DEL, C1), format characters (bidirectional overrides, zero width), line and paragraph
 * separators, private use, unassigned and lone surrogates. Callers choose their own CLI, and with it could otherwise move
 * the cursor, retitle the terminal or turn a line around (https://trojansource.codes).
 */
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * A text as it may be shown to a person: on one line, what could steer a terminal written out as `\u001b`. Never use it
 * for a value that a program is to read back.
 */
export function harmless(text: string): string {
  return text.replace(HARMFUL, escapedUnits);
}

/** The same for a text of several lines, which stay lines. */
export function harmlessLines(text: string): string {
  return text.split('\n').map(harmless).join('\n');
}

/** JSON of the unchanged value: what could steer a terminal is written as JSON escapes, which JSON.stringify does for C0 only. */
export function harmlessJson(value: unknown): string {
  return JSON.stringify(value).replace(HARMFUL, escapedUnits);
}

function escapedUnits(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}

const NO_WIDTH = /^[\p{Mn}\p{Me}]$/u;
/** East Asian Wide and Fullwidth in the main (Unicode Standard Annex 11), and the emoji blocks. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** How many terminal columns a harmless text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The text within so many columns; where it is longer, cut and ended with `…`. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

function characterWidth(character: string): number {
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
