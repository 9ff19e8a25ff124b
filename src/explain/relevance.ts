/**
 * Gradients with other rules: the recorded graph of an output is walked as for its gradient, with the rules of some ops
 * replaced. Rules belong to ops, so a ReLU is a ReLU however often it is used and whoever called it.
 *
 * Relevance is carried as relevance per unit, c = R/value: then what is linear needs no rule of its own, for R = value·c
 * adds up as values do, and of LRP and DeepLIFT only the nonlinear rows are to be written.
 */
import { ValueError } from '../array/errors.ts';
import { enableGrad, keepingAll, walkBack, type Walk } from '../engine.ts';
import * as ops from '../ops/index.ts';
import type { AnyOp } from '../ops/op.ts';
import type { Tensor } from '../tensor.ts';
import { chosen, type Model, type TargetOptions } from './model.ts';

/** What replaces the rules of an op: from c at its output to c at each of its inputs that lead to x. */
export type Rules = ReadonlyMap<AnyOp, Walk>;

/** c at x, from c = 1 at the explained numbers. Rules that must know the input are a function of it. */
export function walked(where: string, f: Model, x: Tensor, options: TargetOptions, rules: Rules | ((at: Tensor) => Rules), inputs = x.shape[0]): { c: Tensor; value: Tensor } {
  const at = x.detach().clone().requiresGrad_();
  const value = keepingAll(() => enableGrad(() => chosen(where, f(at), x.shape[0], options, (r) => r % inputs)));
  if (!value.requiresGrad) throw new ValueError(where, 'the model must be differentiable', 'a result without a history');
  const c = walkBack(value, value.onesLike(), at, typeof rules === 'function' ? rules(at) : rules);
  return { c: c ?? at.zerosLike(), value: value.detach() };
} // prettier-ignore

/** Functions of one variable, as those of several are where only one input leads to x: c·y/x for LRP, c·Δy/Δx for DeepLIFT. */
export const curves: readonly AnyOp[] = [
  ops.relu, ops.gelu, ops.hardswish, ops.sigmoid, ops.logit, ops.exp, ops.exp2, ops.expm1, ops.log, ops.log2, ops.log10, ops.log1p,
  ops.sqrt, ops.square, ops.reciprocal, ops.abs, ops.sin, ops.cos, ops.tan, ops.asin, ops.acos, ops.atan, ops.sinh, ops.cosh, ops.tanh,
  ops.asinh, ops.acosh, ops.atanh, ops.erf, ops.erfc, ops.pow, ops.div, ops.maximum, ops.minimum, ops.clamp,
]; // prettier-ignore

type Row = (c: Tensor, y: Tensor, ...args: unknown[]) => Tensor;
export const row = (op: AnyOp, p: number): Row => op.vjp[p] as Row;

/** The rule of a curve: what `slope` makes of the input that leads to x; of several each has its gradient. */
export const along = (op: AnyOp, slope: (c: Tensor, y: Tensor, x: Tensor, tangent: Tensor) => Tensor): Walk =>
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
export function secant(c: Tensor, rise: Tensor, run: Tensor, size: Tensor, tangent: Tensor): Tensor {
  const tiny = run.abs().le(size.mul(Math.sqrt(run.dtype === 'float64' ? 2 ** -52 : 2 ** -23)));
  return tangent.where(tiny, c.mul(rise).div(run.onesLike().where(tiny, run)));
}
