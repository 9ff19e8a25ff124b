/** Windows over the last two dims of [N, C, H, W]; windowSum and windowSpread are each other's adjoint. */
import type { Nd } from '../array/nd.ts';
import * as k from '../kernels/pooling.ts';
import type { Ranges } from '../kernels/pooling.ts';
import { defineOp, type Op } from './op.ts';

/** The sum of each window. */
export const windowSum: Op<[x: Nd, rows: Ranges, cols: Ranges]> = /* @__PURE__ */ defineOp({
  name: 'windowSum',
  forward: (x: Nd, rows: Ranges, cols: Ranges) => k.windowSum(x, rows, cols),
  reads: 'nothing',
  vjp: [(g, _y, { shape }, rows, cols) => g.apply(windowSpread, g, rows, cols, [shape[2], shape[3]])],
});

/** Zeros of height × width to which each number is added everywhere in its window. */
export const windowSpread: Op<[y: Nd, rows: Ranges, cols: Ranges, size: readonly [number, number]]> =
  /* @__PURE__ */ defineOp({
    name: 'windowSpread',
    forward: (y: Nd, rows: Ranges, cols: Ranges, size: readonly [number, number]) =>
      k.windowSpread(y, rows, cols, size),
    reads: 'nothing',
    vjp: [(g, _x, _y, rows, cols) => g.apply(windowSum, g, rows, cols)],
  });

/** The place in the plane (row·W + column) of the largest number of each window, the first of several. */
export const windowArgmax = /* @__PURE__ */ defineOp({
  name: 'windowArgmax',
  forward: (x: Nd, rows: Ranges, cols: Ranges) => k.windowArgmax(x, rows, cols),
  reads: 'nothing',
  vjp: [null],
});
