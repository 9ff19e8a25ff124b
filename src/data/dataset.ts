/**
 * Data sets: items that have a number. What an item is, a picture and its label or a pair of texts, is up to the set.
 */
import { checkTensors } from '../array/checks.ts';
import { ShapeError, ValueError, showShape } from '../array/errors.ts';
import { nd } from '../array/nd.ts';
import { Generator } from '../array/random.ts';
import { Tensor } from '../tensor.ts';
import { countImages, toUnit, type LabelledImages } from './images.ts';

/**
 * Items 0 … length − 1. `get` may return a promise. What it draws at random it draws from `random`, which a DataLoader
 * seeds for each item of each epoch: so a run that goes on from a saved place sees the same copies.
 */
export interface Dataset<T> {
  readonly length: number;
  get(index: number, random: Generator): T;
}

/** An item without its promise. */
export type Item<T> = T extends PromiseLike<infer U> ? U : T;

/** Refuses a number that is no item's. */
export function checkItem(where: string, index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new ValueError(where, `an item's number must be whole, from 0 to ${length - 1}`, `${index}`);
  }
}

/**
 * The rows of tensors of one length: item i is [x[i], y[i], …]. PyTorch: `TensorDataset`.
 * ```ts
 * import { arange, Generator } from 'adjoint';
 * import { tensorDataset } from 'adjoint/data';
 * const set = tensorDataset(arange(6).reshape([3, 2]), arange(3));
 * console.log(set.length, set.get(1, new Generator()).map((x) => x.toArray())); // => 3 [ [ 2, 3 ], 1 ]
 * ```
 * @throws ShapeError when there is no tensor, one is 0-d, or they differ in length
 */
export function tensorDataset<T extends readonly Tensor[]>(
  ...tensors: T
): Dataset<{ -readonly [K in keyof T]: Tensor }> {
  checkTensors('tensorDataset', ...tensors);
  const lengths = tensors.map((x) => x.shape[0]);
  if (tensors.length === 0 || lengths.some((n) => n === undefined || n !== lengths[0])) {
    const got = tensors.map((x) => showShape(x.shape)).join(' and ') || 'none';
    throw new ShapeError('tensorDataset', 'there must be tensors of one length along dim 0', got);
  }
  return {
    length: lengths[0],
    get: (index) => {
      checkItem('tensorDataset', index, lengths[0]);
      return tensors.map((x) => x.select(0, index).detach()) as { -readonly [K in keyof T]: Tensor };
    },
  };
}

/**
 * The items of a list.
 * ```ts
 * import { items, listDataset } from 'adjoint/data';
 * console.log(items(listDataset(['a', 'b']))); // => [ 'a', 'b' ]
 * ```
 */
export const listDataset = <T>(items: readonly T[]): Dataset<T> => ({
  length: items.length,
  get: (index) => {
    checkItem('listDataset', index, items.length);
    return items[index];
  },
});

/**
 * Grey images with their labels: item i is [image [1, rows, columns] of numbers 0 … 1, label].
 * ```ts
 * import { Generator } from 'adjoint';
 * import { DataLoader, drawDigits, imageDataset, mapDataset, randomRotation } from 'adjoint/data';
 * const turn = randomRotation(10);
 * const digits = imageDataset(drawDigits(64, new Generator(1)));
 * const turned = mapDataset(digits, ([image, label], random) => [turn(image, random), label]);
 * for (const [x, y] of new DataLoader(turned, { batchSize: 32 })) console.log(x.shape, y.shape); // => [ 32, 1, 28, 28 ] [ 32 ] [ 32, 1, 28, 28 ] [ 32 ]
 * ```
 * @throws ShapeError when the bytes are not whole images, or images and labels differ in number
 */
export function imageDataset({
  images,
  labels,
  rows,
  columns,
}: LabelledImages): Dataset<[image: Tensor, label: number]> {
  const length = countImages({ images, rows, columns });
  if (labels.length !== length) {
    const got = `${length} images and ${labels.length} labels`;
    throw new ShapeError('imageDataset', 'each image must have one label', got);
  }
  const area = rows * columns;
  return {
    length,
    get: (index) => {
      checkItem('imageDataset', index, length);
      const pixels = toUnit(images.subarray(index * area, (index + 1) * area));
      return [new Tensor(nd(pixels, [1, rows, columns])), labels[index]];
    },
  };
}

/**
 * Windows of a long row of tokens, for a language model: item i is [tokens i … i+T−1, the tokens that follow each].
 * ```ts
 * import { Generator } from 'adjoint';
 * import { windowDataset } from 'adjoint/data';
 * const set = windowDataset([5, 6, 7, 8], 2);
 * console.log(set.length, set.get(1, new Generator())); // => 2 [ [ 6, 7 ], [ 7, 8 ] ]
 * ```
 * @param T the length of a window
 * @throws ValueError when there is no window of that length with a token behind it
 */
export function windowDataset(tokens: ArrayLike<number>, T: number): Dataset<[x: number[], y: number[]]> {
  const length = tokens.length - T;
  if (!Number.isInteger(T) || T < 1 || length < 1) {
    const got = `${T} in ${tokens.length} tokens`;
    throw new ValueError('windowDataset', 'a window must be a whole number from 1, with a token behind it', got);
  }
  const slice = (start: number): number[] => Array.from({ length: T }, (_, i) => tokens[start + i]);
  return {
    length,
    get: (index) => {
      checkItem('windowDataset', index, length);
      return [slice(index), slice(index + 1)];
    },
  };
}

/**
 * Each item through a function, when it is asked for: where augmentation stands.
 * ```ts
 * import { DataLoader, listDataset, mapDataset } from 'adjoint/data';
 * const noisy = mapDataset(listDataset([10, 20]), (x, random) => x + random.uniform(-1, 1));
 * for (const batch of new DataLoader(noisy, { batchSize: 2 })) console.log(batch.round().shape); // => [ 2 ]
 * ```
 */
export function mapDataset<T, U>(set: Dataset<T>, f: (item: Item<T>, random: Generator) => U): Dataset<Mapped<T, U>> {
  return {
    length: set.length,
    get: (index, random) => {
      const item = set.get(index, random);
      const mapped = isReady(item) ? f(item, random) : (item as PromiseLike<Item<T>>).then((value) => f(value, random));
      return mapped as Mapped<T, U>;
    },
  };
}

/** What mapping gives: a promise where the item was one. */
export type Mapped<T, U> = T extends PromiseLike<unknown> ? Promise<Item<U>> : U;

/** Whether it is an item already, and not a promise of one. */
export const isReady = <T>(value: T): value is T & Item<T> =>
  typeof (value as { then?: unknown } | null | undefined)?.then !== 'function';

/**
 * Some items of a set, in the order given. PyTorch: `Subset`.
 * ```ts
 * import { items, listDataset, subset } from 'adjoint/data';
 * console.log(items(subset(listDataset(['a', 'b', 'c']), [2, 0]))); // => [ 'c', 'a' ]
 * ```
 * @throws ValueError for a number that is no item's
 */
export function subset<T>(set: Dataset<T>, indices: readonly number[]): Dataset<T> {
  for (const index of indices) checkItem('subset', index, set.length);
  return {
    length: indices.length,
    get: (index, random) => {
      checkItem('subset', index, indices.length);
      return set.get(indices[index], random);
    },
  };
}

/** All items of a set, one after the other, without a loader. Promises are not awaited. */
export const items = <T>(set: Dataset<T>, random: Generator = new Generator()): T[] =>
  Array.from({ length: set.length }, (_, i) => set.get(i, random));
