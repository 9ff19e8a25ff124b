/**
 * Tokenizers of parts of words, in the forms of GPT-2 and of BERT: trained on a text, or put together from the files
 * that these models came with.
 */
import { FormatError, ValueError } from '../array/errors.ts';
import { byteAlphabet } from './byteLevel.ts';
import { learnMerges } from './merges.ts';
import { normalizerOf } from './normalizers.ts';
import { preTokenizerOf } from './preTokenizers.ts';
import { Section, show, type Json } from './section.ts';
import { Tokenizer } from './tokenizer.ts';

/** One text, or several: no token crosses from one to the next. */
export type Texts = string | Iterable<string>;

export interface TrainOptions {
  /** how many tokens there are to be, all kinds together; fewer when the text gives no more */
  readonly vocabSize: number;
  /** what is seen less often becomes no token (default 2) */
  readonly minFrequency?: number;
  /** tokens that stand for no text, as <|endoftext|>; they get the first ids */
  readonly specialTokens?: readonly string[];
}

export interface BertOptions {
  /** lower case without accents, as in the `uncased` models (default true) */
  readonly lowercase?: boolean;
}

/** The entry of a special token in `added_tokens`. */
export const specialToken = (content: string, id: number): Json => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/** A tokenizer.json; parts that are left out are null. */
export function assemble(parts: {
  specials: Iterable<readonly [string, number]>;
  model: Json;
  normalizer?: Json;
  preTokenizer?: Json;
  postProcessor?: Json;
  decoder?: Json;
}): Tokenizer {
  return new Tokenizer({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: Array.from(parts.specials, ([token, id]) => specialToken(token, id)).sort((a, b) =>
      (a.id as number) < (b.id as number) ? -1 : 1,
    ),
    normalizer: parts.normalizer ?? null,
    pre_tokenizer: parts.preTokenizer ?? null,
    post_processor: parts.postProcessor ?? null,
    decoder: parts.decoder ?? null,
    model: parts.model,
  });
}

/** Tokens as a vocabulary: each token's id is its place. */
export const numbered = (tokens: readonly string[]): Record<string, number> => {
  const vocab = Object.create(null) as Record<string, number>; // so that __proto__ is a token like any other
  tokens.forEach((token, id) => (vocab[token] = id));
  return vocab;
};

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };

const byteLevelBpe = (
  vocab: Record<string, number>,
  merges: readonly (readonly [string, string])[],
  specials: readonly string[],
): Tokenizer =>
  assemble({
    specials: specials.map((token) => [token, vocab[token]]),
    preTokenizer: byteLevel,
    postProcessor: { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  });

/** The words of texts and how often each is there, as the parts of a tokenizer.json cut them. */
export function countWords(texts: Texts, preTokenizer: Json, normalizer?: Json): Map<string, number> {
  const cut = preTokenizerOf(new Section('pre_tokenizer', preTokenizer));
  const normalize = normalizer ? normalizerOf(new Section('normalizer', normalizer)) : (text: string): string => text;
  const counts = new Map<string, number>();
  for (const text of typeof texts === 'string' ? [texts] : texts) {
    for (const word of cut(normalize(text), true)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function checkSize(where: string, vocabSize: number, least: number, what: string): void {
  if (!Number.isSafeInteger(vocabSize) || vocabSize < least) {
    throw new ValueError(where, `vocabSize must be a whole number from ${least}, as many as ${what}`, `${vocabSize}`);
  }
}

/**
 * Byte-level byte-pair encoding as in GPT-2 (Radford et al. 2019): the 256 bytes are the alphabet, so every text has
 * tokens, and decode(encode(text)) is the text. The same text gives the same tokenizer as Hugging Face's trainer.
 * @throws ValueError when vocabSize has no room for the bytes and the special tokens.
 * ```ts
 * import { trainBpe } from 'adjoint/text';
 * const tokenizer = trainBpe('so it is so it is so it is', { vocabSize: 260, specialTokens: ['<|endoftext|>'] });
 * console.log(tokenizer.encode('so it is<|endoftext|>').map((id) => tokenizer.idToToken(id)));
 * // => [ 'so', 'Ġi', 't', 'Ġis', '<|endoftext|>' ]
 * ```
 */
export function trainBpe(texts: Texts, { vocabSize, minFrequency = 2, specialTokens = [] }: TrainOptions): Tokenizer {
  checkSize('trainBpe', vocabSize, 256 + specialTokens.length, 'bytes and special tokens');
  const tokens = [...specialTokens, ...[...byteAlphabet].sort()];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const words = Array.from(countWords(texts, byteLevel), ([word, count]) => ({
    ids: Array.from(word, (c) => idOf.get(c)!),
    count,
  }));
  const merges = learnMerges(words, tokens, { vocabSize, minFrequency });
  return byteLevelBpe(numbered(tokens), merges, specialTokens);
}

/**
 * GPT-2's tokenizer from its two files (those who have its tokenizer.json give that to `new Tokenizer`).
 * @param vocab the text of vocab.json
 * @param merges the text of merges.txt
 * @throws FormatError when a line is not two tokens, or a merge needs a token that the vocabulary lacks.
 * ```ts
 * import { gpt2Tokenizer } from 'adjoint/text';
 * const tokenizer = gpt2Tokenizer('{"h":0,"i":1,"hi":2,"<|endoftext|>":3}', '#version: 0.2\nh i\n');
 * console.log(tokenizer.encode('hi<|endoftext|>')); // => [ 2, 3 ]
 * ```
 */
export function gpt2Tokenizer(vocab: string, merges: string): Tokenizer {
  let tokens: Record<string, number>;
  try {
    tokens = JSON.parse(vocab) as Record<string, number>;
  } catch (error) {
    throw new FormatError('vocab.json', 'the file must be JSON', (error as Error).message);
  }
  const pairs: [string, string][] = [];
  merges.split(/\r?\n/).forEach((line, i) => {
    if (line === '' || (i === 0 && line.startsWith('#version'))) return;
    const pair = line.split(' ');
    const missing = [...pair, pair.join('')].find((token) => !Object.hasOwn(tokens, token));
    const where = `merges.txt:${i + 1}`;
    if (pair.length !== 2) throw new FormatError(where, 'a line must be two tokens', show(line));
    if (missing !== undefined) {
      const cure = 'are the two files of one model?';
      throw new FormatError(where, 'vocab.json must have the tokens of a merge', `no ${show(missing)}`, cure);
    }
    pairs.push(pair as [string, string]);
  });
  const specials = ['<|endoftext|>'].filter((token) => Object.hasOwn(tokens, token));
  return byteLevelBpe(tokens, pairs, specials);
}

const bertSpecials = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

const bertNormalizer = (lowercase: boolean): Json => ({
  type: 'BertNormalizer',
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: null,
  lowercase,
});

function bertOf(vocab: Record<string, number>, lowercase: boolean, specials: readonly string[]): Tokenizer {
  const sequence = (id: 'A' | 'B', typeId: number): Json => ({ Sequence: { id, type_id: typeId } });
  const token = (id: string, typeId: number): Json => ({ SpecialToken: { id, type_id: typeId } });
  const single = [token('[CLS]', 0), sequence('A', 0), token('[SEP]', 0)];
  const used = ['[CLS]', '[SEP]'].map((name) => [name, { id: name, ids: [vocab[name]], tokens: [name] }]);
  return assemble({
    specials: specials.map((name) => [name, vocab[name]]),
    normalizer: bertNormalizer(lowercase),
    preTokenizer: { type: 'BertPreTokenizer' },
    postProcessor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), token('[SEP]', 1)],
      special_tokens: Object.fromEntries(used),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  });
}

/**
 * BERT's tokenizer from its vocab.txt: a token a line, whose number is the id.
 * @throws FormatError when one of [PAD] [UNK] [CLS] [SEP] [MASK] is missing, or a token comes twice.
 * ```ts
 * import { bertTokenizer } from 'adjoint/text';
 * const bert = bertTokenizer('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##able\n##aff');
 * console.log(bert.decode(bert.encode('Unaffected'))); // => [CLS] [UNK] [SEP]
 * console.log(bert.decode(bert.encode('Unable'))); // => [CLS] unable [SEP]
 * ```
 */
export function bertTokenizer(vocab: string, { lowercase = true }: BertOptions = {}): Tokenizer {
  const tokens = vocab.replace(/\r?\n$/, '').split(/\r?\n/);
  const missing = bertSpecials.filter((token) => !tokens.includes(token));
  if (missing.length > 0) {
    throw new FormatError('vocab.txt', `there must be the tokens ${bertSpecials.join(' ')}`, `no ${missing.join(' ')}`);
  }
  const seen = new Set<string>();
  tokens.forEach((token, i) => {
    if (seen.has(token)) throw new FormatError(`vocab.txt:${i + 1}`, 'a token must come once', `${show(token)} again`);
    seen.add(token);
  });
  return bertOf(numbered(tokens), lowercase, bertSpecials);
}

/**
 * WordPiece as in BERT (Devlin et al. 2019), its tokens learned by byte-pair merges of characters, as Hugging Face does.
 * Case, accents and white space are not kept: decode gives back the words.
 * @param options specialTokens come besides [PAD] [UNK] [CLS] [SEP] [MASK], which are ids 0 to 4
 * @throws ValueError when vocabSize has no room for the characters and the special tokens.
 * ```ts
 * import { trainWordPiece } from 'adjoint/text';
 * const text = 'walk walks walking talk talks talking';
 * const tokenizer = trainWordPiece(text, { vocabSize: 40 });
 * console.log(tokenizer.encode('Walking talks').map((id) => tokenizer.idToToken(id)));
 * // => [ '[CLS]', 'walk', '##ing', 'talk', '##s', '[SEP]' ]
 * ```
 */
export function trainWordPiece(
  texts: Texts,
  { vocabSize, minFrequency = 2, specialTokens = [], lowercase = true }: TrainOptions & BertOptions,
): Tokenizer {
  const specials = [...bertSpecials, ...specialTokens];
  const counts = countWords(texts, { type: 'BertPreTokenizer' }, bertNormalizer(lowercase));
  const symbolsOf = (word: string): string[] => Array.from(word, (c, i) => (i > 0 ? `##${c}` : c));
  const alphabet = new Set<string>();
  for (const word of counts.keys()) for (const symbol of symbolsOf(word)) alphabet.add(symbol);
  const tokens = [...new Set([...specials, ...[...alphabet].sort()])];
  checkSize('trainWordPiece', vocabSize, tokens.length, 'characters of the text and special tokens');
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const words = Array.from(counts, ([word, count]) => ({
    ids: symbolsOf(word).map((symbol) => idOf.get(symbol)!),
    count,
  }));
  learnMerges(words, tokens, { vocabSize, minFrequency, prefix: '##' });
  return bertOf(numbered(tokens), lowercase, specials);
}
