/**
 * Models of PyTorch, saved as safetensors, load here under the names that they have there, and give the same outputs, gradients and
 * running statistics. The files and states.json were written by test/fixtures/states.py.
 */
import { describe, expect, test } from 'vitest';
import { tensor, zeros } from '../../src/create.ts';
import { loadSafetensors } from '../../src/io/index.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { read, root } from '../files.ts';
import { all, flat, made, weighed, type Named, type Numbers } from './records.ts';

interface Expected {
  readonly input: Numbers;
  readonly outputs: readonly Numbers[];
  readonly grad: Numbers;
  readonly params: Named<Numbers>;
  readonly after: Named<Numbers>;
}
const expected = JSON.parse(read('test/fixtures/states.json')) as Named<Expected>;
const dtype = 'float64';
const tolerance = { rtol: 1e-9, atol: 1e-9 };

const cnn = (): nn.Module =>
  new nn.Sequential({
    conv1: new nn.Conv2d(1, 3, 3, { padding: 1, dtype }),
    bn1: new nn.BatchNorm2d(3, { dtype }),
    relu1: new nn.ReLU(),
    pool1: new nn.MaxPool2d(2),
    conv2: new nn.Conv2d(3, 4, 3, { stride: 2, padding: 1, bias: false, dtype }),
    bn2: new nn.BatchNorm2d(4, { dtype }),
    relu2: new nn.ReLU(),
    flat: new nn.Flatten(),
    fc: new nn.Linear(16, 5, { dtype }),
  });
const lstm = (): nn.Module => new nn.LSTM(3, 4, { numLayers: 2, bidirectional: true, batchFirst: true, dtype });
const options = { dimFeedforward: 12, dropout: 0, activation: 'gelu', batchFirst: true, dtype } as const;
const transformer = (): nn.Module =>
  new nn.TransformerEncoder(() => new nn.TransformerEncoderLayer(8, 2, options), 2, new nn.LayerNorm(8, { dtype }));

class Mixed extends nn.Module {
  list = new nn.ModuleList([new nn.Linear(3, 3, { dtype }), new nn.Linear(3, 2, { bias: false, dtype })]);
  dict = new nn.ModuleDict({
    left: new nn.Linear(2, 2, { dtype }) as nn.Layer,
    right: new nn.Sequential(new nn.Linear(2, 2, { dtype }), new nn.Tanh()),
  });
  params = new nn.ParameterList([zeros([2], { dtype }), zeros([1, 2], { dtype })]);
  named = new nn.ParameterDict({ shift: zeros([2], { dtype }) });
  override forward(x: Tensor): Tensor {
    let y = x;
    for (const layer of this.list) y = layer(y).sin();
    y = this.dict.get('left')(y).mul(this.dict.get('right')(y));
    return y.mul(this.params[0]).add(this.params[1].mul(this.named.get('shift')));
  }
}

const padding = tensor([[0, 0, 0, 0], [0, 0, 1, 1]]); // prettier-ignore
type Call = (x: Tensor, options?: object) => unknown;
const models: Named<{ make: () => nn.Module; call?: object }> = {
  cnn: { make: cnn },
  containers: { make: () => new Mixed() },
  lstm: { make: lstm },
  transformer: { make: transformer, call: { srcKeyPaddingMask: padding } },
};

/** The model of a name, with PyTorch's state. */
function loaded(name: string): nn.Module {
  const model = models[name].make();
  const { tensors } = loadSafetensors(`${root}test/fixtures/${name}.safetensors`);
  expect(Object.keys(model.stateDict())).toEqual(Object.keys(tensors));
  model.loadStateDict(tensors);
  return model;
}

function checkModel(name: string, model: nn.Module): void {
  const { input, outputs, grad, params, after } = expected[name];
  const x = made(input).requiresGrad_();
  const found = flat((model as unknown as Call)(x, models[name].call));
  found.forEach((y, i) => expect(y).toBeAllClose(made(outputs[i]), tolerance));
  expect(found).toHaveLength(outputs.length);
  weighed(found).backward();
  expect(x.grad!).toBeAllClose(made(grad), tolerance);
  const named = Object.fromEntries(model.namedParameters());
  expect(Object.keys(named)).toEqual(Object.keys(params));
  for (const [key, g] of Object.entries(all(params))) expect(named[key].grad!).toBeAllClose(g, tolerance);
  const buffers = Object.fromEntries(model.namedBuffers());
  for (const [key, b] of Object.entries(all(after))) expect(buffers[key]).toBeAllClose(b, tolerance);
}

describe("a model saved by PyTorch gives PyTorch's outputs, gradients and statistics here", () => {
  test.each(Object.keys(models))('%s', (name) => {
    checkModel(name, loaded(name));
  });
  test('which a number that was read wrongly would show', () => {
    for (const name of Object.keys(models)) {
      const model = loaded(name);
      const [weight] = model.parameters();
      weight.detach().flatten().narrow(0, 0, 1).mul_(1 + 1e-6); // prettier-ignore
      expect(() => checkModel(name, model)).toThrow('values differ');
    }
  });
});
