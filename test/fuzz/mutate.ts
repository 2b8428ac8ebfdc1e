import fc from 'fast-check';

/** One damage to a text, at places given as shares of its length, so that it fits any text. */
type Damage = (text: Buffer, seeds: readonly Buffer[]) => Buffer;

const share = fc.double({ min: 0, max: 1, noNaN: true });
/** Mostly short, now and then most of the text. */
const reach = fc.oneof({ weight: 4, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.nat(2_000) });

function placeIn(text: Buffer, at: number): number {
  return Math.min(text.length, Math.floor(at * (text.length + 1)));
}

/**
 * A seed of the corpus with a few damages: bytes replaced, ranges cut out, repeated or moved, words of the language put in, the
 * tail of another seed put on, the end cut off. `words` are what the language is made of.
 */
export function damaged(seeds: readonly Buffer[], words: readonly string[]): fc.Arbitrary<Buffer> {
  const word = fc.constantFrom(...words.map((text) => Buffer.from(text)));
  const damage: fc.Arbitrary<Damage> = fc.oneof(
    fc.tuple(share, fc.nat(255)).map(
      ([at, byte]): Damage =>
        (text) =>
          replaced(text, at, byte),
    ),
    fc.tuple(share, reach).map(
      ([at, length]): Damage =>
        (text) => {
          const from = placeIn(text, at);
          return Buffer.concat([text.subarray(0, from), text.subarray(from + length)]);
        },
    ),
    fc.tuple(share, word).map(
      ([at, put]): Damage =>
        (text) =>
          inserted(text, at, put),
    ),
    fc.tuple(share, share, reach).map(
      ([from, to, length]): Damage =>
        (text) => {
          const start = placeIn(text, from);
          return inserted(text, to, text.subarray(start, start + length));
        },
    ),
    fc.tuple(share, share, fc.nat(seeds.length - 1)).map(
      ([at, from, index]): Damage =>
        (text, others) => {
          const other = others[index] ?? text;
          return Buffer.concat([text.subarray(0, placeIn(text, at)), other.subarray(placeIn(other, from))]);
        },
    ),
    share.map(
      (at): Damage =>
        (text) =>
          text.subarray(0, placeIn(text, at)),
    ),
  );
  return fc
    .tuple(
      fc.nat(seeds.length - 1),
      // Often one alone: what has many is refused for the first of them.
      fc.oneof(fc.array(damage, { maxLength: 1 }), fc.array(damage, { maxLength: 6 })),
    )
    .map(([index, damages]) =>
      damages.reduce((text, apply) => apply(text, seeds), seeds[index] ?? Buffer.alloc(0)),
    );
}

/** The same for text; what is no UTF-8 any more becomes replacement characters. */
export function damagedText(seeds: readonly string[], words: readonly string[]): fc.Arbitrary<string> {
  return damaged(
    seeds.map((text) => Buffer.from(text)),
    words,
  ).map((bytes) => bytes.toString('utf8'));
}

function replaced(text: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(text);
  if (copy.length > 0) copy[Math.min(copy.length - 1, placeIn(copy, at))] = byte;
  return copy;
}

function inserted(text: Buffer, at: number, put: Buffer): Buffer {
  const place = placeIn(text, at);
  return Buffer.concat([text.subarray(0, place), put, text.subarray(place)]);
}
