/** Writing in place by index: as the methods without the underscore, on any layout, guarded as all writes in place are. */
import { describe, expect, it } from 'vitest';
import { noGrad, ones, randn, tensor, zeros, type Tensor } from '../../src/index.ts';

const src = tensor([[1, 2], [3, 4]]); // prettier-ignore
const index = tensor([[0, 2], [1, 1]]); // prettier-ignore
const rows = tensor([2, 0]);
const mask = tensor([[1, 0], [0, 1], [1, 0]]); // prettier-ignore

/** Each form: in place, and beside it the one that gives a new tensor. */
const forms: Record<string, [inPlace: (x: Tensor) => Tensor, other: (x: Tensor) => Tensor]> = {
  indexPut_: [(x) => x.indexPut_([rows, '...'], src), (x) => x.indexPut([rows, '...'], src)],
  'indexPut_ of a mask': [(x) => x.indexPut_([{ mask }], 7), (x) => x.indexPut([{ mask }], 7)],
  'indexPut_, adding': [
    (x) => x.indexPut_([[1, 1], [0, 0]], 3, { accumulate: true }), // prettier-ignore
    (x) => x.indexPut([[1, 1], [0, 0]], 3, { accumulate: true }), // prettier-ignore
  ],
  scatter_: [(x) => x.scatter_(0, index, src), (x) => x.scatter(0, index, src)],
  'scatter_ of a number': [(x) => x.scatter_(0, index, 9), (x) => x.scatter(0, index, 9)],
  scatterAdd_: [(x) => x.scatterAdd_(0, index, src), (x) => x.scatterAdd(0, index, src)],
  scatterReduce_: [(x) => x.scatterReduce_(0, index, src, 'amax'), (x) => x.scatterReduce(0, index, src, 'amax')],
  indexAdd_: [
    (x) => x.indexAdd_(0, tensor([1, 1]), src, { alpha: 2 }),
    (x) => x.indexAdd(0, tensor([1, 1]), src, { alpha: 2 }),
  ],
  indexCopy_: [(x) => x.indexCopy_(0, rows, src), (x) => x.indexCopy(0, rows, src)],
  indexFill_: [(x) => x.indexFill_(-1, tensor([-1]), 5), (x) => x.indexFill(-1, tensor([-1]), 5)],
  put_: [(x) => x.put_(tensor([[0, -1]]), tensor([5, 6])), (x) => x.put(tensor([[0, -1]]), tensor([5, 6]))],
  maskedScatter_: [(x) => x.maskedScatter_(mask, src), (x) => x.maskedScatter(mask, src)],
};

const layouts: Record<string, () => Tensor> = {
  'a dense tensor': () => randn([3, 2]),
  'a transposed view': () => randn([2, 3]).t(),
  'a part of a larger tensor, backwards': () => randn([7, 5]).slice(0, 1, 7, 2).slice(1, 4, 0, -2),
};

describe.each(Object.entries(forms))('%s', (name, [inPlace, other]) => {
  it.each(Object.entries(layouts))('writes over %s what the other form gives', (_, make) => {
    const x = make();
    const expected = other(x);
    const before = x.version;
    expect(inPlace(x)).toBe(x);
    expect(x.toArray()).toEqual(expected.toArray());
    expect(x.version).toBeGreaterThan(before);
  });

  it('is refused where a gradient would be lost, and where elements share memory', () => {
    const where = name.split(/[ ,]/)[0];
    const leaf = ones([3, 2]).requiresGrad_();
    expect(() => inPlace(leaf)).toThrow(`${where}: in-place changes are not recorded`);
    expect(leaf.toArray()).toEqual(ones([3, 2]).toArray());
    noGrad(() => inPlace(leaf));
    expect(() => inPlace(ones([1, 2]).expand([3, 2]))).toThrow(`${where}: every element must have memory of its own`);
  });

  it('is seen by a backward pass that needs the old values', () => {
    const x = ones([3, 2]);
    const y = x.mul(ones([3, 2]).requiresGrad_()).sum();
    inPlace(x);
    expect(() => y.backward()).toThrow('one that was changed in place since');
  });
});

describe('what is written', () => {
  it('may be a view of what is written to', () => {
    const x = tensor([1, 2, 3, 4]);
    expect(x.indexCopy_(0, tensor([3, 2, 1, 0]), x).toArray()).toEqual([4, 3, 2, 1]);
    expect(x.indexPut_([[0, 1, 2]], x.slice(0, 1)).toArray()).toEqual([3, 2, 1, 1]);
  });

  it('may not need a gradient', () => {
    const grads = tensor([1, 2], { requiresGrad: true });
    expect(() => zeros([3]).indexAdd_(0, tensor([0, 1]), grads)).toThrow(
      'indexAdd_: in-place changes are not recorded',
    );
    expect(() => zeros([3]).indexPut_([[0, 1]], grads)).toThrow('indexPut_: in-place changes are not recorded');
    expect(() => zeros([3]).scatterReduce_(0, tensor([0, 1]), grads, 'sum')).toThrow('scatterReduce_: in-place');
  });

  it('is wholly written or not at all', () => {
    const x = zeros([3]);
    expect(() => x.scatter_(0, tensor([0, 3]), 1)).toThrow(
      'scatter_: every index must be a whole number from 0 to 2, got 3',
    );
    expect(() => x.indexAdd_(0, tensor([0, -1]), ones([2]))).toThrow('indexAdd_: every index must be');
    expect(() => x.indexCopy_(0, tensor([0]), ones([2]))).toThrow(
      'indexCopy_: the index must have one dim, the source the shape [1]',
    );
    expect(() => x.indexPut_([[0, 5]], 1)).toThrow('indexPut_: an index must be a whole number from -3 to 2, got 5');
    expect(() => x.indexPut_(['1:'], ones([3]))).toThrow('indexPut_: ');
    expect(() => x.put_(tensor([0, 1]), ones([1]))).toThrow('put_: the source must have as many elements');
    expect(() => x.maskedScatter_(ones([3]), ones([2]))).toThrow('maskedScatter_: the source must have an element');
    expect(() => x.indexFill_(0, tensor([7]), 1)).toThrow('indexFill_: an index must be');
    expect(x.toArray()).toEqual([0, 0, 0]);
    expect(x.version).toBe(0);
  });
});
