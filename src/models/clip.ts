/**
 * CLIP, small: an encoder of images and one of captions whose vectors point the same way if the two belong together
 * (Radford et al., 2021). It chooses among the pictures that DALL-E draws.
 *
 * N batch · T caption tokens · E width of the common space
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { arange, full } from '../create.ts';
import * as nn from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { BERT } from './bert.ts';
import { checkConfig, type MakeOptions } from './config.ts';

const F = nn.functional;

export interface CLIPConfig {
  /** Channels of the images. 3 if left out. */
  readonly channels?: number;
  /** Height and width of the images; a multiple of 8. */
  readonly size: number;
  /** Channels of the first convolution. 32 if left out. */
  readonly width?: number;
  /** Number of different caption tokens. */
  readonly vocabSize: number;
  /** Most tokens in a caption. */
  readonly blockSize: number;
  /** Of the caption encoder, a small BERT: layers, heads and width. 2, 4 and 64 if left out. */
  readonly nLayer?: number;
  readonly nHead?: number;
  readonly nEmbd?: number;
  /** Width of the common space, E. 64 if left out. */
  readonly dim?: number;
}

/**
 * Images [N, channels, size, size] and captions [M, T] to how well each image suits each caption: exp(scale) times the cosines
 * of their vectors, [N, M]. `loss` trains it on pairs.
 * ```ts
 * import { zeros } from 'adjoint';
 * import { CLIP } from 'adjoint/models';
 * const model = new CLIP({ size: 16, vocabSize: 20, blockSize: 6 });
 * console.log(model(zeros([2, 3, 16, 16]), zeros([3, 6])).shape); // => [ 2, 3 ]
 * ```
 * @throws ShapeError for images of another size, or captions that are too long
 */
export class CLIP extends nn.Module {
  config: Required<CLIPConfig>;
  image: { convs: nn.Conv2d[]; proj: nn.Linear };
  text: { bert: BERT; proj: nn.Linear };
  logit_scale: Tensor;

  constructor(config: CLIPConfig, make: MakeOptions = {}) {
    super();
    this.config = { channels: 3, width: 32, nLayer: 2, nHead: 4, nEmbd: 64, dim: 64, ...config };
    const { channels, size, width, vocabSize, blockSize, nLayer, nHead, nEmbd, dim } = this.config;
    checkConfig('CLIP', this.config, ['channels', 'size', 'width', 'dim']);
    if (size % 8 !== 0)
      throw new ValueError('CLIP', 'size must be a multiple of 8, for it is halved three times', `${size}`);
    const conv = (inputs: number, outputs: number): nn.Conv2d =>
      new nn.Conv2d(inputs, outputs, 4, { ...make, stride: 2, padding: 1 });
    this.image = {
      convs: [conv(channels, width), conv(width, 2 * width), conv(2 * width, 2 * width)],
      proj: new nn.Linear(2 * width * (size / 8) ** 2, dim, make),
    };
    const bert = new BERT({ vocabSize, blockSize, nLayer, nHead, nEmbd, segments: 1, dropout: 0 }, make);
    this.text = { bert, proj: new nn.Linear(nEmbd, dim, make) };
    this.logit_scale = nn.parameter(full([], Math.log(1 / 0.07), make));
  }

  /** Vectors of length 1 for images, [N, E]. */
  encodeImages(images: Tensor): Tensor {
    const { channels, size } = this.config;
    if (images.ndim !== 4 || images.shape.slice(1).join() !== [channels, size, size].join()) {
      throw new ShapeError('CLIP', `images must be [N, ${channels}, ${size}, ${size}]`, showShape(images.shape));
    }
    const x = this.image.convs.reduce((y, conv) => conv(y).relu(), images); // [N, 2·width, size/8, size/8]
    return F.normalize(this.image.proj(x.flatten(1))); // [N, E]
  }
  /** Vectors of length 1 for captions, [M, E]. */
  encodeCaptions(captions: Tensor): Tensor {
    const { bert, proj } = this.text;
    return F.normalize(proj(bert.pool(bert(captions)))); // [M, E]
  }
  override forward(images: Tensor, captions: Tensor): Tensor {
    const scale = this.logit_scale.clamp(-Infinity, Math.log(100)).exp();
    return this.encodeImages(images).matmul(this.encodeCaptions(captions).t()).mul(scale); // [N, M]
  }

  /** Mean of two cross-entropies for N pairs: which caption belongs to an image, and which image to a caption. */
  loss(images: Tensor, captions: Tensor): Tensor {
    const logits = this.forward(images, captions);
    const [N, M] = logits.shape;
    if (N !== M) throw new ShapeError('CLIP', 'there must be one caption an image', `${N} images and ${M} captions`);
    const own = arange(N);
    return F.crossEntropy(logits, own).add(F.crossEntropy(logits.t(), own)).div(2);
  }
}
