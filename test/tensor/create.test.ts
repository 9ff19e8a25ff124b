import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { Generator, manualSeed } from '../../src/array/random.ts';
import {
  arange,
  cat,
  eye,
  full,
  fullLike,
  linspace,
  ones,
  onesLike,
  rand,
  randint,
  randLike,
  randn,
  randnLike,
  randperm,
  stack,
  tensor,
  where,
  zeros,
  zerosLike,
} from '../../src/create.ts';

describe('tensor', () => {
  it('takes numbers, nested arrays and typed arrays, and copies them', () => {
    expect(tensor(2.5).toArray()).toBe(2.5);
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
    expect(tensor([[[1], [2]]]).shape).toEqual([1, 2, 1]);
    expect(tensor([Float32Array.of(1, 2), [3, 4]]).toArray()).toEqual([[1, 2], [3, 4]]); // prettier-ignore
    const source = Float32Array.of(1, 2);
    const x = tensor(source);
    source[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
    expect(tensor(Uint8Array.of(255)).toArray()).toEqual([255]);
  });

  it('is float32 unless a Float64Array or a dtype says otherwise', () => {
    expect(tensor([0.1]).dtype).toBe('float32');
    expect(tensor([0.1]).item()).toBe(Math.fround(0.1));
    expect(tensor(Float64Array.of(0.1)).dtype).toBe('float64');
    expect(tensor(Float64Array.of(0.1), { dtype: 'float32' }).dtype).toBe('float32');
    expect(tensor([0.1], { dtype: 'float64' }).item()).toBe(0.1);
  });

  it('is a leaf without requiresGrad unless it is asked for', () => {
    expect(tensor(1).requiresGrad).toBe(false);
    expect(tensor(1, { requiresGrad: true }).isLeaf).toBe(true);
    expect(tensor(Float32Array.of(1), { requiresGrad: true }).requiresGrad).toBe(true);
  });

  it('refuses ragged arrays, at whatever depth they are ragged', () => {
    const ragged = [[[1, 2], [3]], [[1], 2], [1, [2]], [[], [1]], [[[1]], [[1, 2]]], [[1, 2], [[3], 4]]]; // prettier-ignore
    for (const values of ragged) expect(() => tensor(values)).toThrow(ShapeError);
    expect(() => tensor([[1, 2], [3]])).toThrow('tensor: all items at depth 1 must have one length, got items that do not fit [2, 2]'); // prettier-ignore
  });

  it('refuses what is not a number', () => {
    for (const [value, got] of [
      ['a', 'a string'],
      [null, 'null'],
      [undefined, 'a undefined'],
      [[1, null], 'null'],
      [[null], 'null'],
      [[['x']], 'a string'],
      [3n, 'a bigint'],
      [new BigInt64Array(2), 'a bigint'],
    ] as const) {
      // prettier-ignore
      expect(() => tensor(value as never)).toThrow(new ValueError('tensor', 'values must be numbers', got));
    }
  });
});

describe('creation by rule', () => {
  it('fills zeros, ones, full and eye', () => {
    expect(zeros([2, 3]).toArray()).toEqual([[0, 0, 0], [0, 0, 0]]); // prettier-ignore
    expect(ones([]).toArray()).toBe(1);
    expect(full([2], -0.5, { dtype: 'float64' }).toString()).toBe('Tensor[2] float64 [-0.5000, -0.5000]');
    expect(eye(2, 3).toArray()).toEqual([[1, 0, 0], [0, 1, 0]]); // prettier-ignore
    expect(eye(3, 1).toArray()).toEqual([[1], [0], [0]]);
    expect(zeros([0, 4]).numel()).toBe(0);
  });

  it('refuses sizes that are negative or not whole', () => {
    const makers = [zeros, ones, rand, randn, (s: number[]) => full(s, 1), (s: number[]) => randint(0, 2, s)];
    for (const make of makers) {
      for (const shape of [[-1], [2, 1.5], [NaN], [Infinity]]) {
        expect(() => make(shape)).toThrow('a new tensor: sizes must be whole numbers, 0 or more, got [');
      }
    }
    expect(() => eye(-1)).toThrow(ShapeError);
    expect(() => randperm(-1)).toThrow(ShapeError);
    expect(() => linspace(0, 1, 2.5)).toThrow(ShapeError);
  });

  it('counts with arange from, to and by', () => {
    expect(arange(4).toArray()).toEqual([0, 1, 2, 3]);
    expect(arange(2, 5).toArray()).toEqual([2, 3, 4]);
    expect(arange(5, 0, -2).toArray()).toEqual([5, 3, 1]);
    expect(arange(0, 1, 0.25).toArray()).toEqual([0, 0.25, 0.5, 0.75]);
    expect(arange(0).shape).toEqual([0]);
    expect(arange(3, { dtype: 'float64' }).dtype).toBe('float64');
    expect(arange(0, 2, 1, { requiresGrad: true }).requiresGrad).toBe(true);
    expect(() => arange(1, 5, 0)).toThrow('arange: a step other than 0 must lead from start to stop, got 1, 5, 0');
    expect(() => arange(5, 1)).toThrow(ValueError);
    expect(() => arange(0, Infinity)).toThrow(ValueError);
    expect(() => arange(NaN)).toThrow(ValueError);
  });

  it('spaces with linspace, both ends exact', () => {
    expect(linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(linspace(3, 7, 1).toArray()).toEqual([3]);
    expect(linspace(3, 7, 0).toArray()).toEqual([]);
    const x = linspace(-0.1, 0.7, 1001, { dtype: 'float64' }).toTypedArray();
    expect([x[0], x[1000]]).toEqual([-0.1, 0.7]);
    expect(x[500]).toBeCloseTo(0.3, 14);
  });

  it('takes shape and dtype of another tensor, and what it is told beside', () => {
    const x = zeros([2, 1], { dtype: 'float64', requiresGrad: true });
    for (const like of [zerosLike, onesLike, randLike, randnLike]) {
      const y = like(x);
      expect([y.shape, y.dtype, y.requiresGrad]).toEqual([[2, 1], 'float64', false]);
      expect(like(x, { dtype: 'float32', requiresGrad: true }).toString()).toContain('requiresGrad');
    }
    expect(fullLike(x, 3).toArray()).toEqual([[3], [3]]);
  });
});

describe('creation at random', () => {
  it('repeats with the seed, and follows a generator of its own', () => {
    const draw = (): unknown[] => [rand([3]), randn([3]), randint(0, 99, [3]), randperm(5)].map((x) => x.toArray());
    manualSeed(3);
    const first = draw();
    manualSeed(3);
    expect(draw()).toEqual(first);
    expect(draw()).not.toEqual(first);
    const own = (): unknown => randn([3], { generator: new Generator(1) }).toArray();
    expect(own()).toEqual(own());
  });

  it('stays inside its bounds, in float32 too', () => {
    const x = rand([50_000]).toTypedArray();
    expect(x.every((v) => v >= 0 && v < 1)).toBe(true);
    const k = randint(-2, 3, [2000]).toTypedArray();
    expect([...new Set(k)].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    expect(() => randint(3, 3, [1])).toThrow(ValueError);
    expect([...randperm(100).toTypedArray()].sort((a, b) => a - b)).toEqual([...arange(100).toTypedArray()]);
  });
});

describe('stack, cat and where', () => {
  it('stack puts tensors side by side along a new dim', () => {
    const [a, b] = [tensor([1, 2]), tensor([3, 4])];
    expect(stack([a, b]).toArray()).toEqual([[1, 2], [3, 4]]); // prettier-ignore
    expect(stack([a, b], -1).toArray()).toEqual([[1, 3], [2, 4]]); // prettier-ignore
    expect(stack([tensor(1), tensor(2)]).toArray()).toEqual([1, 2]);
    expect(() => stack([a, tensor([1])])).toThrow('stack: all tensors must have one shape, got [2] and [1]');
    expect(() => stack([])).toThrow(ShapeError);
    expect(() => stack([a], 2)).toThrow('unsqueeze: dim must be a whole number from -2 to 1, got 2');
  });

  it('cat wants at least one tensor, and equal sizes beside the dim', () => {
    expect(cat([zeros([1, 2]), ones([2, 2])]).shape).toEqual([3, 2]);
    expect(cat([tensor([1]), tensor(Float64Array.of(2))]).dtype).toBe('float64');
    expect(() => cat([])).toThrow('concat: there must be at least one tensor, got none');
    expect(() => cat([zeros([1, 2]), zeros([1, 3])])).toThrow(
      'concat: all sizes but that of dim 0 must be equal, got [1, 2] and [1, 3]',
    );
    expect(() => cat([tensor(1), tensor(2)])).toThrow(ShapeError);
  });

  it('where takes tensors and numbers on either side', () => {
    const mask = tensor([1, 0]);
    expect(where(mask, 5, tensor([6, 7])).toArray()).toEqual([5, 7]);
    expect(where(mask, tensor([6, 7]), 5).toArray()).toEqual([6, 5]);
    expect(where(mask, 1, 2).toArray()).toEqual([1, 2]);
    const x = tensor([6, 7], { requiresGrad: true });
    where(mask, 5, x).sum().backward();
    expect(x.grad).toBeAllClose([0, 1]);
  });
});
