/** Pictures in classes, for the command: where they come from, how a model is fed with them, how well it tells them apart. */
import { readdirSync, statSync } from 'node:fs';
import { nd } from '../array/nd.ts';
import { Generator } from '../array/random.ts';
import {
  DataLoader,
  drawDigits,
  splitImages,
  toUnit,
  warpImages,
  type Dataset,
  type ImageStack,
} from '../data/index.ts';
import { imageFolder } from '../data/imageFolder.ts';
import { readMnist } from '../data/mnist.ts';
import { tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import type { PicturePrediction } from '../inspect/index.ts';
import { MLP } from '../models/index.ts';
import * as nn from '../nn/index.ts';
import { concat, Tensor } from '../tensor.ts';
import { evaluate } from '../train/index.ts';
import type { ImageFacts, ImageRecipe, Net, Settings } from './recipes.ts';
import { scoreClasses } from './scores.ts';
import { sha256, type Judgement, type Plan, type Prepared } from './task.ts';
import { UsageError } from './usage.ts';

/** Pictures of `channels` planes each, one after the other: plane c of picture i is image i · channels + c of the stack. */
export interface Pictures extends ImageStack {
  readonly channels: number;
  readonly labels: readonly number[];
}

export interface ImageData extends ImageFacts {
  readonly name: string;
  readonly labels: readonly string[];
  readonly train: Pictures;
  readonly heldBack: Pictures;
}

/** What is kept with the model, so that pictures of a file can be brought into its form. */
export interface ImagePreprocessing {
  readonly channels: 1 | 3;
  readonly size: number;
  readonly classes: readonly string[];
}

/** Whether `--data` names a folder of folders with pictures, and not one with MNIST's files. */
export const isPictureFolder = (path: string | null): boolean =>
  path !== null &&
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true &&
  !readdirSync(path).some((name) => /idx[13]-ubyte/.test(name));

/** Settings that only folders of pictures have: what others bring along is as it is. */
export const pictureSettings: Settings = { size: 32, channels: 3 };

/** Digits drawn by code, MNIST's files, or a folder with a folder for each class; a fifth is held back if nothing is set apart. */
export async function readImages(path: string | null, settings: Settings): Promise<ImageData> {
  const generator = new Generator(settings['seed']);
  const digits = Array.from({ length: 10 }, (_, i) => `${i}`);
  if (path === null) {
    return ofGrey('digits drawn by code', digits, splitImages(drawDigits(7000, generator), 6000, generator));
  }
  if (isPictureFolder(path)) return readPictureFolder(path, settings, generator);
  const { train, test } = readMnist(path);
  const all = (train ?? test)!;
  const apart = splitImages(all, Math.floor(0.8 * all.labels.length), generator);
  return ofGrey(`MNIST's files in ${path}`, digits, train && test ? { train, heldBack: test } : apart);
}

type Grey = ImageStack & { readonly labels: Uint8Array };

function ofGrey(name: string, labels: readonly string[], sets: { train: Grey; heldBack: Grey }): ImageData {
  const pictures = (set: Grey): Pictures => ({ ...set, channels: 1, labels: [...set.labels] });
  return check({ name, labels, train: pictures(sets.train), heldBack: pictures(sets.heldBack) });
}

async function readPictureFolder(path: string, settings: Settings, generator: Generator): Promise<ImageData> {
  const { size } = settings;
  const channels = settings['channels'] === 1 ? 1 : 3;
  const set = await imageFolder(path, { channels, size });
  const order = generator.permutation(set.length);
  const take = (which: readonly number[]): Pictures => {
    const images = new Uint8Array(which.length * channels * size ** 2);
    const labels = which.map((at, i) => {
      const [image, label] = set.get(at, generator);
      images.set(Uint8Array.from(image.toTypedArray(), (x) => Math.round(255 * x)), i * channels * size ** 2); // prettier-ignore
      return label;
    });
    return { images, labels, channels, rows: size, columns: size };
  };
  const cut = Math.floor(0.8 * set.length);
  const [train, heldBack] = [take(order.slice(0, cut)), take(order.slice(cut))];
  return check({ name: `pictures in ${path}`, labels: set.classes, train, heldBack });
}

function check(data: Omit<ImageData, keyof ImageFacts>): ImageData {
  const { name, labels, train, heldBack } = data;
  const sizes = [train.rows, train.columns, heldBack.rows, heldBack.columns];
  if (new Set(sizes).size > 1) {
    const got = `${train.rows} × ${train.columns} to train on and ${heldBack.rows} × ${heldBack.columns} held back`;
    throw new UsageError(`--data: ${name} must be square and of one size, got ${got}`);
  }
  if (train.labels.length === 0 || heldBack.labels.length === 0 || labels.length < 2) {
    const got = `${train.labels.length + heldBack.labels.length} in ${labels.length} classes`;
    throw new UsageError(`--data: ${name} must be some to train on and some to hold back, in two classes, got ${got}`);
  }
  return { ...data, channels: train.channels, size: train.rows, classes: labels.length };
}

const warps = { rotate: 10, scale: 0.1, shear: 0.1, shift: 1.5 };

/** Item i: picture i as [C, H, W], warped by `warp` times the usual ranges, and its label. */
function dataset(set: Pictures, warp: number): Dataset<[image: Tensor, label: number]> {
  const { channels: C, rows, columns, labels } = set;
  const ranges = Object.fromEntries(Object.entries(warps).map(([name, range]) => [name, warp * range]));
  return {
    length: labels.length,
    get: (i, random) => {
      const seed = random.bits(); // the planes of a picture are warped alike
      const planes = Array.from({ length: C }, (_, c) => warpImages(set, [i * C + c], ranges, new Generator(seed)));
      const pixels = Float32Array.from({ length: C * rows * columns }, (_, p) => planes[Math.floor(p / (rows * columns))][p % (rows * columns)]); // prettier-ignore
      return [new Tensor(nd(pixels, [C, rows, columns])), labels[i]];
    },
  };
}

/** Images [N, C, H, W] to logits [N, classes]. */
export const classify = (model: Net, x: Tensor): Tensor => model.forward(model instanceof MLP ? x.flatten(1) : x);

/** The pictures as they are, 200 at a time. */
function batches(set: Pictures): [x: Tensor, y: Tensor][] {
  const { channels, rows, columns, labels } = set;
  const area = channels * rows * columns;
  const starts = Array.from({ length: Math.ceil(labels.length / 200) }, (_, i) => 200 * i);
  return starts.map((at) => {
    const y = labels.slice(at, at + 200);
    const pixels = toUnit(set.images.subarray(at * area, (at + y.length) * area));
    return [new Tensor(nd(pixels, [y.length, channels, rows, columns])), tensor(y)];
  });
}

export async function prepareImages(
  { data: path, settings }: Plan,
  recipe: ImageRecipe,
  generator: Generator,
): Promise<Prepared> {
  const data = await readImages(path, settings);
  const { channels, size, classes: count, labels: classes, train, heldBack, name } = data;
  const model = recipe.make(settings, { channels, size, classes: count }, generator);
  const held = batches(heldBack);
  return {
    model,
    name,
    fingerprint: sha256(train.images, heldBack.images),
    task: {
      loader: new DataLoader(dataset(train, settings['warp']), {
        batchSize: settings['batch'],
        shuffle: true,
        generator,
      }),
      loss: ([x, y]) => nn.functional.crossEntropy(classify(model, x), y),
      validate: () =>
        evaluate(model, held, ([x, y]) => {
          const logits = classify(model, x);
          return { heldBackLoss: nn.functional.crossEntropy(logits, y), accuracy: logits.argmax(1).eq(y).mean() };
        }),
      judge: () => Promise.resolve(judgePictures(model, heldBack, classes)),
      preprocessing: { channels, size, classes },
    },
  };
}

export async function judgeImages(model: Net, { data, settings }: Plan): Promise<Judgement> {
  const { heldBack, labels } = await readImages(data, settings);
  return judgePictures(model, heldBack, labels);
}

/** How a model does on pictures. */
function judgePictures(model: Net, set: Pictures, classes: readonly string[]): Judgement {
  const logits = concat(batches(set).map(([x]) => noGrad(() => classify(model.eval(), x))));
  const { labels } = set;
  const { loss, accuracy, confusion, guesses, sure, wrong } = scoreClasses(logits, tensor(labels), classes);
  const item = (i: number): PicturePrediction => ({
    pixels: pixelsOf(set, i),
    width: set.columns,
    height: set.rows,
    predicted: classes[guesses[i]],
    actual: classes[labels[i]],
    confidence: sure[i],
  });
  return {
    metrics: { loss, accuracy },
    summary: `${(100 * accuracy).toFixed(2)} % of ${labels.length} pictures right, loss ${loss.toFixed(4)}`,
    details: { classes, confusion: confusion.counts },
    report: {
      confusion,
      predictions: [
        { heading: 'Held-back pictures', items: labels.slice(0, 24).map((_, i) => item(i)) },
        { heading: 'Mistakes, the surest first', items: wrong.slice(0, 24).map(item), ifEmpty: 'None.' },
      ],
    },
  };
}

/** Picture i pixel by pixel, as pictures of a page are. */
function pixelsOf({ images, channels: C, rows, columns }: Pictures, i: number): Uint8Array {
  const area = rows * columns;
  return Uint8Array.from({ length: C * area }, (_, p) => images[i * C * area + (p % C) * area + Math.floor(p / C)]);
}
