/** Starting values against PyTorch (init.json, by test/fixtures/init.py), those without an oracle by what defines them, and what is refused. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { Generator } from '../../src/array/random.ts';
import { eye, full, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { read } from '../files.ts';

const { init } = nn;
type Writer = (x: Tensor, ...args: unknown[]) => Tensor;
const writer = (name: string): Writer => (init as unknown as Record<string, Writer>)[name];
const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

interface Fixture {
  readonly written: readonly { name: string; shape: number[]; args: number[]; data: number[] }[];
  readonly drawn: readonly { name: string; shape: number[]; gain?: number; args?: number[]; options?: Record<string, unknown>; with: [number, number] }[];
  readonly gains: readonly { of: string; a?: number; gain: number }[];
  readonly quantiles: readonly { mean: number; std: number; low: number; high: number; at: number[]; are: number[] }[];
  readonly orthogonal: readonly { shape: number[]; gain: number; normal: number[][]; data: number[] }[];
  readonly sparse: readonly { shape: number[]; sparsity: number; zeros: number[] }[];
} // prettier-ignore
const { written, drawn, gains, quantiles, orthogonal, sparse } = JSON.parse(read('test/fixtures/init.json')) as Fixture;
const wide = { dtype: 'float64' } as const;
const tight = { rtol: 1e-12, atol: 0 };

describe("as PyTorch's", () => {
  test.each(written)('$name($args) of $shape', ({ name, shape, args, data }) => {
    const x = full(shape, 7, wide);
    expect(writer(camel(name))(x, ...args)).toBe(x);
    expect([...x.toTypedArray()]).toEqual(data);
  });
  test.each(drawn)(
    '$name of $shape, $gain, $options',
    ({ name, shape, gain, args, options = {}, with: [from, to] }) => {
      const { mode, nonlinearity } = options as { mode?: string; nonlinearity?: string };
      const given = {
        ...options,
        ...(mode && { mode: camel(mode) }),
        ...(nonlinearity && { nonlinearity: camel(nonlinearity) }),
      };
      const generator = (): Generator => new Generator(3);
      const own = args ?? (gain === undefined ? [] : [gain]);
      const x = writer(camel(name))(
        zeros(shape, wide),
        ...(own.length > 0 ? [...own, generator()] : [{ ...given, generator: generator() }]),
      );
      const draw = name.includes('uniform') ? init.uniform_ : init.normal_;
      expect(x).toBeAllClose(draw(zeros(shape, wide), from, to, generator()), tight);
    },
  );
  test.each(gains)('the gain of $of, $a', ({ of, a, gain }) => {
    expect(init.calculateGain(camel(of) as 'relu', a)).toBeCloseTo(gain, 14);
  });
});

describe('as often as in PyTorch, of numbers drawn at random', () => {
  test.each(quantiles)(
    'truncNormal_ is below each quantile, $mean ± $std from $low to $high',
    ({ at, are, ...options }) => {
      const n = 20_000;
      const x = init.truncNormal_(zeros([n], wide), { ...options, generator: new Generator(4) });
      at.forEach((p, i) => expect(Math.abs(x.lt(are[i]).mean().item() - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n))); // prettier-ignore
    },
  );
  test.each(orthogonal)('orthogonal_ of the same normal numbers, $shape', ({ shape, gain, normal, data }) => {
    const rows = normal.length < normal[0].length ? normal : normal[0].map((_, c) => normal.map((row) => row[c]));
    const numbers = rows.flat().values();
    const given = { normal: () => numbers.next().value } as Generator;
    expect(init.orthogonal_(zeros(shape, wide), gain, given).flatten()).toBeAllClose(data, {
      rtol: 1e-12,
      atol: 1e-13,
    });
  });
  test.each(sparse)('sparse_ has as many zeros, $sparsity of $shape', ({ shape, sparsity, zeros: expected }) => {
    const x = init.sparse_(zeros(shape, wide), sparsity, 0.2, new Generator(1));
    expect(x.eq(0).sum(0).toArray()).toEqual(expected);
  });
});

describe('by what defines them', () => {
  test.each([[[3, 5]], [[5, 3]], [[4, 4]], [[4, 2, 3]], [[6, 1, 2]], [[1, 7]]])(
    'orthogonal_ of %j has rows or columns at right angles',
    (shape) => {
      const x = init.orthogonal_(zeros(shape, wide), 3).flatten(1);
      const [n, m] = x.shape;
      const squares = n <= m ? x.matmul(x.mT) : x.mT.matmul(x);
      expect(squares).toBeAllClose(eye(Math.min(n, m), undefined, wide).mul(9), { rtol: 0, atol: 1e-13 });
    },
  );
  test('orthogonal_ turns and mirrors with equal chance', () => {
    const generator = new Generator(5);
    const all = Array.from({ length: 2000 }, () => init.orthogonal_(zeros([2, 2]), 1, generator).toTypedArray());
    const mean = (f: (x: ArrayLike<number>) => number): number => all.reduce((sum, x) => sum + f(x), 0) / all.length;
    for (const place of [0, 1, 2, 3])
      expect(Math.abs(mean((x) => x[place]))).toBeLessThan(4 / Math.sqrt(2 * all.length));
    expect(Math.abs(mean((x) => x[0] * x[3] - x[1] * x[2]))).toBeLessThan(4 / Math.sqrt(all.length));
  });
  test('truncNormal_ keeps to its bounds, with the moments of the cut normal', () => {
    const n = 40_000;
    const moments = (options: Parameters<typeof init.truncNormal_>[1]): number[] => {
      const x = init.truncNormal_(zeros([n]), { ...options, generator: new Generator(1) });
      expect(x.ge(options!.low ?? -2).mul(x.le(options!.high ?? 2)).all().item()).toBe(1); // prettier-ignore
      return [x.mean().item(), x.var().item()];
    };
    // With a = −2, b = 2: variance 1 − 2·2·φ(2)/(Φ(2) − Φ(−2)) = 0.7737.
    const [mean, variance] = moments({});
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(0.7737 / n));
    expect(Math.abs(variance - 0.7737)).toBeLessThan(0.03);
    const [wideMean, wideVariance] = moments({ mean: 1, std: 0.02 });
    expect([Math.abs(wideMean - 1) < 5e-4, Math.abs(wideVariance / 4e-4 - 1) < 0.03]).toEqual([true, true]);
    // Far out, from 5: the mean is φ(5)/(1 − Φ(5)) = 5.1865.
    expect(Math.abs(moments({ low: 5, high: 100 })[0] - 5.1865)).toBeLessThan(0.005);
    // From 1 to 1.5, of N(2, 1): the mean is 2 + (φ(−1) − φ(−0.5))/(Φ(−0.5) − Φ(−1)) = 1.2657.
    expect(Math.abs(moments({ mean: 2, low: 1, high: 1.5 })[0] - 1.2657)).toBeLessThan(0.004);
  });
  test('sparse_ empties a part of every column', () => {
    const x = init.sparse_(zeros([7, 4]), 0.3, 0.5, new Generator(2));
    expect(x.eq(0).sum(0).toArray()).toEqual([3, 3, 3, 3]); // ⌈2.1⌉
    expect(
      init
        .sparse_(zeros([400, 20]), 0.1, 0.5)
        .std()
        .item(),
    ).toBeCloseTo(0.5 * Math.sqrt(0.9), 1);
  });
  test('an empty tensor stays', () => {
    for (const write of [init.kaimingUniform_, init.kaimingNormal_, init.orthogonal_]) {
      expect(write(zeros([0, 3])).shape).toEqual([0, 3]);
    }
  });
});

const m = zeros([2, 3]);
const refused: readonly (readonly [string, () => unknown, typeof ShapeError | typeof ValueError, string])[] = [
  ['uniform_ from high to low', () => init.uniform_(m, 1, 0), ValueError, 'uniform_: low must not be above high, got 1 and 0'],
  ['normal_ of a negative deviation', () => init.normal_(m, 0, -1), ValueError, 'normal_: the standard deviation must be 0 or more, got -1'],
  ['truncNormal_ without a deviation', () => init.truncNormal_(m, { std: 0 }), ValueError, 'truncNormal_: the standard deviation must be above 0, got 0'],
  ['truncNormal_ between nothing', () => init.truncNormal_(m, { low: 2 }), ValueError, 'truncNormal_: low must be below high, got 2 and 2'],
  ['eye_ of three dims', () => init.eye_(zeros([2, 2, 2])), ShapeError, 'eye_: there must be 2 dims, got [2, 2, 2]'],
  ['dirac_ of a matrix', () => init.dirac_(m), ShapeError, 'dirac_: there must be 3, 4 or 5 dims, got [2, 3]'],
  ['dirac_ of groups that do not divide', () => init.dirac_(zeros([4, 2, 3]), 3), ValueError, 'dirac_: the groups must divide the first dim, got 3 of 4'],
  ['the gain of a function that is not known', () => init.calculateGain('gelu' as 'relu'), ValueError, "calculateGain: the nonlinearity must be one of linear, sigmoid, tanh, relu, leakyRelu, selu, got 'gelu'"],
  ['the gain of a leaky relu whose slope is no number', () => init.calculateGain('leakyRelu', NaN), ValueError, 'calculateGain: the slope must be a number, got NaN'],
  ['another fan', () => init.kaimingNormal_(m, { mode: 'fan_in' as 'fanIn' }), ValueError, "kaimingNormal_: the mode must be 'fanIn' or 'fanOut', got 'fan_in'"],
  ['xavierNormal_ of a vector', () => init.xavierNormal_(zeros([3])), ShapeError, 'init: fans need at least 2 dims, got [3]'],
  ['orthogonal_ of a vector', () => init.orthogonal_(zeros([3])), ShapeError, 'orthogonal_: there must be at least 2 dims, got [3]'],
  ['sparse_ of a vector', () => init.sparse_(zeros([3]), 0.1), ShapeError, 'sparse_: there must be 2 dims, got [3]'],
  ['sparse_ of more than all', () => init.sparse_(m, 1.1), ValueError, 'sparse_: sparsity must be from 0 to 1, got 1.1'],
]; // prettier-ignore
test.each(refused.map(([title, run, Class, message]) => ({ title, run, Class, message })))(
  'refused: $title',
  ({ run, Class, message }) => {
    expect(run).toThrow(Class);
    expect(run).toThrow(message);
  },
);
