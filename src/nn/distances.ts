/** Lengths of vectors and what is between two: normalize, cosineSimilarity, pairwiseDistance, and their layers. */
import { broadcastShapes } from '../array/nd.ts';
import type { Tensor } from '../tensor.ts';
import { Module } from './module.ts';

export interface NormalizeOptions {
  /** Which norm; 2 if left out. */
  readonly p?: number;
  /** 1 if left out. */
  readonly dim?: number;
  /** What a vector is divided by at least; 1e-12 if left out. */
  readonly eps?: number;
}

/**
 * x / max(‖x‖ₚ, ε) along dim: vectors of length 1. PyTorch: `torch.nn.functional.normalize`.
 * `nn.functional.normalize(tensor([[3, 4]])).flatten() // => Tensor[2] [0.6000, 0.8000]`
 */
export function normalize(x: Tensor, { p = 2, dim = 1, eps = 1e-12 }: NormalizeOptions = {}): Tensor {
  return x.div(x.norm(p, dim, true).clamp(eps));
}

export interface SimilarityOptions {
  /** 1 if left out. */
  readonly dim?: number;
  /** What each vector is divided by at least; 1e-8 if left out. */
  readonly eps?: number;
}

/**
 * The cosine of the angle between two vectors along dim: Σ (a/max(‖a‖, ε))·(b/max(‖b‖, ε)). a and b broadcast.
 * `nn.functional.cosineSimilarity(tensor([1, 0]), tensor([1, 1]), { dim: 0 }) // => Tensor[] 0.7071`
 */
export function cosineSimilarity(a: Tensor, b: Tensor, { dim = 1, eps = 1e-8 }: SimilarityOptions = {}): Tensor {
  const shape = broadcastShapes('cosineSimilarity', a.shape, b.shape);
  const unit = (x: Tensor): Tensor => x.expand(shape).div(x.expand(shape).norm(2, dim, true).clamp(eps));
  return unit(a).mul(unit(b)).sum(dim);
}

export interface DistanceOptions {
  /** Which norm; 2 if left out. */
  readonly p?: number;
  /** Added to each difference; 1e-6 if left out. */
  readonly eps?: number;
  /** Whether the last dim stays, with size 1. false if left out. */
  readonly keepdim?: boolean;
}

/**
 * ‖a − b + ε‖ₚ along the last dim. a and b broadcast. PyTorch: `torch.nn.functional.pairwise_distance`.
 * `nn.functional.pairwiseDistance(tensor([[0, 0]]), tensor([[3, 4]])) // => Tensor[1] [5.0000]`
 */
export function pairwiseDistance(a: Tensor, b: Tensor, options: DistanceOptions = {}): Tensor {
  const { p = 2, eps = 1e-6, keepdim = false } = options;
  return a.sub(b).add(eps).norm(p, -1, keepdim);
}

/** The cosine of the angle between two vectors; see nn.functional.cosineSimilarity. `new nn.CosineSimilarity({ dim: 0 })(tensor([1, 0]), tensor([1, 1])) // => Tensor[] 0.7071` */
export class CosineSimilarity extends Module {
  options: SimilarityOptions;
  constructor(options: SimilarityOptions = {}) {
    super();
    this.options = options;
  }
  override forward(a: Tensor, b: Tensor): Tensor {
    return cosineSimilarity(a, b, this.options);
  }
}

/** The distance between two vectors; see nn.functional.pairwiseDistance. `new nn.PairwiseDistance()(tensor([[0, 0]]), tensor([[3, 4]])) // => Tensor[1] [5.0000]` */
export class PairwiseDistance extends Module {
  options: DistanceOptions;
  constructor(options: DistanceOptions = {}) {
    super();
    this.options = options;
  }
  override forward(a: Tensor, b: Tensor): Tensor {
    return pairwiseDistance(a, b, this.options);
  }
}
