/**
 * Discrete VAE: images as grids of tokens, and back (Ramesh et al., 2021, 2.1; van den Oord et al., 2017). An encoder gives
 * logits over a codebook for each place of the grid, a draw from them (Gumbel-softmax, so that gradients pass; Jang et al.,
 * 2017) takes a vector from the codebook, and a decoder makes the image of the vectors.
 *
 * Two things differ from the paper's, for small models. The logits of each code have mean 0 and a fixed deviation over the
 * places of a batch: without that, a code that leads early is soon the likeliest everywhere, and only a few stay in use. And
 * each place is encoded from its own square of pixels alone, so that equal squares have equal codes, and what is to be learned
 * about codes is simple; only the decoder looks at what is around.
 *
 * N batch · H, W height and width of images · h, w of the grid · L = h·w · K codes · D width of a code · C channels of the grid
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import * as nn from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { checkConfig, type MakeOptions } from './config.ts';
import { evaluating } from './predict.ts';

const F = nn.functional;

export interface DVAEConfig {
  /** Channels of the images. 3 if left out. */
  readonly channels?: number;
  /** Height and width of the images; a multiple of 2^halvings. */
  readonly size: number;
  /** How often height and width are halved: the grid is size/2^halvings. 2 if left out. */
  readonly halvings?: number;
  /** Size of the codebook, K. */
  readonly codes: number;
  /** Width of a code, D. 32 if left out. */
  readonly nEmbd?: number;
  /** Channels at full height and width; each halving doubles them. 16 if left out. */
  readonly width?: number;
  /** Residual layers on the grid: 1 × 1 in the encoder, 3 × 3 in the decoder. 1 if left out. */
  readonly blocks?: number;
}

/** Standard deviation of the logits of a code: so large that a place can be sure of its code, against Gumbel's 1.28. */
const LOGIT_SCALE = 8;

export interface DVAEOptions {
  /** Temperature of the draw: near 0 it is a choice of one code, above it a mixture. 1 if left out. */
  readonly tau?: number;
  /** Whether one code is taken, with the gradient of the mixture. false if left out. */
  readonly hard?: boolean;
}

/**
 * Images [N, channels, size, size], best from 0 to 1, to their reconstructions, by way of codes. Train it by `loss`, and lower
 * `tau` as training goes on; `encode` and `decode` then go between images and tokens.
 * ```ts
 * import { zeros } from 'adjoint';
 * import { DVAE } from 'adjoint/models';
 * const model = new DVAE({ size: 16, codes: 20 });
 * const images = zeros([2, 3, 16, 16]);
 * model.loss(images, { tau: 0.9 }).backward();
 * const tokens = model.encode(images);
 * console.log(tokens.shape, model.decode(tokens).shape); // => [ 2, 16 ] [ 2, 3, 16, 16 ]
 * ```
 * @throws ShapeError for images of another size
 */
export class DVAE extends nn.Module {
  config: Required<DVAEConfig>;
  encoder: { down: nn.Conv2d[]; blocks: nn.Conv2d[]; toLogits: nn.Conv2d; norm: nn.BatchNorm2d };
  codebook: nn.Embedding;
  decoder: { fromCodes: nn.Conv2d; blocks: nn.Conv2d[]; up: nn.ConvTranspose2d[]; toImage: nn.Conv2d };
  generator: Generator;

  constructor(config: DVAEConfig, make: MakeOptions = {}) {
    super();
    this.config = { channels: 3, halvings: 2, nEmbd: 32, width: 16, blocks: 1, ...config };
    const { channels, size, halvings, codes: K, nEmbd: D, width, blocks } = this.config;
    checkConfig('DVAE', this.config, ['channels', 'size', 'halvings', 'codes', 'nEmbd', 'width', 'blocks']);
    if (size % 2 ** halvings !== 0) {
      throw new ValueError('DVAE', `size must be a multiple of 2^halvings = ${2 ** halvings}`, `${size}`);
    }
    const C = width * 2 ** halvings;
    const times = Array.from({ length: halvings }, (_, i) => i);
    const onGrid = (kernel: number): nn.Conv2d[] =>
      Array.from({ length: blocks }, () => new nn.Conv2d(C, C, kernel, { ...make, padding: 'same' }));
    this.encoder = {
      down: times.map((i) => {
        const inputs = i === 0 ? channels : width * 2 ** i;
        return new nn.Conv2d(inputs, width * 2 ** (i + 1), 2, { ...make, stride: 2 });
      }),
      blocks: onGrid(1),
      toLogits: new nn.Conv2d(C, K, 1, { ...make, bias: false }),
      norm: new nn.BatchNorm2d(K, { ...make, affine: false }),
    };
    this.codebook = new nn.Embedding(K, D, make);
    this.decoder = {
      fromCodes: new nn.Conv2d(D, C, 1, make),
      blocks: onGrid(3),
      up: times.map((i) => new nn.ConvTranspose2d(C / 2 ** i, C / 2 ** (i + 1), 4, { ...make, stride: 2, padding: 1 })),
      toImage: new nn.Conv2d(width, channels, 1, make),
    };
    this.generator = make.generator ?? defaultGenerator;
  }

  /** Height and width of the grid of codes. */
  get grid(): number {
    return this.config.size / 2 ** this.config.halvings;
  }

  /** Logits [N, L, K] over the codes for each place, in rows from the top left. */
  logits(images: Tensor): Tensor {
    const { channels, size, codes: K } = this.config;
    if (images.ndim !== 4 || images.shape.slice(1).join() !== [channels, size, size].join()) {
      throw new ShapeError('DVAE', `images must be [N, ${channels}, ${size}, ${size}]`, showShape(images.shape));
    }
    const { down, blocks, toLogits, norm } = this.encoder;
    let x = down.reduce((y, conv) => conv(y).relu(), images); // [N, C, h, w]
    x = blocks.reduce((y, conv) => y.add(conv(y).relu()), x);
    const logits = norm(toLogits(x)).mul(LOGIT_SCALE); // [N, K, h, w]
    return logits.reshape([images.shape[0], K, -1]).transpose(1, 2); // [N, L, K]
  }

  /** The image of weights [N, L, K] over the codes; one-hot ones stand for tokens. */
  image(weights: Tensor): Tensor {
    const [N, , K] = weights.shape;
    const { grid, config } = this;
    const { fromCodes, blocks, up, toImage } = this.decoder;
    const codes = weights.reshape([-1, K]).matmul(this.codebook.weight); // [N·L, D]
    let x = codes.reshape([N, grid, grid, config.nEmbd]).permute(0, 3, 1, 2); // [N, D, h, w]
    x = fromCodes(x).relu(); // [N, C, h, w]
    x = blocks.reduce((y, conv) => y.add(conv(y).relu()), x);
    x = up.reduce((y, conv) => conv(y).relu(), x); // [N, width, H, W]
    return toImage(x); // [N, channels, H, W]
  }

  /** Images again: through codes that are drawn in training, and through the likeliest ones in evaluation. */
  override forward(images: Tensor, { tau = 1, hard = false }: DVAEOptions = {}): Tensor {
    const logits = this.logits(images);
    if (!this.training) return this.image(this.chosen(logits.argmax(-1)));
    return this.image(F.gumbelSoftmax(logits, { tau, hard, generator: this.generator }));
  }

  /**
   * Squared error of the reconstruction, mean over pixels, and klWeight times the mean KL divergence of a place's
   * probabilities from equal ones, log K − entropy, which keeps codes in use.
   */
  loss(
    images: Tensor,
    { tau = 1, hard = false, klWeight = 0 }: DVAEOptions & { readonly klWeight?: number } = {},
  ): Tensor {
    const logits = this.logits(images); // [N, L, K]
    const reconstruction = this.image(F.gumbelSoftmax(logits, { tau, hard, generator: this.generator }));
    const error = F.mseLoss(reconstruction, images);
    if (klWeight === 0) return error;
    const logP = logits.logSoftmax(-1);
    const kl = logP.exp().mul(logP).sum(-1).mean().add(Math.log(this.config.codes));
    return error.add(kl.mul(klWeight));
  }

  /** The likeliest code of each place, in evaluation mode: images to tokens [N, L]. */
  encode(images: Tensor): Tensor {
    return evaluating(this, () => this.logits(images).argmax(-1));
  }
  /** The images of tokens [N, L]. */
  decode(tokens: Tensor): Tensor {
    const L = this.grid ** 2;
    if (tokens.ndim !== 2 || tokens.shape[1] !== L) {
      throw new ShapeError('DVAE', `tokens must be [N, ${L}]`, showShape(tokens.shape));
    }
    return evaluating(this, () => this.image(this.chosen(tokens)));
  }
  /** Tokens [N, L] as weights over the codes, all in one of them, [N, L, K]. */
  private chosen(tokens: Tensor): Tensor {
    return tokens.oneHot(this.config.codes).to(this.codebook.weight.dtype);
  }
}
