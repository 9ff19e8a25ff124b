/** Tensors side by side. */
import { ShapeError, showShape } from '../array/errors.ts';
import { zerosNd } from '../array/nd.ts';
import { concat, type Tensor } from '../tensor.ts';

/** x with dims of size 1 in front until there are n; 3 put the last one behind, as `torch.atleast_3d`. */
function atLeast(n: 1 | 2 | 3, x: Tensor): Tensor {
  if (x.ndim >= n) return x;
  return n === 3 ? atLeast(2, x).unsqueeze(-1) : atLeast(n, x.unsqueeze(0));
}

/** Side by side: along dim 1, or dim 0 of vectors. `hstack([tensor([1]), tensor([2, 3])]) // => Tensor[3] [1, 2, 3]` */
export const hstack = (tensors: readonly Tensor[]): Tensor => {
  const all = tensors.map((x) => atLeast(1, x));
  return concat(all, all[0]?.ndim === 1 ? 0 : 1);
};

/** One below the other: along dim 0, vectors as rows. `vstack([tensor([1, 2]), tensor([3, 4])]).toArray() // => [ [ 1, 2 ], [ 3, 4 ] ]` */
export const vstack = (tensors: readonly Tensor[]): Tensor => concat(tensors.map((x) => atLeast(2, x)), 0); // prettier-ignore

/** One behind the other: along dim 2. `dstack([tensor([1, 2]), tensor([3, 4])]).shape // => [ 1, 2, 2 ]` */
export const dstack = (tensors: readonly Tensor[]): Tensor => concat(tensors.map((x) => atLeast(3, x)), 2); // prettier-ignore

/** Side by side along dim 1, numbers and vectors as columns. `columnStack([tensor([1, 2]), tensor([3, 4])]).toArray() // => [ [ 1, 3 ], [ 2, 4 ] ]` */
export const columnStack = (tensors: readonly Tensor[]): Tensor =>
  concat(tensors.map((x) => (x.ndim < 2 ? x.reshape([x.numel(), 1]) : x)), 1); // prettier-ignore

/**
 * Matrices one after another along the diagonal, zeros elsewhere; a vector is a row. PyTorch: `torch.block_diag`.
 * `blockDiag(tensor([[1, 2]]), tensor(3)).toArray() // => [ [ 1, 2, 0 ], [ 0, 0, 3 ] ]`
 * @throws ShapeError when one has more than 2 dims
 */
export function blockDiag(...tensors: readonly Tensor[]): Tensor {
  const blocks = tensors.map((x) => {
    if (x.ndim > 2) throw new ShapeError('blockDiag', 'all must have at most 2 dims', showShape(x.shape));
    return atLeast(2, x);
  });
  const columns = blocks.reduce((n, x) => n + x.shape[1], 0);
  let left = 0;
  const rows = blocks.map((x) => {
    const [n, m] = x.shape;
    const before = x.wrap(zerosNd(x.dtype, [n, left]));
    left += m;
    return concat([before, x, x.wrap(zerosNd(x.dtype, [n, columns - left]))], 1);
  });
  return concat(rows, 0);
}
