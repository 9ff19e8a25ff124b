/** Along one dim, by an index of whole numbers in range: reading, and writing or adding up, each the other's derivative. */
import { checkGather, checkTensors, checkWhole } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape, wrapDim } from '../array/nd.ts';
import * as ops from '../ops/index.ts';
import type { Operand, Tensor } from '../tensor.ts';
import { Diagonals } from './diagonals.ts';
import { partOf } from './places.ts';

// prettier-ignore
export abstract class Gathers extends Diagonals {
  /** y[i][j] = this[index[i][j]][j] for dim 0, and so on; y has index's shape. `tensor([[1, 2], [3, 4]]).gather(1, tensor([[1], [0]])).flatten() // => Tensor[2] [2, 3]` */
  gather(this: Tensor, dim: number, index: Tensor): Tensor {
    return this.apply(ops.gather, this, within('gather', this, index, dim), wrapDim('gather', dim, this.ndim));
  }
  /** this with src written at the indices; the last of several writes stays. `zeros([3]).scatter(0, tensor([2, 0]), tensor([5, 6])) // => Tensor[3] [6, 0, 5]` */
  scatter(this: Tensor, dim: number, index: Tensor, src: Operand): Tensor {
    const values = typeof src === 'number' ? this.lift('scatter', src).expand(index.shape) : partOf('scatter', src, index);
    return this.apply(ops.scatter, this, within('scatter', this, index, dim), values, wrapDim('scatter', dim, this.ndim));
  }
  /** this with src added at the indices; repeated ones add up. `zeros([2]).scatterAdd(0, tensor([1, 1]), tensor([5, 6])) // => Tensor[2] [0, 11]` */
  scatterAdd(this: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
    const places = within('scatterAdd', this, index, dim);
    return this.add(this.apply(ops.scatterAdd, partOf('scatterAdd', src, index), places, wrapDim('scatterAdd', dim, this.ndim), this.shape));
  }
  /** The slices at index[0], index[1], … along dim. `tensor([5, 6, 7]).indexSelect(0, tensor([2, 0])) // => Tensor[2] [7, 5]` */
  indexSelect(this: Tensor, dim: number, index: Tensor): Tensor {
    const d = this.axis('indexSelect', dim);
    return this.apply(ops.indexSelect, this, listOf('indexSelect', index, this.shape[d]), d);
  }
  /** this with alpha·src's slices added at index[0], index[1], … along dim. `zeros([2]).indexAdd(0, tensor([1, 1]), tensor([5, 6])) // => Tensor[2] [0, 11]` */
  indexAdd(this: Tensor, dim: number, index: Tensor, src: Tensor, { alpha = 1 } = {}): Tensor {
    checkTensors('indexAdd', src);
    const d = this.axis('indexAdd', dim);
    const places = listOf('indexAdd', index, this.shape[d]);
    const expected = this.shape.with(d, index.numel());
    if (!sameShape(src.shape, expected)) {
      throw new ShapeError('indexAdd', `the source must have the shape ${showShape(expected)}`, showShape(src.shape));
    }
    return this.add(this.apply(ops.indexAdd, alpha === 1 ? src : src.mul(alpha), places, d, this.shape));
  }
  /** A last dim of `classes` (one more than the largest index, if left out) with 1 at the index. `tensor([2, 0]).oneHot().toArray() // => [ [ 0, 0, 1 ], [ 1, 0, 0 ] ]` */
  oneHot(this: Tensor, classes: number = this.amax().item() + 1): Tensor {
    if (!Number.isInteger(classes)) throw new ValueError('oneHot', 'the number of classes must be whole', `${classes}`);
    checkWhole('oneHot', this.nd, classes);
    return this.apply(ops.oneHot, this, classes);
  }
}

/** An index that gather and scatter along a dim of x can use. */
function within(where: string, x: Tensor, index: Tensor, dim: number): Tensor {
  checkTensors(where, index);
  checkGather(where, x.shape, index.nd, wrapDim(where, dim, x.ndim));
  return index;
}

/** An index of at most one dim. */
function listOf(where: string, index: Tensor, limit: number): Tensor {
  checkTensors(where, index);
  if (index.ndim > 1) throw new ShapeError(where, 'the index must have one dim', showShape(index.shape));
  checkWhole(where, index.nd, limit);
  return index;
}
