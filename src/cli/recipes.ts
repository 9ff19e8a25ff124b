/** What `adjoint train` can train: a model each, made to fit the data, and its settings. */
import type { Generator } from '../array/random.ts';
import { BERTForClassification, BERTForMaskedLM, Bigram, CNN, GPT, MLP, NeuralNgram, RecurrentModel, ResNet, TextToImage, Transformer, type LanguageModel } from '../models/index.ts'; // prettier-ignore
import type { Module } from '../nn/module.ts';
import type { Tensor } from '../tensor.ts';
import { readNumber, UsageError } from './usage.ts';

/** Numbers by name, as `--set` gives them. */
export type Settings = Readonly<Record<string, number>>;

/** A model with one input and one output: images to logits, or tokens to logits. */
export type Net = Module & { readonly config: object; forward(x: Tensor): Tensor };

/** A net from tokens to logits, from which text can be drawn. */
export type TextNet = Net & LanguageModel;

/** Pictures of one size, in classes. */
export interface ImageFacts {
  readonly channels: number;
  readonly size: number;
  readonly classes: number;
}

/** Text of so many different tokens. */
export interface TextFacts {
  readonly vocabSize: number;
}

/** Rows of so many numbers, from which so many are foretold. */
export interface TableFacts {
  readonly inputs: number;
  readonly outputs: number;
}

/** Pairs of texts, of one vocabulary and so many tokens at most. */
export interface PairFacts extends TextFacts {
  readonly blockSize: number;
  readonly padding: number;
}

/** Captions of drawn scenes, of so many words, and how large the pictures are. */
export interface SceneFacts {
  readonly vocabSize: number;
  readonly captionLength: number;
  readonly size: number;
}

interface RecipeOf<Kind extends string, Facts, Model> {
  readonly kind: Kind;
  readonly about: string;
  readonly defaults: Settings;
  make(settings: Settings, facts: Facts, generator: Generator): Model;
  /** What the model is for a table. */
  readonly forTable?: TableRecipe | LabelRecipe;
}
export type ImageRecipe = RecipeOf<'images', ImageFacts, Net>;
export type TextRecipe = RecipeOf<'text', TextFacts, TextNet>;
export type TableRecipe = RecipeOf<'table', TableFacts, MLP>;
export type SceneRecipe = RecipeOf<'scenes', SceneFacts, TextToImage>;
export type MaskedRecipe = RecipeOf<'masked', TextFacts, BERTForMaskedLM>;
export type LabelRecipe = RecipeOf<'labels', TextFacts & { readonly classes: number }, BERTForClassification>;
export type PairRecipe = RecipeOf<'pairs', PairFacts, Transformer>;
export type Recipe = ImageRecipe | TextRecipe | TableRecipe | MaskedRecipe | LabelRecipe | PairRecipe | SceneRecipe;

const images = { epochs: 8, batch: 64, lr: 3e-3, weightDecay: 0.01, warp: 1, seed: 1 };
const text = { epochs: 10, steps: 100, batch: 16, block: 48, lr: 3e-3, weightDecay: 0.01, vocab: 0, seed: 1 };

const recurrent = (cell: 'rnn' | 'gru' | 'lstm', about: string): Recipe => ({
  kind: 'text',
  about,
  defaults: { ...text, epochs: 25, width: 128, layers: 1, dropout: 0 },
  make: ({ width, layers, dropout }, { vocabSize }, generator) =>
    new RecurrentModel({ cell, vocabSize, nEmbd: width, hidden: width, nLayer: layers, dropout }, { generator }),
});

export const recipes: Readonly<Record<string, Recipe>> = {
  mlp: {
    kind: 'images',
    about: 'one hidden layer over all pixels',
    defaults: { ...images, width: 256, dropout: 0 },
    make: ({ width, dropout }, { channels, size, classes }, generator) =>
      new MLP({ sizes: [channels * size ** 2, width, classes], dropout }, { generator }),
    forTable: {
      kind: 'table',
      about: 'hidden layers over the columns of a row',
      defaults: { epochs: 30, batch: 32, lr: 0.01, weightDecay: 0.01, width: 64, layers: 2, dropout: 0, seed: 1 },
      make: ({ width, layers, dropout }, { inputs, outputs }, generator) =>
        new MLP({ sizes: [inputs, ...Array<number>(layers).fill(width), outputs], dropout }, { generator }),
    },
  },
  cnn: {
    kind: 'images',
    about: 'two convolutions and three linear layers, as LeNet-5',
    defaults: { ...images, width: 8, dropout: 0 },
    make: ({ width, dropout }, facts, generator) =>
      new CNN({ ...facts, width1: width, width2: 2 * width, dropout }, { generator }),
  },
  resnet: {
    kind: 'images',
    about: 'convolutions that add to what they are given, with batch normalization',
    defaults: { ...images, epochs: 4, width: 8, blocks: 1 },
    make: ({ width, blocks }, { channels, classes }, generator) =>
      new ResNet({ channels, classes, width, blocks }, { generator }),
  },
  bigram: {
    kind: 'text',
    about: 'a table: the next token from the last one',
    defaults: { ...text, lr: 0.05 },
    make: (_, { vocabSize }, generator) => new Bigram({ vocabSize }, { generator }),
  },
  ngram: {
    kind: 'text',
    about: 'the next token from the last few, by an MLP',
    defaults: { ...text, width: 24, hidden: 200 },
    make: ({ block, width, hidden }, { vocabSize }, generator) =>
      new NeuralNgram({ vocabSize, blockSize: block, nEmbd: width, hidden }, { generator }),
  },
  rnn: recurrent('rnn', 'a recurrent network'),
  gru: recurrent('gru', 'a recurrent network with gates'),
  lstm: recurrent('lstm', 'a recurrent network with gates and a cell'),
  gpt: {
    kind: 'text',
    about: "a decoder-only transformer, GPT-2's architecture at a small size",
    defaults: { ...text, epochs: 20, width: 64, layers: 2, heads: 4, dropout: 0 },
    make: ({ block, width, layers, heads, dropout }, { vocabSize }, generator) =>
      new GPT({ vocabSize, blockSize: block, nLayer: layers, nHead: heads, nEmbd: width, dropout }, { generator }),
  },
  bert: {
    kind: 'masked',
    about: 'an encoder-only transformer that fills gaps; --data texts.csv: one that tells classes of texts',
    defaults: { ...text, epochs: 15, batch: 32, width: 64, layers: 2, heads: 4, dropout: 0 },
    make: ({ block, width, layers, heads, dropout }, { vocabSize }, generator) =>
      new BERTForMaskedLM({ vocabSize, blockSize: block, nLayer: layers, nHead: heads, nEmbd: width, dropout }, { generator }), // prettier-ignore
    forTable: {
      kind: 'labels',
      about: 'classes of texts, from scratch, or from a --pretrained run that fills gaps',
      defaults: { epochs: 10, batch: 16, block: 64, lr: 1e-3, weightDecay: 0.01, vocab: 2000, width: 64, layers: 2, heads: 4, dropout: 0.1, seed: 1 }, // prettier-ignore
      make: ({ block, width, layers, heads, dropout }, { vocabSize, classes }, generator) =>
        new BERTForClassification({ vocabSize, classes, blockSize: block, nLayer: layers, nHead: heads, nEmbd: width, dropout }, { generator }), // prettier-ignore
    },
  },
  transformer: {
    kind: 'pairs',
    about: 'an encoder of a source and a decoder of its target, as for translation',
    defaults: { epochs: 20, batch: 64, lr: 2e-3, weightDecay: 0.01, vocab: 0, width: 64, layers: 2, heads: 4, dropout: 0, seed: 1 }, // prettier-ignore
    make: ({ width, layers, heads, dropout }, facts, generator) =>
      new Transformer({ ...facts, nLayer: layers, nHead: heads, nEmbd: width, dropout }, { generator }),
  },
  dalle: {
    kind: 'scenes',
    about: 'pictures from captions: a dVAE, a transformer that writes its codes, a CLIP that chooses',
    defaults: { dvaeRounds: 22, dvaeBatch: 8, dvaeLr: 4e-3, codes: 256, channels: 24, rounds: 35, batch: 16, lr: 3e-3, width: 96, layers: 3, heads: 4, clipRounds: 20, clipBatch: 32, clipLr: 2e-3, steps: 100, asked: 100, weightDecay: 0.01, seed: 1 }, // prettier-ignore
    make: ({ codes, channels, width, layers, heads }, { vocabSize, captionLength, size }, generator) => {
      const dvae = { size, codes, width: channels, halvings: 2, blocks: 2 };
      const sizes = { captionVocab: vocabSize, captionLength, codes, imageLength: (size / 4) ** 2 };
      const dalle = { ...sizes, nLayer: layers, nHead: heads, nEmbd: width };
      return new TextToImage({ dvae, dalle, clip: { size, vocabSize, blockSize: captionLength } }, { generator });
    },
  },
};

/** What the settings mean; `adjoint train MODEL --help` prints those that the model has. */
export const meanings: Readonly<Record<string, string>> = {
  epochs: 'passes over the data; for text, rounds of `steps` steps',
  steps: 'steps in a round',
  batch: 'pictures, rows, pairs, or windows of text, in a step',
  block: 'tokens in a window',
  lr: 'the highest step size; it rises to it, then falls to nearly 0 (OneCycleLR)',
  weightDecay: 'of AdamW',
  warp: 'how far pictures are turned, scaled, sheared and shifted anew each time; 0: not at all',
  vocab: 'tokens that are learned from the text: byte-level BPE, for bert WordPiece; 0: a token for each character',
  seed: 'start of all random numbers: the same seed gives the same files',
  width: 'numbers in a hidden layer, or channels of the first convolution',
  hidden: 'numbers in the hidden layer',
  layers: 'layers one above the other',
  heads: 'attention heads in a layer; width must be a multiple of it',
  blocks: 'blocks in each of three stages',
  dropout: 'share of numbers that are left out in training',
  asked: 'captions that were held back, from which pictures are drawn at the end',
  rounds: 'rounds of the transformer, of `steps` steps each',
  dvaeRounds: 'rounds of the dVAE, which comes first',
  clipRounds: 'rounds of the CLIP, which comes last',
  dvaeBatch: 'pictures in a step of the dVAE',
  clipBatch: 'pictures with their captions in a step of the CLIP',
  dvaeLr: 'the highest step size of the dVAE',
  clipLr: 'the highest step size of the CLIP',
  codes: 'codes that pictures are made of',
  size: 'rows and columns to which pictures are brought',
  channels: '3: colours, 1: grey; of the dVAE: channels at full size, doubled with each halving',
};

const fractions = ['lr', 'dvaeLr', 'clipLr', 'weightDecay', 'dropout', 'warp'];
/** Whether a setting is a whole number. */
export const isWhole = (name: string): boolean => !fractions.includes(name);
const mayBeZero = ['vocab', 'seed', ...fractions];

/** The recipe of a name, for a table or for what the model is otherwise trained on. @throws UsageError when there is none */
export function recipeOf(name: string, isTable: boolean): Recipe {
  if (!Object.hasOwn(recipes, name)) {
    throw new UsageError(`MODEL must be one of ${Object.keys(recipes).join(', ')}, got '${name}'`);
  }
  const recipe = recipes[name];
  if (!isTable || recipe.kind === 'pairs') return recipe;
  if (recipe.forTable) return recipe.forTable;
  const names = Object.keys(recipes).filter((other) => recipes[other].forTable ?? recipes[other].kind === 'pairs');
  throw new UsageError(`--data: a table is for ${names.join(', ')}, got MODEL ${name}`);
}

/** The settings, where `said` are texts such as lr=3e-4. @throws UsageError for an unknown name or a wrong value */
export function readSettings(defaults: Settings, said: readonly string[]): Settings {
  const settings: Record<string, number> = { ...defaults };
  for (const part of said) {
    const [, name, value] = /^(\w+)=(.*)$/.exec(part) ?? [];
    if (name === undefined) throw new UsageError(`--set must be name=value, got '${part}'`);
    if (!Object.hasOwn(defaults, name)) {
      throw new UsageError(`--set must name one of ${Object.keys(defaults).join(', ')}, got '${name}'`);
    }
    const range = { low: mayBeZero.includes(name) ? 0 : 1, whole: isWhole(name) };
    settings[name] = readNumber(`--set ${name}`, value, { ...range, high: name === 'dropout' ? 0.99 : undefined });
  }
  return settings;
}
