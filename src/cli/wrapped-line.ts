import { displayWidth } from './harmless-text.js';

/** Below this a continuation is a ribbon that nobody reads. */
const NARROWEST = 40;

/**
 * A line broken at its spaces to fit so many columns, each continuation below the text of a list item, or two columns further in than the line; as it
 * is where nobody knows how many there are, or they are too few. A word that is wider stays whole: it may be pasted.
 */
export function wrappedLine(line: string, columns: number | undefined): readonly string[] {
  if (columns === undefined || columns < NARROWEST || displayWidth(line) <= columns) return [line];
  const [bullet = ''] = /^ *(?:- )?/.exec(line) ?? [];
  const indent = ' '.repeat(bullet.endsWith('- ') ? bullet.length : bullet.length + 2);
  const lines: string[] = [];
  let current = bullet;
  let isEmpty = true;
  for (const word of line.slice(bullet.length).split(' ')) {
    const next = isEmpty ? `${current}${word}` : `${current} ${word}`;
    if (!isEmpty && displayWidth(next) > columns) {
      lines.push(current.trimEnd());
      current = `${indent}${word}`;
    } else current = next;
    isEmpty = false;
  }
  return [...lines, current];
}
