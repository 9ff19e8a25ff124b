/** Functions element by element beyond those of tensor.ts: made of others, or an op of their own. */
import { ValueError } from '../array/errors.ts';
import * as ops from '../ops/index.ts';
import type { Operand, Tensor } from '../tensor.ts';
import { Logic } from './logic.ts';

export interface NanToNumOptions {
  /** In place of NaN; default 0. */
  readonly nan?: number;
  /** In place of ∞; default the largest number of the dtype. */
  readonly posinf?: number;
  /** In place of −∞; default the lowest number of the dtype. */
  readonly neginf?: number;
}

const LARGEST = { float32: 3.4028234663852886e38, float64: Number.MAX_VALUE };

// prettier-ignore
export abstract class Elementwise extends Logic {
  /** 1/√x. `tensor([4, 16]).rsqrt() // => Tensor[2] [0.5000, 0.2500]` */
  rsqrt(this: Tensor): Tensor { return this.sqrt().reciprocal(); }
  /** 2ˣ. `tensor([3, -1]).exp2() // => Tensor[2] [8.0000, 0.5000]` */
  exp2(this: Tensor): Tensor { return this.apply(ops.exp2, this); }
  /** Logarithm to base 10. `tensor([1, 1000]).log10() // => Tensor[2] [0, 3]` */
  log10(this: Tensor): Tensor { return this.apply(ops.log10, this); }
  /** The x' with sinh x' = x. `tensor(1).asinh() // => Tensor[] 0.8814` */
  asinh(this: Tensor): Tensor { return this.apply(ops.asinh, this); }
  /** The x' ≥ 0 with cosh x' = x. `tensor(2).acosh() // => Tensor[] 1.3170` */
  acosh(this: Tensor): Tensor { return this.apply(ops.acosh, this); }
  /** The x' with tanh x' = x. `tensor(0.5).atanh() // => Tensor[] 0.5493` */
  atanh(this: Tensor): Tensor { return this.apply(ops.atanh, this); }
  /** sin πx / πx, and 1 at 0. `tensor([0, 0.5, 1.5]).sinc() // => Tensor[3] [1.0000, 0.6366, -0.2122]` */
  sinc(this: Tensor): Tensor { return this.apply(ops.sinc, this, 0); }
  /**
   * log(x / (1 − x)), the inverse of sigmoid; with eps, x is first clamped to [eps, 1 − eps].
   * `tensor([0.5, 0.9]).logit() // => Tensor[2] [0.0000, 2.1972]`
   */
  logit(this: Tensor, eps?: number): Tensor {
    const x = eps === undefined ? this : this.clamp(eps, 1 - eps);
    return x.apply(ops.logit, x);
  }
  /** x − trunc x. `tensor([1.25, -1.25]).frac() // => Tensor[2] [0.2500, -0.2500]` */
  frac(this: Tensor): Tensor { return this.sub(this.trunc()); }

  // ── Special functions ─────────────────────────────────────────────────────────────────────────

  /** 1 − erf x, with all digits where that is small. `tensor([0, 3]).erfc().toArray()[0] // => 1` */
  erfc(this: Tensor): Tensor { return this.apply(ops.erfc, this); }
  /** The y with erf y = x. `tensor(0.5).erfinv() // => Tensor[] 0.4769` */
  erfinv(this: Tensor): Tensor { return this.apply(ops.erfinv, this); }
  /** log |Γ(x)|. `tensor([1, 5]).lgamma() // => Tensor[2] [0.0000, 3.1781]` */
  lgamma(this: Tensor): Tensor { return this.apply(ops.lgamma, this); }
  /** ψ(x), the derivative of lgamma. `tensor(1).digamma() // => Tensor[] -0.5772` */
  digamma(this: Tensor): Tensor { return this.apply(ops.polygamma, this, 0); }
  /** The n-th derivative of digamma. `tensor(1).polygamma(1) // => Tensor[] 1.6449` */
  polygamma(this: Tensor, n: number): Tensor {
    if (!Number.isInteger(n) || n < 0) throw new ValueError('polygamma', 'the order must be a whole number, 0 or more', `${n}`);
    return this.apply(ops.polygamma, this, n);
  }

  // ── Of two numbers ────────────────────────────────────────────────────────────────────────────

  /** The angle of the point (other, this), in [−π, π]. `tensor([1, -1]).atan2(0) // => Tensor[2] [1.5708, -1.5708]` */
  atan2(this: Tensor, other: Operand): Tensor { return this.apply(ops.atan2, this, this.lift('atan2', other)); }
  /** √(x² + other²), without overflow. `tensor(3).hypot(4) // => Tensor[] 5` */
  hypot(this: Tensor, other: Operand): Tensor { return this.apply(ops.hypot, this, this.lift('hypot', other)); }
  /** |x| with the sign of other. `tensor([1, -2]).copysign(tensor([-3, 4])) // => Tensor[2] [-1, 2]` */
  copysign(this: Tensor, other: Operand): Tensor { return this.apply(ops.copysign, this, this.lift('copysign', other)); }
  /** The larger one; of a number and NaN the number. Ties give the gradient to this. `tensor([1, NaN]).fmax(0) // => Tensor[2] [1, 0]` */
  fmax(this: Tensor, other: Operand): Tensor { return this.apply(ops.fmax, this, this.lift('fmax', other)); }
  /** The smaller one; of a number and NaN the number. Ties give the gradient to this. `tensor([1, NaN]).fmin(0) // => Tensor[2] [0, 0]` */
  fmin(this: Tensor, other: Operand): Tensor { return this.apply(ops.fmin, this, this.lift('fmin', other)); }
  /** log(eˣ + e^other), without overflow. `tensor(1000).logaddexp(1000) // => Tensor[] 1000.6932` */
  logaddexp(this: Tensor, other: Operand): Tensor { return this.apply(ops.logaddexp, this, this.lift('logaddexp', other)); }
  /** x · log other, and 0 where x is 0. `tensor([0, 2]).xlogy(tensor([0, 1])) // => Tensor[2] [0, 0]` */
  xlogy(this: Tensor, other: Operand): Tensor { return this.apply(ops.xlogy, this, this.lift('xlogy', other)); }
  /** The rest of a division rounded towards 0, with the sign of x, as JavaScript's %. `tensor([5, -5]).fmod(3) // => Tensor[2] [2, -2]` */
  fmod(this: Tensor, other: Operand): Tensor { return this.apply(ops.fmod, this, this.lift('fmod', other)); }
  /** The rest of a division rounded down, with the sign of other, as Python's %. `tensor([5, -5]).remainder(3) // => Tensor[2] [2, 1]` */
  remainder(this: Tensor, other: Operand): Tensor { return this.apply(ops.remainder, this, this.lift('remainder', other)); }
  /** 0 below 0, 1 above it, `values` at 0; only `values` get a gradient. `tensor([-1, 0, 2]).heaviside(0.5) // => Tensor[3] [0.0000, 0.5000, 1.0000]` */
  heaviside(this: Tensor, values: Operand): Tensor { return this.lift('heaviside', values).where(this.eq(0), this.gt(0)); }
  /** x to the power of other in float64, whatever the dtypes. `tensor([2]).floatPower(0.5).dtype // => float64` */
  floatPower(this: Tensor, other: Operand): Tensor {
    const exponent = typeof other === 'number' ? other : other.to('float64');
    return this.to('float64').pow(exponent);
  }

  // ── Of three, or with options ─────────────────────────────────────────────────────────────────

  /** this + value · a · b. `ones([2]).addcmul(tensor([1, 2]), 3, 10) // => Tensor[2] [31, 61]` */
  addcmul(this: Tensor, a: Operand, b: Operand, value = 1): Tensor {
    const product = this.lift('addcmul', a).mul(b);
    return this.add(value === 1 ? product : product.mul(value));
  }
  /** this + value · a / b. `ones([2]).addcdiv(tensor([2, 4]), 2) // => Tensor[2] [2, 3]` */
  addcdiv(this: Tensor, a: Operand, b: Operand, value = 1): Tensor {
    const quotient = this.lift('addcdiv', a).div(b);
    return this.add(value === 1 ? quotient : quotient.mul(value));
  }
  /** this + weight · (end − this), exact at weights 0 and 1. `tensor([0, 10]).lerp(tensor([10, 20]), 0.5) // => Tensor[2] [5, 15]` */
  lerp(this: Tensor, end: Operand, weight: Operand): Tensor {
    return this.apply(ops.lerp, this, this.lift('lerp', end), this.lift('lerp', weight));
  }
  /** Numbers in place of NaN and the infinities. `tensor([NaN, 1]).nanToNum() // => Tensor[2] [0, 1]` */
  nanToNum(this: Tensor, { nan = 0, posinf = LARGEST[this.dtype], neginf = -LARGEST[this.dtype] }: NanToNumOptions = {}): Tensor {
    return this.where(this.eq(this), nan).where(this.ne(Infinity), posinf).where(this.ne(-Infinity), neginf);
  }

  /** @internal */
  roundDecimals(this: Tensor, decimals: number): Tensor {
    if (!Number.isInteger(decimals)) throw new ValueError('round', 'the decimals must be a whole number', `${decimals}`);
    const scale = 10 ** Math.abs(decimals);
    return decimals > 0 ? this.mul(scale).round().div(scale) : this.div(scale).round().mul(scale);
  }
}
