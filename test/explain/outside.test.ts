/** Explanations are those of an independent brute force: test/fixtures/explain.py. */
import { expect, test } from 'vitest';
import { Generator, tensor, type Tensor } from '../../src/index.ts';
import {
  deconvolution, guidedBackprop, integratedGradients, kernelShap, lime, lrp, limeGroups, owen, permutationShap, shapley, type Model,
} from '../../src/explain/index.ts'; // prettier-ignore
import { read } from '../files.ts';

interface Fit {
  readonly attributions: number[];
  readonly intercept: number;
  readonly rSquared: number;
}
type Matrix = number[][];
const fixture = JSON.parse(read('test/fixtures/explain.json')) as {
  weights: [Matrix, number[], Matrix, number[]];
  x: Matrix;
  background: Matrix;
  target: number;
  unions: number[];
  shapley: Matrix;
  owen: Matrix;
  kernel: Matrix;
  integrated: Matrix;
  lime: Fit & { scale: number[]; noise: number[] };
  limeGroups: Fit & { chances: number[] };
  guided: Matrix;
  deconvolution: Matrix;
  lrp: Matrix;
};
const of = (x: number[] | Matrix): Tensor => tensor(x, { dtype: 'float64' });
const [W1, b1, W2, b2] = fixture.weights.map(of);
const f: Model = (x) => x.matmul(W1).add(b1).tanh().matmul(W2).add(b2);
const [x, background] = [of(fixture.x), of(fixture.background)];
const { target, unions } = fixture;
const near = { rtol: 1e-9, atol: 1e-10 };

test('Shapley values are the mean over all 120 orders', async () => {
  expect((await shapley(f, x, { target, background })).attributions).toBeAllClose(fixture.shapley, near);
});

test('Owen values are the mean over the orders that keep unions together', async () => {
  expect((await owen(f, x, { target, background, unions })).attributions).toBeAllClose(fixture.owen, near);
});

test('Kernel SHAP is the constrained least squares over all coalitions', async () => {
  expect((await kernelShap(f, x, { target, background })).attributions).toBeAllClose(fixture.kernel, near);
});

test('permutation SHAP comes near them', async () => {
  const options = { target, background, samples: 2000, generator: new Generator(1) };
  expect((await permutationShap(f, x, options)).attributions).toBeAllClose(fixture.shapley, { atol: 0.02 });
});

test('of a single feature all Shapley values are the whole difference', async () => {
  for (const method of [shapley, kernelShap, permutationShap]) {
    const { attributions } = await method((z) => z.square().sum(1), of([[3]]), {});
    expect(attributions.toArray()).toEqual([[9]]);
  }
});

test.each(['gauss-legendre', 'trapezoid', 'middle'] as const)(
  'integrated gradients by %s are the dense integral',
  (rule) => {
    const steps = rule === 'gauss-legendre' ? 50 : 2000;
    const { attributions } = integratedGradients(f, x, { target, baseline: background.narrow(0, 0, 1), rule, steps });
    expect(attributions).toBeAllClose(fixture.integrated, { rtol: 1e-6, atol: 1e-7 });
  },
);

/** A generator that gives the listed numbers, whatever is asked for. */
function scripted(list: readonly number[]): Generator {
  let i = 0;
  const next = (): number => list[i++];
  return Object.assign(new Generator(), { normal: next, uniform: next });
}

test('LIME of a table is the weighted regression on its samples', async () => {
  const { noise, scale, attributions, intercept, rSquared } = fixture.lime;
  const samples = noise.length / scale.length + 1;
  const got = await lime(f, x.narrow(0, 0, 1), {
    target, samples, scale: of(scale), ridge: 0, generator: scripted(noise),
  }); // prettier-ignore
  expect(got.attributions.flatten()).toBeAllClose(attributions, near);
  expect([got.intercept.item(), got.rSquared.item()]).toBeAllClose([intercept, rSquared], near);
});

test('LIME of what is there is the weighted regression on its samples', async () => {
  const { chances, attributions, intercept, rSquared } = fixture.limeGroups;
  const got = await limeGroups(f, x.narrow(0, 0, 1), {
    target, background, samples: chances.length / 5 + 1, ridge: 0, generator: scripted(chances),
  }); // prettier-ignore
  expect(got.attributions.flatten()).toBeAllClose(attributions, near);
  expect([got.intercept.item(), got.rSquared.item()]).toBeAllClose([intercept, rSquared], near);
});

const rectified: Model = (z) => z.matmul(W1).add(b1).relu().matmul(W2).add(b2);
test.each([
  ['guided backpropagation', guidedBackprop, fixture.guided],
  ['deconvolution', deconvolution, fixture.deconvolution],
] as const)('%s is what the layers give one by one', (_, method, expected) => {
  expect(method(rectified, x, { target }).attributions).toBeAllClose(expected, near);
});

test('LRP-0 is what the layers give one by one', () => {
  // there biases are part of what is divided by, as here where they are part of the layer
  expect(lrp(rectified, x, { target }).attributions).toBeAllClose(fixture.lrp, near);
});
