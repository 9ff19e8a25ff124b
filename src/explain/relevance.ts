/**
 * Gradients with other rules: the recorded graph of an output is walked as for its gradient, with the rules of some ops
 * replaced. Rules belong to ops, so a ReLU is a ReLU however often it is used and whoever called it.
 *
 * Relevance is carried as relevance per unit, c = R/value: then what is linear needs no rule of its own, for R = value·c
 * adds up as values do, and of LRP and DeepLIFT only the nonlinear rows are to be written.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { concat } from '../create.ts';
import { enableGrad, keepingAll, noGrad, walkBack, type Walk } from '../engine.ts';
import * as ops from '../ops/index.ts';
import type { AnyOp, Op } from '../ops/op.ts';
import type { Tensor } from '../tensor.ts';
import type { Explanation } from './gradients.ts';
import type { CompleteExplanation } from './integrated.ts';
import { baselineOf, batchOf, chosen, slopes, type Model, type TargetOptions } from './model.ts';

/** What replaces the rules of an op: from c at its output to c at each of its inputs that lead to x. */
type Rules = ReadonlyMap<AnyOp, Walk>;

/** c at x, from c = 1 at the explained numbers. */
function walked(where: string, f: Model, x: Tensor, options: TargetOptions, rules: Rules, inputs = x.shape[0]): { c: Tensor; value: Tensor } {
  const at = x.detach().clone().requiresGrad_();
  const value = keepingAll(() => enableGrad(() => chosen(where, f(at), x.shape[0], options, (r) => r % inputs)));
  if (!value.requiresGrad) throw new ValueError(where, 'the model must be differentiable', 'a result without a history');
  const c = walkBack(value, value.onesLike(), at, rules);
  return { c: c ?? at.zerosLike(), value: value.detach() };
} // prettier-ignore

const guided: Rules = new Map([[ops.relu, (g, y) => [g.mul(y.gt(0)).relu()]]]);
const deconvolved: Rules = new Map([[ops.relu, (g) => [g.relu()]]]);

/**
 * The gradient with, at each ReLU, only what is positive passed back (Springenberg et al., 2015). Sharp pictures, that
 * hardly depend on the class or on the later layers (Adebayo et al., 2018): see randomizationCheck.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { guidedBackprop, saliency } from 'adjoint/explain';
 * const f = (x) => x.relu().mul(tensor([2, -3])).sum(1);
 * const x = tensor([[1, 1]]);
 * saliency(f, x, { abs: false }).attributions.toArray() // => [ [ 2, -3 ] ]
 * guidedBackprop(f, x).attributions.toArray() // => [ [ 2, 0 ] ]
 * ```
 */
export const guidedBackprop = (f: Model, x: Tensor, options: TargetOptions = {}): Explanation => ({
  attributions: walked('guidedBackprop', f, batchOf('guidedBackprop', x), options, guided).c,
});

/** The same without the ReLU's own rule: what is positive passes, wherever the ReLU was (Zeiler and Fergus, 2014). */
export const deconvolution = (f: Model, x: Tensor, options: TargetOptions = {}): Explanation => ({
  attributions: walked('deconvolution', f, batchOf('deconvolution', x), options, deconvolved).c,
});

/** Functions of one variable, as those of several are where only one input leads to x: c·y/x for LRP, c·Δy/Δx for DeepLIFT. */
const curves: readonly AnyOp[] = [
  ops.relu, ops.gelu, ops.hardswish, ops.sigmoid, ops.logit, ops.exp, ops.exp2, ops.expm1, ops.log, ops.log2, ops.log10, ops.log1p,
  ops.sqrt, ops.square, ops.reciprocal, ops.abs, ops.sin, ops.cos, ops.tan, ops.asin, ops.acos, ops.atan, ops.sinh, ops.cosh, ops.tanh,
  ops.asinh, ops.acosh, ops.atanh, ops.erf, ops.erfc, ops.pow, ops.div, ops.maximum, ops.minimum, ops.clamp,
]; // prettier-ignore

type Row = (c: Tensor, y: Tensor, ...args: unknown[]) => Tensor;
const row = (op: AnyOp, p: number): Row => op.vjp[p] as Row;

/** The rule of a curve: what `slope` makes of the input that leads to x; of several each has its gradient. */
const along = (op: AnyOp, slope: (c: Tensor, y: Tensor, x: Tensor, tangent: Tensor) => Tensor): Walk =>
  (c, y, args, flows) => {
    const isAlone = flows.filter(Boolean).length === 1;
    return flows.map((flow, p) => {
      if (!flow) return null;
      const tangent = row(op, p)(c, y, ...args);
      return isAlone ? slope(c, y, args[p] as Tensor, tangent) : tangent;
    });
  }; // prettier-ignore

/**
 * c·rise/run, and the tangent's where the run is at most √ε of the size of what it is the difference of: rounding is off by
 * ε·size/run there, the tangent by about run/size, and at √ε these are equal. Where size = |run| only 0 is so small.
 */
function secant(c: Tensor, rise: Tensor, run: Tensor, size: Tensor, tangent: Tensor): Tensor {
  const tiny = run.abs().le(size.mul(Math.sqrt(run.dtype === 'float64' ? 2 ** -52 : 2 ** -23)));
  return tangent.where(tiny, c.mul(rise).div(run.onesLike().where(tiny, run)));
}

export interface LrpOptions extends TargetOptions {
  /** ε of the linear rows: R goes by shares of z + ε·sign(z), so that next to nothing is no divisor; 0, LRP-0, if left out. */
  readonly epsilon?: number;
  /** γ of the linear rows: weights are w + γ·max(w, 0), which favours what speaks for the output; 0 if left out. */
  readonly gamma?: number;
}

/**
 * Layer-wise relevance propagation (Bach et al., 2015; Montavon et al., 2019): the output is handed down, each op giving its
 * inputs what they brought in. linear, matmul and conv2d by LRP-ε, -γ or -0; functions of one variable hand on what they got;
 * of a product of two that depend on x each has half, of a quotient the numerator all; the others have their gradient, which
 * conserves where they are linear or pick (views, sums, pooling). The gap is Σ R − f(x): what biases were given, and what ε
 * swallowed.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { lrp } from 'adjoint/explain';
 * const f = (x) => x.matmul(tensor([[2], [-3]])).relu().sum(1);
 * const { attributions, gap } = lrp(f, tensor([[5, 1]]));
 * console.log(attributions.toArray(), gap.item()); // => [ [ 10, -3 ] ] 0
 * ```
 * @throws ValueError when epsilon or gamma is negative, or the target does not fit
 */
export function lrp(f: Model, x: Tensor, options: LrpOptions = {}): CompleteExplanation {
  const { epsilon = 0, gamma = 0 } = options;
  if (!(epsilon >= 0 && gamma >= 0)) {
    throw new ValueError('lrp', 'epsilon and gamma must be 0 or more', `${epsilon} and ${gamma}`);
  }
  const batch = batchOf('lrp', x);
  const rules = new Map<AnyOp, Walk>();
  const favoured = (w: Tensor): Tensor => (gamma === 0 ? w : w.add(w.relu().mul(gamma)));
  for (const op of [ops.linear, ops.matmul, ops.conv2d] as AnyOp[]) {
    rules.set(op, (c, y, args, flows) => {
      const both = flows[0] && flows[1];
      const [a, b, ...rest] = args as [Tensor, Tensor, ...unknown[]];
      const [left, right] = both ? [a, b] : flows[0] ? [a, favoured(b)] : [favoured(a), b];
      if (op === ops.linear && gamma > 0) rest[0] = favoured(rest[0] as Tensor);
      const z = gamma === 0 || both ? y : y.apply(op as Op<[]>, ...([left, right, ...rest] as unknown as []));
      const sign = z.ge(0).mul(2).sub(1);
      const divisor = z.add(sign.mul(epsilon));
      const share = secant(c, y, divisor, divisor.abs(), c.zerosLike()).mul(both ? 0.5 : 1);
      return flows.map((flow, p) => (flow ? row(op, p)(share, y, left, right, ...rest) : null));
    });
  }
  for (const op of curves) {
    const rule = along(op, (c, y, z, tangent) => secant(c, y, z, z.abs(), tangent));
    rules.set(op, rule);
  }
  rules.set(ops.mul, (c, y, args, flows) => {
    const half = flows[0] && flows[1] ? 0.5 : 1;
    return flows.map((flow, p) => (flow ? row(ops.mul, p)(c, y, ...args).mul(half) : null));
  });
  const quotient = rules.get(ops.div)!;
  rules.set(ops.div, (c, y, args, flows) => quotient(c, y, args, [flows[0], flows[1] && !flows[0]]));
  const { c, value } = walked('lrp', f, batch, options, rules);
  const attributions = c.mul(batch);
  return { attributions, gap: attributions.reshape([batch.shape[0], -1]).sum(1).sub(value) };
}

export interface DeepLiftOptions extends TargetOptions {
  /** What stands for "nothing there": a number, one input, or one for each row; 0 if left out. */
  readonly baseline?: Tensor | number;
}

/**
 * DeepLIFT with the rescale rule (Shrikumar et al., 2017): differences from a baseline are handed down, a function of one variable
 * multiplying by Δy/Δx where the gradient has its slope, a product by the mean of the other factor. x and the baseline go
 * through f as one batch, which must stay in the first dim. The gap is Σ − (f(x) − f(baseline)): what passed ops that have only their
 * gradient, as softmax, `where` and the maximum of a window.
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
  const rules = new Map<AnyOp, Walk>();
  for (const op of curves) {
    const rule = along(op, (c, y, z, tangent) => {
      const [[there], [y1, y0], [z1, z0], [slope]] = [c, y, z, tangent].map(halves);
      return twice(secant(there, y1.sub(y0), z1.sub(z0), z1.abs().maximum(z0.abs()), slope));
    });
    rules.set(op, rule);
  }
  for (const op of [ops.mul, ops.matmul] as AnyOp[]) {
    rules.set(op, (c, y, args, flows) => {
      const [a, b] = args as [Tensor, Tensor];
      const factors = flows[0] && flows[1] ? [mean(a), mean(b)] : [a, b];
      return flows.map((flow, p) => (flow ? row(op, p)(c, y, ...factors) : null));
    });
  }
  const { c, value } = walked(where, f, concat([batch, baseline]), options, rules, n);
  const attributions = halves(c)[0].mul(batch.sub(baseline));
  const difference = value.narrow(0, 0, n).sub(value.narrow(0, n, n));
  return { attributions, gap: attributions.reshape([n, -1]).sum(1).sub(difference) };
}

/**
 * Grad-CAM (Selvaraju et al., 2017): f = head ∘ features, where features gives planes A[N, K, h, w]; relu(Σₖ wₖ·Aₖ), wₖ the mean of ∂f/∂Aₖ over the
 * plane. The result is [N, h, w], as coarse as the features are. `plusPlus` weighs places by Grad-CAM++ (Chattopadhay et al., 2018).
 * ```ts
 * import { tensor } from 'adjoint';
 * import { gradCam } from 'adjoint/explain';
 * const head = (a) => a.mean([2, 3]); // the mean of each plane is a class
 * const x = tensor([[[[1, 3]], [[9, 9]]]]); // [1, 2, 1, 2]
 * gradCam((x) => x, head, x, { target: 0 }).attributions.toArray() // => [ [ [ 0.5, 1.5 ] ] ]
 * ```
 * @throws ShapeError, ValueError when features gives no planes, or the target does not fit
 */
export function gradCam(
  features: Model,
  head: Model,
  x: Tensor,
  options: TargetOptions & { readonly plusPlus?: boolean } = {},
): Explanation {
  const planes = noGrad(() => features(batchOf('gradCam', x))).detach();
  if (planes.ndim !== 4)
    throw new ShapeError('gradCam', 'features must give planes [N, K, h, w]', showShape(planes.shape));
  const { gradient: g } = slopes('gradCam', head, planes, options);
  let weights = g.mean([2, 3], true);
  if (options.plusPlus) {
    // αₖ at each place: g² / (2g² + ΣAₖ·g³), and wₖ = Σ α·relu(g)
    const denominator = g
      .square()
      .mul(2)
      .add(planes.sum([2, 3], true).mul(g.pow(3)));
    const alpha = g.square().div(denominator.onesLike().where(denominator.eq(0), denominator));
    weights = alpha.mul(g.relu()).sum([2, 3], true);
  }
  return { attributions: weights.mul(planes).sum(1).relu() };
}
