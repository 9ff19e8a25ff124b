/** Special functions. Where derivatives lead on and on, the order of the derivative is an option of one op. */
import type { Nd } from '../array/nd.ts';
import { map } from '../kernels/lines.ts';
import * as k from '../kernels/special.ts';
import type { Tensor } from '../tensor.ts';
import { defineOp, type Op } from './op.ts';

const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

/** 1 − erf x, with all digits where that is small. */
export const erfc = /* @__PURE__ */ defineOp({
  name: 'erfc',
  forward: (x: Nd) => map(k.erfc, x),
  reads: 'inputs',
  vjp: [(g, _y, x) => g.mul(x.square().neg().exp()).mul(-TWO_OVER_ROOT_PI)],
});

/** The y with erf y = x; dy/dx = √π/2 · e^(y²). */
export const erfinv = /* @__PURE__ */ defineOp({
  name: 'erfinv',
  forward: (x: Nd) => map(k.erfinv, x),
  reads: 'output',
  vjp: [(g, y) => g.mul(y.square().exp()).div(TWO_OVER_ROOT_PI)],
});

type WithOrder = Op<[x: Nd, n: number]>;
const next = (g: Tensor, op: WithOrder, x: Tensor, n: number): Tensor => g.mul(g.apply(op, x, n + 1));

/** ψ⁽ⁿ⁾(x), the n-th derivative of digamma. */
export const polygamma: WithOrder = /* @__PURE__ */ defineOp({
  name: 'polygamma',
  forward: (x: Nd, n: number) => map(k.polygamma(n), x),
  reads: 'inputs',
  vjp: [(g, _y, x, n) => next(g, polygamma, x, n)],
});

/** log |Γ(x)|, whose derivative is digamma, ψ⁽⁰⁾. */
export const lgamma = /* @__PURE__ */ defineOp({
  name: 'lgamma',
  forward: (x: Nd) => map(k.lgamma, x),
  reads: 'inputs',
  vjp: [(g, _y, x) => next(g, polygamma, x, -1)],
});

/** The n-th derivative of sin πx / πx. */
export const sinc: WithOrder = /* @__PURE__ */ defineOp({
  name: 'sinc',
  forward: (x: Nd, n: number) => map(k.sinc(n), x),
  reads: 'inputs',
  vjp: [(g, _y, x, n) => next(g, sinc, x, n)],
});
