/** Weighted sums of a few places along a dim: resample and resampleBack are each other's adjoint. */
import type { Nd } from '../array/nd.ts';
import * as k from '../kernels/resample.ts';
import type { Taps } from '../kernels/resample.ts';
import { defineOp, type Op } from './op.ts';

/** Each result along dim is a weighted sum of x's numbers at its taps. */
export const resample: Op<[x: Nd, dim: number, taps: Taps]> = /* @__PURE__ */ defineOp({
  name: 'resample',
  forward: (x: Nd, dim: number, taps: Taps) => k.resample(x, dim, taps),
  reads: 'nothing',
  vjp: [(g, _y, { shape }, dim, taps) => g.apply(resampleBack, g, dim, taps, shape[dim])],
});

/** `size` zeros along dim to which each number of y is added at its taps, times their weights. */
export const resampleBack: Op<[y: Nd, dim: number, taps: Taps, size: number]> = /* @__PURE__ */ defineOp({
  name: 'resampleBack',
  forward: (y: Nd, dim: number, taps: Taps, size: number) => k.resampleBack(y, dim, taps, size),
  reads: 'nothing',
  vjp: [(g, _x, _y, dim, taps) => g.apply(resample, g, dim, taps)],
});
