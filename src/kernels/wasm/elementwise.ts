/** Elementwise kernels, each the twin of the plain loop of the same name, and optimizer steps. */
import { f32x4, v128, type Code, type Func, type Instruction } from './assembler.ts';
import * as functions from './functions.ts';
import { elementwise, select, type Pen } from './vectors.ts';

const { add, sub, mul, div, sqrt, gt } = f32x4;

const map = (f: (x: Code, pen: Pen) => Code): Func => elementwise(1, (pen, [x]) => f(x, pen));
const zip = (f: (a: Code, b: Code, pen: Pen) => Code): Func => elementwise(2, (pen, [a, b]) => f(a, b, pen));
/** By one instruction. */
const map1 = (f: Instruction): Func => map((x) => f(x));
const zip1 = (f: Instruction): Func => zip((a, b) => f(a, b));
/** A comparison as 0 and 1. */
const mask = (f: Instruction): Func => zip((a, b, pen) => v128.and(f(a, b), pen.constant(1)));
const one = (pen: Pen): Code => pen.constant(1);

export const maps = {
  neg: map1(f32x4.neg),
  abs: map1(f32x4.abs),
  sign: map((x, pen) => {
    const unit = v128.or(one(pen), v128.and(x, pen.constant(-0)));
    return v128.and(gt(f32x4.abs(x), pen.constant(0)), unit); // 0 for 0, −0 and NaN
  }),
  reciprocal: map((x, pen) => div(one(pen), x)),
  square: map((x) => mul(x, x)),
  sqrt: map1(sqrt),
  exp: map((x, pen) => functions.exp(pen, x)),
  log: map((x, pen) => functions.log(pen, x)),
  tanh: map((x, pen) => functions.tanh(pen, x)),
  sigmoid: map((x, pen) => functions.sigmoid(pen, x)),
  erf: map((x, pen) => functions.erf(pen, x)),
  gelu: map((x, pen) => functions.gelu(pen, x)),
  relu: map((x, pen) => f32x4.pmax(x, pen.constant(0))),
  floor: map1(f32x4.floor),
  ceil: map1(f32x4.ceil),
  trunc: map1(f32x4.trunc),
  round: map1(f32x4.nearest),
};

export const zips = {
  add: zip1(add),
  sub: zip1(sub),
  mul: zip1(mul),
  div: zip1(div),
  maximum: zip1(f32x4.max),
  minimum: zip1(f32x4.min),
  eq: mask(f32x4.eq),
  ne: mask(f32x4.ne),
  lt: mask(f32x4.lt),
  le: mask(f32x4.le),
  gt: mask(f32x4.gt),
  ge: mask(f32x4.ge),
  reluGrad: zip((g, y, pen) => v128.and(g, gt(y, pen.constant(0)))),
  sigmoidGrad: zip((g, y, pen) => mul(mul(g, y), sub(one(pen), y))),
  tanhGrad: zip((g, y, pen) => mul(g, mul(sub(one(pen), y), add(one(pen), y)))), // 1 − y² would lose digits near 1
  geluGrad: zip((g, x, pen) => mul(g, functions.geluSlope(pen, x))),
};

/** a where the mask is not 0, else b. */
export const choose = elementwise(3, (pen, [test, a, b]) => select(f32x4.ne(test, pen.constant(0)), a, b));

/** θ, ∇; α, λ: see the plain loop. */
export const gradientDescentStep = elementwise(
  2,
  (_pen, [p, g], [lr, decay]) => sub(p, mul(lr, add(g, mul(decay, p)))),
  2,
);

/** θ, v, ∇; α, μ, share, λ: d = ∇ + λθ; v ← μv + share·d; θ ← θ − α·v, or θ − α(d + μv). */
const momentumStep = (nesterov: boolean): Func =>
  elementwise(
    3,
    (pen, [p, v, g], [lr, momentum, share, decay]) => {
      const d = pen.keep(add(g, mul(decay, p)));
      const velocity = pen.keep(add(mul(momentum, v), mul(share, d)));
      return [sub(p, mul(lr, nesterov ? add(d, mul(momentum, velocity)) : velocity)), velocity];
    },
    4,
  );
export const sgdStep = momentumStep(false);
export const nesterovStep = momentumStep(true);

/** θ, m, v, ∇; see the plain loop for the scalars. */
export const adamStep = elementwise(
  4,
  (pen, [p, m, v, g], [stepSize, scale, keep, beta1, rest1, beta2, rest2, eps, l2]) => {
    const d = pen.keep(add(g, mul(l2, p)));
    const mean = pen.keep(add(mul(beta1, m), mul(rest1, d)));
    const square = pen.keep(add(mul(beta2, v), mul(mul(rest2, d), d)));
    return [sub(mul(keep, p), div(mul(stepSize, mean), add(mul(sqrt(square), scale), eps))), mean, square];
  },
  9,
);
