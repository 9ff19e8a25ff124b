/** Methods element by element that are made of others; those with a rule of their own stand in tensor.ts or call `apply`. */
import type { Tensor } from '../tensor.ts';

// prettier-ignore
export abstract class Elementwise {
  /** 1/√x. `tensor([4, 16]).rsqrt() // => Tensor[2] [0.5000, 0.2500]` */
  rsqrt(this: Tensor): Tensor { return this.sqrt().reciprocal(); }
}
