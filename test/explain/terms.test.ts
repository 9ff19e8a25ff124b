/** Terms for training: by hand, by finite differences to the second order, and against the exact Jacobian. */
import { describe, expect, test } from 'vitest';
import { Generator, jacobian, manualSeed, nn, randn, tensor, zeros, type Tensor } from '../../src/index.ts';
import {
  expectedGradients, expectedInputGradient, inputGradient, inputGradientPenalty, integratedGradients, jacobianPenalty, monotonicityPenalty, rightForTheRightReasons,
  sparsityPrior, totalVariation, type Model,
} from '../../src/explain/index.ts'; // prettier-ignore
import { gradcheck, gradgradcheck } from '../../src/testing/index.ts';

const double = { dtype: 'float64' } as const;
const random = (shape: number[], seed: number): Tensor =>
  randn(shape, { ...double, generator: new Generator(seed) }).requiresGrad_();
const [W, V] = [random([4, 5], 1), random([5, 3], 2)];
const x = random([2, 4], 3).detach();
const mlp =
  (a: Tensor, b: Tensor): Model =>
  (z) =>
    z.matmul(a).tanh().matmul(b);

describe.each<[string, (f: Model) => Tensor]>([
  ['rightForTheRightReasons', (f) => rightForTheRightReasons((z) => f(z).logSoftmax(1), x, tensor([1, 0, 0, 1], double))],
  ['inputGradientPenalty', (f) => inputGradientPenalty(f, x)],
  ['jacobianPenalty', (f) => jacobianPenalty(f, x, { projections: 2, generator: new Generator(4) })],
  ['monotonicityPenalty', (f) => monotonicityPenalty((z) => f(z).select(1, 0), x, tensor([1, -1, 0, 1], double))],
  ['sparsityPrior of gradients', (f) => sparsityPrior(inputGradient((z) => f(z).select(1, 1), x))],
  ['totalVariation of gradients', (f) => totalVariation(inputGradient((z) => f(z).select(1, 1), x).reshape([2, 2, 2]))],
  ['sparsityPrior of expected gradients', (f) => sparsityPrior(expectedInputGradient((z) => f(z).select(1, 1), x, { background: x.neg(), samples: 3, generator: new Generator(4) }))],
])('%s', (_, term) => {
  const ofWeights = (a: Tensor, b: Tensor): Tensor => term(mlp(a, b));
  test('can be trained with: its gradient in the weights is that of finite differences, to the second order', () => {
    gradcheck(ofWeights, [W, V]);
    gradgradcheck(ofWeights, [W, V], { atol: 1e-5, rtol: 1e-4 });
  });
}); // prettier-ignore

test('the input gradient is that of the sum of outputs, and leaves x alone', () => {
  expect(inputGradient((z) => z.pow(3), tensor([[2, -1]], double)).detach()).toBeAllClose([[12, 3]]);
  expect(x.requiresGrad).toBe(false);
});

test('expected gradients as a term have the mean that expectedGradients has', () => {
  const f: Model = (z) => mlp(W.detach(), V.detach())(z).select(1, 2);
  const background = random([3, 4], 8).detach();
  const of = (samples: number, seed: number) => ({ background, samples, generator: new Generator(seed) });
  const { attributions } = expectedGradients(f, x, of(20_000, 1));
  expect(expectedInputGradient(f, x, of(20_000, 2)).detach()).toBeAllClose(attributions, { rtol: 0, atol: 0.05 });
  expect(() => expectedInputGradient(f, x, { background: zeros([3, 2]) })).toThrow(/expectedInputGradient: the baseline must be/);
  expect(() => expectedInputGradient(f, x, { background, samples: 0 })).toThrow(/samples must be a whole number/);
}); // prettier-ignore

test('right for the right reasons is the squared gradient under the mask, by hand', () => {
  const a = tensor([[1, -2], [0.5, 3]], double); // prettier-ignore
  const f: Model = (z) => z.matmul(a);
  const rows = tensor([[1, 1], [2, 0]], double); // prettier-ignore
  // Σ_c ∂f_c/∂x = the row sums of a, −1 and 3.5
  expect(rightForTheRightReasons(f, rows, tensor([1, 0], double)).item()).toBeCloseTo(1, 12);
  expect(rightForTheRightReasons(f, rows, tensor([0, 1], double)).item()).toBeCloseTo(3.5 ** 2, 12);
  expect(rightForTheRightReasons(f, rows, tensor([0, 0], double)).item()).toBe(0);
});

test('the Jacobian penalty has the exact squared norm as its mean', () => {
  const exact = [0, 1].map((r) => {
    const J = jacobian((z: Tensor) => mlp(W, V)(z.unsqueeze(0)).squeeze(0), x.select(0, r));
    return J.square().sum().item();
  });
  const options = { projections: 4000, generator: new Generator(1) };
  const mean = (exact[0] + exact[1]) / 2;
  expect(jacobianPenalty(mlp(W.detach(), V.detach()), x, options).item() / mean).toBeCloseTo(1, 1);
});

test('the Jacobian penalty of one output needs no luck: it is the input gradient penalty', () => {
  const f: Model = (z) => mlp(W, V)(z).narrow(1, 0, 1);
  expect(jacobianPenalty(f, x).item()).toBeCloseTo(inputGradientPenalty(f, x).item(), 10);
});

test('sparsity is 0 where all features have the same, and 1/n − 1 where one has all', () => {
  expect(sparsityPrior(tensor([[1, 1, -1, 1]], double)).item()).toBeCloseTo(0, 10);
  expect(sparsityPrior(tensor([[0, 3, 0, 0]], double)).item()).toBeCloseTo(-0.75, 10);
});

test('total variation adds up the steps between neighbours', () => {
  expect(totalVariation(tensor([[[0, 1], [3, 1]]], double)).item()).toBe(3 + 0 + 1 + 2); // prettier-ignore
  expect(totalVariation(zeros([2, 3, 4, 4]).add(5)).item()).toBe(0);
});

test('monotonicity costs only where a slope has the wrong sign', () => {
  const f: Model = (z) => z.matmul(tensor([2, -3], double));
  const rows = zeros([5, 2], double);
  expect(monotonicityPenalty(f, rows, tensor([1, -1], double)).item()).toBe(0);
  expect(monotonicityPenalty(f, rows, tensor([1, 1], double)).item()).toBe(3);
  expect(monotonicityPenalty(f, rows, tensor([-1, 0], double)).item()).toBe(2);
});

test('training with the monotonicity term makes a network monotone', () => {
  manualSeed(1);
  const model = new nn.Sequential(new nn.Linear(1, 16), new nn.Tanh(), new nn.Linear(16, 1));
  const at = tensor(Array.from({ length: 30 }, (_, i) => [i / 5 - 3]));
  const y = at.sin(); // falls and rises
  const falling = (): number => -Math.min(0, inputGradient(model, at).min().item());
  const train = (weight: number): void => {
    for (let step = 0; step < 150; step++) {
      const fit = nn.functional.mseLoss(model(at), y);
      const loss = fit.add(monotonicityPenalty(model, at, tensor([1])).mul(weight));
      for (const p of model.parameters()) p.grad = null;
      loss.backward();
      for (const p of model.parameters()) p.nd.data.forEach((_, i, all) => (all[i] -= 0.05 * p.grad!.nd.data[i]));
    }
  };
  train(0);
  expect(falling()).toBeGreaterThan(0.2);
  train(5);
  expect(falling()).toBeLessThan(0.05);
});

test('attributions that are to be explained do not keep a graph', () => {
  expect(integratedGradients(mlp(W, V), x, { target: 0 }).attributions.requiresGrad).toBe(false);
});
