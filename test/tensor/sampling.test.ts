/** What is drawn at random: the same from the same seed, in the proportions asked for, and refused where there are none. */
import { describe, expect, it } from 'vitest';
import { ValueError } from '../../src/array/errors.ts';
import { Generator, manualSeed } from '../../src/array/random.ts';
import { full, rand, randint, randLike, randn, randnLike, randperm, tensor, zeros } from '../../src/create.ts';
import { bernoulli, multinomial, normal } from '../../src/sampling.ts';
import type { Tensor } from '../../src/tensor.ts';

/** Pearson's Σ (observed − expected)² / expected. */
const chiSquare = (counts: readonly number[], chances: readonly number[]): number => {
  const n = counts.reduce((a, b) => a + b, 0);
  return counts.reduce((sum, count, k) => sum + (count - n * chances[k]) ** 2 / (n * chances[k]), 0);
};
/** Beyond this a chi-square of so many degrees of freedom is seen once in 10⁴ (Wilson and Hilferty, 1931). */
const limit = (degrees: number): number =>
  degrees * (1 - 2 / (9 * degrees) + 3.719 * Math.sqrt(2 / (9 * degrees))) ** 3;

const countsOf = (x: Tensor, classes: number): number[] => [
  ...x.flatten().bincount({ minlength: classes }).toTypedArray(),
];
/** Counts in `bins` parts of equal chance, by the distribution function. */
const binned = (x: Tensor, distribution: (x: Tensor) => Tensor, bins: number): number[] =>
  countsOf(
    distribution(x.to('float64'))
      .mul(bins)
      .floor()
      .clamp(0, bins - 1),
    bins,
  );
const gauss = (x: Tensor): Tensor => x.div(Math.SQRT2).erf().add(1).div(2);
const even = (n: number): number[] => Array.from({ length: n }, () => 1 / n);

const weights = [1, 0, 3, 4, 2];
const draws: Record<string, (generator: Generator) => Tensor> = {
  rand: (generator) => rand([5], { generator }),
  randn: (generator) => randn([5], { generator }),
  randint: (generator) => randint(0, 100, [5], { generator }),
  randperm: (generator) => randperm(20, { generator }),
  randLike: (generator) => randLike(zeros([5]), { generator }),
  randnLike: (generator) => randnLike(zeros([5]), { generator }),
  bernoulli: (generator) => bernoulli(full([40], 0.5), { generator }),
  normal: (generator) => normal(tensor([1, 2, 3]), 0.5, { generator }),
  multinomial: (generator) => multinomial(tensor(weights), 20, { replacement: true, generator }),
};

describe.each(Object.entries(draws))('%s', (_, draw) => {
  it('repeats with the seed, and differs with another', () => {
    const first = draw(new Generator(5)).toArray();
    expect(draw(new Generator(5)).toArray()).toEqual(first);
    expect(draw(new Generator(6)).toArray()).not.toEqual(first);
  });
});

describe('proportions', () => {
  const generator = new Generator(1);

  it('rand and randLike are even over [0, 1)', () => {
    for (const x of [rand([20000], { generator }), randLike(zeros([20000]), { generator })]) {
      expect(
        chiSquare(
          binned(x, (u) => u, 50),
          even(50),
        ),
      ).toBeLessThan(limit(49));
    }
  });

  it('randn, randnLike and normal are normal', () => {
    const standard = [randn([20000], { generator }), randnLike(zeros([20000]), { generator })];
    const moved = normal(3, 2, { shape: [20000], generator })
      .sub(3)
      .div(2);
    for (const x of [...standard, moved]) {
      expect(chiSquare(binned(x, gauss, 50), even(50))).toBeLessThan(limit(49));
    }
    expect(chiSquare(binned(moved.add(0.1), gauss, 50), even(50))).toBeGreaterThan(limit(49)); // it can fail
  });

  it('randint has each number as often, randperm each order', () => {
    expect(chiSquare(countsOf(randint(0, 7, [20000], { generator }), 7), even(7))).toBeLessThan(limit(6));
    const orders = Array.from({ length: 6000 }, () =>
      randperm(3, { generator })
        .mul(tensor([9, 3, 1]))
        .sum()
        .item(),
    );
    const seen = new Map<number, number>();
    for (const order of orders) seen.set(order, (seen.get(order) ?? 0) + 1);
    expect(seen.size).toBe(6);
    expect(chiSquare([...seen.values()], even(6))).toBeLessThan(limit(5));
  });

  it('bernoulli is 1 as often as each p says', () => {
    const p = tensor([0, 0.1, 0.5, 0.9, 1]);
    const share = bernoulli(p.expand([8000, 5]), { generator })
      .mean(0)
      .toTypedArray();
    expect([share[0], share[4]]).toEqual([0, 1]);
    for (const k of [1, 2, 3]) {
      const chance = p.toTypedArray()[k];
      expect(chiSquare([8000 * share[k], 8000 * (1 - share[k])], [chance, 1 - chance])).toBeLessThan(limit(1));
    }
  });

  it('multinomial draws classes in proportion to their weights, and never one of weight 0', () => {
    const drawn = multinomial(tensor([weights, weights]), 10000, { replacement: true, generator });
    expect(drawn.shape).toEqual([2, 10000]);
    const counts = countsOf(drawn, 5);
    expect(counts[1]).toBe(0);
    const [seen, chances] = [counts, weights.map((w) => w / 10)].map((list) => list.filter((_, k) => k !== 1));
    expect(chiSquare(seen, chances)).toBeLessThan(limit(3));
    expect(chiSquare(seen, even(4))).toBeGreaterThan(limit(3)); // it can fail
  });

  it('multinomial without replacement draws no class twice, the second by the weights that are left', () => {
    const drawn = multinomial(tensor(weights).expand([12000, 5]), 2, { generator });
    expect(drawn.select(1, 0).ne(drawn.select(1, 1)).all().item()).toBe(1);
    const pairs = countsOf(drawn.select(1, 0).mul(5).add(drawn.select(1, 1)), 25);
    const chances = pairs.map((_, pair) => {
      const [a, b] = [weights[Math.floor(pair / 5)], weights[pair % 5]];
      return Math.floor(pair / 5) === pair % 5 ? 0 : ((a / 10) * b) / (10 - a);
    });
    const possible = chances.flatMap((chance, pair) => (chance > 0 ? [pair] : []));
    expect(pairs.filter((_, pair) => chances[pair] === 0).every((count) => count === 0)).toBe(true);
    const statistic = chiSquare(possible.map((pair) => pairs[pair]), possible.map((pair) => chances[pair])); // prettier-ignore
    expect(statistic).toBeLessThan(limit(possible.length - 1));
  });
});

describe('sampling', () => {
  it('uses the default generator, keeps the dtype, and has no history', () => {
    manualSeed(3);
    const first = bernoulli(full([30], 0.5)).toArray();
    manualSeed(3);
    expect(bernoulli(full([30], 0.5)).toArray()).toEqual(first);
    const p = full([2], 0.5, { dtype: 'float64', requiresGrad: true });
    for (const x of [bernoulli(p), normal(p, 1), multinomial(p, 1)]) {
      expect(x.dtype).toBe('float64');
      expect(x.requiresGrad).toBe(false);
    }
    expect(normal(p, 1, { requiresGrad: true }).requiresGrad).toBe(true);
  });

  it('broadcasts means and deviations', () => {
    expect(normal(tensor([[1], [2]]), tensor([0, 0, 0])).toArray()).toEqual([
      [1, 1, 1],
      [2, 2, 2],
    ]);
    expect(normal(1, 0).shape).toEqual([]);
  });

  it('refuses what is no distribution', () => {
    expect(() => bernoulli(tensor([0.5, 1.5]))).toThrow(ValueError);
    expect(() => bernoulli(tensor([NaN]))).toThrow(ValueError);
    expect(() => normal(0, -1)).toThrow('normal: the standard deviation must be 0 or more, got -1');
    expect(() => multinomial(tensor([-1, 2]), 1)).toThrow(ValueError);
    expect(() => multinomial(tensor([NaN, 2]), 1)).toThrow(ValueError);
    expect(() => multinomial(tensor([0, 0]), 1, { replacement: true })).toThrow(ValueError);
    expect(() => multinomial(tensor([0, 1, 2]), 3)).toThrow(
      'multinomial: there must be 3 classes with a weight above 0, got 2',
    );
    expect(() => multinomial(tensor(1), 1)).toThrow('weights must be [classes] or [rows, classes]');
    expect(() => multinomial(tensor([1, 1]), 0)).toThrow(ValueError);
  });
});
