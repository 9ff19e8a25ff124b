/**
 * Hugging Face's tokenizers and ours agree: on ids, segments and decoded text, for files that they wrote and files that
 * we wrote. Values by test/fixtures/huggingface.py.
 */
import { describe, expect, test } from 'vitest';
import { preTokenizerOf } from '../../src/text/preTokenizers.ts';
import { Section, type Json } from '../../src/text/section.ts';
import { Tokenizer, trainBpe } from '../../src/text/index.ts';
import { read } from '../files.ts';
import { ours } from '../fixtures/ownTokenizers.ts';

interface Fixture {
  tokenizer: Json & { model: { vocab: Record<string, number>; merges: unknown } };
  cases: { text: string; ids: number[]; plain?: number[]; decoded: string; skipped: string }[];
  pairs: { pair: [string, string]; ids: number[]; typeIds: number[] }[];
}
const { tokenizers, texts, cuts } = JSON.parse(read('test/fixtures/huggingface.json')) as {
  tokenizers: Record<string, Fixture>;
  texts: string[];
  cuts: Record<string, { section: Json; cases: string[][] }>;
};

describe.each(Object.entries(tokenizers))('%s', (_, { tokenizer: json, cases, pairs }) => {
  const tokenizer = new Tokenizer(json);

  test('encodes each text to the same ids', () => {
    for (const { text, ids, plain = ids } of cases) {
      expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
      expect([text, tokenizer.encode(text, { addSpecialTokens: false })]).toEqual([text, plain]);
    }
  });

  test('decodes ids to the same text', () => {
    for (const { ids, decoded, skipped } of cases) {
      expect(tokenizer.decode(ids)).toBe(decoded);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(skipped);
    }
  });

  test('puts pairs together with the same special tokens and segments', () => {
    for (const { pair, ids, typeIds } of pairs) {
      const batch = tokenizer.encodeBatch([pair]);
      expect(batch.ids.toArray()).toEqual([ids]);
      expect(batch.typeIds.toArray()).toEqual([typeIds]);
    }
  });

  test('comes back from its own file', () => {
    const again = new Tokenizer(JSON.stringify(tokenizer));
    for (const { text, ids } of cases) expect(again.encode(text)).toEqual(ids);
    expect(JSON.parse(JSON.stringify(again))).toEqual(json);
  });
});

test.each(Object.entries(cuts))('the pre-tokenizer %s cuts each text at the same places', (_, { section, cases }) => {
  const cut = preTokenizerOf(new Section('cuts', section));
  texts.forEach((text, i) => expect(cut(text, true).filter((piece) => piece !== '')).toEqual(cases[i]));
});

test('trainBpe gives the very tokens and merges of the BpeTrainer', () => {
  const { model } = tokenizers.gpt2.tokenizer;
  const options = { vocabSize: 400, specialTokens: ['<|endoftext|>'] };
  const mine = trainBpe(read('test/fixtures/lighthouse.txt'), options).toJSON().model as Fixture['tokenizer']['model'];
  expect({ ...mine.vocab }).toEqual(model.vocab);
  expect(mine.merges).toEqual(model.merges);
});

test('what our trainers make has not changed since it was given to the library', () => {
  expect(JSON.parse(JSON.stringify(ours()))).toEqual(JSON.parse(read('test/fixtures/ownTokenizers.json')));
});
