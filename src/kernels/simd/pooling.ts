/** Windows over planes in the scratchpad, a plane at a time. Each function says whether it did the work. */
import type { Nd } from '../../array/nd.ts';
import type { Ranges } from '../pooling.ts';
import type { Func } from '../wasm/assembler.ts';
import { argmaxRows, spreadRows, sumRows } from '../wasm/pooling.ts';
import { scratchpad } from '../wasm/scratchpad.ts';
import { AREA, OVERRUN } from '../wasm/vectors.ts';
import { areas, copyIn, copyOut } from './elementwise.ts';
import { kernelOf, type Kernel } from './twins.ts';

const [PLANE, PLACES] = areas;

/** How far apart windows of one size without gaps begin; null if they are no such windows, or others than we know. */
function strideOf(windows: Ranges): 1 | 2 | null {
  if (windows.length < 2) return null;
  const [first, second] = windows;
  const stride = second.start - first.start;
  const regular = windows.every(
    ({ start, step, size }, i) => start === first.start + i * stride && step === 1 && size === first.size,
  );
  return regular && (stride === 1 || stride === 2) ? stride : null;
}

/** The kernel, if windows over planes of H × W in x, as many as y has numbers, are for it. */
// prettier-ignore
function kernelFor(
  kernels: Readonly<Record<1 | 2, Func>>, x: Nd, y: Nd, H: number, W: number, rows: Ranges, cols: Ranges,
): Kernel | null {
  const stride = strideOf(cols);
  if (stride === null || H * W > AREA - OVERRUN || rows.some(({ step }) => step !== 1)) return null;
  const isFloat32 = x.data instanceof Float32Array && y.data instanceof Float32Array;
  return isFloat32 ? kernelOf(kernels[stride], x.data.length) : null;
}

/** Runs the kernel for each row of windows of the plane; `numbers` of the place of the first window's first number. */
function eachRow(
  kernel: Kernel,
  W: number,
  rows: Ranges,
  cols: Ranges,
  numbers: (first: number) => number[] = () => [],
): void {
  const [{ start, size }, n] = [cols[0], cols.length];
  for (const [r, row] of rows.entries()) {
    const first = row.start * W + start;
    kernel(4 * (PLANE + first), 4 * (PLACES + r * n), n, row.size, size, 4 * W, ...numbers(first));
  }
}

/** From planes of x to one number a window. */
// prettier-ignore
function reduce(
  kernels: Readonly<Record<1 | 2, Func>>, x: Nd, rows: Ranges, cols: Ranges, y: Nd, numbers?: (first: number) => number[],
): boolean {
  const [N, C, H, W] = x.shape;
  const kernel = kernelFor(kernels, x, y, H, W, rows, cols);
  if (kernel === null) return false;
  const { floats } = scratchpad()!;
  const count = rows.length * cols.length;
  for (let plane = 0; plane < N * C; plane++) {
    copyIn(floats, PLANE, x.data, x.offset + plane * H * W, H * W);
    eachRow(kernel, W, rows, cols, numbers);
    copyOut(floats, PLACES, y.data, plane * count, count);
  }
  return true;
}

/** See kernels/pooling.ts; for windows that are alike and begin one or two columns apart. */
export const windowSum = (x: Nd, rows: Ranges, cols: Ranges, y: Nd): boolean => reduce(sumRows, x, rows, cols, y);

/** See kernels/pooling.ts. */
export const windowArgmax = (x: Nd, rows: Ranges, cols: Ranges, y: Nd): boolean =>
  reduce(argmaxRows, x, rows, cols, y, (first) => [first, x.shape[3]]);

/** See kernels/pooling.ts. */
export function windowSpread(g: Nd, rows: Ranges, cols: Ranges, x: Nd): boolean {
  const [N, C, H, W] = x.shape;
  const kernel = kernelFor(spreadRows, x, g, H, W, rows, cols);
  if (kernel === null) return false;
  const { floats } = scratchpad()!;
  const count = rows.length * cols.length;
  for (let plane = 0; plane < N * C; plane++) {
    floats.fill(0, PLANE, PLANE + H * W);
    copyIn(floats, PLACES, g.data, g.offset + plane * count, count);
    eachRow(kernel, W, rows, cols);
    copyOut(floats, PLANE, x.data, plane * H * W, H * W);
  }
  return true;
}
