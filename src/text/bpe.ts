/**
 * Byte-pair encoding (Sennrich, Haddow and Birch 2016): a piece is cut into characters, and of all neighbours the pair
 * that was merged earliest in training is merged, over and over. Of characters it knows nothing: GPT-2's bytes are
 * characters too, see byteLevel.ts.
 */
import { Heap } from './heap.ts';
import { show, type Section } from './section.ts';
import { namedId, unknown, vocabOf, type Model } from './vocab.ts';

/** Two neighbours as one number: ids are below 2²⁶. */
export const pairKey = (a: number, b: number): number => a * 2 ** 26 + b;

/** For each pair that merges: how early, and into what. */
type Merges = ReadonlyMap<number, { readonly rank: number; readonly id: number }>;

/** Pieces that are remembered; texts repeat their words. */
const CACHE = 1 << 16;

function mergesOf(section: Section, vocab: ReadonlyMap<string, number>): Merges {
  const prefix = section.text('continuing_subword_prefix', '');
  const merges = new Map<number, { rank: number; id: number }>();
  section.list('merges').forEach((merge, rank) => {
    const refuse = (rule: string): Error => section.fault(`merges[${rank}] ${rule}`, show(merge));
    const [a, b, ...more] = (typeof merge === 'string' ? merge.split(' ') : merge) as string[];
    if (typeof a !== 'string' || typeof b !== 'string' || more.length > 0) throw refuse('must be two tokens');
    const ids = [a, b, a + b.slice(b.startsWith(prefix) ? prefix.length : 0)].map((token) => vocab.get(token));
    if (ids.includes(undefined)) throw refuse('and what it makes must be tokens of the vocabulary');
    const key = pairKey(ids[0]!, ids[1]!);
    if (!merges.has(key)) merges.set(key, { rank, id: ids[2]! });
  });
  return merges;
}

/** Merges neighbours, the earliest merge first and of equals the leftmost, until none is left. O(n log n). */
function mergeAll(ids: number[], merges: Merges): number[] {
  const next = ids.map((_, i) => i + 1);
  const before = ids.map((_, i) => i - 1);
  const heap = new Heap<{ rank: number; at: number; id: number }>(
    (a, b) => a.rank < b.rank || (a.rank === b.rank && a.at < b.at),
  );
  const offer = (at: number): void => {
    if (at < 0 || next[at] >= ids.length) return;
    const merge = merges.get(pairKey(ids[at], ids[next[at]]));
    if (merge) heap.push({ ...merge, at });
  };
  for (let at = 0; at < ids.length; at++) offer(at);
  for (let top = heap.pop(); top; top = heap.pop()) {
    const { at, id } = top;
    const gone = next[at];
    // The pair may have changed since it was offered: −1 marks what has been merged into its left neighbour.
    if (ids[at] < 0 || gone >= ids.length || merges.get(pairKey(ids[at], ids[gone]))?.id !== id) continue;
    ids[at] = id;
    ids[gone] = -1;
    next[at] = next[gone];
    if (next[at] < ids.length) before[next[at]] = at;
    offer(before[at]);
    offer(at);
  }
  return ids.filter((id) => id >= 0);
}

/** The tokens `<0x00>` … `<0xFF>`, for characters that the vocabulary lacks; undefined where one of them is missing. */
export function byteTokens(text: string, vocab: ReadonlyMap<string, number>): number[] | undefined {
  const names = Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).toUpperCase().padStart(2, '0'));
  const ids = names.map((name) => vocab.get(`<0x${name}>`));
  return ids.includes(undefined) ? undefined : (ids as number[]);
}

export function bpe(section: Section): Model {
  const vocab = vocabOf(section);
  const merges = mergesOf(section, vocab);
  const unk = namedId(section, 'unk_token', vocab);
  const fuseUnk = section.flag('fuse_unk', false);
  const byteFallback = section.flag('byte_fallback', false);
  const ignoreMerges = section.flag('ignore_merges', false);
  const prefix = section.text('continuing_subword_prefix', '');
  const suffix = section.text('end_of_word_suffix', '');
  if (section.number('dropout', 0) !== 0) {
    throw section.fault('dropout must be null or 0', show(section.json.dropout), 'encoding is not random here');
  }

  const symbols = (piece: string): number[] => {
    const ids: number[] = [];
    let unknownBefore = false;
    const characters = Array.from(piece);
    characters.forEach((c, i) => {
      const symbol = (i > 0 ? prefix : '') + c + (i === characters.length - 1 ? suffix : '');
      const id = vocab.get(symbol);
      const fallback = id === undefined && byteFallback ? byteTokens(symbol, vocab) : undefined;
      if (id !== undefined) ids.push(id);
      else if (fallback) ids.push(...fallback);
      else if (unk === undefined) throw unknown(c);
      else if (!(fuseUnk && unknownBefore)) ids.push(unk);
      unknownBefore = id === undefined && !fallback;
    });
    return ids;
  };

  const cache = new Map<string, readonly number[]>();
  return {
    vocab,
    tokenize: (piece) => {
      const known = cache.get(piece);
      if (known) return [...known];
      const whole = ignoreMerges ? vocab.get(piece) : undefined;
      if (whole !== undefined) return [whole];
      const ids = merges.size > 0 ? mergeAll(symbols(piece), merges) : symbols(piece);
      if (piece.length <= 256 && cache.size < CACHE) cache.set(piece, [...ids]);
      return ids;
    },
  };
}
