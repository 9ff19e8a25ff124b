/** Text with gaps, for the command: how BERT is fed with it, how well it fills them, and what it puts there. */
import { Generator } from '../array/random.ts';
import { tensor } from '../create.ts';
import { DataLoader, mapDataset, randomSampler, windowDataset } from '../data/index.ts';
import { maskTokens, predict, tokenLoss, type BERTForMaskedLM, type MaskingOptions } from '../models/index.ts';
import { concat, type Tensor } from '../tensor.ts';
import { charTokenizer, trainWordPiece, type Texts, type Tokenizer } from '../text/index.ts';
import { evaluate } from '../train/index.ts';
import { attentionOf } from './attention.ts';
import type { MaskedRecipe } from './recipes.ts';
import { percent } from './scores.ts';
import { sha256, type Batch, type Judgement, type Plan, type Prepared } from './task.ts';
import { checkLength, readTextData } from './textTask.ts';
import { UsageError } from './usage.ts';

/** A token for each character, or WordPiece; both with BERT's special tokens. */
export const bertTokenizer = (texts: Texts, vocab: number): Tokenizer =>
  vocab === 0
    ? charTokenizer(texts, { specialTokens: ['[PAD]', '[CLS]', '[MASK]'], unkToken: '[UNK]' })
    : trainWordPiece(texts, { vocabSize: vocab });

/** Tokens of a text, without [CLS] and [SEP]. */
export const tokensOf = (tokenizer: Tokenizer, text: string): number[] =>
  tokenizer.encode(text, { addSpecialTokens: false });

const masking = (tokenizer: Tokenizer, generator: Generator): MaskingOptions => ({
  vocabSize: tokenizer.vocabSize,
  maskToken: tokenizer.tokenToId('[MASK]'),
  special: ['[PAD]', '[CLS]', '[SEP]', '[UNK]'].filter((name) => tokenizer.has(name)).map((name) => tokenizer.tokenToId(name)), // prettier-ignore
  generator,
});

/** Windows side by side, 32 in a batch, each with [CLS] before it and with gaps that are the same each time. */
function gaps(tokenizer: Tokenizer, tokens: readonly number[], block: number, most = Infinity): Batch[] {
  const options = masking(tokenizer, new Generator(1));
  const width = block - 1;
  const starts = Array.from({ length: Math.floor(tokens.length / width) }, (_, i) => i * width).slice(0, most);
  return Array.from({ length: Math.ceil(starts.length / 32) }, (_, i) => {
    const rows = starts.slice(32 * i, 32 * i + 32).map((at) => withFirst(tokenizer, tokens.slice(at, at + width)));
    const { inputs, targets } = maskTokens(tensor(rows), options);
    return [inputs, targets];
  });
}

/** BERT's pooled answer is about the first token, so there is always the same. */
export const withFirst = (tokenizer: Tokenizer, tokens: readonly number[]): number[] => [tokenizer.tokenToId('[CLS]'), ...tokens]; // prettier-ignore

export function prepareMasked({ data: path, settings }: Plan, recipe: MaskedRecipe, generator: Generator): Prepared {
  const { block, batch, steps, vocab } = settings;
  const data = readTextData(path, settings);
  const tokenizer = bertTokenizer(vocab === 0 ? [data.train, data.heldBack] : data.train, vocab);
  const model = recipe.make(settings, { vocabSize: tokenizer.vocabSize }, generator);
  const [train, heldBack] = [data.train, data.heldBack].map((text) => tokensOf(tokenizer, text));
  checkLength(data.name, Math.min(train.length, heldBack.length), block);
  const some = gaps(tokenizer, heldBack, block, 128);
  const windows = mapDataset(windowDataset(train, block - 1), ([x], random) =>
    maskTokens(tensor([withFirst(tokenizer, x)]), masking(tokenizer, random)),
  );
  return {
    model,
    name: data.name,
    fingerprint: sha256(data.train, data.heldBack),
    task: {
      loader: new DataLoader(windows, {
        batchSize: batch,
        sampler: randomSampler(windows.length, { count: steps * batch }),
        collate: (items): Batch => [
          concat(items.map(({ inputs }) => inputs)),
          concat(items.map(({ targets }) => targets)),
        ],
        generator,
      }),
      loss: ([x, y]) => tokenLoss(model.forward(x), y),
      validate: () =>
        evaluate(model, some, ([x, y]) => {
          const logits = model.forward(x);
          return { heldBackLoss: tokenLoss(logits, y), accuracy: rightOf(logits, y).sum().div(y.ne(-1).sum()) };
        }),
      judge: () => judgeGaps(model, tokenizer, train, heldBack, block),
      tokenizer,
    },
  };
}

/** 1 where the likeliest token is the one that was asked for. */
const rightOf = (logits: Tensor, y: Tensor): Tensor => logits.argmax(-1).eq(y);

export function judgeMasked(
  model: BERTForMaskedLM,
  tokenizer: Tokenizer,
  { data, settings }: Plan,
): Promise<Judgement> {
  const { name, train, heldBack } = readTextData(data, settings);
  const tokens = tokensOf(tokenizer, heldBack);
  checkLength(name, tokens.length, settings['block']);
  return judgeGaps(model, tokenizer, tokensOf(tokenizer, train), tokens, settings['block']);
}

async function judgeGaps(
  model: BERTForMaskedLM,
  tokenizer: Tokenizer,
  train: readonly number[],
  heldBack: readonly number[],
  block: number,
): Promise<Judgement> {
  const commonest = mostFrequent(train, tokenizer.vocabSize);
  const batches = gaps(tokenizer, heldBack, block);
  const sums = await evaluate(model, batches, ([x, y]) => {
    const logits = model.forward(x);
    const asked = y.ne(-1).sum().div(y.shape[0]);
    return {
      loss: tokenLoss(logits, y),
      right: rightOf(logits, y).sum().div(y.shape[0]),
      guess: y.eq(commonest).sum().div(y.shape[0]),
      asked,
    };
  });
  const metrics = { loss: sums['loss'], accuracy: sums['right'] / sums['asked'], guess: sums['guess'] / sums['asked'] };
  const [x, y] = batches[0];
  const filled = fill(predict(model, x), x, y);
  const text = (ids: readonly number[]): string => onOneLine(tokenizer.decode(ids.slice(1)));
  const samples = filled.slice(0, 10).map((row, i) => {
    const given = x.select(0, i).toArray() as number[];
    const asked = y.select(0, i).toArray() as number[];
    const truth = asked.map((target, t) => (target < 0 ? given[t] : target));
    return `given   ${text(given)}\nfilled  ${text(row)}\nis      ${text(truth)}`;
  });
  return {
    metrics,
    summary: `${percent(metrics.accuracy)} of hidden tokens right, loss ${metrics.loss.toFixed(4)}; the best guess without context is right in ${percent(metrics.guess)}`,
    report: {
      texts: [{ heading: 'Gaps that it fills', text: samples.join('\n\n') }],
      explanations: [
        attentionOf(
          model,
          (x) => model.forward(x),
          x.select(0, 0).narrow(0, 0, Math.min(24, block)).toArray() as number[],
          tokenizer,
          'Where does it look to fill the gaps?',
        ),
      ],
    },
  };
}

function mostFrequent(tokens: readonly number[], vocabSize: number): number {
  const counts = new Float64Array(vocabSize);
  for (const token of tokens) counts[token]++;
  return counts.indexOf(Math.max(...counts));
}

const onOneLine = (text: string): string => text.replaceAll('[MASK]', '▢').replaceAll('\n', '⏎');

/** Rows with the likeliest token wherever one was asked for. */
function fill(logits: Tensor, x: Tensor, y: Tensor): number[][] {
  return logits.argmax(-1).where(y.ne(-1), x).toArray() as number[][];
}

/** Texts in which [MASK] stands for a token each: filled, and the likeliest three for each. */
export function predictMasked(
  model: BERTForMaskedLM,
  tokenizer: Tokenizer,
  texts: readonly string[],
  json: boolean,
): string {
  const mask = tokenizer.tokenToId('[MASK]');
  const { blockSize } = model.config;
  return texts
    .map((text) => {
      const ids = withFirst(tokenizer, tokensOf(tokenizer, text));
      if (!ids.includes(mask)) throw new UsageError(`a text must have a gap, written [MASK], got '${text}'`);
      if (ids.length > blockSize) {
        throw new UsageError(`a text must have at most ${blockSize - 1} tokens, got ${ids.length - 1} in '${text}'`);
      }
      const rows = predict(model, tensor([ids])).select(0, 0).softmax(1).toArray() as number[][]; // prettier-ignore
      const places = ids.flatMap((id, t) => (id === mask ? [t] : []));
      const guesses = places.map((t) => best(rows[t]).map((id) => ({ token: tokenizer.idToToken(id), probability: rows[t][id] }))); // prettier-ignore
      const filled = tokenizer.decode(ids.map((id, t) => (id === mask ? best(rows[t])[0] : id)).slice(1));
      if (json) return `${JSON.stringify({ text, filled, guesses })}\n`;
      const lines = guesses.map((three, i) => `  ${i + 1}: ${three.map(({ token, probability }) => `${JSON.stringify(token)} ${percent(probability)}`).join(', ')}\n`); // prettier-ignore
      return `${filled}\n${lines.join('')}`;
    })
    .join('');
}

const best = (row: readonly number[]): number[] => row.map((_, id) => id).sort((a, b) => row[b] - row[a]).slice(0, 3); // prettier-ignore
