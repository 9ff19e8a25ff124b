/** The drawn digits: repeatable, balanced, within the paper, and neither trivial nor hopeless to tell apart. */
import { describe, expect, test } from 'vitest';
import { ValueError } from '../../src/array/errors.ts';
import { Generator } from '../../src/array/random.ts';
import { drawDigits } from '../../src/data/digits.ts';
import { glyphs } from '../../src/data/glyphs.ts';
import type { LabelledImages } from '../../src/data/images.ts';
import { flatten, paint } from '../../src/data/strokes.ts';

const PIXELS = 28 * 28;

/** The share of `test` whose nearest class mean of `train` is its own. */
function nearestMeanAccuracy(train: LabelledImages, test: LabelledImages): number {
  const means = Array.from({ length: 10 }, () => new Float64Array(PIXELS));
  const counts = new Uint32Array(10);
  train.labels.forEach((label, i) => {
    counts[label]++;
    for (let p = 0; p < PIXELS; p++) means[label][p] += train.images[i * PIXELS + p];
  });
  means.forEach((mean, label) => mean.forEach((sum, p) => (mean[p] = sum / counts[label])));
  let right = 0;
  test.labels.forEach((label, i) => {
    const distances = means.map((mean) => mean.reduce((d, m, p) => d + (m - test.images[i * PIXELS + p]) ** 2, 0));
    if (distances.indexOf(Math.min(...distances)) === label) right++;
  });
  return right / test.labels.length;
}

describe('drawDigits', () => {
  test('the same seed draws the same bytes', () => {
    expect(drawDigits(15, new Generator(7))).toEqual(drawDigits(15, new Generator(7)));
  });

  test('another seed draws other digits in another order', () => {
    const a = drawDigits(15, new Generator(7));
    const b = drawDigits(15, new Generator(8));
    expect(a.labels).not.toEqual(b.labels);
    expect(a.images).not.toEqual(b.images);
  });

  test('no two drawings of one digit are the same', () => {
    const { images } = drawDigits(300, new Generator(1), { noise: 0 });
    const seen = Array.from({ length: 300 }, (_, i) => images.slice(i * PIXELS, (i + 1) * PIXELS).join());
    expect(new Set(seen).size).toBe(300);
  });

  test.each([
    [200, 20, 20],
    [207, 20, 21],
    [3, 0, 1],
    [0, 0, 0],
  ])('%i digits have from %i to %i of each class, in random order', (n, least, most) => {
    const { labels, images, rows, columns } = drawDigits(n, new Generator(3));
    expect([labels.length, images.length, rows, columns]).toEqual([n, n * PIXELS, 28, 28]);
    const counts = Array.from({ length: 10 }, (_, digit) => labels.filter((label) => label === digit).length);
    expect(Math.min(...counts)).toBe(least);
    expect(Math.max(...counts)).toBe(most);
    if (n >= 200) expect([...labels]).not.toEqual([...labels].sort((a, b) => a - b));
  });

  test('each drawing has ink, not too much of it, and none at the very edge', () => {
    for (const variety of [0, 1, 2]) {
      const { images, labels } = drawDigits(400, new Generator(4), { noise: 0, variety });
      labels.forEach((_, i) => {
        const image = images.subarray(i * PIXELS, (i + 1) * PIXELS);
        const share = image.reduce((sum, v) => sum + v, 0) / (255 * PIXELS);
        expect(share).toBeGreaterThan(0.01);
        expect(share).toBeLessThan(0.5);
        const edge = image.filter((_v, p) => p < 28 || p >= PIXELS - 28 || p % 28 === 0 || p % 28 === 27);
        expect(Math.max(...edge)).toBe(0);
      });
    }
  });

  test('a noise of 0 leaves the paper black, and noise puts grain on it', () => {
    const dark = (noise: number): number =>
      drawDigits(20, new Generator(5), { noise }).images.filter((v) => v === 0).length / (20 * PIXELS);
    expect(dark(0)).toBeGreaterThan(0.7);
    expect(dark(0.1)).toBeLessThan(0.5);
  });

  test('the nearest class mean tells digits apart better than chance, but far from perfectly', () => {
    const accuracy = nearestMeanAccuracy(drawDigits(1000, new Generator(6)), drawDigits(300, new Generator(7)));
    expect(accuracy).toBeGreaterThan(0.4);
    expect(accuracy).toBeLessThan(0.85);
  });

  test('a variety of 0 is print-like: the nearest class mean is nearly always right', () => {
    const print = { variety: 0 };
    const train = drawDigits(500, new Generator(6), print);
    expect(nearestMeanAccuracy(train, drawDigits(200, new Generator(7), print))).toBeGreaterThan(0.9);
  });

  test.each([-1, 1.5, NaN])('n = %d is refused', (n) => {
    expect(() => drawDigits(n, new Generator(1))).toThrow(ValueError);
  });

  test('options out of range are refused by name', () => {
    expect(() => drawDigits(1, new Generator(1), { variety: 3 })).toThrow(
      'drawDigits: variety must be from 0 to 2, got 3',
    );
    expect(() => drawDigits(1, new Generator(1), { noise: -1 })).toThrow(
      'drawDigits: noise must be from 0 to 1, got -1',
    );
  });
});

describe('glyphs and strokes', () => {
  test('ten digits, each with several ways, of whole points in the unit square', () => {
    expect(glyphs.length).toBe(10);
    for (const ways of glyphs) {
      expect(ways.length).toBeGreaterThan(1);
      for (const { points } of ways.flat()) {
        expect(points.length % 2).toBe(0);
        expect(points.length).toBeGreaterThanOrEqual(4);
        expect(Math.min(...points)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...points)).toBeLessThanOrEqual(1);
      }
    }
  });

  test('a smooth stroke passes through its points, and equally spaced points on a line stay on it', () => {
    const points = [0, 0, 1, 3, 2, 0, 5, 5];
    const flat = flatten({ points, smooth: true });
    for (let i = 0; i < 4; i++) {
      expect(flat[12 * i]).toBeCloseTo(points[2 * i], 12);
      expect(flat[12 * i + 1]).toBeCloseTo(points[2 * i + 1], 12);
    }
    const straight = flatten({ points: [0, 0, 1, 2, 2, 4, 3, 6], smooth: true });
    for (let i = 0; i < straight.length; i += 2) expect(straight[i + 1]).toBeCloseTo(2 * straight[i], 12);
  });

  test('the ink of a line falls from 1 to 0 with the distance, and is cut off at the edge of the image', () => {
    const ink = new Float32Array(25);
    paint(ink, 5, 5, [-3, 2, 9, 2], 1, 1);
    expect([...ink]).toEqual([0, 0.5, 1, 0.5, 0].flatMap((v) => [v, v, v, v, v]));
  });
});
