/** Layer-wise relevance propagation: the output handed down, each op giving its inputs what they brought in. */
import { ValueError } from '../array/errors.ts';
import { zeros } from '../create.ts';
import type { Walk } from '../engine.ts';
import * as ops from '../ops/index.ts';
import type { AnyOp, Op } from '../ops/op.ts';
import type { Tensor } from '../tensor.ts';
import type { CompleteExplanation } from './integrated.ts';
import { batchOf, type Model, type TargetOptions } from './model.ts';
import { along, curves, row, secant, walked, type Rules } from './relevance.ts';

export interface LrpOptions extends TargetOptions {
  /** ε of the linear rows: R goes by shares of z + ε·sign(z), so that next to nothing is no divisor; 0, LRP-0, if left out. */
  readonly epsilon?: number;
  /** γ of the linear rows: weights are w + γ·max(w, 0), which favours what speaks for the output; 0 if left out. */
  readonly gamma?: number;
  /**
   * α of LRP-αβ, 1 or more, in place of ε and γ: what speaks for an output shares α times its relevance, what speaks against it
   * shares β = α − 1 times that, taken away. Where one side is empty the other has all.
   */
  readonly alpha?: number;
  /** The least and the largest that a number of x can be: the linear row that reads x itself goes by LRP-z^B. */
  readonly range?: readonly [least: number, most: number];
}

/** A linear row as a function of the input that leads to x, `v`, and of the other one, `w`: what it gives, and what it hands back. */
interface Linear {
  readonly v: Tensor;
  readonly w: Tensor;
  readonly bias: Tensor | null;
  readonly forward: (v: Tensor, w: Tensor, bias: Tensor | null) => Tensor;
  readonly back: (share: Tensor, w: Tensor) => Tensor;
}

function linearOf(op: AnyOp, y: Tensor, args: readonly unknown[], p: number): Linear {
  const [a, b, ...rest] = args as [Tensor, Tensor, ...unknown[]];
  const bias = op === ops.linear ? (rest[0] as Tensor) : null;
  const placed = (v: Tensor, w: Tensor, c: Tensor | null): unknown[] => {
    const pair = p === 0 ? [v, w] : [w, v];
    return bias ? [...pair, c ?? bias.zerosLike()] : [...pair, ...rest];
  };
  const [v, w] = p === 0 ? [a, b] : [b, a];
  return {
    v, w, bias,
    forward: (v, w, c) => y.apply(op as Op<[]>, ...(placed(v, w, c) as unknown as [])),
    back: (share, w) => row(op, p)(share, y, ...placed(v, w, bias)),
  };
} // prettier-ignore

const positive = (t: Tensor): Tensor => t.relu();
const negative = (t: Tensor): Tensor => t.neg().relu().neg();
const quotient = (c: Tensor, rise: Tensor, run: Tensor): Tensor => secant(c, rise, run, run.abs(), c.zerosLike());

/** R by shares of z + ε·sign(z), with weights w + γ·max(w, 0). */
function favoured({ v, w, bias, forward, back }: Linear, c: Tensor, y: Tensor, epsilon: number, gamma: number): Tensor {
  const more = (t: Tensor): Tensor => (gamma === 0 ? t : t.add(positive(t).mul(gamma)));
  const z = gamma === 0 ? y : forward(v, more(w), bias && more(bias));
  const divisor = z.add(z.ge(0).mul(2).sub(1).mul(epsilon));
  return back(quotient(c, y, divisor), more(w));
}

/** α·R by shares of what is above 0, and (1 − α)·R by shares of what is below. */
function split({ v, w, bias, forward, back }: Linear, c: Tensor, y: Tensor, alpha: number): Tensor {
  const above = forward(positive(v), positive(w), bias && positive(bias)).add(forward(negative(v), negative(w), null));
  const below = forward(positive(v), negative(w), bias && negative(bias)).add(forward(negative(v), positive(w), null));
  const part = above.zerosLike().add(alpha).where(above.ne(0), 0);
  const alphas = part.where(below.ne(0), part.clamp(0, 1));
  const [up, down] = [quotient(c.mul(alphas), y, above), quotient(c.mul(alphas.neg().add(1)), y, below)];
  const ofPositive = back(up, positive(w)).add(back(down, negative(w)));
  const ofNegative = back(up, negative(w)).add(back(down, positive(w)));
  return ofPositive.where(v.ge(0), ofNegative);
}

/** R of the numbers that are read, between l and h: by shares of x·w − l·max(w, 0) − h·min(w, 0) (z^B). */
function bounded({ v, w, forward, back }: Linear, c: Tensor, y: Tensor, [l, h]: readonly [number, number]): Tensor {
  const filled = (value: number): Tensor => v.zerosLike().add(value);
  const z = y.sub(forward(filled(l), positive(w), null)).sub(forward(filled(h), negative(w), null));
  const share = quotient(c, y, z);
  return back(share, w)
    .mul(v)
    .sub(back(share, positive(w)).mul(l))
    .sub(back(share, negative(w)).mul(h));
}

/**
 * Layer-wise relevance propagation (Bach et al., 2015; Montavon et al., 2019): the output is handed down, each op giving its
 * inputs what they brought in. linear, matmul and conv2d by LRP-ε, -γ, -αβ, -z^B or -0; functions of one variable hand on what they got;
 * of a product of two that depend on x each has half, of a quotient the numerator all; the others have their gradient, which
 * conserves where they are linear or pick (views, sums, pooling). The gap is Σ R − f(x): what biases were given, and what ε
 * swallowed.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { lrp } from 'adjoint/explain';
 * const f = (x) => x.matmul(tensor([[2], [-3]])).relu().sum(1);
 * const { attributions, gap } = lrp(f, tensor([[5, 1]]));
 * console.log(attributions.toArray(), gap.item()); // => [ [ 10, -3 ] ] 0
 * console.log(lrp(f, tensor([[5, 1]]), { alpha: 1 }).attributions.toArray()); // => [ [ 7, 0 ] ]
 * ```
 * @throws ValueError when epsilon or gamma is negative, alpha is below 1 or comes with them, x is not within the range, or the target
 *   does not fit
 */
export function lrp(f: Model, x: Tensor, options: LrpOptions = {}): CompleteExplanation {
  const { epsilon = 0, gamma = 0, alpha, range } = options;
  if (!(epsilon >= 0 && gamma >= 0)) {
    throw new ValueError('lrp', 'epsilon and gamma must be 0 or more', `${epsilon} and ${gamma}`);
  }
  if (alpha !== undefined && !(alpha >= 1 && epsilon === 0 && gamma === 0)) {
    throw new ValueError('lrp', 'alpha must be 1 or more, without epsilon and gamma', `alpha ${alpha}, epsilon ${epsilon}, gamma ${gamma}`);
  }
  const batch = batchOf('lrp', x);
  if (range && !(range[0] <= batch.min().item() && batch.max().item() <= range[1] && range[0] < range[1])) {
    throw new ValueError('lrp', `x must be within the range [${range.join(', ')}]`, `[${batch.min().item()}, ${batch.max().item()}]`);
  }
  let read = zeros(batch.shape, { dtype: batch.dtype }); // relevance that z^B gave to x itself, which may be 0 where x is not: no c
  const rulesAt = (at: Tensor): Rules => {
    const isInput = (t: Tensor): boolean => t.nd.data === at.nd.data && t.numel() === at.numel() && t.isContiguous();
    const rules = new Map<AnyOp, Walk>();
    for (const op of [ops.linear, ops.matmul, ops.conv2d] as AnyOp[]) {
      rules.set(op, (c, y, args, flows) => {
        if (flows[0] && flows[1]) {
          const share = quotient(c, y, y.add(y.ge(0).mul(2).sub(1).mul(epsilon))).mul(0.5);
          return flows.map((flow, p) => (flow ? row(op, p)(share, y, ...args) : null));
        }
        const p = flows[0] ? 0 : 1;
        const linear = linearOf(op, y, args, p);
        if (range && isInput(linear.v)) {
          read = read.add(bounded(linear, c, y, range).reshape(batch.shape));
          return flows.map((flow) => (flow ? linear.v.zerosLike() : null));
        }
        const down = alpha === undefined ? favoured(linear, c, y, epsilon, gamma) : split(linear, c, y, alpha);
        return flows.map((flow) => (flow ? down : null));
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
    const division = rules.get(ops.div)!;
    rules.set(ops.div, (c, y, args, flows) => division(c, y, args, [flows[0], flows[1] && !flows[0]]));
    return rules;
  };
  const { c, value } = walked('lrp', f, batch, options, rulesAt);
  const attributions = c.mul(batch).add(read);
  return { attributions, gap: attributions.reshape([batch.shape[0], -1]).sum(1).sub(value) };
} // prettier-ignore
