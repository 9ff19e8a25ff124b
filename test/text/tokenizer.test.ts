/** Laws of tokenizers, over any text; what is refused; and plants that the laws must catch. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, ValueError } from '../../src/array/errors.ts';
import { byteAlphabet } from '../../src/text/byteLevel.ts';
import { learnMerges, type CountedWord } from '../../src/text/merges.ts';
import type { Json } from '../../src/text/section.ts';
import {
  bertTokenizer,
  charTokenizer,
  gpt2Tokenizer,
  Tokenizer,
  trainBpe,
  trainWordPiece,
  wordTokenizer,
} from '../../src/text/index.ts';
import { read } from '../files.ts';

const corpus = read('test/fixtures/lighthouse.txt');
const special = '<|endoftext|>';
const bpe = trainBpe(corpus, { vocabSize: 400, specialTokens: [special] });

/** Unicode text: any code points, and besides what is often got wrong. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\0',
        '\ufeff',
        '\ufffd',
        ' ',
        '  ',
        '\n',
        '\r\n',
        '\u0085',
        '\u2028',
        'e\u0301',
        '\u0301',
        '👩‍👩‍👧',
        '🏴‍☠️',
        '\u202e',
        special,
        '<|endof',
        '▁',
        'Ġ',
        "'s",
        "'",
        'the keeper',
        '1234',
        '<0x41>',
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

/** The law decode(encode(text)) = text. */
const roundTrips = (tokenizer: Pick<Tokenizer, 'encode' | 'decode'>) =>
  fc.property(anyText, (text) => {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

describe('decode(encode(text)) is the text', () => {
  test('for any Unicode, with byte-level BPE', () => {
    fc.assert(roundTrips(bpe), { numRuns: 500 });
    fc.assert(roundTrips(new Tokenizer(JSON.stringify(bpe))), { numRuns: 100 });
  });

  test('for any text of its own characters, with a char tokenizer, and of its own words, with a word tokenizer', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(text !== '');
        expect(charTokenizer(text).decode(charTokenizer(text).encode(text))).toBe(text);
        expect(wordTokenizer(text).decode(wordTokenizer(text).encode(text))).toBe(text);
      }),
    );
  });

  test('a tokenizer that loses a combining mark, or one that ends characters at bytes, is caught', () => {
    const noMarks = { encode: (text: string) => bpe.encode(text.normalize('NFC')), decode: bpe.decode.bind(bpe) };
    const bytewise = {
      encode: (text: string) => bpe.encode(text),
      decode: (ids: ArrayLike<number>) => Array.from(ids, (id) => bpe.decode([id])).join(''),
    };
    expect(() => fc.assert(roundTrips(noMarks), { numRuns: 500 })).toThrow('Property failed');
    expect(() => fc.assert(roundTrips(bytewise), { numRuns: 500 })).toThrow('Property failed');
  });

  test('half a surrogate pair is no text, and is refused with its place', () => {
    expect(() => bpe.encode('ab\ud83dc')).toThrow(ValueError);
    expect(() => bpe.encode('ab\ud83dc')).toThrow('half a surrogate pair (U+D83D) at position 2');
  });
});

describe('streaming', () => {
  test('shows in the end what decoding all at once shows, and never half a character', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const next = bpe.decodeStream();
        const parts = bpe.encode(`${text}.`).map((id) => next(id));
        expect(parts.join('')).toBe(`${text}.`);
      }),
    );
  });

  test('puts spaces between words as decoding does', () => {
    const bert = trainWordPiece(corpus, { vocabSize: 200 });
    const ids = bert.encode('The keeper counted the ships. He slept!');
    const next = bert.decodeStream({ skipSpecialTokens: true });
    expect(ids.map((id) => next(id)).join('')).toBe(bert.decode(ids, { skipSpecialTokens: true }));
  });
});

describe('training', () => {
  /** The definition: count all pairs anew for every merge. */
  function slowMerges(words: readonly CountedWord[], tokens: string[], vocabSize: number, min: number): string[][] {
    const merges: string[][] = [];
    let lists = words.map(({ ids, count }) => ({ ids: [...ids], count }));
    while (tokens.length < vocabSize) {
      const counts = new Map<string, { a: number; b: number; n: number }>();
      for (const { ids, count } of lists) {
        for (let i = 0; i + 1 < ids.length; i++) {
          const key = `${ids[i]} ${ids[i + 1]}`;
          counts.set(key, { a: ids[i], b: ids[i + 1], n: (counts.get(key)?.n ?? 0) + count });
        }
      }
      const [best] = [...counts.values()].sort((x, y) => y.n - x.n || x.a - y.a || x.b - y.b);
      if (best === undefined || best.n < min) break;
      const name = tokens[best.a] + tokens[best.b];
      merges.push([tokens[best.a], tokens[best.b]]);
      if (!tokens.includes(name)) tokens.push(name);
      const id = tokens.indexOf(name);
      lists = lists.map(({ ids, count }) => {
        const out: number[] = [];
        for (let i = 0; i < ids.length; i++) {
          const merge = ids[i] === best.a && ids[i + 1] === best.b;
          out.push(merge ? id : ids[i]);
          if (merge) i++;
        }
        return { ids: out, count };
      });
    }
    return merges;
  }

  const words = fc.array(
    fc.record({
      ids: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 9 }),
      count: fc.integer({ min: 1, max: 4 }),
    }),
    { maxLength: 8 },
  );

  test('merges are those of the definition', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 3 }), (words, minFrequency) => {
        const expected = slowMerges(words, ['a', 'b', 'c', 'd'], 20, minFrequency);
        const tokens = ['a', 'b', 'c', 'd'];
        const copies = words.map(({ ids, count }) => ({ ids: [...ids], count }));
        expect(learnMerges(copies, tokens, { vocabSize: 20, minFrequency })).toEqual(expected);
        expect(new Set(tokens).size).toBe(tokens.length);
      }),
      { numRuns: 300 },
    );
  });

  test('words come out of training as encoding cuts them', () => {
    const { vocab } = bpe.toJSON().model as { vocab: Record<string, number> };
    const text = ' counting';
    expect(bpe.encode(text).map((id) => bpe.idToToken(id))).toEqual(['Ġcounting']);
    expect(vocab['Ġcounting']).toBe(bpe.tokenToId('Ġcounting'));
  });

  test('the alphabet of bytes has 256 characters that GPT-2 has', () => {
    expect(new Set(byteAlphabet).size).toBe(256);
    expect([byteAlphabet[0], byteAlphabet[10], byteAlphabet[32], byteAlphabet[0xad], byteAlphabet[65]]).toEqual([
      'Ā',
      'Ċ',
      'Ġ',
      'Ń',
      'A',
    ]);
  });

  test('a vocabulary without room for the alphabet is refused', () => {
    expect(() => trainBpe('a', { vocabSize: 256, specialTokens: [special] })).toThrow(
      'trainBpe: vocabSize must be a whole number from 257, as many as bytes and special tokens, got 256',
    );
    expect(() => trainWordPiece('abc', { vocabSize: 6 })).toThrow('vocabSize must be a whole number from 8');
  });
});

describe('what a tokenizer lacks', () => {
  test('is named: a character, an id, a token', () => {
    const abc = charTokenizer('abc');
    expect(() => abc.encode('abxc')).toThrow(
      'encode: the vocabulary must have tokens for all of the text, got "x"; train on text that has it',
    );
    expect(() => abc.decode([0, 3])).toThrow('an id must be a whole number from 0 to 2 in use, got 3');
    expect(() => abc.decode([0.5])).toThrow('got 0.5');
    expect(() => abc.tokenToId('[MASK]')).toThrow('the vocabulary of 3 must have the token, got "[MASK]"');
    expect([abc.has('b'), abc.has('[MASK]')]).toEqual([true, false]);
    expect(charTokenizer('abc', { unkToken: '?' }).encode('axb')).toEqual([1, 0, 2]);
  });

  test('a token to fill with is asked for only where lengths differ', () => {
    const abc = charTokenizer('abc');
    expect(abc.encodeBatch(['ab', 'ca']).ids.toArray()).toEqual([
      [0, 1],
      [2, 0],
    ]);
    expect(() => abc.encodeBatch(['ab', 'c'])).toThrow('there must be a token to fill with');
    expect(abc.encodeBatch(['ab', 'c'], { padToken: 'a' }).ids.toArray()).toEqual([
      [0, 1],
      [2, 0],
    ]);
  });
});

describe('batches', () => {
  const bert = bertTokenizer('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n');

  test('are cut to maxLength with their special tokens, the longer of a pair first', () => {
    const { ids, mask, typeIds } = bert.encodeBatch(['a b c a b', ['a', 'c b a c']], { maxLength: 6 });
    expect(ids.toArray()).toEqual([
      [2, 5, 6, 7, 5, 3],
      [2, 5, 3, 7, 6, 3],
    ]);
    expect(typeIds.toArray()).toEqual([
      [0, 0, 0, 0, 0, 0],
      [0, 0, 0, 1, 1, 1],
    ]);
    expect(mask.toArray()).toEqual([Array(6).fill(1), Array(6).fill(1)]);
    expect(() => bert.encodeBatch(['a'], { maxLength: 2 })).toThrow('maxLength must leave room for the text, got 2');
  });

  test('follow what the file says of length and filling', () => {
    const json = { ...bert.toJSON(), truncation: { max_length: 4 }, padding: { pad_token: '[MASK]' } };
    expect(new Tokenizer(json).encodeBatch(['a b c', 'a']).ids.toArray()).toEqual([
      [2, 5, 6, 3],
      [2, 5, 3, 4],
    ]);
  });
});

describe('a file that is wrong is refused with the part named', () => {
  const good = (): Json => JSON.parse(JSON.stringify(bpe)) as Json;
  const model = (change: Json): Json => ({ ...good(), model: { ...(good().model as Json), ...change } });
  test.each<[string, string | Json, string]>([
    ['no JSON', '{"model":', 'f.json: the file must be JSON'],
    ['no object', '[1]', 'f.json: there must be an object, got [1]'],
    ['no model', '{}', 'f.json: model: there must be an object, got nothing'],
    ['another model', model({ type: 'Neural' }), 'f.json: model: type must be one of BPE, Unigram'],
    ['another normalizer', { ...good(), normalizer: { type: 'Rot13' } }, 'f.json: normalizer: type must be one of NFC'],
    [
      'one that is wrong within a sequence',
      { ...good(), pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'ByteLevel' }, { type: 'X' }] } },
      'f.json: pre_tokenizer.pretokenizers[1]: type must be one of',
    ],
    ['a merge of three', model({ merges: ['a b c'] }), 'f.json: model: merges[0] must be two tokens, got "a b c"'],
    ['a merge of a token that is not there', model({ merges: [['a', 'zz']] }), 'must be tokens of the vocabulary'],
    ['an id that is a fraction', model({ vocab: { a: 0.5 }, merges: [] }), 'the id of "a" must be a whole number'],
    ['an id for two', model({ vocab: { a: 1, b: 1 }, merges: [] }), 'each id must belong to one token, got 1 for "a"'],
    [
      'an unknown token that is not there',
      model({ unk_token: '<unk>' }),
      'unk_token must be a token of the vocabulary',
    ],
    ['dropout', model({ dropout: 0.1 }), 'dropout must be null or 0, got 0.1'],
    ['no vocabulary', model({ vocab: {} }), 'must have tokens, got none'],
    [
      'an added token with the id of another',
      { ...good(), added_tokens: [{ id: 5, content: '<x>' }] },
      'the added token "<x>" must have an id of its own, got 5',
    ],
    [
      'a possessive quantifier',
      { ...good(), pre_tokenizer: { type: 'Split', pattern: { Regex: 'a++' }, behavior: 'Isolated' } },
      'f.json: pre_tokenizer.pattern: Regex must be one that JavaScript knows too, got "a++"',
    ],
    [
      'a compiled normalization that is cut off',
      { ...good(), normalizer: { type: 'Precompiled', precompiled_charsmap: 'AQAAAAAB' } },
      'f.json: normalizer: precompiled_charsmap must be a trie and its texts, got 6 bytes',
    ],
    [
      'one that is no base64',
      { ...good(), normalizer: { type: 'Precompiled', precompiled_charsmap: '!' } },
      'precompiled_charsmap must be base64, got "!"',
    ],
    [
      'a unigram score that is none',
      model({ type: 'Unigram', vocab: [['a', null]] }),
      'f.json: model: vocab[0] must be a token and its score, got ["a",null]',
    ],
    [
      'an unk_id out of range',
      model({ type: 'Unigram', vocab: [['a', -1]], unk_id: 1 }),
      'unk_id must be the position of one of 1 tokens, got 1',
    ],
  ])('%s', (_, json, message) => {
    const make = (): unknown => new Tokenizer(json, 'f.json');
    expect(make).toThrow(FormatError);
    expect(make).toThrow(message);
  });

  test('files of GPT-2 and BERT, with the line', () => {
    expect(() => gpt2Tokenizer('{"a":0}', '#version: 0.2\na b')).toThrow(
      'merges.txt:2: vocab.json must have the tokens',
    );
    expect(() => gpt2Tokenizer('{"a":0}', 'a')).toThrow('merges.txt:1: a line must be two tokens, got "a"');
    expect(() => gpt2Tokenizer('{', '')).toThrow('vocab.json: the file must be JSON');
    expect(() => bertTokenizer('[PAD]\n[UNK]\n[CLS]\n[SEP]')).toThrow('got no [MASK]');
    expect(() => bertTokenizer('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\na')).toThrow(
      'vocab.txt:7: a token must come once',
    );
  });

  test('a file of before types were written is read', () => {
    const { type: _, ...old } = good().model as Json;
    expect(new Tokenizer({ ...good(), model: old }).encode('the keeper')).toEqual(bpe.encode('the keeper'));
  });
});
