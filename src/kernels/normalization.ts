/** Standardization: for x[A, B, S] and each b, the numbers x[·, b, ·] shifted to mean 0 and scaled to variance 1. */
import { dense } from '../array/dense.ts';
import { dtypeOf, zerosNd, type Data, type Nd } from '../array/nd.ts';

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
  const y = zerosNd(dtypeOf(x.data), x.shape);
  const { data, offset } = dense(x);
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
  const out = zerosNd(dtypeOf(x.data), x.shape);
  const [X, Y, G] = [dense(x), dense(y), dense(g)];
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
