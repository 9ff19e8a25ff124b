/** Predictions of pictures, for `adjoint explain`: the picture as a subject, and the methods that only pictures have. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stack, tensor } from '../create.ts';
import { noGrad } from '../engine.ts';
import { readImage } from '../data/imageFolder.ts';
import { toUnit } from '../data/index.ts';
import { gradCam, gridSegments, halvingHierarchy, occlusion, slic, type Model } from '../explain/index.ts';
import * as nn from '../nn/index.ts';
import type { Tensor } from '../tensor.ts';
import { classify, readImages, type ImagePreprocessing, type Pictures } from './imageTask.ts';
import type { Net } from './recipes.ts';
import { inside } from './explainAttributions.ts';
import { layerOf } from './explainLayers.ts';
import type { Item } from './explainPrint.ts';
import type { Method, Options, Rows, Subject, View } from './explainSubject.ts';
import { chooseClass, explained, type Scale } from './explainTarget.ts';
import type { Plan } from './task.ts';
import { UsageError } from './usage.ts';

export interface PictureChoices {
  readonly files: readonly string[];
  /** Which of the held-back pictures, from 1. */
  readonly rows: readonly number[];
  readonly target: string | undefined;
  readonly baseline: string;
  readonly scale: Scale;
  /** A folder with pictures that show a concept. */
  readonly concept: string | undefined;
  /** Superpixels; 0: each pixel on its own. */
  readonly segments: number;
}

export const pictureBaselines = ['zero', 'mean', 'blur'] as const;

/** The pictures that are asked for, each as a subject. The plan says where those of the run are; null for a model without a run. */
export async function pictureSubjects(model: Net, prepared: ImagePreprocessing, plan: Plan | null, choices: PictureChoices): Promise<Subject[]> {
  const { channels, size } = prepared;
  const found: { name: string; image: Tensor }[] = [];
  for (const file of choices.files) found.push({ name: file, image: await readImage(file, { channels, size }) });
  const concept: Tensor[] = [];
  for (const file of choices.concept === undefined ? [] : readdirSync(choices.concept).toSorted()) {
    if (/\.(png|jpe?g)$/i.test(file)) concept.push(await readImage(join(choices.concept!, file), { channels, size }));
  }
  if (choices.concept !== undefined && concept.length < 3) throw new UsageError(`--concept must be a folder with at least 3 pictures, got ${concept.length} in ${choices.concept}`);
  const shown = concept.length > 0 ? { concept: stack(concept) } : {};
  let data: ReturnType<typeof readImages> | undefined;
  const run = plan && (() => (data ??= readImages(plan.data, plan.settings)));
  if (choices.rows.length > 0) {
    if (!run) throw new UsageError('--row: the folder is not of a run; name a file with --input');
    const { heldBack, labels } = await run();
    for (const row of choices.rows) {
      const n = heldBack.labels.length;
      if (row > n) throw new UsageError(`--row must be from 1 to ${n}, got '${row}'`);
      const name = `held-back picture ${row}, a ${labels[heldBack.labels[row - 1]]}`;
      found.push({ name, image: imagesOf(heldBack, [row - 1]).select(0, 0) });
    }
  }
  return found.map(({ name, image }) => ({ ...subjectOf(model, prepared, name, image.unsqueeze(0), choices, run), ...shown }));
} // prettier-ignore

/** Pictures of a stack as [n, C, H, W], 0 … 1. */
function imagesOf({ images, channels, rows, columns }: Pictures, which: readonly number[]): Tensor {
  const area = channels * rows * columns;
  const all = new Float32Array(which.length * area);
  which.forEach((at, i) => all.set(toUnit(images.subarray(at * area, (at + 1) * area)), i * area));
  return tensor(all).reshape([which.length, channels, rows, columns]);
}

/** [C, H, W] of 0 … 1 as bytes, pixel by pixel. */
export function pixelsOf(image: Tensor): { pixels: Uint8Array; width: number; height: number } {
  const [, height, width] = image.shape;
  const data = image.permute(1, 2, 0).contiguous().toTypedArray();
  return { pixels: Uint8Array.from(data, (v) => Math.round(255 * Math.min(1, Math.max(0, v)))), width, height };
}

function baselineOf(name: string, x: Tensor): Tensor {
  if (name === 'zero') return x.zerosLike();
  if (name === 'mean') return x.mean([2, 3], true).expand(x.shape);
  const [H, W] = x.shape.slice(2);
  const sigma = Math.max(H, W) / 8;
  const blur = (size: number): Tensor => {
    const rows = Array.from({ length: size }, (_, i) => {
      const weights = Array.from({ length: size }, (_, j) => Math.exp(-((i - j) ** 2) / (2 * sigma ** 2)));
      const total = weights.reduce((a, b) => a + b, 0);
      return weights.map((w) => w / total);
    });
    return tensor(rows);
  };
  return blur(H).matmul(x).matmul(blur(W).t()); // a Gaussian along rows and columns, within the picture
}

/**
 * Parts of a picture with what they are due, for print: of each the sum over its pixels or, where these share what is the
 * part's, that. A part is told by the rows and columns that it lies in.
 */
function parts(features: Float64Array, part: ArrayLike<number>, width: number, isShared = false): Item[] {
  const found = new Map<number, { due: number; rows: number[]; columns: number[] }>();
  features.forEach((due, at) => {
    const one = found.get(part[at]) ?? { due: 0, rows: [], columns: [] };
    one.due = isShared ? due : one.due + due;
    one.rows.push(Math.floor(at / width));
    one.columns.push(at % width);
    found.set(part[at], one);
  });
  const range = (what: string, list: readonly number[]): string => {
    const [least, most] = [Math.min(...list), Math.max(...list)];
    return least === most ? `${what} ${least}` : `${what}s ${least}–${most}`;
  };
  return [...found.values()].map(({ due, rows, columns }) => ({ name: `${range('row', rows)}, ${range('column', columns)}`, attribution: due }));
} // prettier-ignore

type Run = () => ReturnType<typeof readImages>;

function subjectOf(model: Net, { classes }: ImagePreprocessing, name: string, x: Tensor, choices: PictureChoices, run: Run | null): Subject {
  const outputs: Model = (z) => classify(model, z);
  const said = choices.target === undefined ? undefined : chooseClass(choices.target, classes);
  const { of, ...about } = explained(noGrad(() => outputs(x)), (c) => classes[c], said, choices.scale);
  const [C, H, W] = x.shape.slice(1);
  const baseline = baselineOf(choices.baseline, x);
  const view = { f: of(outputs), x, baseline };
  const list = (t: Tensor): Float64Array => Float64Array.from(t.toTypedArray());
  const each = tensor(Int32Array.from({ length: H * W }, (_, i) => i), { dtype: 'float32' }).reshape([H, W]);
  const mask = choices.segments === 0 ? each : slic(x.select(0, 0), { segments: choices.segments });
  const ofChannels = (a: Tensor): Float64Array => list(a.reshape([C, H, W]).sum(0));
  const quarters = list(gridSegments([H, W], [Math.ceil(H / 4), Math.ceil(W / 4)]));
  const layer = layerOf(model);
  const trainingRows = run && (async (options: Options): Promise<Rows> => {
    const { train, labels } = await run();
    const { rows = 200 } = options.said('rows');
    const which = [...options.generator().permutation(train.labels.length)].slice(0, rows);
    const images = imagesOf(train, which);
    return {
      x: images,
      y: tensor(which.map((i) => train.labels[i])),
      name: (i) => `training picture ${which[i] + 1}`,
      value: (i) => `a ${labels[train.labels[which[i]]]}`,
      picture: (i) => pixelsOf(images.select(0, i)),
      loss: (logits, y) => nn.functional.crossEntropy(logits, y),
    };
  });
  return {
    ...about,
    kind: 'pictures',
    isValue: false,
    name,
    model,
    outputs,
    names: [],
    inside: {
      ...view,
      ...(layer && { layer: { ...layer, head: of(layer.head) } }),
      background: async (options) => (trainingRows ? (await trainingRows(options)).x : baseline),
      features: ofChannels,
      slopes: ofChannels,
      items: (features) => parts(features, quarters, W),
    },
    outside: {
      ...view,
      background: () => Promise.resolve(baseline),
      featureMask: mask.expand([C, H, W]),
      hierarchy: () => Promise.resolve({ hierarchy: halvingHierarchy([H, W]), featureMask: each.expand([C, H, W]) }),
      features: (a) => list(a.reshape([C, H, W]).select(0, 0)), // the channels of a superpixel share what it is due
      slopes: ofChannels,
      items: (features) => parts(features, list(mask), W, true),
    },
    body: (features) => ({ kind: 'image', ...pixelsOf(x.select(0, 0)), attributions: features, unit: about.unit }),
    spread: (features) => tensor(Float32Array.from(features)).reshape([1, 1, H, W]).expand(x.shape),
    trainingRows,
  };
} // prettier-ignore

const withoutPlanes = ({ inside: view }: Subject): string | null =>
  view?.layer?.kind === 'plane' ? null : 'the model has no convolutions';

/** Grad-CAM's [1, h, w] over all of the picture. */
function cam({ layer, x }: View, plusPlus: boolean): { attributions: Tensor } {
  const coarse = gradCam(layer!.features, layer!.head, x, { plusPlus }).attributions.unsqueeze(0);
  const size = x.shape.slice(2);
  const fine = nn.functional.interpolate(coarse, { size, mode: 'bilinear' });
  return { attributions: fine.expand(x.shape).div(x.shape[1]) };
}

export const pictureMethods: readonly Method[] = [
  inside({
    names: ['gradcam', 'grad-cam'],
    title: 'Grad-CAM',
    about: 'Where do the last planes look?',
    note: 'As coarse as the planes are; only what speaks for the output is shown.',
    kinds: ['pictures'],
    unfit: withoutPlanes,
    of: (view) => cam(view, false),
  }),
  inside({
    names: ['gradcam++', 'grad-cam++'],
    title: 'Grad-CAM++',
    about: 'Where do the last planes look, where there is more than one place?',
    note: 'As coarse as the planes are; only what speaks for the output is shown.',
    kinds: ['pictures'],
    unfit: withoutPlanes,
    of: (view) => cam(view, true),
  }),
  inside({
    names: ['occlusion'],
    title: 'Occlusion',
    about: 'What is lost when a window is covered?',
    note: 'Where either of two places is enough, neither is missed.',
    kinds: ['pictures'],
    settings: ['window', 'stride'],
    async of({ f, x, baseline }, options) {
      const { window = Math.ceil(x.shape[2] / 7), stride = Math.ceil(window / 2) } = options.said('window', 'stride');
      const { onProgress } = options;
      const sides = { window: [window, window], stride: [stride, stride] } as const;
      const { attributions } = await occlusion(f, x, { baseline, ...sides, onProgress });
      return { attributions: attributions.div(x.shape[1]) }; // the same in all channels
    },
  }),
];
