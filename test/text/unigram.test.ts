/** The unigram model: Viterbi against all ways to cut, and training by what expectation–maximization promises. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Tokenizer, trainUnigram } from '../../src/text/index.ts';
import { read } from '../files.ts';

const corpus = read('test/fixtures/lighthouse.txt');

/** Every way to cut a text into tokens. */
function cuts(text: string, tokens: readonly string[]): string[][] {
  if (text === '') return [[]];
  return tokens
    .filter((token) => text.startsWith(token))
    .flatMap((token) => cuts(text.slice(token.length), tokens).map((rest) => [token, ...rest]));
}

test('the cut is the likeliest of all', () => {
  const vocab = fc
    .uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', '🙂'), minLength: 2, maxLength: 6 }), { maxLength: 8 })
    .chain((longer) =>
      fc.tuple(
        ...['a', 'b', '🙂', ...longer.filter((token) => ![...'ab', '🙂'].includes(token))].map((token) =>
          fc.tuple(
            fc.constant(token),
            fc.integer({ min: -1000, max: -1 }).map((n) => n / 100),
          ),
        ),
      ),
    );
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '🙂'), minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(vocab, text, (vocab, text) => {
      const scores = new Map(vocab);
      const tokenizer = new Tokenizer({ model: { type: 'Unigram', vocab: [['<unk>', 0], ...vocab], unk_id: 0 } });
      const tokens = tokenizer.encode(text).map((id) => tokenizer.idToToken(id));
      const score = (cut: readonly string[]): number => cut.reduce((sum, token) => sum + scores.get(token)!, 0);
      expect(tokens.join('')).toBe(text);
      expect(score(tokens)).toBeCloseTo(Math.max(...cuts(text, [...scores.keys()]).map(score)), 9);
    }),
    { numRuns: 200 },
  );
});

describe('trainUnigram', () => {
  const steps: [number, number][] = [];
  const tokenizer = trainUnigram(corpus, {
    vocabSize: 200,
    specialTokens: ['<pad>'],
    onStep: (size, likelihood) => steps.push([size, likelihood]),
  });
  const { vocab } = tokenizer.toJSON().model as { vocab: [string, number][] };

  test('a step of expectation and maximization never makes the text less likely', () => {
    const pairs = steps.slice(1).map((after, i) => [steps[i], after] as const);
    const same = pairs.filter(([before, after]) => before[0] === after[0]);
    expect(same.length).toBeGreaterThan(0);
    for (const [before, after] of same) expect(after[1]).toBeGreaterThanOrEqual(before[1] - 1e-9);
  });

  test('probabilities add up to 1, and every character has a token', () => {
    expect(tokenizer.vocabSize).toBeLessThanOrEqual(200);
    const sum = vocab.slice(2).reduce((total, [, score]) => total + Math.exp(score), 0);
    expect(sum).toBeCloseTo(1, 9);
    for (const c of corpus.replaceAll(' ', '')) expect(tokenizer.has(c)).toBe(true);
    expect(tokenizer.has('▁the') || tokenizer.has('the')).toBe(true);
  });

  test('the text comes back, and needs far fewer tokens than characters', () => {
    const ids = tokenizer.encode(corpus);
    expect(tokenizer.decode(ids)).toBe(corpus);
    expect(ids.length).toBeLessThan(corpus.length / 2);
  });

  test('a vocabulary without room for the characters is refused', () => {
    expect(() => trainUnigram('abc', { vocabSize: 4 })).toThrow(
      'trainUnigram: vocabSize must be a whole number from 5, as many as characters of the text and special tokens, got 4',
    );
  });
});
