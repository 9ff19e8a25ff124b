/** Activations, distances and moved channels as PyTorch has them, and what it cannot tell: chance, and what is refused. */
import { describe, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { full, ones, randn, tensor, zeros } from '../../src/create.ts';
import { grad } from '../../src/engine.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { gradcheck } from '../../src/testing/gradcheck.ts';
import { ours } from '../fixtures/nn.ts';
import { replay } from '../fixtures/replay.ts';

const F = nn.functional;
const float64 = { dtype: 'float64' } as const;

const elus = ['selu of [24] []', 'elu of [24] []', 'elu of [24] [0.5]', 'elu of [24] [-1.5]', 'celu of [24] []', 'celu of [24] [2]', 'celu of [24] [0.25]', 'celu of [24] [-1]']; // prettier-ignore
replay('activations.json', ours, [...elus, 'hardswish of [24] []', 'softshrink of [2] []']);

describe('where we differ from PyTorch on purpose', () => {
  /** First and second derivative at a point. */
  const derivatives = (f: (x: Tensor) => Tensor, at: number): number[] => {
    const x = tensor(at, { ...float64, requiresGrad: true });
    const [g] = grad(f(x), [x], { createGraph: true });
    return [g.item(), grad(g, [x])[0].item()];
  };

  test('the second derivative of elu at 0 is that from the left, as its first is', () => {
    expect(derivatives((x) => F.elu(x, 0.5), 0)).toEqual([0.5, 0.5]); // PyTorch: 0.5 and 0
    expect(derivatives((x) => F.celu(x, 2), 0)).toEqual([1, 0.5]); // PyTorch: 1 and 0
    expect(derivatives(F.selu, 0)[1]).toBeCloseTo(1.0507 * 1.67326, 4);
  });

  test('that of hardswish at −3 is that from the right', () => {
    expect(derivatives(F.hardswish, -3)).toEqual([-0.5, 1 / 3]); // PyTorch: −0.5 and 0
    expect(derivatives(F.hardswish, 3)).toEqual([1, 0]);
  });

  test('softshrink keeps NaN', () => {
    expect(F.softshrink(tensor([NaN, 2])).toArray()).toEqual([NaN, 1.5]);
  });

  test('hardsigmoid is exact in float64', () => {
    const x = tensor(0.5, { ...float64, requiresGrad: true });
    expect(grad(F.hardsigmoid(x), [x])[0].item()).toBe(1 / 6); // PyTorch: 0.16666667163372
  });
});

describe('rrelu', () => {
  test('draws a slope for each negative element in training', () => {
    const y = F.rrelu(full([4000], -1), { lower: 0.1, upper: 0.3, training: true, generator: new Generator(1) }).neg();
    expect(y.amin().item()).toBeGreaterThanOrEqual(Math.fround(0.1));
    expect(y.amax().item()).toBeLessThanOrEqual(Math.fround(0.3));
    expect(y.mean().item()).toBeCloseTo(0.2, 2);
    expect(y.std().item()).toBeCloseTo(0.2 / Math.sqrt(12), 2);
    expect(F.rrelu(tensor([2, 3]), { training: true }).toArray()).toEqual([2, 3]);
  });

  test('gives each element the gradient of its own slope', () => {
    const generator = (): Generator => new Generator(3);
    const x = randn([3, 4], { ...float64, requiresGrad: true });
    gradcheck((x) => F.rrelu(x, { training: true, generator: generator() }), [x]);
    const layer = new nn.RReLU(0.1, 0.2, { generator: generator() });
    expect(layer(x).toArray()).toEqual(
      F.rrelu(x, { lower: 0.1, upper: 0.2, training: true, generator: generator() }).toArray(),
    );
  });
});

describe('gumbelSoftmax', () => {
  const logits = tensor([0, Math.log(2), Math.log(5)]);
  const draws = (options: nn.functional.GumbelSoftmaxOptions): Tensor =>
    F.gumbelSoftmax(logits.expand([4000, 3]), { generator: new Generator(2), ...options });

  test('has its largest element where softmax would draw it', () => {
    const share = draws({ hard: true }).mean(0);
    expect(share).toBeAllClose([1 / 8, 2 / 8, 5 / 8], { atol: 0.03, rtol: 0 });
    expect(draws({ tau: 0.1 }).argmax(1).toArray()).toEqual(draws({ hard: true }).argmax(1).toArray());
  });

  test('sums to 1 along its dim, and is hard without losing the gradient of the soft one', () => {
    expect(draws({ tau: 2 }).sum(1)).toBeAllClose(ones([4000]));
    expect(F.gumbelSoftmax(randn([3, 2]), { dim: 0 }).sum(0)).toBeAllClose(ones([2]));
    const x = randn([2, 3], { ...float64, requiresGrad: true });
    const w = randn([2, 3], float64);
    const gradient = (hard: boolean): Tensor =>
      grad(F.gumbelSoftmax(x, { hard, generator: new Generator(4) }).mul(w).sum(), [x])[0]; // prettier-ignore
    expect(gradient(true)).toBeAllClose(gradient(false), { rtol: 1e-12 });
  });
});

describe('refused', () => {
  test.each([
    [() => F.prelu(zeros([2, 3]), ones([2])), 'prelu: the weight must be [1], or [C] for x [N, C, …], got [2] for [2, 3]'],
    [() => F.glu(zeros([2, 3])), 'glu: the size along dim -1 must be even, got [2, 3]'],
    [() => F.hardtanh(zeros([2]), 1, 1), 'hardtanh: min must be less than max, got 1 and 1'],
    [() => F.softshrink(zeros([2]), -1), 'softshrink: lambda must be 0 or more, got -1'],
    [() => F.celu(zeros([2]), 0), 'celu: alpha must not be 0, got 0'],
    [() => F.rrelu(zeros([2]), { lower: 1, upper: 0 }), 'rrelu: lower must not be greater than upper, got 1 and 0'],
    [() => F.gelu(zeros([2]), { approximate: 'erf' as 'tanh' }), "gelu: approximate must be 'none' or 'tanh', got 'erf'"],
    [() => F.gumbelSoftmax(zeros([2]), { tau: 0 }), 'gumbelSoftmax: tau must be above 0, got 0'],
    [() => new nn.Softmax2d()(zeros([2, 3])), 'Softmax2d: the input must be [N, C, H, W] or [C, H, W], got [2, 3]'],
    [() => F.normalize(zeros([2, 2]), { p: NaN }), "p must be a number or 'fro', got NaN"],
    [() => F.cosineSimilarity(zeros([2, 3]), zeros([2, 4])), 'cosineSimilarity: sizes must be equal or 1'],
    [() => F.channelShuffle(zeros([1, 3]), 2), 'channelShuffle: x must be [N, C, …] with C a multiple of 2, got [1, 3]'],
    [() => new nn.Unflatten(1, [2, 4])(zeros([2, 6])), 'unflatten: the new sizes must multiply to 6 (one may be -1), got [2, 4]'],
    [() => new nn.Unflatten(1, [-1, -1])(zeros([2, 6])), 'unflatten: the new sizes must multiply to 6'],
    [() => F.dropout2d(zeros([2, 3])), 'dropout2d: the input must have 4 dims, or 3 without a batch, got [2, 3]'],
    [() => F.dropout1d(zeros([2])), 'dropout1d: the input must have 3 dims, or 2 without a batch, got [2]'],
    [() => F.featureAlphaDropout(zeros([2])), 'featureAlphaDropout: the input must be [N, C, …], got [2]'],
    [() => new nn.AlphaDropout(2), 'AlphaDropout: p must be a probability from 0 to 1, got 2'],
    [() => F.alphaDropout(zeros([2]), -1), 'alphaDropout: p must be a probability from 0 to 1, got -1'],
  ] as const)('%s', (run, message) => {
    expect(run).toThrow(message);
  }); // prettier-ignore
});

test('layers show their options', () => {
  const shown = [new nn.ReLU(), new nn.Hardtanh(-2, 2), new nn.GELU({ approximate: 'tanh' }), new nn.RReLU(), new nn.PReLU(3), new nn.Unflatten(1, [2, 3]), new nn.Fold(4, 2, { padding: 1 })].map(String); // prettier-ignore
  expect(shown).toEqual(['ReLU()', 'Hardtanh(min=-2, max=2)', 'GELU(approximate=tanh)', 'RReLU(lower=0.125, upper=0.3333333333333333)', 'PReLU(numParameters=3)', 'Unflatten(dim=1, sizes=[2, 3])', 'Fold(outputSize=4, kernelSize=2, padding=1)']); // prettier-ignore
});
