/** Data sets, samplers, batches, and a loader that goes on where it was. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { Generator } from '../../src/array/random.ts';
import { arange, tensor } from '../../src/create.ts';
import {
  collate,
  DataLoader,
  imageDataset,
  items,
  kFold,
  listDataset,
  mapDataset,
  randomSampler,
  randomSplit,
  stratifiedKFold,
  subset,
  tensorDataset,
  weightedSampler,
  windowDataset,
  type LoaderState,
} from '../../src/data/index.ts';

const numbers = (n: number) => listDataset(Array.from({ length: n }, (_, i) => i));
/** Items that differ by what was drawn for them, as augmentation's do. */
const augmented = (n: number) => mapDataset(numbers(n), (x, random) => x + random.uniform());
const delayed = (n: number) => mapDataset(augmented(n), (x) => Promise.resolve(x));
const setUp = fc.record({
  n: fc.integer({ min: 0, max: 20 }),
  batchSize: fc.integer({ min: 1, max: 7 }),
  shuffle: fc.boolean(),
  dropLast: fc.boolean(),
  seed: fc.nat(),
});

describe('DataLoader', () => {
  test('an epoch has every item once, in batches of the size asked for', () => {
    fc.assert(
      fc.property(setUp, ({ n, seed, ...options }) => {
        const loader = new DataLoader(numbers(n), { ...options, generator: new Generator(seed) });
        const batches = Array.from(loader, (batch) => Array.from(batch.toTypedArray()));
        expect(batches.length).toBe(loader.length);
        const full = Math.floor(n / options.batchSize);
        const last = options.dropLast || n % options.batchSize === 0 ? [] : [n % options.batchSize];
        expect(batches.map((batch) => batch.length)).toEqual([...Array(full).fill(options.batchSize), ...last]);
        const seen = batches.flat();
        expect(new Set(seen).size).toBe(seen.length);
        if (!options.shuffle) expect(seen).toEqual(seen.map((_, i) => i));
      }),
    );
  });

  test('stopped anywhere and gone on with, by way of JSON, it gives the same bits as without a stop', () => {
    fc.assert(
      fc.property(setUp, fc.integer({ min: 0, max: 30 }), ({ n, seed, ...options }, stop) => {
        const make = () => new DataLoader(augmented(n), { ...options, generator: new Generator(seed) });
        const run = (loader: ReturnType<typeof make>, epochs: number, limit = Infinity): number[][] => {
          const seen: number[][] = [];
          for (let epoch = 0; epoch < epochs; epoch++) {
            if (seen.length >= limit) break;
            for (const batch of loader) {
              seen.push(Array.from(batch.toTypedArray()));
              if (seen.length >= limit) break;
            }
          }
          return seen;
        };
        const whole = run(make(), 3);
        const first = make();
        const before = run(first, 3, stop);
        const state = JSON.parse(JSON.stringify(first.stateDict())) as LoaderState;
        const second = new DataLoader(augmented(n), { ...options, generator: new Generator(seed + 1) });
        second.loadStateDict(state);
        const after = run(second, 4);
        expect([...before, ...after].slice(0, whole.length)).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  test('a loader whose state forgets the place, or the order, would be caught', () => {
    const make = () => new DataLoader(augmented(9), { batchSize: 2, shuffle: true, generator: new Generator(3) });
    const whole = Array.from(make(), (batch) => batch.toArray());
    const first = make();
    for (const _ of first) break;
    for (const wrong of [{ taken: 0 }, { seed: 7 }]) {
      const second = make();
      second.loadStateDict({ ...first.stateDict(), ...wrong });
      expect(Array.from(second, (batch) => batch.toArray())).not.toEqual(whole.slice(1));
    }
  });

  test('promises are awaited, the next batch asked for before this one is used, and the items are the same', async () => {
    const options = () => ({ batchSize: 3, shuffle: true, generator: new Generator(5) });
    const plain = Array.from(new DataLoader(augmented(8), options()), (batch) => batch.toArray());
    const asked: number[] = [];
    const seen: unknown[] = [];
    const watched = mapDataset(delayed(8), (x) => {
      asked.push(x);
      return x;
    });
    const counts: number[] = [];
    for await (const batch of new DataLoader(watched, options())) {
      seen.push(batch.toArray());
      await Promise.resolve().then(() => new Promise((done) => setTimeout(done, 1)));
      counts.push(asked.length);
    }
    expect(seen).toEqual(plain);
    expect(counts).toEqual([6, 8, 8]);
  });

  test('an item that fails is reported in its turn', async () => {
    const broken = mapDataset(delayed(4), (x) => (x >= 2 ? Promise.reject(new Error(`item ${Math.floor(x)}`)) : x));
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const batch of new DataLoader(broken, { batchSize: 2 })) seen.push(batch.numel());
    };
    await expect(run()).rejects.toThrow('item 2');
    expect(seen).toEqual([2]);
  });

  test('epochs differ, and a loader that is left is started anew', () => {
    const loader = new DataLoader(numbers(50), { batchSize: 50, shuffle: true, generator: new Generator(1) });
    const [[a], [b]] = [[...loader], [...loader]];
    expect(a.toArray()).not.toEqual(b.toArray());
    const small = new DataLoader(numbers(4), { batchSize: 2 });
    for (const _ of small) break;
    expect([...small].length).toBe(2);
  });

  test('a wrong use is refused', () => {
    expect(() => new DataLoader(numbers(3), { batchSize: 0 })).toThrow(
      'batchSize must be a whole number from 1, got 0',
    );
    expect(() => new DataLoader(numbers(3), { shuffle: true, sampler: randomSampler(3) })).toThrow('leave one out');
    expect(() => [...new DataLoader(delayed(3))]).toThrow('use for await');
    const { generator } = new DataLoader(numbers(3)).stateDict();
    expect(() => new DataLoader(numbers(3)).loadStateDict({ generator, seed: 1, taken: 9 })).toThrow(
      'DataLoader.loadStateDict: the state must be one of a loader with 3 batches, got 9 batches taken',
    );
  });
});

describe('data sets', () => {
  test('rows of tensors, subsets, windows', () => {
    const set = tensorDataset(arange(6).reshape([3, 2]), arange(3));
    expect(items(subset(set, [2, 0])).map((item) => item.map((x) => x.toArray()))).toEqual([
      [[4, 5], 2],
      [[0, 1], 0],
    ]);
    expect(items(windowDataset([1, 2, 3, 4], 2))).toEqual([
      [
        [1, 2],
        [2, 3],
      ],
      [
        [2, 3],
        [3, 4],
      ],
    ]);
  });

  test('images with labels, as numbers 0 … 1', () => {
    const data = { images: Uint8Array.of(0, 255, 51, 102), labels: Uint8Array.of(3, 7), rows: 1, columns: 2 };
    const [[a, three], [b, seven]] = items(imageDataset(data));
    expect([three, seven]).toEqual([3, 7]);
    expect(a.toArray()).toEqual([[[0, 1]]]);
    expect(b).toBeAllClose([[[0.2, 0.4]]]);
    expect(() => imageDataset({ ...data, labels: Uint8Array.of(3) })).toThrow('got 2 images and 1 labels');
  });

  test('a wrong number or form is refused', () => {
    expect(() => tensorDataset(arange(3), arange(2))).toThrow(ShapeError);
    expect(() => tensorDataset(tensor(1))).toThrow('tensors of one length along dim 0, got []');
    expect(() => numbers(3).get(3, new Generator())).toThrow('whole, from 0 to 2, got 3');
    expect(() => subset(numbers(3), [0, -1])).toThrow(ValueError);
    expect(() => windowDataset([1, 2], 2)).toThrow('got 2 in 2 tokens');
  });
});

describe('collate', () => {
  test('puts numbers, tensors, lists, texts, and parts of these together', () => {
    expect(collate([true, false]).toArray()).toEqual([1, 0]);
    expect(collate([Float32Array.of(1, 2), Float32Array.of(3, 4)]).shape).toEqual([2, 2]);
    const batch = collate([
      { image: tensor([1, 2]), pair: [1, 'a'] as [number, string] },
      { image: tensor([3, 4]), pair: [2, 'b'] as [number, string] },
    ]);
    expect(batch.image.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(batch.pair[0].toArray()).toEqual([1, 2]);
    expect(batch.pair[1]).toEqual(['a', 'b']);
  });

  test('items that do not fit together are refused, with the part', () => {
    expect(() => collate([{ x: 1 }, { y: 1 }] as object[])).toThrow('one form at item, got x and y');
    expect(() => collate([{ x: [1, 2] }, { x: [1] }])).toThrow('one form at item.x, got lists of 2 and 1 numbers');
    expect(() => collate([1, 'a'] as unknown[])).toThrow('got number and string');
    expect(() => collate([tensor([1]), tensor([1, 2])])).toThrow(ShapeError);
  });
});

describe('samplers', () => {
  /** How often each of three items came, of 10,000. */
  const shares = (indices: readonly number[]): number[] =>
    [0, 1, 2].map((item) => indices.filter((i) => i === item).length / indices.length);

  test('weights are the chances, with replacement', () => {
    const drawn = weightedSampler([1, 0, 3], { count: 10_000 }).draw(new Generator(1));
    expect(shares(drawn)).toBeAllClose([0.25, 0, 0.75], { atol: 0.02 });
  });

  test('without replacement an item comes once, and the first is drawn by the weights', () => {
    const sampler = weightedSampler([1, 2, 5, 0], { count: 3, replacement: false });
    const random = new Generator(2);
    const draws = Array.from({ length: 10_000 }, () => sampler.draw(random));
    expect(draws.every((draw) => new Set(draw).size === 3 && !draw.includes(3))).toBe(true);
    expect(shares(draws.map(([first]) => first))).toBeAllClose([1 / 8, 2 / 8, 5 / 8], { atol: 0.02 });
    // P(2 then 0) = 5/8 · 1/3
    const pair = draws.filter(([a, b]) => a === 2 && b === 0).length / draws.length;
    expect(pair).toBeAllClose(5 / 24, { atol: 0.02 });
  });

  test('wrong weights and counts are refused', () => {
    expect(() => weightedSampler([1, NaN])).toThrow('weights must be finite and not negative, got NaN at 1');
    expect(() => weightedSampler([0, 0])).toThrow('1 weights must be above 0, got 0');
    expect(() => weightedSampler([1, 0], { replacement: false })).toThrow('2 weights must be above 0, got 1');
    expect(() => randomSampler(3, { count: 0 })).toThrow('count must be a whole number from 1, got 0');
  });
});

describe('splits', () => {
  test('each item is in one part, and the sizes are those asked for', () => {
    const set = numbers(11);
    for (const sizes of [
      [0.5, 0.3, 0.2],
      [6, 5],
    ]) {
      const parts = randomSplit(set, sizes).map((part) => items(part));
      expect(parts.flat().sort((a, b) => a - b)).toEqual(items(set));
    }
    expect(randomSplit(set, [0.5, 0.3, 0.2]).map((part) => part.length)).toEqual([6, 3, 2]);
    expect(() => randomSplit(set, [5, 5])).toThrow('add up to 11, or shares that add up to 1, got 5, 5');
  });

  test('folds test on each item once, train on all others, and keep the classes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 12, maxLength: 40 }),
        fc.integer({ min: 2, max: 4 }),
        (labels, k) => {
          const count = (of: readonly number[], label: number): number => of.filter((i) => labels[i] === label).length;
          const all = labels.map((_, i) => i);
          fc.pre([0, 1, 2].every((label) => count(all, label) === 0 || count(all, label) >= k));
          for (const folds of [kFold(labels.length, k), stratifiedKFold(labels, k)]) {
            expect(folds.flatMap(({ test }) => test).sort((a, b) => a - b)).toEqual(all);
            for (const { train, test } of folds) expect([...train, ...test].sort((a, b) => a - b)).toEqual(all);
            const sizes = folds.map(({ test }) => test.length);
            expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
          }
          for (const label of [0, 1, 2]) {
            const counts = stratifiedKFold(labels, k).map(({ test }) => count(test, label));
            expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
    expect(() => stratifiedKFold([0, 0, 1], 2)).toThrow('each class must have 2 items or more, got 1 of class 1');
    expect(() => kFold(3, 4)).toThrow('whole, from 2 to 3, the number of items, got 4');
  });
});
