/**
 * From loops over a line to ops over arrays, in the manner of NumPy's inner loops.
 *
 * A line is n numbers in memory: (data, start, step). A kernel is a plain loop over lines and knows
 * nothing else; here lines are found in strided and broadcast arrays, with neighbouring dims merged
 * so that lines are as long as they can be. Results are always new and row-major.
 * Where the lines are long and without gaps, a loop's twin in WebAssembly is asked first (simd/).
 */
import { copy, dense } from '../array/dense.ts';
import { unwritten } from '../array/memory.ts';
import {
  broadcastShapes,
  dtypeOf,
  isDense,
  nd,
  promote,
  sameShape,
  sizeOf,
  unwrittenNd,
  type Data,
  type DType,
  type Nd,
  type Shape,
} from '../array/nd.ts';
import { expand, permute, reshapeView } from '../array/views.ts';
import { add as addLoop } from './elementwise.ts';
import * as elementwise from './simd/elementwise.ts';
import * as simdRows from './simd/rows.ts';
import { isCostly } from './simd/twins.ts';

/** y = f(x): reads the line (x, i, di), writes n numbers to y from k on. */
export type MapLoop = (x: Data, i: number, di: number, y: Data, k: number, n: number) => void;
/** y = f(a, b). */
// prettier-ignore
export type ZipLoop = (
  a: Data, i: number, di: number, b: Data, j: number, dj: number, y: Data, k: number, n: number,
) => void;
/** y = f(a, b, c). */
// prettier-ignore
export type Zip3Loop = (
  a: Data, i: number, di: number, b: Data, j: number, dj: number, c: Data, m: number, dm: number, y: Data, k: number, n: number,
) => void;
/** One number from a line. */
export type FoldLoop = (x: Data, i: number, di: number, n: number) => number;
/** A line from a line, where each element may depend on the whole: softmax, cumulative sums. */
export type ScanLoop = (x: Data, i: number, di: number, y: Data, k: number, dk: number, n: number) => void;
/** As ScanLoop, from two lines. */
// prettier-ignore
export type Scan2Loop = (
  a: Data, i: number, di: number, b: Data, j: number, dj: number, y: Data, k: number, dk: number, n: number,
) => void;

/**
 * Visits the lines along the last dim of up to three arrays of one shape, in row-major order:
 * `visit(i, j, k)` gets the places where the line starts in a, b and c.
 */
// prettier-ignore
function eachLine(
  a: Nd, b: Nd, c: Nd, visit: (i: number, j: number, k: number) => void,
  dim = 0, i = a.offset, j = b.offset, k = c.offset,
): void {
  if (dim >= a.shape.length - 1) {
    visit(i, j, k);
    return;
  }
  for (let r = 0; r < a.shape[dim]; r++) {
    eachLine(a, b, c, visit, dim + 1, i, j, k);
    i += a.strides[dim];
    j += b.strides[dim];
    k += c.strides[dim];
  }
}

/** Merges neighbouring dims that every array steps through as one, and drops dims of size 1. */
function merge(...xs: Nd[]): Nd[] {
  const shape: number[] = [];
  const strides = xs.map((): number[] => []);
  for (let d = xs[0].shape.length - 1; d >= 0; d--) {
    const size = xs[0].shape[d];
    if (size === 1) continue;
    if (shape.length > 0 && xs.every((x, m) => x.strides[d] === strides[m][0] * shape[0])) shape[0] *= size;
    else {
      shape.unshift(size);
      xs.forEach((x, m) => strides[m].unshift(x.strides[d]));
    }
  }
  return xs.map((x, m) => nd(x.data, shape, strides[m], x.offset));
}

const lineLength = (x: Nd): number => (x.shape.length === 0 ? 1 : x.shape[x.shape.length - 1]);
const lineStep = (x: Nd): number => (x.shape.length === 0 ? 1 : x.strides[x.strides.length - 1]);

/** Elementwise: y = f(x). */
export function map(loop: MapLoop, x: Nd): Nd {
  const y = unwrittenNd(dtypeOf(x.data), x.shape);
  if (isDense(x)) {
    if (!elementwise.dense(loop, y.data, [x])) loop(x.data, x.offset, 1, y.data, 0, y.data.length);
  } else {
    const [a] = merge(x);
    if (elementwise.broadcast(loop, y.data, [a])) return y;
    const n = lineLength(a);
    const step = lineStep(a);
    let k = 0;
    eachLine(a, a, a, (i) => {
      loop(a.data, i, step, y.data, k, n);
      k += n;
    });
  }
  return y;
}

/** Elementwise with broadcasting: y = f(a, b). `where` stands in the message if the shapes do not fit. */
export function zip(where: string, loop: ZipLoop, a: Nd, b: Nd): Nd {
  const shape = broadcastShapes(where, a.shape, b.shape);
  const y = unwrittenNd(promote(a, b), shape);
  if (sameShape(a.shape, b.shape) && isDense(a) && isDense(b)) {
    if (!elementwise.dense(loop, y.data, [a, b])) {
      loop(a.data, a.offset, 1, b.data, b.offset, 1, y.data, 0, y.data.length);
    }
  } else {
    const merged = merge(expand(a, shape), expand(b, shape));
    if (elementwise.broadcast(loop, y.data, merged)) return y;
    const [p, q] = merged;
    const n = lineLength(p);
    const dp = lineStep(p);
    const dq = lineStep(q);
    let k = 0;
    eachLine(p, q, q, (i, j) => {
      loop(p.data, i, dp, q.data, j, dq, y.data, k, n);
      k += n;
    });
  }
  return y;
}

/** y += x, which broadcasts to y. Each element of y has memory of its own. */
export function addOnto(y: Nd, x: Nd): void {
  const size = sizeOf(y.shape);
  const merged = merge(y, expand(x.data === y.data ? copy(x) : x, y.shape));
  if (isDense(y) && elementwise.broadcast(addLoop, y.data, merged, y.offset, size)) return;
  const [p, q] = merged;
  const n = lineLength(p);
  const dp = lineStep(p);
  const dq = lineStep(q);
  eachLine(p, q, q, (i, j) => addLine(p.data, i, dp, q.data, j, dq, n));
}

function addLine(y: Data, i: number, di: number, x: Data, j: number, dj: number, n: number): void {
  for (let r = 0; r < n; r++, i += di, j += dj) y[i] += x[j];
}

/** Elementwise with broadcasting: y = f(a, b, c), of the given dtype. */
export function zip3(where: string, loop: Zip3Loop, dtype: DType, a: Nd, b: Nd, c: Nd): Nd {
  const shape = broadcastShapes(where, broadcastShapes(where, a.shape, b.shape), c.shape);
  const y = unwrittenNd(dtype, shape);
  const merged = merge(expand(a, shape), expand(b, shape), expand(c, shape));
  if (elementwise.broadcast(loop, y.data, merged)) return y;
  const [p, q, r] = merged;
  const n = lineLength(p);
  const dp = lineStep(p);
  const dq = lineStep(q);
  const dr = lineStep(r);
  let at = 0;
  eachLine(p, q, r, (i, j, k) => {
    loop(p.data, i, dp, q.data, j, dq, r.data, k, dr, y.data, at, n);
    at += n;
  });
  return y;
}

/**
 * Folds x to `shape`, which broadcasts to x's: each result is the fold of the elements that it would be expanded to.
 * They are folded in row-major order, as one line.
 */
export function fold(loop: FoldLoop, x: Nd, shape: Shape, dtype: DType = dtypeOf(x.data)): Nd {
  const lead = x.shape.length - shape.length;
  const folded = (d: number): boolean => d < lead || shape[d - lead] !== x.shape[d];
  const dims = x.shape.map((_, d) => d);
  const kept = dims.filter((d) => !folded(d));
  const moved = permute(x, [...kept, ...dims.filter(folded)]);
  const sizes = moved.shape.slice(0, kept.length);
  const n = sizeOf(moved.shape.slice(kept.length));
  let rows = reshapeView(moved, [...sizes, n]) ?? nd(copy(moved).data, [...sizes, n]);
  const y = unwritten(dtype, sizeOf(shape));
  if (simdRows.fold(loop, rows, n, y)) return nd(y, shape);
  if (!isDense(rows) && isCostly(loop) && simdRows.canScan(loop, [x], n)) {
    rows = copy(rows);
    if (simdRows.fold(loop, rows, n, y)) return nd(y, shape);
  }
  const step = rows.strides[sizes.length];
  let k = 0;
  eachLine(rows, rows, rows, (i) => {
    y[k++] = loop(rows.data, i, step, n);
  });
  return nd(y, shape);
}

/** x with dim moved to the end. */
function moveToEnd(x: Nd, dim: number): Nd {
  const dims = x.shape.map((_, d) => d).filter((d) => d !== dim);
  return permute(x, [...dims, dim]);
}

/** Lines along `dim` in WebAssembly, where they are made rows first if they are none; null if the plain loop must. */
function scanRows(loop: ScanLoop | Scan2Loop, xs: readonly Nd[], dim: number): Nd | null {
  const { shape } = xs[0];
  if (!simdRows.canScan(loop, xs, shape[dim])) return null;
  const rows = xs.map((x) => dense(moveToEnd(x, dim)));
  const y = unwrittenNd('float32', rows[0].shape);
  simdRows.scan(loop, rows, shape[dim], y.data);
  const last = shape.length - 1;
  if (dim === last) return y;
  return copy(permute(y, shape.map((_, d) => (d === dim ? last : d < dim ? d : d - 1)))); // prettier-ignore
}

/** A line along `dim` from each line along `dim`. */
export function scan(loop: ScanLoop, x: Nd, dim: number): Nd {
  const streamed = scanRows(loop, [x], dim);
  if (streamed !== null) return streamed;
  const y = unwrittenNd(dtypeOf(x.data), x.shape);
  if (x.shape.length === 0) loop(x.data, x.offset, 1, y.data, 0, 1, 1);
  else {
    const [a, out] = [moveToEnd(x, dim), moveToEnd(y, dim)];
    eachLine(a, out, out, (i, k) => loop(a.data, i, x.strides[dim], y.data, k, y.strides[dim], x.shape[dim]));
  }
  return y;
}

/** A line along `dim` from each pair of lines along `dim`; a and b have one shape. */
export function scan2(loop: Scan2Loop, a: Nd, b: Nd, dim: number): Nd {
  const streamed = scanRows(loop, [a, b], dim);
  if (streamed !== null) return streamed;
  const y = unwrittenNd(promote(a, b), a.shape);
  if (a.shape.length === 0) loop(a.data, a.offset, 1, b.data, b.offset, 1, y.data, 0, 1, 1);
  else {
    const [p, q, out] = [moveToEnd(a, dim), moveToEnd(b, dim), moveToEnd(y, dim)];
    eachLine(p, q, out, (i, j, k) =>
      loop(p.data, i, a.strides[dim], q.data, j, b.strides[dim], y.data, k, y.strides[dim], a.shape[dim]),
    );
  }
  return y;
}
