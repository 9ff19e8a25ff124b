/** What attention needs beside matmul. */
import type { Nd } from '../array/nd.ts';
import * as k from '../kernels/attention.ts';
import { defineOp } from './op.ts';

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
