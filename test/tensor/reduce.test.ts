import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/array/errors.ts';
import { arange, randn, tensor, zeros } from '../../src/create.ts';
import type { Tensor } from '../../src/tensor.ts';

const folds: Record<string, (values: number[]) => number> = {
  sum: (v) => v.reduce((a, b) => a + b, 0),
  mean: (v) => v.reduce((a, b) => a + b, 0) / v.length,
  amax: (v) => Math.max(...v),
  amin: (v) => Math.min(...v),
  any: (v) => (v.some((x) => x !== 0) ? 1 : 0),
  all: (v) => (v.every((x) => x !== 0) ? 1 : 0),
  logsumexp: (v) => Math.log(v.reduce((a, b) => a + Math.exp(b), 0)),
  prod: (v) => v.reduce((a, b) => a * b, 1),
  argmax: (v) => v.indexOf(Math.max(...v)),
  argmin: (v) => v.indexOf(Math.min(...v)),
  var: (v) => v.reduce((a, b) => a + (b - folds.mean(v)) ** 2, 0) / (v.length - 1),
  std: (v) => Math.sqrt(folds.var(v)),
};
type Name = 'sum'; // stands for all that take dim and keepdim
const several = ['sum', 'mean', 'amax', 'amin', 'any', 'all', 'logsumexp'] as const;

/** The reduction of x over dims, one group of elements at a time. */
function oracle(x: Tensor, name: string, dims: number[]): number[] {
  const groups = new Map<number, number[]>();
  const strides = x.shape.map((_, d) => x.shape.slice(d + 1).reduce((a, b) => a * b, 1));
  x.toTypedArray().forEach((value, e) => {
    const at = x.shape.map((size, d) => Math.floor(e / strides[d]) % size);
    const key = at.reduce((sum, i, d) => (dims.includes(d) ? sum : sum * x.shape[d] + i), 0);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  });
  return [...groups.entries()].sort(([a], [b]) => a - b).map(([, values]) => folds[name](values));
}

describe('a reduction', () => {
  const x = randn([2, 3, 4], { dtype: 'float64' }).mul(tensor([1, 0, 1, 1]));
  const views: [string, Tensor][] = [
    ['a dense tensor', x],
    ['a permuted one', x.permute(2, 0, 1)],
    ['a stepped one', x.slice(2, undefined, undefined, -2)],
    ['an expanded one', x.narrow(1, 1, 1).expand([2, 5, 4])],
  ];

  it.each(views)('over any dims of %s is that of its elements', (_, y) => {
    for (const dims of [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]) {
      for (const name of several) {
        const expected = oracle(y, name, dims);
        const got = y[name as Name](dims.map((d) => d - 3)); // counted from the back
        expect(got.shape).toEqual(y.shape.filter((_, d) => !dims.includes(d)));
        expect([...got.toTypedArray()]).toBeAllClose(expected, { rtol: 1e-12, atol: 1e-12 });
        const kept = y[name as Name](dims, true);
        expect(kept.shape).toEqual(y.shape.map((size, d) => (dims.includes(d) ? 1 : size)));
        expect([...kept.toTypedArray()]).toBeAllClose(expected, { rtol: 1e-12, atol: 1e-12 });
      }
      expect([...y.var(dims).toTypedArray()]).toBeAllClose(oracle(y, 'var', dims), { rtol: 1e-11 });
      expect([...y.std(dims, { keepdim: true }).toTypedArray()]).toBeAllClose(oracle(y, 'std', dims), { rtol: 1e-11 });
    }
    for (const dim of [0, 1, 2]) {
      for (const name of ['prod', 'argmax', 'argmin'] as const) {
        expect([...y[name](dim).toTypedArray()]).toBeAllClose(oracle(y, name, [dim]), { rtol: 1e-12 });
        expect(y[name](dim, true).shape).toEqual(y.shape.map((size, d) => (d === dim ? 1 : size)));
      }
      const { values, indices } = y.max(dim);
      expect(values).toBeAllClose(y.amax(dim));
      expect(indices).toBeAllClose(y.argmax(dim));
    }
    for (const name of ['prod', 'argmax', 'argmin'] as const)
      expect(y[name]().item()).toBeCloseTo(oracle(y, name, [0, 1, 2])[0], 12);
  });

  it('over nothing gives what leaves others unchanged, or is refused where there is no such thing', () => {
    const empty = zeros([0, 3]);
    expect(empty.sum(0).toArray()).toEqual([0, 0, 0]);
    expect(empty.prod(0).toArray()).toEqual([1, 1, 1]);
    expect(empty.prod().item()).toBe(1);
    expect(empty.mean(0).toArray()).toEqual([NaN, NaN, NaN]);
    expect(empty.any(0).toArray()).toEqual([0, 0, 0]);
    expect(empty.all(0).toArray()).toEqual([1, 1, 1]);
    expect(empty.logsumexp(0).toArray()).toEqual([-Infinity, -Infinity, -Infinity]);
    for (const name of ['amax', 'amin', 'argmax', 'argmin', 'max', 'min'] as const) {
      expect(() => empty[name](0)).toThrow(`${name}: there must be elements to compare, got shape [0, 3]`);
      expect(() => empty[name]()).toThrow(ShapeError);
    }
    expect(empty.amax(1).shape).toEqual([0]);
    expect(empty.softmax(0).shape).toEqual([0, 3]);
  });

  it('names each dim once', () => {
    expect(() => zeros([2, 3]).sum([1, -1])).toThrow('sum: each dim may be named once, got [1, -1]');
  });

  it('corrects a variance by a finite number only', () => {
    const [x, got] = [arange(4), 'correction must be a finite number, got NaN'];
    for (const name of ['var', 'std', 'varMean', 'stdMean'] as const) {
      expect(() => x[name](0, { correction: NaN })).toThrow(`var: ${got}`);
    }
    expect(() => x.cov({ correction: NaN })).toThrow(`cov: ${got}`);
  });

  it('adds in float64, whatever the tensor holds', () => {
    const x = tensor([2 ** 24, 1, 1, 1, -(2 ** 24)]);
    expect(x.sum().item()).toBe(3);
  });

  it('takes the first of equal extremes, and lets them share the gradient', () => {
    const x = tensor([[1, 3, 3], [2, 2, 2]], { requiresGrad: true }); // prettier-ignore
    expect(x.argmax(1).toArray()).toEqual([1, 0]);
    expect(x.argmin(1).toArray()).toEqual([0, 0]);
    expect(x.argmax().item()).toBe(1);
    x.amax(1).sum().backward();
    expect(x.grad).toBeAllClose([[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]]); // prettier-ignore
    x.grad = null;
    x.max(1).values.sum().backward(); // the one at the index that it gives takes all
    expect(x.grad).toBeAllClose([[0, 1, 0], [1, 0, 0]]); // prettier-ignore
  });

  it('gives NaN where there is one', () => {
    const x = tensor([1, NaN, 3, NaN]);
    expect([x.amax(), x.amin(), x.max(), x.sum()].map((y) => y.item())).toEqual([NaN, NaN, NaN, NaN]);
    expect([x.argmax().item(), x.argmin().item()]).toEqual([1, 1]);
    expect(x.logsumexp().item()).toBeNaN();
    expect(tensor([NaN, 0]).any().item()).toBe(1);
  });

  it('softmax and logSoftmax stand large numbers, and sum to 1', () => {
    const x = tensor([[1e30, 0], [-1e30, 0], [88, 89]]); // prettier-ignore
    expect(x.softmax(1)).toBeAllClose([[1, 0], [0, 1], [0.26894, 0.73106]]); // prettier-ignore
    expect(x.logSoftmax(1).select(0, 2)).toBeAllClose([-1.31326, -0.31326]);
    expect(randn([5, 7]).softmax(0).sum(0)).toBeAllClose(Array(7).fill(1)); // prettier-ignore
    expect(arange(3).add(1000).logsumexp().item()).toBeCloseTo(1002.4076, 3);
  });
});

describe('the gradient of a quotient', () => {
  it('does not overflow where the square of the denominator would', () => {
    const [a, b] = [tensor([1e30, 1e-30]), tensor([1e25, 1e-25], { requiresGrad: true })];
    a.div(b).sum().backward();
    expect(b.grad).toBeAllClose([-1e-20, -1e20], { rtol: 1e-5, atol: 0 });
  });
});

describe('by index', () => {
  it('refuses indices that are fractional, out of range, or of a wrong shape', () => {
    const x = zeros([2, 3]);
    const message = (got: string): string => `every index must be a whole number from 0 to 1, got ${got}`;
    for (const [bad, got] of [
      [2, '2'],
      [-1, '-1'],
      [0.5, '0.5'],
      [NaN, 'NaN'],
    ] as const) {
      // prettier-ignore
      const index = tensor([[0, bad, 0]]);
      expect(() => x.gather(0, index)).toThrow(`gather: ${message(`${got} at place 1`)}`);
      expect(() => x.scatter(0, index, 1)).toThrow(`scatter: ${message(got)}`);
      expect(() => x.scatterAdd(0, index, zeros([1, 3]))).toThrow(`scatterAdd: ${message(got)}`);
      expect(() => x.indexSelect(0, tensor([bad]))).toThrow(`indexSelect: ${message(got)}`);
      expect(() => x.indexAdd(0, tensor([bad]), zeros([1, 3]))).toThrow(`indexAdd: ${message(got)}`);
      expect(() => tensor([bad]).oneHot(2)).toThrow(`oneHot: ${message(got)}`);
    }
    expect(() => tensor([1]).oneHot(2.5)).toThrow('oneHot: the number of classes must be whole, got 2.5');
    expect(() => x.gather(0, tensor([0]))).toThrow(
      'gather: the index must have 2 dims, none but dim 0 longer than in [2, 3], got [1]',
    );
    expect(() => x.gather(0, zeros([1, 4]))).toThrow(ShapeError);
    expect(() => x.indexSelect(0, zeros([1, 1]))).toThrow('indexSelect: the index must have one dim, got [1, 1]');
    expect(() => x.indexAdd(0, zeros([1, 1]), zeros([1, 3]))).toThrow(
      'indexAdd: the index must have one dim, got [1, 1]',
    );
    expect(() => x.indexAdd(0, tensor([0]), zeros([2, 3]))).toThrow(
      'indexAdd: the source must have the shape [1, 3], got [2, 3]',
    );
    expect(() => x.scatterAdd(0, zeros([1, 3]), zeros([1, 2]))).toThrow(
      "scatterAdd: the source must have the index's dims, none of them smaller than in [1, 3], got [1, 2]",
    );
  });

  it('lets the last of several writes stay, and several additions add up', () => {
    const at = tensor([1, 1, 1]);
    expect(
      zeros([2])
        .scatter(0, at, tensor([5, 6, 7]))
        .toArray(),
    ).toEqual([0, 7]);
    expect(
      zeros([2])
        .scatterAdd(0, at, tensor([5, 6, 7]))
        .toArray(),
    ).toEqual([0, 18]);
    expect(
      zeros([2])
        .indexAdd(0, at, tensor([5, 6, 7]))
        .toArray(),
    ).toEqual([0, 18]);
    expect(tensor([[2, 0]]).oneHot(3).toArray()).toEqual([[[0, 0, 1], [1, 0, 0]]]); // prettier-ignore
  });
});
