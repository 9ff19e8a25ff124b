/** Choosing and splitting labelled images. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { Generator } from '../../src/array/random.ts';
import { countImages, selectImages, splitImages, toUnit } from '../../src/data/images.ts';
import type { LabelledImages } from '../../src/data/images.ts';

/** Image i is filled with i, and its label is i % 10. */
const numbered = (n: number): LabelledImages => ({
  images: Uint8Array.from({ length: n * 6 }, (_, p) => Math.floor(p / 6)),
  labels: Uint8Array.from({ length: n }, (_, i) => i % 10),
  rows: 2,
  columns: 3,
});

const namesOf = ({ images }: LabelledImages): number[] => [...images].filter((_, p) => p % 6 === 0);

describe('splitImages', () => {
  test('is a partition: each image is in exactly one part, with its own label', () => {
    const { train, heldBack } = splitImages(numbered(50), 35, new Generator(1));
    expect([train.labels.length, heldBack.labels.length]).toEqual([35, 15]);
    const names = [...namesOf(train), ...namesOf(heldBack)];
    expect([...names].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    for (const part of [train, heldBack]) {
      expect([part.rows, part.columns]).toEqual([2, 3]);
      expect([...part.labels]).toEqual(namesOf(part).map((i) => i % 10));
    }
  });

  test('shuffles as the seed says', () => {
    const order = (seed: number): number[] => namesOf(splitImages(numbered(50), 35, new Generator(seed)).train);
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
    expect(order(1)).not.toEqual([...order(1)].sort((a, b) => a - b));
  });

  test('may give everything to one part', () => {
    expect(splitImages(numbered(4), 4, new Generator(1)).heldBack.images.length).toBe(0);
    expect(splitImages(numbered(4), 0, new Generator(1)).train.labels.length).toBe(0);
  });

  test.each([-1, 5, 1.5, NaN])('a count of %d from 4 images is refused', (count) => {
    const split = (): unknown => splitImages(numbered(4), count, new Generator(1));
    expect(split).toThrow(ValueError);
    expect(split).toThrow(`count must be a whole number from 0 to 4, the number of images, got ${count}`);
  });

  test('images and labels that differ in number are refused', () => {
    const data = { ...numbered(4), labels: new Uint8Array(3) };
    expect(() => splitImages(data, 2, new Generator(1))).toThrow(
      'each image must have one label, got 4 images and 3 labels',
    );
  });
});

describe('selectImages', () => {
  test('takes positions in their order, also twice, and copies', () => {
    const data = numbered(5);
    const chosen = selectImages(data, [3, 0, 3]);
    expect(namesOf(chosen)).toEqual([3, 0, 3]);
    chosen.images.fill(99);
    expect(data.images).not.toContain(99);
  });

  test.each([-1, 5, 0.5])('position %d of 5 is refused', (position) => {
    expect(() => selectImages(numbered(5), [position])).toThrow(ValueError);
  });
});

describe('countImages and toUnit', () => {
  test('bytes that are not a whole number of images are refused', () => {
    expect(countImages({ images: new Uint8Array(12), rows: 2, columns: 3 })).toBe(2);
    expect(() => countImages({ images: new Uint8Array(13), rows: 2, columns: 3 })).toThrow(ShapeError);
    expect(() => countImages({ images: new Uint8Array(0), rows: 0, columns: 3 })).toThrow(ShapeError);
  });

  test('bytes become numbers from 0 to 1', () => {
    expect([...toUnit(Uint8Array.of(0, 51, 255))]).toEqual([0, Math.fround(0.2), 1]);
  });
});
