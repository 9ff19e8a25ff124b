/** Sampling from language models: one token after another, the next drawn from what the model thinks likely. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import type { LanguageModel } from './language.ts';
import { evaluating } from './predict.ts';

export interface SampleOptions {
  /** What logits are divided by: below 1 likely tokens become likelier; at 0 the likeliest is taken. 1 if left out. */
  readonly temperature?: number;
  /** Only the k likeliest tokens may come. */
  readonly topK?: number;
  /** Only the likeliest tokens may come whose probabilities first reach p together (Holtzman et al., 2020). */
  readonly topP?: number;
  readonly generator?: Generator;
}

export interface GenerateOptions extends SampleOptions {
  readonly maxNewTokens: number;
  /** Tokens that end a sequence; the token itself is the last. */
  readonly stop?: readonly number[];
  /** Whether what the model remembers is used, where it can. It gives the same tokens, sooner. true if left out. */
  readonly cache?: boolean;
}

function checkSampling({ temperature = 1, topK = 1, topP = 1 }: SampleOptions): void {
  if (!(temperature >= 0)) throw new ValueError('sample', 'temperature must be at least 0', `${temperature}`);
  if (!(Number.isInteger(topK) && topK > 0)) throw new ValueError('sample', 'topK must be at least 1', `${topK}`);
  if (!(topP > 0 && topP <= 1)) throw new ValueError('sample', 'topP must be above 0 and at most 1', `${topP}`);
}

/** A token from the logits of one row. */
function draw(logits: Float64Array, { temperature = 1, topK, topP = 1, generator }: SampleOptions): number {
  if (logits.some(Number.isNaN)) throw new ValueError('sample', 'logits must be numbers', 'NaN');
  const order = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a]); // likeliest first, ties in order
  if (temperature === 0) return order[0];
  const few = order.slice(0, topK);
  const weights = few.map((token) => Math.exp((logits[token] - logits[few[0]]) / temperature));
  const total = weights.reduce((a, b) => a + b);
  let kept = 0; // the weight of the nucleus
  let n = 0;
  while (n < few.length && (n === 0 || kept < topP * total)) kept += weights[n++];
  let left = (generator ?? defaultGenerator).uniform() * kept;
  for (let i = 0; i < n; i++) if ((left -= weights[i]) < 0) return few[i];
  return few[n - 1];
}

/**
 * A token for each row of logits [B, V], drawn from softmax(logits/temperature) cut to topK and topP.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { sample } from 'adjoint/models';
 * sample(tensor([[0, 5, 1], [9, 0, 0]]), { temperature: 0 }) // => [ 1, 0 ]
 * ```
 * @throws ValueError when an option is out of range, or a logit is NaN
 */
export function sample(logits: Tensor, options: SampleOptions = {}): number[] {
  checkSampling(options);
  if (logits.ndim !== 2 || logits.numel() === 0) {
    throw new ShapeError('sample', 'logits must be [B, V] with at least one token', showShape(logits.shape));
  }
  const [B, V] = logits.shape;
  const all = Float64Array.from(logits.toTypedArray());
  return Array.from({ length: B }, (_, b) => draw(all.subarray(b * V, (b + 1) * V), options));
}

/** The next token of each row, again and again. Rows have one length; the model sees the last blockSize tokens. */
function* steps<S>(model: LanguageModel<S>, rows: readonly number[][], o: GenerateOptions): IterableIterator<number[]> {
  const { blockSize } = model;
  let state = o.cache === false ? undefined : model.newState?.();
  let seen = 0; // tokens that `state` remembers
  for (let n = 0; n < o.maxNewTokens; n++) {
    const { length } = rows[0];
    if (length > blockSize) state = undefined; // the window moves, and every token's place in it
    const from = state === undefined ? Math.max(0, length - blockSize) : seen;
    const tokens = tensor(rows.map((row) => row.slice(from))); // [B, T]
    const logits = evaluating(model, () => model.forward(tokens, state).select(1, -1)); // [B, V]
    const next = sample(logits, o);
    next.forEach((token, b) => rows[b].push(token));
    seen = length;
    yield next;
  }
}

function checkPrompts(prompts: readonly (readonly number[])[], o: GenerateOptions): void {
  checkSampling(o);
  if (!(Number.isInteger(o.maxNewTokens) && o.maxNewTokens >= 0)) {
    throw new ValueError('generate', 'maxNewTokens must be a whole number, 0 or more', `${o.maxNewTokens}`);
  }
  const lengths = new Set(prompts.map((prompt) => prompt.length));
  if (lengths.size !== 1 || lengths.has(0)) {
    const cure = 'begin with a token that stands for the start, and give prompts of other lengths one by one';
    throw new ShapeError(
      'generate',
      'prompts must have one length, at least 1',
      [...lengths].join(', ') || 'none',
      cure,
    );
  }
}

/**
 * New tokens after a prompt, each as soon as it is there; the last is a stop token, or the one that makes maxNewTokens.
 * Dropout is off while the model runs.
 * ```ts
 * import { GPT, stream } from 'adjoint/models';
 * const model = new GPT({ vocabSize: 9, blockSize: 8, nLayer: 1, nHead: 1, nEmbd: 4 });
 * let n = 0;
 * for (const token of stream(model, [3, 1], { maxNewTokens: 20, topK: 5 })) n += token < 9 ? 1 : 0;
 * console.log(n); // => 20
 * ```
 * @throws ShapeError for an empty prompt; ValueError when an option is out of range
 */
export function* stream<S>(
  model: LanguageModel<S>,
  prompt: readonly number[],
  options: GenerateOptions,
): IterableIterator<number> {
  checkPrompts([prompt], options);
  for (const [token] of steps(model, [[...prompt]], options)) {
    yield token;
    if (options.stop?.includes(token)) return;
  }
}

const isOne = (prompts: readonly number[] | readonly (readonly number[])[]): prompts is readonly number[] =>
  typeof prompts[0] === 'number';

/**
 * The prompt and the new tokens after it; for several prompts of one length, all of them in one batch. See `stream`.
 * ```ts
 * import { GPT, generate } from 'adjoint/models';
 * const model = new GPT({ vocabSize: 9, blockSize: 8, nLayer: 1, nHead: 1, nEmbd: 4 });
 * generate(model, [3, 1], { maxNewTokens: 4 }).slice(0, 2) // => [ 3, 1 ]
 * generate(model, [[3, 1], [2, 2]], { maxNewTokens: 4 }).length // => 2
 * ```
 */
export function generate<S>(model: LanguageModel<S>, prompt: readonly number[], options: GenerateOptions): number[];
export function generate<S>(
  model: LanguageModel<S>,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions,
): number[][];
export function generate<S>(
  model: LanguageModel<S>,
  prompts: readonly number[] | readonly (readonly number[])[],
  options: GenerateOptions,
): number[] | number[][] {
  const given = isOne(prompts) ? [prompts] : prompts;
  checkPrompts(given, options);
  const rows = given.map((prompt) => [...prompt]);
  const ends = rows.map(() => Infinity); // lengths at which rows have come to a stop token
  for (const next of steps(model, rows, options)) {
    next.forEach((token, b) => {
      if (options.stop?.includes(token)) ends[b] = Math.min(ends[b], rows[b].length);
    });
    if (ends.every((end) => end < Infinity)) break;
  }
  const texts = rows.map((row, b) => row.slice(0, ends[b]));
  return isOne(prompts) ? texts[0] : texts;
}

/** What turns text to tokens and back, as the tokenizers of adjoint/text do. */
export interface Coder {
  encode(text: string): readonly number[];
  decode(tokens: readonly number[]): string;
}

/**
 * The text that follows a prompt, piece by piece: `stream` between a tokenizer's `encode` and `decode`. A character of which
 * only some bytes are there is held back until it is whole.
 * ```ts
 * import { GPT, streamText } from 'adjoint/models';
 * import { charTokenizer } from 'adjoint/text';
 * const tokenizer = charTokenizer('hello world');
 * const model = new GPT({ vocabSize: tokenizer.vocabSize, blockSize: 8, nLayer: 1, nHead: 1, nEmbd: 4 });
 * const pieces = [...streamText(model, tokenizer, 'hell', { maxNewTokens: 5 })];
 * console.log(pieces.join('').length); // => 5
 * ```
 */
export function* streamText<S>(
  model: LanguageModel<S>,
  coder: Coder,
  prompt: string,
  options: GenerateOptions,
): IterableIterator<string> {
  const tokens: number[] = [];
  let given = 0; // characters
  for (const token of stream(model, coder.encode(prompt), options)) {
    tokens.push(token);
    const text = coder.decode(tokens);
    if (text.length === given || text.endsWith('\ufffd')) continue;
    yield text.slice(given);
    given = text.length;
  }
  const rest = coder.decode(tokens).slice(given);
  if (rest !== '') yield rest;
}
