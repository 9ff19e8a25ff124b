/**
 * C = A·B in WebAssembly SIMD, in the manner of GotoBLAS (Goto and van de Geijn, 2008) over a fixed scratchpad:
 *
 *   for jc: columns of C, NC at a time          B[:, jc] is copied in once, all of it, and packed in panels
 *     for ic: rows of C, MC at a time           A[ic, :] is copied in as it lies
 *       for pc: the inner dim, KC at a time     a block of A stays in the L2 cache
 *         tiles                                 C block += A block · B block, in WebAssembly
 *       the block of C is copied out
 *
 * A small B is not packed: it stays in the L1 cache as it is. Operands may lie by rows or by columns, so a transposed
 * one costs nothing extra. A single row or column has kernels of its own, that read the matrix once.
 * Sums run over k in order, so bits do not depend on sizes and layouts, nor by default on machines: see instructions.ts.
 */
import type { Data } from '../../array/nd.ts';
import { kernel } from './instructions.ts';
import type { Gemm } from './reference.ts';

export const KC = 256; // a panel of B (8 KB) stays in the L1 cache
export const MC = 96; // a block of A (96 KB) stays in the L2 cache
const DEPTH = 4096; // of a longer inner dim so much is copied in at a time
/** B with so many numbers or fewer is not packed. */
const RAW = 1 << 14;

// The scratchpad, in floats: 2²¹ in all. Small addresses stay free: see the barriers in wasm/matmul.ts. What lies past
// an operand may be read, and a few numbers past the packed B and C be written.
export const SLACK = 1 << 9;
const STAGED_A = 1 << 10;
const STAGED_A_SIZE = 1 << 19;
const STAGED_B = STAGED_A + STAGED_A_SIZE + SLACK;
const STAGED_B_SIZE = 1 << 16; // pieces stay in the L2 cache until they are packed
const PACKED_B = STAGED_B + STAGED_B_SIZE + SLACK;
const PACKED_B_SIZE = 1 << 20;
const BLOCK_C = PACKED_B + PACKED_B_SIZE + SLACK;
const BLOCK_C_SIZE = (1 << 21) - BLOCK_C - SLACK;

export const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to;

/** Whether simd can multiply these: float32, rows or columns without steps, and k small enough for a panel of B. */
// prettier-ignore
export const canUseSimd = (
  a: Data, aRow: number, aCol: number, b: Data, bRow: number, bCol: number, k: number,
): boolean =>
  a instanceof Float32Array &&
  b instanceof Float32Array &&
  (aRow === 1 || aCol === 1) &&
  (bRow === 1 || bCol === 1) &&
  Math.min(aRow, aCol, bRow, bCol) > 0 &&
  k <= PACKED_B_SIZE / 16 &&
  kernel() !== null;

/** Copies n numbers in. */
function copyIn(floats: Float32Array, x: Data, start: number, n: number, to: number): void {
  floats.set(start === 0 && n === x.length ? x : x.subarray(start, start + n), to);
}

/**
 * Copies part of an operand in: `lines` of `width` numbers that are `pitch` apart. In one go if little lies between
 * them. Returns how far apart they are then.
 */
export function stage(
  floats: Float32Array, x: Data, start: number, pitch: number, lines: number, width: number, to: number,
): number {
  if (lines === 1 || pitch * 4 <= width * 5) {
    copyIn(floats, x, start, lines === 1 ? width : (lines - 1) * pitch + width, to);
    return lines === 1 ? width : pitch;
  }
  for (let r = 0; r < lines; r++) copyIn(floats, x, start + r * pitch, width, to + r * width);
  return width;
} // prettier-ignore

/** How many lines of `width` numbers, a multiple of `step`, fit into the room for B however stage copies them. */
const linesOfB = (width: number, step: number): number =>
  Math.max(step, Math.floor((STAGED_B_SIZE * 4) / 5 / width / step) * step);

/** Packs B[depth, cols], which begins at `start`, at `to`: panels of `width` columns that are `step` numbers apart. */
function pack(
  b: Data, start: number, bRow: number, bCol: number, depth: number, cols: number, width: number, to: number, step: number,
): void {
  const { floats, packRows, packColumns } = kernel()!;
  if (bCol === 1) {
    const some = linesOfB(cols, 1);
    for (let p = 0; p < depth; p += some) {
      const rows = Math.min(some, depth - p);
      const pitch = stage(floats, b, start + p * bRow, bRow, rows, cols, STAGED_B);
      packRows(4 * STAGED_B, 4 * pitch, Math.ceil(cols / width), rows, 4 * (to + p * width), 4 * step);
    }
  } else {
    const some = linesOfB(depth, width);
    for (let j = 0; j < cols; j += some) {
      const lines = Math.min(some, cols - j);
      const pitch = stage(floats, b, start + j * bCol, bCol, lines, depth, STAGED_B);
      packColumns(4 * STAGED_B, 4 * pitch, Math.ceil(lines / width), depth, 4 * (to + (j / width) * step), 4 * step);
    }
  }
} // prettier-ignore

/** y[n] = x[k]·B, x with any step: B streams by once, by rows or by columns. */
function vectorTimes(
  n: number, k: number, x: Data, xi: number, xStep: number,
  b: Data, bi: number, bRow: number, bCol: number, y: Data, yi: number,
): void {
  const { floats, vectorByRows, vectorByColumns } = kernel()!;
  for (let jc = 0; jc < n; jc += STAGED_B_SIZE / 2) {
    const nc = Math.min(STAGED_B_SIZE / 2, n - jc);
    floats.fill(0, BLOCK_C, BLOCK_C + nc);
    for (let pc = 0; pc < k; pc += DEPTH) {
      const kc = Math.min(DEPTH, k - pc);
      if (xStep === 1) copyIn(floats, x, xi + pc, kc, STAGED_A);
      else for (let p = 0; p < kc; p++) floats[STAGED_A + p] = x[xi + (pc + p) * xStep];
      const start = bi + pc * bRow + jc * bCol;
      const some = bCol === 1 ? linesOfB(nc, 1) : linesOfB(kc, 8);
      if (bCol === 1) {
        for (let p = 0; p < kc; p += some) {
          const rows = Math.min(some, kc - p);
          const pitch = stage(floats, b, start + p * bRow, bRow, rows, nc, STAGED_B);
          vectorByRows(4 * (STAGED_A + p), 4 * STAGED_B, 4 * pitch, 4 * BLOCK_C, 4 * (BLOCK_C + nc), rows);
        }
      } else {
        for (let j = 0; j < nc; j += some) {
          const cols = Math.min(some, nc - j);
          const pitch = stage(floats, b, start + j * bCol, bCol, cols, kc, STAGED_B);
          vectorByColumns(4 * STAGED_A, 4 * STAGED_B, 4 * pitch, 4 * (BLOCK_C + j), 4 * (BLOCK_C + j + cols), kc);
        }
      }
    }
    y.set(floats.subarray(BLOCK_C, BLOCK_C + nc), yi + jc);
  }
} // prettier-ignore

/** See canUseSimd. */
export const simd: Gemm = (m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci) => {
  if (k === 0) return void c.fill(0, ci, ci + m * n);
  if (m === 1) return vectorTimes(n, k, a, ai, aCol, b, bi, bRow, bCol, c, ci);
  if (n === 1) return vectorTimes(m, k, b, bi, bRow, a, ai, aCol, aRow, c, ci); // Cᵀ = Bᵀ·Aᵀ
  const { floats, cols, tilesByRows, tilesByColumns, compact } = kernel()!;
  const raw = bCol === 1 && k * n <= RAW && bRow * 4 <= n * 5;
  const tiles = aCol === 1 ? tilesByRows : tilesByColumns;
  const panel = cols * roundUp(k, 4);
  const NC = Math.floor(Math.min(PACKED_B_SIZE / panel, BLOCK_C_SIZE / MC / cols)) * cols;
  for (let jc = 0; jc < n; jc += NC) {
    const nc = Math.min(NC, n - jc);
    const pitch = roundUp(nc, cols);
    let [B, bPitch, bStep] = [PACKED_B, cols, panel];
    if (raw) [B, bPitch, bStep] = [STAGED_B, stage(floats, b, bi, bRow, k, n, STAGED_B), cols];
    else {
      for (let pc = 0; pc < k; pc += DEPTH) {
        const start = bi + pc * bRow + jc * bCol;
        pack(b, start, bRow, bCol, Math.min(DEPTH, k - pc), nc, cols, PACKED_B + pc * cols, panel);
      }
    }
    const bEnd = (pitch / cols) * bStep;
    for (let ic = 0; ic < m; ic += MC) {
      const mc = Math.min(MC, m - ic);
      for (let pd = 0; pd < k; pd += DEPTH) {
        const depth = Math.min(DEPTH, k - pd);
        const start = ai + ic * aRow + pd * aCol;
        const byRows = aCol === 1;
        const aPitch = byRows
          ? stage(floats, a, start, aRow, mc, depth, STAGED_A)
          : stage(floats, a, start, aCol, depth, mc, STAGED_A);
        for (let pc = 0; pc < depth; pc += KC) {
          const A = STAGED_A + (byRows ? pc : pc * aPitch);
          const aEnd = A + (byRows ? mc * aPitch : mc);
          const Bp = B + (pd + pc) * bPitch;
          const kc = Math.min(KC, depth - pc);
          tiles(
            4 * A, 4 * aEnd, 4 * aPitch, 4 * Bp, 4 * (Bp + bEnd), 4 * bStep, 4 * bPitch,
            4 * BLOCK_C, 4 * pitch, kc, pd + pc === 0 ? 1 : 0,
          ); // prettier-ignore
        }
      }
      if (nc !== pitch) compact(4 * BLOCK_C, 4 * pitch, 4 * nc, mc, 4 * BLOCK_C);
      if (nc === n) c.set(floats.subarray(BLOCK_C, BLOCK_C + mc * n), ci + ic * n);
      else {
        for (let i = 0; i < mc; i++) {
          c.set(floats.subarray(BLOCK_C + i * nc, BLOCK_C + (i + 1) * nc), ci + (ic + i) * n + jc);
        }
      }
    }
  }
};
