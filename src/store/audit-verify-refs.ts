const BITS_PER_CHUNK = 32_768;

/** A set of row ids that takes about a bit for each where they lie close together, as ids of a log do. */
export class RefSet {
  readonly #chunks = new Map<number, Uint32Array<ArrayBuffer>>();
  #lastNumber = Number.NaN;
  #last = new Uint32Array();
  size = 0;

  /** False where it was there already. */
  add(ref: number): boolean {
    const chunk = this.#chunkOf(ref);
    const bit = 1 << (ref & 31);
    const word = wordOf(ref);
    const before = chunk[word] ?? 0;
    if ((before & bit) !== 0) return false;
    chunk[word] = before | bit;
    this.size += 1;
    return true;
  }

  has(ref: number): boolean {
    const chunk = this.#chunks.get(Math.floor(ref / BITS_PER_CHUNK));
    return (((chunk?.[wordOf(ref)] ?? 0) >>> (ref & 31)) & 1) === 1;
  }

  #chunkOf(ref: number): Uint32Array<ArrayBuffer> {
    const number = Math.floor(ref / BITS_PER_CHUNK);
    if (number === this.#lastNumber) return this.#last;
    const chunk = this.#chunks.get(number) ?? new Uint32Array(BITS_PER_CHUNK / 32);
    this.#chunks.set(number, chunk);
    this.#lastNumber = number;
    this.#last = chunk;
    return chunk;
  }
}

function wordOf(ref: number): number {
  return (((ref % BITS_PER_CHUNK) + BITS_PER_CHUNK) % BITS_PER_CHUNK) >> 5;
}
