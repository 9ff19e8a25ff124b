/**
 * class Tokenizer: text to ids and back, as a tokenizer.json of Hugging Face describes it. The description is all that
 * there is: it is read when the tokenizer is made, and is what saving writes.
 *
 *     text → normalizer → pre-tokenizer → model → post-processor → ids → decoder → text
 */
import { ValueError } from '../array/errors.ts';
import { tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { addedTokenOf, splitter, type AddedToken, type Stretch } from './addedTokens.ts';
import { loneSurrogate } from './characters.ts';
import { decoderOf, type Decoder } from './decoders.ts';
import { modelOf } from './models.ts';
import { normalizerOf, type Normalizer } from './normalizers.ts';
import { plain, postProcessorOf, type Encoded, type PostProcessor } from './postProcessors.ts';
import { preTokenizerOf, type PreTokenizer } from './preTokenizers.ts';
import { Section, show, type Json } from './section.ts';
import type { Model } from './vocab.ts';

export interface EncodeOptions {
  /** false leaves out what the post-processor adds, such as [CLS] and [SEP] (default true) */
  readonly addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  /** true leaves special tokens out (default false) */
  readonly skipSpecialTokens?: boolean;
}

export interface BatchOptions extends EncodeOptions {
  /** longer sequences are cut to this many ids, special tokens included; of a pair, the longer one first */
  readonly maxLength?: number;
  /** what shorter sequences are filled with: by default what the file says, else [PAD] or <pad> */
  readonly padToken?: string;
}

/** Sequences of one length, as tensors [B, T]. */
export interface Batch {
  readonly ids: Tensor;
  /** 1 for ids of the text, 0 for what was filled */
  readonly mask: Tensor;
  /** the segment of each id: 0, or 1 in the second text of a pair */
  readonly typeIds: Tensor;
}

/**
 * Text to ids and back. Made by training (`trainBpe`, `trainWordPiece`, `charTokenizer`, `wordTokenizer`), from the files
 * of GPT-2 and BERT (`gpt2Tokenizer`, `bertTokenizer`), or from a tokenizer.json of the models BPE, WordPiece, Unigram
 * and WordLevel. `JSON.stringify(tokenizer)` is its tokenizer.json.
 * ```ts
 * import { Tokenizer, trainBpe } from 'adjoint/text';
 * const tokenizer = trainBpe('low lower lowest, slow slower slowest', { vocabSize: 262 });
 * console.log(tokenizer.encode('slowest 🙂').map((id) => tokenizer.idToToken(id)));
 * // => [ 's', 'lowe', 'st', 'Ġ', 'ð', 'Ł', 'Ļ', 'Ĥ' ]
 * const again = new Tokenizer(JSON.stringify(tokenizer));
 * console.log(again.decode(again.encode('slowest 🙂'))); // => slowest 🙂
 * ```
 */
export class Tokenizer {
  /** How many ids there are: one more than the largest. The size of an embedding. */
  readonly vocabSize: number;
  private readonly json: Json;
  private readonly model: Model;
  private readonly normalizer: Normalizer;
  private readonly preTokenizer: PreTokenizer;
  private readonly postProcessor: PostProcessor;
  private readonly decoder: Decoder;
  private readonly added: ReadonlyMap<string, AddedToken>;
  private readonly tokens: string[] = [];
  private readonly splitRaw: (text: string) => Stretch[];
  private readonly splitNormalized: (text: string) => Stretch[];

  /**
   * @param json the text of a tokenizer.json, or what JSON.parse made of it
   * @param where the file's name, which stands in every message
   * @throws FormatError when it is not such a file, naming the part that is wrong.
   */
  constructor(json: string | Json, where = 'tokenizer.json') {
    const file = new Section(where, typeof json === 'string' ? parse(json, where) : json);
    const part = <T>(key: string, read: (section: Section) => T, otherwise: T): T =>
      file.has(key) ? read(file.at(key)) : otherwise;
    this.json = file.json;
    this.model = modelOf(file.at('model'));
    this.normalizer = part('normalizer', normalizerOf, (text) => text);
    this.preTokenizer = part('pre_tokenizer', preTokenizerOf, (text) => [text]);
    this.postProcessor = part('post_processor', postProcessorOf, plain);
    this.decoder = part<Decoder>('decoder', decoderOf, (tokens) => [tokens.join(' ')]);

    for (const [token, id] of this.model.vocab) this.tokens[id] = token;
    const added = file.has('added_tokens') ? file.all('added_tokens').map(addedTokenOf) : [];
    for (const { id, content } of added) {
      const other = this.tokens[id] ?? content;
      if (other !== content) throw file.fault(`the added token ${show(content)} must have an id of its own`, `${id}`);
      this.tokens[id] = content;
    }
    this.added = new Map(added.map((token) => [token.content, token]));
    this.vocabSize = this.tokens.length;
    const raw = added.filter((token) => !token.normalized);
    const normalized = added.filter((token) => token.normalized);
    this.splitRaw = splitter(raw, (token) => token.content);
    this.splitNormalized = splitter(normalized, (token) => this.normalizer(token.content));
  }

  /**
   * The ids of a text.
   * @throws ValueError for half a surrogate pair, which is no text; for what no token stands for, if there is none for
   * the unknown either.
   */
  encode(text: string, { addSpecialTokens = true }: EncodeOptions = {}): number[] {
    const ids = this.idsOf(text);
    return addSpecialTokens ? this.postProcessor(segment(ids, 0), null).ids : ids;
  }

  /**
   * Several texts, or pairs of texts, filled to one length.
   * @throws ValueError as encode; when there is no token to fill with, or maxLength leaves no room for the text.
   * ```ts
   * import { bertTokenizer } from 'adjoint/text';
   * const bert = bertTokenizer('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\nsat\n##s\n.');
   * const { ids, mask } = bert.encodeBatch(['The cat sat.', ['Cats', 'sat']]);
   * console.log(ids.toArray()); // => [ [ 2, 5, 6, 7, 9, 3 ], [ 2, 6, 8, 3, 7, 3 ] ]
   * console.log(mask.sum().item()); // => 12
   * ```
   */
  encodeBatch(texts: readonly (string | readonly [string, string])[], options: BatchOptions = {}): Batch {
    const settings = new Section('tokenizer.json', this.json);
    const truncation = settings.has('truncation') ? settings.at('truncation').number('max_length') : Infinity;
    const { maxLength = truncation, addSpecialTokens = true } = options;
    const process = addSpecialTokens ? this.postProcessor : plain;
    const rows = texts.map((text) => {
      const [a, b] = (typeof text === 'string' ? [text] : text).map((each) => this.idsOf(each));
      cut(a, b, maxLength - process(segment([], 0), b ? segment([], 1) : null).ids.length, maxLength);
      return process(segment(a, 0), b ? segment(b, 1) : null);
    });
    const T = rows.reduce((most, { ids }) => Math.max(most, ids.length), 0);
    const pad = rows.every(({ ids }) => ids.length === T) ? 0 : this.padId(options.padToken);
    const fill = (row: readonly number[], value: number): number[] => [
      ...row,
      ...Array<number>(T - row.length).fill(value),
    ];
    return {
      ids: tensor(rows.map(({ ids }) => fill(ids, pad))),
      mask: tensor(rows.map(({ ids }) => fill(Array<number>(ids.length).fill(1), 0))),
      typeIds: tensor(rows.map(({ typeIds }) => fill(typeIds, 0))),
    };
  }

  /**
   * The text that ids stand for. Bytes that are no character (ids may end within one) become U+FFFD.
   * @throws ValueError for an id that is not in the vocabulary.
   */
  decode(ids: ArrayLike<number>, { skipSpecialTokens = false }: DecodeOptions = {}): string {
    let tokens = Array.from(ids, (id) => this.idToToken(id));
    if (skipSpecialTokens) tokens = tokens.filter((token) => this.added.get(token)?.special !== true);
    return this.decoder(tokens, (token) => this.added.has(token)).join('');
  }

  /**
   * Text as ids come in, one after the other: what each adds to the text. A character whose bytes are not all there
   * waits for the rest.
   * ```ts
   * import { trainBpe } from 'adjoint/text';
   * const tokenizer = trainBpe('abc', { vocabSize: 256 });
   * const next = tokenizer.decodeStream();
   * console.log(tokenizer.encode('é!').map((id) => next(id))); // => [ '', 'é', '!' ]
   * ```
   */
  decodeStream(options: DecodeOptions = {}): (id: number) => string {
    let ids: number[] = [];
    let shown = '';
    return (id) => {
      ids.push(id);
      const text = this.decode(ids, options);
      if (text.endsWith('\ufffd')) return '';
      const fresh = text.slice(shown.length);
      // What has been shown need not be decoded again; the last ids stay, for a token's text may depend on its neighbour.
      ids = ids.slice(-4);
      shown = this.decode(ids, options);
      return fresh;
    };
  }

  /** The id of a token. @throws ValueError when the vocabulary lacks it; ask `has` first. */
  tokenToId(token: string): number {
    const id = this.added.get(token)?.id ?? this.model.vocab.get(token);
    if (id === undefined) {
      throw new ValueError('tokenToId', `the vocabulary of ${this.vocabSize} must have the token`, show(token));
    }
    return id;
  }
  /** The token of an id. @throws ValueError when there is none. */
  idToToken(id: number): string {
    const token = this.tokens[id];
    if (token === undefined) {
      throw new ValueError('decode', `an id must be a whole number from 0 to ${this.vocabSize - 1} in use`, `${id}`);
    }
    return token;
  }
  /** Whether the vocabulary has a token. */
  has(token: string): boolean {
    return this.added.has(token) || this.model.vocab.has(token);
  }

  /** What JSON.stringify asks for: the content of its tokenizer.json. */
  toJSON(): Json {
    return this.json;
  }

  /** The ids of a text without what the post-processor adds. */
  private idsOf(text: string): number[] {
    const half = text.search(loneSurrogate);
    if (half >= 0) {
      const got = `half a surrogate pair (U+${text.charCodeAt(half).toString(16).toUpperCase()}) at position ${half}`;
      throw new ValueError('encode', 'the text must be Unicode', got, 'text.toWellFormed() puts U+FFFD there');
    }
    const ids: number[] = [];
    const tokenize = (text: string, first: boolean): void => {
      this.preTokenizer(text, first).forEach((piece) => {
        if (piece !== '') for (const id of this.model.tokenize(piece)) ids.push(id);
      });
    };
    for (const raw of this.splitRaw(text)) {
      if ('id' in raw) ids.push(raw.id);
      else {
        for (const part of this.splitNormalized(this.normalizer(raw.text))) {
          if ('id' in part) ids.push(part.id);
          else tokenize(part.text, raw.at === 0 && part.at === 0);
        }
      }
    }
    return ids;
  }

  private padId(asked?: string): number {
    const settings = new Section('tokenizer.json', this.json);
    const said = settings.has('padding') ? settings.at('padding').text('pad_token') : undefined;
    const token = asked ?? said ?? ['[PAD]', '<pad>'].find((name) => this.has(name));
    if (token === undefined) {
      const cure = 'name one as padToken, such as <|endoftext|>';
      throw new ValueError('encodeBatch', 'there must be a token to fill with', 'neither [PAD] nor <pad>', cure);
    }
    return this.tokenToId(token);
  }
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Section(where, {}).fault('the file must be JSON', (error as Error).message);
  }
}

const segment = (ids: number[], typeId: number): Encoded => ({ ids, typeIds: ids.map(() => typeId) });

/** Cuts the ends of one or two sequences until they have `room`, the longer one first. */
function cut(a: number[], b: number[] | undefined, room: number, maxLength: number): void {
  if (room < 1) throw new ValueError('encodeBatch', 'maxLength must leave room for the text', `${maxLength}`);
  while (a.length + (b?.length ?? 0) > room) (b !== undefined && b.length > a.length ? b : a).pop();
}
