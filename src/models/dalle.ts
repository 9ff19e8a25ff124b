/**
 * DALL-E: a GPT over the tokens of a caption followed by those of an image (Ramesh et al., 2021). Image tokens are the codes
 * of a DVAE; a CLIP chooses among the pictures that come of it.
 *
 * N batch · T caption tokens · L image tokens · V caption vocabulary · K codes
 */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import type { Generator } from '../array/random.ts';
import { arange, tensor } from '../create.ts';
import * as nn from '../nn/index.ts';
import { concat, type Tensor } from '../tensor.ts';
import type { CLIP } from './clip.ts';
import { checkConfig, type MakeOptions } from './config.ts';
import type { DVAE } from './dvae.ts';
import { generate, type SampleOptions } from './generate.ts';
import { GPT, type KeyValues } from './gpt.ts';
import { tokenLoss } from './language.ts';
import { predict } from './predict.ts';

export interface DALLEConfig {
  /** Number of different caption tokens, V; one of them fills captions up. */
  readonly captionVocab: number;
  /** Tokens of every caption, T. */
  readonly captionLength: number;
  /** Number of codes, K. */
  readonly codes: number;
  /** Tokens of an image, L. */
  readonly imageLength: number;
  /** Layers, heads and width of the GPT. */
  readonly nLayer: number;
  readonly nHead: number;
  readonly nEmbd: number;
  /** 0 if left out. */
  readonly dropout?: number;
}

/**
 * Rows of T caption tokens and up to L image tokens (a code c is the token V + c), to logits [N, T + L, V + K]. Where an image
 * token comes next no caption token can, and the other way around; so `generate` after a caption draws an image's tokens.
 * ```ts
 * import { tensor, zeros } from 'adjoint';
 * import { DALLE, drawPictures, DVAE } from 'adjoint/models';
 * const dvae = new DVAE({ size: 8, codes: 20 }); // … and trained
 * const model = new DALLE({ captionVocab: 9, captionLength: 3, codes: 20, imageLength: 4, nLayer: 1, nHead: 2, nEmbd: 16 });
 * model.loss(tensor([[5, 7, 0]]), dvae.encode(zeros([1, 3, 8, 8]))).backward();
 * console.log(drawPictures({ model, dvae }, [5, 7, 0], { count: 2 }).shape); // => [ 2, 3, 8, 8 ]
 * ```
 */
export class DALLE extends nn.Module {
  config: Required<DALLEConfig>;
  gpt: GPT;

  constructor(config: DALLEConfig, make: MakeOptions = {}) {
    super();
    this.config = { dropout: 0, ...config };
    checkConfig('DALLE', this.config, ['captionVocab', 'captionLength', 'codes', 'imageLength']);
    const { captionVocab, captionLength, codes, imageLength, nLayer, nHead, nEmbd, dropout } = this.config;
    const sizes = { vocabSize: captionVocab + codes, blockSize: captionLength + imageLength };
    this.gpt = new GPT({ ...sizes, nLayer, nHead, nEmbd, dropout }, make);
  }

  get blockSize(): number {
    return this.gpt.blockSize;
  }
  /** An empty key–value cache. */
  newState(): KeyValues[] {
    return this.gpt.newState();
  }
  override forward(tokens: Tensor, cache?: KeyValues[]): Tensor {
    const { captionVocab: V, captionLength: T, codes: K } = this.config;
    const past = cache?.[0].k?.shape[2] ?? 0;
    const logits = this.gpt(tokens, cache);
    const next = arange(past + 1, past + tokens.shape[1] + 1); // the place that logits are about
    const allowed = next
      .ge(T)
      .unsqueeze(1)
      .eq(arange(V + K).ge(V)); // [T + L, V + K]
    return logits.where(allowed, -Infinity);
  }

  /** Cross-entropy of captions [N, T] and of the codes [N, L] of their images; images count 7 times as much, as in the paper. */
  loss(captions: Tensor, codes: Tensor): Tensor {
    const { captionVocab: V, captionLength: T, imageLength: L } = this.config;
    if (captions.shape[1] !== T || codes.shape[1] !== L || captions.shape[0] !== codes.shape[0]) {
      const got = `${showShape(captions.shape)} and ${showShape(codes.shape)}`;
      throw new ShapeError('DALLE', `captions must be [N, ${T}] and codes [N, ${L}]`, got);
    }
    const tokens = concat([captions, codes.add(V)], 1); // [N, T + L]
    const logits = this.forward(tokens.narrow(1, 0, T + L - 1)); // [N, T + L − 1, V + K]
    const image = tokenLoss(logits.narrow(1, T - 1, L), tokens.narrow(1, T, L));
    if (T === 1) return image;
    const caption = tokenLoss(logits.narrow(1, 0, T - 1), tokens.narrow(1, 1, T - 1));
    return caption.add(image.mul(7)).div(8);
  }
}

export interface DrawOptions extends SampleOptions {
  /** How many pictures are drawn. 1 if left out. */
  readonly count?: number;
  readonly generator?: Generator;
}

/**
 * Pictures [count, channels, size, size] for a caption of T tokens; with a CLIP, those that suit it best come first.
 * @throws ValueError when the codes are not the DVAE's, or the caption has another length
 */
export function drawPictures(
  { model, dvae, clip }: { readonly model: DALLE; readonly dvae: DVAE; readonly clip?: CLIP },
  caption: readonly number[],
  { count = 1, ...options }: DrawOptions = {},
): Tensor {
  const { captionVocab: V, captionLength: T, codes: K, imageLength: L } = model.config;
  if (dvae.config.codes !== K || dvae.grid ** 2 !== L) {
    const got = `${dvae.config.codes} and ${dvae.grid ** 2}`;
    throw new ValueError('drawPictures', `the DVAE must have ${K} codes and ${L} places`, got);
  }
  if (caption.length !== T) {
    throw new ValueError('drawPictures', `captions must have ${T} tokens`, `${caption.length}`, 'fill or cut them');
  }
  const prompts = Array.from({ length: count }, () => caption);
  const rows = generate(model, prompts, { ...options, maxNewTokens: L });
  const pictures = dvae.decode(tensor(rows.map((row) => row.slice(T).map((token) => token - V)))); // [count, …]
  if (!clip) return pictures;
  const scores = predict(clip, pictures, tensor([caption]))
    .flatten()
    .toTypedArray(); // [count]
  const best = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
  return pictures.indexSelect(0, tensor(best));
}
