/** Convolutions over one, two and three dims as PyTorch has them, and what is refused. */
import { describe, expect, test } from 'vitest';
import { zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { ours } from '../fixtures/nn.ts';
import { replay, type Functions } from '../fixtures/replay.ts';

const F = nn.functional;

/** Of several sizes that a transposed convolution could give, the one that is asked for. */
const { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } = nn;
const sized: Functions = Object.fromEntries(
  Object.entries({ ConvTranspose1d, ConvTranspose2d, ConvTranspose3d }).map(([name, Layer]) => [
    `${name} outputSize`,
    ([x, weight]: Tensor[], [options]: readonly unknown[]): Tensor => {
      const layer = new Layer(1, 1, 3, { stride: 3, padding: 1, bias: false });
      layer.weight = weight;
      return layer(x, (options as { size: number[] }).size);
    },
  ]),
);

replay('convolution.json', { ...ours, ...sized });

describe('refused', () => {
  const volume = zeros([1, 2, 3, 4, 5]);
  test.each([
    [() => F.conv3d(volume, zeros([3, 1, 2, 2, 2])), 'conv3d: x must be [N, C, …] for a weight [O, C/groups, kD, kH, kW] and a bias [O], C and O multiples of groups, got [1, 2, 3, 4, 5], [3, 1, 2, 2, 2] and none in 1 group'],
    [() => F.conv3d(volume, zeros([3, 2, 4, 2, 2])), 'conv3d: the dilated kernel must fit into the padded input, got [4, 2, 2] on [3, 4, 5]'],
    [() => F.conv3d(volume, zeros([3, 2, 2, 2, 2]), null, { stride: [1, 2] }), 'conv3d: stride must be a whole number of 1 or more, or three, got [1, 2]'],
    [() => F.conv1d(zeros([1, 1, 3]), zeros([1, 1, 2]), null, { padding: 'full' as 'same' }), "conv1d: padding must be numbers, 'same' or 'valid', got 'full'"],
    [() => F.convTranspose3d(volume, zeros([2, 1, 2, 2, 2]), null, { outputPadding: [0, 1, 0] }), 'convTranspose3d: outputPadding must be less than stride or dilation, got [0, 1, 0]'],
    [() => F.convTranspose1d(zeros([1, 1, 1]), zeros([1, 1, 1]), null, { padding: 1 }), 'convTranspose1d: the result must have at least one place along each dim, got [-1]'],
    [() => new nn.Conv3d(3, 4, 2, { groups: 2 }), 'Conv3d: channels must be whole multiples of groups, got 4, 3 and 2'],
    [() => new nn.Conv2d(3, 4, 2, { paddingMode: 'mirror' as 'reflect' }), "Conv2d: paddingMode must be 'zeros', 'reflect', 'replicate' or 'circular', got 'mirror'"],
    [() => new nn.Conv1d(3, 4, 2, { padding: 'same', stride: 2 }), "Conv1d: with padding 'same' the stride must be 1, got [2]"],
    [() => new nn.Conv1d(1, 1, 3, { padding: 2, paddingMode: 'reflect' })(zeros([1, 1, 2])), "pad: 'reflect' can add at most 1 to a side of dim 2 of size 2, got 2 and 2"],
    [() => new nn.ConvTranspose1d(1, 1, 2, { stride: 2 })(zeros([1, 1, 3]), [8]), 'ConvTranspose1d: outputSize must be from [6] to [7], got [8]'],
  ] as const)('%s', (run, message) => {
    expect(run).toThrow(message);
  }); // prettier-ignore
});
