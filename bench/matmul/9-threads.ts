/**
 * Step 9: all cores. The loops of step 8 over memory that workers share; each computes blocks of C, and the bits do not
 * depend on how many there are. Workers start in their own time: the first calls are computed by this thread alone.
 */
import { availableParallelism } from 'node:os';
import { getNumThreads, setNumThreads } from '../../src/index.ts';
import type { Gemm } from '../../src/kernels/matmul/reference.ts';
import { shared } from '../../src/kernels/matmul/threads.ts';

export const threads: Gemm = (...args) => {
  if (getNumThreads() === 1) setNumThreads(availableParallelism()); // whoever measures something else sets it back
  shared(...args);
};
