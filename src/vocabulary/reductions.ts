/** Reductions that are made of other methods: extremes with their places, products, moments, norms, and those that pass over NaN. */
import { reducedShapes } from '../array/checks.ts';
import { ValueError } from '../array/errors.ts';
import { wrapDim } from '../array/nd.ts';
import * as ops from '../ops/index.ts';
import type { Operand, Tensor } from '../tensor.ts';
import { pick, Statistics, type Picked } from './statistics.ts';

type Dims = number | readonly number[];

export interface MomentOptions {
  /** What is taken from the number of elements; default 1. */
  readonly correction?: number;
  readonly keepdim?: boolean;
}

// prettier-ignore
export abstract class Reductions extends Statistics {
  /** Largest value of all; or, along a dim, values and their places. `tensor([3, 7]).max(0).indices // => Tensor[] 1` */
  max(this: Tensor): Tensor;
  max(this: Tensor, dim: number, keepdim?: boolean): Picked;
  max(this: Tensor, dim?: number, keepdim = false): Tensor | Picked {
    return dim === undefined ? this.amax() : pick(this.nonEmpty('max', dim), ops.argmax, dim, keepdim);
  }
  /** Smallest value of all; or, along a dim, values and their places. `tensor([3, 7]).min() // => Tensor[] 3` */
  min(this: Tensor): Tensor;
  min(this: Tensor, dim: number, keepdim?: boolean): Picked;
  min(this: Tensor, dim?: number, keepdim = false): Tensor | Picked {
    return dim === undefined ? this.amin() : pick(this.nonEmpty('min', dim), ops.argmin, dim, keepdim);
  }
  /** Smallest and largest value, of all or along a dim. `tensor([3, 1, 2]).aminmax().max // => Tensor[] 3` */
  aminmax(this: Tensor, dim?: number, keepdim = false): { min: Tensor; max: Tensor } {
    return { min: this.amin(dim, keepdim), max: this.amax(dim, keepdim) };
  }
  /**
   * Product, as products of halves: exact gradients, to any order, also where elements are 0.
   * `tensor([2, 3, 4]).prod() // => Tensor[] 24`
   */
  prod(this: Tensor, dim?: number, keepdim = false): Tensor {
    if (dim === undefined) return this.reshape([this.numel()]).prod(0).reshape(keepdim ? this.shape.map(() => 1) : []);
    const d = wrapDim('prod', dim, this.ndim);
    let x: Tensor = this.ndim === 0 ? this.reshape([1]) : this;
    if (x.shape[d] === 0) return this.sum(dim, keepdim).add(1);
    while (x.shape[d] > 1) {
      const half = Math.floor(x.shape[d] / 2);
      const product = x.narrow(d, 0, half).mul(x.narrow(d, half, half));
      x = x.shape[d] % 2 === 0 ? product : this.apply(ops.concat, [product, x.narrow(d, 2 * half, 1)], d, [0, half]);
    }
    return keepdim && this.ndim > 0 ? x : x.squeeze(d);
  }
  /** Variance: Σ(x − mean)² / (n − correction). `tensor([1, 2, 3, 4]).var() // => Tensor[] 1.6667` */
  var(this: Tensor, dim?: Dims, { correction = 1, keepdim = false }: MomentOptions = {}): Tensor {
    if (!Number.isFinite(correction)) throw new ValueError('var', 'correction must be a finite number', `${correction}`);
    const { count } = reducedShapes('var', this.shape, dim);
    const deviation = this.sub(this.mean(dim, true));
    return deviation.square().sum(dim, keepdim).div(Math.max(0, count - correction));
  }
  /** Standard deviation: the root of `var`; without spread its gradient is 0. `tensor([1, 2, 3, 4]).std() // => Tensor[] 1.2910` */
  std(this: Tensor, dim?: Dims, options: MomentOptions = {}): Tensor {
    const variance = this.var(dim, options);
    const spread = variance.ne(0);
    return variance.where(spread, 1).sqrt().where(spread, 0);
  }
  /** Variance and mean, as a pair. `tensor([1, 2, 3]).varMean()[0] // => Tensor[] 1` */
  varMean(this: Tensor, dim?: Dims, options: MomentOptions = {}): [variance: Tensor, mean: Tensor] {
    return [this.var(dim, options), this.mean(dim, options.keepdim)];
  }
  /** Standard deviation and mean, as a pair. `tensor([1, 2, 3]).stdMean()[1] // => Tensor[] 2` */
  stdMean(this: Tensor, dim?: Dims, options: MomentOptions = {}): [deviation: Tensor, mean: Tensor] {
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
