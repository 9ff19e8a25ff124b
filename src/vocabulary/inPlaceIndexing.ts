/**
 * Writing over some elements of the tensor itself: the methods of indexing.ts with an underscore. They touch only the
 * places that are named, are never recorded, and count as a write, so a backward pass that needs the old values refuses.
 */
import { checkGather, checkWhole, wrapWhole } from '../array/checks.ts';
import { ShapeError, showShape } from '../array/errors.ts';
import { broadcastShapes, sameShape, wrapDim } from '../array/nd.ts';
import * as k from '../kernels/indexing.ts';
import type { Operand, Tensor } from '../tensor.ts';
import type { Reduce } from './indexing.ts';
import { partOf, placesOf, type Index } from './places.ts';
import { Sorting } from './sorting.ts';

// prettier-ignore
export abstract class InPlaceIndexing extends Sorting {
  /** Python's x[…] = values or, with `accumulate`, x[…] += values: see `index` for the places. `zeros([3]).indexPut_(['1:'], 5) // => Tensor[3] [0, 5, 5]` */
  indexPut_(this: Tensor, places: readonly Index[], values: Operand, { accumulate = false } = {}): Tensor {
    return put('indexPut_', this, placesOf('indexPut_', this, places), this.lift('indexPut_', values), accumulate);
  }
  /** src written at the indices along dim, as `scatter` does. `zeros([3]).scatter_(0, tensor([2, 0]), 5) // => Tensor[3] [5, 0, 5]` */
  scatter_(this: Tensor, dim: number, index: Tensor, src: Operand): Tensor {
    const values = typeof src === 'number' ? this.lift('scatter_', src).expand(index.shape) : partOf('scatter_', src, index);
    return scatter('scatter_', this, dim, index, values, false);
  }
  /** src added at the indices along dim; repeated ones add up. `zeros([2]).scatterAdd_(0, tensor([1, 1]), tensor([5, 6])) // => Tensor[2] [0, 11]` */
  scatterAdd_(this: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
    return scatter('scatterAdd_', this, dim, index, partOf('scatterAdd_', src, index), true);
  }
  /** As `scatterReduce`. `ones([2]).scatterReduce_(0, tensor([0, 0]), tensor([5, 6]), 'prod') // => Tensor[2] [30, 1]` */
  scatterReduce_(this: Tensor, dim: number, index: Tensor, src: Tensor, reduce: Reduce, options: { includeSelf?: boolean } = {}): Tensor {
    this.mayWrite('scatterReduce_', src);
    return this.write('scatterReduce_', this.detach().scatterReduce(dim, index, src.detach(), reduce, options));
  }
  /** alpha·src's slices added at index[0], index[1], … along dim. `zeros([2]).indexAdd_(0, tensor([1, 1]), tensor([5, 6])) // => Tensor[2] [0, 11]` */
  indexAdd_(this: Tensor, dim: number, index: Tensor, src: Tensor, { alpha = 1 } = {}): Tensor {
    return slices('indexAdd_', this, dim, index, alpha === 1 ? src : src.mul(alpha), true);
  }
  /** src's slices written at index[0], index[1], … along dim. `zeros([3]).indexCopy_(0, tensor([2, 0]), tensor([5, 6])) // => Tensor[3] [6, 0, 5]` */
  indexCopy_(this: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
    return slices('indexCopy_', this, dim, index, src, false);
  }
  /** One value at index[0], index[1], … along dim; negative places count from the end. `zeros([3]).indexFill_(0, tensor([-1]), 5) // => Tensor[3] [0, 0, 5]` */
  indexFill_(this: Tensor, dim: number, index: Tensor, value: number): Tensor {
    const d = wrapDim('indexFill_', dim, this.ndim);
    const at = this.wrap(wrapWhole('indexFill_', index.nd, this.shape[d] ?? 1));
    return slices('indexFill_', this, d, at, this.lift('indexFill_', value).expand(withSize(this, d, index.numel())), false);
  }
  /** source written (or added) at places of the flattened tensor; negative ones count from the end. `zeros([3]).put_(tensor([-1, 0]), tensor([5, 6])) // => Tensor[3] [6, 0, 5]` */
  put_(this: Tensor, index: Tensor, source: Tensor, { accumulate = false } = {}): Tensor {
    if (source.numel() !== index.numel()) {
      throw new ShapeError('put_', `the source must have as many elements as the index, ${index.numel()}`, `${source.numel()}`);
    }
    return put('put_', this, this.wrap(wrapWhole('put_', index.nd, this.numel())), source.reshape(index.shape), accumulate);
  }
  /** The first elements of source written where the mask (broadcast) is not 0. `zeros([3]).maskedScatter_(tensor([1, 0, 1]), tensor([5, 6])) // => Tensor[3] [5, 0, 6]` */
  maskedScatter_(this: Tensor, mask: Tensor, source: Tensor): Tensor {
    const at = placesOf('maskedScatter_', this, [{ mask: mask.expand(this.shape) }]);
    if (source.numel() < at.numel()) {
      throw new ShapeError('maskedScatter_', `the source must have an element for each of the ${at.numel()} ones of the mask`, `${source.numel()}`);
    }
    return put('maskedScatter_', this, at, source.flatten().narrow(0, 0, at.numel()), false);
  }
}

/** Values, broadcast, over x at places counted row by row. */
function put(where: string, x: Tensor, at: Tensor, values: Tensor, add: boolean): Tensor {
  x.mayWrite(where, values);
  if (!sameShape(broadcastShapes(where, at.shape, values.shape), at.shape)) {
    throw new ShapeError(where, `the values must broadcast to ${showShape(at.shape)}`, showShape(values.shape));
  }
  k.putInto(x.nd, at.toTypedArray(), values.detach().expand(at.shape).nd, add);
  x.markWritten();
  return x;
}

function scatter(where: string, x: Tensor, dim: number, index: Tensor, src: Tensor, add: boolean): Tensor {
  const d = wrapDim(where, dim, x.ndim);
  x.mayWrite(where, src);
  checkGather(where, x.shape, index.nd, d);
  k.scatterInto(x.nd, index.nd, src.nd, d, add);
  x.markWritten();
  return x;
}

/** The shape of x with another size at dim; a 0-d tensor keeps its own. */
const withSize = (x: Tensor, dim: number, size: number): readonly number[] =>
  x.ndim === 0 ? [] : x.shape.with(dim, size);

/** Slices of src at places along dim. */
function slices(where: string, x: Tensor, dim: number, index: Tensor, src: Tensor, add: boolean): Tensor {
  const d = wrapDim(where, dim, x.ndim);
  const expected = withSize(x, d, index.numel());
  if (index.ndim > 1 || !sameShape(src.shape, expected)) {
    const got = `${showShape(index.shape)} and ${showShape(src.shape)}`;
    throw new ShapeError(where, `the index must have one dim, the source the shape ${showShape(expected)}`, got);
  }
  checkWhole(where, index.nd, x.shape[d] ?? 1);
  const along = index.detach().reshape(expected.map((_, other) => (other === d ? -1 : 1)));
  return scatter(where, x, d, along.expand(expected), src, add);
}
