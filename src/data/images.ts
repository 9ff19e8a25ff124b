/**
 * Labelled grey images in memory, and the few things that every source of them needs: checking, choosing, splitting.
 * Bytes as a file has them, white on black; no tensors, no files, no drawing.
 */
import { ShapeError, ValueError } from '../array/errors.ts';
import type { Generator } from '../array/random.ts';

/** n grey images of one size: pixel (r, c) of image i is images[(i·rows + r)·columns + c]. */
export interface ImageStack {
  /** n × rows × columns, 0 (black) … 255 (white) */
  readonly images: Uint8Array;
  readonly rows: number;
  readonly columns: number;
}

/** Images, and the class of each; digits are white on black, as in MNIST. */
export interface LabelledImages extends ImageStack {
  /** n class numbers */
  readonly labels: Uint8Array;
}

/**
 * Number of images in a stack.
 * @throws ShapeError when the bytes are not a whole number of images.
 * ```ts
 * import { countImages } from 'adjoint/data';
 * countImages({ images: new Uint8Array(12), rows: 2, columns: 2 }) // => 3
 * ```
 */
export function countImages({ images, rows, columns }: ImageStack): number {
  const pixels = rows * columns;
  if (!Number.isInteger(rows) || !Number.isInteger(columns) || rows < 1 || columns < 1) {
    throw new ShapeError('countImages', 'rows and columns must be whole numbers from 1', `${rows} × ${columns}`);
  }
  if (images.length % pixels !== 0) {
    const got = `${images.length} bytes for images of ${rows} × ${columns}`;
    throw new ShapeError('countImages', 'the bytes must be a whole number of images', got);
  }
  return images.length / pixels;
}

/**
 * The images at some positions, in that order; a copy.
 * @param which positions from 0 to n−1; one may come twice
 * @throws ShapeError when images and labels differ in number; ValueError for a position out of range.
 * ```ts
 * import { selectImages } from 'adjoint/data';
 * const data = { images: Uint8Array.of(10, 20, 30), labels: Uint8Array.of(1, 2, 3), rows: 1, columns: 1 };
 * selectImages(data, [2, 0]).labels // => Uint8Array(2) [ 3, 1 ]
 * ```
 */
export function selectImages(data: LabelledImages, which: ArrayLike<number>): LabelledImages {
  const n = checkLabels('selectImages', data);
  const pixels = data.rows * data.columns;
  const images = new Uint8Array(which.length * pixels);
  const labels = new Uint8Array(which.length);
  for (let i = 0; i < which.length; i++) {
    const from = which[i];
    checkPosition('selectImages', from, n);
    images.set(data.images.subarray(from * pixels, (from + 1) * pixels), i * pixels);
    labels[i] = data.labels[from];
  }
  return { images, labels, rows: data.rows, columns: data.columns };
}

/**
 * Shuffles, then splits: the first `count` to train on, the rest held back. Each image is in exactly one of the two.
 * @param count how many to train on, 0 … n
 * @throws ShapeError when images and labels differ in number; ValueError when `count` is out of range.
 * ```ts
 * import { Generator } from 'adjoint';
 * import { drawDigits, splitImages } from 'adjoint/data';
 * const { train, heldBack } = splitImages(drawDigits(100, new Generator(1)), 80, new Generator(2));
 * [train.labels.length, heldBack.labels.length] // => [ 80, 20 ]
 * ```
 */
export function splitImages(
  data: LabelledImages,
  count: number,
  generator: Generator,
): { train: LabelledImages; heldBack: LabelledImages } {
  const n = checkLabels('splitImages', data);
  if (!Number.isInteger(count) || count < 0 || count > n) {
    throw new ValueError(
      'splitImages',
      `count must be a whole number from 0 to ${n}, the number of images`,
      `${count}`,
    );
  }
  const order = generator.permutation(n);
  return { train: selectImages(data, order.slice(0, count)), heldBack: selectImages(data, order.slice(count)) };
}

/**
 * Bytes 0 … 255 as numbers 0 … 1; the same shape, a copy. What a network is given when nothing is warped.
 * ```ts
 * import { toUnit } from 'adjoint/data';
 * toUnit(Uint8Array.of(0, 51, 255))[2] // => 1
 * ```
 */
export function toUnit(images: Uint8Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(images.length);
  for (let i = 0; i < out.length; i++) out[i] = images[i] / 255;
  return out;
}

/** Refuses a position that is not one of n images. */
export function checkPosition(where: string, position: number, n: number): void {
  if (!Number.isInteger(position) || position < 0 || position >= n) {
    throw new ValueError(where, `a position must be a whole number from 0 to ${n - 1}`, `${position}`);
  }
}

function checkLabels(where: string, data: LabelledImages): number {
  const n = countImages(data);
  if (data.labels.length !== n) {
    throw new ShapeError(where, 'each image must have one label', `${n} images and ${data.labels.length} labels`);
  }
  return n;
}
