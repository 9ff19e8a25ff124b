/** What flows through a layer sums to what comes out, and what flows through a neuron to what the layer says of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Generator, manualSeed, nn, randn, tensor, zeros, type Tensor } from '../../src/index.ts';
import {
  integratedGradients, internalInfluence, layerConductance, layerIntegratedGradients, neuronConductance, type Model,
} from '../../src/explain/index.ts'; // prettier-ignore

const double = { dtype: 'float64' } as const;
const law = (f: (seed: number) => void, numRuns = 12): void =>
  fc.assert(fc.property(fc.nat({ max: 1e6 }), f), { numRuns, seed: 11 });

function network(seed: number): { features: Model; head: Model; x: Tensor; baseline: Tensor } {
  manualSeed(seed);
  const [a, b, c] = [randn([4, 3], double), randn([3, 5], double), randn([5], double)];
  return {
    features: (x) => x.matmul(a).tanh(),
    head: (h) => h.matmul(b).sigmoid().matmul(c),
    x: randn([2, 4], double),
    baseline: randn([4], double),
  };
}

/** A method as attributions of the layer. */
type OfLayer = (features: Model, head: Model, x: Tensor, baseline: Tensor) => Tensor;
const sumsUp = (explain: OfLayer): void =>
  law((seed) => {
    const { features, head, x, baseline } = network(seed);
    const difference = head(features(x)).sub(head(features(baseline.expand([2, 4]))));
    expect(explain(features, head, x, baseline).sum(1)).toBeAllClose(difference, { rtol: 1e-8, atol: 1e-9 });
  });

describe('layer conductance', () => {
  test('sums to f(x) − f(baseline), and its gap says so', () => {
    sumsUp((features, head, x, baseline) => {
      const { attributions, gap } = layerConductance(features, head, x, { baseline, steps: 400 });
      expect(gap).toBeAllClose([0, 0], { atol: 1e-9 });
      return attributions;
    });
  });

  test('of a layer that is the input is integrated gradients', () =>
    law((seed) => {
      const { features, head, x, baseline } = network(seed);
      const f: Model = (z) => head(features(z));
      expect(layerConductance((z) => z.mul(1), f, x, { baseline }).attributions).toBeAllClose(
        integratedGradients(f, x, { baseline }).attributions, { rtol: 1e-9, atol: 1e-11 },
      );
    })); // prettier-ignore

  test('is 0 for a neuron that the head does not read, and for one that does not move', () => {
    const features: Model = (x) => x.matmul(tensor([[1, 1, 0], [1, -1, 0]], double)).square(); // prettier-ignore
    const [a, b, c] = layerConductance(features, (h) => h.matmul(tensor([2, 0, 5], double)), tensor([[1, 2]], double))
      .attributions.toTypedArray();
    expect([a, b, c].map((v) => Math.abs(v) > 1e-9)).toEqual([true, false, false]);
  }); // prettier-ignore

  test('of the planes of a convolution, some steps at a time and with a target a row, is that at once', () => {
    manualSeed(4);
    const convolution = new nn.Sequential(new nn.Conv2d(1, 3, 3), new nn.ReLU(), new nn.MaxPool2d(2));
    const head = new nn.Sequential(new nn.Flatten(), new nn.Linear(12, 4));
    const x = randn([3, 1, 6, 6]);
    const options = { target: [0, 3, 1], steps: 20 };
    const { attributions, gap } = layerConductance(convolution, head, x, options);
    expect(attributions.shape).toEqual([3, 3, 2, 2]);
    expect(gap.abs().max().item()).toBeLessThan(0.05);
    expect(layerConductance(convolution, head, x, { ...options, batchSize: 7 }).attributions).toBeAllClose(attributions, { atol: 1e-5 });
  }); // prettier-ignore

  test.each<[string, OfLayer]>([
    ['leaves out how the neuron moves', (features, head, x, baseline) => internalInfluence(features, head, x, { baseline }).attributions],
    ['takes its slope at x alone', (features, head, x, baseline) => {
      const h = features(x).detach();
      return layerIntegratedGradients((z) => z.mul(1), head, h, { baseline: h.sub(1e-6) }).attributions.mul(1e6)
        .mul(h.sub(features(baseline.expand([2, 4]))));
    }],
  ])('that %s does not sum up', (_, wrong) => {
    const { features, head, x, baseline } = network(1);
    expect(wrong(features, head, x, baseline).shape).toEqual([2, 3]); // runs
    expect(() => sumsUp(wrong)).toThrow(/Property failed/);
  }); // prettier-ignore
});

describe('neuron conductance', () => {
  test('sums over inputs to the conductance of the neuron, over neurons to integrated gradients', () =>
    law((seed) => {
      const { features, head, x, baseline } = network(seed);
      const each = [0, 1, 2].map((neuron) => neuronConductance(features, head, x, { baseline, neuron, steps: 200 }));
      const layer = layerConductance(features, head, x, { baseline, steps: 200 }).attributions;
      each.forEach(({ attributions, gap }, j) => {
        expect(attributions.sum(1)).toBeAllClose(layer.select(1, j), { rtol: 1e-9, atol: 1e-10 });
        expect(gap).toBeAllClose([0, 0], { atol: 1e-8 });
      });
      const all = each.map(({ attributions }) => attributions).reduce((a, b) => a.add(b));
      const whole = integratedGradients((z) => head(features(z)), x, { baseline, steps: 200 }).attributions;
      expect(all).toBeAllClose(whole, { rtol: 1e-9, atol: 1e-10 });
    }));

  test('has a gap that tells of too few steps', () => {
    const { features, head, x, baseline } = network(1);
    const gap = (steps: number): number =>
      neuronConductance(features, head, x.mul(3), { baseline, neuron: 1, steps, rule: 'left' }).gap.abs().max().item();
    expect(gap(2)).toBeGreaterThan(10 * gap(200));
    expect(gap(2)).toBeGreaterThan(1e-3);
  }); // prettier-ignore

  test('finds a neuron of planes by its place', () => {
    const features: Model = (x) => x.reshape([x.shape[0], 1, 2, 2]);
    const head: Model = (h) => h.square().reshape([h.shape[0], 4]).sum(1);
    const { attributions } = neuronConductance(features, head, tensor([[1, 2, 3, 4]], double), { neuron: [0, 1, 0] });
    expect(attributions).toBeAllClose([[0, 0, 9, 0]], { atol: 1e-10 });
  });
});

test.each<[string, () => unknown, RegExp]>([
  ['a neuron beyond the layer', () => neuronConductance((x) => x, (h) => h.sum(1), zeros([1, 3]), { neuron: 3 }), /neuron must be a place in the layer \[3\], got \[3\]/],
  ['a place of other dims', () => neuronConductance((x) => x, (h) => h.sum(1), zeros([1, 3]), { neuron: [0, 1] }), /place in the layer \[3\], got \[0, 1\]/],
  ['no neuron', () => neuronConductance((x) => x, (h) => h.sum(1), zeros([1, 3]), {} as never), /neuron must be a place/],
  ['features that lose the rows', () => layerConductance((x) => x.sum(0), (h) => h, zeros([2, 3])), /for 2 rows features must give a layer \[2, …\], got \[3\]/],
  ['a baseline of another shape', () => layerConductance((x) => x, (h) => h.sum(1), zeros([2, 3]), { baseline: zeros([4]) }), /layerConductance: the baseline must be a number/],
  ['a class that is not there', () => internalInfluence((x) => x, (h) => h, randn([1, 3], { generator: new Generator(1) }), { target: 7 }), /internalInfluence: target must be a class/],
])('%s is refused', (_, wrong, message) => {
  expect(wrong).toThrow(message);
}); // prettier-ignore
