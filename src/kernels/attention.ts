/** The weights of attention: scale, causal mask and softmax in one pass over the scores. */
import { dense } from '../array/dense.ts';
import { dtypeOf, promote, unwrittenNd, type Nd, type Shape } from '../array/nd.ts';
import { softmax, softmaxGrad } from './reduce.ts';
import { scanRows } from './simd/rows.ts';
import { scaledSoftmax, scaledSoftmaxGrad } from './wasm/rows.ts';

/** How many numbers of row r of the scores [L, S] count: all S or, if causal, those up to the diagonal. */
const lengthOf =
  ([L, S]: Shape, causal: boolean) =>
  (r: number): number =>
    causal ? Math.min(S, (r % L) + 1) : S;

/** softmax(scale · x) of each row of x[…, L, S]; if causal of the numbers 0 … i in row i, and zeros beyond. */
export function attentionWeights(x: Nd, scale: number, causal: boolean): Nd {
  const rows = dense(x);
  const y = unwrittenNd(dtypeOf(x.data), x.shape);
  const sizes = x.shape.slice(-2);
  const [length, S] = [lengthOf(sizes, causal), sizes[1]];
  if (scanRows(scaledSoftmax, [rows], S, y.data, [scale], causal ? sizes[0] : undefined)) return y;
  for (let k = 0, r = 0; k < y.data.length; k += S, r++) {
    const n = length(r);
    for (let j = 0; j < n; j++) y.data[k + j] = scale * rows.data[rows.offset + k + j];
    softmax(y.data, k, 1, y.data, k, 1, n);
    y.data.fill(0, k + n, k + S);
  }
  return y;
}

/** x̄ = scale · y ⊙ (g − Σ g⊙y), row by row. */
export function attentionWeightsGrad(g: Nd, y: Nd, scale: number, causal: boolean): Nd {
  const [G, Y] = [dense(g), dense(y)];
  const x = unwrittenNd(promote(g, y), y.shape);
  const sizes = y.shape.slice(-2);
  const [length, S] = [lengthOf(sizes, causal), sizes[1]];
  if (scanRows(scaledSoftmaxGrad, [G, Y], S, x.data, [scale], causal ? sizes[0] : undefined)) return x;
  for (let k = 0, r = 0; k < x.data.length; k += S, r++) {
    const n = length(r);
    softmaxGrad(G.data, G.offset + k, 1, Y.data, Y.offset + k, 1, x.data, k, 1, n);
    for (let j = k; j < k + n; j++) x.data[j] *= scale;
    x.data.fill(0, k + n, k + S);
  }
  return x;
}
