/**
 * Discrete VAE: images as grids of tokens, and back (Ramesh et al., 2021, 2.1; van den Oord et al., 2017). An encoder gives
 * logits over a codebook for each place of the grid, a draw from them (Gumbel-softmax, so that gradients pass; Jang et al.,
 * 2017) takes a vector from the codebook, and a decoder makes the image of the vectors.
 *
 * N batch · H, W height and width of images · h, w of the grid · L = h·w · K codes · D width of a code
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { noGrad } from '../engine.ts';
import * as nn from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { checkConfig, type MakeOptions } from './config.ts';

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
  /** Channels between the convolutions. 32 if left out. */
  readonly width?: number;
}

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
  encoder: nn.Conv2d[];
  toLogits: nn.Conv2d;
  codebook: nn.Embedding;
  fromCodes: nn.Conv2d;
  decoder: nn.ConvTranspose2d[];
  toImage: nn.Conv2d;
  generator: Generator;

  constructor(config: DVAEConfig, make: MakeOptions = {}) {
    super();
    this.config = { channels: 3, halvings: 2, nEmbd: 32, width: 32, ...config };
    const { channels, size, halvings, codes: K, nEmbd: D, width } = this.config;
    checkConfig('DVAE', this.config, ['channels', 'size', 'halvings', 'codes', 'nEmbd', 'width']);
    if (size % 2 ** halvings !== 0) {
      throw new ValueError('DVAE', `size must be a multiple of 2^halvings = ${2 ** halvings}`, `${size}`);
    }
    const half = { ...make, stride: 2, padding: 1 };
    const times = Array.from({ length: halvings }, (_, i) => i);
    this.encoder = times.map((i) => new nn.Conv2d(i === 0 ? channels : width, width, 4, half));
    this.toLogits = new nn.Conv2d(width, K, 1, make);
    this.codebook = new nn.Embedding(K, D, make);
    this.fromCodes = new nn.Conv2d(D, width, 3, { ...make, padding: 1 });
    this.decoder = times.map(() => new nn.ConvTranspose2d(width, width, 4, half));
    this.toImage = new nn.Conv2d(width, channels, 1, make);
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
    const x = this.encoder.reduce((y, layer) => layer(y).relu(), images); // [N, width, h, w]
    return this.toLogits(x).flatten(2).reshape([images.shape[0], K, -1]).transpose(1, 2); // [N, L, K]
  }

  /** The image of weights [N, L, K] over the codes; one-hot ones stand for tokens. */
  image(weights: Tensor): Tensor {
    const [N, , K] = weights.shape;
    const { grid, config } = this;
    const codes = weights.reshape([-1, K]).matmul(this.codebook.weight); // [N·L, D]
    let x = codes.reshape([N, grid, grid, config.nEmbd]).permute(0, 3, 1, 2); // [N, D, h, w]
    x = this.fromCodes(x).relu(); // [N, width, h, w]
    x = this.decoder.reduce((y, layer) => layer(y).relu(), x); // [N, width, H, W]
    return this.toImage(x); // [N, channels, H, W]
  }

  override forward(images: Tensor, { tau = 1, hard = false }: DVAEOptions = {}): Tensor {
    return this.image(F.gumbelSoftmax(this.logits(images), { tau, hard, generator: this.generator }));
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

  /** The likeliest code of each place, images to tokens [N, L]. */
  encode(images: Tensor): Tensor {
    return noGrad(() => this.logits(images).argmax(-1));
  }
  /** The images of tokens [N, L]. */
  decode(tokens: Tensor): Tensor {
    const L = this.grid ** 2;
    if (tokens.ndim !== 2 || tokens.shape[1] !== L) {
      throw new ShapeError('DVAE', `tokens must be [N, ${L}]`, showShape(tokens.shape));
    }
    return noGrad(() => this.image(tokens.oneHot(this.config.codes).to(this.codebook.weight.dtype)));
  }
}
