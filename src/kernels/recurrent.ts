/**
 * A long short-term memory over a whole sequence, forwards and back through time. Results of a step stay together:
 * y[6, T, B, H] holds h, c and the gates i, f, g, o, all that going back needs.
 */
import { dense } from '../array/dense.ts';
import { allocate, unwritten } from '../array/memory.ts';
import { dtypeOf, promote, unwrittenNd, zerosNd, type Nd } from '../array/nd.ts';
import { gemm } from './matmul/index.ts';
import * as simd from './simd/recurrent.ts';
import type { From } from './simd/recurrent.ts';

/** The time of step s. */
const timeOf = (s: number, T: number, reverse: boolean): number => (reverse ? T - 1 - s : s);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * One step for B rows of H cells: z + x [B, 4H] are the gates before their functions, c [B, H] the cells. Results go to the
 * planes of y, `plane` apart.
 */
function step(B: number, H: number, z: From, x: From, c: From, y: From, plane: number): void {
  if (simd.lstmStep(B, H, z, x, c, y, plane)) return;
  const [[zd, zi], [xd, xi], [cd, ci], [out, yi]] = [z, x, c, y];
  for (let b = 0, e = 0; b < B; b++) {
    for (let p = zi + b * 4 * H, q = xi + b * 4 * H, end = p + H; p < end; p++, q++, e++) {
      const i = sigmoid(zd[p] + xd[q]);
      const f = sigmoid(zd[p + H] + xd[q + H]);
      const g = Math.tanh(zd[p + 2 * H] + xd[q + 2 * H]);
      const o = sigmoid(zd[p + 3 * H] + xd[q + 3 * H]);
      const next = f * cd[ci + e] + i * g;
      const k = yi + e;
      out[k] = o * Math.tanh(next);
      out[k + plane] = next;
      out[k + 2 * plane] = i;
      out[k + 3 * plane] = f;
      out[k + 4 * plane] = g;
      out[k + 5 * plane] = o;
    }
  }
}

/**
 * x[T, B, 4H] + h·wᵀ are the gates before their functions: i, f, o = σ, g = tanh; c' = f⊙c + i⊙g, h' = o⊙tanh c'.
 * w[4H, H]; h and c [B, H] are the state before the first step, which is the last in time if `reverse`.
 */
export function lstm(x: Nd, w: Nd, h: Nd, c: Nd, reverse: boolean): Nd {
  const [T, B, H4] = x.shape;
  const H = H4 / 4;
  const y = unwrittenNd(promote(x, w), [6, T, B, H]);
  const [X, W, start, memory] = [dense(x), dense(w), dense(h), dense(c)];
  const out = y.data;
  const plane = T * B * H;
  const z = allocate(dtypeOf(out), B * H4);
  let hidden: From = [start.data, start.offset];
  let cells: From = [memory.data, memory.offset];
  for (let s = 0; s < T; s++) {
    const t = timeOf(s, T, reverse);
    const k = t * B * H;
    gemm(B, H4, H, ...hidden, H, 1, W.data, W.offset, 1, H, z, 0);
    step(B, H, [z, 0], [X.data, X.offset + 4 * k], cells, [out, k], plane);
    [hidden, cells] = [[out, k], [out, k + plane]]; // prettier-ignore
  }
  return y;
}

/** The gradients of everything that an lstm reads, but w: x̄ [T, B, 4H], h̄ and c̄ [B, H]. */
export interface LstmGrads {
  readonly x: Nd;
  readonly h: Nd;
  readonly c: Nd;
}

/**
 * One step back for B rows of H cells: y and g are their planes, `plane` apart, `before` the cells before the step. x̄ is
 * written; c̄, that of the cells after the step, becomes that of the cells before.
 */
// prettier-ignore
function stepBack(
  B: number, H: number, [yd, yi]: From, [gd, gi]: From, plane: number, before: From, dh: From, dc: From, x: From,
): void {
  const planes = [1, 2, 3, 4, 5].map((p): From => [yd, yi + p * plane]);
  const grads = [0, 1, 2, 3, 4, 5].map((p): From => [gd, gi + p * plane]);
  if (simd.lstmStepBack(B, H, [...planes, ...grads, before, dh, dc], x, dc)) return;
  const [[cells, ci], [dhd, dhi], [dcd, dci], [xd, xi]] = [before, dh, dc, x];
  for (let e = 0, k = yi, q = gi; e < B * H; e++, k++, q++) {
    const [i, f, a, o] = [yd[k + 2 * plane], yd[k + 3 * plane], yd[k + 4 * plane], yd[k + 5 * plane]];
    const u = Math.tanh(yd[k + plane]);
    const hBar = dhd[dhi + e] + gd[q];
    const cBar = dcd[dci + e] + gd[q + plane] + hBar * o * (1 - u * u);
    dcd[dci + e] = cBar * f;
    const p = xi + Math.floor(e / H) * 4 * H + (e % H);
    xd[p] = (cBar * a + gd[q + 2 * plane]) * i * (1 - i);
    xd[p + H] = (cBar * cells[ci + e] + gd[q + 3 * plane]) * f * (1 - f);
    xd[p + 2 * H] = (cBar * i + gd[q + 4 * plane]) * (1 - a * a);
    xd[p + 3 * H] = (hBar * u + gd[q + 5 * plane]) * o * (1 - o);
  }
}

/** Back through time. ḡ [6, T, B, H] may hold gradients of the gates as well. */
export function lstmBack(g: Nd, y: Nd, w: Nd, c: Nd, reverse: boolean): LstmGrads {
  const [, T, B, H] = y.shape;
  const x = unwrittenNd(dtypeOf(y.data), [T, B, 4 * H]);
  const [dh, dc] = [zerosNd(dtypeOf(y.data), [B, H]), zerosNd(dtypeOf(y.data), [B, H])];
  const [Y, G, W, memory] = [dense(y), dense(g), dense(w), dense(c)];
  const plane = T * B * H;
  for (let s = T - 1; s >= 0; s--) {
    const k = timeOf(s, T, reverse) * B * H;
    const before: From =
      s === 0 ? [memory.data, memory.offset] : [Y.data, Y.offset + plane + timeOf(s - 1, T, reverse) * B * H];
    const from = (x: Nd): From => [x.data, x.offset];
    stepBack(B, H, [Y.data, Y.offset + k], [G.data, G.offset + k], plane, before, from(dh), from(dc), [x.data, 4 * k]);
    gemm(B, H, 4 * H, x.data, 4 * k, 4 * H, 1, W.data, W.offset, H, 1, dh.data, 0);
  }
  return { x, h: dh, c: dc };
}

/** w̄ = Σ over times of x̄(t)ᵀ·h(t − 1), as one product. */
export function lstmWeightBack(x: Nd, y: Nd, h: Nd, reverse: boolean): Nd {
  const [, T, B, H] = y.shape;
  const Y = dense(y);
  const size = B * H;
  const before = unwritten(dtypeOf(y.data), T * size); // h of the step before, of each time
  const start = dense(h);
  before.set(start.data.subarray(start.offset, start.offset + size), reverse ? (T - 1) * size : 0);
  const kept = Y.offset + (reverse ? size : 0);
  before.set(Y.data.subarray(kept, kept + (T - 1) * size), reverse ? 0 : size);
  const w = unwrittenNd(dtypeOf(y.data), [4 * H, H]);
  gemm(4 * H, H, T * B, x.data, x.offset, 1, 4 * H, before, 0, H, 1, w.data, 0);
  return w;
}
