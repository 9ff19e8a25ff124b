/** The parts of DALL-E, alone and together, on pictures of 8 × 8 pixels in which one quarter has a colour. */
import { describe, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { concat, stack, tensor, zeros } from '../../src/create.ts';
import { CLIP, DALLE, drawPictures, DVAE, predict } from '../../src/models/index.ts';
import type { Module } from '../../src/nn/module.ts';
import { Adam } from '../../src/optim/index.ts';
import type { Tensor } from '../../src/tensor.ts';

const colours = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]; // prettier-ignore
/** A picture [3, 8, 8]: quarter `place` (rows from the top left) in a colour, the rest black. */
function picture(colour: number, place: number): Tensor {
  const x = zeros([3, 8, 8]);
  const quarter = x.index('...', place < 2 ? '0:4' : '4:8', place % 2 === 0 ? '0:4' : '4:8');
  quarter.copy_(tensor(colours[colour]).reshape([3, 1, 1]));
  return x;
}
/** Captions are [colour, place], as tokens 0 … 2 and 3 … 6. */
const scenes = [0, 1, 2].flatMap((colour) => [0, 1, 2, 3].map((place) => ({ colour, place })));
const unseen = scenes.filter(({ colour, place }) => (colour === 0 && place === 3) || (colour === 2 && place === 0));
const seen = scenes.filter((scene) => !unseen.includes(scene));
const imagesOf = (some: typeof scenes) => stack(some.map(({ colour, place }) => picture(colour, place)));
const captionOf = ({ colour, place }: (typeof scenes)[number]) => [colour, 3 + place];
const captionsOf = (some: typeof scenes) => tensor(some.map(captionOf));
function fit(model: Module, steps: number, lr: number, loss: (progress: number) => Tensor): void {
  const optimizer = new Adam(model.parameters(), { lr });
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad();
    loss(step / steps).backward();
    optimizer.step();
  }
}

describe('a caption becomes a picture', () => {
  const generator = new Generator(1);
  const dvae = new DVAE({ size: 8, codes: 16, width: 16, nEmbd: 8 }, { generator });
  const model = new DALLE(
    { captionVocab: 7, captionLength: 2, codes: 16, imageLength: 4, nLayer: 1, nHead: 2, nEmbd: 32 },
    { generator },
  );
  const clip = new CLIP({ size: 8, width: 8, vocabSize: 7, blockSize: 2, nLayer: 1, nHead: 2, nEmbd: 16, dim: 16 }, { generator }); // prettier-ignore
  const images = imagesOf(seen);

  test('the dVAE learns codes for quarters, and brings pictures back from them', { timeout: 60_000 }, () => {
    fit(dvae, 150, 0.01, (progress) => dvae.loss(images, { tau: 2 * Math.exp(-3 * progress) }));
    const all = imagesOf(scenes);
    expect(dvae.decode(dvae.encode(all)).sub(all).square().mean().item()).toBeLessThan(0.06); // a black picture is off by 0.08
    expect(new Set(dvae.encode(all).flatten().toTypedArray()).size).toBeGreaterThanOrEqual(4);
  });

  test('the transformer draws what captions say', { timeout: 60_000 }, () => {
    const codes = dvae.encode(images);
    fit(model, 150, 0.01, () => model.loss(captionsOf(seen), codes));
    const right = seen.filter((scene, i) => {
      const drawn = drawPictures({ model, dvae }, captionOf(scene), { temperature: 0 }); // as well as the dVAE can
      return (
        dvae
          .decode(codes.narrow(0, i, 1))
          .sub(drawn)
          .abs()
          .amax()
          .item() < 1e-6
      );
    });
    expect(right.length).toBeGreaterThanOrEqual(9); // of 10
  });

  test(
    'CLIP learns which caption belongs to which picture, and puts the best of several first',
    { timeout: 60_000 },
    () => {
      fit(clip, 100, 0.01, () => clip.loss(images, captionsOf(seen)));
      const all = predict(clip, imagesOf(scenes), captionsOf(scenes));
      const right = all.argmax(1).eq(tensor(scenes.map((_, i) => i))).sum().item(); // prettier-ignore
      expect(right).toBeGreaterThanOrEqual(10);
      const caption = captionOf(seen[5]);
      const options = { count: 8, temperature: 3, generator: new Generator(2) };
      const pictures = drawPictures({ model, dvae, clip }, caption, options);
      const scores = predict(clip, pictures, tensor([caption]))
        .flatten()
        .toArray() as number[];
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      expect(scores[0]).toBeGreaterThan(scores[7]);
      const unsorted = drawPictures({ model, dvae }, caption, { ...options, generator: new Generator(2) });
      expect(unsorted.sum().item()).toBeAllClose(pictures.sum().item(), { rtol: 1e-4 });
    },
  );
});

describe('DALL-E', () => {
  const config = { captionVocab: 5, captionLength: 2, codes: 4, imageLength: 3, nLayer: 1, nHead: 1, nEmbd: 8 };
  const model = new DALLE(config, { dtype: 'float64' });

  test('expects caption tokens in captions only, and image tokens in images only, with the cache too', () => {
    const tokens = tensor([[1, 2, 5, 8]]);
    const p = model(tokens).softmax(-1).select(0, 0); // [4, 9]
    expect(p.narrow(1, 0, 5).sum(1)).toBeAllClose([1, 0, 0, 0]);
    expect(p.narrow(1, 5, 4).sum(1)).toBeAllClose([0, 1, 1, 1]);
    const cache = model.newState();
    const parts = [0, 1, 2, 3].map((t) => model(tokens.narrow(1, t, 1), cache));
    expect(concat(parts, 1).softmax(-1).select(0, 0)).toBeAllClose(p, { rtol: 1e-9 });
  });

  test("'s loss counts images 7 times as much as captions", () => {
    const [captions, codes] = [tensor([[1, 2], [0, 4]]), tensor([[0, 3, 1], [2, 2, 0]])]; // prettier-ignore
    const tokens = concat([captions, codes.add(5)], 1);
    const logP = model(tokens).logSoftmax(-1);
    const at = (t: number) => logP.select(1, t - 1).gather(1, tokens.narrow(1, t, 1)).mean().item(); // prettier-ignore
    const wanted = -(at(1) + (7 * (at(2) + at(3) + at(4))) / 3) / 8;
    expect(model.loss(captions, codes).item()).toBeAllClose(wanted, { rtol: 1e-9 });
    expect(() => model.loss(captions, codes.narrow(1, 0, 2))).toThrow('captions must be [N, 2] and codes [N, 3]');
  });

  test('draws only with a DVAE that fits, and for captions that do', () => {
    const dvae = new DVAE({ size: 8, codes: 4, width: 4, nEmbd: 4 });
    expect(() => drawPictures({ model, dvae }, [1, 2])).toThrow(
      'drawPictures: the DVAE must have 4 codes and 3 places, got 4 and 4',
    );
    const fitting = new DALLE({ ...config, imageLength: 4 });
    expect(() => drawPictures({ model: fitting, dvae }, [1])).toThrow(
      'captions must have 2 tokens, got 1; fill or cut them',
    );
    expect(drawPictures({ model: fitting, dvae }, [1, 2], { count: 3 }).shape).toEqual([3, 3, 8, 8]);
  });
});

describe('a DVAE', () => {
  const make = () =>
    new DVAE({ size: 8, codes: 5, width: 4, nEmbd: 4 }, { generator: new Generator(1), dtype: 'float64' });
  const images = imagesOf(scenes.slice(0, 3)).to('float64');

  test('at a low temperature is what encode and decode are', () => {
    const model = make();
    const sharp = model.logits(images).mul(1e6).softmax(-1);
    expect(model.image(sharp)).toBeAllClose(model.decode(model.encode(images)), { rtol: 1e-9 });
    expect(model.encode(images).shape).toEqual([3, 4]);
    expect(model.decode(model.encode(images)).requiresGrad).toBe(false);
  });

  test('gives every parameter a gradient, also when one code is taken', () => {
    for (const hard of [false, true]) {
      const model = make();
      model.loss(images, { hard, klWeight: 0.1 }).backward();
      for (const p of model.parameters()) expect(p.grad!.abs().amax().item()).toBeGreaterThan(0);
    }
  });

  test("'s divergence is 0 where all codes are as likely, and log K where one is sure", () => {
    const [model, { config }] = [make(), make()];
    const kl = () => {
      model.generator.seed(3);
      const without = model.loss(images).item();
      model.generator.seed(3);
      return model.loss(images, { klWeight: 1 }).item() - without;
    };
    model.toLogits.weight.detach().zero_();
    model.toLogits.bias!.detach().zero_();
    expect(kl()).toBeAllClose(0, { atol: 1e-12 });
    model.toLogits.bias!.detach().select(0, 2).fill_(1000);
    expect(kl()).toBeAllClose(Math.log(config.codes), { rtol: 1e-9 });
  });

  test('refuses what does not fit', () => {
    expect(() => new DVAE({ size: 10, codes: 4 })).toThrow('DVAE: size must be a multiple of 2^halvings = 4, got 10');
    expect(() => make()(zeros([1, 3, 4, 4]))).toThrow('DVAE: images must be [N, 3, 8, 8], got [1, 3, 4, 4]');
    expect(() => make().decode(zeros([1, 3]))).toThrow('DVAE: tokens must be [N, 4], got [1, 3]');
  });
});

describe('CLIP', () => {
  test("'s loss is that of both choices, and its vectors have length 1", () => {
    const model = new CLIP({ size: 8, vocabSize: 7, blockSize: 2 }, { dtype: 'float64', generator: new Generator(1) });
    const [images, captions] = [imagesOf(scenes).to('float64'), captionsOf(scenes)];
    const logits = model(images, captions).detach();
    const both = [1, 0].map((dim) => logits.logSoftmax(dim).mul(tensor(scenes.map((_, i) => i)).oneHot(12)).sum().item() / -12); // prettier-ignore
    expect(model.loss(images, captions).item()).toBeAllClose((both[0] + both[1]) / 2, { rtol: 1e-9 });
    expect(model.encodeImages(images).square().sum(1)).toBeAllClose(Array<number>(12).fill(1));
    expect(() => model.loss(images, captionsOf(seen))).toThrow(
      'CLIP: there must be one caption an image, got 12 images',
    );
    expect(() => model(zeros([1, 3, 4, 4]), captions)).toThrow('CLIP: images must be [N, 3, 8, 8]');
    expect(() => new CLIP({ size: 12, vocabSize: 7, blockSize: 2 })).toThrow('size must be a multiple of 8');
  });
});
