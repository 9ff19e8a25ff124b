/** Shapley values over a hierarchy: what they are where the hierarchy is flat, and that the number of calls is kept to. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Generator, hstack, randn, tensor, zeros, type Tensor } from '../../src/index.ts';
import {
  correlationHierarchy, gridSegments, halvingHierarchy, owen, partitionShap, shapley, type Hierarchy, type Model,
} from '../../src/explain/index.ts'; // prettier-ignore
import { double, network } from './network.ts';

const law = (f: (seed: number) => Promise<void>, numRuns = 10): Promise<void> =>
  fc.assert(fc.asyncProperty(fc.nat({ max: 1e6 }), f), { numRuns, seed: 13 });
const row = (seed: number, n: number): Tensor => randn([1, n], { ...double, generator: new Generator(seed) });
const leaves = (tree: Hierarchy): number[] => (typeof tree === 'number' ? [tree] : tree.flatMap(leaves));
const near = { rtol: 1e-9, atol: 1e-10 };

/** SHAP over two unions {0, 1}, {2, 3, 4} as a method, and what it must equal. */
type TwoLevels = (f: Model, x: Tensor) => Promise<Tensor>;
const isOwen = (explain: TwoLevels): Promise<void> =>
  law(async (seed) => {
    const [f, x] = [network(seed, 5), row(seed, 5)];
    expect(await explain(f, x)).toBeAllClose((await owen(f, x, { unions: [0, 0, 1, 1, 1] })).attributions, near);
  });

describe('SHAP over a hierarchy', () => {
  test.each<[string, Hierarchy]>([
    ['two features', [0, 1]],
    ['one flat group', [3, 1, 2, 0]],
    ['a group within a group of one', [[[0, 1, 2, 3]]]],
  ])('of %s is Shapley', (_, hierarchy) =>
    law(async (seed) => {
      const n = leaves(hierarchy).length;
      const [f, x] = [network(seed, n), row(seed, n)];
      const exact = (await shapley(f, x)).attributions;
      expect((await partitionShap(f, x, { hierarchy })).attributions).toBeAllClose(exact, near);
    }),
  );

  test('of two levels is Owen', () =>
    isOwen(async (f, x) => (await partitionShap(f, x, { hierarchy: [[0, 1], [2, 3, 4]] })).attributions)); // prettier-ignore

  test.each<[string, TwoLevels]>([
    ['opens a union only before the other came', async (f, x) => {
      const empty = x.zerosLike();
      const first = await shapley((z) => f(hstack([z.narrow(1, 0, 2), empty.narrow(1, 2, 3).expand([z.shape[0], 3])])), x);
      const second = await shapley((z) => f(hstack([empty.narrow(1, 0, 2).expand([z.shape[0], 2]), z.narrow(1, 2, 3)])), x);
      return first.attributions.add(second.attributions);
    }],
    ['shares evenly within unions', async (f, x) => (await partitionShap(f, x, { hierarchy: [[0, 1], [2, 3, 4]], maxEvals: 4 })).attributions],
    ['has another hierarchy', async (f, x) => (await partitionShap(f, x, { hierarchy: [[0, 2], [1, 3, 4]] })).attributions],
  ])('that %s is not Owen', async (_, wrong) => {
    await wrong(network(1, 5), row(1, 5)); // runs
    await expect(isOwen(wrong)).rejects.toThrow(/Property failed/);
  }); // prettier-ignore

  test('keeps to maxEvals and sums exactly, however few they are; with all of them nothing stays closed', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(1e6), fc.integer({ min: 8, max: 700 }), async (seed, maxEvals) => {
        const [f, x] = [network(seed, 12), randn([2, 12], double)];
        let rows = 0;
        const counted: Model = (z) => ((rows += z.shape[0]), f(z));
        const background = randn([2, 12], double);
        const got = await partitionShap(counted, x, { hierarchy: halvingHierarchy([3, 4]), background, maxEvals });
        expect(rows).toBeLessThanOrEqual(maxEvals);
        expect(got.attributions.sum(1)).toBeAllClose(f(x).sub(f(background).mean()), { rtol: 1e-9, atol: 1e-9 });
        expect(got.gap).toBeAllClose([0, 0], { atol: 1e-9 });
      }),
      { numRuns: 30, seed: 2 },
    ));

  test('leaves less unresolved the more it may ask, and nothing at the end', async () => {
    const [f, x] = [network(3, 16), row(3, 16)];
    const hierarchy = halvingHierarchy([4, 4]);
    const all = (await partitionShap(f, x, { hierarchy, maxEvals: 1000 })).attributions;
    const off: number[] = [];
    const unresolved: number[] = [];
    for (const maxEvals of [2, 4, 16, 80, 1000]) {
      const got = await partitionShap(f, x, { hierarchy, maxEvals });
      off.push(got.attributions.sub(all).abs().sum().item());
      unresolved.push(got.unresolved.item());
    }
    expect(unresolved[0]).toBeGreaterThan(unresolved[3]);
    expect(off[0]).toBeGreaterThan(off[3]);
    expect([off[4], unresolved[4]]).toEqual([0, 0]);
  });

  test('opens what matters first: a mark in a large picture is found with few calls', async () => {
    const f: Model = (x) => x.index('...', 5, 9).mul(x.index('...', 5, 10)).reshape([x.shape[0]]);
    const picture = tensor(new Float64Array(256).fill(1), double).reshape([1, 1, 16, 16]);
    const featureMask = gridSegments([16, 16], [1, 1]).expand([1, 16, 16]);
    const { attributions } = await partitionShap(f, picture, { featureMask, hierarchy: halvingHierarchy([16, 16]), maxEvals: 900 }); // of 43690
    expect(attributions.sum().item()).toBeCloseTo(1, 12);
    expect(attributions.index(0, 0, 5, '9:11')).toBeAllClose([0.5, 0.5], { atol: 1e-12 });
  }); // prettier-ignore
});

describe('hierarchies', () => {
  test('put together the columns that say the same, whatever their sign', () => {
    const generator = new Generator(1);
    const [a, b] = [randn([200, 1], { generator }), randn([200, 1], { generator })];
    const noise = randn([200, 1], { generator }).mul(0.1);
    expect(correlationHierarchy(hstack([a, b, a.neg().add(noise), b.add(noise)]))).toEqual([[1, 3], [0, 2]]); // prettier-ignore
    expect(correlationHierarchy(tensor([[1], [2]]))).toBe(0);
    expect(leaves(correlationHierarchy(tensor([[1, 1, 5], [2, 1, 4], [3, 1, 9]]))).toSorted((a, b) => a - b)).toEqual([0, 1, 2]); // prettier-ignore
  });

  test('of neighbours name each once, and each part is a rectangle', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (H, W) => {
        const tree = halvingHierarchy([H, W]);
        expect(leaves(tree).toSorted((a, b) => a - b)).toEqual(Array.from({ length: H * W }, (_, i) => i));
        const visit = (part: Hierarchy): void => {
          const members = leaves(part);
          const [rows, columns] = [members.map((i) => Math.floor(i / W)), members.map((i) => i % W)];
          const side = (list: number[]): number => Math.max(...list) - Math.min(...list) + 1;
          expect(side(rows) * side(columns)).toBe(members.length);
          if (typeof part !== 'number') part.forEach(visit);
        };
        visit(tree);
      }),
    ));
});

const sum: Model = (x) => x.sum(1);
test.each<[string, () => unknown, RegExp]>([
  ['a hierarchy that leaves one out', () => partitionShap(sum, zeros([1, 3]), { hierarchy: [0, 2] }), /hierarchy must name each of 0 to 2 once, got \[0, 2\]/],
  ['a hierarchy that names one twice', () => partitionShap(sum, zeros([1, 2]), { hierarchy: [0, [1, 1]] }), /name each of 0 to 1 once/],
  ['a part of too many parts', () => partitionShap(sum, zeros([1, 16]), { hierarchy: Array.from({ length: 16 }, (_, i) => i) }), /at most 15 parts, got 16/],
  ['too few evaluations for anything', () => partitionShap(sum, zeros([1, 2]), { hierarchy: [0, 1], maxEvals: 1 }), /at most 1 rows may be given to the model, got 2/],
  ['no evaluations', () => partitionShap(sum, zeros([1, 2]), { hierarchy: [0, 1], maxEvals: 0 }), /maxEvals must be a whole number, 1 or more/],
  ['a single row for correlations', () => correlationHierarchy(zeros([1, 3])), /two rows or more \[N, features\], got \[1, 3\]/],
  ['a side of nothing', () => halvingHierarchy([3, 0]), /a side must be a whole number/],
])('%s is refused', async (_, wrong, message) => {
  await expect((async () => wrong())()).rejects.toThrow(message);
}); // prettier-ignore
