/** Prototypes lower MMD², each step as far as one row can; criticisms are where they are wrong. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, Generator, randn, tensor, zeros, type Tensor } from '../../src/index.ts';
import { criticisms, prototypes } from '../../src/explain/index.ts';

const double = { dtype: 'float64' } as const;
const rows = (seed: number, n: number, p = 2): Tensor => randn([n, p], { ...double, generator: new Generator(seed) });

/** MMD² between all rows and those of s, by the three means. */
function mmdOf(x: Tensor, s: readonly number[], width: number): number {
  const points = x.toArray() as number[][];
  const k = (a: number[], b: number[]): number => Math.exp(-a.reduce((d, v, i) => d + (v - b[i]) ** 2, 0) / (2 * width ** 2));
  const mean = (A: number[][], B: number[][]): number =>
    A.reduce((sum, a) => sum + B.reduce((part, b) => part + k(a, b), 0), 0) / (A.length * B.length);
  const chosen = s.map((i) => points[i]);
  return mean(points, points) - 2 * mean(points, chosen) + mean(chosen, chosen);
} // prettier-ignore

const subsets = (n: number, size: number, from = 0): number[][] =>
  size === 0
    ? [[]]
    : Array.from({ length: n - from }, (_, i) => from + i).flatMap((i) =>
        subsets(n, size - 1, i + 1).map((s) => [i, ...s]),
      );

type Choose = (x: Tensor, count: number, width: number) => { indices: readonly number[]; mmd: readonly number[] };
const laws = (choose: Choose): void =>
  fc.assert(
    fc.property(fc.nat(1e6), (seed) => {
      const x = rows(seed, 9);
      const { indices, mmd } = choose(x, 3, 1);
      mmd.forEach((value, m) => expect(value).toBeCloseTo(mmdOf(x, indices.slice(0, m + 1), 1), 10));
      // each is the best next one
      indices.forEach((_, m) => {
        const before = indices.slice(0, m);
        const next = Array.from({ length: 9 }, (__, j) => j).filter((j) => !before.includes(j));
        expect(mmd[m]).toBeCloseTo(Math.min(...next.map((j) => mmdOf(x, [...before, j], 1))), 10);
      });
    }),
    { numRuns: 25, seed: 4 },
  );

describe('prototypes', () => {
  test('have the MMD² that they say, and each is the best next one', () =>
    laws((x, count, width) => prototypes(x, count, { width })));

  test.each<[string, Choose]>([
    ['takes the rows as they come', (x, count, width) => {
      const indices = Array.from({ length: count }, (_, i) => i);
      return { indices, mmd: indices.map((_, m) => mmdOf(x, indices.slice(0, m + 1), width)) };
    }],
    ['forgets that prototypes are alike', (x, count, width) => {
      const { indices, mmd } = prototypes(x, count, { width });
      return { indices, mmd: mmd.map((v, m) => v - mmdOf(x, [indices[m]], width)) };
    }],
    ['has a kernel of another width', (x, count, width) => prototypes(x, count, { width: 2 * width })],
  ])('a choice that %s does not', (_, wrong) => {
    expect(() => laws(wrong)).toThrow(/Property failed/);
  }); // prettier-ignore

  test('gain at least 1 − 1/e of what any set of as many gains, where rows are far apart: the condition of the paper', () =>
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        const [n, x] = [8, rows(seed, 8)];
        // k(x, y) of two rows at most 1/(n³ + 2n² − 2n − 3): then the gain is monotone and submodular
        const nearest = Math.min(...subsets(n, 2).map(([i, j]) => x.select(0, i).sub(x.select(0, j)).square().sum().sqrt().item()));
        const width = nearest / Math.sqrt(2 * Math.log(n ** 3 + 2 * n ** 2 - 2 * n - 3));
        const { mmd } = prototypes(x, 4, { width });
        const total = mmdOf(x, Array.from({ length: n }, (_, i) => i), width) + mmdOf(x, [0], width); // bounds the gain from above
        mmd.slice(1).forEach((value, m) => expect(value).toBeLessThanOrEqual(mmd[m] + 1e-12)); // monotone
        const best = Math.min(...subsets(n, 3).map((s) => mmdOf(x, s, width)));
        expect(mmd[2] - best).toBeLessThanOrEqual((total - best) / Math.E);
      }),
      { numRuns: 10, seed: 8 },
    )); // prettier-ignore

  test('are one of each heap, the largest first', () => {
    const heaps = [[0, 0], [20, 0], [0, 20]].map(([a, b], i) => rows(i, 12 - 3 * i).add(tensor([a, b], double))); // prettier-ignore
    const { indices, mmd } = prototypes(concat(heaps), 3);
    const heapOf = (i: number): number => (i < 12 ? 0 : i < 21 ? 1 : 2);
    expect(indices.map(heapOf)).toEqual([0, 1, 2]);
    expect(mmd[2]).toBeLessThan(0.1 * mmd[0]);
  });

  test('of all rows stand for them all', () => {
    const { mmd } = prototypes(rows(3, 7), 7, { width: 0.7 });
    expect(mmd[6]).toBeCloseTo(0, 12);
  });

  test('take rows of any shape, and rows that are all alike', () => {
    expect(prototypes(randn([5, 1, 3, 3]), 2).indices).toHaveLength(2);
    expect(prototypes(zeros([4, 2]), 2).mmd).toEqual([0, 0]);
  });
});

describe('criticisms', () => {
  test('are where the witness is largest, if nothing else is wanted', () =>
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        const x = rows(seed, 12);
        const { indices: chosen } = prototypes(x, 3);
        const { indices, witness } = criticisms(x, chosen, 4, { regularizer: 'none' });
        const others = witness.map((w, i) => [Math.abs(w), i]).filter(([, i]) => !chosen.includes(i));
        expect(indices).toEqual(others.toSorted(([a], [b]) => b - a).slice(0, 4).map(([, i]) => i)); // prettier-ignore
      }),
      { numRuns: 25, seed: 9 },
    ));

  test('differ from one another where log det is added', () => {
    // one heap of which the prototype is, and two that it leaves out: the larger one has the two largest witnesses
    const x = tensor([[0], [0.1], [-0.1], [0.05], [8], [8.01], [8.02], [-9]], double);
    const plain = criticisms(x, [0], 2, { width: 1, regularizer: 'none' }).indices;
    const spread = criticisms(x, [0], 2, { width: 1 }).indices;
    const heap = (i: number): string => (i === 7 ? 'alone' : i > 3 ? 'three' : 'four');
    expect(new Set(plain.map(heap)).size).toBe(1);
    expect(new Set(spread.map(heap)).size).toBe(2);
  });
});

test.each<[string, () => unknown, RegExp]>([
  ['more prototypes than rows', () => prototypes(zeros([3, 2]), 4), /there must be 4 rows, got 3/],
  ['no prototypes', () => prototypes(zeros([3, 2]), 0), /count must be a whole number, 1 or more/],
  ['a kernel without width', () => prototypes(zeros([3, 2]), 1, { width: 0 }), /width must be above 0/],
  ['criticism of nothing', () => criticisms(zeros([3, 2]), [], 1), /prototypes must be rows from 0 to 2, got none/],
  ['a prototype that is no row', () => criticisms(zeros([3, 2]), [3], 1), /prototypes must be rows from 0 to 2, got 3/],
  ['more criticisms than rows are left', () => criticisms(zeros([3, 2]), [0, 1], 2), /2 rows that are no prototypes, got 1/],
  ['an unknown regularizer', () => criticisms(zeros([3, 2]), [0], 1, { regularizer: 'l2' as never }), /regularizer must be 'logdet' or 'none', got 'l2'/],
])('%s is refused', (_, wrong, message) => {
  expect(wrong).toThrow(message);
}); // prettier-ignore
