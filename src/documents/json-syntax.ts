/** Where a text stops being JSON, and what JSON wants there. */
export interface JsonError {
  /** Index into the text. */
  offset: number;
  message: string;
}

const WHITESPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const WORD = /true|false|null/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings (RFC 8259, section 7).
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/**
 * The first place where a text is not JSON (RFC 8259); undefined where it is. Engines report no position for most
 * errors, and what JSON refuses (comments, trailing commas, single quotes) YAML accepts, so neither can tell.
 */
export function findJsonError(text: string): JsonError | undefined {
  const scanner = new JsonScanner(text);
  return scanner.run();
}

class JsonScanner {
  private offset = 0;
  /** The closers that are due, innermost last; a list instead of recursion, so that depth cannot overflow the stack. */
  private readonly open: ('}' | ']')[] = [];

  constructor(private readonly text: string) {}

  run(): JsonError | undefined {
    let error = this.value();
    while (error === undefined && this.open.length > 0) error = this.next();
    if (error !== undefined) return error;
    this.take(WHITESPACE);
    return this.offset < this.text.length ? this.expected('the end of the file') : undefined;
  }

  /** After a complete value inside an array or object: a comma and the next one, or the end. */
  private next(): JsonError | undefined {
    this.take(WHITESPACE);
    const closer = this.open.at(-1);
    const found = this.text[this.offset];
    if (found === closer) {
      this.offset += 1;
      this.open.pop();
      return undefined;
    }
    if (found !== ',') return this.expected(`"," or "${closer}"`);
    this.offset += 1;
    return (closer === '}' ? this.key() : undefined) ?? this.value();
  }

  private key(): JsonError | undefined {
    this.take(WHITESPACE);
    if (!this.take(STRING)) return this.expected('a key in double quotes');
    this.take(WHITESPACE);
    if (this.text[this.offset] !== ':') return this.expected('":"');
    this.offset += 1;
    return undefined;
  }

  /** A scalar or an empty collection; of any other collection, its openers down to the first such value. */
  private value(): JsonError | undefined {
    for (;;) {
      this.take(WHITESPACE);
      const found = this.text[this.offset];
      if (found !== '{' && found !== '[') {
        return this.take(STRING) || this.take(NUMBER) || this.take(WORD)
          ? undefined
          : this.expected('a value');
      }
      const closer = found === '{' ? '}' : ']';
      this.offset += 1;
      this.take(WHITESPACE);
      if (this.text[this.offset] === closer) {
        this.offset += 1;
        return undefined;
      }
      this.open.push(closer);
      const error = closer === '}' ? this.key() : undefined;
      if (error !== undefined) return error;
    }
  }

  private take(token: RegExp): boolean {
    token.lastIndex = this.offset;
    if (!token.test(this.text)) return false;
    this.offset = token.lastIndex;
    return true;
  }

  private expected(what: string): JsonError {
    const found = this.text.slice(this.offset, this.offset + 1);
    return {
      offset: this.offset,
      message: `This is not JSON: expected ${what}, but found ${found === '' ? 'the end of the file' : JSON.stringify(found)}.`,
    };
  }
}
