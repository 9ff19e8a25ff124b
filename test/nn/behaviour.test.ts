/** What the comparison with PyTorch does not show of layers: starting values, chance, evaluation, special numbers. */
import { describe, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { arange, ones, randn, tensor, zeros } from '../../src/create.ts';
import { noGrad } from '../../src/engine.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';

const F = nn.functional;
const largest = (x: Tensor): number => x.abs().amax().item();
const generator = (): Generator => new Generator(5);

describe('starting values', () => {
  test('convolutions are uniform in ±1/√(numbers that one output sees)', () => {
    const layers = [
      [new nn.Conv2d(8, 64, [3, 5], { groups: 2 }), 4 * 15],
      [new nn.Conv1d(16, 64, 7), 16 * 7],
      [new nn.ConvTranspose2d(64, 8, 3), 8 * 9], // as PyTorch, which takes the second size for the inputs
    ] as const;
    for (const [layer, inputs] of layers) {
      for (const x of layer.parameters()) {
        expect(largest(x)).toBeLessThanOrEqual(1 / Math.sqrt(inputs));
        if (x.numel() > 30) expect(largest(x)).toBeGreaterThan(0.8 / Math.sqrt(inputs));
      }
      expect(layer.weight.var().item() * 3 * inputs).toBeCloseTo(1, 1);
    }
  });

  test('recurrent layers are uniform in ±1/√H', () => {
    for (const layer of [new nn.LSTM(9, 16), new nn.GRU(9, 16, { bidirectional: true }), new nn.RNNCell(9, 16)]) {
      for (const x of layer.parameters()) expect(Math.abs(largest(x) - 0.24)).toBeLessThan(0.02);
    }
  });

  test('normalizations begin as nothing but that', () => {
    expect(new nn.LayerNorm(3).stateDict()).toEqual({ weight: ones([3]), bias: zeros([3]) });
    expect(Object.keys(new nn.LayerNorm(3, { bias: false }).stateDict())).toEqual(['weight']);
    expect(Object.keys(new nn.BatchNorm1d(2, { affine: false }).stateDict())).toEqual(['running_mean', 'running_var', 'num_batches_tracked']); // prettier-ignore
    expect(new nn.BatchNorm2d(2, { trackRunningStats: false }).namedBuffers()).toEqual([]);
  });

  test('an embedding is normal, its row of padding 0', () => {
    const { weight } = new nn.Embedding(200, 50, { paddingIdx: -1 });
    expect(weight.std().item()).toBeCloseTo(1, 1);
    expect(weight.select(0, 199).any().item()).toBe(0);
    expect(weight.select(0, 198).all().item()).toBe(1);
  });

  test('attention projects by Glorot and Bengio, with biases of 0', () => {
    const layer = new nn.MultiheadAttention(16, 4);
    expect(largest(layer.in_proj_weight!)).toBeLessThanOrEqual(Math.sqrt(6 / 64));
    expect(largest(layer.in_proj_weight!)).toBeGreaterThan(0.97 * Math.sqrt(6 / 64));
    expect([largest(layer.in_proj_bias!), largest(layer.out_proj.bias!)]).toEqual([0, 0]);
    expect(Object.keys(layer.stateDict())).toEqual(['in_proj_weight', 'in_proj_bias', 'out_proj.weight', 'out_proj.bias']); // prettier-ignore
  });

  test('are those of the generator that is given', () => {
    const make = (g: Generator): nn.Module[] => [
      new nn.Conv2d(2, 3, 2, { generator: g }),
      new nn.ConvTranspose2d(2, 3, 2, { generator: g }),
      new nn.Embedding(3, 2, { generator: g }),
      new nn.LSTM(2, 2, { generator: g }),
      new nn.GRUCell(2, 2, { generator: g }),
      new nn.MultiheadAttention(4, 2, { generator: g }),
    ];
    const numbers = (layers: nn.Module[]): number[] =>
      layers.flatMap((layer) => layer.parameters().flatMap((x) => [...x.toTypedArray()]));
    expect(numbers(make(generator()))).toEqual(numbers(make(generator())));
    expect(numbers(make(generator()))).not.toEqual(numbers(make(new Generator(6))));
  });
});

describe('chance', () => {
  test('between layers of a recurrent net elements are dropped in training only, and not in the last layer', () => {
    const net = new nn.GRU(3, 8, { numLayers: 2, dropout: 0.5, generator: generator() });
    const x = randn([4, 2, 3]);
    expect(net(x)[0].toTypedArray()).not.toEqual(net(x)[0].toTypedArray());
    net.eval();
    expect(net(x)[0].toTypedArray()).toEqual(net(x)[0].toTypedArray());
    const single = new nn.LSTM(3, 8, { dropout: 0.5 });
    expect(single(x)[0].toTypedArray()).toEqual(single(x)[0].toTypedArray());
    const all = new nn.RNN(3, 2, { numLayers: 2, dropout: 1, bias: false });
    expect(all(x)[0].any().item()).toBe(0); // the second layer sees zeros
  });

  test('attention weights are dropped in training only, and the others scaled up', () => {
    const layer = new nn.MultiheadAttention(4, 1, { dropout: 0.5, generator: generator() });
    const x = randn([6, 1, 4]);
    const [, weights] = layer(x, x, x);
    expect(weights!.eq(0).any().item()).toBe(1);
    layer.eval();
    expect(layer(x, x, x)[1]!.sum(-1)).toBeAllClose(ones([1, 6]));
    const v = F.scaledDotProductAttention(zeros([1, 2]), zeros([400, 2]), ones([400, 1]), { dropoutP: 0.5, generator: generator() }); // prettier-ignore
    expect(v.item()).toBeCloseTo(1, 0);
    expect(v.item()).not.toBe(1);
  });
});

describe('batch normalization', () => {
  test('changes its statistics in training only, without a history, and survives a frozen model', () => {
    const layer = new nn.BatchNorm1d(2);
    const x = tensor([[1, 4], [3, 8]], { requiresGrad: true }); // prettier-ignore
    layer(x).sum().backward();
    expect(layer.running_mean!.toArray()).toEqual([Math.fround(0.2), Math.fround(0.6)]);
    expect(layer.running_var).toBeAllClose([0.9 + 0.2, 0.9 + 0.8]);
    expect([layer.num_batches_tracked!.item(), layer.running_mean!.requiresGrad]).toEqual([1, false]);
    const before = layer.stateDict()['running_mean'].toArray();
    layer.eval();
    layer(x);
    expect([layer.running_mean!.toArray(), layer.num_batches_tracked!.item()]).toEqual([before, 1]);
    layer.train();
    noGrad(() => layer(x));
    expect(layer.num_batches_tracked!.item()).toBe(2);
  });

  test('refuses a batch of one without having counted it', () => {
    const layer = new nn.BatchNorm1d(2);
    expect(() => layer(zeros([1, 2]))).toThrow('two values');
    expect([layer.num_batches_tracked!.item(), layer.running_mean!.toArray()]).toEqual([0, [0, 0]]);
  });

  test('a constant batch becomes the bias, and its gradients are finite', () => {
    const layer = new nn.BatchNorm2d(1);
    const x = ones([2, 1, 2, 2]).requiresGrad_();
    const y = layer(x);
    expect(largest(y)).toBe(0);
    y.square().sum().backward();
    expect([...x.grad!.toTypedArray()].every(Number.isFinite)).toBe(true);
  });
});

describe('pooling of special numbers', () => {
  test('NaN wins, −∞ never becomes padding, and of equal numbers the first gets the gradient', () => {
    expect(F.maxPool1d(tensor([[1, NaN, 3, 2]]), 2).toArray()).toEqual([[NaN, 3]]);
    const low = F.maxPool1d(tensor([[-Infinity, -Infinity]]), 2, { padding: 1, stride: 1, returnIndices: true });
    expect(low.values.toArray()).toEqual([[-Infinity, -Infinity, -Infinity]]);
    expect(low.indices.toArray()).toEqual([[0, 0, 1]]);
    const x = tensor([[[2, 2], [2, 2]]], { requiresGrad: true }); // prettier-ignore
    F.maxPool2d(x, 2).sum().backward();
    expect(x.grad!.flatten().toArray()).toEqual([1, 0, 0, 0]);
  });

  test('a number that is largest in several windows gets the gradient of each', () => {
    const x = tensor([[0, 5, 0]], { requiresGrad: true });
    F.maxPool1d(x, 2, { stride: 1 }).sum().backward();
    expect(x.grad!.toArray()).toEqual([[0, 2, 0]]);
  });
});

describe('batches and views', () => {
  test('an empty batch gives an empty result and gradients of 0', () => {
    const conv = new nn.Conv2d(2, 3, 2);
    const y = conv(zeros([0, 2, 4, 4]));
    expect(y.shape).toEqual([0, 3, 3, 3]);
    y.sum().backward();
    expect(conv.parameters().map((x) => largest(x.grad!))).toEqual([0, 0]);
    expect(new nn.MaxPool2d(2)(zeros([0, 2, 4, 4])).shape).toEqual([0, 2, 2, 2]);
    expect(F.maxPool1d(zeros([0, 2, 4]), 2).shape).toEqual([0, 2, 2]);
    expect(new nn.AvgPool2d(2)(zeros([0, 2, 4, 4])).shape).toEqual([0, 2, 2, 2]);
    expect(new nn.LSTM(2, 3)(zeros([4, 0, 2]))[0].shape).toEqual([4, 0, 3]);
    expect(new nn.LayerNorm(2)(zeros([0, 2])).shape).toEqual([0, 2]);
    expect(new nn.Embedding(2, 3)(zeros([0, 4])).shape).toEqual([0, 4, 3]);
  });

  test('images that are views give what their copies give', () => {
    const x = randn([3, 2, 6, 5]);
    const view = x.transpose(2, 3).flip(2).permute(1, 0, 2, 3).permute(1, 0, 2, 3);
    for (const layer of [new nn.Conv2d(2, 3, 2), new nn.MaxPool2d(2), new nn.AvgPool2d(2), new nn.BatchNorm2d(2)]) {
      const f = (x: Tensor): Tensor => layer.forward(x);
      expect(f(view)).toBeAllClose(f(view.clone()), { rtol: 1e-6 });
    }
  });

  test('an LSTM goes over two halves of a sequence as over the whole, with the state handed on', () => {
    const net = new nn.LSTM(2, 3, { numLayers: 2 });
    const x = randn([6, 2, 2]);
    const [whole, end] = net(x);
    const [first, state] = net(x.narrow(0, 0, 4));
    const [second, last] = net(x.narrow(0, 4, 2), state);
    expect(first).toBeAllClose(whole.narrow(0, 0, 4));
    expect(second).toBeAllClose(whole.narrow(0, 4, 2));
    expect(last[1]).toBeAllClose(end[1]);
  });

  test('a layer of an LSTM is its cell, step by step', () => {
    const [net, cell] = [new nn.LSTM(2, 3), new nn.LSTMCell(2, 3)];
    const names = Object.entries(net.stateDict()).map(([name, x]): [string, Tensor] => [name.replace('_l0', ''), x]);
    cell.loadStateDict(Object.fromEntries(names));
    const x = randn([5, 2, 2]);
    let state: [Tensor, Tensor] = [zeros([2, 3]), zeros([2, 3])];
    const [output] = net(x);
    for (const [t, step] of x.unbind().entries()) {
      state = cell(step, state);
      expect(output.select(0, t)).toBeAllClose(state[0]);
    }
  });
});

describe('attention', () => {
  test('causal queries do not see later keys', () => {
    const [q, k] = [randn([4, 2]), randn([4, 2])];
    const v = arange(4).reshape([4, 1]);
    const later = v.clone();
    later.select(0, 3).fill_(100);
    const see = (v: Tensor): number[] => [...F.scaledDotProductAttention(q, k, v, { isCausal: true }).toTypedArray()];
    expect(see(v).slice(0, 3)).toEqual(see(later).slice(0, 3));
    expect(see(v)[3]).not.toBe(see(later)[3]);
    expect(see(v)[0]).toBe(0);
  });

  test('isCausal and masks hold together, and a query that may look nowhere gets NaN', () => {
    const x = zeros([2, 1]);
    const v = tensor([[1], [2]]); // prettier-ignore
    const y = F.scaledDotProductAttention(x, x, v, { isCausal: true, mask: tensor([0, 1]) });
    expect(y.toArray()).toEqual([[NaN], [2]]);
    const layer = new nn.MultiheadAttention(2, 1);
    const q = randn([3, 1, 2]);
    const [a] = layer(q, q, q, { isCausal: true });
    const above = arange(3).unsqueeze(1).lt(arange(3));
    expect(a).toBeAllClose(layer(q, q, q, { attnMask: above })[0]);
  });

  test('one tensor thrice is projected in one product, with what three would give', () => {
    const layer = new nn.MultiheadAttention(4, 2);
    const x = randn([3, 2, 4]);
    expect(layer(x, x, x)[0]).toBeAllClose(layer(x, x.clone(), x.clone())[0]);
    const kv = x.clone();
    expect(layer(x, kv, kv)[0]).toBeAllClose(layer(x, x, x)[0]);
  });
});

test('layers say what they are', () => {
  expect(new nn.Conv2d(1, 2, 3, { stride: 2 }).toString()).toBe('Conv2d(weight=[2, 1, 3, 3], stride=2, padding=0, dilation=1, groups=1, bias=true)'); // prettier-ignore
  expect(new nn.MaxPool2d(2, { stride: 1 }).toString()).toBe('MaxPool2d(kernelSize=2, stride=1)');
  expect(new nn.AdaptiveAvgPool2d([1, 2]).toString()).toBe('AdaptiveAvgPool2d(outputSize=1,2)');
  expect(new nn.LayerNorm([2, 3]).toString()).toBe('LayerNorm([2, 3], eps=0.00001, affine=true)');
  expect(new nn.RMSNorm(3).toString()).toBe('RMSNorm([3], affine=true)');
  expect(new nn.BatchNorm1d(3).toString()).toBe('BatchNorm1d(eps=0.00001, momentum=0.1, affine=true, trackRunningStats=true)'); // prettier-ignore
  expect(new nn.Embedding(5, 2, { paddingIdx: 0 }).toString()).toBe('Embedding(5, 2, paddingIdx=0)');
  expect(new nn.GRU(2, 3).toString()).toBe('GRU(2, 3, numLayers=1, batchFirst=false, dropout=0, bidirectional=false)');
  expect(new nn.LSTMCell(2, 3).toString()).toBe('LSTMCell(2, 3)');
});
