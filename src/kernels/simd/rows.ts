/**
 * Rows streamed through the scratchpad, some whole rows at a time. As in elementwise.ts, each function says whether it
 * did the work.
 */
import { isDense, nd, sizeOf, type Data, type Nd } from '../../array/nd.ts';
import { amax, amin, sum } from '../reduce.ts';
import type { FoldLoop } from '../lines.ts';
import type { Func } from '../wasm/assembler.ts';
import { ENDLESS, sumColumns } from '../wasm/rows.ts';
import { scratchpad } from '../wasm/scratchpad.ts';
import { AREA, OVERRUN } from '../wasm/vectors.ts';
import { areas, CHUNK, copyIn, copyOut } from './elementwise.ts';
import { kernelOf, type Kernel, type Loop } from './twins.ts';

/** Shorter rows are not worth a call each. */
const SHORT = 8;

/** A number that a kernel is given for a row. */
type OfRow = (row: number) => number;
const one: OfRow = () => 1;

/** Whether rows of n in these arrays can be streamed. */
export function fits(n: number, y: Data, xs: readonly Nd[]): boolean {
  if (n < SHORT || n > AREA - OVERRUN || !(y instanceof Float32Array)) return false;
  for (const x of xs) if (!(x.data instanceof Float32Array) || !isDense(x)) return false;
  return true;
}

/** The kernel, if rows of n in these arrays are for it. */
const kernelFor = (key: Loop | Func, n: number, y: Data, xs: readonly Nd[], size: number): Kernel | null =>
  fits(n, y, xs) ? kernelOf(key, size) : null;

/** Copies rows of n in, as many as a chunk holds, and calls `visit` for each chunk with the first row and their number. */
export function eachChunk(
  xs: readonly Nd[],
  n: number,
  rows: number,
  visit: (first: number, count: number) => void,
): void {
  const { floats } = scratchpad()!;
  const most = Math.max(1, Math.floor(CHUNK / n));
  for (let r = 0; r < rows; r += most) {
    const count = Math.min(most, rows - r);
    xs.forEach((x, o) => copyIn(floats, areas[o], x.data, x.offset + r * n, count * n));
    visit(r, count);
  }
}

/** A number from each row of n of x. */
export function fold(key: FoldLoop | Func, x: Nd, n: number, y: Data, ofRow: OfRow = one): boolean {
  if (n > CHUNK && typeof key === 'function' && joins.has(key)) return foldPieces(key, x, n, y);
  const kernel = kernelFor(key, n, y, [x], n * y.length);
  if (kernel === null) return key === sum && columns(x, n, y);
  eachChunk([x], n, y.length, (first, count) => {
    for (let r = 0; r < count; r++) y[first + r] = kernel(4 * (areas[0] + r * n), n, ofRow(first + r));
  });
  return true;
}

/** How the folds of two parts of a row become that of both. */
const joins = new Map<FoldLoop, (a: number, b: number) => number>([
  [sum, (a, b) => a + b],
  [amax, Math.max],
  [amin, Math.min],
]);

/** As fold, for rows that are longer than a chunk. */
function foldPieces(loop: FoldLoop, x: Nd, n: number, y: Data): boolean {
  const kernel = kernelFor(loop, CHUNK, y, [x], n);
  if (kernel === null) return loop === sum && columns(x, n, y);
  const { floats } = scratchpad()!;
  const join = joins.get(loop)!;
  for (let r = 0; r < y.length; r++) {
    let all: number | undefined;
    for (let k = 0; k < n; k += CHUNK) {
      const some = Math.min(CHUNK, n - k);
      copyIn(floats, areas[0], x.data, x.offset + r * n + k, some);
      const part = kernel(4 * areas[0], some);
      all = all === undefined ? part : join(all, part);
    }
    y[r] = all!;
  }
  return true;
}

/** Sums along the first dim: x is [n, M] in memory, seen as [M, n]. */
function columns(x: Nd, n: number, y: Data): boolean {
  const M = y.length;
  const kept = nd(x.data, x.shape.slice(0, -1), x.strides.slice(0, -1));
  const isMatrix = x.strides[x.strides.length - 1] === M && isDense(kept);
  if (M < SHORT || M > AREA / 2 - OVERRUN || !isMatrix || !(x.data instanceof Float32Array)) return false;
  const kernel = kernelOf(sumColumns, n * M);
  if (kernel === null || !(y instanceof Float32Array)) return false;
  const { floats } = scratchpad()!;
  const sums = new Float64Array(floats.buffer, 4 * areas[1], M);
  sums.fill(0);
  eachChunk([nd(x.data, [n, M], undefined, x.offset)], M, n, (_first, count) =>
    kernel(4 * areas[0], M, 4 * areas[1], count, 4 * M),
  );
  y.set(sums);
  return true;
}

/** Whether `scan` would do it, once lines of n in these arrays are rows. */
export const canScan = (key: Loop, xs: readonly Nd[], n: number): boolean =>
  n >= SHORT &&
  n <= AREA - OVERRUN &&
  xs.every(({ data }) => data instanceof Float32Array) &&
  kernelOf(key, sizeOf(xs[0].shape)) !== null;

/** A row of n from each row of n of x, or of two arrays. */
export function scan(key: Loop | Func, xs: readonly Nd[], n: number, y: Data, ofRow: OfRow = one): boolean {
  const kernel = kernelFor(key, n, y, xs, y.length);
  if (kernel === null) return false;
  const { floats } = scratchpad()!;
  eachChunk(xs, n, y.length / n, (first, count) => {
    for (let r = 0; r < count; r++) kernel(4 * (areas[0] + r * n), n, ofRow(first + r));
    copyOut(floats, areas[2], y, first * n, count * n);
  });
  return true;
}

/**
 * The same by a kernel that goes from row to row itself: see rowsKernel. Of the first row of each `period` one number
 * counts, of each next one more; all do if there is no period.
 */
export function scanRows(
  func: Func,
  xs: readonly Nd[],
  n: number,
  y: Data,
  numbers: readonly number[],
  period?: number,
): boolean {
  const kernel = kernelFor(func, n, y, xs, y.length);
  if (kernel === null) return false;
  const { floats } = scratchpad()!;
  eachChunk(xs, n, y.length / n, (first, count) => {
    const length = period === undefined ? n : (first % period) + 1;
    kernel(4 * areas[0], n, count, length, period ?? ENDLESS, ...numbers);
    copyOut(floats, areas[2], y, first * n, count * n);
  });
  return true;
}
