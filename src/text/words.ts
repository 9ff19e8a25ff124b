/** Tokenizers of whole characters and of whole words: the simplest, and enough for a small model. */
import { ValueError } from '../array/errors.ts';
import { assemble, countWords, numbered, type Texts } from './subwords.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface CharOptions {
  /** stands for every character that the text did not have; without it, such a character is refused */
  readonly unkToken?: string;
  /** tokens that stand for no text, as <|endoftext|>; they get the first ids */
  readonly specialTokens?: readonly string[];
}

export interface WordOptions extends CharOptions {
  /** at most so many tokens, the most frequent words; the rest is unknown (default: no limit) */
  readonly vocabSize?: number;
  /** words that are seen less often are unknown (default 1) */
  readonly minFrequency?: number;
}

/**
 * A token for each character of the text, by code point, in their order: karpathy's char-level vocabulary of tiny
 * Shakespeare is this. decode(encode(text)) is the text, for all texts of these characters.
 * ```ts
 * import { charTokenizer } from 'adjoint/text';
 * const tokenizer = charTokenizer('hello');
 * console.log(tokenizer.vocabSize, tokenizer.encode('hole')); // => 4 [ 1, 3, 2, 0 ]
 * ```
 */
export function charTokenizer(texts: Texts, { unkToken, specialTokens = [] }: CharOptions = {}): Tokenizer {
  const seen = new Set<string>();
  for (const text of typeof texts === 'string' ? [texts] : texts) for (const c of text) seen.add(c);
  const specials = specialsOf(specialTokens, unkToken);
  const characters = [...seen].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  const tokens = [...new Set([...specials, ...characters])];
  if (tokens.length === 0) throw new ValueError('charTokenizer', 'the text must have characters', 'none');
  return assemble({
    specials: specials.map((token) => [token, tokens.indexOf(token)]),
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE', // without merges it cuts a text into characters
      dropout: null,
      unk_token: unkToken ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: numbered(tokens),
      merges: [],
    },
  });
}

const specialsOf = (tokens: readonly string[], unkToken: string | undefined): string[] => [
  ...new Set([...tokens, ...(unkToken === undefined ? [] : [unkToken])]),
];

/** A run of letters, marks, digits and underscores (an apostrophe may stand between); white space; one other. */
const wordPattern = "[\\p{L}\\p{M}\\p{N}_]+(?:['’][\\p{L}\\p{M}]+)*|\\s+|[^\\p{L}\\p{M}\\p{N}_\\s]";

const words = { type: 'Split', pattern: { Regex: wordPattern }, behavior: 'Isolated', invert: false };

/**
 * A token for each word, for each run of white space and for each other character, the most frequent first. Nothing is
 * left out, so decode(encode(text)) is the text, for all texts of these tokens.
 * @param options unkToken is `<unk>` unless named
 * ```ts
 * import { wordTokenizer } from 'adjoint/text';
 * const tokenizer = wordTokenizer("To be, or not to be: that's it.");
 * const ids = tokenizer.encode("to be: that's not me");
 * console.log(tokenizer.decode(ids)); // => to be: that's not <unk>
 * ```
 */
export function wordTokenizer(
  texts: Texts,
  { unkToken = '<unk>', specialTokens = [], vocabSize = Infinity, minFrequency = 1 }: WordOptions = {},
): Tokenizer {
  const specials = specialsOf(specialTokens, unkToken);
  if (!(vocabSize >= specials.length)) {
    const rule = `vocabSize must be ${specials.length} or more, the number of special tokens`;
    throw new ValueError('wordTokenizer', rule, `${vocabSize}`);
  }
  const counted = [...countWords(texts, words)].filter(([, count]) => count >= minFrequency);
  counted.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const tokens = [...new Set([...specials, ...counted.map(([word]) => word)])].slice(0, vocabSize);
  return assemble({
    specials: specials.map((token) => [token, tokens.indexOf(token)]),
    preTokenizer: words,
    decoder: { type: 'Fuse' },
    model: { type: 'WordLevel', vocab: numbered(tokens), unk_token: unkToken },
  });
}
