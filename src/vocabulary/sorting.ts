/** Order along a dim: the places by a kernel, the values gathered at them, so gradients follow. NaN is the largest. */
import { ShapeError } from '../array/errors.ts';
import { wrapDim } from '../array/nd.ts';
import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import { Indexing } from './indexing.ts';

export interface Sorted {
  readonly values: Tensor;
  /** The places that the values had along the dim. */
  readonly indices: Tensor;
}

// prettier-ignore
export abstract class Sorting extends Indexing {
  /** The elements along dim in rising order, or falling, and their places; equal ones stay as they stand. `tensor([3, 1, 2]).sort().values // => Tensor[3] [1, 2, 3]` */
  sort(this: Tensor, dim = -1, descending = false): Sorted {
    const indices = this.argsort(dim, descending);
    return { values: this.gather(dim, indices), indices };
  }
  /** The places of the elements along dim in rising order, or falling. `tensor([3, 1, 2]).argsort() // => Tensor[3] [1, 2, 0]` */
  argsort(this: Tensor, dim = -1, descending = false): Tensor {
    return this.apply(ops.argsort, this, wrapDim('argsort', dim, this.ndim), descending);
  }
  /** The k largest elements along dim, the largest first (or the smallest), and their places. `tensor([3, 9, 7]).topk(2).values // => Tensor[2] [9, 7]` */
  topk(this: Tensor, k: number, dim = -1, { largest = true } = {}): Sorted {
    const n = this.ndim === 0 ? 1 : this.size(dim);
    if (!Number.isInteger(k) || k < 0 || k > n) throw new ShapeError('topk', `k must be a whole number from 0 to the dim's size ${n}`, `${k}`);
    const order = this.argsort(dim, largest);
    const indices = this.ndim === 0 ? order : order.narrow(dim, 0, k);
    return { values: this.gather(dim, indices), indices };
  }
  /** The k-th smallest element along dim (k counts from 1), and its place. `tensor([3, 9, 7]).kthvalue(2).values // => Tensor[] 7` */
  kthvalue(this: Tensor, k: number, dim = -1, keepdim = false): Sorted {
    const n = this.ndim === 0 ? 1 : this.size(dim);
    if (!Number.isInteger(k) || k < 1 || k > n) throw new ShapeError('kthvalue', `k must be a whole number from 1 to the dim's size ${n}`, `${k}`);
    if (this.ndim === 0) return this.sort();
    const indices = this.argsort(dim).narrow(dim, k - 1, 1);
    const values = this.gather(dim, indices);
    return keepdim ? { values, indices } : { values: values.squeeze(dim), indices: indices.squeeze(dim) };
  }
}
