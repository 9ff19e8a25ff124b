/** `adjoint eval`, `predict` and `generate`: a model's folder, and what the model says. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError, FileError } from '../array/errors.ts';
import { Generator } from '../array/random.ts';
import { noGrad } from '../engine.ts';
import { readImage } from '../data/imageFolder.ts';
import { stack } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { BERTForClassification, BERTForMaskedLM, streamText, Transformer, type LanguageModel, type MLP } from '../models/index.ts'; // prettier-ignore
import { load, type LoadedModel } from '../models/folder.ts';
import { formatConfusion } from '../train/index.ts';
import { classify, type ImagePreprocessing } from './imageTask.ts';
import { isForLabels, predictLabels } from './labelTask.ts';
import { predictMasked } from './maskedTask.ts';
import { predictPairs, type PairPreprocessing } from './pairTask.ts';
import type { Net } from './recipes.ts';
import { isForTable, predictRows } from './tableTask.ts';
import { judge } from './tasks.ts';
import { dataOf, planOf } from './train.ts';
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
  const judgement = await judge(loadModel(folder), { ...plan, data: dataOf(args, plan.data) });
  const { metrics, summary, details } = judgement;
  if (args.has('json')) {
    console.log(JSON.stringify({ folder, ...metrics, ...details }));
    return;
  }
  const { confusion } = judgement.report;
  if (confusion) {
    const { counts, labels } = confusion;
    console.log(`Each row is a true class, each column what it was taken for:\n\n${formatConfusion(counts, labels)}\n`);
  }
  console.log(summary);
}

/** What a model says of pictures, of the rows of a table, or of texts. */
export async function predict(args: Args): Promise<void> {
  const [folder, ...words] = args.positionals;
  const json = args.has('json');
  if (folder === undefined || words.length === 0)
    throw new UsageError('DIR and FILE… or TEXT… are missing; see --help');
  const { model, tokenizer, preprocessing } = loadModel(folder);
  const say = (text: string): void => void process.stdout.write(text);
  if (isForTable(preprocessing)) {
    expectPositionals(args, ['DIR', 'FILE']);
    return say(predictRows(model as MLP, preprocessing, words[0], json));
  }
  if (tokenizer && model instanceof BERTForMaskedLM) return say(predictMasked(model, tokenizer, words, json));
  if (tokenizer && model instanceof BERTForClassification && isForLabels(preprocessing)) {
    return say(predictLabels(model, tokenizer, preprocessing, words, json));
  }
  if (tokenizer && model instanceof Transformer) {
    return say(predictPairs(model, tokenizer, preprocessing as PairPreprocessing, words, json));
  }
  if (!isForImages(preprocessing)) {
    const cure = 'for a language model there is `adjoint generate`';
    throw new FormatError(folder, 'the model must not be one that writes on', model.constructor.name, cure);
  }
  return predictPictures(model as Net, preprocessing, words, json);
}
/** The classes of pictures, the likeliest first. */
async function predictPictures(
  model: Net,
  { channels, size, classes }: ImagePreprocessing,
  files: readonly string[],
  json: boolean,
): Promise<void> {
  const images: Tensor[] = [];
  for (const file of files) images.push(await readImage(file, { channels, size }));
  const rows = noGrad(() => classify(model, stack(images)).softmax(1).toArray()) as number[][];
  rows.forEach((probabilities, i) => {
    const best = classes.map((name, c) => ({ class: name, probability: probabilities[c] }));
    best.sort((a, b) => b.probability - a.probability);
    const line = best.slice(0, 3).map((guess) => `${guess.class} ${(100 * guess.probability).toFixed(1)} %`);
    console.log(json ? JSON.stringify({ file: files[i], predictions: best }) : `${files[i]}: ${line.join(', ')}`);
  });
}

export const isForImages = (x: unknown): x is ImagePreprocessing =>
  typeof x === 'object' && x !== null && 'channels' in x;

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
    const cure = 'see adjoint predict --help';
    throw new FormatError(folder, 'the model must be one that writes text on', model.constructor.name, cure);
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
  tokenizer.encode(prompt); // refuses what there are no tokens for before anything is written
  process.stdout.write(prompt);
  for (const piece of pieces) process.stdout.write(piece);
  process.stdout.write('\n');
}
