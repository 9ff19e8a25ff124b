/** Laws that hold between functions, on tensors of any shape and layout: what one says of another, PyTorch aside. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/tensor.ts';
import { broadcastable, shapes, tensors } from '../../src/testing/index.ts';
import { compare } from '../allclose.ts';

const tolerance = { rtol: 1e-10, atol: 1e-10 };
type Range = readonly [min: number, max: number];
type Sides = readonly [Tensor, Tensor];
const holds = ([left, right]: Sides): void => {
  expect(compare(left, right, tolerance)).toBeNull();
};
const leaf = (shape: Parameters<typeof tensors>[0], [min, max]: Range): fc.Arbitrary<Tensor> =>
  tensors({ ...shape, dtype: 'float64', min, max });

type Law = readonly [title: string, property: fc.IRawProperty<unknown>];

/** Both sides are equal, for numbers in the range. */
function law(title: string, sides: (x: Tensor) => Sides, range: Range = [-3, 3]): Law {
  const x = leaf({ shape: shapes({ minRank: 1, maxRank: 3, minSize: 1 }) }, range);
  return [title, fc.property(x, (x) => holds(sides(x)))];
}

/** The same of two tensors that broadcast. */
function lawOfTwo(title: string, sides: (a: Tensor, b: Tensor) => Sides, first: Range, second = first): Law {
  const pairs = broadcastable(2).chain(([a, b]) => fc.tuple(leaf({ shape: a }, first), leaf({ shape: b }, second)));
  return [title, fc.property(pairs, ([a, b]) => holds(sides(a, b)))];
}

const check = (_: string, property: Law[1]): void | Promise<void> => fc.assert(property, { numRuns: 50 });

const last = (x: Tensor): Tensor => x.select(-1, -1);
const all = (x: Tensor): Tensor => x.onesLike().sum();

describe('scans end with the reduction', () => {
  it.each([
    law('sums', (x) => [last(x.cumsum(-1)), x.sum(-1)]),
    law('products', (x) => [last(x.cumprod(-1)), x.prod(-1)]),
    law('the largest', (x) => [last(x.cummax(-1).values), x.amax(-1)]),
    law('the smallest', (x) => [last(x.cummin(-1).values), x.amin(-1)]),
    law('log Σ exp', (x) => [last(x.logcumsumexp(-1)), x.logsumexp(-1)]),
    law('and differences undo sums', (x) => [x.cumsum(0).diff({ dim: 0, prepend: x.narrow(0, 0, 1).zerosLike() }), x]),
  ])('%s', check);
});

describe('statistics', () => {
  it.each([
    law('quantiles 0 and 1 are the ends', (x) => [x.quantile(0, 0).add(x.quantile(1, 0)), x.amin(0).add(x.amax(0))]),
    law('the lower middle is the median', (x) => {
      return [x.quantile(0.5, -1, { interpolation: 'lower' }), x.median(-1).values];
    }),
    law('unique values lead back to all', (x) => {
      const { values, inverse } = x.unique();
      return [values.gather(0, inverse.flatten()).reshape(x.shape), x];
    }),
    law('unique counts add up', (x) => [x.unique().counts.sum(), all(x)]),
    law('a mode is as frequent as anything', (x) => {
      const flat = x.flatten();
      return [flat.eq(flat.mode().values).sum(), flat.unique().counts.amax()];
    }),
    law('a histogram counts all', (x) => [x.histc({ bins: 7, min: -3, max: 3 }).sum(), all(x)]),
    law(
      'bins are those of a histogram',
      (x) => {
        const whole = x.flatten().round();
        return [whole.bincount({ minlength: 4 }), whole.histc({ bins: 4, min: -0.5, max: 3.5 })];
      },
      [0, 3],
    ),
    law('the covariance of a row is its variance', (x) => {
      return [x.flatten().cov({ correction: 0 }), x.var(undefined, { correction: 0 })];
    }),
    law('a norm is that of its parts', (x) => [x.norm(3), x.norm(3, 0).norm(3)]),
  ])('%s', check);
});

describe('functions', () => {
  it.each([
    law('erfinv undoes erf', (x) => [x.erf().erfinv(), x], [-2, 2]),
    law('erf and erfc add up to 1', (x) => [x.erf().add(x.erfc()), x.onesLike()]),
    law('Γ(x + 1) = x·Γ(x)', (x) => [x.add(1).lgamma(), x.lgamma().add(x.abs().log())], [0.25, 9]),
    law('ψ(x + 1) = ψ(x) + 1/x', (x) => [x.add(1).digamma(), x.digamma().add(x.reciprocal())], [0.25, 9]),
    law('ψ″(x + 1) = ψ″(x) + 2/x³', (x) => [x.add(1).polygamma(2), x.polygamma(2).add(x.pow(-3).mul(2))], [0.25, 9]),
    law('logit undoes sigmoid', (x) => [x.sigmoid().logit(), x]),
    law('sinh undoes asinh', (x) => [x.asinh().sinh(), x]),
    law('a number is its whole part and its fraction', (x) => [x.trunc().add(x.frac()), x]),
    lawOfTwo(
      'a = b·⌊a/b⌋ + remainder',
      (a, b) => [b.mul(a.div(b, { roundingMode: 'floor' })).add(a.remainder(b)), a.add(b.mul(0))],
      [-3, 3],
      [0.25, 2],
    ),
    lawOfTwo(
      'a = b·trunc(a/b) + fmod',
      (a, b) => [b.mul(a.div(b, { roundingMode: 'trunc' })).add(a.fmod(b)), a.add(b.mul(0))],
      [-3, 3],
      [-2, -0.25],
    ),
    lawOfTwo('fmax and fmin share out a and b', (a, b) => [a.fmax(b).add(a.fmin(b)), a.add(b)], [-3, 3]),
    lawOfTwo(
      'a∧b and a∨b add up to a and b',
      (a, b) => {
        const [p, q] = [a.round(), b.round()];
        return [p.bitwiseAnd(q).add(p.bitwiseOr(q)), p.add(q)];
      },
      [-99, 99],
    ),
    lawOfTwo(
      'a⊻b is a∨b less a∧b',
      (a, b) => {
        const [p, q] = [a.round(), b.round()];
        return [p.bitwiseXor(q), p.bitwiseOr(q).sub(p.bitwiseAnd(q))];
      },
      [-99, 99],
    ),
    lawOfTwo('hypot and atan2 lead back to a', (a, b) => [a.hypot(b).mul(a.atan2(b).sin()), a.add(b.mul(0))], [-3, 3]),
    lawOfTwo('logaddexp is log of the sum of exp', (a, b) => [a.logaddexp(b), a.exp().add(b.exp()).log()], [-3, 3]),
  ])('%s', check);
});

describe('the laws', () => {
  it('are broken by a wrong scan', () => {
    const wrong = fc.property(leaf({ shape: shapes({ minRank: 1, minSize: 2 }) }, [1, 3]), (x) => {
      holds([x.cumsum(-1).select(-1, -2), x.sum(-1)]);
    });
    expect(fc.check(wrong).failed).toBe(true);
  });
});
