/** Planted mistakes in the rules of ops: the checks must find each, and must pass the right rule beside it. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apply, defineOp, Tensor, type Nd, type Op } from '../../src/index.ts';
import * as indexing from '../../src/kernels/indexing.ts';
import { gradcheck, gradgradcheck, GradcheckError, indices, tensors } from '../../src/testing/index.ts';

const leaves = (shape?: readonly number[]): fc.Arbitrary<Tensor> =>
  tensors({ dtype: 'float64', requiresGrad: true, min: -1, max: 1, ...(shape && { shape }) });

const tanh = (rule: (g: Tensor, y: Tensor) => Tensor): Op<[x: Nd]> =>
  defineOp({ name: 'tanh', forward: (x: Nd) => new Tensor(x).tanh().nd, vjp: [rule] });

describe('an elementwise rule', () => {
  const right = tanh((g, y) => g.mul(y.square().neg().add(1)));
  const wrong = tanh((g, y) => g.mul(y.square().add(1)));
  const onlyFirst = tanh((g, y) => g.mul(y.detach().square().neg().add(1)));

  test('of 1 − tanh² passes', () => {
    fc.assert(
      fc.property(leaves(), (x) => {
        gradcheck((x) => apply(right, x), [x]);
        if (x.numel() <= 8) gradgradcheck((x) => apply(right, x), [x]);
      }),
      { numRuns: 30, seed: 1 },
    );
  });

  test('of 1 + tanh² is caught, with op, input, position, and what was expected', () => {
    const x = new Tensor({ data: Float64Array.of(0, 0.5), shape: [2], strides: [1], offset: 0 }, true);
    expect(() => gradcheck((x) => apply(wrong, x), [x], { name: 'tanh' })).toThrow(
      /^tanh: wrong gradient of output \[1\] with respect to input 0, of shape \[2\], at \[1\]\n {2}got +1.213\d+\n {2}expected 0.786\d+ \(by finite differences\)/,
    );
  });

  test('of 1 + tanh² is not seen at 0, where it is right: inputs must vary', () => {
    const { counterexample } = fc.check(
      fc.property(leaves(), (x) => gradcheck((x) => apply(wrong, x), [x])),
      { seed: 1 },
    );
    const [x] = counterexample!;
    expect([x.shape, Math.abs(x.item())]).toEqual([[], 1 / 32]);
  });

  test('that detaches what it saved passes at first order, and is caught at second', () => {
    fc.assert(
      fc.property(leaves(), (x) => gradcheck((x) => apply(onlyFirst, x), [x])),
      { numRuns: 30, seed: 1 },
    );
    const { counterexample, errorInstance } = fc.check(
      fc.property(leaves(), (x) => gradgradcheck((x) => apply(onlyFirst, x), [x], { name: 'tanh' })),
      { seed: 1 },
    );
    expect(String(errorInstance)).toMatch(/tanh, second order: wrong gradient of output .* with respect to input 0/);
    expect(counterexample![0].numel()).toBe(1);
  });
});

describe('a rule of two inputs', () => {
  const addRow = (rule: (g: Tensor) => Tensor): Op<[x: Nd, row: Nd]> =>
    defineOp({
      name: 'addRow',
      forward: (x: Nd, row: Nd) => new Tensor(x).add(new Tensor(row)).nd,
      vjp: [(g) => g, rule],
    });

  test('that gives a broadcast input the first slice of its gradient is caught, at the input that was broadcast', () => {
    const pair = fc.tuple(leaves([3, 2]), leaves([2]));
    const check = (op: Op<[x: Nd, row: Nd]>) =>
      fc.check(fc.property(pair, (pair) => gradcheck((x, row) => apply(op, x, row), pair)), { numRuns: 20, seed: 1 }); // prettier-ignore
    expect(check(addRow((g) => g.sum(0))).failed).toBe(false);
    expect(check(addRow((g) => g)).failed).toBe(false); // the engine sums
    expect(String(check(addRow((g) => g.select(0, 0))).errorInstance)).toMatch(
      /wrong gradient of output .* with respect to input 1/,
    );
  });
});

describe('a gather whose scatter assigns in place of adding', () => {
  const drops = defineOp({
    name: 'gather',
    forward: (x: Nd, index: Nd, dim: number) => indexing.gather(x, index, dim),
    reads: 'inputs',
    vjp: [(g, _y, x, index, dim) => x.zerosLike().scatter(dim, index, g), null],
  });
  const report = (distinct: boolean): fc.RunDetails<[[Tensor, Tensor]]> =>
    fc.check(
      fc.property(fc.tuple(leaves([3]), indices(3, { distinct })), ([x, index]) =>
        gradcheck((x) => apply(drops, x, index, 0), [x], { name: 'gather' }),
      ),
      { seed: 1 },
    );

  test('is caught by repeated indices, and shrinks to one index that stands twice', () => {
    const { counterexample, errorInstance } = report(false);
    expect(errorInstance).toBeInstanceOf(GradcheckError);
    expect(counterexample![0][1].toArray()).toEqual([0, 0]);
  });

  test('is not seen where no index repeats', () => {
    expect(report(true).failed).toBe(false);
  });
});
