/** Layers refuse what does not fit, and say where, what had to hold, what came. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { ones, tensor, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';

const F = nn.functional;
const image = zeros([2, 3, 5, 6]);
const heads = new nn.MultiheadAttention(4, 2, { batchFirst: true });
const sequence = zeros([2, 3, 4]);

const refused: readonly (readonly [string, () => unknown, typeof ShapeError | typeof ValueError, string])[] = [
  [
    'conv2d of channels that differ',
    () => F.conv2d(image, zeros([4, 2, 3, 3])),
    ShapeError,
    'conv2d: x must be [N, C, …] for a weight [O, C/groups, kH, kW] and a bias [O], C and O multiples of groups, got [2, 3, 5, 6], [4, 2, 3, 3] and none in 1 group',
  ],
  ['conv2d of groups that do not divide', () => F.conv2d(image, zeros([4, 1, 3, 3]), null, { groups: 3 }), ShapeError, 'in 3 groups'],
  ['conv2d with a bias of another size', () => F.conv2d(image, zeros([4, 3, 3, 3]), zeros([3])), ShapeError, 'and [3] in 1 group'],
  ['conv2d of too few dims', () => F.conv2d(zeros([5, 6]), zeros([4, 3, 3, 3])), ShapeError, 'conv2d: x must be'],
  ['conv2d with a weight of three dims', () => F.conv2d(image, zeros([4, 3, 3])), ShapeError, 'conv2d: x must be'],
  ['conv2d with a kernel larger than the image', () => F.conv2d(image, zeros([1, 3, 3, 3]), null, { dilation: 3 }), ShapeError, 'conv2d: the dilated kernel must fit into the padded input, got [3, 3] on [5, 6]'],
  ['conv2d with a stride of 0', () => F.conv2d(image, zeros([1, 3, 3, 3]), null, { stride: 0 }), ValueError, 'conv2d: stride must be a whole number of 1 or more, or two, got 0'],
  ['conv2d with half a padding', () => F.conv2d(image, zeros([1, 3, 3, 3]), null, { padding: [1, 0.5] }), ValueError, 'conv2d: padding must be a whole number of 0 or more, or two, got [1, 0.5]'],
  ["conv2d with padding 'same' and a stride", () => F.conv2d(image, zeros([1, 3, 3, 3]), null, { padding: 'same', stride: 2 }), ValueError, "conv2d: with padding 'same' the stride must be 1, got [2, 2]"],
  ['conv1d with a pair', () => F.conv1d(zeros([2, 3, 5]), zeros([1, 3, 3]), null, { stride: [1, 1] }), ValueError, 'conv1d: stride must be a whole number of 1 or more, got [1, 1]'],
  ['conv1d of an image', () => F.conv1d(image, zeros([1, 3, 3])), ShapeError, 'conv1d: x must be'],
  ['convTranspose2d of channels that differ', () => F.convTranspose2d(image, zeros([2, 3, 3, 3])), ShapeError, 'convTranspose2d: x must be [N, C, …] for a weight [C, O/groups, kH, kW]'],
  ['convTranspose2d with too much padding after', () => F.convTranspose2d(image, zeros([3, 1, 2, 2]), null, { outputPadding: 1 }), ValueError, 'convTranspose2d: outputPadding must be less than stride or dilation, got [1, 1]'],
  ['convTranspose2d of which nothing is left', () => F.convTranspose2d(zeros([1, 3, 1, 1]), zeros([3, 1, 2, 2]), null, { padding: 1 }), ShapeError, 'convTranspose2d: the result must have at least one place along each dim, got [0, 0]'],
  ['Conv2d of channels that are no multiple of groups', () => new nn.Conv2d(3, 4, 3, { groups: 2 }), ValueError, 'Conv2d: channels must be whole multiples of groups, got 4, 3 and 2'],
  ['Conv2d of a kernel of 0', () => new nn.Conv2d(3, 4, 0), ValueError, 'Conv2d: kernelSize must be'],
  ['maxPool2d of two dims', () => F.maxPool2d(zeros([5, 6]), 2), ShapeError, 'maxPool2d: the input must have 4 dims, or 3 without a batch, got [5, 6]'],
  ['maxPool2d with more than half a window of padding', () => F.maxPool2d(image, 2, { padding: 2 }), ValueError, 'maxPool2d: padding must be at most half the kernel size, got 2 for 2'],
  ['maxPool2d of a window larger than the image', () => F.maxPool2d(image, 6), ShapeError, 'maxPool2d: the window of 6 must fit into the padded input, got size 5'],
  ['avgPool1d of a window of 0', () => F.avgPool1d(zeros([1, 2, 4]), 0), ValueError, 'avgPool1d: kernelSize must be a whole number of 1 or more, got 0'],
  ['adaptiveAvgPool2d of nothing', () => F.adaptiveAvgPool2d(zeros([1, 2, 0, 4]), 1), ShapeError, 'adaptiveAvgPool2d: the dims to pool over must not be 0, got [1, 2, 0, 4]'],
  ['adaptiveAvgPool2d to nothing', () => F.adaptiveAvgPool2d(image, [0, 1]), ValueError, 'adaptiveAvgPool2d: outputSize must be'],
  ['layerNorm of other dims', () => F.layerNorm(image, [5]), ShapeError, 'layerNorm: x must end in the normalized shape [5], and parameters must have it, got [2, 3, 5, 6]'],
  ['layerNorm with a weight that would broadcast', () => F.layerNorm(image, [5, 6], ones([6])), ShapeError, 'got [2, 3, 5, 6] and [6]'],
  ['layerNorm over nothing', () => F.layerNorm(image, []), ShapeError, 'layerNorm: x must end in'],
  ['rmsNorm of other dims', () => new nn.RMSNorm(3)(image), ShapeError, 'rmsNorm: x must end in'],
  ['BatchNorm2d of three dims', () => new nn.BatchNorm2d(3)(zeros([2, 3, 4])), ShapeError, 'BatchNorm2d: x must have 4 dims, got [2, 3, 4]'],
  ['BatchNorm1d of an image', () => new nn.BatchNorm1d(3)(image), ShapeError, 'BatchNorm1d: x must have 2 or 3 dims, got [2, 3, 5, 6]'],
  ['BatchNorm1d of other channels', () => new nn.BatchNorm1d(4)(zeros([2, 3])), ShapeError, 'batchNorm: x must be [N, C, …] of 2 dims or more, and parameters and statistics [C], got [2, 3] and [4]'],
  ['BatchNorm1d trained on one row', () => new nn.BatchNorm1d(3)(zeros([1, 3])), ShapeError, 'batchNorm: training needs at least two values a channel, got [1, 3]'],
  ['Embedding out of range', () => new nn.Embedding(4, 2)(tensor([1, 4])), ValueError, 'every index must be a whole number from 0 to 3, got 4 at place 1'],
  ['Embedding of a fraction', () => new nn.Embedding(4, 2)(tensor(0.5)), ValueError, 'got 0.5'],
  ['Embedding with a padding row out of range', () => new nn.Embedding(4, 2, { paddingIdx: 4 }), ValueError, 'Embedding: paddingIdx must be a row from -4 to 3, got 4'],
  ['embedding in a vector', () => F.embedding(tensor([0]), zeros([4])), ShapeError, 'embedding: the weight must be [V, E], got [4]'],
  ['LSTM of other inputs', () => new nn.LSTM(2, 3)(zeros([4, 1, 3])), ShapeError, 'LSTM: x must be [T, B, 2], or [T, 2], with at least one time T, got [4, 1, 3]'],
  ['GRU of no time', () => new nn.GRU(2, 3, { batchFirst: true })(zeros([4, 0, 2])), ShapeError, 'GRU: x must be [B, T, 2]'],
  ['RNN of a single vector', () => new nn.RNN(2, 3)(zeros([2])), ShapeError, 'RNN: x must be [T, B, 2]'],
  ['LSTM with a state of another shape', () => new nn.LSTM(2, 3)(zeros([4, 1, 2]), [zeros([1, 3]), zeros([1, 1, 3])]), ShapeError, 'LSTM: an initial state must have the shape [1, 1, 3], got [1, 3]'],
  ['GRU of no layers', () => new nn.GRU(2, 3, { numLayers: 0 }), ValueError, 'GRU: inputSize, hiddenSize and numLayers must be whole numbers above 0, got 2, 3 and 0'],
  ['LSTM with a dropout that is no probability', () => new nn.LSTM(2, 3, { dropout: 2 }), ValueError, 'LSTM: dropout must be a probability from 0 to 1, got 2'],
  ['GRUCell of other inputs', () => new nn.GRUCell(2, 3)(zeros([4, 3])), ShapeError, 'GRUCell: x must be [B, 2], or [2], got [4, 3]'],
  ['RNNCell with a state for another batch', () => new nn.RNNCell(2, 3)(zeros([4, 2]), zeros([3])), ShapeError, 'RNNCell: an initial state must have the shape [4, 3], got [3]'],
  ['attention of queries and keys that differ', () => F.scaledDotProductAttention(zeros([3, 2]), zeros([3, 4]), zeros([3, 4])), ShapeError, 'scaledDotProductAttention: queries must be […, L, E] for keys […, S, E] and values […, S, Ev], got [3, 2], [3, 4] and [3, 4]'],
  ['attention with a mask that is too large', () => F.scaledDotProductAttention(zeros([3, 2]), zeros([4, 2]), zeros([4, 2]), { mask: ones([2, 3, 4]) }), ShapeError, 'mask and bias must broadcast to the scores [3, 4], got [2, 3, 4]'],
  ['MultiheadAttention of heads that do not divide', () => new nn.MultiheadAttention(5, 2), ValueError, 'MultiheadAttention: embedDim must be a whole multiple of numHeads, got 5 and 2'],
  ['MultiheadAttention of another size', () => heads(sequence, sequence, zeros([2, 3, 5])), ShapeError, 'MultiheadAttention: queries must be [B, L, 4] for keys and values [B, S, 4], got [2, 3, 4], [2, 3, 4], [2, 3, 5]'],
  ['MultiheadAttention of keys that are not as many as values', () => heads(sequence, sequence, zeros([2, 2, 4])), ShapeError, 'queries must be'],
  ['MultiheadAttention with a mask of another shape', () => heads(sequence, sequence, sequence, { attnMask: zeros([3, 2]) }), ShapeError, 'attnMask must be [L, S] = [3, 3] or [B·heads, L, S] = [4, 3, 3], got [3, 2]'],
  ['MultiheadAttention with a padding mask of another shape', () => heads(sequence, sequence, sequence, { keyPaddingMask: zeros([3, 2]) }), ShapeError, 'keyPaddingMask must be [B, S] = [2, 3], got [3, 2]'],
]; // prettier-ignore

describe('refused', () => {
  test.each(refused.map(([title, run, Class, message]) => ({ title, run, Class, message })))(
    '$title',
    ({ run, Class, message }) => {
      expect(run).toThrow(Class);
      expect(run).toThrow(message);
    },
  );
});
