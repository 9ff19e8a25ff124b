/** The staircase: every step multiplies two matrices with one signature, and adds one idea to the step before. */
import type { Gemm } from '../../src/kernels/matmul/reference.ts';
import { simd } from '../../src/kernels/matmul/simd.ts';
import { tiled } from '../../src/kernels/matmul/tiled.ts';
import { threeLoops } from './1-three-loops.ts';
import { loopOrder } from './2-loop-order.ts';
import { flat } from './3-flat.ts';
import { registerTile } from './4-register-tile.ts';
import { wasm } from './6-wasm.ts';
import { simdColumns } from './7-simd.ts';
import { threads } from './9-threads.ts';

export interface Step {
  readonly name: string;
  readonly gemm: Gemm;
}

/** In order. What comes next is one more line. */
export const steps: readonly Step[] = [
  { name: '1 three loops', gemm: threeLoops },
  { name: '2 loop order', gemm: loopOrder },
  { name: '3 flat', gemm: flat },
  { name: '4 register tile', gemm: registerTile },
  { name: '5 packing', gemm: tiled },
  { name: '6 WebAssembly', gemm: wasm },
  { name: '7 SIMD', gemm: simdColumns },
  { name: '8 tuned', gemm: simd },
  { name: '9 threads', gemm: threads },
];
