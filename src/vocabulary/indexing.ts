/** Reading and writing by index that is made of other methods. */
import type { Operand, Tensor } from '../tensor.ts';
import { Shapes } from './shapes.ts';

// prettier-ignore
export abstract class Indexing extends Shapes {
  /** value where the mask is not 0, else this. `tensor([1, 2]).maskedFill(tensor([0, 1]), 9) // => Tensor[2] [1, 9]` */
  maskedFill(this: Tensor, mask: Tensor, value: Operand): Tensor { return this.where(mask.eq(0), value); }
}
