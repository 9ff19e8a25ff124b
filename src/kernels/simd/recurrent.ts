/** Steps of an LSTM in the scratchpad, some rows of the batch at a time. Each function says whether it did the work. */
import type { Data } from '../../array/nd.ts';
import type { Func } from '../wasm/assembler.ts';
import * as simd from '../wasm/recurrent.ts';
import { scratchpad } from '../wasm/scratchpad.ts';
import { areas, CHUNK, copyIn, copyOut } from './elementwise.ts';
import { kernelOf, type Kernel } from './twins.ts';

/** Numbers in memory from a place on. */
export type From = readonly [data: Data, at: number];

/** The kernel, if the numbers are for it: rows of whole vectors, or the rest of one gate would be written over the next. */
const kernelFor = (func: Func, B: number, H: number, xs: readonly From[]): Kernel | null =>
  H % 4 === 0 && H <= CHUNK && xs.every(([data]) => data instanceof Float32Array) ? kernelOf(func, B * H) : null;

/** Calls visit for blocks of the rows 0 … B−1 of H numbers. */
function eachBlock(B: number, H: number, visit: (first: number, rows: number) => void): void {
  const most = Math.max(1, Math.floor(CHUNK / H));
  for (let b = 0; b < B; b += most) visit(b, Math.min(most, B - b));
}

/** One step for B rows of H cells: z and x [B, 4H], c [B, H] to y's planes, which are `plane` apart. */
export function lstmStep(B: number, H: number, z: From, x: From, c: From, y: From, plane: number): boolean {
  const kernel = kernelFor(simd.lstmStep, B, H, [z, x, c, y]);
  if (kernel === null) return false;
  const { floats } = scratchpad()!;
  eachBlock(B, H, (b, rows) => {
    const pitch = rows * H;
    for (const [i, [data, at]] of [z, x].entries()) copyIn(floats, areas[i], data, at + 4 * b * H, 4 * rows * H);
    copyIn(floats, areas[2], c[0], c[1] + b * H, rows * H);
    for (let r = 0; r < rows; r++) {
      const [gates, cells, out] = [areas[0] + 4 * r * H, areas[2] + r * H, areas[3] + r * H];
      kernel(4 * gates, H, 4 * cells, 4 * out, 4 * H, 4 * pitch);
    }
    for (let p = 0; p < 6; p++) copyOut(floats, areas[3] + p * pitch, y[0], y[1] + p * plane + b * H, rows * H);
  });
  return true;
}

/** One step back: what simd.planes names, each [B, H], to x̄ [B, 4H], and dc in place. */
export function lstmStepBack(B: number, H: number, planes: readonly From[], x: From, dc: From): boolean {
  const kernel = kernelFor(simd.lstmStepBack, B, H, [...planes, x, dc]);
  if (kernel === null) return false;
  const { floats } = scratchpad()!;
  eachBlock(B, H, (b, rows) => {
    const pitch = rows * H;
    for (const [p, [data, at]] of planes.entries()) copyIn(floats, areas[0] + p * pitch, data, at + b * H, rows * H);
    for (let r = 0; r < rows; r++) {
      kernel(4 * (areas[0] + r * H), H, 4 * (areas[1] + 4 * r * H), 4 * H, 4 * pitch);
    }
    copyOut(floats, areas[1], x[0], x[1] + 4 * b * H, 4 * rows * H);
    copyOut(floats, areas[0] + planes.length * pitch, dc[0], dc[1] + b * H, rows * H);
  });
  return true;
}
