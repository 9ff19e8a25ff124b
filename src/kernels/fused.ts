/** Several steps in one pass over memory, where an op that is made of others would make copies. */
import { dense } from '../array/dense.ts';
import { dtypeOf, promote, sizeOf, zerosNd, type Nd, type Shape } from '../array/nd.ts';
import { logsumexp, softmax, softmaxGrad } from './reduce.ts';
import { fold, scan } from './simd/rows.ts';
import * as simd from './wasm/rows.ts';

/** Row by row −log softmax(x)[target] = log Σ eˣ − x[target]: logits x [N, C] and whole numbers target [N] to [N]. */
export function crossEntropy(x: Nd, target: Nd): Nd {
  const [N, C] = x.shape;
  const y = zerosNd(dtypeOf(x.data), [N]);
  const rows = dense(x);
  const t = dense(target);
  if (fold(simd.crossEntropy, rows, C, y.data, (r) => 4 * t.data[t.offset + r])) return y;
  for (let r = 0, i = rows.offset; r < N; r++, i += C) {
    y.data[r] = logsumexp(rows.data, i, 1, C) - rows.data[i + t.data[t.offset + r]];
  }
  return y;
}

/** x̄ = g · (softmax(x) − oneHot(target)), row by row: g [N] to [N, C]. */
export function crossEntropyGrad(g: Nd, x: Nd, target: Nd): Nd {
  const [N, C] = x.shape;
  const y = zerosNd(dtypeOf(x.data), [N, C]);
  const rows = dense(x);
  const t = dense(target);
  const weightOf = (r: number): number => g.data[g.offset + r * g.strides[0]];
  if (scan(softmax, [rows], C, y.data, weightOf)) {
    for (let r = 0; r < N; r++) y.data[r * C + t.data[t.offset + r]] -= weightOf(r);
    return y;
  }
  for (let r = 0, i = rows.offset, k = 0; r < N; r++) {
    const shift = logsumexp(rows.data, i, 1, C);
    const weight = weightOf(r);
    const hit = k + t.data[t.offset + r];
    for (const end = k + C; k < end; k++) y.data[k] = weight * Math.exp(rows.data[i++] - shift);
    y.data[hit] -= weight;
  }
  return y;
}

/** scale · Σ (x − t)², for x and t of one shape, to a 0-d array. */
export function squaredError(x: Nd, t: Nd, scale: number): Nd {
  const y = zerosNd(promote(x, t), []);
  const [a, b] = [dense(x), dense(t)];
  let sum = 0;
  for (let i = a.offset, j = b.offset, end = i + sizeOf(a.shape); i < end; i++, j++) {
    const d = a.data[i] - b.data[j];
    sum += d * d;
  }
  y.data[0] = scale * sum;
  return y;
}

/** x̄ = 2 · scale · g · (x − t), for a 0-d g. */
export function squaredErrorGrad(g: Nd, x: Nd, t: Nd, scale: number): Nd {
  const y = zerosNd(promote(x, t), x.shape);
  const [a, b] = [dense(x), dense(t)];
  const factor = 2 * scale * g.data[g.offset];
  for (let k = 0, i = a.offset, j = b.offset; k < y.data.length; k++) y.data[k] = factor * (a.data[i++] - b.data[j++]);
  return y;
}

/** How many numbers of row r of the scores [L, S] count: all S or, if causal, those up to the diagonal. */
const lengthOf =
  ([L, S]: Shape, causal: boolean) =>
  (r: number): number =>
    causal ? Math.min(S, (r % L) + 1) : S;

/** softmax(scale · x) of each row of x[…, L, S]; if causal of the numbers 0 … i in row i, and zeros beyond. */
export function attentionWeights(x: Nd, scale: number, causal: boolean): Nd {
  const rows = dense(x);
  const y = zerosNd(dtypeOf(x.data), x.shape);
  const sizes = x.shape.slice(-2);
  const [length, S] = [lengthOf(sizes, causal), sizes[1]];
  if (scan(simd.scaledSoftmax, [rows], S, y.data, () => scale, length)) return y;
  for (let k = 0, r = 0; k < y.data.length; k += S, r++) {
    const n = length(r);
    for (let j = 0; j < n; j++) y.data[k + j] = scale * rows.data[rows.offset + k + j];
    softmax(y.data, k, 1, y.data, k, 1, n);
  }
  return y;
}

/** x̄ = scale · y ⊙ (g − Σ g⊙y), row by row. */
export function attentionWeightsGrad(g: Nd, y: Nd, scale: number, causal: boolean): Nd {
  const [G, Y] = [dense(g), dense(y)];
  const x = zerosNd(promote(g, y), y.shape);
  const sizes = y.shape.slice(-2);
  const [length, S] = [lengthOf(sizes, causal), sizes[1]];
  if (scan(softmaxGrad, [G, Y], S, x.data, () => scale, length)) return x;
  for (let k = 0, r = 0; k < x.data.length; k += S, r++) {
    const n = length(r);
    softmaxGrad(G.data, G.offset + k, 1, Y.data, Y.offset + k, 1, x.data, k, 1, n);
    for (let j = k; j < k + n; j++) x.data[j] *= scale;
  }
  return x;
}
