/**
 * C = A·B in WebAssembly SIMD, in the manner of GotoBLAS (Goto and van de Geijn, 2008) over a fixed scratchpad:
 *
 *   for jc: columns of C, NC at a time            B[:, jc] is copied in once, all of it, and packed in panels
 *     for ia, pa: A, as much as there is room for   it is copied in as it lies
 *       for ic: rows of C, MC at a time
 *         for pc: the inner dim, KC at a time     a block of A stays in the L2 cache
 *           tiles                                 C block += A block · B block, in WebAssembly
 *     the rows of C are copied out
 *
 * A small B is not packed: it stays in the cache as it is. Operands may lie by rows or by columns, so a transposed one
 * costs nothing extra. A single row or column has kernels of its own, that read the matrix once.
 * Sums run over k in order, so bits do not depend on sizes and layouts, nor by default on machines: see instructions.ts.
 */
import type { Data } from '../../array/nd.ts';
import { kernel } from './instructions.ts';

export const KC = 256; // a panel of B (8 KB) stays in the L1 cache
export const MC = 96; // a block of A (96 KB) stays in the L2 cache
const DEPTH = 4096; // of a longer inner dim so much is copied in at a time
/** B is not packed if it has so few numbers or, since packing would not pay, A so few rows. */
export const RAW = 1 << 14;
const FEW = 32;

// The scratchpad, in floats: 2²¹ in all. Small addresses stay free: see the barriers in wasm/matmul.ts. What lies past
// an operand may be read, and a few numbers past the packed B and C be written.
export const SLACK = 1 << 9;
export const STAGED_A = 1 << 10;
export const STAGED_A_SIZE = 1 << 19;
export const PACKED_A = STAGED_A + STAGED_A_SIZE + SLACK;
export const STAGED_B = PACKED_A + MC * KC + SLACK;
export const STAGED_B_SIZE = 1 << 16; // pieces stay in the L2 cache until they are packed
const ROW_SIZE = 1 << 13; // a row that sums begin with
export const PACKED_B = STAGED_B + STAGED_B_SIZE + ROW_SIZE + SLACK;
const PACKED_B_SIZE = 1 << 20;
export const BLOCK_C = PACKED_B + PACKED_B_SIZE + SLACK;
export const BLOCK_C_SIZE = (1 << 21) - BLOCK_C - SLACK;

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

/** Lines with at most so many numbers between them are copied in as they lie: a call costs as much as 500 numbers. */
export const GAP = 512;

/** How far apart staged lines of `width` numbers are that lie `pitch` apart. */
const stagedPitch = (pitch: number, width: number): number => (pitch - width <= GAP ? pitch : width);

/** Copies part of an operand in: `lines` of `width` numbers. Returns how far apart they are then. */
export function stage(
  floats: Float32Array, x: Data, start: number, pitch: number, lines: number, width: number, to: number,
): number {
  const staged = lines === 1 ? width : stagedPitch(pitch, width);
  const together = staged === pitch || lines === 1;
  const n = together ? (lines - 1) * staged + width : width;
  for (let r = 0; r < (together ? 1 : lines); r++) {
    const from = start + r * pitch;
    floats.set(from === 0 && n === x.length ? x : x.subarray(from, from + n), to + r * width);
  }
  return staged;
} // prettier-ignore

/** How many lines fit into a room when they are staged: a multiple of `step`, and at least that. */
const linesIn = (room: number, pitch: number, width: number, step: number): number =>
  Math.max(step, Math.floor(room / stagedPitch(pitch, width) / step) * step);

/** Packs B[depth, cols], which begins at `start`, at `to`: panels of `width` columns that are `step` numbers apart. */
function pack(
  b: Data, start: number, bRow: number, bCol: number, depth: number, cols: number, width: number, to: number, step: number,
): void {
  const { floats, packRows, packColumns } = kernel()!;
  if (bCol === 1) {
    const some = linesIn(STAGED_B_SIZE, bRow, cols, 1);
    for (let p = 0; p < depth; p += some) {
      const rows = Math.min(some, depth - p);
      const pitch = stage(floats, b, start + p * bRow, bRow, rows, cols, STAGED_B);
      packRows(4 * STAGED_B, 4 * pitch, Math.ceil(cols / width), rows, 4 * (to + p * width), 4 * step);
    }
  } else {
    const some = linesIn(STAGED_B_SIZE, bCol, depth, width);
    for (let j = 0; j < cols; j += some) {
      const lines = Math.min(some, cols - j);
      const pitch = stage(floats, b, start + j * bCol, bCol, lines, depth, STAGED_B);
      const panels = Math.ceil(lines / width);
      packColumns(4 * STAGED_B, 4 * pitch, panels, depth, 4 * (to + (j / width) * step), 4 * step);
    }
  }
} // prettier-ignore

/** y[n] = x[k]·B (+ start), x with any step: B streams by once, by rows or by columns. */
function vectorTimes(
  n: number, k: number, x: Data, xi: number, xStep: number,
  b: Data, bi: number, bRow: number, bCol: number, y: Data, yi: number, begin: Data | null,
): void {
  const { floats, vectorByRows, vectorByColumns } = kernel()!;
  const NC = STAGED_B_SIZE / 2;
  for (let jc = 0; jc < n; jc += NC) {
    const nc = Math.min(NC, n - jc);
    if (begin === null) floats.fill(0, BLOCK_C, BLOCK_C + nc);
    else floats.set(begin.subarray(jc, jc + nc), BLOCK_C);
    for (let pc = 0; pc < k; pc += DEPTH) {
      const kc = Math.min(DEPTH, k - pc);
      if (xStep === 1) stage(floats, x, xi + pc, kc, 1, kc, STAGED_A);
      else for (let p = 0; p < kc; p++) floats[STAGED_A + p] = x[xi + (pc + p) * xStep];
      const from = bi + pc * bRow + jc * bCol;
      if (bCol === 1) {
        const some = linesIn(STAGED_B_SIZE, bRow, nc, 1);
        for (let p = 0; p < kc; p += some) {
          const rows = Math.min(some, kc - p);
          const pitch = stage(floats, b, from + p * bRow, bRow, rows, nc, STAGED_B);
          vectorByRows(4 * (STAGED_A + p), 4 * STAGED_B, 4 * pitch, 4 * BLOCK_C, 4 * (BLOCK_C + nc), rows);
        }
      } else {
        const some = linesIn(STAGED_B_SIZE, bCol, kc, 8);
        for (let j = 0; j < nc; j += some) {
          const cols = Math.min(some, nc - j);
          const pitch = stage(floats, b, from + j * bCol, bCol, cols, kc, STAGED_B);
          vectorByColumns(4 * STAGED_A, 4 * STAGED_B, 4 * pitch, 4 * (BLOCK_C + j), 4 * (BLOCK_C + j + cols), kc);
        }
      }
    }
    y.set(floats.subarray(BLOCK_C, BLOCK_C + nc), yi + jc);
  }
} // prettier-ignore

/** C = A·B (+ begin in each row): see canUseSimd. */
export const simd = (
  m: number, n: number, k: number, a: Data, ai: number, aRow: number, aCol: number,
  b: Data, bi: number, bRow: number, bCol: number, c: Data, ci: number, begin: Data | null = null,
): void => {
  if (k === 0) {
    c.fill(0, ci, ci + m * n);
    if (begin !== null) for (let i = 0; i < m; i++) c.set(begin, ci + i * n);
    return;
  }
  if (m === 1) return vectorTimes(n, k, a, ai, aCol, b, bi, bRow, bCol, c, ci, begin);
  if (n === 1 && begin === null) return vectorTimes(m, k, b, bi, bRow, a, ai, aCol, aRow, c, ci, null); // Cᵀ = Bᵀ·Aᵀ
  const { floats, rows: tileRows, cols, tilesByRows, tilesByColumns, packA, compact } = kernel()!;
  const raw = bCol === 1 && (k * n <= RAW || m <= FEW) && k * stagedPitch(bRow, n) <= STAGED_B_SIZE;
  const panel = cols * roundUp(k, 4);
  const NC = Math.floor(Math.min(PACKED_B_SIZE / panel, BLOCK_C_SIZE / MC / cols)) * cols;
  const byRows = aCol === 1;
  for (let jc = 0; jc < n; jc += NC) {
    const nc = Math.min(NC, n - jc);
    const pitch = roundUp(nc, cols);
    let [B, bPitch, bStep] = [PACKED_B, cols, panel];
    if (raw) [B, bPitch, bStep] = [STAGED_B + jc, stage(floats, b, bi, bRow, k, n, STAGED_B), cols];
    else {
      for (let pc = 0; pc < k; pc += DEPTH) {
        const depth = Math.min(DEPTH, k - pc);
        pack(b, bi + pc * bRow + jc * bCol, bRow, bCol, depth, nc, cols, PACKED_B + pc * cols, panel);
      }
    }
    const bEnd = (pitch / cols) * bStep;
    // Sums begin at a row of numbers, which lies where B was staged, behind what may be there still.
    const from = STAGED_B + STAGED_B_SIZE;
    if (begin === null) floats.fill(0, from, from + pitch);
    else floats.set(begin.subarray(jc, jc + nc), from);

    const most = Math.floor(BLOCK_C_SIZE / pitch / MC) * MC;
    // A lies by rows: as many of them as fit. By columns: as many rows as C allows, and as much of k as fits then.
    const MA = Math.min(m, byRows ? Math.min(most, linesIn(STAGED_A_SIZE, aRow, Math.min(k, DEPTH), MC)) : Math.min(most, 1024));
    const KA = byRows ? DEPTH : Math.min(DEPTH, linesIn(STAGED_A_SIZE, aCol, MA, KC));
    for (let ia = 0; ia < m; ia += MA) {
      const rows = Math.min(MA, m - ia);
      for (let pa = 0; pa < k; pa += KA) {
        const depth = Math.min(KA, k - pa);
        const start = ai + ia * aRow + pa * aCol;
        const aPitch = byRows
          ? stage(floats, a, start, aRow, rows, depth, STAGED_A)
          : stage(floats, a, start, aCol, depth, rows, STAGED_A);
        for (let ic = 0; ic < rows; ic += MC) {
          const mc = Math.min(MC, rows - ic);
          for (let pc = 0; pc < depth; pc += KC) {
            const kc = Math.min(KC, depth - pc);
            const Bp = 4 * (B + (pa + pc) * bPitch);
            const C = 4 * (BLOCK_C + ic * pitch);
            const first = pa + pc === 0 ? 4 * from : 0;
            if (byRows) {
              const A = 4 * (STAGED_A + ic * aPitch + pc);
              const [end, step] = [A + 4 * mc * aPitch, 4 * tileRows * aPitch];
              tilesByRows(A, end, step, 4 * aPitch, Bp, Bp + 4 * bEnd, 4 * bStep, 4 * bPitch, C, 4 * pitch, kc, first);
            } else {
              const [panels, step] = [Math.ceil(mc / tileRows), 4 * tileRows * kc];
              packA(4 * (STAGED_A + ic + pc * aPitch), 4 * aPitch, panels, kc, 4 * PACKED_A, step);
              const end = 4 * PACKED_A + panels * step;
              tilesByColumns(
                4 * PACKED_A, end, step, 4 * tileRows, Bp, Bp + 4 * bEnd, 4 * bStep, 4 * bPitch, C, 4 * pitch, kc, first,
              );
            }
          }
        }
      }
      if (nc !== pitch) compact(4 * BLOCK_C, 4 * pitch, 4 * nc, rows, 4 * BLOCK_C);
      if (nc === n) c.set(floats.subarray(BLOCK_C, BLOCK_C + rows * n), ci + ia * n);
      else {
        for (let i = 0; i < rows; i++) {
          c.set(floats.subarray(BLOCK_C + i * nc, BLOCK_C + (i + 1) * nc), ci + (ia + i) * n + jc);
        }
      }
    }
  }
}; // prettier-ignore
