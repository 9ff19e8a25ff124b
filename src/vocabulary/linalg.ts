/** Linear algebra that is made of other methods: products. */
import { checkTensors } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { broadcastShapes, sameShape, wrapDim, zerosNd } from '../array/nd.ts';
import type { Tensor } from '../tensor.ts';
import { Reductions } from './reductions.ts';

/** alpha·product + beta·this; where beta is 0, this has no part, NaN in it neither. */
export interface Factors {
  readonly beta?: number;
  readonly alpha?: number;
}

// prettier-ignore
export abstract class LinearAlgebra extends Reductions {
  /** Product of two matrices, [n, k]·[k, m]. `eye(2).mm(ones([2, 3])).shape // => [ 2, 3 ]` */
  mm(this: Tensor, other: Tensor): Tensor { return product('mm', this, other, 2, 2); }
  /** Products of as many pairs of matrices, [b, n, k]·[b, k, m]. `ones([4, 2, 3]).bmm(ones([4, 3, 5])).shape // => [ 4, 2, 5 ]` */
  bmm(this: Tensor, other: Tensor): Tensor { return product('bmm', this, other, 3, 3); }
  /** Matrix times vector, [n, k]·[k]. `tensor([[1, 2], [3, 4]]).mv(tensor([1, 1])) // => Tensor[2] [3, 7]` */
  mv(this: Tensor, vector: Tensor): Tensor { return product('mv', this, vector, 2, 1); }
  /** Σ xᵢ·yᵢ of two vectors. `tensor([1, 2]).dot(tensor([3, 4])) // => Tensor[] 11` */
  dot(this: Tensor, other: Tensor): Tensor { return product('dot', this, other, 1, 1); }
  /** Sums of products over the last dims: […a, k] and […b, k] to […a, …b]; of a number, the product. `tensor([1, 2]).inner(tensor([3, 4])) // => Tensor[] 11` */
  inner(this: Tensor, other: Tensor): Tensor {
    if (this.ndim === 0 || other.ndim === 0) return this.mul(other);
    const [a, b, k] = [this.shape.slice(0, -1), other.shape.slice(0, -1), this.size(-1)];
    if (other.size(-1) !== k) {
      throw new ShapeError('inner', 'the last sizes must agree', `${showShape(this.shape)} and ${showShape(other.shape)}`);
    }
    const rows = (x: Tensor): Tensor => x.reshape([x.shape.slice(0, -1).reduce((n, size) => n * size, 1), k]);
    return rows(this).matmul(rows(other).mT).reshape([...a, ...b]);
  }
  /** xᵢ·yⱼ: [m] and [n] to [m, n]. `tensor([1, 2]).outer(tensor([3, 4])).toArray() // => [ [ 3, 4 ], [ 6, 8 ] ]` */
  outer(this: Tensor, other: Tensor): Tensor {
    if (this.ndim !== 1 || other.ndim !== 1) {
      throw new ShapeError('outer', 'both must have one dim', `${showShape(this.shape)} and ${showShape(other.shape)}`);
    }
    return this.unsqueeze(1).mul(other);
  }

  /** β·this + α·a·b of matrices. `ones([2]).addmm(eye(2), eye(2), { alpha: 3 }).toArray() // => [ [ 4, 1 ], [ 1, 4 ] ]` */
  addmm(this: Tensor, a: Tensor, b: Tensor, factors: Factors = {}): Tensor { return plus('addmm', this, product('addmm', a, b, 2, 2), factors); }
  /** β·this + α·a·v of a matrix and a vector. `ones([2]).addmv(eye(2), tensor([1, 2])) // => Tensor[2] [2, 3]` */
  addmv(this: Tensor, a: Tensor, v: Tensor, factors: Factors = {}): Tensor { return plus('addmv', this, product('addmv', a, v, 2, 1), factors); }
  /** β·this + α·aᵢ·bᵢ for each pair of matrices. `zeros([]).baddbmm(ones([4, 2, 3]), ones([4, 3, 5])).shape // => [ 4, 2, 5 ]` */
  baddbmm(this: Tensor, a: Tensor, b: Tensor, factors: Factors = {}): Tensor { return plus('baddbmm', this, product('baddbmm', a, b, 3, 3), factors); }
  /** β·this + α·Σ aᵢ·bᵢ over pairs of matrices. `zeros([]).addbmm(ones([4, 2, 3]), ones([4, 3, 5])).shape // => [ 2, 5 ]` */
  addbmm(this: Tensor, a: Tensor, b: Tensor, factors: Factors = {}): Tensor { return plus('addbmm', this, product('addbmm', a, b, 3, 3).sum(0), factors); }
  /** β·this + α·v·wᵀ of vectors. `ones([2, 2]).addr(tensor([1, 2]), tensor([1, 0])).toArray() // => [ [ 2, 1 ], [ 3, 1 ] ]` */
  addr(this: Tensor, v: Tensor, w: Tensor, factors: Factors = {}): Tensor { return plus('addr', this, v.outer(w), factors); }

  /** Kronecker product: each element of this times all of other. `eye(2).kron(ones([1, 2])).toArray() // => [ [ 1, 1, 0, 0 ], [ 0, 0, 1, 1 ] ]` */
  kron(this: Tensor, other: Tensor): Tensor {
    const rank = Math.max(this.ndim, other.ndim);
    const sizes = (x: Tensor): number[] => [...Array.from({ length: rank - x.ndim }, () => 1), ...x.shape];
    const [a, b] = [sizes(this), sizes(other)];
    const apart = this.reshape(a.flatMap((n) => [n, 1])).mul(other.reshape(b.flatMap((n) => [1, n]))); // [a₀, b₀, a₁, b₁, …]
    return apart.reshape(a.map((n, d) => n * b[d]));
  }
  /**
   * Square matrices to a whole power, by repeated squaring; a negative one of the inverse. `tensor([[1, 1], [0, 1]]).matrixPower(5).toArray() // => [ [ 1, 5 ], [ 0, 1 ] ]`
   * @throws ShapeError when they are not square; ValueError when n is no whole number, or the inverse does not exist
   */
  matrixPower(this: Tensor, n: number): Tensor {
    square('matrixPower', this);
    if (!Number.isInteger(n)) throw new ValueError('matrixPower', 'the power must be a whole number', `${n}`);
    if (n < 0) return this.inverse().matrixPower(-n);
    if (n === 0) return unitOf(this).expand(this.shape).clone();
    if (n === 1) return this;
    const half = this.matrixPower(Math.floor(n / 2));
    return n % 2 === 0 ? half.matmul(half) : half.matmul(half).matmul(this);
  }
  /** Σ of the diagonal of a matrix. `tensor([[1, 2], [3, 4]]).trace() // => Tensor[] 5` */
  trace(this: Tensor): Tensor {
    if (this.ndim !== 2) throw new ShapeError('trace', 'there must be 2 dims', showShape(this.shape));
    return this.diagonal().sum();
  }
  /** Vector product along a dim of size 3, which is the last unless another is named; the other dims broadcast. PyTorch: `linalg.cross`. `tensor([1, 0, 0]).cross(tensor([0, 1, 0])) // => Tensor[3] [0, 0, 1]` */
  cross(this: Tensor, other: Tensor, dim = -1): Tensor {
    const shape = broadcastShapes('cross', this.shape, other.shape);
    const d = wrapDim('cross', dim, shape.length);
    if (this.ndim !== other.ndim || this.shape[d] !== 3 || other.shape[d] !== 3) {
      throw new ShapeError('cross', `both must have as many dims, and size 3 at dim ${dim}`, `${showShape(this.shape)} and ${showShape(other.shape)}`);
    }
    return this.roll(-1, d).mul(other.roll(-2, d)).sub(this.roll(-2, d).mul(other.roll(-1, d))); // a₁b₂ − a₂b₁, …
  }
}

/** a·b of tensors with so many dims; batches of one size. */
function product(where: string, a: Tensor, b: Tensor, ranks: number, others: number): Tensor {
  checkTensors(where, a, b);
  const inner = b.shape[Math.max(0, b.ndim - 2)];
  const fits = a.ndim === ranks && b.ndim === others && a.shape[a.ndim - 1] === inner;
  if (!fits || (ranks === 3 && a.shape[0] !== b.shape[0])) {
    const what = ranks === 3 ? 'batches of one size' : 'inner sizes that agree';
    throw new ShapeError(
      where,
      `they must have ${ranks} and ${others} dims, and ${what}`,
      `${showShape(a.shape)} · ${showShape(b.shape)}`,
    );
  }
  return a.matmul(b);
}

function plus(where: string, x: Tensor, product: Tensor, { beta = 1, alpha = 1 }: Factors): Tensor {
  if (!sameShape(broadcastShapes(where, x.shape, product.shape), product.shape)) {
    throw new ShapeError(
      where,
      `what is added to must broadcast to the product's shape ${showShape(product.shape)}`,
      showShape(x.shape),
    );
  }
  const scaled = alpha === 1 ? product : product.mul(alpha);
  if (beta === 0) return scaled;
  return scaled.add(beta === 1 ? x : x.mul(beta));
}

/** Refuses what is not […, n, n]. */
export function square(where: string, a: Tensor): void {
  if (a.ndim < 2 || a.size(-1) !== a.size(-2))
    throw new ShapeError(where, 'matrices must be square', showShape(a.shape));
}

/** The unit matrix, as large as those of a. */
function unitOf(a: Tensor): Tensor {
  const n = a.size(-1);
  const unit = zerosNd(a.dtype, [n, n]);
  for (let i = 0; i < n; i++) unit.data[i * (n + 1)] = 1;
  return a.wrap(unit);
}
