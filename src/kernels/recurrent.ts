/**
 * A long short-term memory over a whole sequence, forwards and back through time. Results of a step stay together:
 * y[6, T, B, H] holds h, c and the gates i, f, g, o, all that going back needs.
 */
import { dense } from '../array/dense.ts';
import { allocate, dtypeOf, promote, zerosNd, type Data, type Nd } from '../array/nd.ts';
import { gemm } from './matmul/index.ts';

/** The time of step s. */
const timeOf = (s: number, T: number, reverse: boolean): number => (reverse ? T - 1 - s : s);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * x[T, B, 4H] + h·wᵀ are the gates before their functions: i, f, o = σ, g = tanh; c' = f⊙c + i⊙g, h' = o⊙tanh c'.
 * w[4H, H]; h and c [B, H] are the state before the first step, which is the last in time if `reverse`.
 */
export function lstm(x: Nd, w: Nd, h: Nd, c: Nd, reverse: boolean): Nd {
  const [T, B, H4] = x.shape;
  const H = H4 / 4;
  const y = zerosNd(promote(x, w), [6, T, B, H]);
  const [X, W, start, memory] = [dense(x), dense(w), dense(h), dense(c)];
  const out = y.data;
  const plane = T * B * H;
  const z = allocate(dtypeOf(out), B * H4);
  let [hidden, hi, cells, ci]: [Data, number, Data, number] = [start.data, start.offset, memory.data, memory.offset];
  for (let s = 0; s < T; s++) {
    const t = timeOf(s, T, reverse);
    gemm(B, H4, H, hidden, hi, H, 1, W.data, W.offset, 1, H, z, 0);
    let k = t * B * H;
    [hidden, hi] = [out, k];
    for (let b = 0; b < B; b++) {
      for (let p = b * H4, q = X.offset + t * B * H4 + p, end = p + H; p < end; p++, q++, k++, ci++) {
        const i = sigmoid(z[p] + X.data[q]);
        const f = sigmoid(z[p + H] + X.data[q + H]);
        const g = Math.tanh(z[p + 2 * H] + X.data[q + 2 * H]);
        const o = sigmoid(z[p + 3 * H] + X.data[q + 3 * H]);
        const next = f * cells[ci] + i * g;
        out[k] = o * Math.tanh(next);
        out[k + plane] = next;
        out[k + 2 * plane] = i;
        out[k + 3 * plane] = f;
        out[k + 4 * plane] = g;
        out[k + 5 * plane] = o;
      }
    }
    [cells, ci] = [out, plane + hi];
  }
  return y;
}

/** The gradients of everything that an lstm reads, but w: x̄ [T, B, 4H], h̄ and c̄ [B, H]. */
export interface LstmGrads {
  readonly x: Nd;
  readonly h: Nd;
  readonly c: Nd;
}

/** Back through time. ḡ [6, T, B, H] may hold gradients of the gates as well. */
export function lstmBack(g: Nd, y: Nd, w: Nd, c: Nd, reverse: boolean): LstmGrads {
  const [, T, B, H] = y.shape;
  const x = zerosNd(dtypeOf(y.data), [T, B, 4 * H]);
  const [dh, dc] = [zerosNd(dtypeOf(y.data), [B, H]), zerosNd(dtypeOf(y.data), [B, H])];
  const [Y, G, W, memory] = [dense(y), dense(g), dense(w), dense(c)];
  const [yd, gd] = [Y.data, G.data];
  const plane = T * B * H;
  for (let s = T - 1; s >= 0; s--) {
    const t = timeOf(s, T, reverse);
    const before = s === 0 ? memory.offset : Y.offset + plane + timeOf(s - 1, T, reverse) * B * H;
    const cells = s === 0 ? memory.data : yd;
    for (let e = 0, k = Y.offset + t * B * H, q = G.offset + t * B * H; e < B * H; e++, k++, q++) {
      const [i, f, a, o] = [yd[k + 2 * plane], yd[k + 3 * plane], yd[k + 4 * plane], yd[k + 5 * plane]];
      const u = Math.tanh(yd[k + plane]);
      const hBar = dh.data[e] + gd[q];
      const cBar = dc.data[e] + gd[q + plane] + hBar * o * (1 - u * u);
      dc.data[e] = cBar * f;
      const p = (t * B + Math.floor(e / H)) * 4 * H + (e % H);
      x.data[p] = (cBar * a + gd[q + 2 * plane]) * i * (1 - i);
      x.data[p + H] = (cBar * cells[before + e] + gd[q + 3 * plane]) * f * (1 - f);
      x.data[p + 2 * H] = (cBar * i + gd[q + 4 * plane]) * (1 - a * a);
      x.data[p + 3 * H] = (hBar * u + gd[q + 5 * plane]) * o * (1 - o);
    }
    gemm(B, H, 4 * H, x.data, t * B * 4 * H, 4 * H, 1, W.data, W.offset, H, 1, dh.data, 0);
  }
  return { x, h: dh, c: dc };
}

/** w̄ = Σ over times of x̄(t)ᵀ·h(t − 1), as one product. */
export function lstmWeightBack(x: Nd, y: Nd, h: Nd, reverse: boolean): Nd {
  const [, T, B, H] = y.shape;
  const Y = dense(y);
  const size = B * H;
  const before = allocate(dtypeOf(y.data), T * size); // h of the step before, of each time
  const start = dense(h);
  before.set(start.data.subarray(start.offset, start.offset + size), reverse ? (T - 1) * size : 0);
  const kept = Y.offset + (reverse ? size : 0);
  before.set(Y.data.subarray(kept, kept + (T - 1) * size), reverse ? 0 : size);
  const w = zerosNd(dtypeOf(y.data), [4 * H, H]);
  gemm(4 * H, H, T * B, x.data, x.offset, 1, 4 * H, before, 0, H, 1, w.data, 0);
  return w;
}
