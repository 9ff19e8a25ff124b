/** Losses of probabilities: of yes or no, for one question or many, and from one distribution to another. */
import { ShapeError, showShape, ValueError } from '../../array/errors.ts';
import { broadcastShapes, sameShape } from '../../array/nd.ts';
import * as ops from '../../ops/index.ts';
import { apply, type Tensor } from '../../tensor.ts';
import { softplus } from '../activations.ts';
import { buffer } from '../module.ts';
import {
  checkBroadcast,
  checkSame,
  checkWeight,
  Loss,
  reduced,
  WeightedLoss,
  type LossOptions,
  type Reduction,
} from './loss.ts';

export interface BinaryCrossEntropyOptions extends LossOptions {
  /** What losses are multiplied by; broadcasts to them. */
  readonly weight?: Tensor | null;
}

/** Losses times weights that broadcast to them. */
function weighed(where: string, losses: Tensor, weight: Tensor | null | undefined): Tensor {
  if (!weight) return losses;
  if (sameShape(broadcastShapes(where, losses.shape, weight.shape), losses.shape)) return losses.mul(weight);
  throw new ShapeError(where, `the weight must broadcast to ${showShape(losses.shape)}`, showShape(weight.shape));
}

/**
 * −(y·log p + (1 − y)·log(1 − p)) for a probability p of yes and what is right, y. A logarithm is taken to be −100 or
 * more, so that no loss is infinite. `nn.functional.binaryCrossEntropy(tensor([0.5]), tensor([1])) // => Tensor[] 0.6931`
 * @throws ShapeError when shapes differ; ValueError when an input is no probability
 */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: BinaryCrossEntropyOptions = {}): Tensor {
  const where = 'binaryCrossEntropy';
  checkSame(where, input, target);
  const fits = input.ge(0).mul(input.le(1));
  if (fits.all().item() === 0) {
    const got = `${input.flatten().select(0, fits.flatten().argmin().item()).item()}`;
    throw new ValueError(where, 'inputs must be probabilities from 0 to 1', got, 'use binaryCrossEntropyWithLogits');
  }
  return reduced(
    where,
    weighed(where, apply(ops.binaryCrossEntropy, input, target), options.weight),
    options.reduction,
  );
}

/** Cross-entropy of yes and no. `new nn.BCELoss()(tensor([0.5]), tensor([1])) // => Tensor[] 0.6931` */
export class BCELoss extends WeightedLoss<BinaryCrossEntropyOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, { ...this.options, weight: this.weight });
  }
}

export interface BceWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** What the loss of a yes is multiplied by, as against that of a no; broadcasts. */
  readonly posWeight?: Tensor | null;
}

/**
 * binaryCrossEntropy of σ(x), without overflow for any x: (1 − y)·x + (1 + (pos − 1)·y)·log(1 + e⁻ˣ).
 * `nn.functional.binaryCrossEntropyWithLogits(tensor([0]), tensor([1])) // => Tensor[] 0.6931`
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options: BceWithLogitsOptions = {},
): Tensor {
  const where = 'binaryCrossEntropyWithLogits';
  const { weight, posWeight, reduction } = options;
  checkSame(where, input, target);
  const no = target.neg().add(1).mul(input);
  const yes = softplus(input.neg(), 1, 40); // beyond 40 it is x to the last bit
  const losses = no.add(posWeight ? weighed(where, target, posWeight.sub(1)).add(1).mul(yes) : yes);
  return reduced(where, weighed(where, losses, weight), reduction);
}

/** Cross-entropy of yes and no from logits. `new nn.BCEWithLogitsLoss()(tensor([0]), tensor([1])) // => Tensor[] 0.6931` */
export class BCEWithLogitsLoss extends WeightedLoss<BceWithLogitsOptions> {
  pos_weight: Tensor | null;
  constructor({ posWeight, ...options }: BceWithLogitsOptions = {}) {
    super(options);
    this.pos_weight = posWeight ? buffer(posWeight) : null;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    const { options, weight, pos_weight: posWeight } = this;
    return binaryCrossEntropyWithLogits(input, target, { ...options, weight, posWeight });
  }
}

export interface KlDivOptions {
  /** As of other losses, or 'batchmean': the sum over the size of dim 0, which is what the formula means. */
  readonly reduction?: Reduction | 'batchmean';
  /** Whether the target holds logarithms of probabilities too. false if left out. */
  readonly logTarget?: boolean;
}

/**
 * Kullback and Leibler's divergence (1951) of log-probabilities x from probabilities p, p·(log p − x), element by element;
 * where p is 0 it is 0. The two broadcast. `nn.functional.klDiv(tensor([-1]), tensor([1]), { reduction: 'batchmean' }) // => Tensor[] 1`
 */
export function klDiv(input: Tensor, target: Tensor, options: KlDivOptions = {}): Tensor {
  const { reduction = 'mean', logTarget = false } = options;
  checkBroadcast('klDiv', input, target);
  const logs = logTarget ? target : target.where(target.ne(0), 1).log();
  const losses = logTarget ? target.exp().mul(target.sub(input)) : target.mul(logs).sub(target.mul(input));
  if (reduction !== 'batchmean') return reduced('klDiv', losses, reduction);
  if (input.ndim === 0) throw new ShapeError('klDiv', "'batchmean' needs an input with a batch [N, …]", '[]');
  return losses.sum().div(input.shape[0]);
}

/** Kullback and Leibler's divergence. `new nn.KLDivLoss({ logTarget: true })(tensor([-1]), tensor([0])) // => Tensor[] 1` */
export class KLDivLoss extends Loss<KlDivOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, this.options);
  }
}

/**
 * log(1 + e^(−y·x)) for y = ±1, the logistic loss. `nn.functional.softMarginLoss(tensor([0]), tensor([-1])) // => Tensor[] 0.6931`
 */
export function softMarginLoss(input: Tensor, target: Tensor, { reduction }: LossOptions = {}): Tensor {
  checkSame('softMarginLoss', input, target);
  return reduced('softMarginLoss', softplus(target.mul(input).neg(), 1, 40), reduction);
}

/** The logistic loss. `new nn.SoftMarginLoss()(tensor([0]), tensor([-1])) // => Tensor[] 0.6931` */
export class SoftMarginLoss extends Loss {
  override forward(input: Tensor, target: Tensor): Tensor {
    return softMarginLoss(input, target, this.options);
  }
}

/**
 * The mean over classes (the last dim) of binaryCrossEntropyWithLogits, each class by its weight [C]: x and y […, C], y with 1 for
 * each class that is right. `nn.functional.multilabelSoftMarginLoss(tensor([[0, 0]]), tensor([[1, 0]])) // => Tensor[] 0.6931`
 */
// prettier-ignore
export function multilabelSoftMarginLoss(
  input: Tensor, target: Tensor, { weight, reduction }: BinaryCrossEntropyOptions = {},
): Tensor {
  const where = 'multilabelSoftMarginLoss';
  checkSame(where, input, target);
  if (input.ndim === 0) throw new ShapeError(where, 'the input must be […, C]', '[]');
  checkWeight(where, weight, input.shape[input.ndim - 1]);
  const each = binaryCrossEntropyWithLogits(input, target, { weight: weight ?? null, reduction: 'none' });
  return reduced(where, each.mean(-1), reduction);
}

/** Cross-entropy of yes and no for each of several classes. `new nn.MultiLabelSoftMarginLoss()(tensor([[0, 0]]), tensor([[1, 0]])) // => Tensor[] 0.6931` */
export class MultiLabelSoftMarginLoss extends WeightedLoss<BinaryCrossEntropyOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return multilabelSoftMarginLoss(input, target, { ...this.options, weight: this.weight });
  }
}
