/** Losses of numbers against numbers: distances, and likelihoods of a mean. */
import { ShapeError, showShape, ValueError } from '../../array/errors.ts';
import { sameShape } from '../../array/nd.ts';
import * as ops from '../../ops/index.ts';
import { apply, type Tensor } from '../../tensor.ts';
import { checkAtLeast, checkBroadcast, checkSame, Loss, reduced, type LossOptions } from './loss.ts';

/**
 * Mean squared error (1/n) Σ (y − ŷ)². Where PyTorch warns that shapes differ and broadcasts, this refuses.
 * `nn.functional.mseLoss(tensor([1, 2]), tensor([1, 4])) // => Tensor[] 2`
 */
export function mseLoss(input: Tensor, target: Tensor, { reduction = 'mean' }: LossOptions = {}): Tensor {
  checkSame('mseLoss', input, target);
  if (reduction === 'mean') return apply(ops.squaredError, input, target, 1 / input.numel());
  if (reduction === 'sum') return apply(ops.squaredError, input, target, 1);
  return reduced('mseLoss', input.sub(target).square(), reduction);
}

/** Mean squared error. `new nn.MSELoss()(tensor([1, 2]), tensor([1, 4])) // => Tensor[] 2` */
export class MSELoss extends Loss {
  override forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options);
  }
}

/** Mean absolute error (1/n) Σ |y − ŷ|; where they are equal its gradient is 0. `nn.functional.l1Loss(tensor([1, 2]), tensor([1, 4])) // => Tensor[] 1` */
export function l1Loss(input: Tensor, target: Tensor, { reduction }: LossOptions = {}): Tensor {
  checkSame('l1Loss', input, target);
  return reduced('l1Loss', input.sub(target).abs(), reduction);
}

/** Mean absolute error. `new nn.L1Loss()(tensor([1, 2]), tensor([1, 4])) // => Tensor[] 1` */
export class L1Loss extends Loss {
  override forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, this.options);
  }
}

/** d²/2 for |d| ≤ δ, beyond it the line δ·(|d| − δ/2) that goes on there: q·(d − q/2) for d cut to q in [−δ, δ]. */
function bent(d: Tensor, delta: number): Tensor {
  const q = d.clamp(-delta, delta);
  return q.mul(d.sub(q.div(2)));
}

export interface HuberOptions extends LossOptions {
  /** Where the square becomes a line; 1 if left out. */
  readonly delta?: number;
}

/**
 * d²/2 where d = ŷ − y is at most δ, else δ·(|d| − δ/2): outliers pull with no more than δ (Huber, 1964).
 * `nn.functional.huberLoss(tensor([1, 5]), tensor([0, 0]), { reduction: 'none' }) // => Tensor[2] [0.5000, 4.5000]`
 */
export function huberLoss(input: Tensor, target: Tensor, { delta = 1, reduction }: HuberOptions = {}): Tensor {
  checkSame('huberLoss', input, target);
  checkAtLeast('huberLoss', 'delta', delta, 0, true);
  return reduced('huberLoss', bent(input.sub(target), delta), reduction);
}

/** Huber's loss. `new nn.HuberLoss({ delta: 2 })(tensor([5]), tensor([0])) // => Tensor[] 8` */
export class HuberLoss extends Loss<HuberOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, this.options);
  }
}

export interface SmoothL1Options extends LossOptions {
  /** Where the square becomes a line; 1 if left out, and 0 makes it l1Loss. */
  readonly beta?: number;
}

/**
 * Huber's loss over β, whose line has the slope 1 for any β (Girshick, 2015).
 * `nn.functional.smoothL1Loss(tensor([1, 5]), tensor([0, 0]), { beta: 2, reduction: 'none' }) // => Tensor[2] [0.2500, 4.0000]`
 */
export function smoothL1Loss(input: Tensor, target: Tensor, { beta = 1, reduction }: SmoothL1Options = {}): Tensor {
  checkSame('smoothL1Loss', input, target);
  checkAtLeast('smoothL1Loss', 'beta', beta, 0);
  const d = input.sub(target);
  return reduced('smoothL1Loss', beta === 0 ? d.abs() : bent(d, beta).div(beta), reduction);
}

/** The absolute error, smooth at 0. `new nn.SmoothL1Loss()(tensor([3]), tensor([0])) // => Tensor[] 2.5000` */
export class SmoothL1Loss extends Loss<SmoothL1Options> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, this.options);
  }
}

export interface PoissonNllOptions extends LossOptions {
  /** Whether the input is the logarithm of the rate. true if left out. */
  readonly logInput?: boolean;
  /** Whether Stirling's approximation of log t! is added, where t > 1. false if left out. */
  readonly full?: boolean;
  /** Added to a rate before its logarithm is taken; 1e-8 if left out. */
  readonly eps?: number;
}

/**
 * −log of the probability of a count t under the rate eˣ (or x, without logInput), but for log t!: eˣ − t·x. The two broadcast.
 * `nn.functional.poissonNllLoss(tensor([0]), tensor([3])) // => Tensor[] 1`
 */
export function poissonNllLoss(input: Tensor, target: Tensor, options: PoissonNllOptions = {}): Tensor {
  const { logInput = true, full = false, eps = 1e-8, reduction } = options;
  checkBroadcast('poissonNllLoss', input, target);
  const loss = logInput ? input.exp().sub(target.mul(input)) : input.sub(target.mul(input.add(eps).log()));
  if (!full) return reduced('poissonNllLoss', loss, reduction);
  const t = target.where(target.gt(1), 1); // log 1! = 0 is not approximated
  const stirling = t.mul(t.log()).sub(t).add(t.mul(2 * Math.PI).log().div(2)); // prettier-ignore
  return reduced('poissonNllLoss', loss.add(stirling.where(target.gt(1), 0)), reduction);
}

/** −log of the probability of counts. `new nn.PoissonNLLLoss()(tensor([0]), tensor([3])) // => Tensor[] 1` */
export class PoissonNLLLoss extends Loss<PoissonNllOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return poissonNllLoss(input, target, this.options);
  }
}

export interface GaussianNllOptions extends LossOptions {
  /** Whether the constant ½·log 2π is added. false if left out. */
  readonly full?: boolean;
  /** What a variance is at least; its gradient knows nothing of it, as in PyTorch. 1e-6 if left out. */
  readonly eps?: number;
}

/**
 * −log of the density of y under a normal distribution of mean ŷ and variance v, ½·(log v + (ŷ − y)²/v). The variance has the input's shape, or one number in place of its
 * last dim (which may be left out). `nn.functional.gaussianNllLoss(tensor([1]), tensor([3]), tensor([1])) // => Tensor[] 2`
 * @throws ShapeError when the variance does not fit; ValueError when one is negative
 */
// prettier-ignore
export function gaussianNllLoss(
  input: Tensor, target: Tensor, variance: Tensor, { full = false, eps = 1e-6, reduction }: GaussianNllOptions = {},
): Tensor {
  const where = 'gaussianNllLoss';
  checkSame(where, input, target);
  checkAtLeast(where, 'eps', eps, 0, true);
  const row = input.shape.slice(0, -1);
  const single = input.ndim > 0 && sameShape(variance.shape, row);
  if (!single && !sameShape(variance.shape, input.shape) && !sameShape(variance.shape, [...row, 1])) {
    const rule = `the variance must have the input's shape ${showShape(input.shape)}, or one number for its last dim`;
    throw new ShapeError(where, rule, showShape(variance.shape));
  }
  if (variance.lt(0).any().item() === 1) {
    throw new ValueError(where, 'a variance must not be negative', `${variance.amin().item()}`);
  }
  const given = single ? variance.unsqueeze(-1) : variance;
  const v = given.where(given.lt(eps).eq(0), given.sub(given.detach()).add(eps)); // at least eps, with a gradient all the same
  const loss = v.log().add(input.sub(target).square().div(v)).div(2);
  return reduced(where, full ? loss.add(Math.log(2 * Math.PI) / 2) : loss, reduction);
}

/** −log of a normal density. `new nn.GaussianNLLLoss()(tensor([1]), tensor([3]), tensor([1])) // => Tensor[] 2` */
export class GaussianNLLLoss extends Loss<GaussianNllOptions> {
  override forward(input: Tensor, target: Tensor, variance: Tensor): Tensor {
    return gaussianNllLoss(input, target, variance, this.options);
  }
}
