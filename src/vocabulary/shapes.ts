/** The same elements in another arrangement, made of other methods. */
import { checkList, inferShape } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { wholeNd, wrapDim, type Shape } from '../array/nd.ts';
import { reshapeView } from '../array/views.ts';
import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import { Slices } from './slices.ts';

// prettier-ignore
export abstract class Shapes extends Slices {
  /** Another name of `transpose`. `zeros([2, 3, 4]).swapaxes(0, 2).shape // => [ 4, 3, 2 ]` */
  swapaxes(this: Tensor, dim0: number, dim1: number): Tensor { return this.transpose(dim0, dim1); }
  /**
   * reshape that never copies. `arange(6).view([2, 3]).shape // => [ 2, 3 ]`
   * @throws ShapeError when strides cannot say the new shape, as after a transpose
   */
  view(this: Tensor, shape: Shape): Tensor {
    const sizes = inferShape('view', shape, this.numel());
    if (reshapeView(this.nd, sizes) === null) {
      throw new ShapeError('view', 'strides must be able to say the new shape',
        `${showShape(sizes)} of ${showShape(this.shape)} with strides ${showShape(this.nd.strides)}`, 'use reshape');
    }
    return this.reshape(sizes);
  }
  /** Dims moved to other places; the others keep their order. `zeros([2, 3, 4]).movedim(0, -1).shape // => [ 3, 4, 2 ]` */
  movedim(this: Tensor, source: number | readonly number[], destination: number | readonly number[]): Tensor {
    const [from, to] = [source, destination].map((dims) => [dims].flat().map((d) => wrapDim('movedim', d, this.ndim)));
    if (from.length !== to.length || new Set(from).size < from.length || new Set(to).size < to.length) {
      throw new ShapeError('movedim', 'source and destination must name as many dims, each once',
        `${[source].flat().join(', ')} and ${[destination].flat().join(', ')}`);
    }
    if (this.ndim === 0) return this;
    const others = this.shape.map((_, d) => d).filter((d) => !from.includes(d));
    return this.permute(...this.shape.map((_, d) => (to.includes(d) ? from[to.indexOf(d)] : others.shift()!)));
  }
  /** One dim as several; one size may be −1. `zeros([2, 6]).unflatten(1, [3, -1]).shape // => [ 2, 3, 2 ]` */
  unflatten(this: Tensor, dim: number, sizes: Shape): Tensor {
    if (sizes.length === 0) throw new ShapeError('unflatten', 'there must be at least one size', '[]');
    const d = wrapDim('unflatten', dim, this.ndim);
    return this.reshape(this.shape.toSpliced(d, 1, ...inferShape('unflatten', sizes, this.size(d))));
  }
  /** Expanded to the shape of another tensor. `ones([3, 1]).expandAs(zeros([3, 4])).shape // => [ 3, 4 ]` */
  expandAs(this: Tensor, other: Tensor): Tensor { return this.expand(other.shape); }
  /** Another name of `expand`. `ones([3, 1]).broadcastTo([2, 3, 4]).shape // => [ 2, 3, 4 ]` */
  broadcastTo(this: Tensor, shape: Shape): Tensor { return this.expand(shape); }
  /** The whole laid out so often along each dim; more counts than dims add dims in front. `tensor([1, 2]).repeat([2, 2]).toArray() // => [ [ 1, 2, 1, 2 ], [ 1, 2, 1, 2 ] ]` */
  repeat(this: Tensor, counts: Shape): Tensor {
    checkList('repeat', 'counts', counts);
    const lead = counts.length - this.ndim;
    if (lead < 0 || counts.some((n) => !Number.isInteger(n) || n < 0)) {
      throw new ShapeError('repeat', `there must be a whole number, 0 or more, for each of the ${this.ndim} dims`, showShape(counts));
    }
    const sizes = counts.map((_, d) => (d < lead ? 1 : this.shape[d - lead]));
    const apart = this.reshape(sizes.flatMap((n) => [1, n])); // [1, n₀, 1, n₁, …]
    return apart.expand(sizes.flatMap((n, d) => [counts[d], n])).reshape(sizes.map((n, d) => counts[d] * n));
  }
  /** As `repeat`; fewer counts than dims stand for the last ones. `zeros([2, 3]).tile([2]).shape // => [ 2, 6 ]` */
  tile(this: Tensor, counts: Shape): Tensor {
    checkList('tile', 'counts', counts);
    return this.repeat([...Array.from({ length: Math.max(0, this.ndim - counts.length) }, () => 1), ...counts]);
  }
  /**
   * Each slice along dim so often in a row: one count for all, or one each. Without dim, of the flattened tensor.
   * `tensor([1, 2]).repeatInterleave(tensor([3, 1])) // => Tensor[4] [1, 1, 1, 2]`
   */
  repeatInterleave(this: Tensor, repeats: number | Tensor, dim?: number): Tensor {
    if (dim === undefined) return this.flatten().repeatInterleave(repeats, 0);
    const n = this.size(dim);
    const given = typeof repeats === 'number' ? [repeats] : [...repeats.toTypedArray()];
    const wide = given.length === 1 ? Array.from({ length: n }, () => given[0]) : given;
    if (wide.length !== n || (typeof repeats !== 'number' && repeats.ndim > 1)) {
      throw new ShapeError('repeatInterleave', `there must be one count, or one for each of the ${n} slices`,
        typeof repeats === 'number' ? `${repeats}` : showShape(repeats.shape));
    }
    const wrong = wide.find((count) => !Number.isInteger(count) || count < 0);
    if (wrong !== undefined) throw new ValueError('repeatInterleave', 'counts must be whole numbers, 0 or more', `${wrong}`);
    return this.indexSelect(dim, this.wrap(wholeNd(wide.flatMap((count, i) => Array.from({ length: count }, () => i)))));
  }
  /** As many parts as sizes are given, which add up to the dim's. `arange(5).splitWithSizes([2, 3])[1] // => Tensor[3] [2, 3, 4]` */
  splitWithSizes(this: Tensor, sizes: readonly number[], dim = 0): Tensor[] { return this.split(sizes, dim); }
  /**
   * n parts as equal as can be, the first ones larger by 1; or parts that end at the given places.
   * `arange(7).tensorSplit(3).map((part) => part.numel()) // => [ 3, 2, 2 ]`
   */
  tensorSplit(this: Tensor, parts: number | readonly number[], dim = 0): Tensor[] {
    const n = this.size(dim);
    if (typeof parts !== 'number') {
      return [...parts, undefined].map((end, i) => this.slice(dim, i === 0 ? 0 : parts[i - 1], end));
    }
    if (!Number.isInteger(parts) || parts < 1) {
      throw new ValueError('tensorSplit', 'the number of parts must be a whole number, 1 or more', `${parts}`);
    }
    return this.split(Array.from({ length: parts }, (_, i) => Math.floor(n / parts) + (i < n % parts ? 1 : 0)), dim);
  }
  /**
   * Moved along dims, what leaves at one end enters at the other. Without dims, of the flattened tensor.
   * `arange(5).roll(2) // => Tensor[5] [3, 4, 0, 1, 2]`
   */
  roll(this: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor {
    if (dims === undefined && typeof shifts === 'number') return this.flatten().roll(shifts, 0).reshape(this.shape);
    const [by, along] = [[shifts].flat(), [dims ?? []].flat()];
    if (by.length !== along.length || by.some((n) => !Number.isInteger(n))) {
      throw new ShapeError('roll', 'there must be one whole number for each dim', `${by.join(', ')} for ${along.join(', ') || 'none'}`);
    }
    return along.reduce((x: Tensor, dim, i) => {
      const n = x.size(dim);
      const first = n === 0 ? 0 : (((-by[i]) % n) + n) % n; // the place that comes to the front
      if (first === 0) return x;
      const from = Array.from({ length: n }, (_, place) => (first + place) % n);
      return x.apply(ops.indexSelect, x, x.wrap(wholeNd(from)), wrapDim('roll', dim, x.ndim));
    }, this);
  }
  /** Left to right: dim 1 backwards. `tensor([[1, 2]]).fliplr().toArray() // => [ [ 2, 1 ] ]` */
  fliplr(this: Tensor): Tensor {
    if (this.ndim < 2) throw new ShapeError('fliplr', 'there must be at least 2 dims', showShape(this.shape));
    return this.flip(1);
  }
  /** Upside down: dim 0 backwards. `tensor([1, 2]).flipud() // => Tensor[2] [2, 1]` */
  flipud(this: Tensor): Tensor {
    if (this.ndim < 1) throw new ShapeError('flipud', 'there must be at least 1 dim', showShape(this.shape));
    return this.flip(0);
  }
  /** Turned k times by 90° in the plane of two dims, from the first towards the second. `tensor([[1, 2], [3, 4]]).rot90().toArray() // => [ [ 2, 4 ], [ 1, 3 ] ]` */
  rot90(this: Tensor, k = 1, dims: readonly [number, number] = [0, 1]): Tensor {
    const [p, q] = dims.map((d) => wrapDim('rot90', d, this.ndim));
    if (dims.length !== 2 || this.ndim < 2 || p === q || !Number.isInteger(k)) {
      throw new ShapeError('rot90', 'k must be a whole number, and the dims two different ones', `${k} and ${showShape(dims)} of ${showShape(this.shape)}`);
    }
    const quarter = ((k % 4) + 4) % 4;
    if (quarter === 0) return this.clone();
    if (quarter === 2) return this.flip(p, q);
    return quarter === 1 ? this.flip(q).transpose(p, q) : this.transpose(p, q).flip(q);
  }
  /**
   * Sliding windows: slices of `size` along dim, each `step` after the last, as a new last dim. A view.
   * `arange(5).unfold(0, 3, 2).toArray() // => [ [ 0, 1, 2 ], [ 2, 3, 4 ] ]`
   */
  unfold(this: Tensor, dim: number, size: number, step: number): Tensor {
    const d = wrapDim('unfold', dim, this.ndim);
    const n = this.shape[d] ?? 1;
    if (!Number.isInteger(size) || size < 0 || size > n || !Number.isInteger(step) || step < 1) {
      throw new ShapeError('unfold', `the size must be a whole number from 0 to ${n}, the step one of 1 or more`, `${size} and ${step}`);
    }
    const steps = (at: number, by: number): number[] => this.shape.map((_, other) => (other === at ? by : 0));
    const walks = this.shape.map((whole, at) =>
      at === d ? { size: Math.floor((n - size) / step) + 1, steps: steps(d, step) } : { size: whole, steps: steps(at, 1) });
    return this.apply(ops.lattice, this, steps(-1, 0), [...walks, { size, steps: steps(d, 1) }]);
  }
}
