/**
 * Step 4: a tile of 4 × 3 sums stays in registers for the whole of k. Seven numbers loaded serve twelve products, where
 * the steps before load two numbers (and store one) for each.
 */
import type { Data } from '../../src/array/nd.ts';
import type { Gemm } from '../../src/kernels/matmul/reference.ts';

const MR = 4;
const NR = 3;

/** One tile of C from four rows of A (from p on) and three columns of B (from q on). */
// prettier-ignore
function tile(
  k: number, a: Data, p: number, aRow: number, aCol: number,
  b: Data, q: number, bRow: number, bCol: number, c: Data, at: number, n: number,
): void {
  let c00 = 0, c01 = 0, c02 = 0;
  let c10 = 0, c11 = 0, c12 = 0;
  let c20 = 0, c21 = 0, c22 = 0;
  let c30 = 0, c31 = 0, c32 = 0;
  let p1 = p + aRow, p2 = p + 2 * aRow, p3 = p + 3 * aRow;
  let q1 = q + bCol, q2 = q + 2 * bCol;
  for (let l = 0; l < k; l++) {
    const b0 = b[q], b1 = b[q1], b2 = b[q2];
    const a0 = a[p], a1 = a[p1], a2 = a[p2], a3 = a[p3];
    c00 += a0 * b0; c01 += a0 * b1; c02 += a0 * b2;
    c10 += a1 * b0; c11 += a1 * b1; c12 += a1 * b2;
    c20 += a2 * b0; c21 += a2 * b1; c22 += a2 * b2;
    c30 += a3 * b0; c31 += a3 * b1; c32 += a3 * b2;
    p += aCol; p1 += aCol; p2 += aCol; p3 += aCol;
    q += bRow; q1 += bRow; q2 += bRow;
  }
  c[at] = c00; c[at + 1] = c01; c[at + 2] = c02; at += n;
  c[at] = c10; c[at + 1] = c11; c[at + 2] = c12; at += n;
  c[at] = c20; c[at + 1] = c21; c[at + 2] = c22; at += n;
  c[at] = c30; c[at + 1] = c31; c[at + 2] = c32;
}

/** One element of C: what is left over at the right and lower edge. */
// prettier-ignore
function dot(k: number, a: Data, p: number, aCol: number, b: Data, q: number, bRow: number): number {
  let sum = 0;
  for (let l = 0; l < k; l++, p += aCol, q += bRow) sum += a[p] * b[q];
  return sum;
}

export const registerTile: Gemm = (m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci) => {
  const rows = m - (m % MR);
  const cols = n - (n % NR);
  for (let i = 0; i < rows; i += MR) {
    for (let j = 0; j < cols; j += NR) {
      tile(k, a, ai + i * aRow, aRow, aCol, b, bi + j * bCol, bRow, bCol, c, ci + i * n + j, n);
    }
  }
  for (let i = 0; i < m; i++) {
    for (let j = i < rows ? cols : 0; j < n; j++) {
      c[ci + i * n + j] = dot(k, a, ai + i * aRow, aCol, b, bi + j * bCol, bRow);
    }
  }
};
