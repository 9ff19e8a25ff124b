/** An input for the model of a folder: what it is exported with, and what its cost is counted on. */
import { FormatError } from '../array/errors.ts';
import { Generator } from '../array/random.ts';
import { ones, rand, tensor } from '../create.ts';
import * as models from '../models/index.ts';
import type { LoadedModel } from '../models/folder.ts';
import type { Tensor } from '../tensor.ts';
import { isForImages } from './use.ts';
import { UsageError, type Args } from './usage.ts';

export interface Example {
  /** All arguments of `forward`. */
  readonly args: readonly unknown[];
  /** Names of the tensors in them, in order. */
  readonly names: readonly string[];
  /** What `forward` returns. */
  readonly output: string;
  /** One row, in words. */
  readonly about: string;
}

/** Rows that differ, of so many tokens and of so many sizes of pictures as the model and the options say. */
export function exampleOf(folder: string, { model, preprocessing }: LoadedModel, args: Args, rows: number): Example {
  const generator = new Generator(1);
  const length = args.whole('length', undefined, 1);
  const tokens = (vocab: number, most: number): Tensor => {
    if (length !== undefined && length > most) throw new UsageError(`--length must be at most ${most}, got ${length}`);
    const T = length ?? Math.min(most, USUAL);
    return tensor(Array.from({ length: rows }, () => Array.from({ length: T }, () => generator.integer(0, vocab))));
  };
  const images = (channels: number, size: number): Tensor => rand([rows, channels, size, size], { generator });
  const words = (x: Tensor): string => `${x.shape[1]} tokens`;
  const pixels = (x: Tensor): string => `a picture of ${x.shape[2]} × ${x.shape[3]}${x.shape[1] > 1 ? ' in colour' : ''}`; // prettier-ignore

  if (model instanceof models.MLP) {
    const x = rand([rows, model.config.sizes[0]], { generator });
    const isPicture = isForImages(preprocessing);
    const about = isPicture ? `a picture of ${preprocessing.size} × ${preprocessing.size}` : `a row of ${x.shape[1]} numbers`; // prettier-ignore
    return { args: [x], names: [isPicture ? 'pixels' : 'rows'], output: 'output', about };
  }
  if (model instanceof models.CNN || model instanceof models.ResNet) {
    const { channels } = model.config;
    const size = model instanceof models.CNN ? model.config.size : isForImages(preprocessing) ? preprocessing.size : 32;
    const x = images(channels, size);
    return { args: [x], names: ['images'], output: 'logits', about: pixels(x) };
  }
  if (model instanceof models.DVAE) {
    const x = images(model.config.channels, model.config.size);
    return { args: [x], names: ['images'], output: 'reconstructions', about: pixels(x) };
  }
  if (model instanceof models.CLIP) {
    const { channels, size, vocabSize, blockSize } = model.config;
    const [x, captions] = [images(channels, size), tokens(vocabSize, blockSize)];
    const about = `${pixels(x)} and ${words(captions)}`;
    return { args: [x, captions], names: ['images', 'captions'], output: 'logits', about };
  }
  if (model instanceof models.Transformer) {
    const { vocabSize, blockSize } = model.config;
    const [source, target] = [tokens(vocabSize, blockSize), tokens(vocabSize, blockSize)];
    const about = `${words(source)} and ${words(target)}`;
    return { args: [source, target], names: ['source', 'target'], output: 'logits', about };
  }
  const { BERT, BERTForMaskedLM, BERTForClassification } = models;
  if (model instanceof BERT || model instanceof BERTForMaskedLM || model instanceof BERTForClassification) {
    const { vocabSize, blockSize, segments } = model.config;
    const x = tokens(vocabSize, blockSize);
    const mask = ones(x.shape); // 1 where a token is
    mask.narrow(1, x.shape[1] - 1, 1).zero_(); // an example with none left out would say less
    const more = segments > 1 ? { segments: tokens(segments, blockSize), mask } : { mask };
    const output = model instanceof BERT ? 'hidden' : 'logits';
    return { args: [x, more], names: ['tokens', ...Object.keys(more)], output, about: words(x) };
  }
  if (model instanceof models.DALLE) {
    const x = tokens(model.gpt.config.vocabSize, model.blockSize);
    return { args: [x], names: ['tokens'], output: 'logits', about: words(x) };
  }
  if (model instanceof models.TextToImage) {
    const [caption] = tokens(model.dalle.config.captionVocab, model.dalle.config.captionLength).toArray() as number[][];
    return { args: [caption, { generator }], names: [], output: 'images', about: 'a picture of a caption' };
  }
  if (model instanceof models.GPT) {
    const x = tokens(model.config.vocabSize, model.blockSize);
    return { args: [x], names: ['tokens'], output: 'logits', about: words(x) };
  }
  const { Bigram, NeuralNgram, RecurrentModel } = models;
  if (model instanceof Bigram || model instanceof NeuralNgram || model instanceof RecurrentModel) {
    const x = tokens(model.config.vocabSize, Infinity);
    return { args: [x], names: ['tokens'], output: 'logits', about: words(x) };
  }
  throw new FormatError(folder, 'the model must be one whose inputs are known', model.constructor.name);
}

/** Tokens in a row where the model could look at more. */
const USUAL = 64;
