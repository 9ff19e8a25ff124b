/** Explanations are those of an independent brute force: test/fixtures/explainMethods.py. */
import { expect, test } from 'vitest';
import { Generator, nn, tensor, type Tensor } from '../../src/index.ts';
import {
  anchors, blendedIntegratedGradients, conceptVector, criticisms, deepShap, gradientShap, internalInfluence, layerConductance, layerIntegratedGradients, lrp,
  neuronConductance, partitionShap, prototypes, type Hierarchy, type Model,
} from '../../src/explain/index.ts'; // prettier-ignore
import { tTest } from '../../src/explain/significance.ts';
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
  alphaBeta: { alpha: number; attributions: Matrix };
  zB: { range: [number, number]; attributions: Matrix };
  concept: { concept: Matrix; random: Matrix; penalty: number; vector: number[] };
  tTest: { a: number[]; b: number[]; p: number }[];
  critic: { points: Matrix; width: number; prototypes: number[]; mmd: number[]; witness: number[]; criticisms: number[] };
  anchor: { rows: Matrix; x: number[]; rule: number[]; coverage: number; precisions: { rule: number[]; precision: number }[] };
}; // prettier-ignore
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

test('LRP-αβ, and LRP-z^B at the input, are what the layers give number by number', () => {
  const rectified: Model = (z) => nn.functional.linear(nn.functional.linear(z, W1.t(), b1).relu(), W2.t(), b2);
  const { alpha, attributions } = fixture.alphaBeta;
  expect(lrp(rectified, x, { target, alpha }).attributions).toBeAllClose(attributions, near);
  const { range } = fixture.zB;
  expect(lrp(rectified, x, { target, alpha, range }).attributions).toBeAllClose(fixture.zB.attributions, near);
});

test("a concept's vector is what gradient descent on the regression comes to", () => {
  const { concept, random, penalty, vector } = fixture.concept;
  expect(conceptVector(of(concept), of(random), { penalty }).vector).toBeAllClose(vector, { rtol: 1e-7, atol: 1e-8 });
});

test("Student's p value is the integral of the density", () => {
  for (const { a, b, p } of fixture.tTest) expect(tTest(a, b)).toBeCloseTo(p, 10);
});

test('prototypes and criticisms are those of the full sums', () => {
  const { points, width, ...expected } = fixture.critic;
  const chosen = prototypes(of(points), 4, { width });
  expect(chosen.indices).toEqual(expected.prototypes);
  expect(chosen.mmd).toBeAllClose(expected.mmd, near);
  const critics = criticisms(of(points), chosen.indices, 3, { width });
  expect(critics.indices).toEqual(expected.criticisms);
  expect(critics.witness).toBeAllClose(expected.witness, near);
});

test('an anchor is the rule of the largest coverage that is precise on all inputs, its precision that of all inputs', async () => {
  const { rows, x: at, rule, coverage, precisions } = fixture.anchor;
  const label: Model = (z) => {
    const [a, b, , d] = [0, 1, 2, 3].map((j) => z.select(1, j));
    return a.eq(2).mul(b.eq(0).maximum(d.eq(2))).sub(0.5);
  };
  const background = of(rows);
  for (let seed = 0; seed < 5; seed++) {
    const [found] = await anchors(label, of([at]), { background, generator: new Generator(seed) });
    expect(found.features.toSorted((a, b) => a - b)).toEqual(rule);
    expect(found.coverage).toBeCloseTo(coverage, 12);
    expect([found.prediction, found.precision]).toEqual([1, 1]);
    expect(found.gap).toBeGreaterThan(0);
  }
  // Asked for less precision, a shorter rule will do, and its precision comes near that of all inputs.
  const [loose] = await anchors(label, of([at]), { background, precision: 0.6, samples: 20_000, maxEvals: 1e5, generator: new Generator(1) });
  const exact = precisions.find((p) => p.rule.join() === loose.features.join())!.precision;
  expect(loose.features).toEqual([0]);
  expect(loose.precision).toBeCloseTo(exact, 1.5);
  expect(loose.lowerBound).toBeLessThan(exact);
}); // prettier-ignore
