/** What layer and batch normalization share, and layer normalization with weight and bias. */
import type { Nd } from '../array/nd.ts';
import * as k from '../kernels/normalization.ts';
import type { Tensor } from '../tensor.ts';
import { defineOp } from './op.ts';

/** x̄ = (g − mean g − y·mean(g⊙y))/√(σ² + ε) for the y that x was standardized to over dims. */
const back = (g: Tensor, y: Tensor, x: Tensor, eps: number, dims: number | readonly number[]): Tensor =>
  g
    .sub(g.mean(dims, true))
    .sub(y.mul(g.mul(y).mean(dims, true)))
    .div(x.var(dims, { correction: 0, keepdim: true }).add(eps).sqrt());

/**
 * For x[A, B, S] and each b: y = (x − μ)/√(σ² + ε), with mean μ and variance σ² of the A·S numbers x[·, b, ·].
 * Layers are rows (A = 1: a b for each row), batches are channels (A = N, B = C).
 */
export const standardize = /* @__PURE__ */ defineOp({
  name: 'standardize',
  forward: (x: Nd, eps: number) => k.standardize(x, eps),
  vjp: [(g, y, x, eps) => back(g, y, x, eps, [0, 2])],
  fused: [(g, y, x, eps) => k.standardizeGrad(g, y, x, eps)],
});

/** The rows of x[R, n], standardized. */
const rowsOf = (x: Tensor, eps: number): Tensor => x.apply(standardize, x.unsqueeze(0), eps).squeeze(0);

/** y = (x − μ)/√(σ² + ε)·w + b for each row of x[R, n]; w, b [n]. */
export const layerNorm = /* @__PURE__ */ defineOp({
  name: 'layerNorm',
  forward: (x: Nd, w: Nd, b: Nd, eps: number) => k.layerNorm(x, w, b, eps),
  reads: 'inputs',
  vjp: [
    (g, _y, x, w, _b, eps) => back(g.mul(w), rowsOf(x, eps), x, eps, 1),
    (g, _y, x, _w, _b, eps) => g.mul(rowsOf(x, eps)).sum(0),
    (g) => g.sum(0),
  ],
  fused: (g, _y, x, w, _b, eps) => k.layerNormGrad(g, x, w, eps),
});
