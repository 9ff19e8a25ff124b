/** Elementary functions of one variable: one line a derivative. g is the gradient in, y = f(x) the result. */
import type { Nd } from '../array/nd.ts';
import * as k from '../kernels/elementwise.ts';
import { map, zip, type MapLoop, type ZipLoop } from '../kernels/lines.ts';
import type { Tensor } from '../tensor.ts';
import { defineOp, type Ghost, type Op } from './op.ts';

type Unary = Op<[x: Nd]>;

/** y = f(x), whose derivative is written in x. */
const ofInput = (
  name: string,
  loop: MapLoop,
  rule: (g: Tensor, y: Ghost, x: Tensor) => Tensor,
  grad?: ZipLoop,
): Unary =>
  defineOp({
    name,
    forward: (x: Nd) => map(loop, x),
    reads: 'inputs',
    vjp: [rule],
    fused: [grad ? (g, _y, x) => zip(name, grad, g, x) : null],
  });

/** y = f(x), whose derivative is written in y. */
const ofOutput = (name: string, loop: MapLoop, rule: (g: Tensor, y: Tensor) => Tensor, grad?: ZipLoop): Unary =>
  defineOp({
    name,
    forward: (x: Nd) => map(loop, x),
    reads: 'output',
    vjp: [rule],
    fused: [grad ? (g, y) => zip(name, grad, g, y) : null],
  });

/** A step function: its derivative is 0 wherever it has one (PyTorch's choice as well). */
const step = (name: string, loop: MapLoop): Unary =>
  defineOp({ name, forward: (x: Nd) => map(loop, x), reads: 'nothing', vjp: [(g) => g.zerosLike()] });

export const neg: Unary = /* @__PURE__ */ defineOp({
  name: 'neg',
  forward: (x: Nd) => map(k.neg, x),
  reads: 'nothing',
  vjp: [(g) => g.neg()],
});

export const abs = /* @__PURE__ */ ofInput('abs', k.abs, (g, _y, x) => g.mul(x.sign())); // 0 at 0
export const square = /* @__PURE__ */ ofInput('square', k.square, (g, _y, x) => g.mul(x).mul(2));
export const sqrt = /* @__PURE__ */ ofOutput('sqrt', k.sqrt, (g, y) => g.div(y).mul(0.5));
export const reciprocal = /* @__PURE__ */ ofOutput('reciprocal', k.reciprocal, (g, y) => g.mul(y.square()).neg());

export const exp = /* @__PURE__ */ ofOutput('exp', k.exp, (g, y) => g.mul(y));
export const expm1 = /* @__PURE__ */ ofOutput('expm1', k.expm1, (g, y) => g.mul(y.add(1)));
export const log = /* @__PURE__ */ ofInput('log', k.log, (g, _y, x) => g.div(x));
export const log2 = /* @__PURE__ */ ofInput('log2', k.log2, (g, _y, x) => g.div(x.mul(Math.LN2)));
export const exp2 = /* @__PURE__ */ ofOutput('exp2', k.exp2, (g, y) => g.mul(y).mul(Math.LN2));
export const log10 = /* @__PURE__ */ ofInput('log10', k.log10, (g, _y, x) => g.div(x.mul(Math.LN10)));
export const log1p = /* @__PURE__ */ ofInput('log1p', k.log1p, (g, _y, x) => g.div(x.add(1)));

export const sin = /* @__PURE__ */ ofInput('sin', k.sin, (g, _y, x) => g.mul(x.cos()));
export const cos = /* @__PURE__ */ ofInput('cos', k.cos, (g, _y, x) => g.mul(x.sin()).neg());
export const tan = /* @__PURE__ */ ofOutput('tan', k.tan, (g, y) => g.mul(y.square().add(1)));
export const asin = /* @__PURE__ */ ofInput('asin', k.asin, (g, _y, x) => g.div(x.square().neg().add(1).sqrt()));
export const acos = /* @__PURE__ */ ofInput('acos', k.acos, (g, _y, x) => g.div(x.square().neg().add(1).sqrt()).neg());
export const atan = /* @__PURE__ */ ofInput('atan', k.atan, (g, _y, x) => g.div(x.square().add(1)));

export const sinh = /* @__PURE__ */ ofInput('sinh', k.sinh, (g, _y, x) => g.mul(x.cosh()));
export const cosh = /* @__PURE__ */ ofInput('cosh', k.cosh, (g, _y, x) => g.mul(x.sinh()));
export const asinh = /* @__PURE__ */ ofInput('asinh', k.asinh, (g, _y, x) => g.div(x.square().add(1).sqrt()));
export const acosh = /* @__PURE__ */ ofInput('acosh', k.acosh, (g, _y, x) => g.div(x.square().sub(1).sqrt()));
export const atanh = /* @__PURE__ */ ofInput('atanh', k.atanh, (g, _y, x) => g.div(x.square().neg().add(1)));
export const tanh = /* @__PURE__ */ ofOutput('tanh', k.tanh, (g, y) => g.mul(y.square().neg().add(1)), k.tanhGrad);

/** 1 / (1 + e⁻ˣ), with σ' = σ(1 − σ). */
export const sigmoid = /* @__PURE__ */ ofOutput(
  'sigmoid',
  k.sigmoid,
  (g, y) => g.mul(y).mul(y.neg().add(1)),
  k.sigmoidGrad,
);
/** log(x / (1 − x)), of which nothing is defined outside [0, 1]. */
export const logit = /* @__PURE__ */ ofInput('logit', k.logit, (g, _y, x) => {
  const slope = x.mul(x.neg().add(1));
  return g.div(slope.where(slope.ge(0), NaN));
});
/** max(x, 0); at 0 the derivative is taken as 0. */
export const relu = /* @__PURE__ */ ofOutput('relu', k.relu, (g, y) => g.mul(y.gt(0)), k.reluGrad);
/** 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf = /* @__PURE__ */ ofInput('erf', k.erf, (g, _y, x) =>
  g.mul(x.square().neg().exp()).mul(2 / Math.sqrt(Math.PI)),
);

/** x·Φ(x); its derivative is Φ(x) + x·φ(x), φ(x) = e^(−x²/2)/√2π. */
export const gelu = /* @__PURE__ */ ofInput(
  'gelu',
  k.gelu,
  (g, _y, x) => {
    const density = x
      .square()
      .mul(-0.5)
      .exp()
      .div(Math.sqrt(2 * Math.PI));
    return g.mul(x.mul(Math.SQRT1_2).erf().add(1).mul(0.5).add(x.mul(density)));
  },
  k.geluGrad,
);

/** x·min(max(x + 3, 0), 6)/6; its derivative is 0 below −3, x/3 + ½ up to 3, and 1 from there on. */
export const hardswish = /* @__PURE__ */ ofInput(
  'hardswish',
  k.hardswish,
  (g, _y, x) => g.mul(x.div(3).add(0.5)).where(x.lt(3), g).where(x.lt(-3).eq(0), 0),
  k.hardswishGrad,
);

export const sign = /* @__PURE__ */ step('sign', k.sign);
export const floor = /* @__PURE__ */ step('floor', k.floor);
export const ceil = /* @__PURE__ */ step('ceil', k.ceil);
export const round = /* @__PURE__ */ step('round', k.round);
export const trunc = /* @__PURE__ */ step('trunc', k.trunc);

/** 1 where the sign is a minus, that of −0 too. */
export const signbit: Unary = /* @__PURE__ */ defineOp({
  name: 'signbit',
  forward: (x: Nd) => map(k.signbit, x),
  reads: 'nothing',
  vjp: [null],
});
