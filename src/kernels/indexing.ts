/**
 * Moving numbers by index: gather and its adjoint scatterAdd, indexSelect and indexAdd, concat, oneHot, and the adjoints
 * of views, unslice and unlattice.
 * Indices are whole numbers in range; whoever calls has checked them.
 */
import { copy, dense, overwrite } from '../array/dense.ts';
import {
  dtypeOf,
  isDense,
  promote,
  sizeOf,
  unwrittenNd,
  zerosNd,
  type Data,
  type Nd,
  type Shape,
} from '../array/nd.ts';
import { lattice, slice, type Range, type Walk } from '../array/views.ts';

/** A row-major array seen as [outer, n, inner] around one of its dims. */
function around(shape: Shape, dim: number): { outer: number; n: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, dim)), n: shape[dim] ?? 1, inner: sizeOf(shape.slice(dim + 1)) };
}

/**
 * Where gather reads and scatterAdd writes: for each element of `index`, in row-major order, the place in an array
 * of `shape` that has the element's own coordinates, but along `dim` the index.
 */
function places(index: Nd, shape: Shape, dim: number): Int32Array {
  const at = new Int32Array(sizeOf(index.shape));
  const flat = dense(index);
  const size = index.shape;
  const rank = size.length;
  if (size.every((n, d) => d === dim || n === shape[d])) {
    // The arrays agree in the other dims: [outer, index's size or shape's, inner].
    const { outer, n, inner } = around(shape, dim);
    const rows = size[dim] ?? 1;
    const { data, offset } = flat;
    if (inner === 1) {
      for (let o = 0, e = 0; o < outer; o++) {
        for (const end = e + rows, start = o * n; e < end; e++) at[e] = start + data[offset + e];
      }
      return at;
    }
    for (let o = 0, e = 0; o < outer; o++) {
      for (let r = 0, start = o * n; r < rows; r++) {
        for (let i = 0; i < inner; i++, e++) at[e] = (start + data[offset + e]) * inner + i;
      }
    }
    return at;
  }
  const coordinates = new Array<number>(rank).fill(0);
  for (let e = 0; e < at.length; e++) {
    let place = 0;
    for (let d = 0; d < rank; d++) place = place * shape[d] + (d === dim ? flat.data[flat.offset + e] : coordinates[d]);
    at[e] = place;
    for (let d = rank - 1; d >= 0 && ++coordinates[d] === size[d]; d--) coordinates[d] = 0;
  }
  return at;
}

/** Whether an index runs along the last dim, and agrees with the shape in the others: it can be followed row by row. */
const isRowwise = ({ shape: size }: Nd, shape: Shape, dim: number): boolean =>
  size.length > 0 && dim === size.length - 1 && size.every((n, d) => d === dim || n === shape[d]);

/** y[e] = x[index[e]] in each row, of n numbers in x and k in y. */
// prettier-ignore
function gatherRows(x: Data, xi: number, n: number, index: Data, at: number, y: Data, k: number): void {
  for (let e = 0, row = xi; e < y.length; row += n) for (const end = e + k; e < end; e++) y[e] = x[row + index[at + e]];
}

/** y[index[e]] += g[e] in each row, of n numbers in y and k in g; `count` in all. */
// prettier-ignore
function scatterRows(y: Data, yi: number, n: number, index: Data, at: number, g: Data, gi: number, k: number, count: number): void {
  for (let e = 0, row = yi; e < count; row += n) for (const end = e + k; e < end; e++) y[row + index[at + e]] += g[gi + e];
}

/** y[i][j] = x[index[i][j]][j] for dim 0, and so on; y has index's shape. */
export function gather(x: Nd, index: Nd, dim: number): Nd {
  const y = unwrittenNd(dtypeOf(x.data), index.shape);
  const { data, offset } = dense(x);
  if (isRowwise(index, x.shape, dim)) {
    const flat = dense(index);
    gatherRows(data, offset, x.shape[dim], flat.data, flat.offset, y.data, index.shape[dim]);
    return y;
  }
  const at = places(index, x.shape, dim);
  for (let e = 0; e < at.length; e++) y.data[e] = data[offset + at[e]];
  return y;
}

/** y[index[i][j]][j] += g[i][j], for a row-major y. */
export function scatterOnto(y: Nd, g: Nd, index: Nd, dim: number): void {
  const { data, offset } = dense(g);
  if (isRowwise(index, y.shape, dim)) {
    const flat = dense(index);
    const count = sizeOf(index.shape);
    scatterRows(y.data, y.offset, y.shape[dim], flat.data, flat.offset, data, offset, index.shape[dim], count);
    return;
  }
  const at = places(index, y.shape, dim);
  for (let e = 0; e < at.length; e++) y.data[y.offset + at[e]] += data[offset + e];
}

/** The adjoint of gather: the same from zeros of `shape` on. */
export function scatterAdd(g: Nd, index: Nd, dim: number, shape: Shape): Nd {
  const y = zerosNd(dtypeOf(g.data), shape);
  scatterOnto(y, g, index, dim);
  return y;
}

/** x with y[index[i][j]][j] = src[i][j]; of several for one place the last one stays. */
export function scatter(x: Nd, index: Nd, src: Nd, dim: number): Nd {
  const y = copy(x, promote(x, src));
  const { data, offset } = dense(src);
  const at = places(index, x.shape, dim);
  for (let e = 0; e < at.length; e++) y.data[at[e]] = data[offset + e];
  return y;
}

/** 1 for each element of index whose write in `scatter` stays, 0 for those that a later one covers. */
export function lastWrites(index: Nd, dim: number, shape: Shape): Nd {
  const y = zerosNd(dtypeOf(index.data), index.shape);
  const at = places(index, shape, dim);
  const covered = new Set<number>();
  for (let e = at.length - 1; e >= 0; e--) {
    if (!covered.has(at[e])) y.data[e] = 1;
    covered.add(at[e]);
  }
  return y;
}

/** For each element of index, how many before it name its place. */
export function earlierWrites(index: Nd, dim: number, shape: Shape): Nd {
  const y = zerosNd(dtypeOf(index.data), index.shape);
  const seen = new Int32Array(sizeOf(shape));
  const at = places(index, shape, dim);
  for (let e = 0; e < at.length; e++) y.data[e] = seen[at[e]]++;
  return y;
}

/** The slices of x at index[0], index[1], … along dim; index is 1-d. */
export function indexSelect(x: Nd, index: Nd, dim: number): Nd {
  const { outer, n, inner } = around(x.shape, dim);
  const rows = index.shape[0] ?? 1;
  const y = unwrittenNd(dtypeOf(x.data), x.shape.with(dim, rows));
  const { data, offset } = dense(x);
  const places = dense(index);
  if (inner === 1) {
    for (let o = 0, k = 0; o < outer; o++) {
      const start = offset + o * n;
      for (let r = places.offset, end = r + rows; r < end; r++) y.data[k++] = data[start + places.data[r]];
    }
    return y;
  }
  for (let o = 0, k = 0; o < outer; o++) {
    for (let r = 0; r < rows; r++) {
      const from = offset + (o * n + index.data[index.offset + r * (index.strides[0] ?? 0)]) * inner;
      for (let i = from; i < from + inner; i++) y.data[k++] = data[i];
    }
  }
  return y;
}

/** Adds g's slices to y, which is row-major, at their indices; repeated ones add up. */
export function indexOnto(y: Nd, g: Nd, index: Nd, dim: number): void {
  const { outer, n, inner } = around(y.shape, dim);
  const rows = index.shape[0] ?? 1;
  const { data, offset } = dense(g);
  for (let o = 0, i = offset; o < outer; o++) {
    for (let r = 0; r < rows; r++) {
      const to = y.offset + (o * n + index.data[index.offset + r * (index.strides[0] ?? 0)]) * inner;
      for (let k = to; k < to + inner; k++) y.data[k] += data[i++];
    }
  }
}

/** The adjoint of indexSelect: the same from zeros of `shape` on. */
export function indexAdd(g: Nd, index: Nd, dim: number, shape: Shape): Nd {
  const y = zerosNd(dtypeOf(g.data), shape);
  indexOnto(y, g, index, dim);
  return y;
}

/** The adjoint of slice: zeros (or another number) of `shape` with g where the slice was taken. */
export function unslice(g: Nd, ranges: readonly Range[], shape: Shape, fill: number): Nd {
  const y = zerosNd(dtypeOf(g.data), shape);
  if (fill !== 0) y.data.fill(fill);
  overwrite(slice(y, ranges), g);
  return y;
}

/** The adjoint of lattice: zeros of `shape` to which each element of g is added where the lattice took it from. */
export function unlattice(g: Nd, start: readonly number[], walks: readonly Walk[], shape: Shape): Nd {
  const y = zerosNd(dtypeOf(g.data), shape);
  const { offset, strides } = lattice(y, start, walks);
  const { data, offset: first } = dense(g);
  const last = walks.length - 1;
  let i = first;
  const walk = (dim: number, at: number): void => {
    const { size } = walks[dim];
    if (dim < last) for (let r = 0; r < size; r++, at += strides[dim]) walk(dim + 1, at);
    else for (let r = 0, step = strides[dim]; r < size; r++, at += step) y.data[at] += data[i++];
  };
  if (last < 0) y.data[offset] += data[i];
  else if (sizeOf(g.shape) > 0) walk(0, offset);
  return y;
}

/** x in which each place that index names is the largest (`sign` 1) or smallest (−1) of itself and what src has for it. */
export function scatterExtreme(x: Nd, index: Nd, src: Nd, dim: number, sign: 1 | -1): Nd {
  const y = copy(x, promote(x, src));
  const { data, offset } = dense(src);
  const at = places(index, x.shape, dim);
  for (let e = 0; e < at.length; e++) {
    const v = data[offset + e];
    if (v !== v || sign * v > sign * y.data[at[e]]) y.data[at[e]] = v;
  }
  return y;
}

/** x in which each place that index names is multiplied by all that src has for it. */
export function scatterProd(x: Nd, index: Nd, src: Nd, dim: number): Nd {
  const y = copy(x, promote(x, src));
  const { data, offset } = dense(src);
  const at = places(index, x.shape, dim);
  for (let e = 0; e < at.length; e++) y.data[at[e]] *= data[offset + e];
  return y;
}

/** The arrays one after another along dim. */
export function concat(xs: readonly Nd[], dim: number): Nd {
  const total = xs.reduce((n, x) => n + x.shape[dim], 0);
  const y = unwrittenNd(
    xs.map((x) => dtypeOf(x.data)).reduce((a, b) => (a === b ? a : 'float64')),
    xs[0].shape.with(dim, total),
  );
  const { outer, inner } = around(y.shape, dim);
  let start = 0;
  for (const x of xs) {
    const { data, offset } = dense(x);
    const run = x.shape[dim] * inner;
    for (let o = 0; o < outer; o++) {
      y.data.set(data.subarray(offset + o * run, offset + (o + 1) * run), o * total * inner + start * inner);
    }
    start += x.shape[dim];
  }
  return y;
}

/** A last dim of `classes` with 1 at the index and 0 elsewhere. */
export function oneHot(index: Nd, classes: number): Nd {
  const y = zerosNd(dtypeOf(index.data), [...index.shape, classes]);
  const { data, offset } = dense(index);
  for (let e = 0, n = sizeOf(index.shape); e < n; e++) y.data[e * classes + data[offset + e]] = 1;
  return y;
}

/** Writes src's elements over x's at the places `at` in row-major order, or adds them, one after another. */
export function putInto(x: Nd, at: ArrayLike<number>, src: Nd, add: boolean): void {
  const { data, offset } = src.data === x.data ? copy(src) : dense(src);
  const straight = isDense(x);
  for (let e = 0; e < at.length; e++) {
    let to = x.offset + at[e];
    if (!straight) {
      to = x.offset;
      for (let d = x.shape.length - 1, rest = at[e]; d >= 0; d--) {
        to += (rest % x.shape[d]) * x.strides[d];
        rest = Math.floor(rest / x.shape[d]);
      }
    }
    if (add) x.data[to] += data[offset + e];
    else x.data[to] = data[offset + e];
  }
}

/** What scatter and scatterAdd write, into x itself. */
export const scatterInto = (x: Nd, index: Nd, src: Nd, dim: number, add: boolean): void =>
  putInto(x, places(index, x.shape, dim), src, add);
