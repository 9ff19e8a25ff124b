import { describe, expect, it } from 'vitest';
import { ones, tensor } from '../../src/create.ts';
import { grad } from '../../src/engine.ts';
import { leaf } from './helpers.ts';

describe('a hook', () => {
  it('sees the complete gradient once a pass, on leaves and on results', () => {
    const x = leaf([1, 2]);
    const h = x.mul(2);
    const seen: string[] = [];
    x.registerHook((g) => void seen.push(`x ${String(g.toArray())}`));
    h.registerHook((g) => void seen.push(`h ${String(g.toArray())}`));
    const y = h.square().sum().add(h.sum()).add(x.sum());
    y.backward({ retainGraph: true });
    expect(seen).toEqual(['h 5,9', 'x 11,19']);
    y.backward();
    expect(seen).toHaveLength(4);
  });

  it('is called in the order of registration, each seeing what the one before returned', () => {
    const x = leaf(1);
    const seen: number[] = [];
    x.registerHook((g) => {
      seen.push(g.item());
      return g.mul(10);
    });
    x.registerHook((g) => {
      seen.push(g.item());
    });
    x.registerHook((g) => g.add(1));
    x.mul(3).backward();
    expect(seen).toEqual([3, 30]);
    expect(x.grad!.item()).toBe(31);
  });

  it('that replaces the gradient of a result changes what flows on, and its retained .grad', () => {
    const x = leaf([1, 2]);
    const h = x.mul(2).retainGrad();
    h.registerHook((g) => g.mul(0.5));
    h.sum().backward();
    expect(h.grad).toBeAllClose([0.5, 0.5]);
    expect(x.grad).toBeAllClose([1, 1]);
  });

  it('works in grad(), on an input that is a leaf or a result', () => {
    const x = leaf(2);
    x.registerHook((g) => g.mul(100));
    const h = x.mul(3);
    h.registerHook((g) => g.add(1));
    const [gx, gh] = grad(h.mul(5), [x, h]);
    expect(gh.item()).toBe(6);
    expect(gx.item()).toBe(1800);
  });

  it('is taken off by what registerHook returned, and only that registration', () => {
    const x = leaf(1);
    const twice = (g: typeof x): typeof x => g.mul(2);
    const off = x.registerHook(twice);
    x.registerHook(twice);
    off();
    off();
    x.mul(1).backward();
    expect(x.grad!.item()).toBe(2);
  });

  it('may take itself off while it runs', () => {
    const x = leaf(1);
    let calls = 0;
    const off = x.registerHook(() => {
      calls++;
      off();
    });
    x.registerHook(() => void calls++);
    x.mul(1).backward();
    x.mul(1).backward();
    expect(calls).toBe(3);
  });

  it('is part of the graph of the gradient with createGraph', () => {
    const x = leaf(3);
    const h = x.mul(1);
    h.registerHook((g) => g.mul(x)); // 2h becomes 2h·x
    const [g] = grad(h.square(), [x], { createGraph: true });
    expect(g.item()).toBe(18);
    expect(grad(g, [x])[0].item()).toBe(24); // 2h by x, and 2x by h, which the hook multiplies by x again
  });

  it('must return a gradient of the same shape, and needs a tensor that has one', () => {
    const x = leaf([1, 2]);
    x.registerHook(() => ones([1]));
    expect(() => x.sum().backward()).toThrow('hook: the gradient that it returns must have the shape [2], got [1]');
    expect(x.grad).toBeNull();
    expect(() => tensor(1).registerHook((g) => g)).toThrow(
      'registerHook: the tensor must have requiresGrad, got one without',
    );
  });

  it('that throws lets the error through and leaves recording on', () => {
    const x = leaf(1);
    x.registerHook(() => {
      throw new Error('from the hook');
    });
    expect(() => x.mul(1).backward()).toThrow('from the hook');
    expect(x.mul(2).requiresGrad).toBe(true);
  });
});
