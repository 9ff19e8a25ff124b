/** Losses that are content once there is a margin: between two scores, between classes, between distances. */
import { ShapeError, showShape, ValueError } from '../../array/errors.ts';
import { checkTensors, checkWhole } from '../../array/checks.ts';
import { sameShape } from '../../array/nd.ts';
import { tensor } from '../../create.ts';
import type { Tensor } from '../../tensor.ts';
import { pairwiseDistance } from '../distances.ts';
import { checkAtLeast, checkBroadcast, checkWeight, Loss, reduced, WeightedLoss, type LossOptions } from './loss.ts';

/** What PyTorch adds to squared norms: 1e-12 as a float32. */
const TINY = Math.fround(1e-12);

export interface MarginOptions extends LossOptions {
  readonly margin?: number;
}

/**
 * x where y = 1; max(0, margin − x) where y = −1: x is a distance, of things that are alike or not. The margin is 1 if
 * left out. `nn.functional.hingeEmbeddingLoss(tensor([3, 0.5]), tensor([1, -1]), { reduction: 'none' }) // => Tensor[2] [3.0000, 0.5000]`
 */
export function hingeEmbeddingLoss(
  input: Tensor,
  target: Tensor,
  { margin = 1, reduction }: MarginOptions = {},
): Tensor {
  checkBroadcast('hingeEmbeddingLoss', input, target);
  const near = input.where(target.ne(-1), 0);
  const far = input.neg().add(margin).clamp(0).where(target.ne(1), 0);
  return reduced('hingeEmbeddingLoss', near.add(far), reduction);
}

/** Of distances, of things alike or not. `new nn.HingeEmbeddingLoss()(tensor([3]), tensor([1])) // => Tensor[] 3` */
export class HingeEmbeddingLoss extends Loss<MarginOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return hingeEmbeddingLoss(input, target, this.options);
  }
}

/**
 * max(0, margin − y·(x₁ − x₂)) for y = 1 where x₁ should be the larger, −1 where x₂ should. The margin is 0 if left out.
 * `nn.functional.marginRankingLoss(tensor([1]), tensor([3]), tensor([1])) // => Tensor[] 2`
 * @throws ShapeError when the three have not as many dims
 */
// prettier-ignore
export function marginRankingLoss(
  input1: Tensor, input2: Tensor, target: Tensor, { margin = 0, reduction }: MarginOptions = {},
): Tensor {
  const where = 'marginRankingLoss';
  sameDims(where, [input1, input2, target]);
  checkBroadcast(where, input1, input2, target);
  return reduced(where, input1.sub(input2).mul(target).neg().add(margin).clamp(0), reduction);
}

/** Of two scores, the right one larger. `new nn.MarginRankingLoss({ margin: 1 })(tensor([1]), tensor([3]), tensor([1])) // => Tensor[] 3` */
export class MarginRankingLoss extends Loss<MarginOptions> {
  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return marginRankingLoss(input1, input2, target, this.options);
  }
}

function sameDims(where: string, tensors: readonly Tensor[]): void {
  checkTensors(where, ...tensors);
  if (tensors.every((x) => x.ndim === tensors[0].ndim)) return;
  const shapes = tensors.map((x) => showShape(x.shape)).join(', ');
  throw new ShapeError(where, 'all tensors must have equally many dims', shapes);
}

/** [N, C] as it is, [C] as a batch of one; targets have `target` instead. */
function batchOf(where: string, input: Tensor, target: Tensor, of: 'numbers' | 'lists'): [x: Tensor, t: Tensor] {
  const expected = of === 'lists' ? input.shape : input.shape.slice(0, -1);
  if (input.ndim === 0 || input.ndim > 2 || input.shape[input.ndim - 1] === 0 || !sameShape(target.shape, expected)) {
    const rule = `for an input [N, C] the targets must be ${of === 'lists' ? '[N, C], for [C] they must be [C]' : '[N], for [C] a single number'}`;
    throw new ShapeError(where, rule, `${showShape(input.shape)} and ${showShape(target.shape)}`);
  }
  return input.ndim === 2 ? [input, target] : [input.unsqueeze(0), target.unsqueeze(0)];
}

export interface MultiMarginOptions extends MarginOptions {
  /** The power of what is missing: 1 (if left out) or 2. */
  readonly p?: 1 | 2;
  /** A weight for each class, [C]. */
  readonly weight?: Tensor | null;
}

/**
 * (w[t]/C)·Σ max(0, margin − x[t] + x[c])ᵖ over the classes c but t: scores x [N, C] or [C], class numbers t [N] or one. The
 * margin is 1 if left out. `nn.functional.multiMarginLoss(tensor([[1, 0.5]]), tensor([0])) // => Tensor[] 0.2500`
 */
export function multiMarginLoss(input: Tensor, target: Tensor, options: MultiMarginOptions = {}): Tensor {
  const where = 'multiMarginLoss';
  const { p = 1, margin = 1, weight, reduction } = options;
  if (p !== 1 && p !== 2) throw new ValueError(where, 'p must be 1 or 2', String(p));
  const [x, t] = batchOf(where, input, target, 'numbers');
  const C = x.shape[1];
  checkWeight(where, weight, C);
  checkWhole(where, t.nd, C);
  const missing = x.sub(x.gather(1, t.unsqueeze(1))).add(margin).relu(); // prettier-ignore
  const others = missing.where(t.oneHot(C).eq(0), 0);
  const losses = (p === 1 ? others : others.square()).sum(1).div(C);
  const weighed = weight ? losses.mul(weight.indexSelect(0, t)) : losses;
  return reduced(where, weighed.reshape(target.shape), reduction);
}

/** The right class ahead of all others by a margin. `new nn.MultiMarginLoss()(tensor([[1, 0.5]]), tensor([0])) // => Tensor[] 0.2500` */
export class MultiMarginLoss extends WeightedLoss<MultiMarginOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return multiMarginLoss(input, target, { ...this.options, weight: this.weight });
  }
}

/**
 * (1/C)·Σ max(0, 1 − (x[r] − x[c])) over the classes r that are right and the classes c that are not: scores x [N, C] or
 * [C]; the target, of the same shape, lists those that are right, and what follows a −1 is passed over.
 * `nn.functional.multilabelMarginLoss(tensor([1, 0.5, 0]), tensor([0, 1, -1])) // => Tensor[] 0.1667`
 */
export function multilabelMarginLoss(input: Tensor, target: Tensor, { reduction }: LossOptions = {}): Tensor {
  const where = 'multilabelMarginLoss';
  const [x, t] = batchOf(where, input, target, 'lists');
  const [N, C] = x.shape;
  const given = t.toTypedArray();
  const [index, listed, right] = [0, 0, 0].map(() => new Float64Array(N * C));
  for (let n = 0; n < N; n++) {
    for (let i = n * C; i < (n + 1) * C && given[i] !== -1; i++) {
      index[i] = given[i];
      listed[i] = 1;
      right[n * C + given[i]] = 1;
    }
  }
  const of = (values: Float64Array): Tensor => tensor(values, { dtype: x.dtype }).reshape([N, C]);
  const places = of(index);
  checkWhole(where, places.nd, C);
  const pairs = x.unsqueeze(1).sub(x.gather(1, places).unsqueeze(2)).add(1).relu(); // [N, right, C]
  const counts = of(listed).unsqueeze(2).mul(of(right).eq(0).unsqueeze(1));
  const losses = pairs.where(counts, 0).sum([1, 2]).div(C);
  return reduced(where, losses.reshape(input.shape.slice(0, -1)), reduction);
}

/** The right classes ahead of the others by 1. `new nn.MultiLabelMarginLoss()(tensor([1, 0.5, 0]), tensor([0, 1, -1])) // => Tensor[] 0.1667` */
export class MultiLabelMarginLoss extends Loss {
  override forward(input: Tensor, target: Tensor): Tensor {
    return multilabelMarginLoss(input, target, this.options);
  }
}

/**
 * 1 − cos where y = 1; max(0, cos − margin) where y = −1, for the cosine of the angle between x₁ and x₂: [N, D] with y [N],
 * or [D] with one number. The margin, from −1 to 1, is 0 if left out.
 * `nn.functional.cosineEmbeddingLoss(tensor([1, 0]), tensor([0, 2]), tensor(1)) // => Tensor[] 1`
 */
// prettier-ignore
export function cosineEmbeddingLoss(
  input1: Tensor, input2: Tensor, target: Tensor, { margin = 0, reduction }: MarginOptions = {},
): Tensor {
  const where = 'cosineEmbeddingLoss';
  const fits = input1.ndim === target.ndim + 1 && target.ndim <= 1 && sameShape(input1.shape.slice(0, -1), target.shape);
  if (!fits || !sameShape(input1.shape, input2.shape)) {
    const got = [input1, input2, target].map((x) => showShape(x.shape)).join(', ');
    throw new ShapeError(where, 'inputs must be two [N, D] for a target [N], or two [D] for a single number', got);
  }
  const squares = [input1, input2].map((x) => x.square().sum(-1).add(TINY)); // so that no norm is 0
  const cos = input1.mul(input2).sum(-1).div(squares[0].mul(squares[1]).sqrt());
  const near = cos.neg().add(1).where(target.eq(1), 0);
  const far = cos.sub(margin).clamp(0).where(target.eq(-1), 0);
  return reduced(where, near.add(far), reduction);
}

/** Of angles between vectors, alike or not. `new nn.CosineEmbeddingLoss()(tensor([1, 0]), tensor([0, 2]), tensor(1)) // => Tensor[] 1` */
export class CosineEmbeddingLoss extends Loss<MarginOptions> {
  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return cosineEmbeddingLoss(input1, input2, target, this.options);
  }
}

export interface TripletOptions extends MarginOptions {
  /** Whether the negative may be compared with the positive instead, if that is nearer (Balntas et al., 2016). false if left out. */
  readonly swap?: boolean;
}

export interface TripletMarginOptions extends TripletOptions {
  /** The norm of the distance, above 0 (Infinity is the largest difference); 2 if left out. */
  readonly p?: number;
  /** Added to differences, so that no distance is 0; 1e-6 if left out. */
  readonly eps?: number;
}

/**
 * max(0, d(a, p) − d(a, n) + margin) with d(x, y) = ‖x − y + ε‖ₚ: the anchor a nearer to the positive p than to the negative
 * n, [N, D] or [D] each. The margin is 1 if left out (Schroff et al., 2015).
 * `nn.functional.tripletMarginLoss(tensor([0]), tensor([2]), tensor([1])) // => Tensor[] 2`
 */
// prettier-ignore
export function tripletMarginLoss(
  anchor: Tensor, positive: Tensor, negative: Tensor, options: TripletMarginOptions = {},
): Tensor {
  const where = 'tripletMarginLoss';
  const { p = 2, eps = 1e-6 } = options;
  checkAtLeast(where, 'p', p, 0, true);
  if (anchor.ndim === 0) throw new ShapeError(where, 'inputs must be […, D]', '[]');
  return triplet(where, (x, y) => pairwiseDistance(x, y, { p, eps }), [anchor, positive, negative], options);
}

/** The anchor nearer to the positive than to the negative. `new nn.TripletMarginLoss()(tensor([0]), tensor([2]), tensor([1])) // => Tensor[] 2` */
export class TripletMarginLoss extends Loss<TripletMarginOptions> {
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return tripletMarginLoss(anchor, positive, negative, this.options);
  }
}

/** How far two batches of things are apart, one number a pair; a module will do. */
export type Distance = (x: Tensor, y: Tensor) => Tensor;

export interface TripletDistanceOptions extends TripletOptions {
  /** The Euclidean distance if left out. */
  readonly distanceFunction?: Distance | null;
}

/**
 * tripletMarginLoss with a distance of one's own.
 * `nn.functional.tripletMarginWithDistanceLoss(tensor([0]), tensor([2]), tensor([1]), { distanceFunction: (x, y) => x.sub(y).abs() }) // => Tensor[] 2`
 */
// prettier-ignore
export function tripletMarginWithDistanceLoss(
  anchor: Tensor, positive: Tensor, negative: Tensor, options: TripletDistanceOptions = {},
): Tensor {
  const measure = options.distanceFunction ?? pairwiseDistance;
  return triplet('tripletMarginWithDistanceLoss', measure, [anchor, positive, negative], options);
}

/** Triplets with a distance of one's own. `new nn.TripletMarginWithDistanceLoss()(tensor([0]), tensor([2]), tensor([1])) // => Tensor[] 2` */
export class TripletMarginWithDistanceLoss extends Loss<TripletOptions> {
  distance_function: Distance | null; // a module among its parts is saved under this name, as in PyTorch
  constructor({ distanceFunction = null, ...options }: TripletDistanceOptions = {}) {
    super(options);
    this.distance_function = distanceFunction;
  }
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { options, distance_function: distanceFunction } = this;
    return tripletMarginWithDistanceLoss(anchor, positive, negative, { ...options, distanceFunction });
  }
}

function triplet(where: string, measure: Distance, triple: [Tensor, Tensor, Tensor], options: TripletOptions): Tensor {
  const { margin = 1, swap = false, reduction } = options;
  sameDims(where, triple);
  const [anchor, positive, negative] = triple;
  const apart = measure(anchor, negative);
  const far = swap ? apart.minimum(measure(positive, negative)) : apart;
  return reduced(where, measure(anchor, positive).sub(far).add(margin).clamp(0), reduction);
}
