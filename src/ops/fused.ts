/** Ops that are made of others, kept as one because the composition would be slow or would lose digits. */
import type { Nd } from '../array/nd.ts';
import * as k from '../kernels/fused.ts';
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

/**
 * How queries weigh keys: softmax(scale · x) of each row of the scores x[…, L, S]; if causal, query i sees the keys 0 … i
 * only, and the weights beyond are 0.
 */
export const attentionWeights = /* @__PURE__ */ defineOp({
  name: 'attentionWeights',
  forward: (x: Nd, scale: number, causal: boolean) => k.attentionWeights(x, scale, causal),
  reads: 'output',
  vjp: [(g, y, _x, scale) => y.mul(g.sub(g.mul(y).sum(-1, true))).mul(scale)],
  fused: [(g, y, _x, scale, causal) => k.attentionWeightsGrad(g, y, scale, causal)],
});
