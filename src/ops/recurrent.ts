/** A long short-term memory over a whole sequence as one op: as many single ones, it would be slow. */
import type { Nd } from '../array/nd.ts';
import * as k from '../kernels/recurrent.ts';
import type { Tensor } from '../tensor.ts';
import { defineOp } from './op.ts';
import { concat } from './views.ts';

/** Tensors one after another along dim. */
function join(parts: readonly Tensor[], dim: number): Tensor {
  let start = 0;
  const starts = parts.map(({ shape }) => (start += shape[dim]) - shape[dim]);
  return parts[0].apply(concat, parts, dim, starts);
}

/** Back through time, step by step: x̄ [T, B, 4H], which is that of h·wᵀ too, and those of the first state. */
function back(g: Tensor, y: Tensor, w: Tensor, c0: Tensor, reverse: boolean): { x: Tensor; h: Tensor; c: Tensor } {
  const T = y.shape[1];
  const times = Array.from({ length: T }, (_, s) => (reverse ? T - 1 - s : s));
  const planes = y.unbind(); // h, c, i, f, g, o, each [T, B, H]
  const grads = g.unbind();
  const steps = new Array<Tensor>(T);
  let h = c0.zerosLike();
  let c = c0.zerosLike();
  for (let s = T - 1; s >= 0; s--) {
    const t = times[s];
    const [, cell, i, f, a, o] = planes.map((x) => x.select(0, t)); // [B, H]
    const [gh, gc, gi, gf, ga, go] = grads.map((x) => x.select(0, t));
    const before = s === 0 ? c0 : planes[1].select(0, times[s - 1]);
    const u = cell.tanh();
    const hBar = h.add(gh);
    const cBar = c.add(gc).add(hBar.mul(o).mul(slope(u)));
    c = cBar.mul(f);
    const inner = [
      cBar.mul(a).add(gi).mul(i).mul(rest(i)),
      cBar.mul(before).add(gf).mul(f).mul(rest(f)),
      cBar.mul(i).add(ga).mul(slope(a)),
      hBar.mul(u).add(go).mul(o).mul(rest(o)),
    ];
    steps[t] = join(inner, 1);
    h = steps[t].matmul(w);
  }
  return { x: join(steps.map((x) => x.unsqueeze(0)), 0), h, c }; // prettier-ignore
}

const rest = (gate: Tensor): Tensor => gate.neg().add(1); // σ' = σ·(1 − σ)
const slope = (u: Tensor): Tensor => u.square().neg().add(1); // tanh' = 1 − tanh²

/** w̄ = Σ over times of x̄(t)ᵀ·h(t − 1). */
function weightBack(x: Tensor, y: Tensor, h0: Tensor, reverse: boolean): Tensor {
  const [, T, B, H] = y.shape;
  const h = y.select(0, 0);
  const [first, others] = [h0.unsqueeze(0), h.narrow(0, reverse ? 1 : 0, T - 1)];
  const before = join(reverse ? [others, first] : [first, others], 0);
  return x.reshape([T * B, 4 * H]).mT.matmul(before.reshape([T * B, H]));
}

/**
 * y[6, T, B, H], the planes h, c, i, f, g, o, of x[T, B, 4H], what the inputs give to the gates, weight w[4H, H] of the
 * hidden state, and the state h, c [B, H] before the first step (in time the last, if reverse).
 */
export const lstm = /* @__PURE__ */ defineOp({
  name: 'lstm',
  forward: (x: Nd, w: Nd, h: Nd, c: Nd, reverse: boolean) => k.lstm(x, w, h, c, reverse),
  vjp: [
    (g, y, _x, w, _h, c, reverse) => back(g, y, w, c, reverse).x,
    (g, y, _x, w, h, c, reverse) => weightBack(back(g, y, w, c, reverse).x, y, h, reverse),
    (g, y, _x, w, _h, c, reverse) => back(g, y, w, c, reverse).h,
    (g, y, _x, w, _h, c, reverse) => back(g, y, w, c, reverse).c,
  ],
  fused: (g, y, _x, w, h, c, reverse) => {
    const grads = k.lstmBack(g, y, w, c, reverse);
    return [grads.x, k.lstmWeightBack(grads.x, y, h, reverse), grads.h, grads.c];
  },
});
