/** What a model costs: FLOPs as PyTorch counts them and by hand, bytes of results and of what the backward pass reads. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nn, randn, tensor, zeros, type Tensor } from 'adjoint';
import { costOf } from 'adjoint/inspect';
import { BERTForMaskedLM, GPT, MLP, RecurrentModel } from 'adjoint/models';
import { describe, expect, test } from 'vitest';
import { root } from '../files.ts';

const theirs = JSON.parse(readFileSync(join(root, 'test/fixtures/flops.json'), 'utf8')) as Record<string, number>;

describe('FLOPs', () => {
  const x = randn([2, 7, 16]);
  const lenet = new nn.Sequential(
    new nn.Conv2d(3, 6, 5, { padding: 2 }), new nn.ReLU(), new nn.MaxPool2d(2),
    new nn.Conv2d(6, 16, 5, { padding: 2 }), new nn.ReLU(), new nn.MaxPool2d(2),
    new nn.Flatten(), new nn.Linear(256, 20), new nn.ReLU(), new nn.Linear(20, 10),
  ); // prettier-ignore
  const grouped = new nn.Conv2d(4, 8, 3, { stride: 2, groups: 2, dilation: 2 });
  const cases: Record<string, [nn.Module, Tensor[]]> = {
    lenet: [lenet, [randn([2, 3, 16, 16])]],
    grouped: [grouped, [randn([3, 4, 11, 9])]],
    encoder: [new nn.TransformerEncoderLayer(16, 4, { dimFeedforward: 32, batchFirst: true }), [x]],
    attention: [new nn.MultiheadAttention(16, 2, { batchFirst: true }), [x, x, x]],
  };

  test.each(Object.keys(theirs))('of %s are those that PyTorch counts', (name) => {
    expect(costOf(...cases[name]).flops).toBe(theirs[name]);
  });

  test('of convolutions over one and three dims, and transposed, are 2 a number and weight that it meets', () => {
    const flops = (layer: nn.Module, x: Tensor): number => costOf(layer, [x]).flops;
    expect(flops(new nn.Conv1d(4, 6, 3), randn([2, 4, 10]))).toBe(2 * (2 * 6 * 8) * (4 * 3));
    expect(flops(new nn.Conv3d(2, 3, [2, 3, 2]), randn([2, 2, 5, 6, 7]))).toBe(2 * (2 * 3 * 4 * 4 * 6) * (2 * 12));
    expect(flops(new nn.ConvTranspose2d(4, 3, 3, { stride: 2 }), randn([2, 4, 5, 6]))).toBe(2 * (2 * 4 * 30) * (3 * 9));
  });

  test('of recurrent cells are those of their products, however they are computed', () => {
    const [V, E, H, T] = [11, 4, 5, 6];
    for (const [cell, gates] of [
      ['rnn', 1],
      ['gru', 3],
      ['lstm', 4],
    ] as const) {
      // prettier-ignore
      const model = new RecurrentModel({ cell, vocabSize: V, nEmbd: E, hidden: H, nLayer: 1 });
      const { flops } = costOf(model, [zeros([2, T])]);
      expect([cell, flops]).toEqual([cell, 2 * 2 * T * (gates * H * (E + H) + H * V)]);
    }
  });

  test('of a GPT are 2 a weight and token, and those of attention', () => {
    const [T, C, V] = [6, 8, 11];
    const model = new GPT({ vocabSize: V, blockSize: 8, nLayer: 2, nHead: 2, nEmbd: C });
    const { flops, layers } = costOf(model, [zeros([1, T])]);
    expect(flops).toBe(2 * T * (2 * 12 * C * C + C * V) + 2 * 2 * 2 * T * T * C);
    expect(layers.find(({ name }) => name === 'h.1.mlp.c_fc')).toMatchObject({
      class: 'Linear',
      shapes: { weight: [32, 8], bias: [32] },
      parameters: 288,
      output: [1, T, 32],
      flops: 2 * T * 8 * 32,
    });
    expect(layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(model.parameterCount());
  });
});

describe('bytes', () => {
  test('of results leave out views and parameters; kept are inputs and results that rules read', () => {
    class Net extends nn.Module {
      fc = new nn.Linear(4, 6);
      override forward(x: Tensor): Tensor {
        return this.fc(x.reshape([5, 4]))
          .exp()
          .t(); // exp keeps its result, the layer its input
      }
    }
    const { bytes, kept, layers } = costOf(new Net(), [randn([20])]);
    expect([bytes, kept]).toEqual([2 * 4 * 30, 4 * (20 + 30)]);
    expect(layers.map(({ name, bytes }) => [name, bytes])).toEqual([['', 120], ['fc', 120]]); // prettier-ignore
  });

  test('are counted of a layer each time that it is called, and leave no trace in the model', () => {
    class Twice extends nn.Module {
      fc = new nn.Linear(4, 4);
      override forward(x: Tensor): Tensor {
        return this.fc(this.fc(x));
      }
    }
    const model = new Twice();
    const [first, second] = [costOf(model, [randn([3, 4])]), costOf(model, [randn([3, 4])])];
    expect(first).toEqual(second);
    expect(first.layers).toMatchObject([{ name: 'fc', parameters: 20, flops: 2 * 2 * 3 * 16, bytes: 2 * 48 }]);
    expect(() => costOf(model, [randn([3, 5])])).toThrow('linear: x must be');
    expect(costOf(new MLP({ sizes: [2, 3] }), [zeros([1, 2])]).flops).toBe(12);
  });

  test('come from inputs in objects too', () => {
    const model = new BERTForMaskedLM({ vocabSize: 11, blockSize: 4, nLayer: 1, nHead: 1, nEmbd: 4 });
    const tokens = tensor([[1, 2, 3]]);
    expect(costOf(model, [tokens, { mask: tensor([[1, 1, 0]]) }]).flops).toBe(costOf(model, [tokens]).flops);
  });
});
