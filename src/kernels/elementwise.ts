/**
 * Elementwise loops: one written-out loop an op, over a line of numbers (see lines.ts).
 * Written out, and not made from a scalar function, because a call per element costs more than most of these ops.
 */
import type { Zip3Loop, MapLoop, ZipLoop } from './lines.ts';
import { erfOf } from './special.ts';

export const neg: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = -x[i];
};
export const abs: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.abs(x[i]);
};
/** −1, 0 or 1; 0 for NaN, as in PyTorch. */
export const sign: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = x[i] > 0 ? 1 : x[i] < 0 ? -1 : 0;
};
export const signbit: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = x[i] < 0 || Object.is(x[i], -0) ? 1 : 0;
};
export const reciprocal: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = 1 / x[i];
};
export const square: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = x[i] * x[i];
};
export const sqrt: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.sqrt(x[i]);
};
export const exp: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.exp(x[i]);
};
export const expm1: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.expm1(x[i]);
};
export const log: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.log(x[i]);
};
export const log2: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.log2(x[i]);
};
export const exp2: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = 2 ** x[i];
};
export const log10: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.log10(x[i]);
};
export const log1p: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.log1p(x[i]);
};
export const sin: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.sin(x[i]);
};
export const cos: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.cos(x[i]);
};
export const tan: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.tan(x[i]);
};
export const asin: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.asin(x[i]);
};
export const acos: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.acos(x[i]);
};
export const atan: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.atan(x[i]);
};
export const sinh: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.sinh(x[i]);
};
export const cosh: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.cosh(x[i]);
};
export const asinh: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.asinh(x[i]);
};
export const acosh: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.acosh(x[i]);
};
export const atanh: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.atanh(x[i]);
};
export const tanh: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.tanh(x[i]);
};
export const floor: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.floor(x[i]);
};
export const ceil: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.ceil(x[i]);
};
export const trunc: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.trunc(x[i]);
};
/** 1/(1+e⁻ˣ); e⁻ˣ may overflow to infinity, and then the quotient is 0, as it should be. */
export const sigmoid: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = 1 / (1 + Math.exp(-x[i]));
};
/** log(x / (1 − x)). */
export const logit: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = Math.log(x[i] / (1 - x[i]));
};
/** max(x, 0); NaN stays NaN. */
export const relu: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = x[i] < 0 ? 0 : x[i];
};
export const round: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = roundHalfEven(x[i]);
};
export const erf: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = erfOf(x[i]);
};

/** x·Φ(x) = ½x(1 + erf(x/√2)), with the normal distribution function Φ. */
export const gelu: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = 0.5 * x[i] * (1 + erfOf(x[i] * Math.SQRT1_2));
};

/** x·min(max(x + 3, 0), 6)/6. */
export const hardswish: MapLoop = (x, i, di, y, k, n) => {
  for (const end = k + n; k < end; i += di) y[k++] = x[i] >= 3 ? x[i] : (x[i] * (x[i] < -3 ? 0 : x[i] + 3)) / 6;
};

/** To the nearest whole number, halves to the even one (IEEE 754, and PyTorch). */
function roundHalfEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

export const add: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] + b[j];
};
export const sub: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] - b[j];
};
export const mul: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] * b[j];
};
export const div: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] / b[j];
};
/** aᵇ; 1 where C says so and JavaScript says NaN: 1 to NaN or ∞, −1 to ∞. */
export const pow: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) {
    const power = a[i] ** b[j];
    y[k++] = power === power ? power : a[i] === 1 || (a[i] === -1 && b[j] === b[j]) ? 1 : NaN;
  }
};
export const maximum: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = Math.max(a[i], b[j]);
};
export const minimum: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = Math.min(a[i], b[j]);
};
export const eq: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] === b[j] ? 1 : 0;
};
export const ne: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] !== b[j] ? 1 : 0;
};
export const lt: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] < b[j] ? 1 : 0;
};
export const le: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] <= b[j] ? 1 : 0;
};
export const gt: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] > b[j] ? 1 : 0;
};
export const ge: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] >= b[j] ? 1 : 0;
};

// Gradients in one pass, from the incoming gradient g and, if nothing else is said, the result t of the forward pass.
export const reluGrad: ZipLoop = (g, i, di, t, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = t[j] > 0 ? g[i] : 0;
};
export const sigmoidGrad: ZipLoop = (g, i, di, t, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = g[i] * t[j] * (1 - t[j]);
};
export const tanhGrad: ZipLoop = (g, i, di, t, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = g[i] * (1 - t[j] * t[j]);
};
/** From the input x: Φ(x) + x·φ(x), with the normal density φ(x) = e^(−x²/2)/√2π. */
export const geluGrad: ZipLoop = (g, i, di, x, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) {
    const density = Math.exp(-0.5 * x[j] * x[j]) / Math.sqrt(2 * Math.PI);
    y[k++] = g[i] * (0.5 * (1 + erfOf(x[j] * Math.SQRT1_2)) + x[j] * density);
  }
};

/** From the input x: 0, then x/3 + ½, then 1. */
export const hardswishGrad: ZipLoop = (g, i, di, x, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) {
    y[k++] = x[j] < -3 ? 0 : x[j] < 3 ? g[i] * (x[j] / 3 + 0.5) : g[i];
  }
};

/** a where the mask c is not 0, else b. */
export const choose: Zip3Loop = (c, i, di, a, j, dj, b, m, dm, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj, m += dm) y[k++] = c[i] !== 0 ? a[j] : b[m];
};
