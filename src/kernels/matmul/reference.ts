/** C = A·B by three loops: the definition, that every other kernel is held to. */
import type { Data } from '../../array/nd.ts';

/**
 * Multiplies one pair of matrices: C[m, n] = A[m, k] · B[k, n].
 * A and B are read through a start and two strides (row step, column step), so a transposed matrix is only another
 * pair of strides. C is row-major from ci on and is overwritten.
 */
// prettier-ignore
export type Gemm = (
  m: number, n: number, k: number,
  a: Data, ai: number, aRow: number, aCol: number,
  b: Data, bi: number, bRow: number, bCol: number,
  c: Data, ci: number,
) => void;

export const reference: Gemm = (m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci) => {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let s = 0;
      let p = ai + i * aRow;
      let q = bi + j * bCol;
      for (let l = 0; l < k; l++, p += aCol, q += bRow) s += a[p] * b[q];
      c[ci + i * n + j] = s;
    }
  }
};
