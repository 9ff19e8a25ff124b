/** Warping: exact where it can be, right in direction, black beyond the edge, the same for the same seed. */
import { describe, expect, test } from 'vitest';
import { ValueError } from '../../src/array/errors.ts';
import { Generator } from '../../src/array/random.ts';
import { warpImage, warpImages } from '../../src/data/augment.ts';
import type { SourceMap, WarpRanges } from '../../src/data/augment.ts';
import { drawDigits } from '../../src/data/digits.ts';
import { toUnit } from '../../src/data/images.ts';
import type { ImageStack } from '../../src/data/images.ts';

const digits = drawDigits(10, new Generator(1));
const all = [...digits.labels.keys()];
const identity: SourceMap = { a: 1, b: 0, c: 0, d: 1, tx: 0, ty: 0 };
const seeds = Array.from({ length: 40 }, (_, i) => i);

/** A white box of a width and height in the middle of 41 × 41. */
function box(width: number, height: number): ImageStack {
  const images = Uint8Array.from({ length: 41 * 41 }, (_, p) => {
    const [x, y] = [(p % 41) - 20, Math.floor(p / 41) - 20];
    return 2 * Math.abs(x) < width && 2 * Math.abs(y) < height ? 255 : 0;
  });
  return { images, rows: 41, columns: 41 };
}
const square = box(21, 21);
const bar = box(3, 25);

/** The centre of mass (x, y) of a warped image, and its second moments about it. */
function momentsOf(
  stack: ImageStack,
  ranges: WarpRanges,
  seed: number,
): Record<'x' | 'y' | 'xx' | 'xy' | 'yy', number> {
  const out = warpImages(stack, [0], ranges, new Generator(seed));
  const mean = (of: (x: number, y: number) => number): number => {
    let sum = 0;
    let mass = 0;
    out.forEach((v, p) => {
      sum += v * of((p % 41) - 20, Math.floor(p / 41) - 20);
      mass += v;
    });
    return sum / mass;
  };
  const x = mean((u) => u);
  const y = mean((_, v) => v);
  const second = (of: (u: number, v: number) => number): number => mean((u, v) => of(u - x, v - y));
  return { x, y, xx: second((u) => u * u), xy: second((u, v) => u * v), yy: second((_, v) => v * v) };
}

describe('warpImages', () => {
  test('without ranges, each image is itself over 255', () => {
    expect(warpImages(digits, all, {}, new Generator(1))).toEqual(toUnit(digits.images));
  });

  test('takes the images in the order that is asked for', () => {
    const out = warpImages(digits, [4, 2, 4], {}, new Generator(1));
    const image = (i: number): Float32Array => toUnit(digits.images.slice(i * 784, (i + 1) * 784));
    expect(out.subarray(0, 784)).toEqual(image(4));
    expect(out.subarray(784, 1568)).toEqual(image(2));
    expect(out.subarray(1568)).toEqual(image(4));
  });

  test('the same seed gives the same numbers, and each copy in a batch is its own', () => {
    const ranges = { rotate: 10, scale: 0.1, shear: 0.1, shift: 2 };
    const warp = (seed: number): Float32Array => warpImages(digits, [5, 5], ranges, new Generator(seed));
    expect(warp(1)).toEqual(warp(1));
    expect(warp(1)).not.toEqual(warp(2));
    expect(warp(1).subarray(0, 784)).not.toEqual(warp(1).subarray(784));
  });

  test('draws the same count of numbers whatever the ranges', () => {
    const [a, b] = [new Generator(1), new Generator(1)];
    warpImages(digits, all, {}, a);
    warpImages(digits, all, { rotate: 30, shift: 2 }, b);
    expect(a.getState()).toEqual(b.getState());
  });

  test('stays from 0 to 1 under wild ranges', () => {
    const out = warpImages(digits, all, { rotate: 180, scale: 0.9, shear: 1, shift: 30 }, new Generator(1));
    expect(Math.min(...out)).toBe(0);
    expect(Math.max(...out)).toBeLessThanOrEqual(1);
  });

  test('a shift moves an image by up to that many pixels, x and y apart', () => {
    const moved = seeds.map((seed) => momentsOf(square, { shift: 3 }, seed));
    for (const { x, y } of moved) expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThan(3.001);
    expect(Math.max(...moved.map(({ x }) => x))).toBeGreaterThan(2);
    expect(Math.min(...moved.map(({ y }) => y))).toBeLessThan(-2);
    expect(moved.some(({ x, y }) => Math.abs(x - y) > 1)).toBe(true);
  });

  test('a scale changes width and height apart, each by up to that share', () => {
    const still = momentsOf(square, {}, 0);
    const scaled = seeds.map((seed) => momentsOf(square, { scale: 0.2 }, seed));
    const factors = scaled.flatMap(({ xx, yy }) => [Math.sqrt(xx / still.xx), Math.sqrt(yy / still.yy)]);
    expect(Math.min(...factors)).toBeGreaterThan(0.79);
    expect(Math.min(...factors)).toBeLessThan(0.85);
    expect(Math.max(...factors)).toBeGreaterThan(1.15);
    expect(Math.max(...factors)).toBeLessThan(1.21);
    expect(scaled.some(({ xx, yy }) => Math.abs(xx - yy) > 0.1 * xx)).toBe(true);
  });

  test('a shear moves the top against the bottom by up to that many pixels a pixel', () => {
    const slopes = seeds.map((seed) => momentsOf(bar, { shear: 0.3 }, seed)).map(({ xy, yy }) => xy / yy);
    expect(Math.max(...slopes.map(Math.abs))).toBeLessThan(0.301);
    expect(Math.max(...slopes)).toBeGreaterThan(0.2);
    expect(Math.min(...slopes)).toBeLessThan(-0.2);
  });

  test('a rotation turns by up to that many degrees to both sides', () => {
    const angles = seeds.map((seed) => {
      const { xx, xy, yy } = momentsOf(bar, { rotate: 30 }, seed);
      return (Math.atan2(2 * xy, yy - xx) * 90) / Math.PI;
    });
    expect(Math.max(...angles.map(Math.abs))).toBeLessThan(30.1);
    expect(Math.max(...angles)).toBeGreaterThan(20);
    expect(Math.min(...angles)).toBeLessThan(-20);
  });

  test('all together: scaled, then sheared, then turned about the centre, then shifted, drawn in the order of the doc', () => {
    const ranges = { rotate: 30, scale: 0.2, shear: 0.3, shift: 3 };
    // A soft spot, since sampling a hard edge between pixels moves its centre a little.
    const grey = (x: number, y: number): number => 255 * Math.exp(-(x * x) / 8 - (y * y) / 32);
    const images = Uint8Array.from({ length: 41 * 41 }, (_, p) =>
      Math.round(grey((p % 41) - 20, Math.floor(p / 41) - 20)),
    );
    const spot = { images, rows: 41, columns: 41 };
    const still = momentsOf(spot, {}, 0);
    for (const seed of seeds) {
      const generator = new Generator(seed);
      const [turn, sx, sy, k, dx, dy] = [30, 0.2, 0.2, 0.3, 3, 3].map((range) => generator.uniform(-range, range));
      const [cos, sin] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
      // M = rotation [cos −sin; sin cos] · shear [1 k; 0 1] · scale; the moments become M·C·Mᵀ.
      const [m00, m01] = [cos * (1 + sx), (cos * k - sin) * (1 + sy)];
      const [m10, m11] = [sin * (1 + sx), (sin * k + cos) * (1 + sy)];
      const got = momentsOf(spot, ranges, seed);
      const near = (value: number, expected: number, within: number): void =>
        expect(Math.abs(value - expected)).toBeLessThan(within);
      near(got.x, dx, 0.02);
      near(got.y, dy, 0.02);
      // Sampling between pixels blurs by up to a quarter of a pixel squared, and by the scale.
      near(got.xx, m00 * m00 * still.xx + m01 * m01 * still.yy, 0.5);
      near(got.yy, m10 * m10 * still.xx + m11 * m11 * still.yy, 0.5);
      near(got.xy, m00 * m10 * still.xx + m01 * m11 * still.yy, 0.5);
    }
  });

  test('ranges that are negative, not finite, or a scale that could reach 0 are refused by name', () => {
    const warp = (ranges: object) => (): unknown => warpImages(digits, [0], ranges, new Generator(1));
    expect(warp({ rotate: -1 })).toThrow('warpImages: rotate must be a finite number from 0, got -1');
    expect(warp({ shift: NaN })).toThrow(ValueError);
    expect(warp({ shear: Infinity })).toThrow(ValueError);
    expect(warp({ scale: 1 })).toThrow('warpImages: scale must be below 1, got 1');
  });

  test('a position that is not there is refused', () => {
    expect(() => warpImages(digits, [10], {}, new Generator(1))).toThrow('from 0 to 9, got 10');
  });
});

describe('warpImage', () => {
  test('a shift by whole pixels is exact, and black comes in from the edge', () => {
    for (const [dx, dy] of [
      [3, 0],
      [-2, 5],
      [0, -28],
    ]) {
      const out = warpImage(digits, 7, { ...identity, tx: -dx, ty: -dy });
      for (let r = 0; r < 28; r++) {
        for (let c = 0; c < 28; c++) {
          const inside = r - dy >= 0 && r - dy < 28 && c - dx >= 0 && c - dx < 28;
          const expected = inside ? Math.fround(digits.images[7 * 784 + (r - dy) * 28 + c - dx] / 255) : 0;
          expect(out[r * 28 + c]).toBe(expected);
        }
      }
    }
  });

  test('a quarter turn is exact', () => {
    const out = warpImage(digits, 7, { a: 0, b: 1, c: -1, d: 0, tx: 0, ty: 0 });
    for (let r = 0; r < 28; r++) {
      for (let c = 0; c < 28; c++) {
        expect(out[r * 28 + c]).toBe(Math.fround(digits.images[7 * 784 + (27 - c) * 28 + r] / 255));
      }
    }
  });

  test('half a pixel between two is their mean, and half a pixel beyond the edge is half as bright', () => {
    const row = { images: Uint8Array.of(255, 51, 0, 255), rows: 1, columns: 4 };
    const out = warpImage(row, 0, { ...identity, tx: 0.5 });
    [0.6, 0.1, 0.5, 0.5].forEach((expected, i) => expect(out[i]).toBeCloseTo(expected, 6));
  });
});
