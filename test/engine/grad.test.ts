import { describe, expect, it } from 'vitest';
import { ones, tensor } from '../../src/create.ts';
import { grad } from '../../src/engine.ts';
import type { Tensor } from '../../src/tensor.ts';
import { countedProduct, leaf } from './helpers.ts';

describe('grad', () => {
  it('gives gradients in the order of the inputs, and touches no .grad', () => {
    const [x, w, b] = [leaf([1, 2]), leaf([3, 4]), leaf(5)];
    const [gb, gx] = grad(x.mul(w).add(b).sum(), [b, x]);
    expect(gb.item()).toBe(2);
    expect(gx).toBeAllClose([3, 4]);
    expect([x, w, b].map((t) => t.grad)).toEqual([null, null, null]);
    expect(gx.requiresGrad).toBe(false);
  });

  it('takes inputs that are no leaves, and the output itself', () => {
    const x = leaf([1, 2]);
    const h = x.exp();
    const y = h.square().sum();
    const [gy, gh, gx] = grad(y, [y, h, x]);
    expect(gy.item()).toBe(1);
    expect(gh).toBeAllClose(h.detach().mul(2));
    expect(gx).toBeAllClose(h.detach().square().mul(2));
  });

  it('adds up over several outputs, each with a gradient of its own', () => {
    const x = leaf([1, 2]);
    const [a, b] = [x.square(), x.mul(10)];
    const [g] = grad([a, b], [x], { gradOutputs: [tensor([1, 2]), tensor([3, 4])] });
    expect(g).toBeAllClose([2 + 30, 8 + 40]);
    const [s] = grad([x.sum(), x.sum(), x.mul(x).sum()], [x]);
    expect(s).toBeAllClose([4, 6]);
  });

  it('lets one output lie upstream of another', () => {
    const x = leaf(3);
    const h = x.square();
    const [gx, gh] = grad([h.square(), h], [x, h]); // d(h² + h)/dx = (2h + 1)·2x
    expect(gh.item()).toBe(19);
    expect(gx.item()).toBe(114);
  });

  it('refuses an input that the outputs do not depend on, or gives null for it', () => {
    const [x, z] = [leaf(1), leaf(2)];
    expect(() => grad(x.exp(), [x, z])).toThrow(
      'grad: the outputs must depend on every input, got an unused one at place 1; pass { allowUnused: true } to get null for it',
    );
    const [gx, gz] = grad(x.mul(3), [x, z], { allowUnused: true });
    expect(gx!.item()).toBe(3);
    expect(gz).toBeNull();
    expect(() => grad(x.exp(), [tensor(1)])).toThrow(
      'grad: every input must have requiresGrad, got one without at place 0',
    );
    expect(() => grad(tensor(1), [x])).toThrow('grad: the output must depend on a tensor with requiresGrad');
    expect(() => grad(x.mul(ones([2])), [x])).toThrow('grad: without a gradient the output must be a single number');
    expect(() => grad(x.exp(), [x], { gradOutputs: [ones([2])] })).toThrow(
      "grad: the gradient must have the output's shape []",
    );
  });

  it('releases nothing upstream of the inputs that it was asked for', () => {
    const x = leaf(2);
    const h = x.exp();
    const y = h.square();
    const [gh] = grad(y, [h]);
    expect(gh.item()).toBeCloseTo(2 * Math.exp(2), 4);
    h.backward(); // exp is still there
    expect(x.grad!.item()).toBeCloseTo(Math.exp(2), 4);
    expect(() => grad(y, [h])).toThrow('already released at square');
  });

  it('runs no rule beside the way to the inputs, and releases nothing there', () => {
    const { times, calls } = countedProduct();
    const [a, b, c] = [leaf(2), leaf(3), leaf(5)];
    const side = times(a, b);
    const y = side.mul(c);
    expect(grad(y, [c])[0].item()).toBe(6);
    expect(calls).toEqual([0, 0]);
    side.backward();
    expect(a.grad!.item()).toBe(3);
  });
});

describe('createGraph', () => {
  const derivatives = (f: (x: Tensor) => Tensor, at: number, order: number): number[] => {
    const x = tensor(at, { dtype: 'float64', requiresGrad: true });
    let y = f(x);
    return Array.from({ length: order }, () => {
      [y] = grad(y, [x], { createGraph: true });
      return y.item();
    });
  };

  it('gives derivatives of third order and beyond, as closed forms say', () => {
    const t = Math.tanh(0.7);
    expect(derivatives((x) => x.tanh(), 0.7, 3)).toBeAllClose(
      [1 - t ** 2, -2 * t * (1 - t ** 2), (6 * t ** 2 - 2) * (1 - t ** 2)], { rtol: 1e-12 }); // prettier-ignore
    const s = 1 / (1 + Math.exp(-0.3));
    const d = s * (1 - s);
    expect(derivatives((x) => x.sigmoid(), 0.3, 3)).toBeAllClose([d, d * (1 - 2 * s), d * (1 - 6 * s + 6 * s * s)], {
      rtol: 1e-12,
    });
    expect(derivatives((x) => x.pow(5), 2, 5)).toBeAllClose([80, 160, 240, 240, 120], { rtol: 1e-12 });
    expect(derivatives((x) => x.log(), 2, 4)).toBeAllClose([1 / 2, -1 / 4, 1 / 4, -3 / 8], { rtol: 1e-12 });
    expect(derivatives((x) => x.sin().mul(x.exp()), 1, 4)[3]).toBeCloseTo(-4 * Math.E * Math.sin(1), 10); // (eˣ sin x)'''' = −4 eˣ sin x
    expect(derivatives((x) => x.reciprocal(), 0.5, 3)).toBeAllClose([-4, 16, -96], { rtol: 1e-12 });
  });

  it('gives mixed derivatives, also of a power with respect to an exponent of 0', () => {
    const [a, b] = [2, 0].map((v) => tensor(v, { dtype: 'float64', requiresGrad: true }));
    const [da] = grad(a.pow(b), [a], { createGraph: true });
    const [, dadb] = grad(da, [a, b], { allowUnused: true });
    expect(da.item()).toBe(0);
    expect(dadb!.item()).toBe(0.5); // ∂²aᵇ/∂a∂b = aᵇ⁻¹(1 + b ln a)
  });

  it('differentiates through a gradient that is part of a loss', () => {
    const x = leaf([1, 2]);
    const [g] = grad(x.pow(3).sum(), [x], { createGraph: true });
    g.square().sum().backward(); // Σ 9x⁴
    expect(x.grad).toBeAllClose([36, 288]);
  });

  it('differentiates with respect to the incoming gradient', () => {
    const x = leaf([1, 2]);
    const v = leaf([1, 1]);
    const [g] = grad(x.square(), [x], { gradOutputs: [v], createGraph: true });
    const [gv] = grad(g.sum(), [v]);
    expect(gv).toBeAllClose([2, 4]);
  });
});
