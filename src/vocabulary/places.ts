/**
 * Python's x[…] in full: positions, ranges, '...', new dims, index tensors that broadcast together, and masks.
 * Positions and ranges are one slice; index tensors then pick from one dim that theirs are merged to.
 */
import { checkTensors } from '../array/checks.ts';
import { dense } from '../array/dense.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { broadcastShapes, sameShape, sizeOf, wholeNd, type Nd, type Shape } from '../array/nd.ts';
import { indexRanges, wrapIndex, type Place } from '../array/ranges.ts';
import { expand } from '../array/views.ts';
import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';

/**
 * One place of `x.index(…)`: a position, a range 'start:stop:step', all that is left '...', null for a new dim, an index
 * (a tensor or a list of whole numbers), or the places where a mask is not 0. As masks are tensors like others, one is
 * marked as such: `x.index({ mask: x.gt(0) })`.
 */
export type Index = Place | Tensor | readonly number[] | { readonly mask: Tensor };

/** Whole numbers, counted from the back if negative, that pick along a dim of what the slice has left. */
interface Picks {
  readonly dim: number;
  readonly index: Nd;
}

const isTensor = (place: Index): place is Tensor => typeof place === 'object' && place !== null && 'nd' in place;

/** The places of x's `slice` part, and the index tensors that pick from what it leaves. */
function parse(where: string, x: Tensor, given: readonly Index[]): { slice: Place[]; picks: Picks[] } {
  const taken = (place: Index): number =>
    place === null || place === '...' ? 0 : typeof place === 'object' && 'mask' in place ? place.mask.ndim : 1;
  const rest = x.ndim - given.reduce((n: number, place) => n + taken(place), 0);
  if (rest < 0 || given.indexOf('...') !== given.lastIndexOf('...')) {
    const got = given.map((p) => (typeof p === 'object' && p !== null ? ('mask' in p ? 'mask' : 'index') : p));
    throw new ShapeError(where, `at most ${x.ndim} places and one '...' may be given`, got.join(', '));
  }
  const slice: Place[] = [];
  const picks: Picks[] = [];
  let at = 0; // dim of x
  let out = 0; // dim of the slice
  for (const place of given) {
    if (typeof place === 'object' && place !== null && 'mask' in place) {
      const { mask } = place;
      const over = x.shape.slice(at, at + mask.ndim);
      if (!sameShape(mask.shape, over)) {
        throw new ShapeError(
          where,
          `the mask must have the shape of the dims that it is for, ${showShape(over)}`,
          showShape(mask.shape),
        );
      }
      // A mask without dims picks from a new one of size 1: all of it or nothing.
      const found = (mask.ndim === 0 ? mask.reshape([1]) : mask).detach().nonzero();
      for (let d = 0; d < found.shape[1]; d++) picks.push({ dim: out + d, index: found.select(1, d).nd });
      for (let d = 0; d < found.shape[1]; d++) slice.push(mask.ndim === 0 ? null : ':');
      at += mask.ndim;
      out += found.shape[1];
    } else if (Array.isArray(place) || (isTensor(place) && place.ndim > 0)) {
      picks.push({ dim: out++, index: isTensor(place) ? place.nd : wholeNd(place as readonly number[]) });
      slice.push(':');
      at++;
    } else {
      const plain = isTensor(place) ? place.item() : (place as Place);
      if (typeof plain !== 'number' && typeof plain !== 'string' && plain !== null) {
        const rule = "a place must be a number, a range 'start:stop:step', '...', null, an index or { mask }";
        throw new ValueError(where, rule, typeof plain);
      }
      slice.push(plain);
      at += plain === '...' ? rest : plain === null ? 0 : 1;
      out += plain === '...' ? rest : typeof plain === 'number' ? 0 : 1;
    }
  }
  return { slice, picks };
}

/**
 * The indices of several dims of sizes `sizes`, broadcast together, as one index of the dims merged: Σ iₖ·strideₖ.
 */
function merged(where: string, sizes: Shape, picks: readonly Picks[]): { at: Float64Array<ArrayBuffer>; shape: Shape } {
  const shape = picks.reduce((all: Shape, { index }) => broadcastShapes(where, all, index.shape), []);
  const at = new Float64Array(sizeOf(shape));
  picks.forEach(({ index }, p) => {
    const { data, offset } = dense(expand(index, shape));
    const size = sizes[p];
    for (let e = 0; e < at.length; e++) {
      const v = data[offset + e];
      at[e] = at[e] * size + (v >= 0 && v < size && Math.floor(v) === v ? v : wrapIndex(where, v, size));
    }
  });
  return { at, shape };
}

/** x[…]. See Tensor.index. */
export function read(where: string, x: Tensor, given: readonly Index[]): Tensor {
  const { slice, picks } = parse(where, x, given);
  const { ranges, shape } = indexRanges(where, x.shape, slice);
  const sliced = x.apply(ops.slice, x, ranges).reshape(shape);
  if (picks.length === 0) return sliced;

  // Dims that lie side by side are replaced where they are; of dims that lie apart the result comes first.
  const dims = picks.map(({ dim }) => dim);
  const together = dims.every((dim, i) => dim === dims[0] + i);
  const others = shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const y = together ? sliced : sliced.permute(...dims, ...others);
  const first = together ? dims[0] : 0;
  const before = y.shape.slice(0, first);
  const sizes = y.shape.slice(first, first + dims.length);
  const after = y.shape.slice(first + dims.length);
  const { at, shape: picked } = merged(where, sizes, picks);
  const flat = y.reshape([...before, sizeOf(sizes), ...after]);
  return flat.apply(ops.indexSelect, flat, x.wrap(wholeNd(at)), first).reshape([...before, ...picked, ...after]);
}

/** Where in x, row by row, the elements of x[…] come from. */
export function placesOf(where: string, x: Tensor, given: readonly Index[]): Tensor {
  const { slice, picks } = parse(where, x, given);
  if (picks.length === x.ndim && slice.length === x.ndim && slice.every((place) => place === ':')) {
    const { at, shape } = merged(where, x.shape, picks); // every dim is picked from
    return x.wrap(wholeNd(at, shape));
  }
  const all = new Float64Array(x.numel());
  for (let i = 0; i < all.length; i++) all[i] = i;
  return read(where, x.wrap(wholeNd(all, x.shape)), given);
}

/** The part of src that an index uses: its first elements along each dim. */
export function partOf(where: string, src: Tensor, index: Tensor): Tensor {
  checkTensors(where, src, index);
  if (src.ndim !== index.ndim || index.shape.some((size, d) => size > src.shape[d])) {
    throw new ShapeError(
      where,
      `the source must have the index's dims, none of them smaller than in ${showShape(index.shape)}`,
      showShape(src.shape),
    );
  }
  return src.apply(
    ops.slice,
    src,
    index.shape.map((size) => ({ start: 0, step: 1, size })),
  );
}
