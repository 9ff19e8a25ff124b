/** Determinants, inverses, linear systems and Cholesky factors of batches of small matrices. */
import { checkTensors } from '../array/checks.ts';
import { dense } from '../array/dense.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { broadcastShapes, sameShape, sizeOf } from '../array/nd.ts';
import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import { LinearAlgebra, square } from './linalg.ts';

// prettier-ignore
export abstract class Decompositions extends LinearAlgebra {
  /** The determinant of each matrix […, n, n]; its gradients hold for singular ones too. `tensor([[1, 2], [3, 4]]).det() // => Tensor[] -2` */
  det(this: Tensor): Tensor {
    square('det', this);
    return this.apply(ops.det, this);
  }
  /** Sign and log |det|, for determinants that over- or underflow; 0 and −∞ of a singular matrix. `eye(3).mul(1e20).slogdet().logabsdet // => Tensor[] 138.1551` */
  slogdet(this: Tensor): { sign: Tensor; logabsdet: Tensor } {
    square('slogdet', this);
    return { sign: this.apply(ops.detSign, this), logabsdet: this.apply(ops.logabsdet, this) };
  }
  /**
   * The inverse of each matrix […, n, n]. `tensor([[2, 0], [0, 4]]).inverse().toArray() // => [ [ 0.5, 0 ], [ 0, 0.25 ] ]`
   * @throws ShapeError when they are not square; ValueError when one is singular
   */
  inverse(this: Tensor): Tensor {
    square('inverse', this);
    return found('inverse', this, this.apply(ops.inverse, this));
  }
  /** Another name of `inverse`. PyTorch: `linalg.inv`. `eye(2).mul(2).inv().toArray() // => [ [ 0.5, 0 ], [ 0, 0.5 ] ]` */
  inv(this: Tensor): Tensor { return this.inverse(); }
  /**
   * X with A·X = B, for A this, […, n, n], and B […, n, m] (or vectors […, n], one for each matrix); batches broadcast.
   * PyTorch: `linalg.solve`. `tensor([[2, 0], [0, 4]]).solve(tensor([2, 2])) // => Tensor[2] [1.0000, 0.5000]`
   * @throws ShapeError when the sizes do not fit; ValueError when a matrix is singular
   */
  solve(this: Tensor, b: Tensor): Tensor {
    square('solve', this);
    checkTensors('solve', b);
    if (b.ndim === 1 || (b.ndim === this.ndim - 1 && sameShape(b.shape, this.shape.slice(0, -1)))) {
      return this.solve(b.unsqueeze(-1)).squeeze(-1);
    }
    systems('solve', this, b);
    return found('solve', this, this.apply(ops.solve, this, b));
  }
  /** As `solve`, of the lower triangle of this, or the upper one; the rest is not read. PyTorch: `linalg.solve_triangular`. `tensor([[2, 9], [1, 1]]).solveTriangular(ones([2, 1])).toArray() // => [ [ 0.5 ], [ 0.5 ] ]` */
  solveTriangular(this: Tensor, b: Tensor, { upper = false } = {}): Tensor {
    square('solveTriangular', this);
    checkTensors('solveTriangular', b);
    systems('solveTriangular', this, b);
    return this.apply(ops.solveTriangular, this, b, upper);
  }
  /**
   * The lower triangle L with L·Lᵀ = A, of symmetric matrices […, n, n] (of others, of their symmetric part).
   * PyTorch: `linalg.cholesky`. `tensor([[4, 2], [2, 2]]).cholesky().toArray() // => [ [ 2, 0 ], [ 1, 1 ] ]`
   * @throws ShapeError when they are not square; ValueError when one is not positive definite
   */
  cholesky(this: Tensor): Tensor {
    square('cholesky', this);
    const l = this.apply(ops.cholesky, this);
    if (!finite(l) && finite(this)) throw new ValueError('cholesky', 'matrices must be positive definite', 'one that is not');
    return l;
  }
}

/** B must be […, n, m] for A […, n, n]. */
function systems(where: string, a: Tensor, b: Tensor): void {
  if (b.ndim < 2 || b.size(-2) !== a.size(-1)) {
    throw new ShapeError(
      where,
      `there must be as many rows on the right, ${a.size(-1)}`,
      `${showShape(b.shape)} for ${showShape(a.shape)}`,
    );
  }
  broadcastShapes(where, a.shape.slice(0, -2), b.shape.slice(0, -2));
}

function finite(x: Tensor): boolean {
  const { data, offset } = dense(x.nd);
  for (let i = offset, end = offset + sizeOf(x.shape); i < end; i++) if (!Number.isFinite(data[i])) return false;
  return true;
}

/** What was found for a, unless a is singular: then it is not finite. */
function found(where: string, a: Tensor, y: Tensor): Tensor {
  if (!finite(y)) {
    const at = a.detach().slogdet().sign.flatten().eq(0);
    if (at.any().item() === 1)
      throw new ValueError(where, 'matrices must have an inverse', `a singular one at place ${at.argmax().item()}`);
  }
  return y;
}
