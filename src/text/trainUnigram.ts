/**
 * Training the unigram language model (Kudo 2018): from all frequent substrings of words, those are kept that the
 * likelihood of the text misses most. Expectation–maximization sets the probabilities; pruning alternates with it.
 */
import { ValueError } from '../array/errors.ts';
import type { Json } from './section.ts';
import { assemble, countWords, type Texts, type TrainOptions } from './subwords.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface UnigramOptions extends TrainOptions {
  /** stands for what has no token (default `<unk>`) */
  readonly unkToken?: string;
  /** told, after each step of expectation, how many tokens there are and the mean log-likelihood of a word */
  readonly onStep?: (tokens: number, logLikelihood: number) => void;
}

/** The longest token, in characters. */
const LONGEST = 16;
/** So many seeds for each token that is asked for. */
const SEEDS = 20;

/**
 * A word, how often it is there, and every way to cut it: arcs start, end, token, start, end, token, … by rising end.
 * A token whose score is −Infinity, the logarithm of 0, is gone.
 */
interface Lattice {
  readonly length: number;
  readonly count: number;
  arcs: Int32Array;
}

const metaspace: Json = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };

/**
 * A SentencePiece-like tokenizer: words begin with ▁, which stands for a space, and a word is cut where the product of its
 * tokens' probabilities is largest. decode gives the text back but for spaces at its beginning; ▁ itself becomes a space.
 * minFrequency is for seeds: a substring that is seen less often becomes no token, unless it is one character.
 * @throws ValueError when vocabSize has no room for the characters and the special tokens.
 * ```ts
 * import { trainUnigram } from 'adjoint/text';
 * const text = 'walk walks walked talk talks talked ask asks asked';
 * const tokenizer = trainUnigram(text, { vocabSize: 20 });
 * console.log(tokenizer.encode('asked walks').map((id) => tokenizer.idToToken(id))); // => [ '▁ask', 'ed', '▁walk', 's' ]
 * ```
 */
export function trainUnigram(texts: Texts, options: UnigramOptions): Tokenizer {
  const { vocabSize, minFrequency = 2, specialTokens = [], unkToken = '<unk>', onStep } = options;
  const specials = [...new Set([...specialTokens, unkToken])];
  const words = Array.from(countWords(texts, metaspace), ([word, count]) => ({ characters: [...word], count }));
  const alphabet = new Set(words.flatMap(({ characters }) => characters));
  const least = alphabet.size + specials.length;
  if (!Number.isSafeInteger(vocabSize) || vocabSize < least) {
    const rule = `vocabSize must be a whole number from ${least}, as many as characters of the text and special tokens`;
    throw new ValueError('trainUnigram', rule, `${vocabSize}`);
  }
  const wanted = vocabSize - specials.length;
  const { tokens, scores } = seeds(words, alphabet, wanted * SEEDS, minFrequency);
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const lattices = words.map(({ characters, count }) => latticeOf(characters, count, idOf));
  const own = tokens.map((token) => latticeOf([...token], 1, idOf));
  const size = (): number => scores.reduce((n, score) => n + (score > -Infinity ? 1 : 0), 0);
  for (;;) {
    for (let step = 0; step < 2; step++) {
      const { expected, logLikelihood } = expectation(lattices, scores);
      onStep?.(size(), logLikelihood);
      maximize(scores, expected, own);
    }
    if (size() <= wanted) break;
    prune(lattices, scores, own, Math.max(wanted, Math.floor(size() * 0.75)));
    for (const lattice of [...lattices, ...own]) lattice.arcs = arcsLeft(lattice.arcs, scores);
  }
  const vocab = tokens
    .map((token, id): [string, number] => [token, scores[id]])
    .filter(([, score]) => score > -Infinity)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return assemble({
    specials: specials.map((token, id) => [token, id]),
    preTokenizer: metaspace,
    decoder: metaspace,
    model: {
      type: 'Unigram',
      unk_id: specials.indexOf(unkToken),
      vocab: [...specials.map((token) => [token, 0]), ...vocab],
      byte_fallback: false,
    },
  });
}

/** All characters, and of longer substrings those that cover most of the text: frequency · length. */
function seeds(
  words: readonly { characters: readonly string[]; count: number }[],
  alphabet: ReadonlySet<string>,
  most: number,
  minFrequency: number,
): { tokens: string[]; scores: Float64Array } {
  const cover = new Map<string, { count: number; length: number }>();
  for (const { characters, count } of words) {
    for (let start = 0; start < characters.length; start++) {
      let text = '';
      for (let end = start; end < Math.min(characters.length, start + LONGEST); end++) {
        text += characters[end];
        const known = cover.get(text);
        if (known) known.count += count;
        else cover.set(text, { count, length: end - start + 1 });
      }
    }
  }
  const longer = [...cover]
    .filter(([, { count, length }]) => length > 1 && count >= minFrequency)
    .sort(([a, x], [b, y]) => y.count * y.length - x.count * x.length || (a < b ? -1 : 1));
  const tokens = [...[...alphabet].sort(), ...longer.slice(0, most).map(([text]) => text)];
  const covers = tokens.map((token) => cover.get(token)!.count * cover.get(token)!.length);
  const total = covers.reduce((sum, each) => sum + each, 0);
  return { tokens, scores: Float64Array.from(covers, (each) => Math.log(each / total)) };
}

function latticeOf(characters: readonly string[], count: number, idOf: ReadonlyMap<string, number>): Lattice {
  const arcs: number[] = [];
  for (let end = 1; end <= characters.length; end++) {
    let text = '';
    for (let start = end - 1; start >= Math.max(0, end - LONGEST); start--) {
      text = characters[start] + text;
      const id = idOf.get(text);
      if (id !== undefined) arcs.push(start, end, id);
    }
  }
  return { length: characters.length, count, arcs: Int32Array.from(arcs) };
}

function arcsLeft(arcs: Int32Array, scores: Float64Array): Int32Array {
  return arcs.filter((_, i) => scores[arcs[i - (i % 3) + 2]] > -Infinity);
}

/** log(eᵃ + eᵇ) */
function logAdd(a: number, b: number): number {
  const high = Math.max(a, b);
  return high === -Infinity ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high));
}

/** How often each token is expected over all ways to cut the words, by their probability (forward–backward). */
function expectation(
  lattices: readonly Lattice[],
  scores: Float64Array,
): { expected: Float64Array; logLikelihood: number } {
  const expected = new Float64Array(scores.length);
  let [logLikelihood, total] = [0, 0];
  for (const { length, count, arcs } of lattices) {
    const forward = new Float64Array(length + 1).fill(-Infinity); // of all ways from the beginning
    const backward = forward.slice(); // of all ways to the end
    forward[0] = 0;
    backward[length] = 0;
    for (let i = 0; i < arcs.length; i += 3) {
      forward[arcs[i + 1]] = logAdd(forward[arcs[i + 1]], forward[arcs[i]] + scores[arcs[i + 2]]);
    }
    for (let i = arcs.length - 3; i >= 0; i -= 3) {
      const [start, end, token] = [arcs[i], arcs[i + 1], arcs[i + 2]];
      expected[token] += count * Math.exp(forward[start] + scores[token] + backward[end] - forward[length]);
      backward[start] = logAdd(backward[start], backward[end] + scores[token]);
    }
    logLikelihood += count * forward[length];
    total += count;
  }
  return { expected, logLikelihood: total > 0 ? logLikelihood / total : 0 };
}

/** Probabilities in proportion to what was expected. What hardly occurs goes, unless it is one character. */
function maximize(scores: Float64Array, expected: Float64Array, own: readonly Lattice[]): void {
  const counts = expected.map((count, id) =>
    scores[id] === -Infinity ? 0 : own[id].length === 1 ? Math.max(count, 1e-3) : count >= 0.5 ? count : 0,
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  counts.forEach((count, id) => (scores[id] = Math.log(count / total)));
}

/** The most likely way to cut: Viterbi's. `without` is a token that may not be used. */
function best({ length, arcs }: Lattice, scores: Float64Array, without = -1): number[] {
  const score = new Float64Array(length + 1).fill(-Infinity);
  const by = new Int32Array(length + 1); // the arc that leads there
  score[0] = 0;
  for (let i = 0; i < arcs.length; i += 3) {
    const [start, end, token] = [arcs[i], arcs[i + 1], arcs[i + 2]];
    if (token === without || !(score[start] + scores[token] > score[end])) continue;
    score[end] = score[start] + scores[token];
    by[end] = i;
  }
  const path: number[] = [];
  for (let end = length; end > 0; end = arcs[by[end]]) path.push(arcs[by[end] + 2]);
  return path.reverse();
}

/**
 * Keeps `size` tokens: all characters, and those without which the text would be less likely by most, their places then
 * being cut in the next best way.
 */
function prune(lattices: readonly Lattice[], scores: Float64Array, own: readonly Lattice[], size: number): void {
  const used = new Float64Array(scores.length);
  let total = 0;
  for (const lattice of lattices) {
    for (const token of best(lattice, scores)) {
      used[token] += lattice.count;
      total += lattice.count;
    }
  }
  const loss = (token: number): number => {
    const count = used[token];
    if (own[token].length === 1) return Infinity;
    if (count === 0) return -Infinity;
    const others = best(own[token], scores, token);
    const newTotal = total + count * (others.length - 1);
    const instead = others.reduce((sum, other) => sum + Math.log((used[other] + count) / newTotal), 0);
    return count * (Math.log(count / total) - instead);
  };
  const alive = [...scores.keys()].filter((token) => scores[token] > -Infinity);
  const losses = new Map(alive.map((token) => [token, loss(token)]));
  const rank = (a: number, b: number): number => {
    const [x, y] = [losses.get(a)!, losses.get(b)!];
    return x === y ? a - b : y - x;
  };
  for (const token of alive.sort(rank).slice(size)) scores[token] = -Infinity;
}
