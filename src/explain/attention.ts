/** Where attention looks: the weights that a model computes on its way, and what they come to over all layers. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { eye } from '../create.ts';
import { noGrad } from '../engine.ts';
import * as ops from '../ops/index.ts';
import { Tensor } from '../tensor.ts';
import { atRest } from './model.ts';

/**
 * The weights of every attention that f(x) computes, in their order: [B, heads, queries, keys] each, rows of which sum to 1. They are seen as the
 * op makes them, so f may be any function that calls `nn.functional.scaledDotProductAttention`, or modules that do: all of nn and of models.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { attentionWeights } from 'adjoint/explain';
 * import { GPT } from 'adjoint/models';
 * const model = new GPT({ vocabSize: 9, blockSize: 8, nLayer: 2, nHead: 4, nEmbd: 8 }).eval();
 * const weights = attentionWeights(model, tensor([[3, 1, 4]]));
 * console.log(weights.length, weights[0].shape); // => 2 [ 1, 4, 3, 3 ]
 * ```
 * @throws ValueError when f computes no attention, or returns a promise
 */
export function attentionWeights(f: (x: Tensor) => unknown, x: Tensor): Tensor[] {
  const where = 'attentionWeights';
  atRest(where, f);
  const seen: Tensor[] = [];
  const own = Object.getOwnPropertyDescriptor(Tensor, 'apply')!;
  const apply = Tensor.apply.bind(Tensor);
  const watched: typeof Tensor.apply = (op, args) => {
    const y = apply(op, args);
    if (op === ops.attentionWeights) seen.push(y);
    return y;
  };
  try {
    Object.defineProperty(Tensor, 'apply', { ...own, value: watched }); // every op passes here
    noGrad(() => f(x)); // refuses a promise
  } finally {
    Object.defineProperty(Tensor, 'apply', own);
  }
  if (seen.length === 0) {
    const cure = 'call nn.functional.scaledDotProductAttention in it, or give its weights yourself';
    throw new ValueError(where, 'the model must compute attention', 'one that computes none', cure);
  }
  return seen;
}

export interface AttentionGraphOptions {
  /** What stands for the heads of a layer: their mean, or of each weight the largest or smallest; 'mean' if left out. */
  readonly heads?: 'mean' | 'max' | 'min';
  /** The share of a layer's output that comes past its attention, by the residual stream; 0.5 if left out. */
  readonly residual?: number;
}

/** Of each layer (1 − r)·A + r·I, where A is what stands for its heads, rows made to sum to 1 where that is not a mean: [B, T, T] each. */
export function mixed(where: string, weights: readonly Tensor[], options: AttentionGraphOptions): Tensor[] {
  const { heads = 'mean', residual = 0.5 } = options;
  if (!(residual >= 0 && residual <= 1)) {
    throw new ValueError(where, 'residual must be a share from 0 to 1', `${residual}`);
  }
  if (!['mean', 'max', 'min'].includes(heads)) {
    throw new ValueError(where, "heads must be 'mean', 'max' or 'min'", `'${heads}'`);
  }
  if (weights.length === 0) throw new ValueError(where, 'there must be the weights of at least one layer', 'none');
  const [B, , T] = weights[0].shape;
  return weights.map((layer) => {
    const [b, H, t, s] = layer.shape;
    if (layer.ndim !== 4 || b !== B || H === 0 || t !== T || s !== T || T === 0) {
      const rule = 'the weights of each layer must be [B, heads, T, T], the same B and T in all';
      const cure = 'of several kinds of attention pick one: a decoder has its own and that to its source';
      throw new ShapeError(where, rule, weights.map((x) => showShape(x.shape)).join(', '), cure);
    }
    if (layer.ge(0).all().item() === 0) throw new ValueError(where, 'weights must be 0 or more', 'others, or NaN');
    let A = heads === 'mean' ? layer.mean(1) : heads === 'max' ? layer.amax(1) : layer.amin(1);
    if (heads !== 'mean') {
      const sums = A.sum(-1, true);
      A = A.div(sums.onesLike().where(sums.eq(0), sums)); // a row of which nothing is left stays 0
    }
    return A.mul(1 - residual).add(eye(T, undefined, { dtype: A.dtype }).mul(residual));
  });
} // prettier-ignore

export interface AttentionExplanation {
  /** How much of position i behind the last layer is due to token j: [B, T, T], rows i, columns j. */
  readonly attributions: Tensor;
}

/**
 * Attention rollout (Abnar and Zuidema, 2020): Âₗ = (1 − r)·Aₗ + r·I, and the product Â_L · … · Â₁, the share of each token in each position if
 * layers did nothing but mix vectors. Rows sum to 1; `gap` [B, T] is by how much they do not.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { attentionRollout } from 'adjoint/explain';
 * const weights = [tensor([[[[1, 0], [0.5, 0.5]]]]), tensor([[[[1, 0], [1, 0]]]])]; // two layers of one head, two tokens
 * console.log(attentionRollout(weights).attributions.toArray()); // => [ [ [ 1, 0 ], [ 0.625, 0.375 ] ] ]
 * ```
 * @param weights of each layer, the first one first: as attentionWeights gives them
 * @throws ShapeError when weights are not [B, heads, T, T]; ValueError when some are negative or an option is out of range
 */
export function attentionRollout(
  weights: readonly Tensor[], options: AttentionGraphOptions = {},
): AttentionExplanation & { readonly gap: Tensor } {
  const attributions = mixed('attentionRollout', weights, options).reduce((below, layer) => layer.matmul(below));
  return { attributions, gap: attributions.sum(-1).sub(1) };
} // prettier-ignore
