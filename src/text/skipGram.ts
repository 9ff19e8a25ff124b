/**
 * Skip-gram with negative sampling (Mikolov et al. 2013), word2vec: the vector of a word is trained to tell the words
 * around it from words drawn at random.
 */
import { ValueError } from '../array/errors.ts';
import { defaultGenerator, type Generator } from '../array/random.ts';
import { firstAbove, sumsOf } from '../array/weights.ts';
import { rand, tensor, zeros } from '../create.ts';
import { binaryCrossEntropyWithLogits } from '../nn/functions.ts';
import { Adam } from '../optim/adam.ts';
import type { Tensor } from '../tensor.ts';
import { WordVectors } from './wordVectors.ts';

export interface WordVectorOptions {
  /** numbers a word (default 64) */
  readonly dim?: number;
  /** how far around a word is looked, at most: each time a distance is drawn from 1 to this (default 5) */
  readonly window?: number;
  /** words drawn at random for each that is there, in proportion to frequency^0.75 (default 5) */
  readonly negatives?: number;
  /** words that are seen less often are left out (default 5) */
  readonly minFrequency?: number;
  /** frequent words are left out at random: of a share f, √(s/f) stays; Infinity keeps all (default 1e-3) */
  readonly subsample?: number;
  /** passes over the sentences (default 5) */
  readonly epochs?: number;
  /** α of Adam at the start; it falls to 0 (default 0.01) */
  readonly lr?: number;
  /** pairs of words a step (default 1024) */
  readonly batchSize?: number;
  /** Where the random bits come from; the default generator (see manualSeed) if left out. */
  readonly generator?: Generator;
  /** told the mean loss of each pass */
  readonly onEpoch?: (epoch: number, loss: number) => void;
}

/**
 * The loss of pairs: −log σ(u·v₀) − Σₖ log σ(−u·vₖ), mean over pairs, u the vector of the word in the middle, v₀ of the one
 * beside it, and vₖ of those drawn at random.
 * @param u [B, D]
 * @param v [B, 1 + K, D]
 * @returns a 0-d tensor
 * ```ts
 * import { zeros } from 'adjoint';
 * import { skipGramLoss } from 'adjoint/text';
 * const loss = skipGramLoss(zeros([4, 8]), zeros([4, 6, 8]));
 * console.log(loss.item().toFixed(4), (6 * Math.log(2)).toFixed(4)); // => 4.1589 4.1589
 * ```
 */
export function skipGramLoss(u: Tensor, v: Tensor): Tensor {
  const [B, words] = v.shape;
  const logits = v.matmul(u.unsqueeze(-1)).squeeze(-1); // [B, 1 + K]
  const isThere = tensor([1, ...Array<number>(words - 1).fill(0)], { dtype: v.dtype }).expand([B, words]);
  return binaryCrossEntropyWithLogits(logits, isThere).mul(words); // a mean over all, times 1 + K: a sum over a pair's
}

/**
 * Vectors of the words of sentences (lists of words; see wordsOf): words in like company come to lie in like directions.
 * ```ts
 * import { Generator } from 'adjoint';
 * import { trainWordVectors, wordsOf } from 'adjoint/text';
 * const text = ['the cat drinks milk', 'the dog drinks water', 'we drive a car', 'we drive a bus'];
 * const sentences = Array.from({ length: 100 }, (_, i) => wordsOf(text[i % 4]));
 * const options = { dim: 8, window: 3, subsample: Infinity, epochs: 30, generator: new Generator(1) };
 * const vectors = trainWordVectors(sentences, options);
 * console.log(vectors.similarity('car', 'bus') > vectors.similarity('car', 'milk')); // => true
 * ```
 * @throws ValueError when no word is frequent enough, no two are in one sentence, or an option is out of range
 */
export function trainWordVectors(sentences: Iterable<readonly string[]>, options: WordVectorOptions = {}): WordVectors {
  const { dim = 64, window = 5, negatives = 5, minFrequency = 5, subsample = 1e-3, epochs = 5 } = options;
  const { lr = 0.01, batchSize = 1024, generator = defaultGenerator, onEpoch } = options;
  checkCounts({ dim, window, negatives, epochs, batchSize });
  if (!(subsample > 0)) throw new ValueError('trainWordVectors', 'subsample must be above 0', `${subsample}`);
  const lists = [...sentences];
  const { words, counts } = vocabularyOf(lists, minFrequency);
  const idOf = new Map(words.map((word, id) => [word, id]));
  const corpus = lists.map((list) => list.map((word) => idOf.get(word)).filter((id) => id !== undefined));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const stays = counts.map((count) => Math.sqrt((subsample * total) / count));
  const sums = sumsOf(counts.map((count) => count ** 0.75));
  const draw = (): number => firstAbove(sums, generator.uniform() * sums[sums.length - 1]);

  const vectors = startingVectors(words.length, dim, generator); // [V, D]
  const contexts = zeros([words.length, dim], { requiresGrad: true }); // [V, D]
  const optimizer = new Adam([vectors, contexts], { lr });
  const step = (centres: readonly number[], others: readonly number[]): number => {
    const drawn = others.flatMap((other) => [other, ...Array.from({ length: negatives }, draw)]);
    const v = contexts.indexSelect(0, tensor(drawn)).reshape([centres.length, 1 + negatives, dim]);
    const loss = skipGramLoss(vectors.indexSelect(0, tensor(centres)), v);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss.item();
  };

  for (let epoch = 0; epoch < epochs; epoch++) {
    let [sum, pairs] = [0, 0];
    let centres: number[] = [];
    let others: number[] = [];
    const flush = (done: number): void => {
      optimizer.paramGroups[0].lr = lr * (1 - (epoch + done) / epochs);
      sum += step(centres, others) * centres.length;
      pairs += centres.length;
      centres = [];
      others = [];
    };
    const order = generator.permutation(corpus.length);
    order.forEach((sentence, i) => {
      const kept = corpus[sentence].filter((id) => stays[id] >= 1 || generator.uniform() < stays[id]);
      kept.forEach((centre, at) => {
        const reach = generator.integer(1, window + 1);
        for (let other = Math.max(at - reach, 0); other <= Math.min(at + reach, kept.length - 1); other++) {
          if (other === at) continue;
          centres.push(centre);
          others.push(kept[other]);
          if (centres.length === batchSize) flush(i / order.length);
        }
      });
    });
    if (centres.length > 0) flush(1);
    if (pairs === 0 && subsample === Infinity) {
      throw new ValueError('trainWordVectors', 'sentences must have two frequent words or more', 'none that has');
    }
    onEpoch?.(epoch, sum / Math.max(pairs, 1));
  }
  return new WordVectors(words, vectors.detach());
}

/** Rows drawn from [−½, ½)/D, as word2vec starts. */
const startingVectors = (V: number, D: number, generator: Generator): Tensor =>
  rand([V, D], { generator }).sub(0.5).div(D).detach().requiresGrad_();

/** Words that are frequent enough, the most frequent first, and how often each is there. */
function vocabularyOf(
  lists: readonly (readonly string[])[],
  minFrequency: number,
): { words: string[]; counts: number[] } {
  const frequencies = new Map<string, number>();
  for (const list of lists) for (const word of list) frequencies.set(word, (frequencies.get(word) ?? 0) + 1);
  const entries = [...frequencies].filter(([, count]) => count >= minFrequency);
  if (entries.length === 0) {
    const got = `${frequencies.size} words, none so often`;
    throw new ValueError('trainWordVectors', `words must be there ${minFrequency} times`, got, 'set minFrequency');
  }
  entries.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return { words: entries.map(([word]) => word), counts: entries.map(([, count]) => count) };
}

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new ValueError('trainWordVectors', `${name} must be a whole number from 1`, `${count}`);
    }
  }
}
