/** Several steps in one pass over memory, where an op that is made of others would make copies. */
import { dense } from '../array/dense.ts';
import { dtypeOf, promote, sizeOf, unwrittenNd, type Nd } from '../array/nd.ts';
import type { ZipLoop } from './lines.ts';
import { logsumexp, softmax } from './reduce.ts';
import { fold, scan } from './simd/rows.ts';
import * as simd from './wasm/rows.ts';

/** Row by row −log softmax(x)[target] = log Σ eˣ − x[target]: logits x [N, C] and whole numbers target [N] to [N]. */
export function crossEntropy(x: Nd, target: Nd): Nd {
  const [N, C] = x.shape;
  const y = unwrittenNd(dtypeOf(x.data), [N]);
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
  const y = unwrittenNd(dtypeOf(x.data), [N, C]);
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
  const y = unwrittenNd(promote(x, t), []);
  const { data: a, offset: i } = dense(x);
  const { data: b, offset: j } = dense(t);
  let sum = 0;
  for (let e = 0, n = sizeOf(x.shape); e < n; e++) {
    const d = a[i + e] - b[j + e];
    sum += d * d;
  }
  y.data[0] = scale * sum;
  return y;
}

/** x̄ = 2 · scale · g · (x − t), for a 0-d g. */
export function squaredErrorGrad(g: Nd, x: Nd, t: Nd, scale: number): Nd {
  const y = unwrittenNd(promote(x, t), x.shape);
  const [a, b] = [dense(x), dense(t)];
  const factor = 2 * scale * g.data[g.offset];
  for (let k = 0, i = a.offset, j = b.offset; k < y.data.length; k++) y.data[k] = factor * (a.data[i++] - b.data[j++]);
  return y;
}

/** −(t·log x + (1 − t)·log(1 − x)), with logarithms of −100 or more. */
export const binaryCrossEntropy: ZipLoop = (x, i, di, t, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) {
    y[k++] = (t[j] - 1) * Math.max(Math.log1p(-x[i]), -100) - t[j] * Math.max(Math.log(x[i]), -100);
  }
};
