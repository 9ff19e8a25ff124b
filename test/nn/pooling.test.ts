/** Pools over one, two and three dims and the ways back as PyTorch has them, and what is refused. */
import { describe, expect, test } from 'vitest';
import { arange, ones, tensor, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { ours } from '../fixtures/nn.ts';
import { replay, type Functions } from '../fixtures/replay.ts';

const F = nn.functional;

/** The places that a pool gives with returnIndices. */
const { maxPool1d, maxPool2d, maxPool3d, adaptiveMaxPool1d, adaptiveMaxPool2d, adaptiveMaxPool3d } = F;
const pools = { maxPool1d, maxPool2d, maxPool3d, adaptiveMaxPool1d, adaptiveMaxPool2d, adaptiveMaxPool3d };
const places: Functions = Object.fromEntries(
  Object.entries(pools).map(([name, pool]) => [
    `${name} indices`,
    ([x]: Tensor[], [options]: readonly unknown[]): Tensor => {
      const { args, ...rest } = options as { args: [number] };
      return pool(x, args[0], { ...rest, returnIndices: true }).indices;
    },
  ]),
);

/** Those that take two tensors, of which the second holds whole numbers. */
const back: Functions = Object.fromEntries(
  ['MaxUnpool1d', 'MaxUnpool2d', 'MaxUnpool3d'].map((name) => [name, ours[name]]),
);

replay('pooling.json', { ...ours, ...places, ...back });

describe('refused', () => {
  const volume = zeros([1, 2, 3, 4, 5]);
  test.each([
    [() => F.maxPool3d(volume, 4), 'maxPool3d: the window of 4 must fit into the padded input, got size 3'],
    [() => F.maxPool3d(volume, [1, 2]), 'maxPool3d: kernelSize must be a whole number of 1 or more, or three, got [1, 2]'],
    [() => F.avgPool3d(volume, 2, { padding: 2 }), 'avgPool3d: padding must be at most half the kernel size, got 2 for 2'],
    [() => F.avgPool2d(zeros([1, 2, 2]), 2, { divisorOverride: 0 }), 'avgPool2d: divisorOverride must not be 0, got 0'],
    [() => F.adaptiveMaxPool3d(volume, [2, 2]), 'adaptiveMaxPool3d: outputSize must be a whole number of 1 or more, or three, got [2, 2]'],
    [() => F.adaptiveMaxPool1d(zeros([1, 2, 0]), 1), 'adaptiveMaxPool1d: the dims to pool over must not be 0, got [1, 2, 0]'],
    [() => F.lpPool1d(zeros([1, 4]), 0, 2), 'lpPool1d: normType must be a number other than 0, got 0'],
    [() => F.maxUnpool1d(zeros([2]), zeros([2]), 2), 'maxUnpool1d: the input must have 3 dims, or 2 without a batch, got [2]'],
    [() => F.maxUnpool1d(zeros([1, 2]), zeros([1, 3]), 2), "maxUnpool1d: the indices must have the input's shape [1, 2], got [1, 3]"],
    [() => F.maxUnpool1d(zeros([1, 2]), zeros([1, 2]), 2, { outputSize: [6] }), 'maxUnpool1d: the output size must be less than a stride [2] from [4], got [6]'],
    [() => F.maxUnpool1d(zeros([1, 2]), tensor([[0, 4]]), 2), 'every index must be a whole number from 0 to 3, got 4'],
  ] as const)('%s', (run, message) => {
    expect(run).toThrow(message);
  }); // prettier-ignore
});

test('what a max-pool with indices gives, its unpool takes', () => {
  const x = arange(36).reshape([1, 1, 6, 6]);
  const { values, indices } = new nn.MaxPool2d(2, { returnIndices: true })(x);
  const y = new nn.MaxUnpool2d(2)(values, indices);
  expect(y.where(y.ne(0), x).toArray()).toEqual(x.toArray());
  expect(y.ne(0).sum().item()).toBe(9);
});

test('of several values at one place the last stays, and alone gets a gradient', () => {
  const x = tensor([[5, 6]]).requiresGrad_();
  const y = F.maxUnpool1d(x, tensor([[1, 1]]), 2);
  expect(y.toArray()).toEqual([[0, 6, 0, 0]]);
  y.sum().backward();
  expect(x.grad!.toArray()).toEqual([[0, 1]]); // PyTorch: [1, 1]
});

test('the norm of volumes, which PyTorch 1.13 lacks, is that of their numbers', () => {
  expect(F.lpPool3d(ones([1, 2, 2, 2]).mul(3), 2, 2).item()).toBeCloseTo(Math.sqrt(72), 5);
});

test('layers show their options', () => {
  const shown = [new nn.MaxPool3d(2, { stride: 1 }), new nn.LPPool1d(2, 3), new nn.AdaptiveMaxPool2d([1, null]), new nn.MaxUnpool1d(2)].map(String); // prettier-ignore
  expect(shown).toEqual(['MaxPool3d(kernelSize=2, stride=1)', 'LPPool1d(normType=2, kernelSize=3)', 'AdaptiveMaxPool2d(outputSize=1,)', 'MaxUnpool1d(kernelSize=2)']); // prettier-ignore
});
