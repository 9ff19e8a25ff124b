/** The three models that together make pictures of captions (Ramesh et al., 2021), as one that can be kept in one folder. */
import type { Tensor } from '../tensor.ts';
import * as nn from '../nn/index.ts';
import { CLIP, type CLIPConfig } from './clip.ts';
import type { MakeOptions } from './config.ts';
import { DALLE, drawPictures, type DALLEConfig, type DrawOptions } from './dalle.ts';
import { DVAE, type DVAEConfig } from './dvae.ts';

export interface TextToImageConfig {
  readonly dvae: DVAEConfig;
  readonly dalle: DALLEConfig;
  readonly clip: CLIPConfig;
}

/**
 * A DVAE, a DALLE that writes its codes, and a CLIP that chooses. They are trained one after another, each by its own `loss`.
 * ```ts
 * import { TextToImage } from 'adjoint/models';
 * const model = new TextToImage({
 *   dvae: { size: 8, codes: 20 },
 *   dalle: { captionVocab: 9, captionLength: 3, codes: 20, imageLength: 4, nLayer: 1, nHead: 2, nEmbd: 16 },
 *   clip: { size: 8, vocabSize: 9, blockSize: 3 },
 * });
 * console.log(model.draw([5, 7, 0], { count: 2 }).shape); // => [ 2, 3, 8, 8 ]
 * ```
 */
export class TextToImage extends nn.Module {
  config: TextToImageConfig;
  dvae: DVAE;
  dalle: DALLE;
  clip: CLIP;

  constructor(config: TextToImageConfig, make: MakeOptions = {}) {
    super();
    this.config = config;
    this.dvae = new DVAE(config.dvae, make);
    this.dalle = new DALLE(config.dalle, make);
    this.clip = new CLIP(config.clip, make);
  }

  /** Pictures [count, channels, size, size] for a caption of tokens, those that suit it best first. */
  draw(caption: readonly number[], options: DrawOptions = {}): Tensor {
    return drawPictures({ model: this.dalle, dvae: this.dvae, clip: this.clip }, caption, options);
  }
  /** As `draw`. */
  override forward(caption: readonly number[], options: DrawOptions = {}): Tensor {
    return this.draw(caption, options);
  }
}
