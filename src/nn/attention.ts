/** Scaled dot-product attention as a function, and with several heads as a layer. */
import { checkTensors } from '../array/checks.ts';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { broadcastShapes, sameShape, type DType } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { arange, full, zeros } from '../create.ts';
import * as ops from '../ops/index.ts';
import { apply, concat, type Tensor } from '../tensor.ts';
import { dropout } from './dropout.ts';
import { linear } from './functional.ts';
import { constant_, xavierNormal_, xavierUniform_ } from './init.ts';
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
  /** Whether keys and values may have fewer heads (dim −3) than queries, each for a group of these (Ainslie et al., 2023). false if left out. */
  readonly enableGqa?: boolean;
  readonly generator?: Generator;
}

/** What each query gets, […, L, Ev], and how it weighs the keys, […, L, S]. */
// prettier-ignore
function attend(
  query: Tensor, key: Tensor, value: Tensor, o: AttentionOptions,
): [output: Tensor, weights: Tensor] {
  const { scale = 1 / Math.sqrt(query.shape[query.ndim - 1]), isCausal = false } = o;
  const products = query.matmul(key.mT); // […, L, S]
  let weights: Tensor;
  if (o.bias || o.mask) {
    let scores = products.mul(scale);
    if (o.bias) scores = scores.add(o.bias);
    if (o.mask) scores = scores.where(o.mask, -Infinity);
    weights = apply(ops.attentionWeights, scores, 1, isCausal);
  } else weights = apply(ops.attentionWeights, products, scale, isCausal);
  const kept = dropout(weights, o.dropoutP ?? 0, true, o.generator);
  return [kept.matmul(value), kept];
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
  checkTensors(where, query, key, value);
  if (options.enableGqa) [key, value] = [key, value].map((x) => repeatHeads(where, x, query));
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

/** x [..., h, S, E] with each head as often as queries [..., H, L, E] have heads for it. */
function repeatHeads(where: string, x: Tensor, query: Tensor): Tensor {
  const [H, h] = [query, x].map(({ shape, ndim }) => shape[ndim - 3]);
  if (query.ndim < 3 || x.ndim < 3 || H % h !== 0) {
    const rule = 'queries must have a whole multiple of the heads (dim −3) of keys and values';
    throw new ShapeError(where, rule, `${showShape(query.shape)} and ${showShape(x.shape)}`);
  }
  const [lead, rest] = [x.shape.slice(0, -3), x.shape.slice(-2)];
  return x.unsqueeze(-3).expand([...lead, h, H / h, ...rest]).reshape([...lead, H, ...rest]); // prettier-ignore
}

export interface MultiheadAttentionOptions {
  readonly bias?: boolean;
  /** In training, probability with which an attention weight is set to 0. 0 if left out. */
  readonly dropout?: number;
  /** Whether sequences are [B, T, E] and not [T, B, E]. false if left out. */
  readonly batchFirst?: boolean;
  /** Size of keys; E if left out. */
  readonly kdim?: number;
  /** Size of values; E if left out. */
  readonly vdim?: number;
  /** Whether a learned key and value stand behind the others. false if left out. */
  readonly addBiasKv?: boolean;
  /** Whether a key and value of zeros stand behind the others. false if left out. */
  readonly addZeroAttn?: boolean;
  readonly dtype?: DType;
  readonly generator?: Generator;
}

export interface AttentionCallOptions {
  /** 1 where a query may not look at a key, else 0: [L, S] or [B·heads, L, S]. As PyTorch's, the reverse of `mask`. */
  readonly attnMask?: Tensor | undefined;
  /** Added to the scores: [L, S] or [B·heads, L, S]. */
  readonly attnBias?: Tensor | undefined;
  /** 1 where a key is padding that nobody may look at, else 0: [B, S], or [S] without a batch. */
  readonly keyPaddingMask?: Tensor | undefined;
  /** Whether query i sees keys 0 … i only. false if left out. */
  readonly isCausal?: boolean | undefined;
  /** Whether the weights are returned too. true if left out, as in PyTorch. */
  readonly needWeights?: boolean;
  /** Whether they are the mean over heads, [B, L, S], or each head's, [B, heads, L, S]. true if left out. */
  readonly averageAttnWeights?: boolean;
}

/**
 * Attention with several heads: queries [L, B, E], keys and values [S, B, E] (with batchFirst [B, L, E], …; without a batch
 * [L, E], …), to `[output, weights]`: output [L, B, E], weights [B, L, S] or null. Each head attends over E/heads numbers of
 * the projected inputs. Parameters have PyTorch's names and starting values.
 * `new nn.MultiheadAttention(8, 2, { batchFirst: true })(...[1, 2, 3].map(() => zeros([5, 7, 8])))[0].shape // => [ 5, 7, 8 ]`
 */
export class MultiheadAttention extends Module {
  in_proj_weight: Tensor | null; // of queries, keys and values, if all have the size E; else
  q_proj_weight: Tensor | null; // one each
  k_proj_weight: Tensor | null;
  v_proj_weight: Tensor | null;
  in_proj_bias: Tensor | null;
  bias_k: Tensor | null;
  bias_v: Tensor | null;
  out_proj: Linear;
  /** E, and the sizes of keys and values. */
  sizes: readonly [query: number, key: number, value: number];
  numHeads: number;
  dropout: number;
  batchFirst: boolean;
  addZeroAttn: boolean;
  generator: Generator;

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const { bias = true, dropout = 0, batchFirst = false, dtype = 'float32', generator = defaultGenerator } = options;
    const { kdim = embedDim, vdim = embedDim, addBiasKv = false, addZeroAttn = false } = options;
    if (!(Number.isInteger(numHeads) && numHeads > 0 && embedDim > 0 && embedDim % numHeads === 0)) {
      const rule = 'embedDim must be a whole multiple of numHeads';
      throw new ValueError('MultiheadAttention', rule, `${embedDim} and ${numHeads}`);
    }
    if (![kdim, vdim].every((size) => Number.isInteger(size) && size > 0)) {
      throw new ValueError('MultiheadAttention', 'kdim and vdim must be whole numbers above 0', `${kdim} and ${vdim}`);
    }
    if (!(dropout >= 0 && dropout <= 1)) {
      throw new ValueError('MultiheadAttention', 'dropout must be a probability from 0 to 1', `${dropout}`);
    }
    const weight = (rows: number, size: number): Tensor =>
      parameter(xavierUniform_(zeros([rows, size], { dtype }), 1, generator));
    const extra = (): Tensor => parameter(xavierNormal_(zeros([1, 1, embedDim], { dtype }), 1, generator));
    const one = kdim === embedDim && vdim === embedDim;
    this.in_proj_weight = one ? weight(3 * embedDim, embedDim) : null;
    this.q_proj_weight = one ? null : weight(embedDim, embedDim);
    this.k_proj_weight = one ? null : weight(embedDim, kdim);
    this.v_proj_weight = one ? null : weight(embedDim, vdim);
    this.in_proj_bias = bias ? parameter(zeros([3 * embedDim], { dtype })) : null;
    this.bias_k = addBiasKv ? extra() : null;
    this.bias_v = addBiasKv ? extra() : null;
    this.out_proj = new Linear(embedDim, embedDim, { bias, dtype, generator });
    if (this.out_proj.bias) constant_(this.out_proj.bias, 0);
    this.sizes = [embedDim, kdim, vdim];
    this.numHeads = numHeads;
    this.dropout = dropout;
    this.batchFirst = batchFirst;
    this.addZeroAttn = addZeroAttn;
    this.generator = generator;
  }

  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: AttentionCallOptions = {},
  ): [output: Tensor, weights: Tensor | null] {
    this.check(query, key, value);
    if (query.ndim === 2) return this.single(query, key, value, options);
    const { numHeads, batchFirst, training, generator } = this;
    const { needWeights = true, averageAttnWeights = true } = options;
    const [q, k, v] = this.project(query, key, value).map((x) => {
      const heads = x.reshape([x.shape[0], x.shape[1], numHeads, x.shape[2] / numHeads]);
      return batchFirst ? heads.permute(0, 2, 1, 3) : heads.permute(1, 2, 0, 3); // [B, heads, T, E/heads]
    });
    const shape = [...q.shape.slice(0, 3), k.shape[2]];
    const keys = this.extended(k, this.bias_k);
    const [y, weights] = attend(q, keys, this.extended(v, this.bias_v), {
      generator,
      dropoutP: training ? this.dropout : 0,
      ...masks(shape, keys.shape[2] - k.shape[2], options),
    });
    const merged = batchFirst ? y.permute(0, 2, 1, 3) : y.permute(2, 0, 1, 3);
    const output = this.out_proj(merged.reshape(query.shape));
    return [output, needWeights ? (averageAttnWeights ? weights.mean(1) : weights) : null];
  }

  /** Sequences without a batch, as a batch of one. */
  private single(query: Tensor, key: Tensor, value: Tensor, options: AttentionCallOptions): [Tensor, Tensor | null] {
    const batch = this.batchFirst ? 0 : 1;
    const q = query.unsqueeze(batch);
    const k = key === query ? q : key.unsqueeze(batch); // what is one tensor stays one
    const v = value === key ? k : value.unsqueeze(batch);
    const { keyPaddingMask: padding } = options;
    const keyPaddingMask = padding?.ndim === 1 ? padding.unsqueeze(0) : padding;
    const [output, weights] = this.forward(q, k, v, { ...options, keyPaddingMask });
    return [output.squeeze(batch), weights && weights.squeeze(0)];
  }

  /** Keys or values [B, heads, S, D] with the learned one, and with zeros, behind them. */
  private extended(x: Tensor, learned: Tensor | null): Tensor {
    const [B, heads, , D] = x.shape;
    const rows = learned ? [learned.reshape([1, heads, 1, D]).expand([B, heads, 1, D])] : [];
    if (this.addZeroAttn) rows.push(zeros([B, heads, 1, D], { dtype: x.dtype }));
    return rows.length === 0 ? x : concat([x, ...rows], 2);
  }

  /** Queries, keys and values by their rows of the weight; in one product what is one tensor. */
  private project(query: Tensor, key: Tensor, value: Tensor): Tensor[] {
    const { in_proj_weight: weight, in_proj_bias: bias } = this;
    const [E] = this.sizes;
    if (weight === null) {
      const weights = [this.q_proj_weight!, this.k_proj_weight!, this.v_proj_weight!];
      return [query, key, value].map((x, i) => linear(x, weights[i], bias?.narrow(0, i * E, E)));
    }
    const part = (x: Tensor, from: number, count: number): Tensor[] =>
      linear(x, weight.narrow(0, from * E, count * E), bias?.narrow(0, from * E, count * E)).chunk(count, -1);
    if (query === key && key === value) return linear(query, weight, bias).chunk(3, -1);
    if (key === value) return [...part(query, 0, 1), ...part(key, 1, 2)];
    return [...part(query, 0, 1), ...part(key, 1, 1), ...part(value, 2, 1)];
  }

  private check(query: Tensor, key: Tensor, value: Tensor): void {
    const [E, K, V] = this.sizes;
    const batch = this.batchFirst ? 0 : 1;
    const all = [query, key, value];
    const { ndim } = query;
    const sized =
      (ndim === 2 || ndim === 3) && all.every((x, i) => x.ndim === ndim && x.shape[ndim - 1] === this.sizes[i]);
    const fits = sized && (ndim === 2 || all.every((x) => x.shape[batch] === query.shape[batch]));
    if (fits && sameShape(key.shape.slice(0, -1), value.shape.slice(0, -1))) return;
    const [of, from] = this.batchFirst ? ['B, L', 'B, S'] : ['L, B', 'S, B'];
    const others =
      K === E && V === E ? `keys and values [${from}, ${E}]` : `keys [${from}, ${K}] and values [${from}, ${V}]`;
    const rule = `queries must be [${of}, ${E}] for ${others}`;
    throw new ShapeError('MultiheadAttention', rule, all.map((x) => showShape(x.shape)).join(', '));
  }
  protected override describe(): string {
    return `${this.sizes[0]}, ${this.numHeads}, dropout=${this.dropout}, batchFirst=${this.batchFirst}`;
  }
}

/** The masks of a call in the shape of the scores [B, heads, L, S]; keys behind the S that are there, `more` of them, are seen by all. */
function masks(shape: readonly number[], more: number, o: AttentionCallOptions): AttentionOptions {
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
  const wide = (x: Tensor, value: number): Tensor =>
    more === 0 ? x : concat([x, full([...x.shape.slice(0, -1), more], value, { dtype: x.dtype })], -1);
  const allowed = [
    o.attnMask && spread('attnMask', o.attnMask).eq(0),
    o.keyPaddingMask?.reshape([B, 1, 1, S]).eq(0),
    o.isCausal && more > 0 ? arange(L).unsqueeze(1).ge(arange(S)) : undefined,
  ].filter((x) => x !== undefined);
  return {
    isCausal: more === 0 && o.isCausal === true,
    ...(allowed.length > 0 && {
      mask: wide(
        allowed.reduce((a, b) => a.mul(b)),
        1,
      ),
    }),
    ...(o.attnBias && { bias: wide(spread('attnBias', o.attnBias), 0) }),
  };
}
