/** Products of many matrices, and distances between many points. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { broadcastShapes } from '../array/nd.ts';
import type { Tensor } from '../tensor.ts';

/**
 * The product of matrices in the order that needs the fewest multiplications; the first may be a row, the last a column,
 * as vectors. PyTorch: `linalg.multi_dot`. `multiDot([ones([2, 9]), ones([9, 1]), ones([1, 9])]).shape // => [ 2, 9 ]`
 * @throws ShapeError when there are fewer than two, or sizes do not fit
 */
export function multiDot(matrices: readonly Tensor[]): Tensor {
  const last = matrices.length - 1;
  if (last < 1) throw new ShapeError('multiDot', 'there must be at least two matrices', `${matrices.length}`);
  const [row, column] = [matrices[0].ndim === 1, matrices[last].ndim === 1];
  const all = matrices.map((x, i) => (row && i === 0 ? x.unsqueeze(0) : column && i === last ? x.unsqueeze(1) : x));
  if (all.some((x, i) => x.ndim !== 2 || (i > 0 && x.shape[0] !== all[i - 1].shape[1]))) {
    const rule = 'all must be matrices (the first and the last may be vectors) whose inner sizes agree';
    throw new ShapeError('multiDot', rule, matrices.map(({ shape }) => showShape(shape)).join(' · '));
  }
  const sizes = [...all.map((x) => x.shape[0]), all[last].shape[1]];

  // cost[i][j]: the fewest multiplications for matrices i … j; cut[i][j]: the last of the left factor.
  const cost = all.map(() => all.map(() => 0));
  const cut = all.map(() => all.map(() => 0));
  for (let length = 1; length <= last; length++) {
    for (let i = 0, j = length; j <= last; i++, j++) {
      cost[i][j] = Infinity;
      for (let k = i; k < j; k++) {
        const total = cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1];
        if (total < cost[i][j]) [cost[i][j], cut[i][j]] = [total, k];
      }
    }
  }
  const of = (i: number, j: number): Tensor => (i === j ? all[i] : of(i, cut[i][j]).matmul(of(cut[i][j] + 1, j)));
  const y = of(0, last);
  return y.reshape([...(row ? [] : [y.shape[0]]), ...(column ? [] : [y.shape[1]])]);
}

/** As multiDot, of matrices one by one; one alone is the product. PyTorch: `torch.chain_matmul`. `chainMatmul(ones([2, 9]), ones([9, 3])).shape // => [ 2, 3 ]` */
export const chainMatmul = (...matrices: Tensor[]): Tensor => {
  const flat = matrices.find((x) => x.ndim !== 2);
  if (flat !== undefined) throw new ShapeError('chainMatmul', 'all must be matrices', showShape(flat.shape));
  return matrices.length === 1 ? matrices[0] : multiDot(matrices);
};

/**
 * Distances (Σ |aᵢ − bᵢ|ᵖ)^(1/p) between all points of a […, n, d] and of b […, m, d]: […, n, m]. For p = ∞ the largest
 * difference, for p = 0 the number of differences. Where points coincide the gradient is 0. PyTorch: `torch.cdist`.
 * `cdist(tensor([[0, 0]]), tensor([[3, 4]])).item() // => 5`
 * @throws ShapeError when the points have different numbers of coordinates; ValueError when p is negative
 */
export function cdist(a: Tensor, b: Tensor, p = 2): Tensor {
  if (a.ndim < 2 || b.ndim < 2 || a.size(-1) !== b.size(-1)) {
    throw new ShapeError('cdist', 'both must be […, points, d] with one d', `${showShape(a.shape)} and ${showShape(b.shape)}`); // prettier-ignore
  }
  if (!(p >= 0)) throw new ValueError('cdist', 'p must be 0 or more', `${p}`);
  broadcastShapes('cdist', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const difference = a.unsqueeze(-2).sub(b.unsqueeze(-3)); // […, n, m, d]
  if (p === 0) return difference.ne(0).sum(-1);
  if (p === 1 || a.size(-1) === 0) return difference.abs().sum(-1);
  if (p === Infinity) return difference.abs().amax(-1);
  // Roots and powers are taken where there is a difference, so that their slopes at 0 play no part.
  const powered = (apart: Tensor): Tensor => difference.abs().where(apart, 1).pow(p).where(apart, 0);
  const sum = (p === 2 ? difference.square() : powered(difference.ne(0))).sum(-1);
  const away = sum.ne(0);
  const safe = sum.where(away, 1);
  return (p === 2 ? safe.sqrt() : safe.pow(1 / p)).where(away, 0);
}
