/** Planted mistakes about memory: saved values that change before backward, and kernels that do not look at strides. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apply, defineOp, GradError, noGrad, tensor, type Nd, type Op, type Tensor } from '../../src/index.ts';
import { allocate } from '../../src/array/memory.ts';
import { dtypeOf, nd, sizeOf } from '../../src/array/nd.ts';
import { gradcheck, GradcheckError, tensors, type TensorsOptions } from '../../src/testing/index.ts';

const leaf = (...values: number[]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });

describe('a saved value that is changed in place before backward is refused, and the op is named', () => {
  const x = (): Tensor => leaf(1, 2);
  const cases: Record<string, () => Tensor> = {
    exp: () => {
      const y = x().exp(); // its rule reads the output
      noGrad(() => y.mul_(2));
      return y;
    },
    mul: () => {
      const w = tensor([3, 4], { dtype: 'float64' }); // its rule reads the other input
      const y = x().mul(w);
      w.fill_(0);
      return y;
    },
    sin: () => {
      const y = x().mul(2);
      const z = y.sin();
      noGrad(() => y.slice(0, 0, 1).zero_()); // through a view
      return z;
    },
    softmax: () => {
      const y = x().softmax(0);
      y.detach().add_(1); // through detach
      return y;
    },
  };

  test.each(Object.entries(cases))('%s', (op, make) => {
    const y = make();
    expect(() => y.sum().backward()).toThrow(GradError);
    expect(() => make().sum().backward()).toThrow(new RegExp(`^${op}: the values that its rule reads`));
  });

  test('but what no rule reads may change', () => {
    const a = leaf(1, 2);
    const y = a.add(1);
    noGrad(() => y.mul_(10));
    y.sum().backward();
    expect(a.grad!.toArray()).toEqual([1, 1]);
  });
});

describe('an op that breaks the rule that a forward only reads', () => {
  /** x², but the forward leaves its results in the memory of its input. */
  const scribbles = defineOp({
    name: 'scribble',
    forward: (x: Nd) => {
      for (let i = 0; i < x.data.length; i++) x.data[i] *= x.data[i];
      return nd(x.data.slice(), x.shape);
    },
    vjp: [(g, _y, x) => g.mul(x).mul(2)],
  });

  test('over an input of the function is caught, and the input is named', () => {
    expect(() => gradcheck((_a, b) => apply(scribbles, b), [leaf(1), leaf(0.5, 2)], { name: 'scribble' })).toThrow(
      'scribble: it changes the values of input 1, of shape [2], in place',
    );
  });

  test('over a value that another op has saved is caught by what the gradient is then', () => {
    expect(() => gradcheck((x) => apply(scribbles, x.exp()), [leaf(0.5)])).toThrow(GradcheckError);
    expect(() => gradcheck((x) => x.exp().square(), [leaf(0.5)])).not.toThrow();
  });

  test('or that gives out one buffer again and again, which its own rule reads, is caught where it is used twice', () => {
    const buffer = new Float64Array(1);
    const reuses = defineOp({
      name: 'exp',
      forward: (x: Nd) => {
        buffer[0] = Math.exp(x.data[x.offset]);
        return nd(buffer, x.shape);
      },
      vjp: [(g, y) => g.mul(y)],
    });
    expect(() => gradcheck((x) => apply(reuses, apply(reuses, x)), [leaf(0.5)])).toThrow(GradcheckError);
    expect(() => gradcheck((x) => x.exp().exp(), [leaf(0.5)])).not.toThrow();
  });
});

describe('a kernel over strided arrays', () => {
  /** x², of x as `see` sees it. */
  const square = (see: (x: Nd) => Nd): Op<[x: Nd]> =>
    defineOp({
      name: 'square',
      forward: (x: Nd) => {
        const { data, shape, strides, offset } = see(x);
        const y = allocate(dtypeOf(x.data), sizeOf(shape));
        for (let e = 0; e < y.length; e++) {
          let at = offset;
          for (let d = shape.length - 1, rest = e; d >= 0; rest = Math.floor(rest / shape[d--])) {
            at += (rest % shape[d]) * strides[d];
          }
          y[e] = data[at] ** 2;
        }
        return nd(y, shape);
      },
      vjp: [(g, _y, x) => g.mul(x).mul(2)],
    });
  const right = square((x) => x);
  const wrong = {
    'ignores the strides': square((x) => nd(x.data, x.shape, undefined, x.offset)),
    'ignores the offset': square((x) => ({ ...x, offset: 0 })),
    'takes every step for a step forwards': square((x) => ({ ...x, strides: x.strides.map(Math.abs) })),
    'swaps the first two strides': square((x) => ({ ...x, strides: [...x.strides.slice(0, 2).reverse(), ...x.strides.slice(2)] })), // prettier-ignore
  };
  const agrees = (op: Op<[x: Nd]>, options: TensorsOptions): fc.RunDetails<[Tensor]> =>
    fc.check(
      fc.property(tensors(options), (x) => {
        expect(apply(op, x).toArray()).toEqual(x.square().toArray());
      }),
      { numRuns: 200, seed: 1 },
    );

  test('that reads them as they are passes', () => {
    expect(agrees(right, {})).toMatchObject({ counterexample: null });
    expect(agrees(right, { requiresGrad: true }).failed).toBe(false);
  });

  test.each(Object.entries(wrong).slice(0, 3))(
    'that %s passes on row-major tensors, and is caught in any layout',
    (_, op) => {
      expect(agrees(op, { layout: 'dense' }).failed).toBe(false);
      const { failed, counterexample } = agrees(op, {});
      expect(failed).toBe(true);
      expect(counterexample![0].numel()).toBeLessThanOrEqual(2);
    },
  );

  test.each(Object.entries(wrong))('that %s is caught by gradcheck as well', (_, op) => {
    const leaves = tensors({ dtype: 'float64', requiresGrad: true });
    const check = (op: Op<[x: Nd]>): boolean =>
      fc.check(
        fc.property(leaves, (x) => gradcheck((x) => apply(op, x), [x])),
        { numRuns: 60, seed: 1 },
      ).failed;
    expect(check(op)).toBe(true);
    expect(check(right)).toBe(false);
  });
});
