/** + − × ÷ and powers, comparisons, maximum and minimum. Broadcasting is undone by the engine, never here. */
import { promote, type Nd } from '../array/nd.ts';
import * as k from '../kernels/elementwise.ts';
import { zip, zip3, type ZipLoop } from '../kernels/lines.ts';
import type { Tensor } from '../tensor.ts';
import { defineOp, type Op } from './op.ts';

/** a + b. */
export const add = /* @__PURE__ */ defineOp({
  name: 'add',
  forward: (a: Nd, b: Nd) => zip('add', k.add, a, b),
  reads: 'nothing',
  vjp: [(g) => g, (g) => g],
});

/** a − b. */
export const sub = /* @__PURE__ */ defineOp({
  name: 'sub',
  forward: (a: Nd, b: Nd) => zip('sub', k.sub, a, b),
  reads: 'nothing',
  vjp: [(g) => g, (g) => g.neg()],
});

/** a · b. */
export const mul = /* @__PURE__ */ defineOp({
  name: 'mul',
  forward: (a: Nd, b: Nd) => zip('mul', k.mul, a, b),
  reads: 'inputs',
  vjp: [(g, _y, _a, b) => g.mul(b), (g, _y, a) => g.mul(a)],
});

/** a / b. */
export const div = /* @__PURE__ */ defineOp({
  name: 'div',
  forward: (a: Nd, b: Nd) => zip('div', k.div, a, b),
  reads: 'inputs',
  vjp: [(g, _y, _a, b) => g.div(b), (g, _y, a, b) => a.div(b).div(b).mul(g).neg()],
});

/**
 * aᵇ. With respect to a, b·aᵇ⁻¹, where a = b = 0 must give 0 and not 0·0⁻¹ (elsewhere b = 0 does so by itself, and
 * its derivative with respect to b is a⁻¹);
 * with respect to b, aᵇ·ln a, where a = 0 gives 0 for b ≥ 0 (the limit, and PyTorch's choice).
 */
export const pow = /* @__PURE__ */ defineOp({
  name: 'pow',
  forward: (a: Nd, b: Nd) => zip('pow', k.pow, a, b),
  vjp: [
    (g, _y, a, b) => g.mul(b).mul(a.pow(b.sub(1).where(a.ne(0).add(b.ne(0)), 1))),
    (g, y, a, b) => g.mul(y).mul(a.where(a.ne(0).add(b.lt(0)), 1).log()),
  ],
});

/** What of the gradient an operand gets: nothing where it loses, half at a tie, else all (also beside NaN), as in PyTorch. */
const share = (loses: Tensor, ties: Tensor): Tensor => loses.add(ties.mul(0.5)).neg().add(1);

/** The larger of a and b. */
export const maximum = /* @__PURE__ */ defineOp({
  name: 'maximum',
  forward: (a: Nd, b: Nd) => zip('maximum', k.maximum, a, b),
  reads: 'inputs',
  vjp: [(g, _y, a, b) => g.mul(share(a.lt(b), a.eq(b))), (g, _y, a, b) => g.mul(share(b.lt(a), a.eq(b)))],
});

/** The smaller of a and b. */
export const minimum = /* @__PURE__ */ defineOp({
  name: 'minimum',
  forward: (a: Nd, b: Nd) => zip('minimum', k.minimum, a, b),
  reads: 'inputs',
  vjp: [(g, _y, a, b) => g.mul(share(a.gt(b), a.eq(b))), (g, _y, a, b) => g.mul(share(b.gt(a), a.eq(b)))],
});

/** a where the mask is not 0, else b. */
export const where = /* @__PURE__ */ defineOp({
  name: 'where',
  forward: (mask: Nd, a: Nd, b: Nd) => zip3('where', k.choose, promote(a, b), mask, a, b),
  reads: 'inputs',
  vjp: [null, (g, _y, mask) => g.where(mask, 0), (g, _y, mask) => g.where(mask.eq(0), 0)],
});

// Comparisons give a mask of 0 and 1; nothing flows back through them.
const comparison = (name: string, loop: ZipLoop): Op<[a: Nd, b: Nd]> =>
  defineOp({ name, forward: (a: Nd, b: Nd) => zip(name, loop, a, b), reads: 'nothing', vjp: [null, null] });

export const eq = /* @__PURE__ */ comparison('eq', k.eq);
export const ne = /* @__PURE__ */ comparison('ne', k.ne);
export const lt = /* @__PURE__ */ comparison('lt', k.lt);
export const le = /* @__PURE__ */ comparison('le', k.le);
export const gt = /* @__PURE__ */ comparison('gt', k.gt);
export const ge = /* @__PURE__ */ comparison('ge', k.ge);
