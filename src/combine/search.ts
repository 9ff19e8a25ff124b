/** Where values belong in sorted lines. */
import { ShapeError, showShape } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import { full } from '../create.ts';
import * as ops from '../ops/index.ts';
import { apply, type Operand, type Tensor } from '../tensor.ts';

/**
 * For each value the place in `sorted` before which it could stand: the first element that is not below it or, from the
 * right, the first that is above. `sorted` is one rising line, or as many as values has: […, n] for values […, m].
 * NaN is the largest number. PyTorch: `torch.searchsorted`.
 * `searchsorted(tensor([1, 3, 5]), tensor([3, 4])) // => Tensor[2] [1, 2]`
 * @throws ShapeError when the leading sizes differ
 */
export function searchsorted(sorted: Tensor, values: Operand, { right = false } = {}): Tensor {
  const asked = typeof values === 'number' ? full([], values, { dtype: sorted.dtype }) : values;
  const lines = sorted.shape.slice(0, -1);
  if (sorted.ndim === 0 || (sorted.ndim > 1 && (asked.ndim === 0 || !sameShape(lines, asked.shape.slice(0, -1))))) {
    throw new ShapeError(
      'searchsorted',
      'the sorted tensor must be one line, or have all sizes but the last of the values',
      `${showShape(sorted.shape)} for ${showShape(asked.shape)}`,
    );
  }
  return apply(ops.searchsorted, sorted, asked, right);
}

/**
 * The bucket of each value between rising boundaries: boundaries[i−1] < value ≤ boundaries[i] or, from the right,
 * boundaries[i−1] ≤ value < boundaries[i]. PyTorch: `torch.bucketize`. `bucketize(tensor([0, 3, 9]), tensor([1, 3, 5])) // => Tensor[3] [0, 1, 3]`
 */
export function bucketize(values: Operand, boundaries: Tensor, options: { right?: boolean } = {}): Tensor {
  if (boundaries.ndim !== 1) {
    throw new ShapeError('bucketize', 'the boundaries must have one dim', showShape(boundaries.shape));
  }
  return searchsorted(boundaries, values, options);
}
