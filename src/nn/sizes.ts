/** What convolution and pooling share: sizes along one, two or three dims, and inputs with or without a batch. */
import { checkList, checkTensors } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { Tensor } from '../tensor.ts';

/** Along the height and the width. */
export type Pair = readonly [height: number, width: number];

/** One number for all dims, or one each: length; height and width; depth, height and width. */
export type Size = number | readonly number[];

/** How many dims a signal, an image and a volume have beside batch and channels. */
export type Dims = 1 | 2 | 3;

/** An option as whole numbers, one a dim, none below `least`. */
export function sizes(where: string, name: string, size: Size, least: 0 | 1, dims: Dims): number[] {
  if (typeof size !== 'number') checkList(where, `numbers, or one number, for ${name}`, size);
  const numbers = typeof size === 'number' ? Array.from({ length: dims }, () => size) : [...size];
  if (numbers.length !== dims || numbers.some((n) => !Number.isInteger(n) || n < least)) {
    const rule = `${name} must be a whole number of ${least} or more${['', ', or two', ', or three'][dims - 1]}`;
    throw new ValueError(where, rule, typeof size === 'number' ? `${size}` : showShape(size));
  }
  return numbers;
}

/** The last two of a size a dim; a signal is an image of one row, of which `flat` holds. */
export const planar = (numbers: readonly number[], flat: number): Pair =>
  numbers.length === 1 ? [flat, numbers[0]] : [numbers[numbers.length - 2], numbers[numbers.length - 1]];

/** An option of an image, or of a signal as an image of one row: there the height gets `least`, which does nothing. */
export const pair = (where: string, name: string, size: Size, least: 0 | 1, dims: 1 | 2): Pair =>
  planar(sizes(where, name, size, least, dims), least);

/** f of x as a batch: `rank` counts the batch's dim, which x may lack. */
export function batched(where: string, x: Tensor, rank: number, f: (x: Tensor) => Tensor): Tensor {
  checkTensors(where, x);
  if (x.ndim === rank) return f(x);
  if (x.ndim === rank - 1) return f(x.unsqueeze(0)).squeeze(0);
  throw new ShapeError(where, `the input must have ${rank} dims, or ${rank - 1} without a batch`, showShape(x.shape));
}
