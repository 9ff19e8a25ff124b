/** Places found by putting a line in order: nothing flows back through them; values are gathered at them. */
import type { Nd, Shape } from '../array/nd.ts';
import { fold } from '../kernels/lines.ts';
import * as k from '../kernels/statistics.ts';
import { defineOp } from './op.ts';

/** The place of the median, of the lower one if there are two. */
export const medianPlace = /* @__PURE__ */ defineOp({
  name: 'median',
  forward: (x: Nd, shape: Shape) => fold(k.medianPlace, x, shape),
  reads: 'nothing',
  vjp: [null],
});

/** The place of the value that is there most often. */
export const modePlace = /* @__PURE__ */ defineOp({
  name: 'mode',
  forward: (x: Nd, shape: Shape) => fold(k.modePlace, x, shape),
  reads: 'nothing',
  vjp: [null],
});
