/**
 * GPT: a decoder-only transformer with the architecture and the names of GPT-2 (Radford et al., 2019), at any size.
 * Sampling is in generate.ts, GPT-2's own checkpoints in huggingface.ts.
 *
 * B batch · T time, S time with what is remembered · C width · H heads · D = C/H · V vocabulary
 */
import { ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { arange } from '../create.ts';
import * as nn from '../nn/index.ts';
import { concat, type Tensor } from '../tensor.ts';
import { activations, type Activation } from './activation.ts';
import { checkTransformer, type MakeOptions } from './config.ts';
import { checkTokens } from './language.ts';

const F = nn.functional;

export interface GPTConfig {
  /** Number of different tokens, V. */
  readonly vocabSize: number;
  /** Most tokens in a row, T. */
  readonly blockSize: number;
  readonly nLayer: number;
  readonly nHead: number;
  /** Width C, a multiple of nHead. */
  readonly nEmbd: number;
  /** Width between the two layers of a feed-forward part; 4·C if left out. */
  readonly nInner?: number;
  /** Of embeddings, attention weights, and what is added to the residual stream. 0 if left out. */
  readonly dropout?: number;
  /** Whether linear and normalization layers have biases. true if left out. */
  readonly bias?: boolean;
  /** A vector learned for each position, or queries and keys turned by it (Su et al., 2021). 'learned' if left out. */
  readonly positions?: 'learned' | 'rotary';
  /** Whether logits are products with the token embeddings, in place of a table of their own. true if left out. */
  readonly tied?: boolean;
  /** Between the feed-forward layers. 'geluTanh', as GPT-2, if left out. */
  readonly activation?: Activation;
  /** In layer normalization. 1e-5 if left out. */
  readonly eps?: number;
}

/** Keys and values [B, H, S, D] of one layer, for all tokens seen so far. */
export interface KeyValues {
  k?: Tensor;
  v?: Tensor;
}

/** 1 where the i-th of T new tokens may look at token j of all S: the last T rows of a causal mask. */
const causal = (T: number, S: number): Tensor =>
  arange(S - T, S)
    .unsqueeze(1)
    .ge(arange(S)); // [T, S]

/** x + attention(norm(x)), then x + feed-forward(norm(x)). */
class Block extends nn.Module {
  ln_1: nn.LayerNorm;
  attn: { c_attn: nn.Linear; c_proj: nn.Linear };
  ln_2: nn.LayerNorm;
  mlp: { c_fc: nn.Linear; c_proj: nn.Linear };
  config: Required<GPTConfig>;
  generator: Generator;

  constructor(config: Required<GPTConfig>, make: MakeOptions) {
    super();
    const { nEmbd: C, nInner, nLayer, bias, eps } = config;
    const linear = (inputs: number, outputs: number, std = 0.02): nn.Linear => {
      const layer = new nn.Linear(inputs, outputs, { ...make, bias });
      nn.init.normal_(layer.weight, 0, std, make.generator);
      if (layer.bias) nn.init.constant_(layer.bias, 0);
      return layer;
    };
    const toResidual = 0.02 / Math.sqrt(2 * nLayer); // 2 · nLayer of these are added up
    this.ln_1 = new nn.LayerNorm(C, { ...make, bias, eps });
    this.attn = { c_attn: linear(C, 3 * C), c_proj: linear(C, C, toResidual) };
    this.ln_2 = new nn.LayerNorm(C, { ...make, bias, eps });
    this.mlp = { c_fc: linear(C, nInner), c_proj: linear(nInner, C, toResidual) };
    this.config = config;
    this.generator = make.generator ?? defaultGenerator;
  }

  override forward(x: Tensor, cache?: KeyValues): Tensor {
    x = x.add(this.drop(this.attention(this.ln_1(x), cache))); // [B, T, C]
    return x.add(this.drop(this.feedForward(this.ln_2(x)))); // [B, T, C]
  }

  private attention(x: Tensor, cache: KeyValues = {}): Tensor {
    const { nHead: H, dropout, positions } = this.config;
    const [B, T, C] = x.shape;
    let [q, k, v] = this.attn
      .c_attn(x) // [B, T, 3·C]
      .chunk(3, -1)
      .map((part) => part.reshape([B, T, H, C / H]).transpose(1, 2)); // [B, H, T, D]
    if (positions === 'rotary') {
      const offset = cache.k?.shape[2] ?? 0;
      [q, k] = [q, k].map((part) => F.rotaryEmbedding(part, { offset }));
    }
    if (cache.k && cache.v) [k, v] = [concat([cache.k, k], 2), concat([cache.v, v], 2)]; // [B, H, S, D]
    [cache.k, cache.v] = [k, v];
    const S = k.shape[2];
    const y = F.scaledDotProductAttention(q, k, v, {
      ...(S === T ? { isCausal: T > 1 } : { mask: causal(T, S) }),
      dropoutP: this.training ? dropout : 0,
      generator: this.generator,
    }); // [B, H, T, D]
    return this.attn.c_proj(y.transpose(1, 2).reshape([B, T, C])); // [B, T, C]
  }

  private feedForward(x: Tensor): Tensor {
    const inner = activations[this.config.activation](this.mlp.c_fc(x)); // [B, T, 4·C]
    return this.mlp.c_proj(inner); // [B, T, C]
  }

  private drop(x: Tensor): Tensor {
    return F.dropout(x, this.config.dropout, this.training, this.generator);
  }
}

/**
 * Tokens [B, T] to logits [B, T, V]: those at t are about the token at t + 1, and see the tokens up to t.
 * Starting values are GPT-2's: weights normal with σ = 0.02 (0.02/√(2·nLayer) before the residual stream), biases 0.
 * ```ts
 * import { manualSeed, tensor } from 'adjoint';
 * import { generate, GPT, tokenLoss } from 'adjoint/models';
 * manualSeed(1);
 * const model = new GPT({ vocabSize: 65, blockSize: 8, nLayer: 2, nHead: 2, nEmbd: 16 });
 * const logits = model(tensor([[5, 6, 7]]));
 * console.log(logits.shape, model.parameterCount()); // => [ 1, 3, 65 ] 7760
 * console.log(tokenLoss(logits, tensor([[6, 7, 8]])).item().toFixed(1)); // => 4.1
 * console.log(generate(model, [5, 6, 7], { maxNewTokens: 5 }).length); // => 8
 * ```
 * @throws ValueError for a config that makes no sense; ShapeError for more than blockSize tokens
 */
export class GPT extends nn.Module {
  config: Required<GPTConfig>;
  wte: nn.Embedding;
  wpe: nn.Embedding | null;
  drop: nn.Dropout;
  h: Block[];
  ln_f: nn.LayerNorm;
  lm_head: nn.Linear | null;

  constructor(config: GPTConfig, make: MakeOptions = {}) {
    super();
    const defaults = {
      dropout: 0,
      bias: true,
      positions: 'learned',
      tied: true,
      activation: 'geluTanh',
      eps: 1e-5,
    } as const;
    const full = { nInner: 4 * config.nEmbd, ...defaults, ...config };
    const { vocabSize: V, blockSize, nLayer, nHead, nEmbd: C, dropout, bias, positions, tied, eps } = full;
    checkTransformer('GPT', full);
    if (positions === 'rotary' && C % (2 * nHead) !== 0) {
      throw new ValueError('GPT', 'nEmbd must be an even multiple of nHead for rotary positions', `${C} and ${nHead}`);
    }
    const table = (rows: number): nn.Embedding => {
      const layer = new nn.Embedding(rows, C, make);
      nn.init.normal_(layer.weight, 0, 0.02, make.generator);
      return layer;
    };
    this.config = full;
    this.wte = table(V);
    this.wpe = positions === 'learned' ? table(blockSize) : null;
    this.drop = new nn.Dropout(dropout, make);
    this.h = Array.from({ length: nLayer }, () => new Block(full, make));
    this.ln_f = new nn.LayerNorm(C, { ...make, bias, eps });
    this.lm_head = tied ? null : new nn.Linear(C, V, { ...make, bias: false });
    if (this.lm_head) nn.init.normal_(this.lm_head.weight, 0, 0.02, make.generator);
  }

  get blockSize(): number {
    return this.config.blockSize;
  }
  /** An empty key–value cache: `forward` adds to it, and computes only what is new. */
  newState(): KeyValues[] {
    return this.h.map(() => ({}));
  }

  override forward(tokens: Tensor, cache?: KeyValues[]): Tensor {
    let x = this.embed(tokens, cache?.[0].k?.shape[2]);
    this.h.forEach((block, i) => (x = block(x, cache?.[i])));
    return this.head(x);
  }

  /** The residual stream before the first layer: tokens [B, T], behind `past` others, to [B, T, C]. */
  embed(tokens: Tensor, past = 0): Tensor {
    checkTokens('GPT', tokens, this.config.blockSize, past);
    const x = this.wte(tokens); // [B, T, C]
    return this.drop(this.wpe ? x.add(this.wpe(arange(past, past + tokens.shape[1]))) : x); // + [T, C]
  }
  /** The blocks, each from [B, T, C] to [B, T, C]. */
  get layers(): readonly Block[] {
    return this.h;
  }
  /** What the residual stream says at each position: [B, T, C] to logits [B, T, V]. */
  head(x: Tensor): Tensor {
    return F.linear(this.ln_f(x), this.lm_head?.weight ?? this.wte.weight);
  }
}
