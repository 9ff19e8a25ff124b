/**
 * DALL-E on drawn scenes: a dVAE learns a codebook of pictures, a GPT learns to write codes after captions, and a CLIP to choose
 * among what it draws. One caption in ten is held back; of those, it is counted how many pictures show what was asked for.
 *
 *     npx tsx docs/recipes/scenes-dalle.ts [--out DIR]     # DIR gets the three models
 */
import { join } from 'node:path';
import { stack, tensor, type Tensor } from 'adjoint';
import { drawScene, sceneOf, shapeCaptions, showsCaption } from 'adjoint/data';
import { CLIP, DALLE, drawPictures, DVAE } from 'adjoint/models';
import { save } from 'adjoint/models/folder';
import { generator, options, seconds, seed, trainer } from './common.ts';

const side = 32; // of a picture, in pixels
const codes = 256;
const scale = Number(options.steps ?? 3500) / 3500; // --steps are those of the GPT; the others go along
const steps = { dvae: Math.round(2200 * scale), dalle: Math.round(3500 * scale), clip: Math.round(2000 * scale) };

const captions = shapeCaptions();
const order = generator.permutation(captions.length).map((i) => captions[i]);
const [heldBack, train] = [order.slice(0, captions.length / 10), order.slice(captions.length / 10)];

// Captions as tokens, one a word; 0 fills them up.
const words = ['', ...new Set(captions.flatMap((caption) => caption.split(' ')))];
const T = Math.max(...captions.map((caption) => caption.split(' ').length));
const encode = (caption: string): number[] => {
  const tokens = caption.split(' ').map((word) => words.indexOf(word));
  return [...tokens, ...Array<number>(T - tokens.length).fill(0)];
};
/** B captions that differ, their tokens [B, T], and a new picture of each [B, 3, 32, 32]. */
function batch(B: number): { tokens: Tensor; images: Tensor } {
  const some = generator.permutation(train.length).slice(0, B).map((i) => train[i]); // prettier-ignore
  return {
    tokens: tensor(some.map(encode)),
    images: stack(some.map((caption) => drawScene(sceneOf(caption), generator))),
  };
}

const dvae = new DVAE({ size: side, codes, width: 24, blocks: 2 });
const L = dvae.grid ** 2;
const model = new DALLE({
  captionVocab: words.length,
  captionLength: T,
  codes,
  imageLength: L,
  nLayer: 3,
  nHead: 4,
  nEmbd: 96,
});
const clip = new CLIP({ size: side, vocabSize: words.length, blockSize: T });
console.log(
  `dVAE ${dvae.parameterCount()}, GPT ${model.parameterCount()}, CLIP ${clip.parameterCount()} parameters, seed ${seed}`,
);

/** Trains one of the three, and tells of ten steps on the way. */
function train1(
  name: string,
  part: Parameters<typeof trainer>[0],
  n: number,
  lr: number,
  loss: (progress: number) => Tensor,
): void {
  const step1 = trainer(part, { lr, steps: n, weightDecay: 0.01 });
  for (let step = 0; step < n; step++) {
    const value = step1(step, () => loss(step / n));
    if ((step + 1) % Math.ceil(n / 10) === 0)
      console.log(`${name} step ${step + 1}  loss ${value.toFixed(4)}  ${seconds()}`);
  }
}
train1('dVAE', dvae, steps.dvae, 4e-3, (progress) => dvae.loss(batch(8).images, { tau: (1 / 16) ** progress }));
train1('GPT', model, steps.dalle, 3e-3, () => {
  const { tokens, images } = batch(16);
  return model.loss(tokens, dvae.encode(images));
});
train1('CLIP', clip, steps.clip, 2e-3, () => {
  const { tokens, images } = batch(32);
  return clip.loss(images, tokens);
});

const asked = heldBack.slice(0, 100);
let [first, best] = [0, 0];
for (const caption of asked) {
  const draw = { count: 8, topP: 0.9, generator };
  const pictures = drawPictures({ model, dvae, clip }, encode(caption), draw).unbind();
  best += showsCaption(pictures[0], caption) ? 1 : 0;
  first += pictures.filter((picture) => showsCaption(picture, caption)).length / pictures.length;
}
console.log(
  `of ${asked.length} captions not seen: ${best} pictures right that CLIP chose of 8, ${first.toFixed(0)} of any, ${seconds()}`,
);
if (options.out !== undefined) {
  for (const [name, part] of Object.entries({ dvae, dalle: model, clip })) save(join(options.out, name), part);
}
