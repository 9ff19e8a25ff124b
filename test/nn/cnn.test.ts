/** A convolutional net of PyTorch, saved as safetensors: it loads, and gives the same outputs and gradients. */
import { expect, test } from 'vitest';
import { tensor } from '../../src/create.ts';
import { loadSafetensors } from '../../src/io/index.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { read, root } from '../files.ts';

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Fixture {
  readonly x: Numbers;
  readonly y: Numbers;
  readonly grad: Numbers;
  readonly grads: Readonly<Record<string, Numbers>>;
}

const made = ({ shape, data }: Numbers): Tensor => tensor(Float64Array.from(data)).reshape(shape);
const tolerance = { rtol: 1e-10, atol: 1e-12 };

test('the state of a convolutional net moves here from PyTorch', () => {
  const fixture = JSON.parse(read('test/fixtures/cnn.json')) as Fixture;
  const float64 = { dtype: 'float64' } as const;
  const net = new nn.Sequential(
    new nn.Conv2d(1, 4, 3, { padding: 1, ...float64 }),
    new nn.BatchNorm2d(4, float64),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(4, 4, [3, 2], { stride: [2, 1], groups: 2, ...float64 }),
    new nn.GroupNorm(2, 4, float64),
    new nn.GELU(),
    new nn.AdaptiveAvgPool2d(2),
    new nn.Flatten(),
    new nn.PReLU(1, float64),
    new nn.Linear(16, 3, float64),
  ).eval();
  const { tensors } = loadSafetensors(`${root}test/fixtures/cnn.safetensors`);
  net.loadStateDict(tensors);
  const x = made(fixture.x).requiresGrad_();
  const y = net(x);
  expect(y).toBeAllClose(made(fixture.y), tolerance);
  y.square().sum().backward();
  expect(x.grad!).toBeAllClose(made(fixture.grad), tolerance);
  expect(net.namedParameters().map(([name]) => name)).toEqual(Object.keys(fixture.grads));
  for (const [name, p] of net.namedParameters()) expect(p.grad!).toBeAllClose(made(fixture.grads[name]), tolerance);
});
