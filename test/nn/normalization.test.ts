/** Normalization, embeddings, bags and bilinear forms as PyTorch has them, and what is refused. */
import { describe, expect, test } from 'vitest';
import { ones, tensor, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { ours } from '../fixtures/nn.ts';
import { replay, type Functions } from '../fixtures/replay.ts';

const F = nn.functional;

type Options = Readonly<Record<string, unknown>>;
const optionsOf = (args: readonly unknown[]): Options => (args[args.length - 1] ?? {}) as Options;

/** Records whose tensors are our options. */
const named: Functions = {
  groupNorm: ([x, w, b], args) => {
    const [by] = args;
    return typeof by === 'number' ? F.groupNorm(x, by) : F.groupNorm(x, optionsOf(args)['by'] as number, w, b, optionsOf(args)); // prettier-ignore
  },
  rmsNorm: ([x, w], args) => F.rmsNorm(x, (optionsOf(args)['by'] ?? args[0]) as number[], w, w ? optionsOf(args) : {}),
  instanceNorm: ([x, runningMean, runningVar, weight, bias], args) =>
    F.instanceNorm(
      x,
      runningMean
        ? { runningMean: runningMean.clone(), runningVar: runningVar.clone(), weight, bias, ...optionsOf(args) }
        : optionsOf(args),
    ),
  embeddingBag: ([indices, weight, third, fourth], args) => {
    const { by, ...options } = optionsOf(args);
    if (by === 'offsets') return F.embeddingBag(indices, weight, { offsets: third, ...options });
    if (by === 'weights') return F.embeddingBag(indices, weight, { perSampleWeights: third, offsets: fourth, ...options }); // prettier-ignore
    return ours['embeddingBag']([indices, weight], args);
  },
  EmbeddingBag: (xs, args) => {
    const layer = new nn.EmbeddingBag(5, 3, optionsOf(args.slice(2)));
    layer.weight = xs[xs.length - 1];
    return layer(xs[0], ...xs.slice(1, -1));
  },
};

/** Statistics that a layer has after some batches, and what it makes of the last one in evaluation. */
const { InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, BatchNorm3d } = nn;
const tracking = Object.entries({ InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, BatchNorm3d });
const after: Functions = Object.fromEntries(
  tracking.flatMap(([name, Norm]) =>
    (['running_mean', 'running_var', 'evaluation'] as const).map((what) => [
      `${name} ${what}`.replace('running_m', 'runningM').replace('running_v', 'runningV'),
      (xs: Tensor[], args: readonly unknown[]): Tensor => {
        const { C, ...options } = optionsOf(args);
        const layer = new Norm(C as number, { ...options, dtype: 'float64' });
        xs.forEach((x) => layer(x));
        return what === 'evaluation'
          ? layer
              .eval()(xs[xs.length - 1])
              .detach()
          : layer[what]!;
      },
    ]),
  ),
);

replay('normalization.json', { ...ours, ...named, ...after });

test('scaleGradByFreq divides by how often the row itself was looked up', () => {
  const weight = zeros([4, 1]).requiresGrad_();
  F.embeddingBag(tensor([[1, 1], [3, 1]]), weight, { mode: 'sum', scaleGradByFreq: true }).sum().backward(); // prettier-ignore
  expect(weight.grad).toBeAllClose([[0], [1], [0], [1]]); // PyTorch 1.13: the last is 1/3
});

describe('refused', () => {
  const table = zeros([5, 3]);
  test.each([
    [() => F.groupNorm(zeros([2, 3, 2]), 2), 'groupNorm: the channels must be a multiple of numGroups, got 3 and 2'],
    [() => F.groupNorm(zeros([1, 2]), 2), 'groupNorm: there must be more than one value a group, got [1, 2] in 2 groups'],
    [() => F.groupNorm(zeros([2, 4]), 2, ones([2])), 'groupNorm: x must be [N, C, …] of 2 dims or more, and parameters and statistics [C], got [2, 4] and [2]'],
    [() => new nn.BatchNorm1d(2, { eps: NaN })(zeros([3, 2])), 'batchNorm: eps must be 0 or more, got NaN'],
    [() => new nn.InstanceNorm1d(2, { eps: -1 })(zeros([3, 2, 4])), 'instanceNorm: eps must be 0 or more, got -1'],
    [() => F.groupNorm(zeros([2, 4]), 2, null, null, { eps: NaN }), 'groupNorm: eps must be 0 or more, got NaN'],
    [() => F.layerNorm(zeros([2]), [2], null, null, { eps: -1e-5 }), 'layerNorm: eps must be 0 or more, got -0.00001'],
    [() => new nn.RMSNorm(2, { eps: NaN })(zeros([2])), 'rmsNorm: eps must be 0 or more, got NaN'],
    [() => new nn.GroupNorm(2, 3), 'GroupNorm: numChannels must be a multiple of numGroups, got 3 and 2'],
    [() => F.instanceNorm(zeros([2, 3, 1])), 'instanceNorm: there must be more than one place, got [2, 3, 1]'],
    [() => F.instanceNorm(zeros([2, 3])), 'instanceNorm: x must be [N, C, …] of 3 dims or more'],
    [() => F.instanceNorm(zeros([2, 3, 2]), { useInputStats: false }), 'instanceNorm: without the input’s statistics there must be running ones'],
    [() => new nn.InstanceNorm2d(3)(zeros([2, 4, 2, 2])), 'InstanceNorm2d: x must have 3 channels, got [2, 4, 2, 2]'],
    [() => new nn.InstanceNorm1d(3)(zeros([2, 4, 2, 2])), 'InstanceNorm1d: the input must have 3 dims, or 2 without a batch, got [2, 4, 2, 2]'],
    [() => new nn.BatchNorm3d(3)(zeros([2, 3, 2, 2])), 'BatchNorm3d: x must have 5 dims, got [2, 3, 2, 2]'],
    [() => F.localResponseNorm(zeros([2, 3]), 2), 'localResponseNorm: x must be [N, C, …] of 3 dims or more'],
    [() => F.localResponseNorm(zeros([2, 3, 1]), 0), 'localResponseNorm: size must be a whole number above 0, got 0'],
    [() => F.bilinear(zeros([2, 3]), zeros([1, 4]), zeros([5, 3, 4])), 'bilinear: a must be […, I] and b […, J] for a weight [O, I, J] and a bias [O], got [2, 3], [1, 4], [5, 3, 4], none'],
    [() => F.embeddingBag(tensor([0, 1]), table), 'embeddingBag: the indices must be [B, L], or [n] with offsets [B], got [2] and none'],
    [() => F.embeddingBag(tensor([[0]]), table, { offsets: tensor([0]) }), 'embeddingBag: indices [B, L] are bags already and need no offsets, got some'],
    [() => F.embeddingBag(tensor([0, 1]), table, { offsets: tensor([1]) }), 'embeddingBag: the offsets must begin with 0 and never fall, got [1]'],
    [() => F.embeddingBag(tensor([0, 1]), table, { offsets: tensor([0, 2, 1]) }), 'embeddingBag: the offsets must begin with 0 and never fall, got [0, 2, 1]'],
    [() => F.embeddingBag(tensor([0, 1]), table, { offsets: tensor([0, 3]) }), 'embeddingBag: every index must be a whole number from 0 to 2, got 3 at place 1'],
    [() => F.embeddingBag(tensor([0, 1]), table, { offsets: tensor([0, 1]), includeLastOffset: true }), 'embeddingBag: the last offset must be the number of indices, 2, got 1'],
    [() => F.embeddingBag(tensor([[5]]), table), 'embeddingBag: every index must be a whole number from 0 to 4, got 5'],
    [() => F.embeddingBag(tensor([[0]]), table, { mode: 'prod' as 'sum' }), "embeddingBag: the mode must be 'sum', 'mean' or 'max', got 'prod'"],
    [() => F.embeddingBag(tensor([[0]]), table, { mode: 'max', scaleGradByFreq: true }), "embeddingBag: scaleGradByFreq has no meaning with 'max'"],
    [() => F.embeddingBag(tensor([[0]]), table, { perSampleWeights: ones([1, 1]) }), "embeddingBag: perSampleWeights need the mode 'sum', got 'mean'"],
    [() => F.embeddingBag(tensor([[0]]), table, { mode: 'sum', perSampleWeights: ones([1]) }), 'embeddingBag: perSampleWeights must have the shape of the indices [1, 1], got [1]'],
    [() => F.embeddingBag(tensor([[0]]), table, { paddingIdx: 5 }), 'embeddingBag: paddingIdx must be a row from -5 to 4, got 5'],
    [() => F.embeddingBag(tensor([[0]]), zeros([5])), 'embeddingBag: the weight must be [V, E], got [5]'],
    [() => new nn.EmbeddingBag(5, 3, { paddingIdx: -6 }), 'EmbeddingBag: paddingIdx must be a row from -5 to 4, got -6'],
  ] as const)('%s', (run, message) => {
    expect(run).toThrow(message);
  }); // prettier-ignore
});

test('maxNorm shortens rows of the table in place, those that are looked up only', () => {
  const weight = tensor([[3, 4], [6, 8], [0.1, 0]]).requiresGrad_(); // prettier-ignore
  F.embedding(tensor([0, 2, 0]), weight, { maxNorm: 1 });
  expect(weight.detach()).toBeAllClose([[0.6, 0.8], [6, 8], [0.1, 0]]); // prettier-ignore
});

test('layers show their options, and float32 stays float32', () => {
  expect(String(new nn.EmbeddingBag(5, 3, { mode: 'sum', paddingIdx: -1 }))).toBe('EmbeddingBag(5, 3, mode=sum, paddingIdx=4)'); // prettier-ignore
  expect(String(new nn.GroupNorm(2, 4))).toBe('GroupNorm(2, 4, eps=0.00001, affine=true)');
  expect(String(new nn.InstanceNorm1d(4))).toBe('InstanceNorm1d(eps=0.00001, momentum=0.1, affine=false, trackRunningStats=false)'); // prettier-ignore
  const x = zeros([2, 4, 3]);
  const results = [new nn.GroupNorm(2, 4)(x), new nn.InstanceNorm1d(4)(x), new nn.LocalResponseNorm(2)(x), F.embeddingBag(tensor([[0]]), ones([1, 2])), F.bilinear(x, x, ones([2, 3, 3]))]; // prettier-ignore
  expect(results.map((y) => y.dtype)).toEqual(results.map(() => 'float32'));
});
