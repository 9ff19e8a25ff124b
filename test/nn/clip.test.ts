/** Clipped gradients against PyTorch's, and what is refused. */
import { describe, expect, test } from 'vitest';
import { ones, tensor, zeros, type TensorData } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { read } from '../files.ts';

const { clipGradNorm_, clipGradValue_ } = nn.utils;

interface Clipped {
  readonly norm: number;
  readonly grads: TensorData[];
}
const fixture = JSON.parse(read('test/fixtures/clip.json')) as {
  grads: TensorData[];
  norms: (Clipped & { maxNorm: number; normType: number | 'inf' })[];
  values: (Clipped & { clipValue: number })[];
};

/** Parameters with the fixture's gradients, the first of them strided, and one without. */
function withGrads(): Tensor[] {
  const params = fixture.grads.map((values) => {
    const grad = tensor(values, { dtype: 'float64' });
    const p = zeros(grad.shape, { dtype: 'float64', requiresGrad: true });
    p.grad = grad.ndim === 2 ? grad.t().contiguous().t() : grad;
    return p;
  });
  return [...params, zeros([2], { requiresGrad: true })];
}
const exact = { rtol: 1e-14, atol: 0 };

describe('clipGradNorm_', () => {
  test.each(fixture.norms)('to $maxNorm, norm $normType, is that of PyTorch', ({ maxNorm, normType, norm, grads }) => {
    const params = withGrads();
    const before = params.map((p) => p.grad);
    expect(clipGradNorm_(params, maxNorm, { normType: normType === 'inf' ? Infinity : normType })).toBeAllClose(
      norm,
      exact,
    );
    grads.forEach((grad, i) => expect(params[i].grad!).toBeAllClose(grad, exact));
    expect(params[3].grad).toBeNull();
    expect(before[0]).toBeAllClose(fixture.grads[0], exact); // whoever holds the old gradient keeps it
  });

  test('takes one parameter, and gradients too large for float32 to square', () => {
    const p = ones([2], { requiresGrad: true });
    p.grad = tensor([3e30, 4e30]);
    expect(clipGradNorm_(p, 5)).toBeAllClose(5e30);
    expect(p.grad).toBeAllClose([3, 4]);
    expect(clipGradNorm_([], 1)).toBe(0);
  });

  test.each([NaN, Infinity])('with a gradient of %d: told on demand, and then nothing is changed', (bad) => {
    const p = ones([2], { requiresGrad: true });
    const grad = tensor([1, bad]);
    p.grad = grad;
    for (const normType of [1, 2, Infinity]) {
      expect(() => clipGradNorm_([p], 1, { normType, errorIfNonfinite: true })).toThrow(
        'clipGradNorm_: the norm of the gradients must be finite, got',
      );
    }
    expect(p.grad).toBe(grad);
    clipGradNorm_([p], 1);
    expect(p.grad.toArray()).toEqual(Number.isNaN(bad) ? [NaN, NaN] : [0, NaN]); // as PyTorch: 1 · 0 and ∞ · 0
  });

  test('refuses a norm that is none', () => {
    expect(() => clipGradNorm_([], -1)).toThrow('maxNorm must be a number, at least 0, got -1');
    expect(() => clipGradNorm_([], 1, { normType: 0 })).toThrow('normType must be above 0, got 0');
  });
});

describe('clipGradValue_', () => {
  test.each(fixture.values)('to $clipValue is that of PyTorch', ({ clipValue, grads }) => {
    const params = withGrads();
    clipGradValue_(params, clipValue);
    grads.forEach((grad, i) => expect(params[i].grad!).toBeAllClose(grad, exact));
  });
  test('refuses a value that is none', () => {
    expect(() => clipGradValue_([], NaN)).toThrow('clipValue must be a number, at least 0, got NaN');
  });
});
