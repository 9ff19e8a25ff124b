/**
 * BERT: an encoder-only transformer (Devlin et al., 2019) with the names of Hugging Face's, with a head for masked tokens
 * and one for classes, and the masking that it is trained by. Checkpoints are in huggingface.ts.
 *
 * B batch · T time · C width · H heads · D = C/H · V vocabulary
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { arange, full, tensor, zeros } from '../create.ts';
import * as nn from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { activations, type Activation } from './activation.ts';
import { checkTransformer, type MakeOptions } from './config.ts';
import { checkTokens } from './language.ts';

const F = nn.functional;

export interface BERTConfig {
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
  /** Kinds of segments, as question and answer. 2 if left out. */
  readonly segments?: number;
  /** Number of classes of BERTForClassification. 2 if left out. */
  readonly classes?: number;
  /** Of embeddings, attention weights, and what is added to the residual stream. 0.1 if left out. */
  readonly dropout?: number;
  /** 'gelu' if left out. */
  readonly activation?: Activation;
  /** In layer normalization. 1e-12 if left out. */
  readonly eps?: number;
}

export interface BERTInputs {
  /** The segment [B, T] that each token belongs to; 0 if left out. */
  readonly segments?: Tensor;
  /** 1 where a token is, 0 where padding is, [B, T]; 1 if left out. */
  readonly mask?: Tensor;
}

type Full = Required<BERTConfig>;

function complete(config: BERTConfig): Full {
  const defaults = { segments: 2, classes: 2, dropout: 0.1, activation: 'gelu', eps: 1e-12 } as const;
  const all: Full = { nInner: 4 * config.nEmbd, ...defaults, ...config };
  checkTransformer('BERT', all, ['segments', 'classes']);
  return all;
}

/** Weights start normal with σ = 0.02, biases at 0. */
function linear(inputs: number, outputs: number, make: MakeOptions): nn.Linear {
  const layer = new nn.Linear(inputs, outputs, make);
  nn.init.normal_(layer.weight, 0, 0.02, make.generator);
  nn.init.constant_(layer.bias!, 0);
  return layer;
}

function table(rows: number, C: number, make: MakeOptions): nn.Embedding {
  const layer = new nn.Embedding(rows, C, make);
  nn.init.normal_(layer.weight, 0, 0.02, make.generator);
  return layer;
}

/** norm(x + attention(x)), then norm(x + feed-forward(x)). */
class BERTLayer extends nn.Module {
  attention: {
    self: { query: nn.Linear; key: nn.Linear; value: nn.Linear };
    output: { dense: nn.Linear; LayerNorm: nn.LayerNorm };
  };
  intermediate: { dense: nn.Linear };
  output: { dense: nn.Linear; LayerNorm: nn.LayerNorm };
  config: Full;
  generator: Generator;

  constructor(config: Full, make: MakeOptions) {
    super();
    const { nEmbd: C, nInner, eps } = config;
    const output = (inputs: number) => ({ dense: linear(inputs, C, make), LayerNorm: new nn.LayerNorm(C, { ...make, eps }) }); // prettier-ignore
    const self = { query: linear(C, C, make), key: linear(C, C, make), value: linear(C, C, make) };
    this.attention = { self, output: output(C) };
    this.intermediate = { dense: linear(C, nInner, make) };
    this.output = output(nInner);
    this.config = config;
    this.generator = make.generator ?? defaultGenerator;
  }

  override forward(x: Tensor, mask: Tensor | null): Tensor {
    const { attention, intermediate, output } = this;
    const attended = attention.output.dense(this.attend(x, mask));
    x = attention.output.LayerNorm(x.add(this.drop(attended))); // [B, T, C]
    const inner = activations[this.config.activation](intermediate.dense(x)); // [B, T, 4·C]
    return output.LayerNorm(x.add(this.drop(output.dense(inner)))); // [B, T, C]
  }

  private attend(x: Tensor, mask: Tensor | null): Tensor {
    const { nHead: H, dropout } = this.config;
    const [B, T, C] = x.shape;
    const { query, key, value } = this.attention.self;
    const [q, k, v] = [query, key, value].map((layer) =>
      layer(x)
        .reshape([B, T, H, C / H])
        .transpose(1, 2),
    ); // [B, H, T, D]
    const dropoutP = this.training ? dropout : 0;
    const y = F.scaledDotProductAttention(q, k, v, { ...(mask && { mask }), dropoutP, generator: this.generator });
    return y.transpose(1, 2).reshape([B, T, C]); // [B, T, C]
  }

  private drop(x: Tensor): Tensor {
    return F.dropout(x, this.config.dropout, this.training, this.generator);
  }
}

/**
 * Tokens [B, T] to a vector for each, [B, T, C]; all tokens see all others, but for padding. `pool` makes one of the first.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { BERT } from 'adjoint/models';
 * const model = new BERT({ vocabSize: 30, blockSize: 8, nLayer: 2, nHead: 2, nEmbd: 16 });
 * const hidden = model(tensor([[2, 7, 3, 0]]), { mask: tensor([[1, 1, 1, 0]]) });
 * console.log(hidden.shape, model.pool(hidden).shape); // => [ 1, 4, 16 ] [ 1, 16 ]
 * ```
 * @throws ValueError for a config that makes no sense; ShapeError for more than blockSize tokens, or inputs of other shapes
 */
export class BERT extends nn.Module {
  config: Full;
  embeddings: {
    word_embeddings: nn.Embedding;
    position_embeddings: nn.Embedding;
    token_type_embeddings: nn.Embedding;
    LayerNorm: nn.LayerNorm;
  };
  drop: nn.Dropout;
  encoder: { layer: BERTLayer[] };
  pooler: { dense: nn.Linear };

  constructor(config: BERTConfig, make: MakeOptions = {}) {
    super();
    this.config = complete(config);
    const { vocabSize: V, blockSize, nLayer, nEmbd: C, segments, dropout, eps } = this.config;
    this.embeddings = {
      word_embeddings: table(V, C, make),
      position_embeddings: table(blockSize, C, make),
      token_type_embeddings: table(segments, C, make),
      LayerNorm: new nn.LayerNorm(C, { ...make, eps }),
    };
    this.drop = new nn.Dropout(dropout, make);
    this.encoder = { layer: Array.from({ length: nLayer }, () => new BERTLayer(this.config, make)) };
    this.pooler = { dense: linear(C, C, make) };
  }

  override forward(tokens: Tensor, { segments, mask }: BERTInputs = {}): Tensor {
    checkTokens('BERT', tokens, this.config.blockSize);
    const [B, T] = tokens.shape;
    for (const x of [segments, mask]) {
      if (x && !sameShape(x.shape, tokens.shape)) {
        const rule = `segments and mask must have the tokens' shape ${showShape(tokens.shape)}`;
        throw new ShapeError('BERT', rule, showShape(x.shape));
      }
    }
    const seen = mask?.reshape([B, 1, 1, T]) ?? null;
    return this.encoder.layer.reduce((x, layer) => layer(x, seen), this.embed(tokens, segments)); // [B, T, C]
  }

  /** What comes before the first layer: tokens [B, T], and the segment of each, to [B, T, C]. */
  embed(tokens: Tensor, segments?: Tensor): Tensor {
    checkTokens('BERT', tokens, this.config.blockSize);
    const T = tokens.shape[1];
    const { word_embeddings, position_embeddings, token_type_embeddings, LayerNorm } = this.embeddings;
    const x = word_embeddings(tokens); // [B, T, C]
    const placed = x.add(position_embeddings(arange(T))).add(token_type_embeddings(segments ?? zeros([1, T])));
    return this.drop(LayerNorm(placed));
  }
  /** The layers where all tokens are seen, each from [B, T, C] to [B, T, C]. */
  get layers(): readonly ((x: Tensor) => Tensor)[] {
    return this.encoder.layer.map((layer) => (x) => layer(x, null));
  }

  /** tanh(W·x + b) of the first token's vector: [B, T, C] to [B, C]. */
  pool(hidden: Tensor): Tensor {
    return this.pooler.dense(hidden.select(1, 0)).tanh(); // [B, C]
  }
}

/**
 * Logits [B, T, V] for what stands at each place, masked or not. The last product is with the word embeddings.
 * Train it with `maskTokens` and `tokenLoss`; see there.
 */
export class BERTForMaskedLM extends nn.Module {
  bert: BERT;
  cls: { predictions: { transform: { dense: nn.Linear; LayerNorm: nn.LayerNorm }; bias: Tensor } };

  constructor(config: BERTConfig, make: MakeOptions = {}) {
    super();
    this.bert = new BERT(config, make);
    const { nEmbd: C, vocabSize: V, eps } = this.bert.config;
    const transform = { dense: linear(C, C, make), LayerNorm: new nn.LayerNorm(C, { ...make, eps }) };
    this.cls = { predictions: { transform, bias: nn.parameter(zeros([V], make)) } };
  }
  get config(): Full {
    return this.bert.config;
  }
  override forward(tokens: Tensor, inputs: BERTInputs = {}): Tensor {
    return this.head(this.bert(tokens, inputs)); // [B, T, V]
  }
  embed(tokens: Tensor, segments?: Tensor): Tensor {
    return this.bert.embed(tokens, segments);
  }
  get layers(): readonly ((x: Tensor) => Tensor)[] {
    return this.bert.layers;
  }
  /** From what the last layer gives, [B, T, C], to logits [B, T, V]. */
  head(x: Tensor): Tensor {
    const { transform, bias } = this.cls.predictions;
    const hidden = activations[this.config.activation](transform.dense(x)); // [B, T, C]
    return F.linear(transform.LayerNorm(hidden), this.bert.embeddings.word_embeddings.weight, bias); // [B, T, V]
  }
}

/**
 * Logits [B, classes] for whole rows of tokens, from the pooled first token.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { BERTForClassification, BERTForMaskedLM } from 'adjoint/models';
 * const config = { vocabSize: 30, blockSize: 8, nLayer: 1, nHead: 2, nEmbd: 16, classes: 3 };
 * const pretrained = new BERTForMaskedLM(config); // … and trained
 * const model = new BERTForClassification(config);
 * model.bert.loadStateDict(pretrained.bert.stateDict());
 * console.log(model(tensor([[2, 7, 3, 0]])).shape); // => [ 1, 3 ]
 * ```
 */
export class BERTForClassification extends nn.Module {
  bert: BERT;
  drop: nn.Dropout;
  classifier: nn.Linear;

  constructor(config: BERTConfig, make: MakeOptions = {}) {
    super();
    this.bert = new BERT(config, make);
    this.drop = new nn.Dropout(this.config.dropout, make);
    this.classifier = linear(this.config.nEmbd, this.config.classes, make);
  }
  get config(): Full {
    return this.bert.config;
  }
  override forward(tokens: Tensor, inputs: BERTInputs = {}): Tensor {
    return this.head(this.bert(tokens, inputs)); // [B, classes]
  }
  embed(tokens: Tensor, segments?: Tensor): Tensor {
    return this.bert.embed(tokens, segments);
  }
  get layers(): readonly ((x: Tensor) => Tensor)[] {
    return this.bert.layers;
  }
  /** From what the last layer gives, [B, T, C], to logits [B, classes]. */
  head(x: Tensor): Tensor {
    return this.classifier(this.drop(this.bert.pool(x)));
  }
}

export interface MaskingOptions {
  readonly vocabSize: number;
  /** The token that hides another. */
  readonly maskToken: number;
  /** Tokens that are never hidden and never put in another's place, as padding; the mask token is one of them. */
  readonly special?: readonly number[];
  /** Share of the tokens that are asked for. 0.15 if left out. */
  readonly share?: number;
  readonly generator?: Generator;
}

/**
 * Chooses a share of each row's tokens (at least one) that a model is to guess. 80 % of them become the mask token, 10 % a
 * random one, and 10 % stay, so that the model has to think about every token (Devlin et al., 2019, 3.1).
 * `targets` are the tokens that were chosen, and −1 elsewhere, as `tokenLoss` takes them.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { BERTForMaskedLM, maskTokens, tokenLoss } from 'adjoint/models';
 * const model = new BERTForMaskedLM({ vocabSize: 30, blockSize: 8, nLayer: 1, nHead: 2, nEmbd: 16 });
 * const { inputs, targets } = maskTokens(tensor([[7, 8, 9, 7, 8, 9, 7, 0]]), { vocabSize: 30, maskToken: 1, special: [0] });
 * console.log(targets.ne(-1).sum().item(), inputs.shape); // => 1 [ 1, 8 ]
 * tokenLoss(model(inputs), targets).backward();
 * ```
 * @throws ValueError when the share is not between 0 and 1, or no token is left to put in another's place
 */
export function maskTokens(tokens: Tensor, options: MaskingOptions): { inputs: Tensor; targets: Tensor } {
  const { vocabSize, maskToken, share = 0.15, generator = defaultGenerator } = options;
  if (!(share > 0 && share <= 1)) {
    throw new ValueError('maskTokens', 'the share must be above 0 and at most 1', `${share}`);
  }
  if (tokens.ndim !== 2) throw new ShapeError('maskTokens', 'tokens must be [B, T]', showShape(tokens.shape));
  const special = new Set([maskToken, ...(options.special ?? [])]);
  const words = Array.from({ length: vocabSize }, (_, token) => token).filter((token) => !special.has(token));
  if (words.length === 0) throw new ValueError('maskTokens', 'some token must not be special', `${vocabSize} that are`);
  const inputs = tokens.toTypedArray();
  const targets = full(tokens.shape, -1).toTypedArray();
  const [B, T] = tokens.shape;
  for (let b = 0; b < B; b++) {
    const places = Array.from({ length: T }, (_, t) => b * T + t).filter((place) => !special.has(inputs[place]));
    const order = generator.permutation(places.length).slice(0, Math.max(1, Math.round(share * places.length)));
    for (const place of order.map((at) => places[at])) {
      targets[place] = inputs[place];
      const chance = generator.uniform();
      if (chance < 0.8) inputs[place] = maskToken;
      else if (chance < 0.9) inputs[place] = words[generator.integer(0, words.length)];
    }
  }
  return { inputs: tensor(inputs).reshape(tokens.shape), targets: tensor(targets).reshape(tokens.shape) };
}
