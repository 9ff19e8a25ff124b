/** Parts of a tensor along its dims, all of them by one op: views, whose elements lie `step` apart. */
import { namedDims } from '../array/checks.ts';
import { ShapeError } from '../array/errors.ts';
import { sliceRange, splitSizes, wrapIndex } from '../array/ranges.ts';
import type { Range } from '../array/views.ts';
import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import { Decompositions } from './decompositions.ts';

// prettier-ignore
export abstract class Slices extends Decompositions {
  /** Backwards along dims. `tensor([1, 2, 3]).flip(0) // => Tensor[3] [3, 2, 1]` */
  flip(this: Tensor, ...dims: number[]): Tensor {
    const flipped = namedDims('flip', this.ndim, dims);
    return this.apply(ops.slice, this, this.shape.map((size, d) => (flipped.has(d) ? { start: size - 1, step: -1, size } : whole(size))));
  }
  /** `length` elements along dim from `start` on. `arange(5).narrow(0, 1, 3) // => Tensor[3] [1, 2, 3]` */
  narrow(this: Tensor, dim: number, start: number, length: number): Tensor {
    const d = this.axis('narrow', dim);
    const size = this.shape[d];
    if (!Number.isInteger(start) || !Number.isInteger(length) || start < 0 || length < 0 || start + length > size) {
      throw new ShapeError('narrow', `start and length must be whole numbers within the size ${size}`,
        `${start} and ${length}`);
    }
    return this.apply(ops.slice, this, this.shape.map((n, at) => (at === d ? { start, step: 1, size: length } : whole(n))));
  }
  /** One place along dim, which is gone in the result. `eye(3).select(0, -1) // => Tensor[3] [0, 0, 1]` */
  select(this: Tensor, dim: number, index: number): Tensor {
    const d = this.axis('select', dim);
    return this.narrow(d, wrapIndex('select', index, this.shape[d]), 1).squeeze(d);
  }
  /** start, start+step, … below stop along dim, with Python's rules. `arange(6).slice(0, -1, 0, -2) // => Tensor[3] [5, 3, 1]` */
  slice(this: Tensor, dim: number, start?: number, stop?: number, step = 1): Tensor {
    const d = this.axis('slice', dim);
    return this.apply(ops.slice, this, this.shape.map((n, at) => (at === d ? sliceRange('slice', n, start, stop, step) : whole(n))));
  }
  /** Parts of `size` along dim (the last may be smaller), or of the given sizes. `arange(5).split(2).length // => 3` */
  split(this: Tensor, size: number | readonly number[], dim = 0): Tensor[] {
    const sizes = splitSizes(this.size(dim), size);
    let start = 0;
    return sizes.map((length) => this.narrow(dim, (start += length) - length, length));
  }
  /** At most n parts of equal size (the last may be smaller). `arange(5).chunk(2)[1] // => Tensor[2] [3, 4]` */
  chunk(this: Tensor, n: number, dim = 0): Tensor[] {
    if (!Number.isInteger(n) || n < 1) throw new ShapeError('chunk', 'the number of parts must be a whole number, 1 or more', `${n}`);
    return this.split(Math.max(1, Math.ceil(this.size(dim) / n)), dim);
  }
  /** One tensor for each place along dim. `eye(2).unbind()[1] // => Tensor[2] [0, 1]` */
  unbind(this: Tensor, dim = 0): Tensor[] { return Array.from({ length: this.size(dim) }, (_, i) => this.select(dim, i)); }
}

const whole = (size: number): Range => ({ start: 0, step: 1, size });
