/** What layer and batch normalization share. */
import type { Nd } from '../array/nd.ts';
import * as k from '../kernels/normalization.ts';
import { defineOp } from './op.ts';

const ROW = [0, 2] as const;

/**
 * For x[A, B, S] and each b: y = (x − μ)/√(σ² + ε), with mean μ and variance σ² of the A·S numbers x[·, b, ·].
 * Layers are rows (A = 1: a b for each row), batches are channels (A = N, B = C).
 */
export const standardize = /* @__PURE__ */ defineOp({
  name: 'standardize',
  forward: (x: Nd, eps: number) => k.standardize(x, eps),
  vjp: [
    // x̄ = (g − mean g − y·mean(g⊙y))/√(σ² + ε)
    (g, y, x, eps) =>
      g
        .sub(g.mean(ROW, true))
        .sub(y.mul(g.mul(y).mean(ROW, true)))
        .div(x.var(ROW, { correction: 0, keepdim: true }).add(eps).sqrt()),
  ],
  fused: [(g, y, x, eps) => k.standardizeGrad(g, y, x, eps)],
});
