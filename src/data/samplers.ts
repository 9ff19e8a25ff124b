/** Samplers: which items an epoch has, and in which order. */
import { ValueError } from '../array/errors.ts';
import type { Generator } from '../array/random.ts';
import { firstAbove, sumsOf } from '../array/weights.ts';

export interface Sampler {
  /** how many items an epoch has */
  readonly length: number;
  /** their numbers, for one epoch */
  draw(random: Generator): number[];
}

function checkCount(where: string, name: string, count: number, least = 1): void {
  if (!Number.isSafeInteger(count) || count < least) {
    throw new ValueError(where, `${name} must be a whole number from ${least}`, `${count}`);
  }
}

/** 0 … n−1 in order. PyTorch: `SequentialSampler`. */
export const sequentialSampler = (n: number): Sampler => ({
  length: n,
  draw: () => Array.from({ length: n }, (_, i) => i),
});

/**
 * 0 … n−1 in random order; or `count` of them, each drawn from all (so one may come twice). PyTorch: `RandomSampler`.
 * ```ts
 * import { Generator } from 'adjoint';
 * import { randomSampler } from 'adjoint/data';
 * console.log(randomSampler(2, { count: 5 }).draw(new Generator(1)).length); // => 5
 * ```
 */
export function randomSampler(n: number, { count }: { readonly count?: number } = {}): Sampler {
  checkCount('randomSampler', 'n', n, 0);
  if (count === undefined) return { length: n, draw: (random) => random.permutation(n) };
  checkCount('randomSampler', 'count', count);
  checkCount('randomSampler', 'n', n);
  return { length: count, draw: (random) => Array.from({ length: count }, () => random.integer(0, n)) };
}

/**
 * `count` items, each drawn with a chance in proportion to its weight; one may come again unless `replacement` is false.
 * PyTorch: `WeightedRandomSampler`.
 * ```ts
 * import { Generator } from 'adjoint';
 * import { weightedSampler } from 'adjoint/data';
 * console.log(weightedSampler([0, 3, 0], { count: 4 }).draw(new Generator(1))); // => [ 1, 1, 1, 1 ]
 * ```
 * @throws ValueError when a weight is negative or not finite, or fewer weights than are to be drawn are above 0
 */
export function weightedSampler(
  weights: ArrayLike<number>,
  { count = weights.length, replacement = true }: { readonly count?: number; readonly replacement?: boolean } = {},
): Sampler {
  const where = 'weightedSampler';
  checkCount(where, 'count', count);
  const list = Array.from(weights);
  const bad = list.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad >= 0) throw new ValueError(where, 'weights must be finite and not negative', `${list[bad]} at ${bad}`);
  const positive = list.filter((weight) => weight > 0).length;
  const needed = replacement ? 1 : count;
  if (positive < needed) throw new ValueError(where, `${needed} weights must be above 0`, `${positive}`);
  if (!replacement) return { length: count, draw: (random) => drawOnce(list, count, random) };

  const sums = sumsOf(list);
  const total = sums[sums.length - 1];
  return {
    length: count,
    draw: (random) => Array.from({ length: count }, () => firstAbove(sums, fine(random) * total)),
  };
}

/** A number in [0, 1) of 53 bits: with 32, small weights among many would never be drawn. */
const fine = (random: Generator): number => ((random.bits() >>> 5) * 2 ** 26 + (random.bits() >>> 6)) * 2 ** -53;

/** The largest of u^(1/w), u uniform: weighted sampling without replacement (Efraimidis and Spirakis 2006). */
function drawOnce(weights: readonly number[], count: number, random: Generator): number[] {
  const keys = weights.map((weight, i) => ({ i, key: weight > 0 ? Math.log(1 - fine(random)) / weight : -Infinity }));
  return keys
    .sort((a, b) => b.key - a.key || a.i - b.i)
    .slice(0, count)
    .map(({ i }) => i);
}
