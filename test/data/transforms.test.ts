/** Transforms against PyTorch and by their laws; drawn points and sums. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { Generator } from '../../src/array/random.ts';
import { arange, ones, randn, tensor } from '../../src/create.ts';
import {
  addNoise,
  arithmetic,
  centerCrop,
  denormalize,
  drawBlobs,
  drawCircles,
  drawMoons,
  drawSpirals,
  fitNormalize,
  isRight,
  normalize,
  oneHot,
  randomCrop,
  randomFlip,
  randomRotation,
  resize,
  rotate,
} from '../../src/data/index.ts';
import { read } from '../files.ts';

const { resized, rotated } = JSON.parse(read('test/fixtures/data.json')) as {
  resized: { x: number[][][]; size: [number, number]; y: number[][][] }[];
  rotated: { x: number[][][]; degrees: number; y: number[][][] }[];
};
const random = new Generator(1);
const wide = { dtype: 'float64' } as const;

test('resize is PyTorch’s bilinear interpolation with antialias', () => {
  for (const { x, size, y } of resized) expect(resize(size)(tensor(x, wide), random)).toBeAllClose(y, { atol: 1e-12 });
});

test('rotate is PyTorch’s grid_sample over a turned grid', () => {
  for (const { x, degrees, y } of rotated) expect(rotate(tensor(x, wide), degrees)).toBeAllClose(y, { atol: 1e-12 });
});

describe('normalize', () => {
  test('gives each channel mean 0 and deviation 1, of a batch and of one picture, and comes back', () => {
    const x = randn([5, 3, 4, 4], wide)
      .mul(tensor([1, 20, 0.1], wide).reshape([3, 1, 1]))
      .add(7);
    const fitted = JSON.parse(JSON.stringify(fitNormalize(x, 1))) as ReturnType<typeof fitNormalize>;
    const y = normalize(fitted)(x, random);
    expect(y.mean([0, 2, 3])).toBeAllClose([0, 0, 0], { atol: 1e-12 });
    expect(y.square().mean([0, 2, 3])).toBeAllClose([1, 1, 1], { rtol: 1e-12 });
    expect(normalize(fitted)(x.select(0, 2), random)).toBeAllClose(y.select(0, 2));
    expect(denormalize(fitted)(y, random)).toBeAllClose(x, { rtol: 1e-12 });
  });

  test('one mean for all, and no division by 0', () => {
    const fitted = fitNormalize(tensor([[1, 3]]));
    expect(fitted).toEqual({ dim: null, mean: [2], std: [1] });
    expect(fitNormalize(ones([4, 2]), 1).std).toEqual([1, 1]);
    expect(() => fitNormalize(ones([0, 2]))).toThrow(ShapeError);
    expect(() => normalize({ dim: -1, mean: [0], std: [1] })(ones([2]), random)).toThrow('there must be 1 places');
  });
});

describe('pictures', () => {
  const x = arange(12).reshape([1, 3, 4]);

  test('crops are pieces of the picture, all places with padding come up', () => {
    expect(centerCrop([1, 2])(x, random).toArray()).toEqual([[[5, 6]]]);
    const seen = new Set(
      Array.from({ length: 300 }, () => JSON.stringify(randomCrop([3, 4], { padding: 1 })(x.add(1), random).toArray())),
    );
    expect(seen.size).toBe(9);
    expect(() => centerCrop(4)(x, random)).toThrow('got 4 × 4 of 3 × 4');
    expect(() => centerCrop(1)(tensor([1]), random)).toThrow('a picture must have rows and columns, got [1]');
  });

  test('flips happen as often as asked', () => {
    const flipped = Array.from({ length: 1000 }, () => randomFlip({ p: 0.3 })(x, random) !== x);
    expect(flipped.filter(Boolean).length / 1000).toBeAllClose(0.3, { atol: 0.05 });
    expect(randomFlip({ p: 1, dim: -2 })(x, random).select(1, 0).toArray()).toEqual([[8, 9, 10, 11]]);
  });

  test('turning and noise follow the generator', () => {
    for (const transform of [randomRotation(30), addNoise(0.5)]) {
      const [a, b] = [transform(x, new Generator(4)), transform(x, new Generator(4))];
      expect(a.toArray()).toEqual(b.toArray());
      expect(a.toArray()).not.toEqual(transform(x, new Generator(5)).toArray());
    }
    expect(
      addNoise(2)(ones([10_000]), random)
        .sub(1)
        .square()
        .mean()
        .sqrt()
        .item(),
    ).toBeAllClose(2, { rtol: 0.05 });
  });
});

test('oneHot refuses what is no class', () => {
  expect(oneHot(2)(tensor([[1], [0]]), random).toArray()).toEqual([[[0, 1]], [[1, 0]]]);
  expect(() => oneHot(2)(tensor([2]), random)).toThrow('every index must be a whole number from 0 to 1, got 2');
});

describe('drawn points', () => {
  const noise = 0;
  test('lie where their formulas say', () => {
    const generator = () => new Generator(3);
    const moons = drawMoons(50, { noise, generator: generator() });
    for (const [[px, py], label] of (moons.x.toArray() as number[][]).map((p, i) => [p, moons.y.nd.data[i]] as const)) {
      const [u, v] = label === 0 ? [px, py] : [1 - px, 0.5 - py];
      expect(Math.hypot(u, v)).toBeCloseTo(1, 5);
      expect(v).toBeGreaterThanOrEqual(-1e-6);
    }
    const circles = drawCircles(40, { noise, factor: 0.25, generator: generator() });
    expect(circles.x.square().sum(1).sqrt()).toBeAllClose(circles.y.mul(-0.75).add(1), { rtol: 1e-5 });
    const spirals = drawSpirals(60, { noise, classes: 3, turns: 2, generator: generator() });
    for (const [[px, py], label] of (spirals.x.toArray() as number[][]).map(
      (p, i) => [p, spirals.y.nd.data[i]] as const,
    )) {
      const turn = (Math.atan2(py, px) / (2 * Math.PI) - 2 * Math.hypot(px, py) - label / 3) % 1;
      expect(Math.min(Math.abs(turn), 1 - Math.abs(turn))).toBeLessThan(1e-4);
    }
  });

  test('have classes of one size, repeat with the seed, and are refused when they make no sense', () => {
    expect(drawBlobs(10, { centres: 3 }).y.eq(0).sum().item()).toBe(4);
    const a = drawBlobs(10, { generator: new Generator(1) });
    expect(drawBlobs(10, { generator: new Generator(1) }).x.toArray()).toEqual(a.x.toArray());
    expect(() => drawMoons(-1)).toThrow(ValueError);
    expect(() => drawMoons(1, { noise: -1 })).toThrow('noise must be finite and not negative');
    expect(() => drawCircles(1, { factor: 1 })).toThrow('factor must lie between 0 and 1');
    expect(() => drawBlobs(1, { centres: [] })).toThrow('the number of classes must be whole, from 1, got 0');
  });
});

test('sums are right, and a wrong one is seen', () => {
  const problems = arithmetic(500, new Generator(1), { digits: 3, operators: '+-*' });
  expect(problems.every(isRight)).toBe(true);
  expect(new Set(problems.map((p) => /[-+*]/.exec(p)![0])).size).toBe(3);
  for (const wrong of ['1+1=3', '1+1=', '1+1=02', '2-5=3', 'x', '1+1=2=2']) expect(isRight(wrong)).toBe(false);
  expect(() => arithmetic(1, random, { operators: '/' })).toThrow('operators must be some of + - *, got "/"');
  expect(() => arithmetic(1, random, { digits: 0 })).toThrow('digits must be a whole number from 1 to 7, got 0');
});
