/**
 * Methods that write their result over the tensor itself, made of the methods without the underscore. They count as a
 * write, so a backward pass that needs the old values refuses; they are never recorded, see `write` in tensor.ts.
 */
import type { Operand, Tensor } from '../tensor.ts';

// prettier-ignore
export abstract class InPlace {
  /** Values below min become min, above max become max. `tensor([1, 5, 9]).clamp_(2, 6) // => Tensor[3] [2, 5, 6]` */
  clamp_(this: Tensor, min?: Operand, max?: Operand): Tensor { return this.write('clamp_', this.detach().clamp(min, max)); }
  /** To the power of other. `tensor([1, 2]).pow_(3) // => Tensor[2] [1, 8]` */
  pow_(this: Tensor, other: Operand): Tensor { return this.write('pow_', this.detach().pow(other)); }
  /** −x. `tensor([1, -2]).neg_() // => Tensor[2] [-1, 2]` */
  neg_(this: Tensor): Tensor { return this.write('neg_', this.detach().neg()); }
  /** |x|. `tensor([1, -2]).abs_() // => Tensor[2] [1, 2]` */
  abs_(this: Tensor): Tensor { return this.write('abs_', this.detach().abs()); }
  /** √x. `tensor([4, 9]).sqrt_() // => Tensor[2] [2, 3]` */
  sqrt_(this: Tensor): Tensor { return this.write('sqrt_', this.detach().sqrt()); }
  /** eˣ. `tensor([0]).exp_() // => Tensor[1] [1]` */
  exp_(this: Tensor): Tensor { return this.write('exp_', this.detach().exp()); }
  /** max(x, 0). `tensor([-1, 2]).relu_() // => Tensor[2] [0, 2]` */
  relu_(this: Tensor): Tensor { return this.write('relu_', this.detach().relu()); }
  /** The whole number at or below. `tensor([1.5, -1.5]).floor_() // => Tensor[2] [1, -2]` */
  floor_(this: Tensor): Tensor { return this.write('floor_', this.detach().floor()); }
  /** The nearest whole number, halves to the even one. `tensor([0.5, 1.5]).round_() // => Tensor[2] [0, 2]` */
  round_(this: Tensor): Tensor { return this.write('round_', this.detach().round()); }
  /** value where the mask is not 0. `tensor([1, 2]).maskedFill_(tensor([0, 1]), 9) // => Tensor[2] [1, 9]` */
  maskedFill_(this: Tensor, mask: Tensor, value: Operand): Tensor { return this.write('maskedFill_', this.detach().maskedFill(mask, value)); }
  /** A step of `weight` towards `end`. `tensor([0, 10]).lerp_(tensor([10, 20]), 0.1) // => Tensor[2] [1, 11]` */
  lerp_(this: Tensor, end: Operand, weight: Operand): Tensor { return this.write('lerp_', this.detach().lerp(end, weight)); }
  /** this += value · a · b. `ones([2]).addcmul_(tensor([1, 2]), 3) // => Tensor[2] [4, 7]` */
  addcmul_(this: Tensor, a: Operand, b: Operand, value = 1): Tensor { return this.write('addcmul_', this.detach().addcmul(a, b, value)); }
  /** this += value · a / b. `ones([2]).addcdiv_(tensor([2, 4]), 2) // => Tensor[2] [2, 3]` */
  addcdiv_(this: Tensor, a: Operand, b: Operand, value = 1): Tensor { return this.write('addcdiv_', this.detach().addcdiv(a, b, value)); }
}
