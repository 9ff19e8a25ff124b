/** Ops that are made of others, kept as one because the composition would be slow or would lose digits. */
import type { Nd } from '../array/nd.ts';
import * as k from '../kernels/fused.ts';
import { zip } from '../kernels/lines.ts';
import { defineOp } from './op.ts';

/** −log softmax(x)[target] for each row: logits x [N, C], whole numbers target [N], to [N]. */
export const crossEntropy = /* @__PURE__ */ defineOp({
  name: 'crossEntropy',
  forward: (x: Nd, target: Nd) => k.crossEntropy(x, target),
  reads: 'inputs',
  vjp: [(g, _y, x, target) => x.softmax(1).sub(target.oneHot(x.shape[1])).mul(g.unsqueeze(1)), null],
  fused: [(g, _y, x, target) => k.crossEntropyGrad(g, x, target), null],
});

/** scale · Σ (x − t)², for x and t of one shape: the mean squared error with scale = 1/n. */
export const squaredError = /* @__PURE__ */ defineOp({
  name: 'squaredError',
  forward: (x: Nd, t: Nd, scale: number) => k.squaredError(x, t, scale),
  reads: 'inputs',
  vjp: [
    (g, _y, x, t, scale) => x.sub(t).mul(g.mul(2 * scale)), // x̄ = 2·scale·g·(x − t)
    (g, _y, x, t, scale) => t.sub(x).mul(g.mul(2 * scale)), // t̄ = −x̄
  ],
  fused: [
    (g, _y, x, t, scale) => k.squaredErrorGrad(g, x, t, scale),
    (g, _y, x, t, scale) => k.squaredErrorGrad(g, t, x, scale),
  ],
});

/** What PyTorch divides by at least: 1e-12 as a float32. */
const TINY = Math.fround(1e-12);

/**
 * −(t·log x + (1 − t)·log(1 − x)) with logarithms of −100 or more, for probabilities x. Its gradient, (x − t)/(x·(1 − x)), does
 * not heed that; it is finite nevertheless, as PyTorch's is.
 */
export const binaryCrossEntropy = /* @__PURE__ */ defineOp({
  name: 'binaryCrossEntropy',
  forward: (x: Nd, t: Nd) => zip('binaryCrossEntropy', k.binaryCrossEntropy, x, t),
  reads: 'inputs',
  vjp: [
    (g, _y, x, t) => g.mul(x.sub(t)).div(x.sub(x.square()).clamp(TINY)),
    (g, _y, x) => g.mul(x.neg().log1p().clamp(-100).sub(x.log().clamp(-100))),
  ],
});
