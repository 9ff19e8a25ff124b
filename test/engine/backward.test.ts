import { describe, expect, it } from 'vitest';
import { GradError, ShapeError } from '../../src/array/errors.ts';
import { ones, randn, tensor, zeros } from '../../src/create.ts';
import { grad, noGrad } from '../../src/engine.ts';
import * as ops from '../../src/ops/index.ts';
import { apply, type Tensor } from '../../src/tensor.ts';
import { countedProduct, leaf } from './helpers.ts';

describe('requiresGrad', () => {
  it('goes from any input to the result, and not through what has no rule', () => {
    const [x, c] = [leaf([1, 2]), tensor([3, 4])];
    expect(c.mul(c).requiresGrad).toBe(false);
    expect(c.mul(x).requiresGrad).toBe(true);
    expect(x.add(1).isLeaf).toBe(false);
    expect(x.gt(1).requiresGrad).toBe(false);
    expect(x.argmax().isLeaf).toBe(true);
    expect(x.detach().requiresGrad).toBe(false);
  });

  it('can be switched on and off on a leaf, and not off on a result', () => {
    const x = zeros([2]).requiresGrad_();
    const y = x.add(1);
    expect(y.requiresGrad).toBe(true);
    expect(() => y.requiresGrad_(false)).toThrow(
      'requiresGrad: it can be switched off only on a leaf, got the result of add; use detach()',
    );
    expect(y.requiresGrad_().isLeaf).toBe(false);
    expect(x.requiresGrad_(false).mul(2).requiresGrad).toBe(false);
  });
});

describe('where a gradient goes', () => {
  it('is settled when an op is applied, whether or not its rule reads the input', () => {
    const [x, w] = [tensor([1, 2]), leaf([3, 4])];
    const results = [x.mul(w), x.add(w)];
    x.requiresGrad_();
    w.requiresGrad_(false);
    for (const y of results) {
      y.sum().backward();
      expect(x.grad).toBeNull();
      expect(w.grad).not.toBeNull();
      w.grad = null;
    }
  });
});

describe('an input without a rule', () => {
  it('is no way for a gradient: its own history stays as it is', () => {
    const [m, x] = [leaf([0, 1]), leaf([3, 4])];
    const mask = m.exp().sub(1);
    x.where(mask, 0).sum().backward();
    expect(x.grad).toBeAllClose([0, 1]);
    expect(m.grad).toBeNull();
    mask.sum().backward(); // not released by the pass above
    x.where(mask, 0).sum().backward(); // nor does it matter that it is now
    expect(x.grad).toBeAllClose([0, 2]);
    expect(() => grad(x.where(mask, 0).sum(), [m])).toThrow('the outputs must depend on every input');
  });
});

describe('backward', () => {
  it('adds to .grad pass after pass', () => {
    const x = leaf([1, 2]);
    x.square().sum().backward();
    expect(x.grad).toBeAllClose([2, 4]);
    x.mul(10).sum().backward();
    expect(x.grad).toBeAllClose([12, 14]);
    x.grad = null;
    x.sum().backward();
    expect(x.grad).toBeAllClose([1, 1]);
  });

  it('gives .grad the dtype of the leaf, in memory of its own', () => {
    const [a, b] = [leaf([1, 2]), leaf([3, 4])];
    a.add(b).sum().backward();
    expect(a.grad!.nd.data).not.toBe(b.grad!.nd.data);
    expect(a.grad!.isContiguous()).toBe(true);
    const x = leaf([1]);
    x.backward(tensor([2], { dtype: 'float64' }));
    expect(x.grad!.dtype).toBe('float32');
    const mixed = leaf([1, 2]);
    mixed
      .mul(tensor([3, 4], { dtype: 'float64' }))
      .sum()
      .backward();
    expect(mixed.grad!.dtype).toBe('float32');
    expect(mixed.grad).toBeAllClose([3, 4]);
  });

  it('gives .grad memory of its own with createGraph too', () => {
    const [a, b] = [leaf([1, 2]), leaf([3, 4])];
    a.add(b).sum().backward({ createGraph: true });
    expect(a.grad).not.toBe(b.grad);
    noGrad(() => a.grad!.zero_());
    expect(b.grad).toBeAllClose([1, 1]);
  });

  it('sums what reaches a node by several ways: diamonds, and an input used twice in one op', () => {
    const x = leaf(3);
    const h = x.square(); // 9
    h.mul(h).add(h.mul(2)).add(x).backward(); // x⁴ + 2x² + x
    expect(x.grad!.item()).toBe(4 * 27 + 4 * 3 + 1);
    const y = leaf([2, 5]);
    y.mul(y).sum().backward();
    expect(y.grad).toBeAllClose([4, 10]);
  });

  it('gives a node its whole gradient although it also feeds something that the loss does not use', () => {
    const x = leaf([1, 2]);
    const h = x.mul(3);
    const unused = [h.exp(), h.sum(), h.mul(h)];
    h.square().sum().backward();
    expect(x.grad).toBeAllClose([18, 36]);
    expect(unused).toHaveLength(3);
  });

  it('runs the rule of a shared node once, after all that it feeds', () => {
    const { times, calls } = countedProduct();
    const [x, y] = [leaf(2), leaf(3)];
    const h = times(x, y);
    h.exp().add(h.sin()).add(h.mul(h)).backward();
    expect(calls).toEqual([1, 1]);
    expect(x.grad!.item()).toBeCloseTo(3 * (Math.exp(6) + Math.cos(6) + 12), 2);
  });

  it('runs only the rules whose gradient someone needs', () => {
    const { times, calls } = countedProduct();
    times(leaf([1, 2]), tensor([3, 4]))
      .sum()
      .backward();
    expect(calls).toEqual([1, 0]);
    const [a, b, c] = [leaf(1), leaf(2), leaf(3)];
    const [g] = grad(times(times(a, b), c), [b]);
    expect(calls).toEqual([2, 1]); // the outer product's first, the inner one's second
    expect(g.item()).toBe(3);
  });

  it('takes a gradient of the shape of the result, and needs none for a single number', () => {
    const x = leaf([1, 2]);
    x.square().backward(tensor([1, 10]));
    expect(x.grad).toBeAllClose([2, 40]);
    const one = leaf([[3]]);
    one.square().backward();
    expect(one.grad).toBeAllClose([[6]]);
    expect(() => x.square().backward()).toThrow(
      'backward: without a gradient the output must be a single number, got shape [2]; reduce it first, as by sum(), or pass a gradient of its shape',
    );
    expect(() => x.square().backward(ones([3]))).toThrow(
      new ShapeError('backward', "the gradient must have the output's shape [2]", '[3]'),
    );
    expect(() => x.square().backward({ gradient: ones([1]) })).toThrow(ShapeError);
  });

  it('refuses a result without a history', () => {
    expect(() => tensor(1).backward()).toThrow(
      'backward: the output must depend on a tensor with requiresGrad, got one without a history',
    );
    expect(() => noGrad(() => leaf(1).mul(2)).backward()).toThrow(
      'was it made inside noGrad, or from detached tensors?',
    );
  });

  it('on a leaf itself gives 1', () => {
    const x = leaf(5);
    x.backward();
    expect(x.grad!.item()).toBe(1);
  });

  it('with inputs adds to these alone, leaves or not', () => {
    const [x, w] = [leaf([1, 2]), leaf([3, 4])];
    const h = x.mul(w);
    h.square()
      .sum()
      .backward({ inputs: [x, h] });
    expect(x.grad).toBeAllClose([2 * 1 * 9, 2 * 2 * 16]);
    expect(h.grad).toBeAllClose([6, 16]);
    expect(w.grad).toBeNull();
    expect(() => x.sum().backward({ inputs: [tensor([1])] })).toThrow(
      'backward: every input must have requiresGrad, got one without at place 0',
    );
  });

  it('works inside noGrad on a graph from outside', () => {
    const x = leaf(3);
    const y = x.square();
    noGrad(() => y.backward());
    expect(x.grad!.item()).toBe(6);
    expect(x.grad!.requiresGrad).toBe(false);
  });
});

describe('a graph', () => {
  it('is released by backward: a second pass throws, names the op, and touches no .grad', () => {
    const [x, w] = [leaf([1, 2]), leaf([3, 4])];
    const y = x.mul(w).sum();
    y.backward();
    expect(() => y.backward()).toThrow(GradError);
    expect(() => y.backward()).toThrow(/already released at (sum|mul); .*retainGraph: true/);
    expect(x.grad).toBeAllClose([3, 4]);
    expect(w.grad).toBeAllClose([1, 2]);
  });

  it('that shares a released part throws before anything is added', () => {
    const [x, z] = [leaf(2), leaf(3)];
    const shared = x.exp();
    shared.mul(2).backward();
    expect(() => shared.mul(z).backward()).toThrow('got one already released at exp');
    expect(z.grad).toBeNull();
  });

  it('is kept by retainGraph', () => {
    const x = leaf([1, 2]);
    const y = x.square().sum();
    y.backward({ retainGraph: true });
    y.backward({ retainGraph: true });
    y.backward();
    expect(x.grad).toBeAllClose([6, 12]);
    expect(() => y.backward()).toThrow(GradError);
  });

  it('is kept by createGraph, unless retainGraph says otherwise', () => {
    const x = leaf(2);
    const y = x.pow(3);
    y.backward({ createGraph: true });
    const first = x.grad!;
    expect(first.requiresGrad).toBe(true);
    x.grad = null;
    first.backward(); // 3x² → 6x
    expect(x.grad!.item()).toBe(12);
    const z = x.exp();
    z.backward({ createGraph: true, retainGraph: false });
    expect(() => z.backward()).toThrow(GradError);
  });

  it('a million ops deep runs forward and backward without a stack to overflow', { timeout: 30_000 }, () => {
    const x = leaf(1);
    let y = x.mul(1);
    for (let i = 1; i < 1_000_000; i++) y = y.neg();
    y.backward();
    expect(x.grad!.item()).toBe(-1);
  });
});

describe('retainGrad', () => {
  it('lets backward set .grad on a result, with all that reaches it', () => {
    const x = leaf([1, 2]);
    const h = x.mul(2).retainGrad();
    const k = x.mul(3);
    h.mul(h).sum().add(h.sum()).add(k.sum()).backward();
    expect(h.grad).toBeAllClose([5, 9]);
    expect(k.grad).toBeNull();
    expect(x.grad).toBeAllClose([13, 21]);
    expect(h.requiresGrad && !h.isLeaf).toBe(true);
  });

  it('adds up pass after pass, and changes nothing on a leaf', () => {
    const x = leaf(3).retainGrad();
    const h = x.mul(2).retainGrad();
    const y = h.square();
    y.backward({ retainGraph: true });
    y.backward();
    expect(h.grad!.item()).toBe(24);
    expect(x.grad!.item()).toBe(48);
  });

  it('lets grad() and backward({ inputs }) leave its .grad alone', () => {
    const x = leaf(3);
    const h = x.mul(2).retainGrad();
    grad(h.square(), [x], { retainGraph: true });
    h.square().backward({ inputs: [x] });
    expect(h.grad).toBeNull();
  });
});

it('a second pass sees a gradient that was changed in place, also through an op whose fused rules share their work', () => {
  const [x, w, h, c] = [
    [3, 2, 8],
    [8, 2],
    [2, 2],
    [2, 2],
  ].map((shape) => randn(shape).requiresGrad_());
  const y = apply(ops.lstm, x, w, h, c, false);
  const g = randn(y.shape);
  const pass = (): Tensor[] => grad(y, [x, w, h, c], { gradOutputs: [g], retainGraph: true });
  const first = pass();
  g.mul_(2);
  pass().forEach((twice, i) => expect(twice).toBeAllClose(first[i].mul(2)));
});
