/**
 * Step 1: three loops, as the definition stands in the book: C[i, j] = Σₗ A[i, l] · B[l, j].
 * The innermost loop goes down a column of B, a row apart at each step, and works out every place anew.
 */
import type { Gemm } from '../../src/kernels/matmul/reference.ts';

export const threeLoops: Gemm = (m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci) => {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[ai + i * aRow + l * aCol] * b[bi + l * bRow + j * bCol];
      c[ci + i * n + j] = sum;
    }
  }
};
