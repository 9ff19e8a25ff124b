/**
 * Many numbers to one. A reduction is told the shape that it comes down to, which broadcasts to the input's:
 * sizes 1, or leading dims left out, where elements were folded. So sumTo is the adjoint of expand, word for word.
 */
import type { Nd, Shape } from '../array/nd.ts';
import { fold, scan, scan2, type FoldLoop } from '../kernels/lines.ts';
import * as k from '../kernels/reduce.ts';
import type { Tensor } from '../tensor.ts';
import { defineOp, type Op } from './op.ts';

/** Sums x down to `shape`. */
export const sumTo = /* @__PURE__ */ defineOp({
  name: 'sum',
  forward: (x: Nd, shape: Shape) => fold(k.sum, x, shape),
  reads: 'nothing',
  vjp: [(g, _y, x) => g.expand(x.shape)],
});

/** The gradient of an extreme value goes to the elements that have it, in equal parts. */
const toTies = (g: Tensor, y: Tensor, x: Tensor): Tensor => {
  const ties = x.eq(y);
  return g.div(ties.sumTo(y.shape)).mul(ties);
};

/** The largest element. */
export const amax = /* @__PURE__ */ defineOp({
  name: 'amax',
  forward: (x: Nd, shape: Shape) => fold(k.amax, x, shape),
  vjp: [toTies],
});

/** The smallest element. */
export const amin = /* @__PURE__ */ defineOp({
  name: 'amin',
  forward: (x: Nd, shape: Shape) => fold(k.amin, x, shape),
  vjp: [toTies],
});

/** log Σ eˣ, without overflow; its gradient is the softmax. */
export const logsumexp = /* @__PURE__ */ defineOp({
  name: 'logsumexp',
  forward: (x: Nd, shape: Shape) => fold(k.logsumexp, x, shape),
  vjp: [(g, y, x) => g.mul(x.sub(y).exp())],
});

// Places and truth values: nothing flows back through them.
const place = (name: string, loop: FoldLoop): Op<[x: Nd, shape: Shape]> =>
  defineOp({ name, forward: (x: Nd, shape: Shape) => fold(loop, x, shape), reads: 'nothing', vjp: [null] });

export const argmax = /* @__PURE__ */ place('argmax', k.argmax);
export const argmin = /* @__PURE__ */ place('argmin', k.argmin);
export const any = /* @__PURE__ */ place('any', k.any);
export const all = /* @__PURE__ */ place('all', k.all);

/** eˣ / Σ eˣ along dim. x̄ = y ⊙ (g − Σ g⊙y). */
export const softmax = /* @__PURE__ */ defineOp({
  name: 'softmax',
  forward: (x: Nd, dim: number) => scan(k.softmax, x, dim),
  reads: 'output',
  vjp: [(g, y, _x, dim) => y.mul(g.sub(g.mul(y).sum(dim, true)))],
  fused: [(g, y, _x, dim) => scan2(k.softmaxGrad, g, y, dim)],
});

/** log softmax(x) = x − log Σ eˣ along dim. x̄ = g − eʸ Σ g. */
export const logSoftmax = /* @__PURE__ */ defineOp({
  name: 'logSoftmax',
  forward: (x: Nd, dim: number) => scan(k.logSoftmax, x, dim),
  reads: 'output',
  vjp: [(g, y, _x, dim) => g.sub(y.exp().mul(g.sum(dim, true)))],
  fused: [(g, y, _x, dim) => scan2(k.logSoftmaxGrad, g, y, dim)],
});
