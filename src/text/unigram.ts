/**
 * The unigram language model of SentencePiece (Kudo 2018): every token has a log-probability, and a piece is cut where
 * the sum is largest, found by Viterbi's algorithm.
 */
import { byteTokens } from './bpe.ts';
import { show, type Section } from './section.ts';
import { unknown, type Model } from './vocab.ts';

/** An unknown character scores this much less than the least likely token. */
const UNKNOWN = 10;

/** Tokens by their characters: from each node, the nodes after one more. */
interface Trie {
  readonly next: Map<string, Trie>;
  id: number;
}

function readVocab(section: Section): { tokens: string[]; scores: number[] } {
  const tokens: string[] = [];
  const scores: number[] = [];
  section.list('vocab').forEach((entry, i) => {
    const [token, score] = (Array.isArray(entry) ? entry : []) as unknown[];
    if (typeof token !== 'string' || typeof score !== 'number' || !Number.isFinite(score)) {
      throw section.fault(`vocab[${i}] must be a token and its score`, show(entry));
    }
    tokens.push(token);
    scores.push(score);
  });
  if (tokens.length === 0) throw section.fault('vocab must have tokens', 'none');
  return { tokens, scores };
}

export function unigram(section: Section): Model {
  const { tokens, scores } = readVocab(section);
  const unk = section.has('unk_id') ? section.number('unk_id') : undefined;
  if (unk !== undefined && !(Number.isInteger(unk) && unk >= 0 && unk < tokens.length)) {
    throw section.fault(`unk_id must be the position of one of ${tokens.length} tokens`, show(unk));
  }
  const byteFallback = section.flag('byte_fallback', false);
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN;
  const vocab = new Map(tokens.map((token, id) => [token, id]));
  const root: Trie = { next: new Map(), id: -1 };
  for (const [token, id] of vocab) {
    let at = root;
    for (const c of token) {
      const next: Trie = at.next.get(c) ?? { next: new Map(), id: -1 };
      at.next.set(c, next);
      at = next;
    }
    if (at !== root) at.id = id;
  }

  /** The best path: for each end the token that leads there and where it begins, read from the end. */
  const best = (c: readonly string[]): { id: number; start: number; end: number }[] => {
    const score = [0, ...c.map(() => -Infinity)];
    const from = score.map(() => 0);
    const by = score.map(() => -1); // the token; −1 for an unknown character
    const offer = (start: number, end: number, id: number, value: number): void => {
      if (score[start] + value <= score[end]) return;
      [score[end], from[end], by[end]] = [score[start] + value, start, id];
    };
    for (let start = 0; start < c.length; start++) {
      let at: Trie | undefined = root;
      for (let end = start + 1; end <= c.length && (at = at.next.get(c[end - 1])); end++) {
        if (at.id >= 0 && at.id !== unk) offer(start, end, at.id, scores[at.id]);
      }
      const alone = root.next.get(c[start])?.id ?? -1;
      if (alone < 0 || alone === unk) offer(start, start + 1, -1, unknownScore);
    }
    const path = [];
    for (let end = c.length; end > 0; end = from[end]) path.push({ id: by[end], start: from[end], end });
    return path.reverse();
  };

  return {
    vocab,
    tokenize: (piece) => {
      const c = Array.from(piece);
      const ids: number[] = [];
      let text = ''; // unknown characters in a row are one unknown token
      const flush = (): void => {
        if (text === '') return;
        const bytes = byteFallback ? byteTokens(text, vocab) : undefined;
        if (!bytes && unk === undefined) throw unknown(text);
        ids.push(...(bytes ?? [unk!]));
        text = '';
      };
      for (const { id, start, end } of best(c)) {
        if (id < 0) {
          text += c.slice(start, end).join('');
          continue;
        }
        flush();
        ids.push(id);
      }
      flush();
      return ids;
    },
  };
}
