/**
 * Step 2: the same loops in another order. With j innermost, B and C are read along their rows, so that each line that
 * the cache fetches is used whole, and the processor sees the next one coming.
 */
import type { Gemm } from '../../src/kernels/matmul/reference.ts';

export const loopOrder: Gemm = (m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci) => {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) c[ci + i * n + j] = 0;
    for (let l = 0; l < k; l++) {
      for (let j = 0; j < n; j++) {
        c[ci + i * n + j] += a[ai + i * aRow + l * aCol] * b[bi + l * bRow + j * bCol];
      }
    }
  }
};
