/** The less common functions of two numbers; clamp and lerp, of three; logic and bits. */
import { dtypeOf, promote, type Nd } from '../array/nd.ts';
import { zip, zip3, type ZipLoop } from '../kernels/lines.ts';
import * as k from '../kernels/pairs.ts';
import type { Tensor } from '../tensor.ts';
import { defineOp, type Op } from './op.ts';

/** The angle of the point (b, a). */
export const atan2 = /* @__PURE__ */ defineOp({
  name: 'atan2',
  forward: (a: Nd, b: Nd) => zip('atan2', k.atan2, a, b),
  reads: 'inputs',
  vjp: [
    (g, _y, a, b) => g.mul(b).mul(a.square().add(b.square()).reciprocal()),
    (g, _y, a, b) => g.neg().mul(a).mul(a.square().add(b.square()).reciprocal()),
  ],
});

/** √(a² + b²), without overflow. */
export const hypot = /* @__PURE__ */ defineOp({
  name: 'hypot',
  forward: (a: Nd, b: Nd) => zip('hypot', k.hypot, a, b),
  vjp: [(g, y, a) => g.mul(a.div(y)), (g, y, _a, b) => g.mul(b.div(y))],
});

/** |a| with the sign of b; where a = 0 the derivative is taken as 0. */
export const copysign = /* @__PURE__ */ defineOp({
  name: 'copysign',
  forward: (a: Nd, b: Nd) => zip('copysign', k.copysign, a, b),
  vjp: [(g, y, a) => g.mul(a.sign()).mul(y.sign()), (g) => g.zerosLike()],
});

// Whether the first is taken, also when they are tied (PyTorch's choice).
const firstIsLarger = (a: Tensor, b: Tensor): Tensor => a.ge(b).add(b.ne(b));
const firstIsSmaller = (a: Tensor, b: Tensor): Tensor => a.le(b).add(b.ne(b));

/** The larger of a and b, or the one that is not NaN. */
export const fmax = /* @__PURE__ */ defineOp({
  name: 'fmax',
  forward: (a: Nd, b: Nd) => zip('fmax', k.fmax, a, b),
  reads: 'inputs',
  vjp: [(g, _y, a, b) => g.where(firstIsLarger(a, b), 0), (g, _y, a, b) => g.where(firstIsLarger(a, b).eq(0), 0)],
});

/** The smaller of a and b, or the one that is not NaN. */
export const fmin = /* @__PURE__ */ defineOp({
  name: 'fmin',
  forward: (a: Nd, b: Nd) => zip('fmin', k.fmin, a, b),
  reads: 'inputs',
  vjp: [(g, _y, a, b) => g.where(firstIsSmaller(a, b), 0), (g, _y, a, b) => g.where(firstIsSmaller(a, b).eq(0), 0)],
});

/** log(eᵃ + eᵇ). */
export const logaddexp = /* @__PURE__ */ defineOp({
  name: 'logaddexp',
  forward: (a: Nd, b: Nd) => zip('logaddexp', k.logaddexp, a, b),
  reads: 'inputs',
  vjp: [(g, _y, a, b) => g.mul(a.sub(b).sigmoid()), (g, _y, a, b) => g.mul(b.sub(a).sigmoid())],
});

/** a·log b, 0 where a = 0. */
export const xlogy = /* @__PURE__ */ defineOp({
  name: 'xlogy',
  forward: (a: Nd, b: Nd) => zip('xlogy', k.xlogy, a, b),
  reads: 'inputs',
  vjp: [
    (g, _y, a, b) => g.mul(b.where(a.ne(0).add(b.gt(0)).add(b.ne(b)), 1).log()), // log b, but 0 where a = 0 and b ≤ 0
    (g, _y, a, b) => g.mul(a).div(b),
  ],
});

/** a/b rounded towards −∞ or 0: a step function of both. */
export const roundedDiv = /* @__PURE__ */ defineOp({
  name: 'div',
  forward: (a: Nd, b: Nd, mode: 'floor' | 'trunc') => zip('div', mode === 'floor' ? k.floorDiv : k.truncDiv, a, b),
  reads: 'nothing',
  vjp: [(g) => g.zerosLike(), (g) => g.zerosLike()],
});

/** What is left of a when as many b as possible are taken towards 0. */
export const fmod = /* @__PURE__ */ defineOp({
  name: 'fmod',
  forward: (a: Nd, b: Nd) => zip('fmod', k.fmod, a, b),
  reads: 'inputs',
  vjp: [(g) => g, (g, _y, a, b) => g.mul(g.apply(roundedDiv, a, b, 'trunc')).neg()],
});

/** What is left of a when ⌊a/b⌋ times b is taken. */
export const remainder = /* @__PURE__ */ defineOp({
  name: 'remainder',
  forward: (a: Nd, b: Nd) => zip('remainder', k.remainder, a, b),
  reads: 'inputs',
  vjp: [(g) => g, (g, _y, a, b) => g.mul(g.apply(roundedDiv, a, b, 'floor')).neg()],
});

/**
 * x, but at least `low` and then at most `high`. x gets the gradient inside and at the bounds; `low` where x is below
 * it and low < high; `high` where x is above it or high < low. Where low = high, nothing else: PyTorch's choices.
 */
export const clamp = /* @__PURE__ */ defineOp({
  name: 'clamp',
  forward: (x: Nd, low: Nd, high: Nd) =>
    zip3('clamp', k.clamp, promote(low, high) === 'float64' ? 'float64' : dtypeOf(x.data), x, low, high),
  reads: 'inputs',
  vjp: [
    (g, _y, x, low, high) => g.where(x.ge(low).mul(x.le(high)), 0),
    (g, _y, x, low, high) => g.where(x.lt(low).mul(low.lt(high)), 0),
    (g, _y, x, low, high) => g.where(x.gt(high).add(high.lt(low)), 0),
  ],
});

/** From a to b by the part w of the way. */
export const lerp = /* @__PURE__ */ defineOp({
  name: 'lerp',
  forward: (a: Nd, b: Nd, w: Nd) =>
    zip3('lerp', k.lerp, promote(a, b) === 'float64' ? 'float64' : dtypeOf(w.data), a, b, w),
  reads: 'inputs',
  vjp: [(g, _y, _a, _b, w) => g.mul(w.neg().add(1)), (g, _y, _a, _b, w) => g.mul(w), (g, _y, a, b) => g.mul(b.sub(a))],
});

// Truth and bits: nothing flows back through them.
const withoutGradient = (name: string, loop: ZipLoop): Op<[a: Nd, b: Nd]> =>
  defineOp({ name, forward: (a: Nd, b: Nd) => zip(name, loop, a, b), reads: 'nothing', vjp: [null, null] });

export const logicalAnd = /* @__PURE__ */ withoutGradient('logicalAnd', k.logicalAnd);
export const logicalOr = /* @__PURE__ */ withoutGradient('logicalOr', k.logicalOr);
export const logicalXor = /* @__PURE__ */ withoutGradient('logicalXor', k.logicalXor);
export const bitwiseAnd = /* @__PURE__ */ withoutGradient('bitwiseAnd', k.bitwiseAnd);
export const bitwiseOr = /* @__PURE__ */ withoutGradient('bitwiseOr', k.bitwiseOr);
export const bitwiseXor = /* @__PURE__ */ withoutGradient('bitwiseXor', k.bitwiseXor);
