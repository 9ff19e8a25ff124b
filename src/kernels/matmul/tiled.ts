/**
 * C = A·B in plain TypeScript, with a register tile and packed panels (Goto and van de Geijn, 2008).
 *
 *              ┌─ NR = 3 ─┐
 *              │ B panel  │ KC     A is copied into panels of MR rows, B into panels of NR columns,
 *   ┌── KC ───┐└──────────┘        both so that the innermost loop reads them from front to back.
 *   │ A panel │┌──────────┐ MR = 4 A tile of MR×NR sums stays in registers for KC steps, so that
 *   └─────────┘│ C tile   │        each number loaded is used 3 or 4 times.
 *              └──────────┘
 *
 * Panels are float64: V8 computes in float64 anyway, and converting once, while packing, is cheaper than
 * converting at each use. Sums over more than KC steps are added up in C.
 */
import type { Data } from '../../array/nd.ts';
import type { Gemm } from './reference.ts';

const MR = 4;
const NR = 3;
const KC = 256; // an A panel and a B panel (8 + 6 KB) stay in the L1 cache
const MC = 64; // the packed block of A (128 KB) stays in the L2 cache

const packedA = new Float64Array(MC * KC);
let packedB = new Float64Array(0);

/** Copies `count` rows (or columns) of kc numbers into panels of `width`, interleaved; pads the last with zeros. */
// prettier-ignore
function pack(
  x: Data, start: number, across: number, along: number, count: number, kc: number, width: number, out: Float64Array,
): void {
  let at = 0;
  for (let r = 0; r < count; r += width) {
    const full = Math.min(width, count - r);
    for (let p = 0; p < kc; p++) {
      let from = start + r * across + p * along;
      for (let w = 0; w < full; w++, from += across) out[at++] = x[from];
      for (let w = full; w < width; w++) out[at++] = 0;
    }
  }
}

/** Adds (or, at the first block of k, writes) one tile: C[4, 3] += A panel · B panel, of which rows × cols exist. */
// prettier-ignore
function tile(
  kc: number, a: Float64Array, p: number, b: Float64Array, q: number,
  c: Data, ci: number, n: number, rows: number, cols: number, first: boolean,
): void {
  let c00 = 0, c01 = 0, c02 = 0;
  let c10 = 0, c11 = 0, c12 = 0;
  let c20 = 0, c21 = 0, c22 = 0;
  let c30 = 0, c31 = 0, c32 = 0;
  for (const end = p + kc * MR; p < end; p += MR, q += NR) {
    const b0 = b[q], b1 = b[q + 1], b2 = b[q + 2];
    const a0 = a[p], a1 = a[p + 1], a2 = a[p + 2], a3 = a[p + 3];
    c00 += a0 * b0; c01 += a0 * b1; c02 += a0 * b2;
    c10 += a1 * b0; c11 += a1 * b1; c12 += a1 * b2;
    c20 += a2 * b0; c21 += a2 * b1; c22 += a2 * b2;
    c30 += a3 * b0; c31 += a3 * b1; c32 += a3 * b2;
  }
  put(c, ci, cols, first, c00, c01, c02);
  if (rows > 1) put(c, ci + n, cols, first, c10, c11, c12);
  if (rows > 2) put(c, ci + 2 * n, cols, first, c20, c21, c22);
  if (rows > 3) put(c, ci + 3 * n, cols, first, c30, c31, c32);
}

/** One row of a tile into C. */
function put(c: Data, ci: number, cols: number, first: boolean, x: number, y: number, z: number): void {
  c[ci] = first ? x : c[ci] + x;
  if (cols > 1) c[ci + 1] = first ? y : c[ci + 1] + y;
  if (cols > 2) c[ci + 2] = first ? z : c[ci + 2] + z;
}

export const tiled: Gemm = (m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci) => {
  if (k === 0) c.fill(0, ci, ci + m * n);
  const needed = Math.ceil(n / NR) * NR * KC;
  if (packedB.length < needed) packedB = new Float64Array(needed);
  for (let pc = 0; pc < k; pc += KC) {
    const kc = Math.min(KC, k - pc);
    pack(b, bi + pc * bRow, bCol, bRow, n, kc, NR, packedB);
    for (let ic = 0; ic < m; ic += MC) {
      const mc = Math.min(MC, m - ic);
      pack(a, ai + ic * aRow + pc * aCol, aRow, aCol, mc, kc, MR, packedA);
      for (let jr = 0; jr < n; jr += NR) {
        for (let ir = 0; ir < mc; ir += MR) {
          const at = ci + (ic + ir) * n + jr;
          tile(kc, packedA, ir * kc, packedB, jr * kc, c, at, n, mc - ir, n - jr, pc === 0);
        }
      }
    }
  }
};
