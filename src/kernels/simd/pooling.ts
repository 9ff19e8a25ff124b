/** Windows over planes in the scratchpad, a plane at a time. Says whether it did the work. */
import type { Nd } from '../../array/nd.ts';
import type { Ranges } from '../pooling.ts';
import { argmaxRow1, argmaxRow2 } from '../wasm/pooling.ts';
import { scratchpad } from '../wasm/scratchpad.ts';
import { AREA, OVERRUN } from '../wasm/vectors.ts';
import { areas, copyIn, copyOut } from './elementwise.ts';
import { kernelOf } from './twins.ts';

/** How far apart windows of one size without gaps begin; 0 if they are no such windows. */
function strideOf(windows: Ranges): number {
  if (windows.length < 2) return 0;
  const [first, second] = windows;
  const stride = second.start - first.start;
  const regular = windows.every(
    ({ start, step, size }, i) => start === first.start + i * stride && step === 1 && size === first.size,
  );
  return regular ? stride : 0;
}

/** See kernels/pooling.ts: for windows that are alike, one or two columns apart. */
export function windowArgmax(x: Nd, rows: Ranges, cols: Ranges, y: Nd): boolean {
  const [N, C, H, W] = x.shape;
  const stride = strideOf(cols);
  if (stride < 1 || stride > 2 || !(x.data instanceof Float32Array) || H * W > AREA - OVERRUN) return false;
  if (rows.some(({ step }) => step !== 1)) return false;
  const kernel = kernelOf(stride === 1 ? argmaxRow1 : argmaxRow2, y.data.length);
  if (kernel === null) return false;
  const { floats } = scratchpad()!;
  const [start, size, n] = [cols[0].start, cols[0].size, cols.length];
  const [image, places] = [areas[0], areas[1]];
  for (let plane = 0; plane < N * C; plane++) {
    copyIn(floats, image, x.data, x.offset + plane * H * W, H * W);
    for (let r = 0; r < rows.length; r++) {
      const first = rows[r].start * W + start;
      kernel(4 * (image + first), 4 * (places + r * n), n, rows[r].size, size, 4 * W, first, W);
    }
    copyOut(floats, places, y.data, plane * rows.length * n, rows.length * n);
  }
  return true;
}
