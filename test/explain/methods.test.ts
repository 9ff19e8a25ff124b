/** Explanations are those of an independent brute force: test/fixtures/explainMethods.py. */
import { expect, test } from 'vitest';
import { Generator, tensor, type Tensor } from '../../src/index.ts';
import {
  blendedIntegratedGradients, deepShap, gradientShap, internalInfluence, layerConductance, layerIntegratedGradients,
  neuronConductance, partitionShap, type Hierarchy, type Model,
} from '../../src/explain/index.ts'; // prettier-ignore
import { read } from '../files.ts';

type Matrix = number[][];
const fixture = JSON.parse(read('test/fixtures/explainMethods.json')) as {
  weights: [Matrix, number[], Matrix, number[]];
  x: Matrix;
  background: Matrix;
  target: number;
  neuron: number;
  hierarchy: Hierarchy;
  layerConductance: Matrix;
  neuronConductance: Matrix;
  internalInfluence: Matrix;
  layerIntegratedGradients: Matrix;
  blended: Matrix;
  deepShap: Matrix;
  partition: Matrix;
};
const of = (x: number[] | Matrix): Tensor => tensor(x, { dtype: 'float64' });
const [W1, b1, W2, b2] = fixture.weights.map(of);
const features: Model = (x) => x.matmul(W1).add(b1).tanh();
const head: Model = (h) =>
  h
    .square()
    .matmul(W2)
    .add(h.matmul(W2.flip(0)))
    .add(b2);
const f: Model = (x) => head(features(x));
const [x, background] = [of(fixture.x), of(fixture.background)];
const { target, neuron, hierarchy } = fixture;
const baseline = background.narrow(0, 0, 1);
const near = { rtol: 1e-8, atol: 1e-9 }; // the brute force takes 200,000 steps

test('conductance and its kin are the dense sums along the way', () => {
  const options = { target, baseline };
  expect(layerConductance(features, head, x, options).attributions).toBeAllClose(fixture.layerConductance, near);
  expect(neuronConductance(features, head, x, { ...options, neuron }).attributions).toBeAllClose(fixture.neuronConductance, near);
  expect(internalInfluence(features, head, x, options).attributions).toBeAllClose(fixture.internalInfluence, near);
  expect(layerIntegratedGradients(features, head, x, options).attributions).toBeAllClose(fixture.layerIntegratedGradients, near);
}); // prettier-ignore

test('blended integrated gradients are the mean over the baselines, which gradient SHAP estimates', () => {
  expect(blendedIntegratedGradients(f, x, { target, background }).attributions).toBeAllClose(fixture.blended, near);
  const options = { target, background, samples: 40_000, generator: new Generator(1) };
  expect(gradientShap(f, x, options).attributions).toBeAllClose(fixture.blended, { rtol: 0, atol: 0.05 });
});

test('Deep SHAP is the mean of what the layers hand down one by one', () => {
  const plain: Model = (z) => features(z).matmul(W2).add(b2);
  expect(deepShap(plain, x, { target, background }).attributions).toBeAllClose(fixture.deepShap, near);
  expect(deepShap(plain, x, { target, background, batchSize: 3 }).attributions).toBeAllClose(fixture.deepShap, near);
});

test('SHAP over a hierarchy is the mean over the orders that it allows', async () => {
  const { attributions, unresolved } = await partitionShap(f, x, { target, background, hierarchy });
  expect(attributions).toBeAllClose(fixture.partition, { rtol: 1e-9, atol: 1e-10 });
  expect(unresolved.toArray()).toEqual([0, 0]);
});
