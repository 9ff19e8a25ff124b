/** Text, for the command: where it comes from, how a language model is fed with it, how well it foresees what comes. */
import { Generator } from '../array/random.ts';
import { DataLoader, randomSampler, shapeCaptions, windowDataset } from '../data/index.ts';
import { tensor } from '../create.ts';
import { readText } from '../io/files.ts';
import { generate, GPT, predict, tokenLoss } from '../models/index.ts';
import { charTokenizer, trainBpe, type Tokenizer } from '../text/index.ts';
import { evaluate, perplexity } from '../train/index.ts';
import { attentionOf } from './attention.ts';
import type { Settings, TextNet, TextRecipe } from './recipes.ts';
import { sha256, type Batch, type Judgement, type Plan, type Prepared } from './task.ts';
import { UsageError } from './usage.ts';

export interface TextData {
  readonly name: string;
  readonly train: string;
  readonly heldBack: string;
  /** Whether a line is one that the text could have; null where text is just text. */
  readonly isLine: ((line: string) => boolean) | null;
}

/** The text of a file, the last tenth held back; or captions of drawn shapes, of which a tenth is never trained on. */
export function readTextData(path: string | null, { seed }: Settings): TextData {
  if (path === null) {
    const captions = shapeCaptions();
    const lines = new Generator(seed).permutation(captions.length).map((i) => `${captions[i]}\n`);
    const cut = Math.floor(0.9 * lines.length);
    const all = new Set(captions);
    const [train, heldBack] = [lines.slice(0, cut).join(''), lines.slice(cut).join('')];
    return { name: 'captions of drawn shapes', train, heldBack, isLine: (line) => all.has(line) };
  }
  const characters = [...readText(path)];
  const cut = Math.floor(0.9 * characters.length);
  const part = (from: number, to?: number): string => characters.slice(from, to).join('');
  return { name: path, train: part(0, cut), heldBack: part(cut), isLine: null };
}

/** A token for each character of all the text, or byte-level BPE learned from the part to train on. */
export function tokenizerFor({ train, heldBack }: TextData, { vocab }: Settings): Tokenizer {
  return vocab === 0 ? charTokenizer([train, heldBack]) : trainBpe(train, { vocabSize: vocab });
}

/** Windows side by side, 32 at a time. */
function windows(tokens: readonly number[], block: number, most = Infinity): Batch[] {
  const starts = Array.from({ length: Math.floor((tokens.length - 1) / block) }, (_, i) => i * block).slice(0, most);
  const batches = Array.from({ length: Math.ceil(starts.length / 32) }, (_, i) => starts.slice(32 * i, 32 * i + 32));
  const rows = (some: readonly number[], shift: number): number[][] =>
    some.map((at) => tokens.slice(at + shift, at + shift + block));
  return batches.map((some) => [tensor(rows(some, 0)), tensor(rows(some, 1))]);
}

export function prepareText({ data: path, settings }: Plan, recipe: TextRecipe, generator: Generator): Prepared {
  const { block, batch, steps } = settings;
  const data = readTextData(path, settings);
  const tokenizer = tokenizerFor(data, settings);
  const model = recipe.make(settings, { vocabSize: tokenizer.vocabSize }, generator);
  const [train, heldBack] = [data.train, data.heldBack].map((text) => tokenizer.encode(text));
  checkLength(data.name, Math.min(train.length, heldBack.length), block);
  const some = windows(heldBack, block, 128);
  return {
    model,
    name: data.name,
    fingerprint: sha256(data.train, data.heldBack),
    task: {
      loader: new DataLoader(windowDataset(train, block), {
        batchSize: batch,
        sampler: randomSampler(train.length - block, { count: steps * batch }),
        collate: (items): Batch => [tensor(items.map(([x]) => x)), tensor(items.map(([, y]) => y))],
        generator,
      }),
      loss: ([x, y]) => tokenLoss(model.forward(x), y),
      validate: () => evaluate(model, some, ([x, y]) => ({ heldBackLoss: tokenLoss(model.forward(x), y) })),
      judge: () => judgeWriting(model, tokenizer, data, block),
      tokenizer,
    },
  };
}

export const judgeText = (model: TextNet, tokenizer: Tokenizer, { data, settings }: Plan): Promise<Judgement> =>
  judgeWriting(model, tokenizer, readTextData(data, settings), settings['block']);

export function checkLength(name: string, length: number, block: number): void {
  if (length > block) return;
  const cure = 'give more text, or a smaller --set block';
  throw new UsageError(`--data: ${name} must hold more than ${block} tokens in its last tenth, got ${length}; ${cure}`);
}

/** How a model does on text that it was not trained on, and what it writes. */
async function judgeWriting(
  model: TextNet,
  tokenizer: Tokenizer,
  { name, heldBack, isLine }: Omit<TextData, 'train'>,
  block: number,
): Promise<Judgement> {
  const tokens = tokenizer.encode(heldBack);
  checkLength(name, tokens.length, block);
  const { loss } = await evaluate(model, windows(tokens, block), ([x, y]) => ({
    loss: tokenLoss(predict(model, x), y),
  }));
  const begin = tokens.slice(0, Math.min(8, block));
  const samples = [0, 0.8, 1].map((temperature) => ({
    heading: temperature === 0 ? 'Always the likeliest token' : `Drawn at temperature ${temperature}`,
    text: tokenizer.decode(generate(model, begin, { maxNewTokens: 300, temperature, generator: new Generator(1) })),
  }));
  const metrics = { loss, perplexity: perplexity(loss) };
  const line = tokens.slice(0, Math.min(24, block));
  const explanations =
    model instanceof GPT ? [attentionOf(model, (x) => model.forward(x), line, tokenizer, 'Where does it look before it says the next token?')] : []; // prettier-ignore
  const numbers = `loss ${loss.toFixed(4)} a token, perplexity ${metrics.perplexity.toFixed(2)}`;
  if (isLine === null) return { metrics, summary: numbers, report: { texts: samples, explanations } };

  const stop = tokenizer.encode('\n');
  const begins = Array.from({ length: 100 }, () => stop);
  const lines = generate(model, begins, { maxNewTokens: 80, stop, generator: new Generator(2) })
    .map((line) => tokenizer.decode(line).trim()); // prettier-ignore
  const right = lines.filter(isLine).length / lines.length;
  const marked = lines.slice(0, 24).map((line) => `${isLine(line) ? '✓' : '✗'} ${line}`);
  return {
    metrics: { ...metrics, right },
    summary: `${numbers}; ${(100 * right).toFixed(0)} % of ${lines.length} lines that it writes are ones that could be`,
    report: { texts: [{ heading: 'Lines that it writes', text: marked.join('\n') }, ...samples], explanations },
  };
}
