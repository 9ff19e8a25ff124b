/**
 * Learning byte-pair merges (Sennrich, Haddow and Birch 2016): of all neighbours in all words, the pair that is seen most
 * often becomes a token, over and over. Of equals the pair of the smallest ids, so that the result is determined.
 */
import { pairKey } from './bpe.ts';
import { Heap } from './heap.ts';

/** A word as ids of tokens, and how often it is there. */
export interface CountedWord {
  ids: number[];
  readonly count: number;
}

export interface MergeOptions {
  /** how many tokens there may be in the end */
  readonly vocabSize: number;
  /** a pair that is seen less often becomes no token */
  readonly minFrequency: number;
  /** what a token within a word begins with, which is left out where it is joined to the one before */
  readonly prefix?: string;
}

/**
 * The merges in order, each two tokens. What they make is appended to `tokens`; `words` come out merged.
 * A pair's words are kept beside its count, so that a merge looks only at words that have it.
 */
export function learnMerges(
  words: readonly CountedWord[],
  tokens: string[],
  options: MergeOptions,
): [string, string][] {
  const { vocabSize, minFrequency, prefix = '' } = options;
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const counts = new Map<number, number>();
  const places = new Map<number, Set<CountedWord>>();
  const note = (word: CountedWord, sign: 1 | -1): void => {
    const { ids, count } = word;
    for (let i = 0; i + 1 < ids.length; i++) {
      const key = pairKey(ids[i], ids[i + 1]);
      counts.set(key, (counts.get(key) ?? 0) + sign * count);
      if (sign < 0) continue;
      const known = places.get(key);
      if (known) known.add(word);
      else places.set(key, new Set([word]));
    }
  };
  for (const word of words) note(word, 1);

  // Counts in the heap may be too high, never too low: one that is out of date goes back with the true count.
  const heap = new Heap<{ key: number; count: number }>(
    (a, b) => a.count > b.count || (a.count === b.count && a.key < b.key),
  );
  for (const [key, count] of counts) heap.push({ key, count });

  const merges: [string, string][] = [];
  while (tokens.length < vocabSize) {
    const top = heap.pop();
    if (!top) break;
    const { key } = top;
    const count = counts.get(key)!;
    if (count !== top.count) {
      if (count > 0) heap.push({ key, count });
      continue;
    }
    if (count < Math.max(minFrequency, 1)) break;
    const a = Math.floor(key / 2 ** 26);
    const b = key % 2 ** 26;
    const second = tokens[b];
    const name = tokens[a] + (second.startsWith(prefix) ? second.slice(prefix.length) : second);
    merges.push([tokens[a], second]);
    let id = idOf.get(name);
    if (id === undefined) {
      id = tokens.push(name) - 1;
      idOf.set(name, id);
    }
    const changed = new Set<number>();
    for (const word of places.get(key)!) {
      note(word, -1);
      word.ids = mergePair(word.ids, a, b, id);
      note(word, 1);
      word.ids.forEach((x, i) => {
        if (x !== id) return;
        if (i > 0) changed.add(pairKey(word.ids[i - 1], id));
        if (i + 1 < word.ids.length) changed.add(pairKey(id, word.ids[i + 1]));
      });
    }
    places.delete(key);
    for (const each of changed) heap.push({ key: each, count: counts.get(each)! });
  }
  return merges;
}

function mergePair(ids: readonly number[], a: number, b: number, to: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === a && ids[i + 1] === b) {
      out.push(to);
      i++;
    } else out.push(ids[i]);
  }
  return out;
}
