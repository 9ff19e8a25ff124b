/** Reading and writing by index that is made of other methods. */
import { checkGather, checkTensors, checkWhole, wrapWhole } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { broadcastShapes, sameShape, wholeNd, wrapDim } from '../array/nd.ts';
import * as ops from '../ops/index.ts';
import type { Operand, Tensor } from '../tensor.ts';
import { Gathers } from './gathers.ts';
import { partOf, placesOf, read, type Index } from './places.ts';

// prettier-ignore
export abstract class Indexing extends Gathers {
  /**
   * Python's x[…]: positions, ranges 'start:stop:step', '...' for the dims between, null for a new dim, index tensors (or
   * lists) that broadcast together, and `{ mask }` for the places where a mask is not 0. As in PyTorch, dims that are
   * indexed by tensors are replaced where they stand if they stand side by side, else the result's come first. A mask has
   * to say that it is one: as a tensor of 0 and 1 it would pick the places 0 and 1.
   * `arange(12).reshape([3, 4]).index('::-1', 1) // => Tensor[3] [9, 5, 1]`
   * `arange(12).reshape([3, 4]).index([0, 2], [1, -1]) // => Tensor[2] [1, 11]`
   * @throws ShapeError when there are too many places, or index tensors do not broadcast; ValueError when one is out of range
   */
  index(this: Tensor, ...places: Index[]): Tensor { return read('index', this, places); }
  /**
   * this with x[…] = values (broadcast) or, with `accumulate`, x[…] += values, where places that repeat add up; without
   * it the last write stays, and alone gets a gradient. PyTorch: `index_put`, and what `x[…] = values` writes.
   * `zeros([3]).indexPut([[2, 2, 0]], 5, { accumulate: true }) // => Tensor[3] [5, 0, 10]`
   */
  indexPut(this: Tensor, places: readonly Index[], values: Operand, { accumulate = false } = {}): Tensor {
    const at = placesOf('indexPut', this, places);
    const src = this.lift('indexPut', values);
    if (!sameShape(broadcastShapes('indexPut', at.shape, src.shape), at.shape)) {
      throw new ShapeError('indexPut', `the values must broadcast to ${showShape(at.shape)}`, showShape(src.shape));
    }
    return write(this, at.flatten(), src.expand(at.shape).flatten(), accumulate);
  }

  /** value where the mask is not 0, else this. `tensor([1, 2]).maskedFill(tensor([0, 1]), 9) // => Tensor[2] [1, 9]` */
  maskedFill(this: Tensor, mask: Tensor, value: Operand): Tensor {
    checkTensors('maskedFill', mask);
    return this.lift('maskedFill', value).where(mask, this);
  }
  /** The elements where the mask (broadcast) is not 0, in row-major order. `tensor([1, 2, 3]).maskedSelect(tensor([1, 0, 1])) // => Tensor[2] [1, 3]` */
  maskedSelect(this: Tensor, mask: Tensor): Tensor {
    checkTensors('maskedSelect', mask);
    const shape = broadcastShapes('maskedSelect', this.shape, mask.shape);
    return this.expand(shape).index({ mask: mask.expand(shape) });
  }
  /** this with the first elements of source written where the mask (broadcast) is not 0. `zeros([3]).maskedScatter(tensor([1, 0, 1]), tensor([5, 6])) // => Tensor[3] [5, 0, 6]` */
  maskedScatter(this: Tensor, mask: Tensor, source: Tensor): Tensor {
    checkTensors('maskedScatter', mask, source);
    const whole = this.expand(broadcastShapes('maskedScatter', this.shape, mask.shape));
    const at = placesOf('maskedScatter', whole, [{ mask: mask.expand(whole.shape) }]);
    if (source.numel() < at.numel()) {
      throw new ShapeError('maskedScatter', `the source must have an element for each of the ${at.numel()} ones of the mask`, `${source.numel()}`);
    }
    return write(whole, at, source.flatten().narrow(0, 0, at.numel()), false);
  }
  /**
   * The places of all elements that are not 0, a row each: [count, dims]; with `asTuple` a vector for each dim, as `index`
   * takes them. `tensor([[0, 5], [6, 0]]).nonzero().toArray() // => [ [ 0, 1 ], [ 1, 0 ] ]`
   */
  nonzero(this: Tensor): Tensor;
  nonzero(this: Tensor, options: { asTuple: true }): Tensor[];
  nonzero(this: Tensor, { asTuple = false } = {}): Tensor | Tensor[] {
    if (!asTuple) return this.apply(ops.nonzero, this);
    return (this.ndim === 0 ? this.reshape([1]) : this).nonzero().unbind(1);
  }
  /** Another name of `nonzero`. `tensor([0, 5]).argwhere().toArray() // => [ [ 1 ] ]` */
  argwhere(this: Tensor): Tensor { return this.nonzero(); }

  /** The elements at places of the flattened tensor; negative ones count from the end. `tensor([[1, 2], [3, 4]]).take(tensor([0, -1])) // => Tensor[2] [1, 4]` */
  take(this: Tensor, index: Tensor): Tensor {
    checkTensors('take', index);
    const at = this.wrap(wrapWhole('take', index.nd, this.numel()));
    return this.reshape([this.numel()]).index(at.reshape([index.numel()])).reshape(index.shape);
  }
  /** this with source written (or added) at places of the flattened tensor. `zeros([2, 2]).put(tensor([0, -1]), tensor([5, 6])).toArray() // => [ [ 5, 0 ], [ 0, 6 ] ]` */
  put(this: Tensor, index: Tensor, source: Tensor, { accumulate = false } = {}): Tensor {
    checkTensors('put', index, source);
    if (source.numel() !== index.numel()) {
      throw new ShapeError('put', `the source must have as many elements as the index, ${index.numel()}`, `${source.numel()}`);
    }
    const at = this.wrap(wrapWhole('put', index.nd, this.numel()));
    return write(this, at.reshape([index.numel()]), source.reshape([index.numel()]), accumulate);
  }
  /** As `gather`, with the sizes of the other dims broadcast; without dim of the flattened tensor. What argsort gives sorts: `tensor([3, 1]).takeAlongDim(tensor([1, 0]), 0) // => Tensor[2] [1, 3]` */
  takeAlongDim(this: Tensor, index: Tensor, dim?: number): Tensor {
    if (dim === undefined) return this.flatten().gather(0, index.flatten());
    const d = this.axis('takeAlongDim', dim);
    if (index.ndim !== this.ndim) {
      throw new ShapeError('takeAlongDim', `the index must have ${this.ndim} dims`, showShape(index.shape));
    }
    const others = broadcastShapes('takeAlongDim', this.shape.with(d, 1), index.shape.with(d, 1));
    return this.expand(others.with(d, this.shape[d])).gather(d, index.expand(others.with(d, index.shape[d])));
  }

  /** this with src at one place along dim. `zeros([2, 2]).selectScatter(ones([2]), 0, 1).toArray() // => [ [ 0, 0 ], [ 1, 1 ] ]` */
  selectScatter(this: Tensor, src: Tensor, dim: number, index: number): Tensor {
    const { shape } = this.select(dim, index);
    if (!sameShape(src.shape, shape)) throw new ShapeError('selectScatter', `the source must have the shape ${showShape(shape)}`, showShape(src.shape));
    return this.indexCopy(dim, this.wrap(wholeNd([index < 0 ? index + this.size(dim) : index])), src.unsqueeze(wrapDim('selectScatter', dim, this.ndim)));
  }
  /** this with src's slices written at index[0], index[1], … along dim. `zeros([3]).indexCopy(0, tensor([2, 0]), tensor([5, 6])) // => Tensor[3] [6, 0, 5]` */
  indexCopy(this: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
    const d = wrapDim('indexCopy', dim, this.ndim);
    const expected = this.ndim === 0 ? [] : this.shape.with(d, index.numel());
    if (index.ndim > 1 || !sameShape(src.shape, expected)) {
      throw new ShapeError('indexCopy', `the index must have one dim, the source the shape ${showShape(expected)}`, `${showShape(index.shape)} and ${showShape(src.shape)}`);
    }
    checkWhole('indexCopy', index.nd, this.shape[d] ?? 1);
    const along = index.reshape(expected.map((_, other) => (other === d ? -1 : 1)));
    return this.scatter(d, along.expand(expected), src);
  }
  /** this with one value at index[0], index[1], … along dim; negative places count from the end. `zeros([3]).indexFill(0, tensor([0, -1]), 5) // => Tensor[3] [5, 0, 5]` */
  indexFill(this: Tensor, dim: number, index: Tensor, value: Operand): Tensor {
    const d = wrapDim('indexFill', dim, this.ndim);
    const src = this.lift('indexFill', value);
    if (index.ndim > 1 || src.ndim > 0) {
      throw new ShapeError('indexFill', 'the index must have one dim, the value none', `${showShape(index.shape)} and ${showShape(src.shape)}`);
    }
    const at = this.wrap(wrapWhole('indexFill', index.nd, this.shape[d] ?? 1));
    return this.indexCopy(d, at, src.expand(this.ndim === 0 ? [] : this.shape.with(d, index.numel())));
  }
  /**
   * this and all of src that the indices send to a place, reduced to one number there: 'sum', 'prod', 'mean', 'amax' or
   * 'amin'; without `includeSelf` of src alone. Ties share the gradient. Places are those of `scatter`.
   * `ones([2]).scatterReduce(0, tensor([0, 0]), tensor([5, 6]), 'prod') // => Tensor[2] [30, 1]`
   */
  scatterReduce(this: Tensor, dim: number, index: Tensor, src: Tensor, reduce: Reduce, { includeSelf = true } = {}): Tensor {
    if (!Object.hasOwn(NEUTRAL, reduce)) {
      throw new ValueError('scatterReduce', `it must be one of ${Object.keys(NEUTRAL).join(', ')}`, `'${reduce}'`);
    }
    const d = wrapDim('scatterReduce', dim, this.ndim);
    checkGather('scatterReduce', this.shape, index.nd, d);
    const part = partOf('scatterReduce', src, index);
    const base = includeSelf ? this : this.scatter(dim, index, NEUTRAL[reduce]);
    if (reduce === 'amax' || reduce === 'amin') {
      return this.apply(reduce === 'amax' ? ops.scatterAmax : ops.scatterAmin, base, index, part, d);
    }
    if (reduce === 'prod') return this.apply(ops.scatterProd, base, index, part, d);
    const sum = base.scatterAdd(dim, index, part);
    if (reduce === 'sum') return sum;
    const ones = includeSelf ? this.onesLike() : this.onesLike().scatter(dim, index, 0);
    return sum.div(ones.scatterAdd(dim, index, part.onesLike()));
  }
}

export type Reduce = 'sum' | 'prod' | 'mean' | 'amax' | 'amin';

/** What leaves the other operand of a reduction as it is. */
const NEUTRAL: Readonly<Record<Reduce, number>> = { sum: 0, prod: 1, mean: 0, amax: -Infinity, amin: Infinity };

/** x with values written, or added, at places of the flattened tensor, which are in range: vectors. */
function write(x: Tensor, at: Tensor, values: Tensor, accumulate: boolean): Tensor {
  const flat = x.reshape([x.numel()]);
  const y = accumulate
    ? flat.add(flat.apply(ops.indexAdd, values, at, 0, flat.shape))
    : flat.apply(ops.scatter, flat, at, values, 0);
  return y.reshape(x.shape);
}
