/**
 * The seeded generator: uniform and normal numbers, whole numbers, permutations, independent children.
 * xoshiro128** (Blackman and Vigna, 2018; 32-bit words, period 2¹²⁸−1), seeded by SplitMix32.
 * Not for secrets.
 */
import { ValueError } from './errors.ts';

/** The whole state of a Generator: four words, and the second normal of a pair that was drawn together. */
export interface GeneratorState {
  readonly words: readonly [number, number, number, number];
  readonly spare: number | null;
}

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** Spreads a seed over the four words (SplitMix32: a Weyl sequence through the murmur3 finalizer). */
function expand(seed: number): [number, number, number, number] {
  // The high half of a seed beyond 32 bits enters before each word: no two seeds give the same first two.
  const high = Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b9);
  let z = seed | 0;
  const next = (): number => {
    z = ((z ^ high) + 0x9e3779b9) | 0;
    let x = z;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  };
  return [next(), next(), next(), next() || 1]; // all zero is the one state that xoshiro must not have
}

/**
 * A stream of random numbers that a seed determines.
 * ```ts
 * import { Generator } from 'adjoint';
 * new Generator(1).uniform() === new Generator(1).uniform() // => true
 * ```
 */
export class Generator {
  private a = 0;
  private b = 0;
  private c = 0;
  private d = 0;
  private spare: number | null = null;

  /** @param seed a whole number from 0 to 2⁵³−1 */
  constructor(seed = 0) {
    this.seed(seed);
  }

  /** Starts again from a seed. */
  seed(seed: number): this {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new ValueError('Generator.seed', 'the seed must be a whole number from 0 to 2^53 - 1', `${seed}`);
    }
    [this.a, this.b, this.c, this.d] = expand(seed);
    this.spare = null;
    return this;
  }

  /** A copy of the state; plain data, so that JSON can keep it. */
  getState(): GeneratorState {
    return { words: [this.a >>> 0, this.b >>> 0, this.c >>> 0, this.d >>> 0], spare: this.spare };
  }

  /** Goes on from a saved state. */
  setState(state: GeneratorState): this {
    [this.a, this.b, this.c, this.d] = state.words;
    this.spare = state.spare;
    return this;
  }

  /** 32 random bits as a whole number from 0 to 2³²−1. */
  bits(): number {
    const result = Math.imul(rotl(Math.imul(this.b, 5), 7), 9);
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = rotl(this.d, 11);
    return result >>> 0;
  }

  /** A number in [0, 1), a multiple of 2⁻³², or in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.bits() * 2 ** -32);
  }

  /** A whole number in [low, high), each with the same chance (by rejection). */
  integer(low: number, high: number): number {
    const span = high - low;
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || span <= 0 || span > 2 ** 32) {
      throw new ValueError(
        'Generator.integer',
        'low < high must be whole numbers at most 2^32 apart',
        `${low}, ${high}`,
      );
    }
    const limit = 2 ** 32 - (2 ** 32 % span);
    let x = this.bits();
    while (x >= limit) x = this.bits();
    return low + (x % span);
  }

  /** A number from the normal distribution N(mean, std²), by Marsaglia's polar method. */
  normal(mean = 0, std = 1): number {
    let z = this.spare;
    this.spare = null;
    if (z === null) {
      let u: number, v: number, s: number;
      do {
        u = this.uniform(-1, 1);
        v = this.uniform(-1, 1);
        s = u * u + v * v;
      } while (s >= 1 || s === 0);
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      z = u * scale;
      this.spare = v * scale;
    }
    return mean + std * z;
  }

  /** The numbers 0 … n−1 in random order (Fisher–Yates). */
  permutation(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** A child with a stream of its own: what it draws does not depend on what this one draws later. */
  split(): Generator {
    return new Generator(this.bits() * 2 ** 20 + (this.bits() >>> 12));
  }
}

/** The generator that everything uses unless it is given another. */
export const defaultGenerator: Generator = /* @__PURE__ */ new Generator(0);

/** Seeds the default generator: a run repeats bit for bit. PyTorch: `torch.manual_seed`. */
export const manualSeed = (seed: number): Generator => defaultGenerator.seed(seed);
