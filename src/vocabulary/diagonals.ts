/** Diagonals and triangles of matrices, made of other methods. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { wrapDim, zerosNd } from '../array/nd.ts';
import type { Walk } from '../array/views.ts';
import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import { Shapes } from './shapes.ts';

// prettier-ignore
export abstract class Diagonals extends Shapes {
  /**
   * The elements (i, i + offset) of two dims, as a new last dim. A view.
   * `arange(6).reshape([2, 3]).diagonal(1) // => Tensor[2] [1, 5]`
   */
  diagonal(this: Tensor, offset = 0, dim1 = 0, dim2 = 1): Tensor {
    const [p, q] = twoDims('diagonal', this.ndim, dim1, dim2);
    return this.apply(ops.lattice, this, ...diagonalOf('diagonal', this.shape, offset, p, q));
  }
  /** A vector on the diagonal of a matrix of zeros, or the diagonal of a matrix. `tensor([1, 2]).diag().toArray() // => [ [ 1, 0 ], [ 0, 2 ] ]` */
  diag(this: Tensor, diagonal = 0): Tensor {
    if (this.ndim !== 1 && this.ndim !== 2) throw new ShapeError('diag', 'there must be 1 or 2 dims', showShape(this.shape));
    return this.ndim === 1 ? this.diagEmbed(diagonal) : this.diagonal(diagonal);
  }
  /** Matrices of zeros with the last dim on their diagonals, the adjoint of `diagonal`. `tensor([1, 2]).diagEmbed(1).shape // => [ 3, 3 ]` */
  diagEmbed(this: Tensor, offset = 0, dim1 = -2, dim2 = -1): Tensor {
    if (this.ndim === 0) throw new ShapeError('diagEmbed', 'there must be at least one dim', '[]');
    const [p, q] = twoDims('diagEmbed', this.ndim + 1, dim1, dim2);
    const n = this.size(-1) + Math.abs(offset);
    const others = this.shape.slice(0, -1);
    const shape = Array.from({ length: this.ndim + 1 }, (_, d) => (d === p || d === q ? n : others.shift()!));
    return this.apply(ops.unlattice, this, ...diagonalOf('diagEmbed', shape, offset, p, q), shape);
  }
  /** The lower triangle of the last two dims, zeros above diagonal k. `ones([2, 2]).tril().toArray() // => [ [ 1, 0 ], [ 1, 1 ] ]` */
  tril(this: Tensor, k = 0): Tensor { return triangle('tril', this, k, (edge) => [0, edge]); }
  /** The upper triangle of the last two dims, zeros below diagonal k. `ones([2, 2]).triu().toArray() // => [ [ 1, 1 ], [ 0, 1 ] ]` */
  triu(this: Tensor, k = 0): Tensor { return triangle('triu', this, k - 1, (edge, m) => [edge, m]); }
}

function twoDims(where: string, rank: number, dim1: number, dim2: number): [number, number] {
  if (rank < 2) throw new ShapeError(where, 'there must be at least 2 dims', `${rank}`);
  const [p, q] = [wrapDim(where, dim1, rank), wrapDim(where, dim2, rank)];
  if (p === q) throw new ShapeError(where, 'the two dims must differ', `${dim1} and ${dim2}`);
  return [p, q];
}

const wholeNumber = (where: string, x: number): number => {
  if (!Number.isInteger(x)) throw new ValueError(where, 'a diagonal must be a whole number', `${x}`);
  return x;
};

/** Where a diagonal of two dims begins, and how it and the other dims go. */
function diagonalOf(
  where: string,
  shape: readonly number[],
  offset: number,
  p: number,
  q: number,
): [start: number[], walks: Walk[]] {
  const [down, right] = [Math.max(0, -wholeNumber(where, offset)), Math.max(0, offset)];
  const size = Math.max(0, Math.min(shape[p] - down, shape[q] - right));
  const others = shape.map((_, d) => d).filter((d) => d !== p && d !== q);
  const steps = (...dims: number[]): number[] => shape.map((_, d) => (dims.includes(d) ? 1 : 0));
  return [
    shape.map((_, d) => (d === p ? down : d === q ? right : 0)),
    [...others.map((d) => ({ size: shape[d], steps: steps(d) })), { size, steps: steps(p, q) }],
  ];
}

/** x where it is kept, else 0: of row i, the range that `kept` gives for the columns up to diagonal k, i + k + 1 of m. */
function triangle(where: string, x: Tensor, k: number, kept: (edge: number, m: number) => [number, number]): Tensor {
  if (x.ndim < 2) throw new ShapeError(where, 'there must be at least 2 dims', showShape(x.shape));
  wholeNumber(where, k);
  const [n, m] = x.shape.slice(-2);
  const mask = zerosNd(x.dtype, [n, m]);
  for (let i = 0; i < n; i++) {
    const [from, to] = kept(Math.min(m, Math.max(0, i + k + 1)), m);
    mask.data.fill(1, i * m + from, i * m + to);
  }
  return x.where(x.wrap(mask), 0);
}
