/** Normalization of rows that are streamed through the scratchpad. Null or false: the plain loop must do the work. */
import type { Data, Nd } from '../../array/nd.ts';
import { sum } from '../reduce.ts';
import type { Func } from '../wasm/assembler.ts';
import * as simd from '../wasm/norms.ts';
import { ENDLESS, sumColumns } from '../wasm/rows.ts';
import { scratchpad } from '../wasm/scratchpad.ts';
import { AREA, OVERRUN } from '../wasm/vectors.ts';
import { areas, copyIn, copyOut } from './elementwise.ts';
import { eachChunk, fits } from './rows.ts';
import { kernelOf, type Kernel, type Loop } from './twins.ts';

/** The kernels, if rows of n in these arrays are for them. */
function kernelsFor(keys: readonly (Loop | Func)[], n: number, y: Data, xs: readonly Nd[]): Kernel[] | null {
  if (!fits(n, y, xs)) return null;
  const kernels = keys.map((key) => kernelOf(key, y.length));
  return kernels.includes(null) ? null : (kernels as Kernel[]);
}

// What all rows share: w and b, and two sums over the rows in float64. Rows are at most so long.
const PART = Math.floor(AREA / 8);
const LONGEST = PART - OVERRUN;
const [W, B, SUM_W, SUM_B] = [0, 1, 2, 4].map((part) => areas[3] + PART * part);

/** y = (x − μ)/√(σ² + ε)·w + b for each row of n. */
export function layerNorm(x: Nd, w: Nd, b: Nd, eps: number, y: Data): boolean {
  const n = w.shape[0];
  const kernels = n > LONGEST ? null : kernelsFor([simd.layerNorm], n, y, [x, w, b]);
  if (kernels === null) return false;
  const { floats } = scratchpad()!;
  copyIn(floats, W, w.data, w.offset, n);
  copyIn(floats, B, b.data, b.offset, n);
  eachChunk([x], n, y.length / n, (first, count) => {
    kernels[0](4 * areas[0], n, count, n, ENDLESS, 4 * W, 4 * B, eps);
    copyOut(floats, areas[2], y, first * n, count * n);
  });
  return true;
}

/** x̄, w̄ and b̄: see the kernel. */
export function layerNormGrad(g: Nd, x: Nd, w: Nd, eps: number, xBar: Data, wBar: Data, bBar: Data): boolean {
  const n = w.shape[0];
  const kernels = n > LONGEST ? null : kernelsFor([simd.layerNormGrad, sumColumns], n, xBar, [g, x, w]);
  if (kernels === null) return false;
  const [kernel, columns] = kernels;
  const { floats } = scratchpad()!;
  const [sumW, sumB] = [SUM_W, SUM_B].map((at) => new Float64Array(floats.buffer, 4 * at, n).fill(0));
  copyIn(floats, W, w.data, w.offset, n);
  eachChunk([x, g], n, xBar.length / n, (first, count) => {
    kernel(4 * areas[0], n, count, n, ENDLESS, 4 * W, eps);
    columns(4 * areas[0], n, 4 * SUM_W, count, 4 * n);
    columns(4 * areas[1], n, 4 * SUM_B, count, 4 * n);
    copyOut(floats, areas[2], xBar, first * n, count * n);
  });
  wBar.set(sumW);
  bBar.set(sumB);
  return true;
}

/** Adds up what a kernel finds in the rows of each b of [A, B, S]. */
function sumsOf(kernel: Kernel, xs: readonly Nd[], number: (b: number) => number = () => 0): Float64Array {
  const [A, B, S] = xs[0].shape;
  const sums = new Float64Array(B);
  eachChunk(xs, S, A * B, (first, count) => {
    for (let r = 0; r < count; r++) {
      const b = (first + r) % B;
      sums[b] += kernel(4 * (areas[0] + r * S), S, number(b));
    }
  });
  return sums;
}

/** Means and 1/√(σ² + ε) for each b of x[A, B, S]. */
function statistics(total: Kernel, squares: Kernel, x: Nd, eps: number): { means: Float64Array; scales: Float64Array } {
  const [A, , S] = x.shape;
  const means = sumsOf(total, [x]).map((s) => s / (A * S));
  const scales = sumsOf(squares, [x], (b) => means[b]).map((s) => 1 / Math.sqrt(s / (A * S) + eps));
  return { means, scales };
}

/** Each row of y from that of x (and another), and numbers for each b. */
function eachRow(kernel: Kernel, xs: readonly Nd[], y: Data, numbers: (b: number) => number[]): true {
  const [A, B, S] = xs[0].shape;
  const { floats } = scratchpad()!;
  const all = Array.from({ length: B }, (_, b) => numbers(b));
  eachChunk(xs, S, A * B, (first, count) => {
    for (let r = 0; r < count; r++) kernel(4 * (areas[0] + r * S), S, ...all[(first + r) % B]);
    copyOut(floats, areas[2], y, first * S, count * S);
  });
  return true;
}

/** y = (x − μ)/√(σ² + ε), with the moments of each b of x[A, B, S]. */
export function standardize(x: Nd, eps: number, y: Data): boolean {
  const kernels = kernelsFor([sum, simd.squares, simd.standardize], x.shape[2], y, [x]);
  if (kernels === null) return false;
  const { means, scales } = statistics(kernels[0], kernels[1], x, eps);
  return eachRow(kernels[2], [x], y, (b) => [means[b], scales[b]]);
}

/** x̄ = (g − mean g − y·mean(g⊙y))/√(σ² + ε). */
export function standardizeGrad(g: Nd, y: Nd, x: Nd, eps: number, xBar: Data): boolean {
  const [A, , S] = x.shape;
  const kernels = kernelsFor([sum, simd.squares, simd.dot, simd.standardizeGrad], S, xBar, [g, y, x]);
  if (kernels === null) return false;
  const [total, squares, dot, kernel] = kernels;
  const { scales } = statistics(total, squares, x, eps);
  const [sums, along] = [sumsOf(total, [g]), sumsOf(dot, [g, y])];
  return eachRow(kernel, [g, y], xBar, (b) => [scales[b], sums[b] / (A * S), along[b] / (A * S)]);
}
