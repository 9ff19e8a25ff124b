/** Losses of one class among several: cross-entropy, of class numbers or of probabilities, and its second half alone. */
import { checkTensors, checkWhole } from '../../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../../array/errors.ts';
import { sameShape } from '../../array/nd.ts';
import * as ops from '../../ops/index.ts';
import { apply, type Tensor } from '../../tensor.ts';
import { checkWeight, reduced, WeightedLoss, type LossOptions, type Reduction, type WeightOption } from './loss.ts';

export interface NllOptions extends LossOptions, WeightOption {
  /** A weight for each class, [C]. The mean is then over weights: Σ w·loss / Σ w. */
  readonly weight?: Tensor | null;
  /** Rows with this target count for nothing; −100 if left out. */
  readonly ignoreIndex?: number;
}

export interface CrossEntropyOptions extends NllOptions {
  /** What part of each target is spread over all classes evenly (Szegedy et al., 2016); 0 if left out. */
  readonly labelSmoothing?: number;
}

/** The dim of classes of [N, C, …] or [C]. */
function classDim(where: string, input: Tensor): number {
  if (input.ndim > 0) return input.ndim === 1 ? 0 : 1;
  throw new ShapeError(where, 'the input must be [N, C, …] or [C]', '[]');
}

/** Inputs [N, C, …] as rows [M, C], and their targets [N, …] as [M]; of those that are ignored `kept` is 0. */
function rowsOf(where: string, input: Tensor, target: Tensor, ignoreIndex: number) {
  const dim = classDim(where, input);
  const expected = input.shape.filter((_, d) => d !== dim);
  if (!sameShape(target.shape, expected)) {
    const rule = 'for an input [N, C, …] the targets must be class numbers [N, …]';
    throw new ShapeError(where, rule, `${showShape(input.shape)} and ${showShape(target.shape)}`);
  }
  const C = input.shape[dim];
  const last = input.ndim > 2 ? input.permute(...expected.map((_, d) => (d === 0 ? 0 : d + 1)), 1) : input;
  const flat = target.reshape([target.numel()]);
  const kept = flat.ne(ignoreIndex);
  const all = kept.all().item() === 1;
  const index = all ? flat : flat.where(kept, 0);
  checkWhole(where, index.nd, C);
  return { rows: last.reshape([flat.numel(), C]), index, kept: all ? null : kept };
}

/** What the losses of rows come to: those that are not kept are 0 and, in the mean, do not count; the others count by weight. */
function summed(
  where: string,
  losses: Tensor,
  kept: Tensor | null,
  weights: Tensor | null,
  reduction: Reduction,
): Tensor {
  const counted = kept ? losses.where(kept, 0) : losses;
  if (reduction !== 'mean' || (kept ?? weights) === null) return reduced(where, counted, reduction);
  const each = weights ?? losses.onesLike();
  return counted.sum().div((kept ? each.where(kept, 0) : each).sum());
}

/**
 * Negative log-likelihood −w[t]·x[t] of class numbers t under log-probabilities x: x [N, C] with t [N], [C] with a
 * single number, or [N, C, …] with [N, …].
 * `nn.functional.nllLoss(tensor([[-1, -3]]), tensor([1])) // => Tensor[] 3`
 * @throws ShapeError when the shapes do not fit; ValueError when a target is not a whole number from 0 to C − 1
 */
export function nllLoss(input: Tensor, target: Tensor, options: NllOptions = {}): Tensor {
  const { weight = null, ignoreIndex = -100, reduction = 'mean' } = options;
  const { rows, index, kept } = rowsOf('nllLoss', input, target, ignoreIndex);
  checkWeight('nllLoss', weight, rows.shape[1]);
  const weights = weight && weight.indexSelect(0, index);
  const picked = rows.gather(1, index.unsqueeze(1)).squeeze(1).neg();
  const losses = weights ? picked.mul(weights) : picked;
  return summed('nllLoss', losses, kept, weights, reduction).reshape(reduction === 'none' ? target.shape : []);
}

/** −log-likelihood of class numbers. `new nn.NLLLoss()(tensor([[-1, -3]]), tensor([1])) // => Tensor[] 3` */
export class NLLLoss extends WeightedLoss<NllOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return nllLoss(input, target, { ...this.options, weight: this.weight });
  }
}

/**
 * Cross-entropy of logits with class numbers, −w[t]·log softmax(x)[t], or with probabilities, −Σ w·p·log softmax(x).
 * Logits [N, C] with class numbers [N], [C] with a single number, or [N, C, …] with [N, …]; a target of the logits' own
 * shape holds probabilities, and the mean of their losses is over rows, whatever the weights.
 * `nn.functional.crossEntropy(tensor([[0, 0]]), tensor([1])) // => Tensor[] 0.6931`
 * @throws ShapeError when the shapes do not fit; ValueError when a class is not a whole number from 0 to C − 1
 */
export function crossEntropy(input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { weight = null, ignoreIndex = -100, labelSmoothing = 0, reduction = 'mean' } = options;
  const where = 'crossEntropy';
  checkTensors(where, input, target);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ValueError(where, 'labelSmoothing must be from 0 to 1', `${labelSmoothing}`);
  }
  if (sameShape(target.shape, input.shape)) return ofProbabilities(input, target, options);
  const { rows, index, kept } = rowsOf(where, input, target, ignoreIndex);
  const C = rows.shape[1];
  checkWeight(where, weight, C);
  const weights = weight && weight.indexSelect(0, index);
  let losses = apply(ops.crossEntropy, rows, index);
  if (weights) losses = losses.mul(weights);
  if (labelSmoothing > 0) {
    const logs = rows.logSoftmax(1);
    const even = (weight ? logs.mul(weight) : logs).sum(1).div(-C); // as if all classes were equally right
    losses = losses.mul(1 - labelSmoothing).add(even.mul(labelSmoothing));
  }
  return summed(where, losses, kept, weights, reduction).reshape(reduction === 'none' ? target.shape : []);
}

/** Cross-entropy with probabilities of the logits' shape. */
function ofProbabilities(input: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { weight = null, ignoreIndex = -100, labelSmoothing = 0, reduction = 'mean' } = options;
  const where = 'crossEntropy';
  const dim = classDim(where, input);
  const C = input.shape[dim];
  checkWeight(where, weight, C);
  if (ignoreIndex >= 0) {
    const cure = 'leave ignoreIndex out, or pass class numbers';
    throw new ValueError(where, 'targets that are probabilities cannot be ignored by number', `${ignoreIndex}`, cure);
  }
  const p = labelSmoothing === 0 ? target : target.mul(1 - labelSmoothing).add(labelSmoothing / C);
  const along = weight && weight.reshape(input.shape.map((_, d) => (d === dim ? C : 1)));
  const terms = input.logSoftmax(dim).mul(p);
  const losses = (along ? terms.mul(along) : terms).sum(dim).neg();
  return reduced(where, losses, reduction);
}

/** Cross-entropy of logits [N, C] with class numbers [N] or probabilities [N, C]. `new nn.CrossEntropyLoss()(tensor([[0, 0]]), tensor([1])) // => Tensor[] 0.6931` */
export class CrossEntropyLoss extends WeightedLoss<CrossEntropyOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, { ...this.options, weight: this.weight });
  }
}
