/**
 * Transformer: an encoder of one sequence and a decoder of another, for translation and other rewriting (Vaswani et al.,
 * 2017), with normalization before each part (Xiong et al., 2020).
 *
 * B batch · S, T source and target time · C width · V vocabulary
 */
import { ShapeError, showShape } from '../array/errors.ts';
import { arange, tensor } from '../create.ts';
import * as nn from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { checkTransformer, type MakeOptions } from './config.ts';
import { sample, type GenerateOptions } from './generate.ts';
import { checkTokens } from './language.ts';
import { evaluating } from './predict.ts';

export interface TransformerConfig {
  /** Number of different tokens, V, of both languages. */
  readonly vocabSize: number;
  /** Most tokens in a row, of either. */
  readonly blockSize: number;
  /** Layers of the encoder, and of the decoder. */
  readonly nLayer: number;
  readonly nHead: number;
  /** Width C, a multiple of nHead. */
  readonly nEmbd: number;
  /** Width between the two layers of a feed-forward part; 4·C if left out. */
  readonly nInner?: number;
  /** 0.1 if left out. */
  readonly dropout?: number;
  /** The token that fills sources up to one length; nobody looks at it. None if left out. */
  readonly padding?: number | null;
}

type Full = Required<TransformerConfig>;

/** x + part(norm(x)) for each part: self-attention, in a decoder attention to the source, feed-forward. */
class Layer extends nn.Module {
  norm1: nn.LayerNorm;
  self_attn: nn.MultiheadAttention;
  norm2: nn.LayerNorm | null;
  multihead_attn: nn.MultiheadAttention | null;
  norm3: nn.LayerNorm;
  linear1: nn.Linear;
  linear2: nn.Linear;
  drop: nn.Dropout;

  constructor({ nEmbd: C, nHead, nInner, dropout }: Full, isDecoder: boolean, make: MakeOptions) {
    super();
    const attention = (): nn.MultiheadAttention =>
      new nn.MultiheadAttention(C, nHead, { ...make, dropout, batchFirst: true });
    this.norm1 = new nn.LayerNorm(C, make);
    this.self_attn = attention();
    this.norm2 = isDecoder ? new nn.LayerNorm(C, make) : null;
    this.multihead_attn = isDecoder ? attention() : null;
    this.norm3 = new nn.LayerNorm(C, make);
    this.linear1 = new nn.Linear(C, nInner, make);
    this.linear2 = new nn.Linear(nInner, C, make);
    this.drop = new nn.Dropout(dropout, make);
  }

  /** For an encoder x [B, S, C]; for a decoder x [B, T, C] and what the encoder made, memory [B, S, C]. */
  override forward(x: Tensor, keyPaddingMask: Tensor | null, memory?: Tensor): Tensor {
    const padding = keyPaddingMask && { keyPaddingMask };
    const y = this.norm1(x);
    x = x.add(this.drop(this.self_attn(y, y, y, memory ? { isCausal: true } : { ...padding })[0]));
    if (memory && this.norm2 && this.multihead_attn) {
      x = x.add(this.drop(this.multihead_attn(this.norm2(x), memory, memory, { ...padding })[0]));
    }
    return x.add(this.drop(this.linear2(this.linear1(this.norm3(x)).relu())));
  }
}

/**
 * Source tokens [B, S] and target tokens [B, T] to logits [B, T, V]: those at t are about the target's token at t + 1, and
 * see the whole source and the target up to t. `translate` draws targets.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { Transformer, translate } from 'adjoint/models';
 * const model = new Transformer({ vocabSize: 12, blockSize: 8, nLayer: 1, nHead: 2, nEmbd: 16 });
 * console.log(model(tensor([[3, 4, 5, 6]]), tensor([[1, 6]])).shape); // => [ 1, 2, 12 ]
 * console.log(translate(model, [[3, 4, 5, 6]], 1, { maxNewTokens: 4 })[0].length); // => 4
 * ```
 * @throws ValueError for a config that makes no sense; ShapeError for more than blockSize tokens, or other batches
 */
export class Transformer extends nn.Module {
  config: Full;
  wte: nn.Embedding;
  wpe: nn.Embedding;
  drop: nn.Dropout;
  encoder: { layers: Layer[]; norm: nn.LayerNorm };
  decoder: { layers: Layer[]; norm: nn.LayerNorm };
  lm_head: nn.Linear;

  constructor(config: TransformerConfig, make: MakeOptions = {}) {
    super();
    this.config = { nInner: 4 * config.nEmbd, dropout: 0.1, padding: null, ...config };
    const { vocabSize, blockSize, nLayer, nEmbd: C, dropout } = this.config;
    checkTransformer('Transformer', this.config);
    const stack = (isDecoder: boolean): { layers: Layer[]; norm: nn.LayerNorm } => ({
      layers: Array.from({ length: nLayer }, () => new Layer(this.config, isDecoder, make)),
      norm: new nn.LayerNorm(C, make),
    });
    this.wte = new nn.Embedding(vocabSize, C, make);
    this.wpe = new nn.Embedding(blockSize, C, make);
    for (const { weight } of [this.wte, this.wpe]) nn.init.normal_(weight, 0, 1 / Math.sqrt(C), make.generator);
    this.drop = new nn.Dropout(dropout, make);
    this.encoder = stack(false);
    this.decoder = stack(true);
    this.lm_head = new nn.Linear(C, vocabSize, { ...make, bias: false });
  }

  /** What the decoder looks at: a vector for each source token, [B, S] to [B, S, C]. */
  encode(source: Tensor): Tensor {
    const padding = this.paddingOf(source);
    const x = this.encoder.layers.reduce((y, layer) => layer(y, padding), this.embed(source)); // [B, S, C]
    return this.encoder.norm(x);
  }
  /** Logits [B, T, V] from target tokens [B, T] and what `encode` made of the source. */
  decode(target: Tensor, memory: Tensor, source: Tensor): Tensor {
    const padding = this.paddingOf(source);
    const x = this.decoder.layers.reduce((y, layer) => layer(y, padding, memory), this.embed(target)); // [B, T, C]
    return this.lm_head(this.decoder.norm(x)); // [B, T, V]
  }
  override forward(source: Tensor, target: Tensor): Tensor {
    if (source.shape[0] !== target.shape[0]) {
      const got = `${showShape(source.shape)} and ${showShape(target.shape)}`;
      throw new ShapeError('Transformer', 'sources and targets must be as many', got);
    }
    return this.decode(target, this.encode(source), source);
  }

  /** What the first layer of either side gets: tokens [B, T] to [B, T, C]. */
  embed(tokens: Tensor): Tensor {
    checkTokens('Transformer', tokens, this.config.blockSize);
    return this.drop(this.wte(tokens).add(this.wpe(arange(tokens.shape[1])))); // [B, T, C]
  }
  private paddingOf(source: Tensor): Tensor | null {
    return this.config.padding === null ? null : source.eq(this.config.padding);
  }
}

/**
 * For each source a target, drawn token by token after `start` (which is not in the result) up to a stop token (which is)
 * or maxNewTokens. With temperature 0 the likeliest token is taken each time.
 */
export function translate(
  model: Transformer,
  sources: readonly (readonly number[])[],
  start: number,
  options: Omit<GenerateOptions, 'cache'>,
): number[][] {
  return evaluating(model, () => {
    const source = tensor(sources); // [B, S]
    const memory = model.encode(source); // [B, S, C]
    const rows = sources.map(() => [start]);
    const ended = sources.map(() => false);
    const ends = sources.map(() => Infinity);
    for (let n = 0; n < options.maxNewTokens && !ended.every(Boolean); n++) {
      const next = sample(model.decode(tensor(rows), memory, source).select(1, -1), options);
      next.forEach((token, b) => {
        rows[b].push(token);
        if (!ended[b] && options.stop?.includes(token)) [ended[b], ends[b]] = [true, rows[b].length];
      });
    }
    return rows.map((row, b) => row.slice(1, ends[b]));
  });
}
