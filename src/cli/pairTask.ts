/** Pairs of texts, for the command: where they come from, how a Transformer is fed with them, how often it gives the target. */
import { Generator } from '../array/random.ts';
import { arithmetic, DataLoader, formatCsv, listDataset } from '../data/index.ts';
import { predict, tokenLoss, translate, type Transformer } from '../models/index.ts';
import type { Tensor } from '../tensor.ts';
import { charTokenizer, trainBpe, type Tokenizer } from '../text/index.ts';
import { attentionOf, sourceAttention } from './attention.ts';
import { padded } from './labelTask.ts';
import type { PairRecipe } from './recipes.ts';
import { percent } from './scores.ts';
import { formatTable } from './table.ts';
import { beside, lines, readPairs, textsOf, type TextPair, type TextPairs } from './tableTask.ts';
import { sha256, type Batch, type Judgement, type Plan, type Prepared } from './task.ts';
import { UsageError } from './usage.ts';

/** What is kept with the model: the columns. */
export interface PairPreprocessing {
  readonly source: string;
  readonly target: string;
}

/** Pairs of a table; or sums and differences, each once, such as 12+34 and 46. */
function pairsOf({ data, settings, columns }: Plan): TextPairs & { readonly name: string } {
  const { seed } = settings;
  if (data !== null) return { name: data, ...readPairs(data, columns!, seed) };
  const problems = [...new Set(arithmetic(20_000, new Generator(seed)))].map((text) => text.split('=') as [string, string]); // prettier-ignore
  const cut = problems.length - 500;
  return {
    name: 'sums and differences',
    source: 'problem',
    target: 'result',
    train: problems.slice(0, cut),
    heldBack: problems.slice(cut),
  };
}

const specials = ['[PAD]', '[BOS]', '[EOS]'];
const idsOf = (tokenizer: Tokenizer): number[] => specials.map((name) => tokenizer.tokenToId(name));

export function preparePairs(plan: Plan, recipe: PairRecipe, generator: Generator): Prepared {
  const { settings } = plan;
  const pairs = pairsOf(plan);
  const { name, source, target, train, heldBack } = pairs;
  const all = [...train, ...heldBack].flat();
  const { vocab } = settings;
  const tokenizer = vocab === 0 ? charTokenizer(all, { specialTokens: specials }) : trainBpe(train.flat(), { vocabSize: vocab, specialTokens: specials }); // prettier-ignore
  const blockSize = Math.max(...all.map((text) => tokenizer.encode(text).length)) + 1;
  const model = recipe.make(settings, { vocabSize: tokenizer.vocabSize, blockSize, padding: idsOf(tokenizer)[0] }, generator); // prettier-ignore
  return {
    model,
    name,
    fingerprint: sha256(JSON.stringify([train, heldBack])),
    task: {
      loader: new DataLoader(listDataset(train), {
        batchSize: settings['batch'],
        shuffle: true,
        collate: (items) => batchOf(tokenizer, items),
        generator,
      }),
      loss: ([x, y]) => tokenLoss(model.forward(x, before(y)), after(y, tokenizer)),
      validate: () => {
        const { loss, accuracy } = score(model, tokenizer, heldBack.slice(0, 200));
        return Promise.resolve({ heldBackLoss: loss, accuracy });
      },
      judge: () => Promise.resolve(judgeAnswers(model, tokenizer, pairs)),
      tokenizer,
      preprocessing: { source, target },
    },
  };
}

/** Sources [B, S], and targets between [BOS] and [EOS], [B, T + 1]; both filled up with [PAD]. */
function batchOf(tokenizer: Tokenizer, pairs: readonly TextPair[]): Batch {
  const [pad, bos, eos] = idsOf(tokenizer);
  return [
    padded(pairs.map(([source]) => tokenizer.encode(source)), pad),
    padded(pairs.map(([, target]) => [bos, ...tokenizer.encode(target), eos]), pad),
  ]; // prettier-ignore
}

/** What the decoder is given, and what it is to say next: nothing is asked for where padding is. */
const before = (y: Tensor): Tensor => y.narrow(1, 0, y.shape[1] - 1); // [B, T]
function after(y: Tensor, tokenizer: Tokenizer): Tensor {
  const next = y.narrow(1, 1, y.shape[1] - 1); // [B, T]
  return next.where(next.ne(idsOf(tokenizer)[0]), -1);
}

/** The targets of sources, the likeliest token each time. */
function answer(model: Transformer, tokenizer: Tokenizer, sources: readonly string[]): string[] {
  const [pad, bos, eos] = idsOf(tokenizer);
  const rows = padded(sources.map((text) => tokenizer.encode(text)), pad).toArray() as number[][]; // prettier-ignore
  const maxNewTokens = model.config.blockSize;
  return translate(model, rows, bos, { maxNewTokens, stop: [eos], temperature: 0 })
    .map((tokens) => tokenizer.decode(tokens, { skipSpecialTokens: true })); // prettier-ignore
}

function score(
  model: Transformer,
  tokenizer: Tokenizer,
  pairs: readonly TextPair[],
): { loss: number; accuracy: number; said: string[] } {
  let [loss, tokens] = [0, 0];
  const said: string[] = [];
  for (let at = 0; at < pairs.length; at += 100) {
    const some = pairs.slice(at, at + 100);
    const [x, y] = batchOf(tokenizer, some);
    const asked = after(y, tokenizer);
    const n = asked.ne(-1).sum().item();
    loss += n * tokenLoss(predict(model, x, before(y)), asked).item();
    tokens += n;
    said.push(...answer(model, tokenizer, some.map(([source]) => source))); // prettier-ignore
  }
  const right = said.filter((text, i) => text === pairs[i][1]).length;
  return { loss: loss / tokens, accuracy: right / pairs.length, said };
}

export const judgePairs = (model: Transformer, tokenizer: Tokenizer, plan: Plan): Judgement =>
  judgeAnswers(model, tokenizer, pairsOf(plan));

function judgeAnswers(model: Transformer, tokenizer: Tokenizer, { source, target, heldBack }: TextPairs): Judgement {
  const { loss, accuracy, said } = score(model, tokenizer, heldBack);
  const show = (which: readonly number[]): string =>
    formatTable([source, target, 'said', ''], which.slice(0, 24).map((i) => [...heldBack[i], said[i], said[i] === heldBack[i][1] ? '✓' : '✗'])); // prettier-ignore
  const wrong = said.flatMap((text, i) => (text === heldBack[i][1] ? [] : [i]));
  return {
    metrics: { loss, accuracy },
    summary: `${percent(accuracy)} of ${heldBack.length} targets right to the last token, loss ${loss.toFixed(4)} a token`,
    report: {
      texts: [
        { heading: 'Held-back pairs', text: show(heldBack.map((_, i) => i)) },
        { heading: 'Mistakes', text: wrong.length > 0 ? show(wrong) : 'None.' },
      ],
      explanations: [
        attentionOf(model, (x) => model.encode(x), tokenizer.encode(heldBack[0][0]), tokenizer, 'Where does the encoder look in a source?'), // prettier-ignore
        sourceAttention(model, tokenizer.encode(heldBack[0][0]), [idsOf(tokenizer)[1], ...tokenizer.encode(heldBack[0][1])], tokenizer), // prettier-ignore
      ],
    },
  };
}

/** The targets of sources; for a table, the table again with a column more. */
export function predictPairs(
  model: Transformer,
  tokenizer: Tokenizer,
  { source, target }: PairPreprocessing,
  words: readonly string[],
  json: boolean,
): string {
  const { texts: sources, table } = textsOf(words, source);
  const { blockSize } = model.config;
  for (const text of sources) {
    const { length } = tokenizer.encode(text);
    if (length === 0 || length > blockSize) {
      throw new UsageError(`a ${source} must have 1 to ${blockSize} tokens, got ${length} in '${text}'`);
    }
  }
  const targets = sources.flatMap((text) => answer(model, tokenizer, [text]));
  if (json) return lines(targets.map((text, i) => ({ [source]: sources[i], [target]: text })));
  if (!table) return targets.map((text, i) => `${sources[i]}: ${text}\n`).join('');
  return formatCsv(beside(table, { [`predicted ${target}`]: { kind: 'text', values: targets } }));
}
