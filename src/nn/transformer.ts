/**
 * The Transformer (Vaswani et al., 2017): layers of encoder and decoder, stacks of them, and the whole. Names of parameters, and what
 * masks mean, are PyTorch's: a mask is 1 where a position may not be looked at.
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { DType } from '../array/nd.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { arange } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { gelu, relu } from './activations.ts';
import { MultiheadAttention } from './attention.ts';
import { Dropout } from './dropout.ts';
import { xavierUniform_ } from './init.ts';
import { Linear } from './layers.ts';
import { Module } from './module.ts';
import { LayerNorm } from './normalization.ts';

export interface TransformerLayerOptions {
  /** Size between the two linear layers; 2048 if left out. */
  readonly dimFeedforward?: number;
  /** In training, the probability of dropout everywhere, attention weights included. 0.1 if left out. */
  readonly dropout?: number;
  /** What stands between the two linear layers: 'relu' (if left out), 'gelu', or any function or module. */
  readonly activation?: 'relu' | 'gelu' | ((x: Tensor) => Tensor);
  readonly layerNormEps?: number;
  /** Whether sequences are [B, T, E] and not [T, B, E]. false if left out. */
  readonly batchFirst?: boolean;
  /** Whether a norm stands before each part, and not behind the sum (Xiong et al., 2020). false if left out. */
  readonly normFirst?: boolean;
  /** Whether linear layers and norms have biases. true if left out. */
  readonly bias?: boolean;
  readonly dtype?: DType;
  readonly generator?: Generator;
}

export interface EncoderCallOptions {
  /** 1 where a position (row) may not look at another (column): [S, S] or [B·heads, S, S]. */
  readonly srcMask?: Tensor | undefined;
  /** Added to the scores: [S, S] or [B·heads, S, S]. */
  readonly srcBias?: Tensor | undefined;
  /** 1 where a position is padding: [B, S], or [S] of a single sequence. */
  readonly srcKeyPaddingMask?: Tensor | undefined;
  /** Whether a position sees itself and those before it only. false if left out. */
  readonly srcIsCausal?: boolean | undefined;
}

export interface DecoderCallOptions {
  /** 1 where a position (row) may not look at another (column): [T, T] or [B·heads, T, T]. */
  readonly tgtMask?: Tensor | undefined;
  /** Added to the scores: [T, T] or [B·heads, T, T]. */
  readonly tgtBias?: Tensor | undefined;
  /** 1 where a position is padding: [B, T], or [T] of a single sequence. */
  readonly tgtKeyPaddingMask?: Tensor | undefined;
  /** Whether a position sees itself and those before it only. false if left out. */
  readonly tgtIsCausal?: boolean | undefined;
  /** As tgtMask, of what is looked at in the memory: [T, S] or [B·heads, T, S]. */
  readonly memoryMask?: Tensor | undefined;
  /** As tgtBias, for the memory. */
  readonly memoryBias?: Tensor | undefined;
  /** 1 where the memory is padding: [B, S], or [S] of a single sequence. */
  readonly memoryKeyPaddingMask?: Tensor | undefined;
  /** Whether position t sees the memory up to t only. false if left out. */
  readonly memoryIsCausal?: boolean | undefined;
}

/** The parts of a layer that all have: options with what they are if left out, made into modules. */
function maker(dModel: number, nhead: number, options: TransformerLayerOptions) {
  const { dimFeedforward = 2048, dropout = 0.1, activation = 'relu', layerNormEps: eps = 1e-5, bias = true } = options;
  const { batchFirst = false, dtype = 'float32', generator = defaultGenerator } = options;
  if (activation !== 'relu' && activation !== 'gelu' && typeof activation !== 'function') {
    throw new ValueError(
      'Transformer',
      "the activation must be 'relu', 'gelu' or a function",
      `'${String(activation)}'`,
    );
  }
  const make = { bias, dtype, generator };
  return {
    activation: activation === 'relu' ? relu : activation === 'gelu' ? (x: Tensor): Tensor => gelu(x) : activation,
    attention: () => new MultiheadAttention(dModel, nhead, { ...make, dropout, batchFirst }),
    wide: () => new Linear(dModel, dimFeedforward, make),
    narrow: () => new Linear(dimFeedforward, dModel, make),
    norm: () => new LayerNorm(dModel, { eps, bias, dtype }),
    drop: () => new Dropout(dropout, { generator }),
  };
}

/** x + part(x), with a norm behind the sum, or before the part. */
function residual(x: Tensor, norm: LayerNorm, normFirst: boolean, part: (x: Tensor) => Tensor): Tensor {
  return normFirst ? x.add(part(norm(x))) : norm(x.add(part(x)));
}

/**
 * Attention of a sequence to itself, then two linear layers at each position; each part is added to what comes in, and normed:
 * [S, B, E] (with batchFirst [B, S, E]; [S, E] is a single sequence) to the same shape.
 * `new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16 })(zeros([5, 3, 8])).shape // => [ 5, 3, 8 ]`
 */
export class TransformerEncoderLayer extends Module {
  self_attn: MultiheadAttention;
  linear1: Linear;
  dropout: Dropout;
  linear2: Linear;
  normFirst: boolean;
  norm1: LayerNorm;
  norm2: LayerNorm;
  dropout1: Dropout;
  dropout2: Dropout;
  activation: (x: Tensor) => Tensor;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super();
    const make = maker(dModel, nhead, options);
    this.self_attn = make.attention();
    this.linear1 = make.wide();
    this.dropout = make.drop();
    this.linear2 = make.narrow();
    this.normFirst = options.normFirst ?? false;
    this.norm1 = make.norm();
    this.norm2 = make.norm();
    this.dropout1 = make.drop();
    this.dropout2 = make.drop();
    this.activation = make.activation;
  }
  override forward(src: Tensor, options: EncoderCallOptions = {}): Tensor {
    const { srcMask: attnMask, srcBias: attnBias, srcKeyPaddingMask: keyPaddingMask, srcIsCausal: isCausal } = options;
    const look = { attnMask, attnBias, keyPaddingMask, isCausal, needWeights: false };
    const y = residual(src, this.norm1, this.normFirst, (x) => this.dropout1(this.self_attn(x, x, x, look)[0]));
    return residual(y, this.norm2, this.normFirst, (x) =>
      this.dropout2(this.linear2(this.dropout(this.activation(this.linear1(x))))),
    );
  }
}

/**
 * As an encoder's layer, with attention to a memory, the encoder's output, in the middle: tgt [T, B, E] and memory [S, B, E] (with
 * batchFirst [B, T, E] and [B, S, E]; without B single sequences) to tgt's shape.
 * `new nn.TransformerDecoderLayer(8, 2, { dimFeedforward: 16 })(zeros([4, 3, 8]), zeros([5, 3, 8])).shape // => [ 4, 3, 8 ]`
 */
export class TransformerDecoderLayer extends Module {
  self_attn: MultiheadAttention;
  multihead_attn: MultiheadAttention;
  linear1: Linear;
  dropout: Dropout;
  linear2: Linear;
  normFirst: boolean;
  norm1: LayerNorm;
  norm2: LayerNorm;
  norm3: LayerNorm;
  dropout1: Dropout;
  dropout2: Dropout;
  dropout3: Dropout;
  activation: (x: Tensor) => Tensor;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super();
    const make = maker(dModel, nhead, options);
    this.self_attn = make.attention();
    this.multihead_attn = make.attention();
    this.linear1 = make.wide();
    this.dropout = make.drop();
    this.linear2 = make.narrow();
    this.normFirst = options.normFirst ?? false;
    this.norm1 = make.norm();
    this.norm2 = make.norm();
    this.norm3 = make.norm();
    this.dropout1 = make.drop();
    this.dropout2 = make.drop();
    this.dropout3 = make.drop();
    this.activation = make.activation;
  }
  override forward(tgt: Tensor, memory: Tensor, o: DecoderCallOptions = {}): Tensor {
    const own = {
      attnMask: o.tgtMask,
      attnBias: o.tgtBias,
      keyPaddingMask: o.tgtKeyPaddingMask,
      isCausal: o.tgtIsCausal,
      needWeights: false,
    };
    const other = {
      attnMask: o.memoryMask,
      attnBias: o.memoryBias,
      keyPaddingMask: o.memoryKeyPaddingMask,
      isCausal: o.memoryIsCausal,
      needWeights: false,
    };
    const y = residual(tgt, this.norm1, this.normFirst, (x) => this.dropout1(this.self_attn(x, x, x, own)[0]));
    const z = residual(y, this.norm2, this.normFirst, (x) =>
      this.dropout2(this.multihead_attn(x, memory, memory, other)[0]),
    );
    return residual(z, this.norm3, this.normFirst, (x) =>
      this.dropout3(this.linear2(this.dropout(this.activation(this.linear1(x))))),
    );
  }
}

function stackOf<L>(where: string, layer: () => L, numLayers: number): L[] {
  if (!(Number.isInteger(numLayers) && numLayers >= 0)) {
    throw new ValueError(where, 'the number of layers must be a whole number of 0 or more', `${numLayers}`);
  }
  if (typeof layer === 'function' && !(layer instanceof Module))
    return Array.from({ length: numLayers }, () => layer());
  const got = layer instanceof Module ? `a ${layer.constructor.name}` : typeof layer;
  const cure = 'pass () => new nn.TransformerEncoderLayer(…), or the like';
  throw new ValueError(where, 'layers must be made by a function, for one that is there cannot be copied', got, cure);
}

/**
 * Layers one after another, and a norm at the end, if there is one. Where PyTorch copies the layer that it is given, so that all start alike,
 * this takes a function that makes one.
 * `new nn.TransformerEncoder(() => new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16 }), 2)(zeros([5, 3, 8])).shape // => [ 5, 3, 8 ]`
 */
export class TransformerEncoder extends Module {
  layers: TransformerEncoderLayer[];
  norm: LayerNorm | null;

  constructor(layer: () => TransformerEncoderLayer, numLayers: number, norm: LayerNorm | null = null) {
    super();
    this.layers = stackOf('TransformerEncoder', layer, numLayers);
    this.norm = norm;
  }
  override forward(src: Tensor, options: EncoderCallOptions = {}): Tensor {
    const y = this.layers.reduce((x, layer) => layer(x, options), src);
    return this.norm ? this.norm(y) : y;
  }
}

/**
 * Layers one after another, each with the same memory, and a norm at the end, if there is one; see TransformerEncoder.
 * `new nn.TransformerDecoder(() => new nn.TransformerDecoderLayer(8, 2), 2)(zeros([4, 3, 8]), zeros([5, 3, 8])).shape // => [ 4, 3, 8 ]`
 */
export class TransformerDecoder extends Module {
  layers: TransformerDecoderLayer[];
  norm: LayerNorm | null;

  constructor(layer: () => TransformerDecoderLayer, numLayers: number, norm: LayerNorm | null = null) {
    super();
    this.layers = stackOf('TransformerDecoder', layer, numLayers);
    this.norm = norm;
  }
  override forward(tgt: Tensor, memory: Tensor, options: DecoderCallOptions = {}): Tensor {
    const y = this.layers.reduce((x, layer) => layer(x, memory, options), tgt);
    return this.norm ? this.norm(y) : y;
  }
}

export interface TransformerOptions extends TransformerLayerOptions {
  /** 512 if left out. */
  readonly dModel?: number;
  /** 8 if left out. */
  readonly nhead?: number;
  /** 6 if left out. */
  readonly numEncoderLayers?: number;
  /** 6 if left out. */
  readonly numDecoderLayers?: number;
  /** In place of the encoder. */
  readonly customEncoder?: Module & { forward(src: Tensor, options?: EncoderCallOptions): Tensor };
  /** In place of the decoder. */
  readonly customDecoder?: Module & { forward(tgt: Tensor, memory: Tensor, options?: DecoderCallOptions): Tensor };
}

/**
 * Encoder and decoder: src [S, B, E] and tgt [T, B, E] (with batchFirst [B, S, E] and [B, T, E]; without B single sequences) to [T, B, E]. Matrices
 * start as xavierUniform_ has it.
 * ```ts
 * import { nn, zeros } from 'adjoint';
 * const model = new nn.Transformer({ dModel: 8, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 2, dimFeedforward: 16 });
 * console.log(model(zeros([5, 3, 8]), zeros([4, 3, 8]), { tgtIsCausal: true }).shape); // => [ 4, 3, 8 ]
 * ```
 * @throws ShapeError when the batches or sizes of src and tgt differ
 */
export class Transformer extends Module {
  encoder: NonNullable<TransformerOptions['customEncoder']>;
  decoder: NonNullable<TransformerOptions['customDecoder']>;
  dModel: number;
  batchFirst: boolean;

  constructor(options: TransformerOptions = {}) {
    super();
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6, bias = true } = options;
    const { layerNormEps: eps = 1e-5, dtype = 'float32', generator = defaultGenerator } = options;
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, dtype });
    const encoderLayer = (): TransformerEncoderLayer => new TransformerEncoderLayer(dModel, nhead, options);
    const decoderLayer = (): TransformerDecoderLayer => new TransformerDecoderLayer(dModel, nhead, options);
    this.encoder = options.customEncoder ?? new TransformerEncoder(encoderLayer, numEncoderLayers, norm());
    this.decoder = options.customDecoder ?? new TransformerDecoder(decoderLayer, numDecoderLayers, norm());
    this.dModel = dModel;
    this.batchFirst = options.batchFirst ?? false;
    for (const x of this.parameters()) if (x.ndim > 1) xavierUniform_(x, 1, generator);
  }

  /** 1 where a position would look ahead, [T, T]: what tgtIsCausal does by itself. `nn.Transformer.generateSquareSubsequentMask(2).toArray() // => [ [ 0, 1 ], [ 0, 0 ] ]` */
  static generateSquareSubsequentMask(T: number): Tensor {
    return arange(T).unsqueeze(1).lt(arange(T));
  }

  override forward(src: Tensor, tgt: Tensor, options: EncoderCallOptions & DecoderCallOptions = {}): Tensor {
    const { dModel, batchFirst } = this;
    const batch = batchFirst ? 0 : 1;
    const [E, F] = [src, tgt].map((x) => x.shape[x.ndim - 1]);
    if (
      src.ndim !== tgt.ndim ||
      E !== dModel ||
      F !== dModel ||
      (src.ndim === 3 && src.shape[batch] !== tgt.shape[batch])
    ) {
      const rule = batchFirst
        ? `[B, S, ${dModel}] and tgt [B, T, ${dModel}]`
        : `[S, B, ${dModel}] and tgt [T, B, ${dModel}]`;
      throw new ShapeError('Transformer', `src must be ${rule}`, `${showShape(src.shape)} and ${showShape(tgt.shape)}`);
    }
    return this.decoder(tgt, this.encoder(src, options), options);
  }
}
