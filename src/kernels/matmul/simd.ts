/**
 * C = A·B in WebAssembly SIMD, in the manner of GotoBLAS (Goto and van de Geijn, 2008) over a fixed scratchpad:
 *
 *   for jc: columns of C, NC at a time        B[:, jc] is packed once, all of it
 *     for ic: rows of C, MC at a time         a block of C begins at zero in the scratchpad
 *       for pc: the inner dim, KC at a time   A[ic, pc] is packed, and stays in the L2 cache
 *         tiles                               C block += A block · B block, in WebAssembly
 *       the block of C is copied out
 *
 * Operands are copied in as they lie, by rows or by columns, and are put in panels there: a transposed operand costs
 * nothing extra. Products and sums are rounded to float32, in an order that depends on k alone.
 */
import type { Data } from '../../array/nd.ts';
import { functions, MR, NR } from '../wasm/matmul.ts';
import { scratchpad } from '../wasm/scratchpad.ts';
import type { Gemm } from './reference.ts';

const KC = 256; // an A panel and a B panel (3 + 12 KB) stay in the L1 cache
const MC = 96; // the packed block of A (96 KB) stays in the L2 cache

// The scratchpad, in floats: 2²¹ in all. Small addresses stay free: see the barriers in wasm/matmul.ts.
const STAGE = 1 << 10; // where operands are copied to
const STAGE_SIZE = 1 << 18;
const PACKED_A = STAGE + STAGE_SIZE + 64; // packing may read, and stores may write, a little too far
const PACKED_B = PACKED_A + MC * KC + 64;
const PACKED_B_SIZE = 1 << 20;
const BLOCK_C = PACKED_B + PACKED_B_SIZE + 64;
const BLOCK_C_SIZE = (1 << 21) - BLOCK_C - 64;

interface Kernel {
  readonly floats: Float32Array<ArrayBuffer>;
  readonly packA: Packer;
  readonly packB: Packer;
  readonly packVectorsA: Packer;
  readonly packVectorsB: Packer;
  readonly tiles: (a: number, aEnd: number, b: number, bEnd: number, c: number, pitch: number, kc: number) => number;
  readonly compact: (from: number, pitch: number, width: number, rows: number, to: number) => number;
}
// prettier-ignore
type Packer = (from: number, across: number, along: number, panels: number, kc: number, to: number, step: number) => number;

let kernel: Kernel | null | undefined;

/** The kernel, compiled when first asked for; null where there is no WebAssembly. */
function loaded(): Kernel | null {
  if (kernel === undefined) {
    const pad = scratchpad();
    if (pad === null) kernel = null;
    else {
      const { packA, packB, packVectorsA, packVectorsB, tiles, compact } = pad.compile(functions);
      kernel = { floats: pad.floats, packA, packB, packVectorsA, packVectorsB, tiles, compact };
    }
  }
  return kernel;
}

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
  k <= PACKED_B_SIZE / NR &&
  loaded() !== null;

const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to;

/**
 * Copies part of an operand to the stage: `lines` of `width` numbers that are `pitch` apart. In one go if little lies
 * between them. Returns how far apart they lie on the stage.
 */
function stage(floats: Float32Array, x: Data, start: number, pitch: number, lines: number, width: number): number {
  if (pitch * 4 <= width * 5) {
    floats.set(x.subarray(start, start + (lines - 1) * pitch + width), STAGE);
    return pitch;
  }
  for (let r = 0; r < lines; r++) {
    floats.set(x.subarray(start + r * pitch, start + r * pitch + width), STAGE + r * width);
  }
  return width;
}

/**
 * Packs a block of `count` lines (rows of A or columns of B) of kc numbers into panels of `width`. The lines start at
 * `start`; `across` and `along` are its steps, of which one is 1.
 */
// prettier-ignore
function packBlock(
  floats: Float32Array, byElement: Packer, byVector: Packer, width: number,
  x: Data, start: number, across: number, along: number, count: number, kc: number, to: number,
): void {
  const step = 4 * width * kc;
  if (across === 1) {
    // Lines lie side by side: stage some of their elements at a time, each a row of `count` numbers.
    const most = Math.max(1, Math.floor((STAGE_SIZE * 4) / 5 / count));
    for (let p = 0; p < kc; p += most) {
      const some = Math.min(most, kc - p);
      const pitch = stage(floats, x, start + p * along, along, some, count);
      byVector(4 * STAGE, 4, 4 * pitch, Math.ceil(count / width), some, 4 * (to + p * width), step);
    }
  } else {
    // Each line lies in one piece: stage some whole panels at a time.
    const most = Math.max(width, Math.floor((STAGE_SIZE * 4) / 5 / kc / width) * width);
    for (let j = 0; j < count; j += most) {
      const some = Math.min(most, count - j);
      const pitch = stage(floats, x, start + j * across, across, some, kc);
      byElement(4 * STAGE, 4 * pitch, 4, Math.ceil(some / width), kc, 4 * (to + j * kc), step);
    }
  }
}

/** See canUseSimd. */
export const simd: Gemm = (m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci) => {
  const { floats, packA, packB, packVectorsA, packVectorsB, tiles, compact } = loaded()!;
  const widest = Math.floor(Math.min(PACKED_B_SIZE / k, BLOCK_C_SIZE / MC) / NR) * NR;
  for (let jc = 0; jc < n; jc += widest) {
    const nc = Math.min(widest, n - jc);
    const pitch = roundUp(nc, NR);
    for (let pc = 0; pc < k; pc += KC) {
      const kc = Math.min(KC, k - pc);
      const start = bi + pc * bRow + jc * bCol;
      packBlock(floats, packB, packVectorsB, NR, b, start, bCol, bRow, nc, kc, PACKED_B + pc * pitch);
    }
    for (let ic = 0; ic < m; ic += MC) {
      const mc = Math.min(MC, m - ic);
      const rows = roundUp(mc, MR);
      floats.fill(0, BLOCK_C, BLOCK_C + rows * pitch);
      for (let pc = 0; pc < k; pc += KC) {
        const kc = Math.min(KC, k - pc);
        packBlock(floats, packA, packVectorsA, MR, a, ai + ic * aRow + pc * aCol, aRow, aCol, mc, kc, PACKED_A);
        const B = PACKED_B + pc * pitch;
        tiles(4 * PACKED_A, 4 * (PACKED_A + rows * kc), 4 * B, 4 * (B + pitch * kc), 4 * BLOCK_C, 4 * pitch, kc);
      }
      if (nc !== pitch) compact(4 * BLOCK_C, 4 * pitch, 4 * nc, mc, 4 * BLOCK_C);
      if (nc === n) c.set(floats.subarray(BLOCK_C, BLOCK_C + mc * n), ci + ic * n);
      else {
        for (let i = 0; i < mc; i++) {
          c.set(floats.subarray(BLOCK_C + i * nc, BLOCK_C + (i + 1) * nc), ci + (ic + i) * n + jc);
        }
      }
    }
  }
};
