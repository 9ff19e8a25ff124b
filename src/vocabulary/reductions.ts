/** Reductions and scans along dims that are made of other methods. */
import type { Tensor } from '../tensor.ts';
import { Elementwise } from './elementwise.ts';

// prettier-ignore
export abstract class Reductions extends Elementwise {
  /** Smallest and largest value, of all or along a dim. `tensor([3, 1, 2]).aminmax().max // => Tensor[] 3` */
  aminmax(this: Tensor, dim?: number, keepdim = false): { min: Tensor; max: Tensor } {
    return { min: this.amin(dim, keepdim), max: this.amax(dim, keepdim) };
  }
}
