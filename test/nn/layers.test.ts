/** Layers and activations against closed forms, and their gradients at first and second order in float64. */
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/array/errors.ts';
import { arange, ones, rand, randn, tensor, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { gradcheck, GradcheckError, gradgradcheck } from '../../src/testing/gradcheck.ts';

const F = nn.functional;
const float64 = { dtype: 'float64' } as const;
const leaf = (...shape: number[]): Tensor => randn(shape, { ...float64, requiresGrad: true });
const tight = { rtol: 1e-13, atol: 1e-13 };

/** First and second derivatives at the inputs. */
function checkBoth(f: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[], name: string): void {
  gradcheck(f, inputs, { name });
  gradgradcheck(f, inputs, { name });
}

describe('Linear is x·Wᵀ + b on the last dim', () => {
  const shapes = [[3], [4, 3], [2, 4, 3], [2, 1, 4, 3], [0, 3], [1, 3]];
  test.each(shapes.flatMap((shape) => [true, false].map((bias) => ({ shape, bias }))))(
    'x $shape, bias $bias',
    ({ shape, bias }) => {
      const layer = new nn.Linear(3, 2, { ...float64, bias });
      const x = leaf(...shape);
      const y = layer(x);
      expect(y.shape).toEqual([...shape.slice(0, -1), 2]);
      const [w, b] = [layer.weight.toTypedArray(), layer.bias?.toTypedArray() ?? [0, 0]];
      const rows = x.toTypedArray();
      const expected = Array.from({ length: y.numel() }, (_, i) => {
        const [r, o] = [Math.floor(i / 2), i % 2];
        return b[o] + [0, 1, 2].reduce((sum, j) => sum + rows[3 * r + j] * w[3 * o + j], 0);
      });
      expect(y.toTypedArray()).toBeAllClose(expected, tight);
      checkBoth((x, w, b) => F.linear(x, w, b), [x, ...layer.parameters()], 'linear');
    },
  );

  test('also of a view, and after its parameters were put in another layout', () => {
    const layer = new nn.Linear(3, 2);
    const x = randn([3, 5]);
    expect(layer(x.t())).toBeAllClose(layer(x.t().contiguous()), { rtol: 1e-6 });
    const w = randn([3, 2]);
    expect(F.linear(x.t(), w.t())).toBeAllClose(x.t().matmul(w), { rtol: 1e-6 });
  });

  test.each([
    ['x of another size', [4], [2, 3], [2]],
    ['x without a dim', [], [2, 3], [2]],
    ['a bias of another size', [3], [2, 3], [3]],
    ['a bias that would broadcast', [3], [2, 3], [1]],
    ['a bias with two dims', [3], [2, 3], [1, 2]],
    ['a weight without two dims', [3], [3], [3]],
  ])('refused: %s', (_, x, weight, bias) => {
    const run = (): Tensor => F.linear(zeros(x), zeros(weight), zeros(bias));
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(/^linear: x must be \[…, in\] for a weight \[out, in\] and a bias \[out\], got \[/);
  });

  test('the gradient of a weight lies as the weight does, with a bias and without', () => {
    for (const bias of [true, false]) {
      const layer = new nn.Linear(3, 2, { bias });
      const seen: boolean[] = [];
      layer.weight.registerHook((g) => void seen.push(g.isContiguous()));
      layer(rand([5, 4, 3]))
        .sum()
        .backward();
      expect(seen).toEqual([true]);
    }
  });
});

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** Φ by its series; good to 1e-13 for |x| < 6. */
function normalCdf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) sum += term *= (-x * x * (2 * n - 1)) / (2 * n * (2 * n + 1));
  return 0.5 + sum / Math.sqrt(2 * Math.PI);
}

/** An activation as a function and as a layer, its formula, and where it is not smooth. */
const activations: Readonly<
  Record<
    string,
    {
      f: (x: Tensor) => Tensor;
      layer?: nn.Module & { forward(x: Tensor): Tensor };
      formula: (x: number) => number;
      kink?: true;
    }
  >
> = {
  relu: { f: F.relu, layer: new nn.ReLU(), formula: (x) => Math.max(x, 0), kink: true },
  leakyRelu: { f: F.leakyRelu, layer: new nn.LeakyReLU(), formula: (x) => (x > 0 ? x : 0.01 * x), kink: true },
  'leakyRelu 0.3': {
    f: (x) => F.leakyRelu(x, 0.3),
    layer: new nn.LeakyReLU(0.3),
    formula: (x) => (x > 0 ? x : 0.3 * x),
    kink: true,
  },
  gelu: { f: F.gelu, layer: new nn.GELU(), formula: (x) => x * normalCdf(x) },
  silu: { f: F.silu, layer: new nn.SiLU(), formula: (x) => x * sigmoid(x) },
  sigmoid: { f: (x) => x.sigmoid(), layer: new nn.Sigmoid(), formula: sigmoid },
  tanh: { f: (x) => x.tanh(), layer: new nn.Tanh(), formula: Math.tanh },
  softplus: { f: F.softplus, formula: (x) => Math.log1p(Math.exp(x)) },
};

describe.each(Object.entries(activations))('%s', (name, { f, layer, formula, kink }) => {
  const points = [-4.5, -1.25, -0.5, ...(kink ? [] : [0]), 0.3, 1, 4.75];
  const at = (...values: number[]): Tensor => tensor(values, { ...float64, requiresGrad: true });

  test('is its formula, as a function and as a layer', () => {
    expect(f(at(...points))).toBeAllClose(points.map(formula), { rtol: 1e-11, atol: 1e-12 });
    if (layer) expect(layer(at(...points)).toTypedArray()).toEqual(f(at(...points)).toTypedArray());
    expect(f(zeros([2, 0])).shape).toEqual([2, 0]);
    expect(f(zeros([])).item()).toBeCloseTo(formula(0), 6);
  });

  test('has the right gradients, also at 0 where it is smooth there', () => {
    checkBoth(f, [at(...points)], name);
    checkBoth(f, [leaf(2, 3)], name);
  });

  test('neither overflows nor loses its gradient far from 0', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const x = tensor([-800, -90, -30, 30, 41, 90, 800], { dtype, requiresGrad: true });
      const y = f(x);
      const values = [...x.toTypedArray()].map((v) => (name === 'softplus' && v > 0 ? v : formula(v)));
      if (name !== 'gelu') expect(y).toBeAllClose(values, { rtol: 1e-6, atol: 1e-30 });
      y.sum().backward();
      expect([...x.grad!.toTypedArray()].every(Number.isFinite)).toBe(true);
    }
  });
});

test('the check of activations sees a wrong one', () => {
  const smoothed = (x: Tensor): Tensor => x.relu().add(x.abs().neg().exp().log1p()); // softplus, but at 0 its gradient is 0
  expect(() => checkBoth(smoothed, [tensor([0.5, 0], { ...float64, requiresGrad: true })], 'softplus')).toThrow(
    GradcheckError,
  );
});

describe('Softmax', () => {
  test('is eˣ / Σ eˣ along its dim, the last one unless another is named', () => {
    const x = leaf(2, 3);
    const exps = [...x.toTypedArray()].map(Math.exp);
    const rows = exps.map((e, i) => e / exps.slice(i - (i % 3), i - (i % 3) + 3).reduce((a, b) => a + b));
    const columns = exps.map((e, i) => e / (exps[i % 3] + exps[(i % 3) + 3]));
    expect(new nn.Softmax()(x).flatten()).toBeAllClose(rows, tight);
    expect(new nn.Softmax(1)(x).flatten()).toBeAllClose(rows, tight);
    expect(new nn.Softmax(0)(x).flatten()).toBeAllClose(columns, tight);
    checkBoth((x) => new nn.Softmax(0)(x), [x], 'Softmax');
  });

  test('does not overflow', () => {
    expect(new nn.Softmax()(tensor([1000, 1000, -Infinity])).toArray()).toEqual([0.5, 0.5, 0]);
  });
});

describe('Flatten', () => {
  test('makes the dims from start to end one', () => {
    const x = arange(24).reshape([2, 3, 4, 1]);
    expect(new nn.Flatten()(x).shape).toEqual([2, 12]);
    expect(new nn.Flatten(0)(x).shape).toEqual([24]);
    expect(new nn.Flatten(0, 1)(x).shape).toEqual([6, 4, 1]);
    expect(new nn.Flatten(1, -2)(x).shape).toEqual([2, 12, 1]);
    expect(new nn.Flatten()(zeros([0, 3, 4])).shape).toEqual([0, 12]);
    expect([...new nn.Flatten()(x).toTypedArray()]).toEqual([...arange(24).toTypedArray()]);
  });
});

describe('Sequential', () => {
  test('runs its layers one after another, more than ten in their order', () => {
    const scales = Array.from({ length: 12 }, (_, i) => {
      const layer = new nn.Linear(1, 1);
      layer.weight.detach().fill_(2);
      layer.bias!.detach().fill_(i);
      return layer;
    });
    const model = new nn.Sequential(...scales);
    expect(model.namedChildren().map(([name]) => name)).toEqual(scales.map((_, i) => String(i)));
    expect(model(ones([1])).item()).toBe(scales.reduce((y, _, i) => 2 * y + i, 1));
    expect(model[11]).toBe(scales[11]);
  });

  test('may be empty, and may hold a layer twice', () => {
    const x = rand([2]);
    expect(new nn.Sequential()(x)).toBe(x);
    const half = new nn.Linear(1, 1, { bias: false });
    half.weight.detach().fill_(0.5);
    const model = new nn.Sequential(half, half);
    expect(model(ones([1])).item()).toBe(0.25);
    expect(model.parameterCount()).toBe(1);
    model(ones([1])).backward();
    expect(half.weight.grad!.item()).toBe(1); // d w²/dw at ½
  });
});
