/** Places found by comparing: nothing flows back through them. Sorted values are gathered at the places. */
import type { Nd } from '../array/nd.ts';
import { scan } from '../kernels/lines.ts';
import * as k from '../kernels/sorting.ts';
import { defineOp } from './op.ts';

/** The places of the elements along dim in rising order, or falling; equal ones as they stand, NaN as the largest. */
export const argsort = /* @__PURE__ */ defineOp({
  name: 'argsort',
  forward: (x: Nd, dim: number, descending: boolean) => scan(descending ? k.argsortDown : k.argsort, x, dim),
  reads: 'nothing',
  vjp: [null],
});

/** Where each value belongs in a sorted line. */
export const searchsorted = /* @__PURE__ */ defineOp({
  name: 'searchsorted',
  forward: (sorted: Nd, values: Nd, right: boolean) => k.searchsorted(sorted, values, right),
  reads: 'nothing',
  vjp: [null, null],
});

/** The places of the elements that are not 0, a row each. */
export const nonzero = /* @__PURE__ */ defineOp({
  name: 'nonzero',
  forward: (x: Nd) => k.nonzero(x),
  reads: 'nothing',
  vjp: [null],
});
