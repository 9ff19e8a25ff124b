/** Models as folders, on Node only: config.json, model.safetensors, and what else is needed to use them. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FileError, FormatError } from '../array/errors.ts';
import { loadSafetensors, readText, saveSafetensors, writeFileAtomic } from '../io/files.ts';
import type { Module } from '../nn/module.ts';
import { loadTokenizer, saveTokenizer } from '../text/files.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { BERT, BERTForClassification, BERTForMaskedLM } from './bert.ts';
import { CLIP } from './clip.ts';
import { CNN } from './cnn.ts';
import type { MakeOptions } from './config.ts';
import { DALLE } from './dalle.ts';
import { DVAE } from './dvae.ts';
import { GPT } from './gpt.ts';
import { bertFromHuggingFace, gptFromHuggingFace, type HuggingFaceConfig } from './huggingface.ts';
import { MLP } from './mlp.ts';
import { Bigram, NeuralNgram } from './ngram.ts';
import { RecurrentModel } from './recurrent.ts';
import { ResNet } from './resnet.ts';
import { TextToImage } from './textToImage.ts';
import { Transformer } from './transformer.ts';

/** A class of models that are made from their config. */
export type ModelClass = new (config: never, make?: MakeOptions) => Module & { readonly config: object };

/** By the names that config.json has for them; a bundler may give the classes others. */
const own: Readonly<Record<string, ModelClass>> = {
  MLP, CNN, ResNet, Bigram, NeuralNgram, RecurrentModel, Transformer, GPT, BERT, BERTForMaskedLM, BERTForClassification, DVAE, DALLE, CLIP, TextToImage,
}; // prettier-ignore

const nameOf = (model: Module): string =>
  Object.keys(own).find((name) => own[name] === model.constructor) ?? model.constructor.name;

/** What goes with a model. */
export interface FolderParts {
  readonly tokenizer?: Tokenizer | null;
  /** Anything that JSON can hold and inputs or outputs need: means and deviations, names of classes, … */
  readonly preprocessing?: unknown;
}

/** What `load` gives back. */
export interface LoadedModel {
  /** In evaluation mode. */
  readonly model: Module;
  readonly tokenizer: Tokenizer | null;
  readonly preprocessing: unknown;
}

/**
 * Saves a model as a folder: config.json (its class and config), model.safetensors, and tokenizer.json and preprocessing.json
 * if they are given. The folder must be new or empty; it comes to be wholly or not at all.
 * ```ts
 * import { mkdtempSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { generate, GPT } from 'adjoint/models';
 * import { load, save } from 'adjoint/models/folder';
 * import { charTokenizer } from 'adjoint/text';
 * const tokenizer = charTokenizer('hello world');
 * const model = new GPT({ vocabSize: tokenizer.vocabSize, blockSize: 8, nLayer: 1, nHead: 1, nEmbd: 8 });
 * const folder = `${mkdtempSync(`${tmpdir()}/adjoint-`)}/hello`;
 * save(folder, model, { tokenizer });
 *
 * const again = load(folder);
 * if (!(again.model instanceof GPT && again.tokenizer)) throw new Error('a GPT with its tokenizer was saved');
 * const tokens = generate(again.model, again.tokenizer.encode('hell'), { maxNewTokens: 3, temperature: 0 });
 * console.log(again.tokenizer.decode(tokens).length); // => 7
 * ```
 * @throws FileError when the folder is not new or empty, or cannot be written
 */
export function save(folder: string, model: Module & { readonly config: object }, parts: FolderParts = {}): void {
  const { tokenizer = null, preprocessing } = parts;
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new FileError(folder, 'the folder must be new or empty', 'one with files', 'choose another name');
  }
  let temporary: string;
  try {
    mkdirSync(dirname(folder), { recursive: true });
    temporary = mkdtempSync(`${folder}.tmp-`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new FileError(folder, 'the folder above must be writable', code, 'choose another', { cause: error });
  }
  try {
    saveSafetensors(join(temporary, 'model.safetensors'), model.stateDict());
    if (tokenizer) saveTokenizer(join(temporary, 'tokenizer.json'), tokenizer);
    if (preprocessing !== undefined) writeJson(join(temporary, 'preprocessing.json'), preprocessing);
    writeJson(join(temporary, 'config.json'), { model: nameOf(model), config: model.config });
    if (existsSync(folder)) rmdirSync(folder);
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}

const writeJson = (path: string, value: unknown): void => writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);

function readJson(path: string): unknown {
  const text = readText(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(path, 'the file must be JSON', (error as Error).message, 'save the model again');
  }
}

/**
 * The model of a folder that `save` has written, or of GPT-2's and BERT's as Hugging Face has them, with its tokenizer (any
 * that loadTokenizer reads) and preprocessing, ready for use: in evaluation mode.
 * @param classes models of your own, by their names
 * @throws FileError when a file is missing; FormatError when one is not what it should be; ValueError when weights and config do not fit
 */
export function load(
  folder: string,
  { classes = {}, ...make }: MakeOptions & { readonly classes?: Readonly<Record<string, ModelClass>> } = {},
): LoadedModel {
  const config = readJson(join(folder, 'config.json')) as { model?: unknown; config?: unknown } & HuggingFaceConfig;
  const { tensors } = loadSafetensors(join(folder, 'model.safetensors'));
  const known = { ...own, ...classes };
  const at = join(folder, 'config.json');
  let model: Module;
  if (typeof config.model === 'string') {
    if (!Object.hasOwn(known, config.model)) {
      const cure = `pass its class in { classes: { ${config.model} } }`;
      throw new FormatError(at, `the model must be one of ${Object.keys(known).join(', ')}`, config.model, cure);
    }
    model = new known[config.model](config.config as never, make);
    model.loadStateDict(tensors);
  } else if (config.model_type === 'gpt2') {
    model = gptFromHuggingFace(config, tensors, make);
  } else if (config.model_type === 'bert') {
    const [architecture] = (config.architectures ?? []) as readonly string[];
    const classifies = architecture === 'BertForSequenceClassification';
    const guesses = architecture === 'BertForMaskedLM' || architecture === 'BertForPreTraining';
    const Class = classifies ? BERTForClassification : guesses ? BERTForMaskedLM : BERT;
    model = bertFromHuggingFace<BERT | BERTForMaskedLM | BERTForClassification>(Class, config, tensors, make);
  } else {
    const got = JSON.stringify(config.model_type) ?? 'neither';
    throw new FormatError(at, "there must be a 'model' of this library or a 'model_type' gpt2 or bert", got);
  }
  const has = (name: string): boolean => existsSync(join(folder, name));
  return {
    model: model.eval(),
    tokenizer: ['tokenizer.json', 'vocab.json', 'vocab.txt'].some(has) ? loadTokenizer(folder) : null,
    preprocessing: has('preprocessing.json') ? readJson(join(folder, 'preprocessing.json')) : undefined,
  };
}
