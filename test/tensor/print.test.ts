import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { arange, full, tensor, zeros } from '../../src/create.ts';
import type { Tensor } from '../../src/tensor.ts';

describe('toString', () => {
  const cases: [string, Tensor, string][] = [
    ['0-d', tensor(1.5), 'Tensor[] 1.5000'],
    ['whole numbers', tensor([1, -2, 0]), 'Tensor[3] [1, -2, 0]'],
    ['fractions', tensor([1, -2.5, 10]), 'Tensor[3] [1.0000, -2.5000, 10.0000]'],
    ['2-d, in columns', tensor([[1, 20], [-300, 4]]), 'Tensor[2, 2]\n[[   1,   20],\n [-300,    4]]'],
    ['3-d, an empty line between matrices', arange(8).reshape([2, 2, 2]), 'Tensor[2, 2, 2]\n[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]]'],
    ['a strided view', arange(6).reshape([2, 3]).t().flip(0), 'Tensor[3, 2]\n[[2, 5],\n [1, 4],\n [0, 3]]'],
    ['nothing', zeros([0]), 'Tensor[0] []'],
    ['empty rows', zeros([2, 0]), 'Tensor[2, 0]\n[[],\n []]'],
    ['no rows', zeros([0, 2]), 'Tensor[0, 2]\n[]'],
    ['NaN and infinity', tensor([[1.5, NaN], [Infinity, -2]]), 'Tensor[2, 2]\n[[  1.5000,      NaN],\n [Infinity,  -2.0000]]'],
    ['NaN among whole numbers', tensor([NaN, 1]), 'Tensor[2] [NaN, 1]'],
    ['small numbers', tensor([1e-5, 2e-6]), 'Tensor[2] [1.0000e-5, 2.0000e-6]'],
    ['large numbers', full([2], 1e20), 'Tensor[2] [1.0000e+20, 1.0000e+20]'],
    ['large fractions', tensor([123456.7, 0.001]), 'Tensor[2] [1.2346e+5, 1.0000e-3]'],
    ['a long line, cut', arange(2000), 'Tensor[2000] [0, 1, 2, …, 1997, 1998, 1999]'],
    ['float64', zeros([1], { dtype: 'float64' }), 'Tensor[1] float64 [0]'],
    ['a leaf', tensor([1], { requiresGrad: true }), 'Tensor[1] requiresGrad [1]'],
    ['a result', tensor([1], { requiresGrad: true }).mul(2), 'Tensor[1] from mul [2]'],
  ]; // prettier-ignore

  it.each(cases)('prints %s', (_, x, text) => {
    expect(x.toString()).toBe(text);
    expect(inspect(x)).toBe(text);
  });

  it('cuts long dims only, each to three at either end', () => {
    const lines = arange(1200).reshape([300, 4]).toString().split('\n');
    expect(lines).toHaveLength(8);
    expect(lines[4]).toBe(' …,');
    expect(lines[7]).toBe(' [1196, 1197, 1198, 1199]]');
    expect(arange(1000).toString()).not.toContain('…');
  });
});

describe('out of a tensor', () => {
  it('item gives the one element there is', () => {
    expect(tensor([[2.5]]).item()).toBe(2.5);
    expect(arange(6).index(4).item()).toBe(4);
    expect(() => zeros([2]).item()).toThrow('item: there must be exactly one element, got shape [2]');
    expect(() => zeros([0]).item()).toThrow('item: there must be exactly one element, got shape [0]');
  });

  it('toArray and toTypedArray follow the strides and copy', () => {
    const x = arange(6).reshape([2, 3]);
    expect(x.t().toArray()).toEqual([[0, 3], [1, 4], [2, 5]]); // prettier-ignore
    expect([...x.flip(1).toTypedArray()]).toEqual([2, 1, 0, 5, 4, 3]);
    x.toTypedArray()[0] = 9;
    expect(x.index(0, 0).item()).toBe(0);
    expect(zeros([2, 0]).toArray()).toEqual([[], []]);
  });

  it('to gives the other dtype, and itself for its own', () => {
    const x = tensor([0.1]);
    expect(x.to('float32')).toBe(x);
    expect(x.to('float64').item()).toBe(Math.fround(0.1));
    const y = tensor([1, 2], { requiresGrad: true });
    y.to('float64').square().sum().backward();
    expect(y.grad!.dtype).toBe('float32');
    expect(y.grad).toBeAllClose([2, 4]);
  });

  it('mixes dtypes to float64', () => {
    const [single, double] = [tensor([1]), tensor([2], { dtype: 'float64' })];
    expect([single.add(double), double.matmul(single), single.where(single, double)].map((x) => x.dtype)).toEqual(Array(3).fill('float64')); // prettier-ignore
    expect(single.add(0.1).dtype).toBe('float32');
  });
});
