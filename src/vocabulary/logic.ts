/** Questions with 0 or 1 for an answer, logic, and bits. Nothing flows back through them. */
import { dense } from '../array/dense.ts';
import { ValueError } from '../array/errors.ts';
import { sameShape, sizeOf } from '../array/nd.ts';
import * as ops from '../ops/index.ts';
import type { Operand, Tensor } from '../tensor.ts';
import { InPlace } from './inPlace.ts';

export interface CloseOptions {
  /** Relative to |other|; default 1e-5. */
  readonly rtol?: number;
  /** Absolute; default 1e-8. */
  readonly atol?: number;
  /** Whether NaN is close to NaN; it is not by default. */
  readonly equalNan?: boolean;
}

/** The tensor, once all its numbers are seen to be whole and exact. */
function bits(where: string, x: Tensor): Tensor {
  const { data, offset } = dense(x.nd);
  for (let i = offset, end = offset + sizeOf(x.shape); i < end; i++) {
    if (!Number.isSafeInteger(data[i])) {
      throw new ValueError(where, 'there must be whole numbers within ±2^53', `${data[i]}`);
    }
  }
  return x;
}

// prettier-ignore
export abstract class Logic extends InPlace {
  /** 1 where NaN. `tensor([1, NaN]).isnan() // => Tensor[2] [0, 1]` */
  isnan(this: Tensor): Tensor { return this.ne(this); }
  /** 1 where ∞ or −∞. `tensor([1, -Infinity, NaN]).isinf() // => Tensor[3] [0, 1, 0]` */
  isinf(this: Tensor): Tensor { return this.detach().abs().eq(Infinity); }
  /** 1 where neither infinite nor NaN. `tensor([1, Infinity, NaN]).isfinite() // => Tensor[3] [1, 0, 0]` */
  isfinite(this: Tensor): Tensor { return this.detach().abs().lt(Infinity); }
  /** 1 where |this − other| ≤ atol + rtol·|other|, or both are the same infinity. `tensor([1, 2]).isclose(tensor([1.000001, 2.1])) // => Tensor[2] [1, 0]` */
  isclose(this: Tensor, other: Operand, { rtol = 1e-5, atol = 1e-8, equalNan = false }: CloseOptions = {}): Tensor {
    if (!(rtol >= 0 && atol >= 0)) throw new ValueError('isclose', 'rtol and atol must be at least 0', `${rtol} and ${atol}`);
    const [a, b] = [this.detach(), this.lift('isclose', other).detach()];
    const distance = a.sub(b).abs();
    const near = distance.le(b.abs().mul(rtol).add(atol)).logicalAnd(distance.lt(Infinity)).logicalOr(a.eq(b));
    return equalNan ? near.logicalOr(a.isnan().logicalAnd(b.isnan())) : near;
  }
  /** Whether `isclose` holds of all elements. `tensor([1, 2]).allclose(tensor([1, 2.1])) // => false` */
  allclose(this: Tensor, other: Operand, options: CloseOptions = {}): boolean { return this.isclose(other, options).all().item() === 1; }
  /** Whether shapes are the same, and all elements; NaN equals nothing. `tensor([1, 2]).equal(tensor([1, 2])) // => true` */
  equal(this: Tensor, other: Tensor): boolean { return sameShape(this.shape, other.shape) && this.eq(other).all().item() === 1; }
  /** 1 where the sign is a minus, that of −0 too. `tensor([1, -0, -2]).signbit() // => Tensor[3] [0, 1, 1]` */
  signbit(this: Tensor): Tensor { return this.apply(ops.signbit, this); }

  /** 1 where both are not 0. `tensor([0, 1, 2]).logicalAnd(tensor([1, 1, 0])) // => Tensor[3] [0, 1, 0]` */
  logicalAnd(this: Tensor, other: Operand): Tensor { return this.apply(ops.logicalAnd, this, this.lift('logicalAnd', other)); }
  /** 1 where one of them, or both, is not 0. `tensor([0, 0, 2]).logicalOr(tensor([0, 1, 1])) // => Tensor[3] [0, 1, 1]` */
  logicalOr(this: Tensor, other: Operand): Tensor { return this.apply(ops.logicalOr, this, this.lift('logicalOr', other)); }
  /** 1 where exactly one of them is not 0. `tensor([0, 0, 2]).logicalXor(tensor([0, 1, 1])) // => Tensor[3] [0, 1, 0]` */
  logicalXor(this: Tensor, other: Operand): Tensor { return this.apply(ops.logicalXor, this, this.lift('logicalXor', other)); }
  /** 1 where 0. `tensor([0, 1, 2]).logicalNot() // => Tensor[3] [1, 0, 0]` */
  logicalNot(this: Tensor): Tensor { return this.eq(0); }

  /** The bits that both have, of whole numbers in two's complement. `tensor([6, -1]).bitwiseAnd(3) // => Tensor[2] [2, 3]` */
  bitwiseAnd(this: Tensor, other: Operand): Tensor { return this.bitwise(ops.bitwiseAnd, other); }
  /** The bits that one of them has. `tensor([6, -1]).bitwiseOr(3) // => Tensor[2] [7, -1]` */
  bitwiseOr(this: Tensor, other: Operand): Tensor { return this.bitwise(ops.bitwiseOr, other); }
  /** The bits that exactly one of them has. `tensor([6, -1]).bitwiseXor(3) // => Tensor[2] [5, -4]` */
  bitwiseXor(this: Tensor, other: Operand): Tensor { return this.bitwise(ops.bitwiseXor, other); }
  /** The bits turned over: −1 − x. For masks of 0 and 1 use logicalNot. `tensor([0, 5]).bitwiseNot() // => Tensor[2] [-1, -6]` */
  bitwiseNot(this: Tensor): Tensor { return bits('bitwiseNot', this).detach().neg().sub(1); }
  /** x · 2ⁿ. `tensor([3, -3]).bitwiseLeftShift(2) // => Tensor[2] [12, -12]` */
  bitwiseLeftShift(this: Tensor, n: Operand): Tensor { return this.shift('bitwiseLeftShift', n, 1); }
  /** ⌊x / 2ⁿ⌋. `tensor([12, -3]).bitwiseRightShift(2) // => Tensor[2] [3, -1]` */
  bitwiseRightShift(this: Tensor, n: Operand): Tensor { return this.shift('bitwiseRightShift', n, -1); }

  private bitwise(this: Tensor, op: typeof ops.bitwiseAnd, other: Operand): Tensor {
    return this.apply(op, bits(op.name, this), bits(op.name, this.lift(op.name, other)));
  }
  private shift(this: Tensor, where: string, n: Operand, sign: 1 | -1): Tensor {
    const count = bits(where, this.lift(where, n).detach());
    if (count.lt(0).any().item() === 1) throw new ValueError(where, 'bits are shifted by 0 or more', 'a negative number');
    return bits(where, this.detach()).mul(count.mul(sign).exp2()).floor();
  }
}
