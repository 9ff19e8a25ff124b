/** Every layer's gradients at first and second order against finite differences, in float64. */
import { describe, expect, test } from 'vitest';
import { arange, randint, randn, tensor } from '../../src/create.ts';
import { grad } from '../../src/engine.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { gradcheck, GradcheckError, gradgradcheck } from '../../src/testing/gradcheck.ts';

const F = nn.functional;
const float64 = { dtype: 'float64' } as const;
const leaf = (...shape: number[]): Tensor => randn(shape, { ...float64, requiresGrad: true });
/** Numbers that differ by 0.3 or more: no window has a tie. */
const apart = (...shape: number[]): Tensor =>
  arange(shape.reduce((a, b) => a * b, 1), float64).mul(7).add(3)
    .sub(arange(shape.reduce((a, b) => a * b, 1), float64).mul(7 / 11).floor().mul(11)).mul(0.3)
    .add(arange(shape.reduce((a, b) => a * b, 1), float64).mul(0.013)).reshape(shape).detach().requiresGrad_(); // prettier-ignore

type F_ = (...inputs: Tensor[]) => Tensor | readonly Tensor[];
function checkBoth(f: F_, inputs: readonly Tensor[], name: string): void {
  gradcheck(f, inputs, { name });
  gradgradcheck(f, inputs, { name });
}

/** f with the layer's parameters as further inputs: they are changed in place, so it need not be told of them. */
const withParameters = (layer: nn.Module, f: F_, ...inputs: Tensor[]): [F_, readonly Tensor[]] => [
  (...all) => f(...all.slice(0, inputs.length)),
  [...inputs, ...layer.parameters()],
];

const conv = new nn.Conv2d(2, 4, [2, 3], { ...float64, stride: [2, 1], padding: [1, 0], dilation: [1, 2], groups: 2 });
const conv1 = new nn.Conv1d(2, 3, 2, { ...float64, padding: 'same' });
const turned = new nn.ConvTranspose2d(2, 2, [3, 2], { ...float64, stride: 2, padding: 1, outputPadding: 1 });
const layerNorm = new nn.LayerNorm([2, 3], float64);
const rmsNorm = new nn.RMSNorm(3, float64);
const batchNorm = new nn.BatchNorm2d(2, { ...float64, trackRunningStats: false });
const evaluated = new nn.BatchNorm1d(3, float64).eval();
const embedding = new nn.Embedding(4, 3, { ...float64, paddingIdx: 2 });
const lstm = new nn.LSTM(2, 2, float64);
const both = new nn.LSTM(1, 1, { ...float64, numLayers: 2, bidirectional: true });
const gru = new nn.GRU(2, 2, { ...float64, bidirectional: true, batchFirst: true });
const rnn = new nn.RNN(2, 3, { ...float64, numLayers: 2 });
const cells = { lstm: new nn.LSTMCell(2, 2, float64), gru: new nn.GRUCell(2, 2, float64), rnn: new nn.RNNCell(2, 2, float64) }; // prettier-ignore
const heads = new nn.MultiheadAttention(4, 2, float64);
for (const norm of [layerNorm, rmsNorm, batchNorm, evaluated]) {
  for (const x of norm.parameters()) x.detach().copy_(randn(x.shape, float64));
}
evaluated.running_mean!.copy_(tensor([0.5, -1, 2]));
evaluated.running_var!.copy_(tensor([0.5, 1, 2]));

const layers: Readonly<Record<string, () => [F_, readonly Tensor[]]>> = {
  conv2d: () => withParameters(conv, (x) => conv(x), leaf(1, 2, 3, 6)),
  conv1d: () => withParameters(conv1, (x) => conv1(x), leaf(2, 2, 4)),
  convTranspose2d: () => withParameters(turned, (x) => turned(x), leaf(1, 2, 2, 3)),
  maxPool2d: () => [(x) => F.maxPool2d(x, 2, { stride: 1, padding: 1 }), [apart(1, 2, 3, 3)]],
  maxPool1d: () => [(x) => F.maxPool1d(x, 2), [apart(1, 2, 5)]],
  avgPool2d: () => [(x) => F.avgPool2d(x, 2, { padding: 1, ceilMode: true, countIncludePad: false }), [leaf(1, 2, 4, 3)]], // prettier-ignore
  avgPool1d: () => [(x) => F.avgPool1d(x, 2, { stride: 1 }), [leaf(1, 2, 4)]],
  adaptiveAvgPool2d: () => [(x) => F.adaptiveAvgPool2d(x, [2, 3]), [leaf(1, 2, 3, 4)]],
  layerNorm: () => withParameters(layerNorm, (x) => layerNorm(x), leaf(2, 2, 3)),
  rmsNorm: () => withParameters(rmsNorm, (x) => rmsNorm(x), leaf(2, 3)),
  'batchNorm in training': () => withParameters(batchNorm, (x) => batchNorm(x), leaf(2, 2, 2, 1)),
  'batchNorm in evaluation': () => withParameters(evaluated, (x) => evaluated(x), leaf(2, 3)),
  lstm: () => withParameters(lstm, (x, h, c) => lstm(x, [h, c]).flat(), leaf(2, 1, 2), leaf(1, 1, 2), leaf(1, 1, 2)),
  'lstm of two layers in both directions': () => withParameters(both, (x) => both(x).flat(), leaf(2, 1, 1)),
  gru: () => withParameters(gru, (x, h) => gru(x, h), leaf(1, 3, 2), leaf(2, 1, 2)),
  rnn: () => withParameters(rnn, (x, h) => rnn(x, h), leaf(2, 1, 2), leaf(2, 1, 3)),
  lstmCell: () => withParameters(cells.lstm, (x, h, c) => cells.lstm(x, [h, c]), leaf(2, 2), leaf(2, 2), leaf(2, 2)),
  gruCell: () => withParameters(cells.gru, (x, h) => cells.gru(x, h), leaf(2, 2), leaf(2, 2)),
  rnnCell: () => withParameters(cells.rnn, (x, h) => cells.rnn(x, h), leaf(2, 2), leaf(2, 2)),
  scaledDotProductAttention: () => [
    (q, k, v, bias) => F.scaledDotProductAttention(q, k, v, { bias, isCausal: true }),
    [leaf(2, 3, 2), leaf(3, 2), leaf(2, 3, 2), leaf(3, 3)],
  ],
  multiheadAttention: () =>
    withParameters(
      heads,
      (q, k, v) => heads(q, k, v, { keyPaddingMask: tensor([[0, 1, 0]]) }).filter((y) => y !== null),
      leaf(2, 1, 4),
      leaf(3, 1, 4),
      leaf(3, 1, 4),
    ),
};

describe('first and second derivatives are those of finite differences', () => {
  test.each(Object.keys(layers))('%s', (name) => {
    checkBoth(...layers[name](), name);
  });

  test('embedding, but for the row of padding, which gets none', () => {
    const indices = tensor([[1, 2], [3, 1]]); // prettier-ignore
    const weight = leaf(4, 3);
    checkBoth((w) => F.embedding(indices, w).square(), [weight], 'embedding');
    embedding(indices).square().sum().backward();
    expect(embedding.weight.grad!).toBeAllClose(
      [0, 2, 0, 1].map((n, r) => [...embedding.weight.select(0, r).mul(2 * n).toTypedArray()]), // prettier-ignore
    );
  });

  test('a gradient of a gradient of a gradient of a convolution', () => {
    const [x, w] = [leaf(1, 1, 3, 3), leaf(1, 1, 2, 2)];
    const cube = (x: Tensor, w: Tensor): Tensor => F.conv2d(F.conv2d(x, w).mul(F.conv2d(x, w)), w);
    gradgradcheck((x, w) => gradOf(cube, x, w), [x, w], { name: 'third order' });
  });
});

/** The gradient of Σ f² with respect to x, as a function. */
function gradOf(f: (x: Tensor, w: Tensor) => Tensor, x: Tensor, w: Tensor): Tensor {
  const [g] = grad(f(x, w).square().sum(), [x], { createGraph: true });
  return g;
}

describe('the check sees', () => {
  test('a layer that forgets where a gradient comes from', () => {
    const forgetful: F_ = (x) => conv(x).add(conv(x.detach()));
    expect(() => checkBoth(forgetful, [leaf(1, 2, 3, 6)], 'conv')).toThrow(GradcheckError);
    const stale: F_ = (x, h) => rnn(x, h.detach());
    expect(() => checkBoth(stale, [leaf(2, 1, 2), leaf(2, 1, 3)], 'rnn')).toThrow('wrong gradient');
  });

  test('parameters that are changed behind the function', () => {
    const [f, inputs] = layers.conv2d();
    const detached: F_ = (x) => F.conv2d(x, conv.weight.detach(), conv.bias, conv.options);
    expect(() => checkBoth(f, inputs, 'conv')).not.toThrow();
    expect(() => checkBoth(detached, inputs, 'conv')).toThrow('with respect to input 1');
  });
});

test('float32 stays float32, with and without a gradient', () => {
  const images = randn([2, 2, 5, 5]);
  const signals = randn([3, 2, 4]);
  const results = [
    new nn.Conv2d(2, 3, 3)(images),
    new nn.Conv1d(2, 3, 3)(signals),
    new nn.ConvTranspose2d(2, 3, 3)(images),
    new nn.MaxPool2d(2)(images),
    new nn.AvgPool2d(3, { padding: 1, countIncludePad: false })(images),
    new nn.AdaptiveAvgPool2d([2, 3])(images),
    new nn.BatchNorm2d(2)(images),
    new nn.LayerNorm(4)(signals),
    new nn.RMSNorm(4)(signals),
    new nn.Embedding(5, 2)(randint(0, 5, [3])),
    new nn.LSTM(4, 3)(signals)[0],
    new nn.GRU(4, 3)(signals)[0],
    new nn.RNN(4, 3)(signals)[0],
    new nn.MultiheadAttention(4, 2)(signals, signals, signals)[0],
    F.scaledDotProductAttention(signals, signals, signals, { isCausal: true }),
  ];
  expect(results.map((y) => y.dtype)).toEqual(results.map(() => 'float32'));
});
