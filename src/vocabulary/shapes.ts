/** The same elements in another arrangement, made of other methods. */
import type { Tensor } from '../tensor.ts';
import { LinearAlgebra } from './linalg.ts';

// prettier-ignore
export abstract class Shapes extends LinearAlgebra {
  /** Another name of `transpose`. `zeros([2, 3, 4]).swapaxes(0, 2).shape // => [ 4, 3, 2 ]` */
  swapaxes(this: Tensor, dim0: number, dim1: number): Tensor { return this.transpose(dim0, dim1); }
}
