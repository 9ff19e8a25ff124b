/** Texts in classes, for the command: where they come from, how BERT is fed with them, how well it tells them apart. */
import { FormatError } from '../array/errors.ts';
import type { Generator } from '../array/random.ts';
import { tensor } from '../create.ts';
import { DataLoader, formatCsv, listDataset, type Table } from '../data/index.ts';
import { load } from '../models/folder.ts';
import { BERTForClassification, BERTForMaskedLM, predict } from '../models/index.ts';
import * as F from '../nn/functions.ts';
import { concat, type Tensor } from '../tensor.ts';
import type { Tokenizer } from '../text/index.ts';
import { evaluate } from '../train/index.ts';
import { attentionOf } from './attention.ts';
import { bertTokenizer, tokensOf, withFirst } from './maskedTask.ts';
import type { LabelRecipe } from './recipes.ts';
import { percent, scoreClasses } from './scores.ts';
import { formatTable } from './table.ts';
import { beside, lines, readPairs, textsOf } from './tableTask.ts';
import { sha256, type Batch, type Judgement, type Plan, type Prepared } from './task.ts';
import { UsageError } from './usage.ts';

/** What is kept with the model: the columns of the texts and of their classes, and the classes. */
export interface LabelPreprocessing {
  readonly text: string;
  readonly label: string;
  readonly classes: readonly string[];
}

export const isForLabels = (x: unknown): x is LabelPreprocessing => typeof x === 'object' && x !== null && 'label' in x;

/** Rows [CLS] and tokens, cut to the model's block and filled up to the longest with [PAD]. */
function rowsOf(tokenizer: Tokenizer, texts: readonly string[], blockSize: number): number[][] {
  return texts.map((text) => withFirst(tokenizer, tokensOf(tokenizer, text)).slice(0, blockSize));
}

/** Rows of one length [B, T]. */
export function padded(rows: readonly (readonly number[])[], pad: number): Tensor {
  const T = Math.max(...rows.map((row) => row.length));
  return tensor(rows.map((row) => [...row, ...Array<number>(T - row.length).fill(pad)]));
}

const classify = (model: BERTForClassification, x: Tensor, pad: number): Tensor =>
  model.forward(x, { mask: x.ne(pad) });

export function prepareLabels(plan: Plan, recipe: LabelRecipe, generator: Generator): Prepared {
  const { data, settings, columns } = plan;
  const { source: text, target: label, train, heldBack } = readPairs(data!, columns!, settings['seed']);
  const classes = [...new Set([...train, ...heldBack].map(([, name]) => name))].sort();
  if (classes.length < 2)
    throw new UsageError(`--target: ${label} must have at least two classes, got ${classes.length}`);
  const start = plan.pretrained === undefined ? null : pretrained(plan.pretrained);
  const texts = train.map(([said]) => said);
  const tokenizer = start?.tokenizer ?? bertTokenizer(texts, settings['vocab']);
  const model = start
    ? new BERTForClassification(
        { ...start.model.config, classes: classes.length, dropout: settings['dropout'] },
        { generator },
      )
    : recipe.make(settings, { vocabSize: tokenizer.vocabSize, classes: classes.length }, generator);
  if (start) model.bert.loadStateDict(start.model.bert.stateDict());
  const preprocessing = { text, label, classes };
  const pad = tokenizer.tokenToId('[PAD]');
  const rows = rowsOf(tokenizer, texts, model.config.blockSize);
  const held = batches(model, tokenizer, heldBack, classes);
  return {
    model,
    name: data!,
    fingerprint: sha256(JSON.stringify([train, heldBack]), ...(start ? [hashOf(start.model)] : [])),
    task: {
      loader: new DataLoader(listDataset(rows.map((row, i) => ({ row, y: classes.indexOf(train[i][1]) }))), {
        batchSize: settings['batch'],
        shuffle: true,
        collate: (items): Batch => [
          padded(
            items.map(({ row }) => row),
            pad,
          ),
          tensor(items.map(({ y }) => y)),
        ],
        generator,
      }),
      loss: ([x, y]) => F.crossEntropy(classify(model, x, pad), y),
      validate: () =>
        evaluate(model, held, ([x, y]) => {
          const logits = classify(model, x, pad);
          return { heldBackLoss: F.crossEntropy(logits, y), accuracy: logits.argmax(1).eq(y).mean() };
        }),
      judge: () => Promise.resolve(judgeTexts(model, tokenizer, heldBack, classes)),
      tokenizer,
      preprocessing,
    },
  };
}

function pretrained(folder: string): { model: BERTForMaskedLM; tokenizer: Tokenizer } {
  const { model, tokenizer } = load(folder);
  if (model instanceof BERTForMaskedLM && tokenizer) return { model, tokenizer };
  throw new FormatError(
    folder,
    '--pretrained must name a masked language model with its tokenizer',
    model.constructor.name,
  );
}

const hashOf = (model: BERTForMaskedLM): string =>
  sha256(...Object.values(model.bert.stateDict()).map((x) => new Uint8Array(x.toTypedArray().slice().buffer)));

/** Texts with their classes, 100 at a time. */
function batches(
  model: BERTForClassification,
  tokenizer: Tokenizer,
  pairs: readonly (readonly [text: string, label: string])[],
  classes: readonly string[],
): Batch[] {
  const pad = tokenizer.tokenToId('[PAD]');
  return Array.from({ length: Math.ceil(pairs.length / 100) }, (_, i) => {
    const some = pairs.slice(100 * i, 100 * i + 100);
    const rows = rowsOf(tokenizer, some.map(([text]) => text), model.config.blockSize); // prettier-ignore
    return [padded(rows, pad), tensor(some.map(([, label]) => classes.indexOf(label)))];
  });
}

export function judgeLabels(
  model: BERTForClassification,
  tokenizer: Tokenizer,
  { label, classes }: LabelPreprocessing,
  { data, settings, columns }: Plan,
): Judgement {
  const { heldBack } = readPairs(data!, { ...columns!, target: label }, settings['seed']);
  const strange = heldBack.find(([, name]) => !classes.includes(name));
  if (strange) throw new UsageError(`--data: classes must be ${classes.join(', ')}, got '${strange[1]}'`);
  return judgeTexts(model, tokenizer, heldBack, classes);
}

function judgeTexts(
  model: BERTForClassification,
  tokenizer: Tokenizer,
  pairs: readonly (readonly [text: string, label: string])[],
  classes: readonly string[],
): Judgement {
  const all = batches(model, tokenizer, pairs, classes);
  const pad = tokenizer.tokenToId('[PAD]');
  const logits = concat(all.map(([x]) => predict(model, x, { mask: x.ne(pad) })));
  const { loss, accuracy, commonest, confusion, guesses, sure, wrong } = scoreClasses(logits, concat(all.map(([, y]) => y)), classes); // prettier-ignore
  const show = (which: readonly number[]): string =>
    formatTable(['text', 'is', 'taken for', ''], which.slice(0, 16).map((i) => [cut(pairs[i][0]), pairs[i][1], classes[guesses[i]], percent(sure[i])])); // prettier-ignore
  return {
    metrics: { loss, accuracy },
    summary: `${percent(accuracy)} of ${pairs.length} texts right, loss ${loss.toFixed(4)}; the commonest class is right in ${percent(commonest)}`,
    details: { classes, confusion: confusion.counts },
    report: {
      confusion,
      texts: [
        { heading: 'Held-back texts', text: show(pairs.map((_, i) => i)) },
        { heading: 'Mistakes, the surest first', text: wrong.length > 0 ? show(wrong) : 'None.' },
      ],
      explanations: [
        attentionOf(model,
 (x) => model.forward(x), rowsOf(tokenizer, [pairs[0][0]], model.config.blockSize)[0], tokenizer, `Where does it look in a text that is ${pairs[0][1]}? Its answer is made of [CLS].`), // prettier-ignore
      ],
    },
  };
}

const cut = (text: string): string => {
  const line = text.replaceAll('\n', '⏎');
  return line.length > 70 ? `${line.slice(0, 69)}…` : line;
};

/** The classes of texts, the likeliest first; for a table, the table again with two columns more. */
export function predictLabels(
  model: BERTForClassification,
  tokenizer: Tokenizer,
  { text, label, classes }: LabelPreprocessing,
  words: readonly string[],
  json: boolean,
): string {
  const { texts, table } = textsOf(words, text);
  if (texts.length === 0) return json || !table ? '' : formatCsv(table);
  const pad = tokenizer.tokenToId('[PAD]');
  const rows = rowsOf(tokenizer, texts, model.config.blockSize).flatMap((row) => {
    const x = tensor([row]);
    return predict(model, x, { mask: x.ne(pad) }).softmax(1).toArray() as number[][]; // prettier-ignore
  });
  const ordered = rows.map((row) => classes.map((name, c) => ({ class: name, probability: row[c] })).sort((a, b) => b.probability - a.probability)); // prettier-ignore
  if (json) return lines(ordered.map((predictions, i) => ({ text: texts[i], predictions })));
  if (table) {
    const more: Table['columns'] = {
      [`predicted ${label}`]: { kind: 'text', values: ordered.map(([first]) => first.class) },
      probability: { kind: 'number', values: Float64Array.from(ordered, ([first]) => Number(first.probability.toFixed(4))) }, // prettier-ignore
    };
    return formatCsv(beside(table, more));
  }
  return ordered
    .map(
      (all, i) =>
        `${texts[i]}: ${all
          .slice(0, 3)
          .map((guess) => `${guess.class} ${percent(guess.probability)}`)
          .join(', ')}\n`,
    ) // prettier-ignore
    .join('');
}
