/** `{n}`, `{nnn*7%100+20}`: the number of a repetition, and what may be reckoned with it. */
const COUNTER = /\{(n+)(?:\*(\d{1,9}))?(?:%(\d{1,9}))?(?:\+(\d{1,15}))?\}/g;

/** A text or number as a case writes it, or several that are gone through in turn. */
export type Repeated<Value> = Value | readonly Value[];

/** What the repetition `n`, counted from 1, has there. */
export function textOf(written: Repeated<string>, n: number): string {
  const texts = typeof written === 'string' ? [written] : written;
  const text = texts[(n - 1) % texts.length] ?? '';
  return text.replace(COUNTER, (_, digits: string, factor = '1', modulus?: string, addend = '0') => {
    const product = BigInt(n) * BigInt(factor);
    const value = (modulus === undefined ? product : product % BigInt(modulus)) + BigInt(addend);
    return value.toString().padStart(digits.length, '0');
  });
}

/** Why a text with a counter cannot be repeated; undefined where it can. */
export function counterProblem(text: string): string | undefined {
  if (/%0+(?!\d)/.test(text.match(COUNTER)?.join('') ?? '')) return 'a modulus must be at least 1';
  const rest = text.replace(COUNTER, '');
  return /[{}]/.test(rest)
    ? 'expected a counter such as {n}, {nnn}, {n*7}, {n%4} or {n*7%100+20} in the braces'
    : undefined;
}
