import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/create.ts';
import { enableGrad, isGradEnabled, noGrad } from '../../src/engine.ts';
import { leaf } from './helpers.ts';

describe('noGrad and enableGrad', () => {
  it('switch recording off and on, nest, and give back what the function returns', () => {
    const x = leaf(2);
    const seen = noGrad(() => [
      isGradEnabled(),
      x.mul(2).requiresGrad,
      enableGrad(() => [isGradEnabled(), x.mul(2).requiresGrad, noGrad(() => isGradEnabled()), isGradEnabled()]),
      isGradEnabled(),
    ]);
    expect(seen).toEqual([false, false, [true, true, false, true], false]);
    expect(isGradEnabled()).toBe(true);
  });

  it('are back as they were when the function throws', () => {
    const fails = (): never => {
      throw new Error('inside');
    };
    expect(() => noGrad(fails)).toThrow('inside');
    expect(isGradEnabled()).toBe(true);
    noGrad(() => {
      expect(() => enableGrad(fails)).toThrow('inside');
      expect(isGradEnabled()).toBe(false);
    });
  });

  it('refuse an async function, whose rest would run with the switch back again', () => {
    expect(() => noGrad(async () => Promise.resolve(1))).toThrow(
      'noGrad: the function must not be async: the switch is off again at its first await, got a Promise; await first',
    );
    expect(() => enableGrad(async () => Promise.resolve(1))).toThrow('enableGrad: the function must not be async');
    expect(isGradEnabled()).toBe(true);
  });

  it('leave leaves that are made inside as leaves', () => {
    const x = noGrad(() => leaf(3));
    x.square().backward();
    expect(x.grad!.item()).toBe(6);
  });
});

describe('detach', () => {
  it('shares memory and the count of writes, and has no history', () => {
    const x = leaf([1, 2]);
    const d = x.detach();
    expect(d.nd).toBe(x.nd);
    expect(d.requiresGrad).toBe(false);
    d.fill_(7);
    expect(x.toArray()).toEqual([7, 7]);
    expect([x.version, d.version]).toEqual([1, 1]);
    expect(d.grad).toBeNull();
  });

  it('stops the gradient there and nowhere else', () => {
    const x = leaf(3);
    x.mul(x.detach()).backward();
    expect(x.grad!.item()).toBe(3);
  });
});

describe('in-place writes', () => {
  it('are refused while recording on what needs a gradient, and of what needs one', () => {
    const [x, c] = [leaf([1, 2]), tensor([1, 2])];
    const why = 'in-place changes are not recorded, so nothing that is written may need a gradient';
    expect(() => x.add_(1)).toThrow(`add_: ${why}`);
    expect(() => c.mul_(x)).toThrow(`mul_: ${why}`);
    expect(() => x.mul(2).zero_()).toThrow(`fill_: ${why}`);
    expect(() => c.copy_(x.exp())).toThrow(`copy_: ${why}`);
    expect(x.toArray()).toEqual([1, 2]);
    expect(noGrad(() => x.sub_(1).mul_(4).div_(2).add_(x)).toArray()).toEqual([0, 4]);
    expect(x.isLeaf && x.requiresGrad).toBe(true);
    expect(c.copy_(x.detach()).toArray()).toEqual([0, 4]);
  });

  it('take what broadcasts to the tensor, and nothing larger', () => {
    const x = tensor([[1, 2], [3, 4]]); // prettier-ignore
    expect(x.add_(tensor([10, 20])).toArray()).toEqual([[11, 22], [13, 24]]); // prettier-ignore
    expect(() => tensor([1, 2]).add_(x)).toThrow('add_: the operand must broadcast to [2], got [2, 2]');
    expect(() => x.add_(tensor([1, 2, 3]))).toThrow('add_: sizes must be equal or 1');
    expect(x.version).toBe(1);
  });

  it('through a view reach the base, also where both overlap', () => {
    const x = tensor([1, 2, 3, 4]);
    x.slice(0, 1).copy_(x.slice(0, 0, 3));
    expect(x.toArray()).toEqual([1, 1, 2, 3]);
    x.copy_(x.flip(0));
    expect(x.toArray()).toEqual([3, 2, 1, 1]);
    x.reshape([2, 2]).t().select(0, 0).fill_(9);
    expect(x.toArray()).toEqual([9, 2, 9, 1]);
  });

  it('keep the dtype of the tensor', () => {
    const x = tensor([1, 2]);
    x.add_(tensor([0.1, 0.2], { dtype: 'float64' }));
    expect(x.dtype).toBe('float32');
    expect(x).toBeAllClose([1.1, 2.2]);
  });

  it('are refused on an expanded view, whose elements share memory', () => {
    const x = tensor([1]).expand([3]);
    expect(() => x.add_(tensor([1, 2, 3]))).toThrow(
      'add_: every element must have memory of its own, got a view that repeats some',
    );
  });
});

describe('a value that a rule reads', () => {
  it('may not change between forward and backward: the error names the op', () => {
    const [x, w] = [leaf([1, 2]), leaf([3, 4])];
    const y = x.mul(w).sum();
    noGrad(() => w.add_(1));
    expect(() => y.backward()).toThrow(
      'mul: the values that its rule reads must be those of the forward pass, got one that was changed in place since; change it after backward, or change a clone()',
    );
    expect(x.grad).toBeNull();
    const z = x.exp();
    noGrad(() => z.zero_());
    expect(() => z.sum().backward()).toThrow('exp: the values that its rule reads');
  });

  it('a pass that cannot end does not begin: nothing is released, and no .grad is written', () => {
    const [a, b] = [leaf(2), leaf(3)];
    const saved = tensor(5);
    const loss = a.mul(saved).add(b.exp()); // exp is newer than mul, so its turn would come first
    saved.add_(1);
    expect(() => loss.backward()).toThrow('mul: the values');
    expect([a.grad, b.grad]).toEqual([null, null]);
    expect(() => loss.backward()).toThrow('mul: the values'); // and not: already released
  });

  it('is watched through views, detached aliases and views of views', () => {
    const ways: ((x: ReturnType<typeof leaf>) => unknown)[] = [
      (x) => x.detach().add_(1),
      (x) => x.detach().reshape([4]).slice(0, 1, 2).zero_(),
      (x) => noGrad(() => x.t().select(0, 1).zero_()),
      (x) => noGrad(() => x.detach().flip(0, 1).permute(1, 0).fill_(1)),
    ];
    for (const change of ways) {
      const x = leaf([[1, 2], [3, 4]]); // prettier-ignore
      const y = x.square().sum();
      change(x);
      expect(() => y.backward()).toThrow('square: the values that its rule reads');
    }
    const x = leaf([[1, 2], [3, 4]]); // prettier-ignore
    const y = x.t().square().sum(); // the op read a view; the base is written to
    noGrad(() => x.zero_());
    expect(() => y.backward()).toThrow('square: the values that its rule reads');
  });

  it('may change in a copy, after backward, or where no rule reads it', () => {
    const x = leaf([1, 2]);
    const y = x.square().sum();
    noGrad(() => x.clone().zero_());
    noGrad(() => x.reshape([2, 1]).contiguous().clone().zero_());
    y.backward();
    noGrad(() => x.sub_(x.grad!));
    expect(x.toArray()).toEqual([-1, -2]);
    const z = x.add(1).mul(2).sum();
    noGrad(() => x.zero_()); // add reads nothing, mul reads its own inputs
    x.grad = null;
    z.backward();
    expect(x.grad).toBeAllClose([2, 2]);
  });
});
