/** `adjoint eval`, `predict` and `generate`: a model's folder, and what the model says. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FormatError, FileError } from '../array/errors.ts';
import { Generator } from '../array/random.ts';
import { noGrad } from '../engine.ts';
import { readImage } from '../data/imageFolder.ts';
import { stack } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { streamText, type LanguageModel } from '../models/index.ts';
import { load, type LoadedModel } from '../models/folder.ts';
import type { Tokenizer } from '../text/index.ts';
import { formatConfusion } from '../train/index.ts';
import { classify, judgeImages, readImages, type ImagePreprocessing } from './imageTask.ts';
import { recipeOf, type Net, type TextNet } from './recipes.ts';
import type { Judgement } from './task.ts';
import { judgeText, readTextData } from './textTask.ts';
import { planOf } from './train.ts';
import { expectPositionals, UsageError, type Args } from './usage.ts';

/** The model of a folder; a run that never ended says how to end it. */
export function loadModel(folder: string): LoadedModel {
  if (!existsSync(join(folder, 'model.safetensors')) && existsSync(join(folder, 'checkpoint.safetensors'))) {
    const cure = `end it first: adjoint train --resume ${folder}`;
    throw new FileError(folder, 'the folder must have a model', 'a run that was cut off', cure);
  }
  return load(folder);
}

/** How good the model is on what was held back, or on all of other data. */
export async function evaluate(args: Args): Promise<void> {
  expectPositionals(args, ['DIR']);
  const [folder] = args.positionals;
  const plan = planOf(folder);
  const said = args.text('data');
  const data = said === undefined ? plan.data : resolve(said);
  const { model, tokenizer } = loadModel(folder);
  const judgement = await judge();
  const { metrics, summary, details } = judgement;
  if (args.has('json')) {
    console.log(JSON.stringify({ folder, ...metrics, ...details }));
    return;
  }
  const { confusion } = judgement.report;
  if (confusion)
    console.log(`Rows are what a picture is, columns what it was taken for:\n\n${formatConfusion(confusion.counts)}\n`);
  console.log(summary);

  async function judge(): Promise<Judgement> {
    if (recipeOf(plan.recipe).kind === 'images') {
      const set = await readImages(data, plan.settings);
      return judgeImages(model as Net, set.heldBack, set.labels);
    }
    const text = readTextData(data, plan.settings);
    return judgeText(model as TextNet, tokenizer as Tokenizer, text, plan.settings['block']);
  }
}

/** The classes of pictures, the likeliest first. */
export async function predict(args: Args): Promise<void> {
  const [folder, ...files] = args.positionals;
  if (folder === undefined || files.length === 0) throw new UsageError('DIR and FILE… are missing; see --help');
  const { model, preprocessing } = loadModel(folder);
  if (!isForImages(preprocessing)) {
    const cure = 'for a language model there is `adjoint generate`';
    throw new FormatError(folder, 'the model must be one of pictures', model.constructor.name, cure);
  }
  const { channels, size, classes } = preprocessing;
  const images: Tensor[] = [];
  for (const file of files) images.push(await readImage(file, { channels, size }));
  const rows = noGrad(() =>
    classify(model as Net, stack(images))
      .softmax(1)
      .toArray(),
  ) as number[][];
  rows.forEach((probabilities, i) => {
    const best = classes.map((name, c) => ({ class: name, probability: probabilities[c] }));
    best.sort((a, b) => b.probability - a.probability);
    const line = best.slice(0, 3).map((guess) => `${guess.class} ${(100 * guess.probability).toFixed(1)} %`);
    console.log(
      args.has('json') ? JSON.stringify({ file: files[i], predictions: best }) : `${files[i]}: ${line.join(', ')}`,
    );
  });
}

export const isForImages = (x: unknown): x is ImagePreprocessing =>
  typeof x === 'object' && x !== null && 'classes' in x;

export const isForText = (model: LoadedModel['model']): model is LanguageModel => 'blockSize' in model;

/** Text that goes on from a prompt, as it comes. */
export function generate(args: Args): void {
  expectPositionals(args, ['DIR']);
  const [folder] = args.positionals;
  const prompt = args.text('prompt');
  if (prompt === undefined || prompt === '') throw new UsageError('--prompt "…" is missing; see --help');
  const maxNewTokens = args.whole('tokens', 200, 1);
  const seed = args.whole('seed', undefined, 0);
  const topK = args.whole('top-k', undefined, 1);
  const topP = args.number('top-p', undefined, 0, 1);
  const stop = args.text('stop');
  const { model, tokenizer } = loadModel(folder);
  if (!tokenizer || !isForText(model)) {
    throw new FormatError(folder, 'the model must be one of text, with its tokenizer', model.constructor.name);
  }
  const pieces = streamText(model, tokenizer, prompt, {
    maxNewTokens,
    temperature: args.number('temperature', 0.8, 0),
    generator: seed === undefined ? new Generator(Date.now() % 2 ** 32) : new Generator(seed),
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
    ...(stop !== undefined && { stop: tokenizer.encode(stop).slice(0, 1) }),
  });
  if (args.has('json')) {
    console.log(JSON.stringify({ prompt, text: [...pieces].join('') }));
    return;
  }
  process.stdout.write(prompt);
  for (const piece of pieces) process.stdout.write(piece);
  process.stdout.write('\n');
}
