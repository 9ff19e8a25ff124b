/** What convolution and pooling share: sizes along the height and the width, and inputs with or without a batch. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { Tensor } from '../tensor.ts';

/** Along the height and the width. */
export type Pair = readonly [height: number, width: number];

/** One number for both, or one each. Of a one-dimensional layer, one number. */
export type Size = number | Pair;

/** An option as a pair of whole numbers, none below `least`; in one dim the height gets `least`, which does nothing there. */
export function pair(where: string, name: string, size: Size, least: 0 | 1, dims: 1 | 2): Pair {
  const numbers: readonly number[] = typeof size === 'number' ? [size] : size;
  const fits = typeof size === 'number' || (dims === 2 && numbers.length === 2);
  if (!fits || numbers.some((n) => !Number.isInteger(n) || n < least)) {
    const rule = `${name} must be a whole number of ${least} or more${dims === 2 ? ', or two' : ''}`;
    throw new ValueError(where, rule, Array.isArray(size) ? showShape(numbers) : String(size));
  }
  return dims === 1 ? [least, numbers[0]] : [numbers[0], numbers[numbers.length - 1]];
}

/** f of x as a batch: `rank` counts the batch's dim, which x may lack. */
export function batched(where: string, x: Tensor, rank: number, f: (x: Tensor) => Tensor): Tensor {
  if (x.ndim === rank) return f(x);
  if (x.ndim === rank - 1) return f(x.unsqueeze(0)).squeeze(0);
  throw new ShapeError(where, `the input must have ${rank} dims, or ${rank - 1} without a batch`, showShape(x.shape));
}
