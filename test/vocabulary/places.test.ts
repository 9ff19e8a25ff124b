/** Indexing, views and order beyond what the records of PyTorch say: memory, messages, exactness. */
import { describe, expect, it } from 'vitest';
import {
  arange,
  bucketize,
  nn,
  noGrad,
  ones,
  randn,
  searchsorted,
  tensor,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import { gradcheck, gradgradcheck } from '../../src/testing/gradcheck.ts';

describe('views', () => {
  it('diagonal, unfold and view share memory with what they are of', () => {
    const x = zeros([3, 3]);
    x.diagonal().fill_(1);
    x.unfold(1, 1, 2).select(2, 0).select(0, 2).fill_(5);
    x.view([9]).narrow(0, 1, 1).fill_(7);
    expect(x.toArray()).toEqual([[1, 7, 0], [0, 1, 0], [5, 0, 5]]); // prettier-ignore
    expect(x.t().diagonal(1).toArray()).toEqual([0, 0]);
    x.t().diagonal(1).fill_(3);
    expect(x.toArray()).toEqual([[1, 7, 0], [3, 1, 0], [5, 3, 5]]); // prettier-ignore
  });

  it('writing to windows that overlap is refused, to ones that do not it is not', () => {
    const x = arange(6);
    expect(() => x.unfold(0, 3, 2).fill_(0)).toThrow('every element must have memory of its own');
    expect(() => x.reshape([2, 3]).unfold(1, 2, 1).mul_(2)).toThrow('every element must have memory of its own');
    x.unfold(0, 2, 2).select(1, 0).fill_(9);
    expect(x.toArray()).toEqual([9, 1, 9, 3, 9, 5]);
    x.unfold(0, 2, 3).mul_(0);
    expect(x.flip(0).toArray()).toEqual([5, 0, 0, 9, 0, 0]);
  });

  it('a change through a view is seen by backward', () => {
    const w = ones([2, 2]);
    const y = w.square().sum().add(w.requiresGrad_().square().sum());
    noGrad(() => w.diagonal().fill_(3));
    expect(() => y.backward()).toThrow('changed in place');
  });

  it('view says what to do when strides cannot say the shape', () => {
    expect(() => zeros([2, 3]).t().view([6])).toThrow(
      /view: .*got \[6\] of \[3, 2\] with strides \[1, 3\]; use reshape/,
    );
  });
});

describe('index', () => {
  it('takes lists of numbers as index tensors', () => {
    const x = arange(12).reshape([3, 4]);
    expect(x.index([0, -1]).toArray()).toEqual([[0, 1, 2, 3], [8, 9, 10, 11]]); // prettier-ignore
    expect(x.index([0, -1], [1, 2]).toArray()).toEqual([1, 10]);
    expect(x.index([]).shape).toEqual([0, 4]);
  });

  it('says what does not fit', () => {
    const x = zeros([2, 3]);
    expect(() => x.index(0, 0, 0)).toThrow("index: at most 2 places and one '...' may be given, got 0, 0, 0");
    expect(() => x.index('...', '...')).toThrow("one '...' may be given");
    expect(() => x.index([0, 2])).toThrow('index: an index must be a whole number from -2 to 1, got 2');
    expect(() => x.index(tensor([0.5]))).toThrow('index: an index must be a whole number from -2 to 1, got 0.5');
    expect(() => x.index(tensor([NaN]))).toThrow('got NaN');
    expect(() => x.index([0, 1], [0, 1, 2])).toThrow('index: sizes must be equal or 1');
    expect(() => x.index({ mask: zeros([3]) })).toThrow(
      'index: the mask must have the shape of the dims that it is for, [2], got [3]',
    );
    expect(() => x.index('1')).toThrow("a range must read 'start:stop'");
    expect(() => x.index(true as unknown as number)).toThrow('index: a place must be a number, a range');
    expect(() => x.index({} as unknown as number)).toThrow('null, an index or { mask }, got object');
    expect(() => x.indexPut([0], zeros([2]))).toThrow('indexPut: ');
    expect(() => x.indexPut([[2]], 1)).toThrow('indexPut: an index must be');
  });

  it('takes masks and indices behind new dims and rests', () => {
    const x = arange(6).reshape([2, 3]);
    const mask = tensor([0, 1]);
    expect(x.index(null, { mask }).toArray()).toEqual([[[3, 4, 5]]]);
    expect(x.index('...', null, { mask: tensor([1, 0, 1]) }).toArray()).toEqual([[[0, 2]], [[3, 5]]]); // prettier-ignore
    expect(x.index(null, ':', null, [2]).shape).toEqual([1, 2, 1, 1]);
  });

  it('a mask, marked as one, and the same numbers as an index are two things', () => {
    const x = tensor([10, 11, 12]);
    const m = tensor([1, 0, 1]);
    expect(x.index(m).toArray()).toEqual([11, 10, 11]);
    expect(x.index({ mask: m }).toArray()).toEqual([10, 12]);
    expect(x.index(...m.nonzero({ asTuple: true })).toArray()).toEqual([10, 12]);
  });

  it('reads and writes with gradients to second order', () => {
    const options = { name: 'index' };
    const x = randn([3, 4, 2], { dtype: 'float64' }).requiresGrad_();
    const v = randn([2, 2, 4], { dtype: 'float64' }).requiresGrad_();
    gradcheck((x) => x.index([2, 0, 2], ':', [1, 0, 1]).square(), [x], options);
    const put = (x: Tensor, v: Tensor): Tensor =>
      x.square().indexPut([tensor([[0, 2], [2, 2]]), '...', 1], v.square(), { accumulate: true }); // prettier-ignore
    gradcheck(put, [x, v], options);
    gradgradcheck(put, [x, v], options);
  });
});

describe('scatterReduce', () => {
  it('names itself when it refuses', () => {
    const x = zeros([2, 3]);
    for (const how of ['sum', 'prod', 'mean', 'amax', 'amin'] as const) {
      const refused = 'scatterReduce: every index must be a whole number from 0 to 1, got 2';
      expect(() => x.scatterReduce(0, tensor([[2]]), ones([1, 1]), how)).toThrow(refused);
    }
    expect(() => x.scatterReduce(0, tensor([0]), ones([1]), 'sum')).toThrow(
      'scatterReduce: the index must have 2 dims',
    );
    expect(() => x.scatterReduce(0, tensor([[0]]), ones([1, 1]), 'max' as 'amax')).toThrow("scatterReduce: it must be one of sum, prod, mean, amax, amin, got 'max'"); // prettier-ignore
  });

  it('of products has exact gradients to second order where there are zeros', () => {
    const x = tensor([2, 3, 0], { dtype: 'float64', requiresGrad: true });
    const src = tensor([0, 4, 0, 5, 6], { dtype: 'float64', requiresGrad: true });
    const index = tensor([0, 0, 1, 1, 0]);
    const f = (a: Tensor, b: Tensor): Tensor => a.scatterReduce(0, index, b, 'prod');
    gradcheck(f, [x, src]);
    gradgradcheck(f, [x, src]);
  });
});

describe('order', () => {
  it('keeps equal elements as they stand, in both directions, in long lines too', () => {
    const keys = arange(1000).mul(7).sub(arange(1000).mul(7).div(10).floor().mul(10)); // 7i mod 10
    for (const descending of [false, true]) {
      const { values, indices } = keys.sort(0, descending);
      const [v, at] = [values.toTypedArray(), indices.toTypedArray()];
      for (let i = 1; i < v.length; i++) {
        const ordered = descending ? v[i - 1] > v[i] : v[i - 1] < v[i];
        expect(ordered || (v[i - 1] === v[i] && at[i - 1] < at[i])).toBe(true);
      }
    }
  });

  it('sorts −0 and 0 as equals, and NaN as the largest', () => {
    expect(tensor([NaN, 0, -0, -1]).argsort().toArray()).toEqual([3, 1, 2, 0]);
    expect(tensor([1, NaN, 0, NaN]).argsort(0, true).toArray()).toEqual([1, 3, 0, 2]);
  });

  it('searchsorted takes a number, and bucketize refuses boundaries of two dims', () => {
    expect(searchsorted(tensor([1, 2, 2, 3]), 2, { right: true }).item()).toBe(3);
    expect(bucketize(2, tensor([1, 2, 2, 3])).item()).toBe(1);
    expect(() => bucketize(2, zeros([2, 2]))).toThrow('bucketize: the boundaries must have one dim');
  });
});

describe('patches', () => {
  it('fold is the adjoint of unfold', () => {
    const options = { stride: [2, 1], padding: [1, 0], dilation: [1, 2] } as const;
    const x = randn([2, 3, 5, 6], { dtype: 'float64' });
    const columns = nn.functional.unfold(x, [2, 3], options);
    const u = randn([...columns.shape], { dtype: 'float64' });
    const back = nn.functional.fold(u, [5, 6], [2, 3], options);
    expect(columns.mul(u).sum()).toBeAllClose(x.mul(back).sum(), { rtol: 1e-12, atol: 1e-12 });
  });

  it('pad mirrors, repeats and goes round any number of dims', () => {
    const x = tensor([1, 2, 3]);
    const { pad } = nn.functional;
    expect(pad(x, [2, 2], { mode: 'reflect' }).toArray()).toEqual([3, 2, 1, 2, 3, 2, 1]);
    expect(pad(x, [2, 2], { mode: 'replicate' }).toArray()).toEqual([1, 1, 1, 2, 3, 3, 3]);
    expect(pad(x, [2, 3], { mode: 'circular' }).toArray()).toEqual([2, 3, 1, 2, 3, 1, 2, 3]);
    expect(pad(x, [-1, 1], { mode: 'replicate' }).toArray()).toEqual([2, 3, 3]);
    expect(() => pad(x, [3, 0], { mode: 'reflect' })).toThrow(
      "pad: 'reflect' can add at most 2 to a side of dim 0 of size 3, got 3 and 0",
    );
  });
});
