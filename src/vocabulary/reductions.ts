/** Reductions that are made of other methods: norms, moments, and those that pass over NaN. */
import { ValueError } from '../array/errors.ts';
import type { Operand, Tensor } from '../tensor.ts';
import { Statistics } from './statistics.ts';

type Dims = number | readonly number[];

// prettier-ignore
export abstract class Reductions extends Statistics {
  /** Smallest and largest value, of all or along a dim. `tensor([3, 1, 2]).aminmax().max // => Tensor[] 3` */
  aminmax(this: Tensor, dim?: number, keepdim = false): { min: Tensor; max: Tensor } {
    return { min: this.amin(dim, keepdim), max: this.amax(dim, keepdim) };
  }
  /** Variance and mean, as a pair. `tensor([1, 2, 3]).varMean()[0] // => Tensor[] 1` */
  varMean(this: Tensor, dim?: Dims, options: { correction?: number; keepdim?: boolean } = {}): [variance: Tensor, mean: Tensor] {
    return [this.var(dim, options), this.mean(dim, options.keepdim)];
  }
  /** Standard deviation and mean, as a pair. `tensor([1, 2, 3]).stdMean()[1] // => Tensor[] 2` */
  stdMean(this: Tensor, dim?: Dims, options: { correction?: number; keepdim?: boolean } = {}): [deviation: Tensor, mean: Tensor] {
    return [this.std(dim, options), this.mean(dim, options.keepdim)];
  }

  /**
   * The vector norm (Σ |x|ᵖ)^(1/p) over all elements or along dims, also of a matrix ('fro'); the largest |x| for p = ∞,
   * the smallest for −∞, the number of elements other than 0 for p = 0. Where a norm has a corner its gradient is 0,
   * ties of p = ±∞ share it. PyTorch: `torch.norm`, `torch.linalg.vector_norm`.
   * `tensor([3, -4]).norm() // => Tensor[] 5`
   */
  norm(this: Tensor, p: number | 'fro' = 2, dim?: Dims, keepdim = false): Tensor {
    if (p === 'fro' || p === 2) return safely(this.square().sum(dim, keepdim), (s) => s.sqrt());
    if (typeof p !== 'number' || Number.isNaN(p)) throw new ValueError('norm', "p must be a number or 'fro'", String(p));
    const size = this.abs();
    if (p === Infinity) return size.amax(dim, keepdim);
    if (p === -Infinity) return size.amin(dim, keepdim);
    if (p === 0) return this.countNonzero(dim, keepdim);
    if (p === 1) return size.sum(dim, keepdim);
    const powers = safely(size, (a) => a.pow(p)).sum(dim, keepdim);
    const norm = safely(powers, (s) => s.pow(1 / p));
    return p > 0 ? norm : norm.where(this.eq(0).any(dim, keepdim).eq(0), 0); // 0ᵖ is infinite
  }
  /** Another name of `norm`. `tensor([[3], [-4]]).vectorNorm(1, 0) // => Tensor[1] [7]` */
  vectorNorm(this: Tensor, ord: number = 2, dim?: Dims, keepdim = false): Tensor { return this.norm(ord, dim, keepdim); }
  /** The norm of this − other. `tensor([1, 2]).dist(tensor([4, 6])) // => Tensor[] 5` */
  dist(this: Tensor, other: Operand, p: number = 2): Tensor { return this.sub(other).norm(p); }

  /** How many elements are not 0; NaN is not. `tensor([0, 2, NaN]).countNonzero() // => Tensor[] 2` */
  countNonzero(this: Tensor, dim?: Dims, keepdim = false): Tensor { return this.ne(0).sum(dim, keepdim); }
  /** The sum of what is not NaN. `tensor([1, NaN]).nansum() // => Tensor[] 1` */
  nansum(this: Tensor, dim?: Dims, keepdim = false): Tensor { return this.where(this.eq(this), 0).sum(dim, keepdim); }
  /** The mean of what is not NaN; NaN if nothing is. `tensor([1, NaN, 3]).nanmean() // => Tensor[] 2` */
  nanmean(this: Tensor, dim?: Dims, keepdim = false): Tensor {
    return this.nansum(dim, keepdim).div(this.eq(this).sum(dim, keepdim));
  }
}

/** f(x) where x is not 0, and 0 with gradient 0 where it is. */
function safely(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const there = x.ne(0);
  return f(x.where(there, 1)).where(there, 0);
}
