/** Along a dim: what has been so far, differences, integrals. */
import { startsAlong } from '../array/checks.ts';
import { ShapeError } from '../array/errors.ts';
import { wrapDim } from '../array/nd.ts';
import * as ops from '../ops/index.ts';
import type { Operand, Tensor } from '../tensor.ts';
import { Elementwise } from './elementwise.ts';

export interface DiffOptions {
  /** How many times the difference is taken; default 1. */
  readonly n?: number;
  /** Default −1, the last. */
  readonly dim?: number;
  /** Put in front, along dim, before differences are taken. */
  readonly prepend?: Tensor;
  /** Put behind. */
  readonly append?: Tensor;
}

// prettier-ignore
export abstract class Scans extends Elementwise {
  /** Sums so far along dim. `tensor([1, 2, 3]).cumsum(0) // => Tensor[3] [1, 3, 6]` */
  cumsum(this: Tensor, dim: number): Tensor { return this.apply(ops.cumsum, this, wrapDim('cumsum', dim, this.ndim)); }
  /** Products so far along dim; gradients are exact to any order, also where elements are 0. `tensor([2, 3, 4]).cumprod(0) // => Tensor[3] [2, 6, 24]` */
  cumprod(this: Tensor, dim: number): Tensor {
    const d = wrapDim('cumprod', dim, this.ndim);
    if (this.ndim === 0 || this.shape[d] === 0) return this.clone();
    const ranges = this.shape.map((size, at) => ({ start: 0, step: 1, size: at === d ? 1 : size }));
    const first = this.apply(ops.unslice, this.narrow(d, 0, 1), ranges, this.shape); // x₀, 0, 0, …
    return this.apply(ops.recurrence, this, first, d); // yᵣ = xᵣ·yᵣ₋₁, begun with x₀
  }
  /** log Σ eˣ so far along dim, without overflow; elements of −∞ get the gradient 0. `tensor([0, 0]).logcumsumexp(0) // => Tensor[2] [0.0000, 0.6931]` */
  logcumsumexp(this: Tensor, dim: number): Tensor {
    return this.apply(ops.logcumsumexp, this, wrapDim('logcumsumexp', dim, this.ndim));
  }
  /** The largest so far along dim and its place, the last of several. `tensor([1, 3, 2]).cummax(0).values // => Tensor[3] [1, 3, 3]` */
  cummax(this: Tensor, dim: number): { values: Tensor; indices: Tensor } {
    const d = wrapDim('cummax', dim, this.ndim);
    const indices = this.apply(ops.cummaxPlaces, this, d);
    return { values: this.gather(d, indices), indices };
  }
  /** The smallest so far along dim and its place, the last of several. `tensor([3, 1, 2]).cummin(0).indices // => Tensor[3] [0, 1, 1]` */
  cummin(this: Tensor, dim: number): { values: Tensor; indices: Tensor } {
    const d = wrapDim('cummin', dim, this.ndim);
    const indices = this.apply(ops.cumminPlaces, this, d);
    return { values: this.gather(d, indices), indices };
  }

  /** Each element less the one before it, n times over. `tensor([1, 4, 9]).diff() // => Tensor[2] [3, 5]` */
  diff(this: Tensor, { n = 1, dim = -1, prepend, append }: DiffOptions = {}): Tensor {
    const d = this.axis('diff', dim);
    if (!Number.isInteger(n) || n < 0) throw new ShapeError('diff', 'n must be a whole number, 0 or more', `${n}`);
    const parts = [prepend, this, append].filter((part) => part !== undefined);
    if (n === 0) return this;
    const starts = startsAlong('diff', parts.map(({ shape }) => shape), d);
    let x: Tensor = parts.length > 1 ? this.apply(ops.concat, parts, d, starts) : this;
    for (let left = Math.min(n, x.shape[d]); left > 0; left--) {
      const size = x.shape[d] - 1;
      x = x.narrow(d, 1, size).sub(x.narrow(d, 0, size));
    }
    return x;
  }
  /**
   * The integral along dim by the trapezoidal rule, Σ (yᵢ + yᵢ₊₁)/2 · (xᵢ₊₁ − xᵢ): x holds the places, or is their
   * distance. `tensor([1, 2, 4]).trapezoid(tensor([0, 1, 3])) // => Tensor[] 7.5000`
   */
  trapezoid(this: Tensor, x: Operand = 1, dim = -1): Tensor {
    const d = this.axis('trapezoid', dim);
    const size = this.shape[d];
    if (size === 0) return this.sum(d);
    const means = this.narrow(d, 1, size - 1).add(this.narrow(d, 0, size - 1)).div(2);
    if (typeof x === 'number') return means.mul(x).sum(d);
    const line = x.ndim === 1 && x.numel() !== 1 ? x.reshape(this.shape.map((_, at) => (at === d ? x.numel() : 1))) : x;
    return means.mul(line.expand(this.shape).diff({ dim: d })).sum(d);
  }
}
