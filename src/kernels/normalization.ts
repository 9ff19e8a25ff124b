/**
 * Standardization: for x[A, B, S] and each b, the numbers x[·, b, ·] shifted to mean 0 and scaled to variance 1; and
 * layer normalization, where a b is a row, with weight and bias in the same pass.
 */
import { dense } from '../array/dense.ts';
import { dtypeOf, promote, unwrittenNd, type Data, type Nd } from '../array/nd.ts';
import * as simd from './simd/norms.ts';

/** Mean and 1/√(variance + ε) of the numbers of one b, which stand in A runs of S, `pitch` apart from `start` on. */
// prettier-ignore
function moments(
  x: Data, start: number, A: number, S: number, pitch: number, eps: number,
): readonly [mean: number, scale: number] {
  let sum = 0;
  for (let a = 0, i = start; a < A; a++, i += pitch) for (let s = i; s < i + S; s++) sum += x[s];
  const mean = sum / (A * S);
  let squares = 0;
  for (let a = 0, i = start; a < A; a++, i += pitch) for (let s = i; s < i + S; s++) squares += (x[s] - mean) ** 2;
  return [mean, 1 / Math.sqrt(squares / (A * S) + eps)];
}

/** y = (x − μ)/√(σ² + ε). */
export function standardize(x: Nd, eps: number): Nd {
  const [A, B, S] = x.shape;
  const y = unwrittenNd(dtypeOf(x.data), x.shape);
  const X = dense(x);
  if (simd.standardize(X, eps, y.data)) return y;
  const { data, offset } = X;
  const pitch = B * S;
  for (let b = 0; b < B; b++) {
    const [mean, scale] = moments(data, offset + b * S, A, S, pitch, eps);
    for (let a = 0, k = b * S; a < A; a++, k += pitch) {
      for (let s = k; s < k + S; s++) y.data[s] = (data[offset + s] - mean) * scale;
    }
  }
  return y;
}

/** x̄ = (ḡ − mean ḡ − y·mean(ḡ⊙y))/√(σ² + ε). */
export function standardizeGrad(g: Nd, y: Nd, x: Nd, eps: number): Nd {
  const [A, B, S] = x.shape;
  const out = unwrittenNd(dtypeOf(x.data), x.shape);
  const [X, Y, G] = [dense(x), dense(y), dense(g)];
  if (simd.standardizeGrad(G, Y, X, eps, out.data)) return out;
  const [yd, gd] = [Y.data, G.data];
  const pitch = B * S;
  for (let b = 0; b < B; b++) {
    const [, scale] = moments(X.data, X.offset + b * S, A, S, pitch, eps);
    let sum = 0;
    let along = 0;
    for (let a = 0, i = b * S; a < A; a++, i += pitch) {
      for (let s = i; s < i + S; s++) {
        sum += gd[G.offset + s];
        along += gd[G.offset + s] * yd[Y.offset + s];
      }
    }
    const [mean, slope] = [sum / (A * S), along / (A * S)];
    for (let a = 0, i = b * S; a < A; a++, i += pitch) {
      for (let s = i; s < i + S; s++) out.data[s] = scale * (gd[G.offset + s] - mean - slope * yd[Y.offset + s]);
    }
  }
  return out;
}

/** y = (x − μ)/√(σ² + ε)·w + b for each row of x[R, n]; w, b [n]. */
export function layerNorm(x: Nd, w: Nd, b: Nd, eps: number): Nd {
  const [R, n] = x.shape;
  const y = unwrittenNd(promote(x, w), x.shape);
  const [X, V, D] = [dense(x), dense(w), dense(b)];
  if (simd.layerNorm(X, V, D, eps, y.data)) return y;
  for (let r = 0, k = 0, i = X.offset; r < R; r++) {
    const [mean, scale] = moments(X.data, i, 1, n, n, eps);
    for (let j = 0; j < n; j++, k++, i++) {
      y.data[k] = (X.data[i] - mean) * scale * V.data[V.offset + j] + D.data[D.offset + j];
    }
  }
  return y;
}

/** With z = (x − μ)·s, s = 1/√(σ² + ε), and u = g⊙w: x̄ = s·(u − mean u − z·mean(u⊙z)), w̄ = Σ g⊙z and b̄ = Σ g over rows. */
export function layerNormGrad(g: Nd, x: Nd, w: Nd, eps: number): readonly [x: Nd, w: Nd, b: Nd] {
  const [R, n] = x.shape;
  const [G, X, V] = [dense(g), dense(x), dense(w)];
  const dtype = promote(x, w);
  const out = unwrittenNd(dtype, [R, n]);
  const [wBar, bBar] = [unwrittenNd(dtype, [n]), unwrittenNd(dtype, [n])];
  if (simd.layerNormGrad(G, X, V, eps, out.data, wBar.data, bBar.data)) return [out, wBar, bBar];
  const [sumW, sumB] = [new Float64Array(n), new Float64Array(n)];
  for (let r = 0, k = 0; r < R; r++, k += n) {
    const [gi, xi] = [G.offset + k, X.offset + k];
    const [mean, scale] = moments(X.data, xi, 1, n, n, eps);
    let sum = 0;
    let along = 0;
    for (let j = 0; j < n; j++) {
      const z = (X.data[xi + j] - mean) * scale;
      const u = G.data[gi + j] * V.data[V.offset + j];
      sum += u;
      along += u * z;
      sumW[j] += G.data[gi + j] * z;
      sumB[j] += G.data[gi + j];
    }
    for (let j = 0; j < n; j++) {
      const z = (X.data[xi + j] - mean) * scale;
      out.data[k + j] = scale * (G.data[gi + j] * V.data[V.offset + j] - sum / n - (z * along) / n);
    }
  }
  wBar.data.set(sumW);
  bBar.data.set(sumB);
  return [out, wBar, bBar];
}
