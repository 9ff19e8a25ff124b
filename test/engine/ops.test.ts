import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Nd } from '../../src/array/nd.ts';
import { cat, ones, tensor } from '../../src/create.ts';
import { grad, noGrad } from '../../src/engine.ts';
import { defineOp } from '../../src/ops/op.ts';
import { apply, type Tensor } from '../../src/tensor.ts';
import { gradcheck, gradgradcheck } from '../../src/testing/gradcheck.ts';
import { leaf } from './helpers.ts';

const elementwise = (f: (v: number) => number) => (x: Nd): Nd => ({ ...x, data: x.data.map((v) => f(v)) }); // prettier-ignore

describe('an op of your own', () => {
  const softplus = defineOp({
    name: 'softplus',
    forward: elementwise((v) => Math.log1p(Math.exp(v))),
    reads: 'inputs',
    vjp: [(g, _y, x) => g.mul(x.sigmoid())],
  });

  it('is a record and a call of apply, differentiable to any order', () => {
    const x = tensor([[-1, 0.5], [2, -0.3]], { dtype: 'float64', requiresGrad: true }); // prettier-ignore
    gradcheck((t) => apply(softplus, t), [x]);
    gradgradcheck((t) => apply(softplus, t), [x]);
    expect(apply(softplus, x).toString()).toContain('from softplus');
    expect(noGrad(() => apply(softplus, x)).requiresGrad).toBe(false);
  });

  it('has its options after its arrays, and lists as well', () => {
    const weighted = defineOp({
      name: 'weighted',
      forward: (xs: readonly Nd[], weights: readonly number[], shift: number): Nd => ({
        ...xs[0],
        data: xs[0].data.map((_, e) => xs.reduce((sum, x, i) => sum + weights[i] * x.data[e], shift)),
      }),
      reads: 'nothing',
      vjp: [(g, _y, _xs, weights, _shift, item) => g.mul(weights[item])],
    });
    const [a, b, c] = [leaf([1, 2]), tensor([3, 4]), leaf([5, 6])];
    const y = apply(weighted, [a, b, c], [1, 10, 100], 7);
    expect(y).toBeAllClose([1 + 30 + 500 + 7, 2 + 40 + 600 + 7]);
    y.sum().backward();
    expect([a.grad, b.grad]).toEqual([expect.anything(), null]);
    expect(c.grad).toBeAllClose([100, 100]);
  });

  it('gets broadcast gradients summed back to the shape of its input', () => {
    const plus = defineOp({ name: 'plus', forward: (a: Nd, _b: Nd) => a, vjp: [(g) => g, (g) => g] });
    const [a, b] = [leaf([[1, 2, 3], [4, 5, 6]]), leaf([[1], [1]])]; // prettier-ignore
    apply(plus, a, b).sum().backward();
    expect(b.grad).toBeAllClose([[3], [3]]);
  });

  it('whose rule returns a gradient that does not fit is named', () => {
    const bad = defineOp({ name: 'bad', forward: elementwise((v) => v), vjp: [() => ones([3])] });
    expect(() =>
      apply(bad, leaf([1, 2]))
        .sum()
        .backward(),
    ).toThrow("bad: its rule must return a gradient of the input's shape [2], got [3]");
    const small = defineOp({ name: 'small', forward: elementwise((v) => v), vjp: [(g) => g.sum()] });
    expect(() =>
      apply(small, leaf([1, 2]))
        .sum()
        .backward(),
    ).toThrow("small: its rule must return a gradient of the input's shape [2], got []");
  });

  it('that returns its input is a view: it shares the count of writes', () => {
    const same = defineOp({ name: 'same', forward: (x: Nd) => x, reads: 'nothing', vjp: [(g) => g] });
    const x = tensor([1, 2]);
    const y = apply(same, x);
    y.add_(1);
    expect(x.version).toBe(1);
    expect(x.toArray()).toEqual([2, 3]);
  });

  it('uses its fused row when no graph of the gradient is built, and its rule when one is', () => {
    const used: string[] = [];
    const op = defineOp({
      name: 'half',
      forward: elementwise((v) => v / 2),
      reads: 'nothing',
      vjp: [
        (g) => {
          used.push('rule');
          return g.mul(0.5);
        },
      ],
      fused: [
        (g) => {
          used.push('fused');
          return elementwise((v) => v / 2)(g);
        },
      ],
    });
    const x = leaf(4);
    expect(grad(apply(op, x), [x])[0].item()).toBe(0.5);
    expect(grad(apply(op, x), [x], { createGraph: true })[0].item()).toBe(0.5);
    expect(used).toEqual(['fused', 'rule']);
  });
});

describe('a list of tensors', () => {
  it('gives each its own part, one tensor in it twice the sum, and a constant nothing', () => {
    const [x, c] = [leaf([1, 2]), tensor([5])];
    cat([x, c, x])
      .mul(tensor([1, 2, 3, 4, 5]))
      .sum()
      .backward();
    expect(x.grad).toBeAllClose([5, 7]);
    expect(c.grad).toBeNull();
  });
});

describe('saved values', () => {
  it('are let go as soon as the rule has run, while the pass is still under way', () => {
    const x = leaf([1, 2]);
    const first = x.exp();
    const second = first.sin();
    const third = second.mul(second);
    const kept = (y: Tensor): boolean => (y.slot as { args: unknown }).args !== null;
    const seen: boolean[][] = [];
    for (const y of [third, second, first]) y.registerHook(() => void seen.push([third, second, first].map(kept)));
    third.sum().backward();
    expect(seen).toEqual([[true, true, true], [false, true, true], [false, false, true]]); // prettier-ignore
    expect([third, second, first].map(kept)).toEqual([false, false, false]);
  });

  it('go to the garbage collector although the result stays', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const x = leaf(new Float32Array(1000).fill(0.1));
    const refs: WeakRef<object>[] = [];
    const forward = (): Tensor => {
      const hidden = x.exp(); // read by mul, and by exp itself
      refs.push(new WeakRef(hidden.nd.data));
      return hidden.mul(hidden).sum();
    };
    const y = forward();
    await new Promise((resolve) => setTimeout(resolve));
    gc();
    expect(refs[0].deref()).toBeDefined();
    y.backward();
    await new Promise((resolve) => setTimeout(resolve));
    gc();
    expect(refs[0].deref()).toBeUndefined();
    expect(y.requiresGrad).toBe(true);
  });

  it('of what no rule reads are not kept at all', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const x = leaf(new Float32Array(1000));
    const refs: WeakRef<object>[] = [];
    const forward = (): Tensor => {
      const hidden = x.add(1);
      refs.push(new WeakRef(hidden.nd.data));
      return hidden.add(2).sum();
    };
    const y = forward();
    await new Promise((resolve) => setTimeout(resolve));
    gc();
    expect(refs[0].deref()).toBeUndefined();
    y.backward();
    expect(x.grad!.sum().item()).toBe(1000);
  });
});
