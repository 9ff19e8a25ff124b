/** Linear algebra that is made of other methods. */
import { ShapeError, showShape } from '../array/errors.ts';
import type { Tensor } from '../tensor.ts';
import { Reductions } from './reductions.ts';

// prettier-ignore
export abstract class LinearAlgebra extends Reductions {
  /** xᵢ·yⱼ: [m] and [n] to [m, n]. `tensor([1, 2]).outer(tensor([3, 4])).toArray() // => [ [ 3, 4 ], [ 6, 8 ] ]` */
  outer(this: Tensor, other: Tensor): Tensor {
    if (this.ndim !== 1 || other.ndim !== 1) {
      throw new ShapeError('outer', 'both must have one dim', `${showShape(this.shape)} and ${showShape(other.shape)}`);
    }
    return this.unsqueeze(1).mul(other);
  }
}
