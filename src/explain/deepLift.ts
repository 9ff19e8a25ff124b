/** DeepLIFT: differences from a baseline handed down, so that saturation hides nothing. */
import { ValueError } from '../array/errors.ts';
import { concat } from '../create.ts';
import type { Walk } from '../engine.ts';
import * as ops from '../ops/index.ts';
import type { AnyOp } from '../ops/op.ts';
import type { Tensor } from '../tensor.ts';
import type { CompleteExplanation } from './integrated.ts';
import { baselineOf, batchOf, type Model, type TargetOptions } from './model.ts';
import { along, curves, row, secant, walked } from './relevance.ts';

export interface DeepLiftOptions extends TargetOptions {
  /** What stands for "nothing there": a number, one input, or one for each row; 0 if left out. */
  readonly baseline?: Tensor | number;
}

/**
 * DeepLIFT with the rescale rule (Shrikumar et al., 2017): differences from a baseline are handed down, a function of one variable
 * multiplying by Δy/Δx where the gradient has its slope, a product by the mean of the other factor; what the maximum of a window
 * rose by goes to the place that has it now, what it fell by to the place that had it. x and the baseline go
 * through f as one batch, which must stay in the first dim. The gap is Σ − (f(x) − f(baseline)): what passed ops that have only their
 * gradient, as softmax and normalization.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { deepLift } from 'adjoint/explain';
 * const f = (x) => x.sum(1).sub(1).relu(); // flat at the baseline, steep at x
 * const { attributions, gap } = deepLift(f, tensor([[1, 1]]));
 * console.log(attributions.toArray(), gap.item()); // => [ [ 0.5, 0.5 ] ] 0
 * ```
 */
export function deepLift(f: Model, x: Tensor, options: DeepLiftOptions = {}): CompleteExplanation {
  const where = 'deepLift';
  const batch = batchOf(where, x);
  const baseline = baselineOf(where, batch, options.baseline);
  const n = batch.shape[0];
  const isBatch = (t: Tensor): boolean => t.ndim > 0 && t.shape[0] % (2 * n) === 0;
  const halves = (t: Tensor): [Tensor, Tensor] => {
    if (!isBatch(t)) throw new ValueError(where, 'the batch must stay in the first dim', `[${t.shape.join(', ')}]`);
    const half = t.shape[0] / 2;
    return [t.narrow(0, 0, half), t.narrow(0, half, half)];
  };
  const twice = (t: Tensor): Tensor => concat([t, t]);
  const mean = (t: Tensor): Tensor => {
    const [there, here] = halves(t);
    return twice(there.add(here).div(2));
  };
  /** c·Δy/Δz, or the tangent where z hardly differs. */
  const rate = (c: Tensor, y: Tensor, z: Tensor, tangent: Tensor): Tensor => {
    const [[there], [y1, y0], [z1, z0], [slope]] = [c, y, z, tangent].map(halves);
    return twice(secant(there, y1.sub(y0), z1.sub(z0), z1.abs().maximum(z0.abs()), slope));
  };
  /**
   * c for y = a where the mask is 1, else b: Δy = mean(m)·Δa + (1 − mean(m))·Δb + Δm·(mean(a) − mean(b)). What comes of the choice itself
   * goes along with the one that changed more: in leakyRelu and elu both are functions of one variable, and it is all the same.
   */
  const chosenFrom = (c: Tensor, mask: Tensor, a: Tensor, b: Tensor, toA: boolean, toB: boolean): [Tensor, Tensor] => {
    const [[there], [m1, m0], [a1, a0], [b1, b0]] = [c, mask, a, b].map(halves);
    const [da, db] = [a1.sub(a0), b1.sub(b0)];
    const choice = m1.sub(m0).mul(a1.add(a0).sub(b1).sub(b0)).div(2);
    const isForA = toA && toB ? da.abs().ge(db.abs()) : there.zerosLike().add(toA ? 1 : 0);
    const share = (run: Tensor, end: Tensor, start: Tensor): Tensor =>
      secant(there, choice, run, end.abs().maximum(start.abs()), there.zerosLike());
    const part = m1.add(m0).div(2);
    return [
      twice(there.mul(part).add(share(da, a1, a0).mul(isForA))),
      twice(there.mul(part.neg().add(1)).add(share(db, b1, b0).mul(isForA.eq(0)))),
    ];
  };
  const rules = new Map<AnyOp, Walk>(curves.map((op) => [op, along(op, rate)]));
  for (const op of [ops.mul, ops.matmul] as AnyOp[]) {
    rules.set(op, (c, y, args, flows) => {
      const [a, b] = args as [Tensor, Tensor];
      const factors = flows[0] && flows[1] ? [mean(a), mean(b)] : [a, b];
      return flows.map((flow, p) => (flow ? row(op, p)(c, y, ...factors) : null));
    });
  }
  const division = rules.get(ops.div)!;
  rules.set(ops.div, (c, y, args, flows) => {
    const [a, b] = args as [Tensor, Tensor];
    if (!(flows[0] && flows[1])) return division(c, y, args, flows);
    const [up, down] = [a.expand(y.shape), b.expand(y.shape)]; // Δ(a/b) = mean(1/b)·Δa + mean(a)·Δ(1/b)
    const lower = c.mul(mean(up));
    return [c.mul(mean(down.reciprocal())), rate(lower, down.reciprocal(), down, lower.div(down.square()).neg())];
  });
  for (const [op, isA] of [
    [ops.where, (mask: Tensor) => mask.ne(0)],
    [ops.maximum, (a: Tensor, b: Tensor) => a.ge(b)],
    [ops.minimum, (a: Tensor, b: Tensor) => a.le(b)],
  ] as [AnyOp, (p: Tensor, q: Tensor) => Tensor][]) {
    const alone = rules.get(op);
    rules.set(op, (c, y, args, flows) => {
      const [p, q] = flows.length === 3 ? [1, 2] : [0, 1];
      if (alone && !(flows[p] && flows[q])) return alone(c, y, args, flows);
      const [first, second, ...more] = (args as Tensor[]).slice(0, flows.length).map((t) => t.expand(y.shape));
      const [a, b] = p === 1 ? [second, more[0]] : [first, second];
      const [ca, cb] = chosenFrom(c, isA(first, second).to(y.dtype), a, b, flows[p], flows[q]);
      return flows.map((flow, i) => (flow ? (i === p ? ca : cb) : null));
    });
  }
  rules.set(ops.gather, (c, y, args, flows) => {
    const [x, index, dim] = args as [Tensor, Tensor, number];
    if (dim === 0) return [row(ops.gather, 0)(c, y, x, index, dim), null];
    const [[there], [y1, y0], [x1, x0], [i1, i0]] = [c, y, x, index].map(halves);
    const at = i1.where(y1.ge(y0), i0);
    const [now, then] = [x1.gather(dim, at), x0.gather(dim, at)];
    const share = secant(there, y1.sub(y0), now.sub(then), now.abs().maximum(then.abs()), there);
    return flows.map((flow) => (flow ? twice(row(ops.gather, 0)(share, y1, x1, at, dim)) : null));
  });
  rules.set(ops.amax, (c, y, [x]) => {
    const full = (t: Tensor): Tensor => t.expand((x as Tensor).shape);
    const [[there], [y1, y0], [x1, x0]] = [full(c), full(y), x as Tensor].map(halves);
    const top = x1.eq(y1).where(y1.ge(y0), x0.eq(y0));
    const ties = full(concat([top, top]).sumTo(y.shape)).narrow(0, 0, top.shape[0]);
    return [twice(secant(there, y1.sub(y0), x1.sub(x0), x1.abs().maximum(x0.abs()), there).mul(top).div(ties))];
  });
  const { c, value } = walked(where, f, concat([batch, baseline]), options, rules, n);
  const attributions = halves(c)[0].mul(batch.sub(baseline));
  const difference = value.narrow(0, 0, n).sub(value.narrow(0, n, n));
  return { attributions, gap: attributions.reshape([n, -1]).sum(1).sub(difference) };
}
