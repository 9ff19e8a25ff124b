/** A rule keeps what it promises on fresh inputs, is about what the model reads, and costs no more than it may. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Generator, randn, tensor, zeros, type Tensor } from '../../src/index.ts';
import { anchorGroups, anchors, anchorText, gridSegments, type AnyModel, type Model } from '../../src/explain/index.ts';
import { bestOf, bound, meanOf, type Arm, type Draw } from '../../src/explain/bandit.ts';

const background = randn([500, 4], { generator: new Generator(1) });
const seeded = (seed = 1): { generator: Generator } => ({ generator: new Generator(seed) });
/** Yes where the first column is above 0.5, and besides the second or the third above 0. */
const tree: Model = (x) => {
  const [a, b, c] = [0, 1, 2].map((j) => x.select(1, j));
  return a.gt(0.5).mul(b.gt(0).maximum(c.gt(0))).sub(0.5);
}; // prettier-ignore

describe('bounds', () => {
  test('are where the divergence of what was seen is β/asked, on either side of the mean', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(500), fc.double({ min: 0.1, max: 8, noNaN: true }), (asked, some, beta) => {
        const arm = { asked, yes: Math.min(some, asked) };
        const p = meanOf(arm);
        const [low, high] = [bound(arm, beta, 'lower'), bound(arm, beta, 'upper')];
        expect(low).toBeLessThanOrEqual(p);
        expect(high).toBeGreaterThanOrEqual(p);
        const kl = (q: number): number => (p && p * Math.log(p / q)) + (1 - p && (1 - p) * Math.log((1 - p) / (1 - q)));
        if (low > 1e-6) expect(kl(low) * asked).toBeCloseTo(beta, 3);
        if (high < 1 - 1e-6) expect(kl(high) * asked).toBeCloseTo(beta, 3);
      }),
    )); // prettier-ignore

  /** How often a lower bound of 95% is above the chance itself. */
  const wrong = (lower: (arm: Arm) => number): number => {
    const generator = new Generator(3);
    let count = 0;
    for (let round = 0; round < 400; round++) {
      const chance = generator.uniform(0.5, 1);
      let yes = 0;
      for (let i = 0; i < 100; i++) yes += generator.uniform() < chance ? 1 : 0;
      if (lower({ asked: 100, yes }) > chance) count++;
    }
    return count / 400;
  };

  test('are above the truth no more often than they say; the mean is, every second time', () => {
    expect(wrong((arm) => bound(arm, Math.log(1 / 0.05), 'lower'))).toBeLessThan(0.05);
    expect(wrong(meanOf)).toBeGreaterThan(0.3);
  });
});

describe('the best of many chances', () => {
  const chances = [0.2, 0.9, 0.5, 0.85, 0.3, 0.55, 0.1, 0.6];
  type Choose = (arms: Arm[], draw: Draw) => Promise<Arm[]>;
  /** How often the two best are found. */
  async function found(choose: Choose): Promise<number> {
    let right = 0;
    for (let seed = 0; seed < 30; seed++) {
      const generator = new Generator(seed);
      const arms: Arm[] = chances.map(() => ({ asked: 0, yes: 0 }));
      const draw: Draw = async (asked, counts) =>
        asked.map((arm, i) => Array.from({ length: counts[i] }, () => +(generator.uniform() < chances[arms.indexOf(arm)])).reduce((a, b) => a + b, 0));
      const best = await choose(arms, draw);
      if (best.map((arm) => arms.indexOf(arm)).toSorted((a, b) => a - b).join() === '1,3') right++;
    }
    return right / 30;
  } // prettier-ignore

  const options = { delta: 0.05, epsilon: 0.1, batch: 16 };
  test('are found, as sure as was asked for', async () => {
    expect(await found((arms, draw) => bestOf(arms, 2, draw, { ...options, mayAsk: () => true }))).toBeGreaterThanOrEqual(0.95);
  }); // prettier-ignore

  test('are not where only one answer of each is looked at', async () => {
    expect(await found((arms, draw) => bestOf(arms, 2, draw, { ...options, mayAsk: (more) => more === arms.length }))).toBeLessThan(0.7);
  }); // prettier-ignore
});

describe('anchors of tables', () => {
  test('are about what decides, hold for x and on fresh rows, and say how many rows they are for', async () => {
    for (let seed = 0; seed < 6; seed++) {
      const [yes, no] = await anchors(tree, tensor([[1.5, 1.2, -1, 0], [-1, 0.3, 0.3, 0]]), { background, ...seeded(seed) }); // prettier-ignore
      expect(yes.features.toSorted((a, b) => a - b)).toEqual([0, 1]);
      expect(no.features).toEqual([0]); // one that is far from 0.5 is enough to say no
      expect([yes.prediction, no.prediction]).toEqual([1, 0]);
      for (const { precision, lowerBound, gap } of [yes, no]) {
        expect(precision).toBe(1);
        expect(gap).toBeCloseTo(lowerBound - 0.95, 12);
        expect(gap).toBeGreaterThan(0);
      }
      const { above, upTo } = yes.ranges[yes.features.indexOf(0)];
      expect([1.5 > above, upTo]).toEqual([true, Infinity]);
      const isCovered = (r: number): boolean =>
        yes.features.every((j, at) => {
          const v = background.select(0, r).select(0, j).item();
          return v > yes.ranges[at].above && v <= yes.ranges[at].upTo;
        });
      expect(yes.coverage).toBeCloseTo(Array.from({ length: 500 }, (_, r) => +isCovered(r)).reduce((a, b) => a + b) / 500, 12); // prettier-ignore
    }
  });

  test('are found again with the same generator', async () => {
    const run = () => anchors(tree, tensor([[1.5, 1.2, 1, 0]]), { background, ...seeded(7) });
    expect(await run()).toEqual(await run());
  });

  test('of a model that says the same of all are no rule at all', async () => {
    const [rule] = await anchors((x) => x.select(1, 0).mul(0).add(1), zeros([1, 4]), { background, ...seeded() });
    expect([rule.features, rule.coverage, anchorText(rule)]).toEqual([[], 1, 'ALWAYS 1']);
  });

  test('of a model that no range decides own up to it', async () => {
    const fine: Model = (x) => x.select(1, 0).mul(40).sin(); // turns many times within a range
    const [rule] = await anchors(fine, tensor([[0.05, 0, 0, 0]]), { background, maxEvals: 6000, ...seeded() });
    expect(rule.precision).toBeLessThan(0.8);
    expect(rule.gap).toBeLessThan(-0.1);
  });

  test('give each value of a column of few values a range of its own', async () => {
    const categories = tensor(Array.from({ length: 60 }, (_, r) => [r % 3, r % 2]));
    const [rule] = await anchors((x) => x.select(1, 0).eq(1).sub(0.5), tensor([[1, 0]]), { background: categories, ...seeded() }); // prettier-ignore
    expect([rule.features, rule.ranges, rule.coverage]).toEqual([[0], [{ above: 0, upTo: 1 }], 20 / 60]);
    expect(anchorText(rule, ['colour', 'size'])).toBe('IF 0 < colour ≤ 1 THEN 1');
  });

  test('take the largest of classes as the prediction', async () => {
    const classes: Model = (x) => x.mul(tensor([1, 1, 0, 0])).sub(tensor([0, 0, 9, 9]));
    const [rule] = await anchors(classes, tensor([[-2, 2, 0, 0]]), { background, ...seeded() });
    expect(rule.prediction).toBe(1);
    expect(rule.gap).toBeGreaterThan(0);
  });

  test('keep to maxEvals and batchSize, of a model that is waited for, and judge by fresh rows still', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 10, max: 3000 }), fc.integer({ min: 5, max: 300 }), async (maxEvals, batchSize) => {
        let [rows, largest] = [0, 0];
        const slow: AnyModel = async (x) => {
          rows += x.shape[0];
          largest = Math.max(largest, x.shape[0]);
          return tree(x);
        };
        const found = await anchors(slow, tensor([[1.5, 1.2, -1, 0], [-1, 0, 0, 0]]), { background, maxEvals, batchSize, ...seeded() });
        expect(rows).toBeLessThanOrEqual(maxEvals);
        expect(largest).toBeLessThanOrEqual(batchSize);
        found.forEach(({ precision, lowerBound }) => expect(lowerBound).toBeLessThanOrEqual(precision));
      }),
      { numRuns: 12, seed: 1 },
    )); // prettier-ignore
});

describe('anchors of groups', () => {
  test('are the words that decide, whatever the others are', async () => {
    const f: Model = (x) => x.select(1, 1).mul(x.select(1, 4)).mul(2).add(x.select(1, 0).mul(0.1)).sub(1.5);
    const [rule] = await anchorGroups(f, tensor([[1, 1, 1, 1, 1, 1]]), seeded());
    expect([rule.features.toSorted((a, b) => a - b), rule.coverage, rule.ranges]).toEqual([[1, 4], 0.25, []]);
    expect(anchorText(rule, [...'abcdef'])).toMatch(/^IF [be] is there AND [be] is there THEN 1$/);
  });

  test('of many words that are all alike come to longer rules before the evaluations are used up', async () => {
    const f: Model = (x) => x.select(1, 3).mul(x.select(1, 7)).sub(0.5);
    const [rule] = await anchorGroups(f, zeros([1, 30]).add(1), { maxEvals: 4000, ...seeded() });
    expect(rule.features.toSorted((a, b) => a - b)).toEqual([3, 7]);
    expect(rule.gap).toBeGreaterThan(0);
  });

  test('are the piece of a picture that is looked at, on several backgrounds', async () => {
    const picture = zeros([1, 1, 6, 6]).add(1);
    const f: Model = (x) => x.narrow(2, 0, 2).narrow(3, 2, 2).reshape([x.shape[0], -1]).sum(1).sub(3);
    const featureMask = gridSegments([6, 6], [2, 2]).expand([1, 6, 6]);
    const grounds = tensor(new Float32Array(72).fill(0.5)).reshape([2, 1, 6, 6]);
    const [rule] = await anchorGroups(f, picture, { featureMask, background: grounds, ...seeded() });
    expect([rule.features, rule.precision]).toEqual([[1], 1]);
  });
});

const f = (x: Tensor): Tensor => x.sum(1);
test.each<[string, () => unknown, RegExp]>([
  ['a background of other columns', () => anchors(f, zeros([1, 3]), { background: zeros([5, 2]) }), /rows \[N, features\] of the same columns, got \[1, 3\] and \[5, 2\]; use anchorGroups/],
  ['a precision of 1', () => anchors(f, zeros([1, 2]), { background: zeros([5, 2]), precision: 1 }), /precision must be between 0 and 1, got 1/],
  ['no samples', () => anchors(f, zeros([1, 2]), { background: zeros([5, 2]), samples: 0 }), /samples must be a whole number, 1 or more/],
  ['one bin', () => anchors(f, zeros([1, 2]), { background: zeros([5, 2]), bins: 1 }), /bins must be a whole number, 2 or more/],
  ['a beam of none', () => anchorGroups(f, zeros([1, 2]), { beam: 0 }), /beam must be a whole number, 1 or more/],
  ['a function that gives NaN', () => anchorGroups((x) => f(x).mul(NaN), zeros([1, 2])), /anchorGroups: the model must return numbers, got NaN/],
  ['fewer evaluations than judge a rule', () => anchorGroups(f, zeros([1, 2]), { samples: 500, maxEvals: 100 }), /at most 100 rows may be given to the model, got 500 after 1/],
])('%s is refused', async (_, wrong, message) => {
  await expect((async () => wrong())()).rejects.toThrow(message);
}); // prettier-ignore
