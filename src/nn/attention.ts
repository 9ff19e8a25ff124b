/** Scaled dot-product attention as a function, and with several heads as a layer. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { broadcastShapes, sameShape, type DType } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { arange, zeros } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { dropout } from './dropout.ts';
import { linear } from './functional.ts';
import { constant_, xavierUniform_ } from './init.ts';
import { Linear } from './layers.ts';
import { Module, parameter } from './module.ts';

export interface AttentionOptions {
  /** 1 where a query (row) may look at a key (column), else 0; broadcasts to the scores […, L, S]. */
  readonly mask?: Tensor;
  /** Added to the scores before the softmax; broadcasts to them. */
  readonly bias?: Tensor;
  /** Whether query i sees keys 0 … i only. false if left out. */
  readonly isCausal?: boolean;
  /** Probability with which a weight is set to 0 (and the others scaled up). 0 if left out. */
  readonly dropoutP?: number;
  /** What scores are multiplied by; 1/√E if left out. */
  readonly scale?: number;
  readonly generator?: Generator;
}

/** What each query gets, […, L, Ev], and how it weighs the keys, […, L, S]. */
// prettier-ignore
function attend(
  query: Tensor, key: Tensor, value: Tensor, o: AttentionOptions,
): [output: Tensor, weights: Tensor] {
  const [L, E] = query.shape.slice(-2);
  const S = key.shape[key.ndim - 2];
  let scores = query.mul(o.scale ?? 1 / Math.sqrt(E)).matmul(key.mT); // […, L, S]
  if (o.bias) scores = scores.add(o.bias);
  if (o.isCausal) scores = scores.where(arange(L).unsqueeze(1).ge(arange(S)), -Infinity);
  if (o.mask) scores = scores.where(o.mask, -Infinity);
  const weights = dropout(scores.softmax(-1), o.dropoutP ?? 0, true, o.generator);
  return [weights.matmul(value), weights];
}

/**
 * softmax(q·kᵀ·scale + bias)·v: each query gets a mean of the values, weighed by how its key suits (Vaswani et al., 2017).
 * q […, L, E], k […, S, E], v […, S, Ev], to […, L, Ev]; leading dims broadcast. Where PyTorch's attn_mask is boolean
 * pass `mask`, 1 where a query may look; where it is added to the scores pass `bias`. A query that may look nowhere gets
 * NaN. PyTorch: `torch.nn.functional.scaled_dot_product_attention`.
 * `nn.functional.scaledDotProductAttention(zeros([1, 2]), zeros([3, 2]), tensor([[3], [4], [8]])).item() // => 5`
 * @throws ShapeError when shapes do not fit
 */
// prettier-ignore
export function scaledDotProductAttention(
  query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {},
): Tensor {
  const where = 'scaledDotProductAttention';
  const [q, k, v] = [query.shape, key.shape, value.shape];
  if (Math.min(q.length, k.length, v.length) < 2 || q[q.length - 1] !== k[k.length - 1] || k[k.length - 2] !== v[v.length - 2]) {
    const rule = 'queries must be […, L, E] for keys […, S, E] and values […, S, Ev]';
    throw new ShapeError(where, rule, `${showShape(q)}, ${showShape(k)} and ${showShape(v)}`);
  }
  const scores = [...broadcastShapes(where, q.slice(0, -2), k.slice(0, -2)), q[q.length - 2], k[k.length - 2]];
  for (const mask of [options.mask, options.bias]) {
    if (mask && !sameShape(broadcastShapes(where, mask.shape, scores), scores)) {
      throw new ShapeError(where, `mask and bias must broadcast to the scores ${showShape(scores)}`, showShape(mask.shape));
    }
  }
  return attend(query, key, value, options)[0];
}

export interface MultiheadAttentionOptions {
  readonly bias?: boolean;
  /** In training, probability with which an attention weight is set to 0. 0 if left out. */
  readonly dropout?: number;
  /** Whether sequences are [B, T, E] and not [T, B, E]. false if left out. */
  readonly batchFirst?: boolean;
  readonly dtype?: DType;
  readonly generator?: Generator;
}

export interface AttentionCallOptions {
  /** 1 where a query may not look at a key, else 0: [L, S] or [B·heads, L, S]. As PyTorch's, the reverse of `mask`. */
  readonly attnMask?: Tensor;
  /** Added to the scores: [L, S] or [B·heads, L, S]. */
  readonly attnBias?: Tensor;
  /** 1 where a key is padding that nobody may look at, else 0: [B, S]. */
  readonly keyPaddingMask?: Tensor;
  /** Whether query i sees keys 0 … i only. false if left out. */
  readonly isCausal?: boolean;
  /** Whether the weights are returned too. true if left out, as in PyTorch. */
  readonly needWeights?: boolean;
  /** Whether they are the mean over heads, [B, L, S], or each head's, [B, heads, L, S]. true if left out. */
  readonly averageAttnWeights?: boolean;
}

/**
 * Attention with several heads: queries [L, B, E], keys and values [S, B, E] (with batchFirst [B, L, E], …), to
 * `[output, weights]`: output [L, B, E], weights [B, L, S] or null. Each head attends over E/heads numbers of the projected
 * inputs. Parameters have PyTorch's names and starting values.
 * `new nn.MultiheadAttention(8, 2, { batchFirst: true })(...[1, 2, 3].map(() => zeros([5, 7, 8])))[0].shape // => [ 5, 7, 8 ]`
 */
export class MultiheadAttention extends Module {
  in_proj_weight: Tensor;
  in_proj_bias: Tensor | null;
  out_proj: Linear;
  numHeads: number;
  dropout: number;
  batchFirst: boolean;
  generator: Generator;

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const { bias = true, dropout = 0, batchFirst = false, dtype = 'float32', generator = defaultGenerator } = options;
    if (!(Number.isInteger(numHeads) && numHeads > 0 && embedDim > 0 && embedDim % numHeads === 0)) {
      const rule = 'embedDim must be a whole multiple of numHeads';
      throw new ValueError('MultiheadAttention', rule, `${embedDim} and ${numHeads}`);
    }
    if (!(dropout >= 0 && dropout <= 1)) {
      throw new ValueError('MultiheadAttention', 'dropout must be a probability from 0 to 1', `${dropout}`);
    }
    this.in_proj_weight = parameter(xavierUniform_(zeros([3 * embedDim, embedDim], { dtype }), 1, generator));
    this.in_proj_bias = bias ? parameter(zeros([3 * embedDim], { dtype })) : null;
    this.out_proj = new Linear(embedDim, embedDim, { bias, dtype, generator });
    if (this.out_proj.bias) constant_(this.out_proj.bias, 0);
    this.numHeads = numHeads;
    this.dropout = dropout;
    this.batchFirst = batchFirst;
    this.generator = generator;
  }

  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: AttentionCallOptions = {},
  ): [output: Tensor, weights: Tensor | null] {
    this.check(query, key, value);
    const { numHeads, batchFirst, training, generator } = this;
    const { needWeights = true, averageAttnWeights = true, isCausal = false } = options;
    const [q, k, v] = this.project(query, key, value).map((x) => {
      const [B, T, E] = batchFirst ? x.shape : [x.shape[1], x.shape[0], x.shape[2]];
      const heads = x.reshape([x.shape[0], x.shape[1], numHeads, E / numHeads]);
      return { x: batchFirst ? heads.permute(0, 2, 1, 3) : heads.permute(1, 2, 0, 3), B, T, E }; // [B, heads, T, E/heads]
    });
    const shape = [q.B, numHeads, q.T, k.T];
    const [y, weights] = attend(q.x, k.x, v.x, {
      isCausal,
      generator,
      dropoutP: training ? this.dropout : 0,
      ...masks(shape, options),
    });
    const merged = batchFirst ? y.permute(0, 2, 1, 3) : y.permute(2, 0, 1, 3);
    const output = this.out_proj(merged.reshape(query.shape));
    return [output, needWeights ? (averageAttnWeights ? weights.mean(1) : weights) : null];
  }

  /** Queries, keys and values by their rows of the weight; in one product what is one tensor. */
  private project(query: Tensor, key: Tensor, value: Tensor): Tensor[] {
    const { in_proj_weight: weight, in_proj_bias: bias } = this;
    const E = weight.shape[1];
    const part = (x: Tensor, from: number, count: number): Tensor[] =>
      linear(x, weight.narrow(0, from * E, count * E), bias?.narrow(0, from * E, count * E)).chunk(count, -1);
    if (query === key && key === value) return linear(query, weight, bias).chunk(3, -1);
    if (key === value) return [...part(query, 0, 1), ...part(key, 1, 2)];
    return [...part(query, 0, 1), ...part(key, 1, 1), ...part(value, 2, 1)];
  }

  private check(query: Tensor, key: Tensor, value: Tensor): void {
    const E = this.in_proj_weight.shape[1];
    const batch = this.batchFirst ? 0 : 1;
    const all = [query, key, value];
    const fits = all.every((x) => x.ndim === 3 && x.shape[2] === E && x.shape[batch] === query.shape[batch]);
    if (fits && sameShape(key.shape, value.shape)) return;
    const rule = this.batchFirst
      ? `queries must be [B, L, ${E}] for keys and values [B, S, ${E}]`
      : `queries must be [L, B, ${E}] for keys and values [S, B, ${E}]`;
    throw new ShapeError('MultiheadAttention', rule, all.map((x) => showShape(x.shape)).join(', '));
  }
  protected override describe(): string {
    return `${this.in_proj_weight.shape[1]}, ${this.numHeads}, dropout=${this.dropout}, batchFirst=${this.batchFirst}`;
  }
}

/** The masks of a call in the shape of the scores [B, heads, L, S]. */
function masks(shape: readonly number[], o: AttentionCallOptions): { mask?: Tensor; bias?: Tensor } {
  const [B, heads, L, S] = shape;
  const spread = (name: string, x: Tensor): Tensor => {
    if (sameShape(x.shape, [L, S])) return x;
    if (sameShape(x.shape, [B * heads, L, S])) return x.reshape(shape);
    const rule = `${name} must be [L, S] = ${showShape([L, S])} or [B·heads, L, S] = ${showShape([B * heads, L, S])}`;
    throw new ShapeError('MultiheadAttention', rule, showShape(x.shape));
  };
  if (o.keyPaddingMask && !sameShape(o.keyPaddingMask.shape, [B, S])) {
    const rule = `keyPaddingMask must be [B, S] = ${showShape([B, S])}`;
    throw new ShapeError('MultiheadAttention', rule, showShape(o.keyPaddingMask.shape));
  }
  const allowed = o.attnMask && spread('attnMask', o.attnMask).eq(0);
  const real = o.keyPaddingMask?.reshape([B, 1, 1, S]).eq(0);
  const mask = allowed && real ? allowed.mul(real) : (allowed ?? real);
  return { ...(mask && { mask }), ...(o.attnBias && { bias: spread('attnBias', o.attnBias) }) };
}
