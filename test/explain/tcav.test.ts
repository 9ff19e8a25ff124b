/** A concept is a direction, and the score the share of rows for which the output rises along it; a concept of nothing tells nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Generator, manualSeed, nn, randn, tensor, zeros, type Tensor } from '../../src/index.ts';
import { conceptVector, tcav, type Model, type Tcav } from '../../src/explain/index.ts';
import { incompleteBeta, tTest, twoSided } from '../../src/explain/significance.ts';

const double = { dtype: 'float64' } as const;
const same: Model = (x) => x;
const draws = (seed: number, shift: readonly number[] = [0, 0, 0, 0], n = 40): Tensor =>
  randn([n, 4], { ...double, generator: new Generator(seed) }).add(tensor(shift, double));
const randoms = (from: number, sets = 8): Tensor[] => Array.from({ length: sets }, (_, i) => draws(from + i));

describe('a concept vector', () => {
  test('is of length 1, points to the concept, and turns round with the sides', () =>
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        const [concept, random] = [draws(seed, [0, 0, 3, 0]), draws(seed + 1)];
        const { vector, accuracy } = conceptVector(concept, random);
        expect(vector.square().sum().item()).toBeCloseTo(1, 10);
        expect(concept.matmul(vector).mean().item()).toBeGreaterThan(random.matmul(vector).mean().item());
        expect(conceptVector(random, concept).vector.neg()).toBeAllClose(vector, { atol: 1e-7 });
        expect(accuracy).toBeGreaterThan(0.7);
      }),
      { numRuns: 15, seed: 3 },
    ));

  test('does not mind where the origin is, having a free intercept', () => {
    const [concept, random] = [draws(1, [0, 1, 0, 0]), draws(2)];
    const { vector } = conceptVector(concept, random);
    expect(conceptVector(concept.add(50), random.add(50)).vector).toBeAllClose(vector, { atol: 1e-6 });
  });

  test('is the direction to go in, where both sides are told apart with ease, and the penalty is large', () => {
    const [concept, random] = [draws(3, [9, 0, 0, 0]), draws(4)];
    const means = concept.mean(0).sub(random.mean(0)); // the first step of any descent
    const { vector, accuracy } = conceptVector(concept, random, { penalty: 1e4 });
    expect(vector).toBeAllClose(means.div(means.square().sum().sqrt()), { atol: 1e-3 });
    expect(accuracy).toBe(1);
  });

  test('of no concept tells rows apart by chance alone', () => {
    const all = Array.from({ length: 20 }, (_, s) => conceptVector(draws(2 * s), draws(2 * s + 1)).accuracy);
    expect(all.reduce((a, b) => a + b) / 20).toBeCloseTo(0.5, 1);
  });

  test('has the shape of a layer with more numbers than rows', () => {
    manualSeed(1);
    const { vector } = conceptVector(randn([5, 3, 8, 8]).add(0.5), randn([5, 3, 8, 8]));
    expect(vector.shape).toEqual([3, 8, 8]);
    expect(vector.sum().item()).toBeGreaterThan(0);
  });
});

/** A way to test concepts, and what it must say: 1 along, 0 against, and nothing of what is no concept. */
type Test = (head: Model, x: Tensor, concept: Tensor, random: readonly Tensor[]) => Tcav;
function tells(run: Test): void {
  const head: Model = (h) => h.select(1, 1).exp().sub(h.select(1, 2).mul(2)); // rises with 1, falls with 2
  const x = draws(100, [0, 0, 0, 0], 30);
  const along = run(head, x, draws(200, [0, 3, 0, 0]), randoms(300, 16));
  expect(along.score).toBeGreaterThan(0.9);
  expect(along.pValue).toBeLessThan(0.01);
  const against = run(head, x, draws(201, [0, 0, 3, 0]), randoms(300, 16));
  expect(against.score).toBeLessThan(0.1);
  expect(against.pValue).toBeLessThan(0.01);
  const chances = Array.from({ length: 12 }, (_, s) => run(head, x, draws(1000 + s), randoms(2000 + 10 * s)).pValue);
  expect(chances.filter((p) => p < 0.05).length).toBeLessThanOrEqual(4);
}

describe('TCAV', () => {
  test('tells a concept that speaks for the output, one that speaks against it, and none', () =>
    tells((head, x, concept, random) => tcav(same, head, x, { concept, random })));

  test.each<[string, Test]>([
    ['looks at the layer and not at its slope', (_, x, concept, random) => tcav(same, (h) => h.square().sum(1), x, { concept, random })],
    ['has its vectors point the other way', (head, x, concept, random) => tcav(same, (h) => head(h).neg(), x, { concept, random })],
    ['takes its p value from one set against itself', (head, x, concept, random) => {
      const all = tcav(same, head, x, { concept, random });
      return { ...all, pValue: tTest(all.scores, all.scores) };
    }],
  ])('that %s tells something else', (_, wrong) => {
    expect(() => tells(wrong)).toThrow(/expected/);
  }); // prettier-ignore

  test('goes through a network, to the class that is asked for', () => {
    manualSeed(5);
    const features = new nn.Sequential(new nn.Linear(4, 6), new nn.Tanh()).eval();
    const options = {
      concept: draws(1, [0, 2, 0, 0]).to('float32'),
      random: randoms(2, 3).map((r) => r.to('float32')),
    };
    const x = draws(3).to('float32');
    const weight = randn([6]);
    const score = (head: Model, target?: number): number =>
      tcav(features, head, x, { ...options, ...(target !== undefined && { target }) }).score;
    const both: Model = (h) =>
      h
        .matmul(weight)
        .unsqueeze(1)
        .mul(tensor([1, -1])); // two classes, one against the other
    const alone = score((h) => h.matmul(weight).square());
    expect([score(both, 0) + score(both, 1), alone > 0, alone < 1]).toEqual([1, true, true]);
  });
});

describe("Student's t-test", () => {
  test('has the p values of closed forms: 1 and 2 degrees of freedom', () =>
    fc.assert(
      fc.property(fc.double({ min: -50, max: 50, noNaN: true }), (t) => {
        expect(twoSided(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(Math.abs(t)), 12);
        expect(twoSided(t, 2)).toBeCloseTo(1 - Math.abs(t) / Math.sqrt(2 + t * t), 12);
      }),
    ));

  test('has an incomplete beta function that mirrors, and is a power where b is 1', () =>
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }),
        fc.double({ min: 0.3, max: 40, noNaN: true }),
        (x, a) => {
          expect(incompleteBeta(x, a, 1)).toBeCloseTo(x ** a, 10);
          expect(incompleteBeta(x, a, 2.5) + incompleteBeta(1 - x, 2.5, a)).toBeCloseTo(1, 10);
        },
      ),
    ));

  test('without any spread is certain, one way or the other', () => {
    expect([tTest([1, 1], [1, 1]), tTest([1, 1], [0, 0])]).toEqual([1, 0]);
  });
});

test.each<[string, () => unknown, RegExp]>([
  ['a single random set', () => tcav(same, (h) => h.sum(1), draws(1), { concept: draws(2), random: randoms(3, 1) }), /random must be a list of two sets of inputs or more, got 1/],
  ['random inputs that are no list', () => tcav(same, (h) => h.sum(1), draws(1), { concept: draws(2), random: draws(3) as never }), /random must be a list of two sets of inputs or more, got object/],
  ['examples of other shapes', () => conceptVector(zeros([4, 3]), zeros([4, 2])), /concept and random must be at least 3 rows each, of one shape, got \[4, 3\] and \[4, 2\]/],
  ['two examples', () => conceptVector(zeros([2, 3]), zeros([4, 3])), /at least 3 rows each/],
  ['no penalty', () => conceptVector(zeros([3, 3]), zeros([3, 3]), { penalty: 0 }), /penalty must be above 0, got 0/],
  ['a class that is not there', () => tcav(same, same, draws(1), { concept: draws(2), random: randoms(3), target: 9 }), /tcav: target must be a class from 0 to 3/],
])('%s is refused', (_, wrong, message) => {
  expect(wrong).toThrow(message);
}); // prettier-ignore
