/** Grids: every place of a lattice from the lines along its sides. */
import { checkList, checkTensors } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { stack } from '../create.ts';
import type { Tensor } from '../tensor.ts';

/**
 * For lines of n₀, n₁, … numbers as many arrays [n₀, n₁, …], the k-th of which holds the numbers of line k along dim k.
 * With indexing 'xy' the first two dims are swapped, as for pictures. They are views: clone one before writing to it.
 * `meshgrid([arange(2), arange(3)])[1].toArray() // => [ [ 0, 1, 2 ], [ 0, 1, 2 ] ]`
 */
export function meshgrid(lines: readonly Tensor[], { indexing = 'ij' }: { indexing?: 'ij' | 'xy' } = {}): Tensor[] {
  checkList('meshgrid', 'tensors', lines);
  checkTensors('meshgrid', ...lines);
  if (lines.length === 0) throw new ShapeError('meshgrid', 'there must be at least one tensor', 'none');
  if (indexing !== 'ij' && indexing !== 'xy') {
    throw new ValueError('meshgrid', "the indexing must be 'ij' or 'xy'", `'${String(indexing)}'`);
  }
  for (const { ndim, shape } of lines) {
    if (ndim > 1) throw new ShapeError('meshgrid', 'tensors must have at most one dim', showShape(shape));
  }
  const shape = lines.map((x) => x.numel());
  const grids = lines.map((x, k) => x.reshape(shape.map((n, d) => (d === k ? n : 1))).expand(shape));
  return indexing === 'xy' && lines.length > 1 ? grids.map((grid) => grid.transpose(0, 1)) : grids;
}

/** All choices of one number from each line, a row each, the last line's running fastest; one line is returned as it is. `cartesianProd(arange(2), arange(2)).toArray() // => [ [ 0, 0 ], [ 0, 1 ], [ 1, 0 ], [ 1, 1 ] ]` */
export function cartesianProd(...lines: Tensor[]): Tensor {
  const grids = meshgrid(lines);
  return lines.length === 1
    ? lines[0]
    : stack(
        grids.map((grid) => grid.flatten()),
        1,
      );
}
