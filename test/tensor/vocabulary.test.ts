/** What the fixtures do not see of the elementwise functions and reductions: refusals, dtypes, writes in place, digits. */
import { describe, expect, it } from 'vitest';
import { GradError, ShapeError, ValueError } from '../../src/array/errors.ts';
import { grad, noGrad } from '../../src/engine.ts';
import { arange, randn, tensor, zeros } from '../../src/create.ts';
import type { Tensor } from '../../src/tensor.ts';

describe('bits', () => {
  it('are those of whole numbers only', () => {
    expect(() => tensor([1.5]).bitwiseAnd(1)).toThrow('bitwiseAnd: there must be whole numbers within ±2^53, got 1.5');
    expect(() => tensor([1]).bitwiseOr(0.5)).toThrow(ValueError);
    expect(() => tensor([NaN]).bitwiseXor(1)).toThrow(ValueError);
    expect(() => tensor([Infinity]).bitwiseNot()).toThrow(ValueError);
    expect(() => tensor([1]).bitwiseLeftShift(-1)).toThrow('bits are shifted by 0 or more');
  });

  it('agree with BigInt, far beyond 32 bits', () => {
    const numbers = [0, -1, 5, 2 ** 31, -(2 ** 31), 2 ** 32 + 7, -(2 ** 40) - 3, 2 ** 52 + 1, -(2 ** 52) + 1];
    for (const a of numbers) {
      for (const b of numbers) {
        const x = tensor(Float64Array.of(a));
        expect(x.bitwiseAnd(b).item()).toBe(Number(BigInt(a) & BigInt(b)));
        expect(x.bitwiseOr(b).item()).toBe(Number(BigInt(a) | BigInt(b)));
        expect(x.bitwiseXor(b).item()).toBe(Number(BigInt(a) ^ BigInt(b)));
      }
    }
  });
});

describe('in-place methods', () => {
  const [mask, a] = [tensor([1, 0]), tensor([1, 2])];
  const methods: Record<string, readonly [write: (x: Tensor) => Tensor, plain: (x: Tensor) => Tensor]> = {
    clamp_: [(x) => x.clamp_(0.2, 0.8), (x) => x.clamp(0.2, 0.8)],
    pow_: [(x) => x.pow_(2), (x) => x.pow(2)],
    neg_: [(x) => x.neg_(), (x) => x.neg()],
    abs_: [(x) => x.abs_(), (x) => x.abs()],
    sqrt_: [(x) => x.sqrt_(), (x) => x.sqrt()],
    exp_: [(x) => x.exp_(), (x) => x.exp()],
    relu_: [(x) => x.relu_(), (x) => x.relu()],
    floor_: [(x) => x.floor_(), (x) => x.floor()],
    round_: [(x) => x.round_(), (x) => x.round()],
    maskedFill_: [(x) => x.maskedFill_(mask, 7), (x) => x.maskedFill(mask, 7)],
    lerp_: [(x) => x.lerp_(a, 0.25), (x) => x.lerp(a, 0.25)],
    addcmul_: [(x) => x.addcmul_(a, 3), (x) => x.addcmul(a, 3)],
    addcdiv_: [(x) => x.addcdiv_(a, 4, -1), (x) => x.addcdiv(a, 4, -1)],
  };
  const listed = Object.entries(methods).map(([name, [write, plain]]) => [name, write, plain] as const);

  it.each(listed)('%s writes what the method without underscore returns, over the same memory', (_, write, plain) => {
    const x = tensor([0.36, 0.81]);
    const view = x.narrow(0, 0, 1);
    const expected = plain(x).toTypedArray();
    expect(write(x)).toBe(x);
    expect(x.toTypedArray()).toEqual(expected);
    expect(view.item()).toBe(expected[0]);
    expect(x.version).toBe(1);
  });

  it.each(listed)(
    '%s refuses a tensor that needs a gradient, and a backward pass that needs the old values',
    (name, write) => {
      const leaf = tensor([0.36, 0.81], { requiresGrad: true });
      expect(() => write(leaf)).toThrow(GradError);
      expect(() => write(leaf)).toThrow(name);
      const y = leaf.square().sum();
      noGrad(() => write(leaf));
      expect(() => y.backward()).toThrow(GradError);
    },
  );
});

describe('reductions', () => {
  it('of quantile take q as a number, a list or a tensor', () => {
    const x = tensor([1, 2, 3, 4, 5]);
    expect(x.quantile(0.25).toArray()).toBe(2);
    expect(x.quantile([0.25, 0.5]).toArray()).toEqual([2, 3]);
    expect(x.quantile(tensor([0.25, 0.5])).toArray()).toEqual([2, 3]);
    expect(x.quantile(tensor(0.25)).shape).toEqual([]);
  });

  it('of unique put NaN last, each on its own', () => {
    const { values, inverse, counts } = tensor([NaN, 2, NaN, 1, 2]).unique();
    expect(values.toArray()).toEqual([1, 2, NaN, NaN]);
    expect(inverse.toArray()).toEqual([2, 1, 3, 0, 1]);
    expect(counts.toArray()).toEqual([1, 2, 1, 1]);
  });

  it('of histc leave NaN out', () => {
    expect(tensor([NaN, 1, 2]).histc({ bins: 2, min: 0, max: 4 }).toArray()).toEqual([1, 1]);
    expect(() => tensor([NaN, 1]).histc()).toThrow('histc: the range must be finite');
  });

  it('of bincount give the gradient of the weights', () => {
    const weights = tensor([1, 2, 3], { requiresGrad: true });
    tensor([1, 0, 1])
      .bincount({ weights })
      .mul(tensor([10, 20]))
      .sum()
      .backward();
    expect(weights.grad!.toArray()).toEqual([20, 10, 20]);
  });

  it('are refused with their name', () => {
    expect(() => zeros([2, 0]).median(1)).toThrow('median: there must be elements');
    expect(() => zeros([2]).norm(NaN)).toThrow("norm: p must be a number or 'fro', got NaN");
    expect(() => zeros([2]).quantile(2)).toThrow('quantile: q must be from 0 to 1, got 2');
    expect(() => zeros([2, 2, 2]).cov()).toThrow(ShapeError);
    expect(() => tensor(1).diff()).toThrow(ShapeError);
    expect(() => zeros([3]).diff({ n: 1.5 })).toThrow(ShapeError);
    expect(() => tensor([1.5]).bincount()).toThrow('bincount: every index must be a whole number');
    expect(() => tensor([1]).bincount({ minlength: 1.5 })).toThrow('bincount: minlength must be a whole number');
    expect(() => tensor([1]).bincount({ weights: tensor([1, 2]) })).toThrow(
      'bincount: weights must have the shape [1]',
    );
    expect(() => tensor([1]).polygamma(0.5)).toThrow('polygamma: the order must be a whole number, 0 or more, got 0.5');
    expect(() => tensor([1]).round(0.5)).toThrow(ValueError);
    expect(() => tensor([1]).isclose(1, { rtol: -1 })).toThrow(ValueError);
  });

  it('keep float32', () => {
    const x = randn([3, 4]);
    for (const y of [
      x.cumprod(1),
      x.quantile([0.1, 0.2], 1),
      x.cov(),
      x.norm(3, 1),
      x.unique().counts,
      x.median(0).values,
      x.histc(),
    ]) {
      expect(y.dtype).toBe('float32');
    }
    expect(x.abs().floatPower(2).dtype).toBe('float64');
  });

  it('of long lines agree with a plain loop', () => {
    const x = randn([10_000], { dtype: 'float64' });
    const values = [...x.toTypedArray()];
    const rising = values.toSorted((a, b) => a - b);
    expect(x.median().item()).toBe(rising[4999]);
    expect(x.cummax(0).values.select(0, -1).item()).toBe(rising[9999]);
    expect(x.cumsum(0).select(0, -1).item()).toBeCloseTo(
      values.reduce((a, b) => a + b, 0),
      10,
    );
    expect(arange(10_000).remainder(7).mode().values.item()).toBe(0);
    expect(x.unique().values.toArray()).toEqual(rising);
  });
});

describe('special functions', () => {
  it.each<[string, (x: Tensor) => Tensor, number, number]>([
    ['erfc(10)', (x) => x.erfc(), 10, 2.0884875837625446e-45],
    ['erfinv(1 − 10⁻¹⁰)', (x) => x.erfinv(), 1 - 1e-10, 4.572824958544925],
    ['lgamma(1 + 2⁻¹⁰)', (x) => x.lgamma(), 1 + 2 ** -10, -0.0005629031799912047],
    ['lgamma(2 − 2⁻¹⁰)', (x) => x.lgamma(), 2 - 2 ** -10, -0.0004125677359714894],
    ['digamma(1)', (x) => x.digamma(), 1, -0.5772156649015329],
    ['trigamma(1) = π²/6', (x) => x.polygamma(1), 1, Math.PI ** 2 / 6],
    ['ψ″(1) = −2ζ(3)', (x) => x.polygamma(2), 1, -2 * 1.2020569031595942],
    ['trigamma(½) = π²/2', (x) => x.polygamma(1), 0.5, Math.PI ** 2 / 2],
  ])('%s has all its digits', (_, f, x, expected) => {
    expect(f(tensor(Float64Array.of(x))).item() / expected).toBeCloseTo(1, 13);
  });

  it('sinc has its second derivative −π²/3 at 0 and near it, where the formula would be 0/0', () => {
    const x = tensor(Float64Array.of(0, 1e-9, -1e-5), { requiresGrad: true });
    const [slope] = grad(x.sinc().sum(), [x], { createGraph: true });
    const [second] = grad(slope.sum(), [x]);
    expect(second).toBeAllClose(
      [1, 1, 1].map(() => -(Math.PI ** 2) / 3),
      { rtol: 1e-8 },
    );
  });
});
