/** What computes: for people to look at. Nothing else in the house asks. */
import { kernel } from './matmul/instructions.ts';
import { threadsInUse } from './matmul/threads.ts';
import { scratchpad } from './wasm/scratchpad.ts';

export interface KernelInfo {
  /** Products of float32 matrices that are not tiny. */
  readonly matmul: {
    readonly kernel: 'WebAssembly SIMD' | 'TypeScript';
    /** Rows × columns of C that stay in registers. */
    readonly tile: string;
    readonly instructions: string;
    readonly why: string;
  };
  /** Element by element, reductions, softmax, optimizers, where float32 numbers lie in long lines. */
  readonly elementwise: { readonly kernel: 'WebAssembly SIMD' | 'TypeScript'; readonly why: string };
  /** How many threads take part in large products now; workers start in their own time. */
  readonly threads: { readonly count: number; readonly why: string };
}

/**
 * Which kernels are in use, and why.
 * ```ts
 * import { kernelInfo } from 'adjoint';
 * const { kernel, tile, instructions } = kernelInfo().matmul;
 * console.log(kernel, tile, instructions); // => WebAssembly SIMD 4×8 mul+add
 * ```
 */
export function kernelInfo(): KernelInfo {
  const tuned = kernel();
  const reason = 'there is no WebAssembly SIMD here, or it is not allowed (content-security policy)';
  return {
    matmul:
      tuned === null
        ? { kernel: 'TypeScript', tile: '4×3', instructions: 'float64', why: reason }
        : {
            kernel: 'WebAssembly SIMD',
            tile: `${tuned.rows}×${tuned.cols}`,
            instructions: tuned.instructions,
            why: tuned.why,
          },
    elementwise:
      scratchpad() === null
        ? { kernel: 'TypeScript', why: reason }
        : {
            kernel: 'WebAssembly SIMD',
            why: 'the same bits on every machine; plain loops for float64 and short lines',
          },
    threads: threadsInUse(),
  };
}
