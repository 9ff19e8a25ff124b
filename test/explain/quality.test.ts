/** Measures of explanations: by hand, and on explanations that are known to be good or bad. */
import { describe, expect, test } from 'vitest';
import { Generator, manualSeed, nn, noGrad, optim, randn, tensor, zeros, type Tensor } from '../../src/index.ts';
import {
  agreement, deletionCurve, infidelity, inputXGradient, insertionCurve, randomizationCheck, saliency, sensitivity, type Model,
} from '../../src/explain/index.ts'; // prettier-ignore

const double = { dtype: 'float64' } as const;
const w = tensor([4, -1, 2], double);
const linear: Model = (x) => x.matmul(w);
const x = tensor([[1, 1, 1], [2, 0, -1]], double); // prettier-ignore
const generator = (): Generator => new Generator(1);

describe('infidelity', () => {
  test('is 0 for the weights of a linear function', async () => {
    const { attributions } = saliency(linear, x, { abs: false });
    expect(await infidelity(linear, x, attributions)).toBeAllClose([0, 0], { atol: 1e-20 });
  });

  test('of wrong slopes is the squared error of the slopes times the variance of the noise', async () => {
    const options = { noise: 0.5, samples: 20_000, generator: generator() };
    const wrong = await infidelity(linear, x, saliency(linear, x, { abs: false }).attributions.add(1), options);
    expect(wrong).toBeAllClose([0.75, 0.75], { rtol: 0.05 }); // Σ 1²·0.5² over three numbers
  });
});

describe('sensitivity', () => {
  test('of an explanation that never changes is 0', async () => {
    const same = await sensitivity((z) => saliency(linear, z, { abs: false }).attributions, x);
    expect(same).toBeAllClose([0, 0], { atol: 1e-12 });
  });

  test('of x itself is at most the radius against the length of x', async () => {
    const got = await sensitivity((z) => z, x, { radius: 0.1, samples: 200, generator: generator() });
    const bound = x
      .square()
      .sum(1)
      .sqrt()
      .reciprocal()
      .mul(0.1 * Math.sqrt(3));
    expect(got.le(bound).all().item()).toBe(1);
    expect(got.gt(bound.mul(0.6)).all().item()).toBe(1);
  });
});

describe('curves', () => {
  test('take away, or put in, what is most important first', async () => {
    const { attributions } = inputXGradient(linear, x);
    const deletion = await deletionCurve(linear, x, attributions);
    expect(deletion.curve).toBeAllClose([[5, 1, -1, 0], [6, -2, -2, 0]]); // prettier-ignore
    expect(deletion.area).toBeAllClose([(2.5 + 1 - 1) / 3, (3 - 2 - 2) / 3]);
    const insertion = await insertionCurve(linear, x, attributions);
    expect(insertion.curve).toBeAllClose([[0, 4, 6, 5], [0, 8, 8, 6]]); // prettier-ignore
  });

  test('are better for right attributions than for those turned round', async () => {
    const { attributions } = inputXGradient(linear, x);
    const area = async (a: Tensor): Promise<number> => (await deletionCurve(linear, x, a)).area.sum().item();
    expect(await area(attributions)).toBeLessThan(await area(attributions.neg()));
  });

  test('go in equal steps where there are many features', async () => {
    const many = randn([1, 100], double);
    const { curve } = await deletionCurve((z) => z.sum(1), many, many, { steps: 4 });
    expect(curve.shape).toEqual([1, 5]);
    expect(curve.index(0, 4)).toBeAllClose(0);
  });
});

test('agreement is the correlation of ranks', () => {
  const a = tensor([[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]]); // prettier-ignore
  const b = tensor([[10, 20, 21, 1000], [4, 3, 2, 1], [1, 2, 4, 3]]); // prettier-ignore
  expect(agreement(a, b)).toBeAllClose([1, -1, 0.8]);
});

describe('the sanity check by randomized weights', () => {
  manualSeed(1);
  // Labels depend on two of ten numbers, so there is something to learn.
  const inputs = randn([200, 10]);
  const labels = inputs.select(1, 2).mul(2).sub(inputs.select(1, 7)).gt(0);
  const model = new nn.Sequential(new nn.Linear(10, 16), new nn.Tanh(), new nn.Linear(16, 2));
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.02 });
  for (let step = 0; step < 100; step++) {
    optimizer.zeroGrad();
    nn.functional.crossEntropy(model(inputs), labels).backward();
    optimizer.step();
  }
  model.eval();
  const rows = inputs.narrow(0, 0, 40);
  const check = (explain: (z: Tensor) => Tensor): Promise<number> =>
    randomizationCheck(explain, rows, model.parameters(), { generator: generator() });

  test('is passed by the gradient, which depends on what was learned', async () => {
    expect(Math.abs(await check((z) => saliency(model, z, { target: 1 }).attributions))).toBeLessThan(0.4);
  });

  test('is failed by an edge detector, which shows the input', async () => {
    const edges = (z: Tensor): Tensor => z.sub(z.roll(1, 1)); // differences of neighbours
    expect(await check(edges)).toBeGreaterThan(0.99);
  });

  test('leaves the parameters as they were', async () => {
    const before = noGrad(() => model(rows)).toArray();
    await check((z) => saliency(model, z, { target: 1 }).attributions);
    expect(noGrad(() => model(rows)).toArray()).toEqual(before);
    await expect(randomizationCheck(() => { throw new Error('no'); }, rows, model.parameters())).rejects.toThrow('no'); // prettier-ignore
    expect(noGrad(() => model(rows)).toArray()).toEqual(before);
  });
});

test.each<[string, () => Promise<unknown>, RegExp]>([
  ['attributions of another shape', () => infidelity(linear, x, zeros([2, 2])), /attributions must have the shape \[2, 3\] of x, got \[2, 2\]/],
  ['no noise', () => infidelity(linear, x, x, { noise: 0 }), /noise must be above 0/],
  ['no samples', () => sensitivity((z) => z, x, { samples: 0 }), /samples must be a whole number/],
  ['a curve of no steps', () => deletionCurve(linear, x, x, { steps: 0 }), /steps must be a whole number/],
])('%s is refused', async (_, wrong, message) => {
  await expect(wrong()).rejects.toThrow(message);
}); // prettier-ignore
