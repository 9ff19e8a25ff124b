/** Word vectors: the loss by its formula, neighbours after training, and the text format. */
import { describe, expect, test } from 'vitest';
import { FormatError, ShapeError, ValueError } from '../../src/array/errors.ts';
import { Generator } from '../../src/array/random.ts';
import { randn, tensor } from '../../src/create.ts';
import { skipGramLoss, trainWordVectors, wordsOf, WordVectors } from '../../src/text/index.ts';
import { gradcheck } from '../../src/testing/gradcheck.ts';

test('the loss is the formula, written out', () => {
  const [B, K, D] = [3, 2, 4];
  const options = { dtype: 'float64', requiresGrad: true, generator: new Generator(1) } as const;
  const [u, v] = [randn([B, D], options), randn([B, 1 + K, D], options)];
  const [a, b] = [u.toArray() as number[][], v.toArray() as number[][][]];
  const logSigmoid = (x: number): number => -Math.log(1 + Math.exp(-x));
  const dot = (x: number[], y: number[]): number => x.reduce((sum, each, i) => sum + each * y[i], 0);
  let expected = 0;
  for (let i = 0; i < B; i++) {
    expected -= logSigmoid(dot(a[i], b[i][0]));
    for (let k = 1; k <= K; k++) expected -= logSigmoid(-dot(a[i], b[i][k]));
  }
  expect(skipGramLoss(u, v)).toBeAllClose(expected / B, { rtol: 1e-12 });
  gradcheck(skipGramLoss, [u, v]);
});

/** Sentences of two worlds, which share the words that do not matter. */
function worlds(n: number, generator: Generator): string[][] {
  const lists = [
    ['cat', 'dog', 'cow', 'horse'],
    ['eats', 'drinks', 'sleeps'],
    ['car', 'bus', 'train', 'lorry'],
    ['drives', 'stops', 'brakes'],
  ];
  const pick = (list: readonly string[]): string => list[generator.integer(0, list.length)];
  return Array.from({ length: n }, (_, i) => {
    const [things, deeds] = i % 2 === 0 ? lists.slice(0, 2) : lists.slice(2);
    return ['the', pick(things), pick(deeds), 'and', 'the', pick(things), pick(deeds)];
  });
}

describe('trainWordVectors', () => {
  const train = (seed: number): WordVectors =>
    trainWordVectors(worlds(1500, new Generator(1)), {
      dim: 16,
      window: 3,
      epochs: 3,
      subsample: Infinity,
      batchSize: 512,
      generator: new Generator(seed),
    });
  const vectors = train(2);

  test('words in like company are neighbours', () => {
    for (const [word, others] of [
      ['cat', ['dog', 'cow', 'horse']],
      ['bus', ['car', 'train', 'lorry']],
      ['drinks', ['eats', 'sleeps']],
    ] as const) {
      const names = vectors.nearest(word, others.length).map((each) => each.word);
      expect([word, names.sort()]).toEqual([word, [...others].sort()]);
    }
  });

  test('the same seed gives the same bits', () => {
    expect(train(2).vectors.toArray()).toEqual(vectors.vectors.toArray());
  });

  test('the loss falls from (1 + K) ln 2', () => {
    const losses: number[] = [];
    const onEpoch = (_: number, loss: number) => losses.push(loss);
    trainWordVectors(worlds(600, new Generator(1)), {
      dim: 8,
      epochs: 4,
      batchSize: 256,
      subsample: Infinity,
      onEpoch,
    });
    expect(losses).toHaveLength(4);
    expect(losses[0]).toBeLessThan(6 * Math.log(2));
    expect(losses[3]).toBeLessThan(losses[0]);
  });

  test('what makes no sense is refused', () => {
    expect(() => trainWordVectors([['a', 'b']])).toThrow('words must be there 5 times, got 2 words, none so often');
    expect(() => trainWordVectors([['a'], ['b']], { minFrequency: 1, subsample: Infinity })).toThrow('none that has');
    expect(() => trainWordVectors([['a']], { dim: 0 })).toThrow('dim must be a whole number from 1, got 0');
    expect(() => trainWordVectors([['a']], { subsample: 0 })).toThrow('subsample must be above 0, got 0');
  });
});

describe('WordVectors', () => {
  const vectors = new WordVectors(
    ['a', 'b', 'c'],
    tensor([
      [1, 0],
      [0, 2],
      [3, 3],
    ]),
  );

  test('finds neighbours by angle, and leaves out what was asked for', () => {
    const [c, b] = vectors.nearest('a');
    expect([c.word, b.word]).toEqual(['c', 'b']);
    expect([c.similarity, b.similarity]).toBeAllClose([Math.SQRT1_2, 0]);
    expect(vectors.nearest(tensor([0, 5]), 1)[0]).toEqual({ word: 'b', similarity: 1 });
    expect(vectors.similarity('b', 'c')).toBeCloseTo(Math.SQRT1_2, 6);
    expect(vectors.vector('c').toArray()).toEqual([3, 3]);
  });

  test('comes back from its text', () => {
    const text = vectors.toText();
    expect(text).toBe('3 2\na 1 0\nb 0 2\nc 3 3\n');
    expect(WordVectors.fromText(text).vectors.toArray()).toEqual(vectors.vectors.toArray());
  });

  test('what is wrong is refused, with the line', () => {
    expect(() => vectors.vector('d')).toThrow(ValueError);
    expect(() => new WordVectors(['a'], tensor([[1], [2]]))).toThrow(ShapeError);
    expect(() => new WordVectors(['a', 'a'], tensor([[1], [2]]))).toThrow('each word must come once, got "a" twice');
    expect(() => new WordVectors(['a b'], tensor([[1]])).toText()).toThrow('must not have white space, got "a b"');
    for (const [text, message] of [
      ['x', 'v.txt:1: the first line must be the numbers of words and dims, got "x"'],
      ['2 1\na 1\n', 'v.txt: there must be 2 words, got 1; is the file cut off?'],
      ['1 2\na 1\n', 'v.txt:2: a line must be a word and 2 numbers, got "a 1"'],
      ['1 1\na x\n', 'v.txt:2: a line must be a word and 1 numbers'],
    ]) {
      expect(() => WordVectors.fromText(text, 'v.txt')).toThrow(FormatError);
      expect(() => WordVectors.fromText(text, 'v.txt')).toThrow(message);
    }
  });
});

test('wordsOf keeps letters of any script, and apostrophes within words', () => {
  expect(wordsOf("It's HER’s — 'no', naïve Ψυχή, 42!")).toEqual(["it's", 'her’s', 'no', 'naïve', 'ψυχή', '42']);
});
