/** Seeded random draws: the same seed and stream name give the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [from, to). */
  between(from: number, to: number): number;
  /** Uniform integer in [0, below). */
  integer(below: number): number;
  /** Exponential with this mean: the gap between two arrivals of a Poisson process. */
  exponential(mean: number): number;
  /** Log-normal with this median; sigma is the standard deviation of the logarithm. */
  logNormal(median: number, sigma: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of the items; throws on an empty list. */
  pick<T>(items: readonly T[]): T;
}

/**
 * A generator of its own for each stream name, so that one source of traffic draws the same numbers whatever the
 * others do.
 */
export function createRandom(seed: number, stream: string): Random {
  const next = mulberry32(hash(`${seed}/${stream}`));
  const between = (from: number, to: number) => from + next() * (to - from);
  const integer = (below: number) => Math.floor(next() * below);
  return {
    next,
    between,
    integer,
    exponential: (mean) => -Math.log(1 - next()) * mean,
    logNormal: (median, sigma) => median * Math.exp(sigma * standardNormal(next)),
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[integer(items.length)];
      if (item === undefined) throw new RangeError('pick() needs a list with at least one item.');
      return item;
    },
  };
}

/** Tommy Ettinger's mulberry32 (public domain): 32 bits of state are plenty for a few thousand calls. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** FNV-1a over the UTF-16 units: spreads neighbouring seeds over the whole range. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

/** Box-Muller. */
function standardNormal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
