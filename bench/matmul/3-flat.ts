/**
 * Step 3: nothing is computed twice. The element of A is read once for a whole row of B, and places are counted up
 * where they were multiplied out.
 */
import type { Gemm } from '../../src/kernels/matmul/reference.ts';

export const flat: Gemm = (m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci) => {
  for (let i = 0, row = ci; i < m; i++, row += n) {
    const end = row + n;
    c.fill(0, row, end);
    let p = ai + i * aRow;
    for (let l = 0, from = bi; l < k; l++, p += aCol, from += bRow) {
      const x = a[p];
      for (let r = row, q = from; r < end; r++, q += bCol) c[r] += x * b[q];
    }
  }
};
