/** Layers that pad and that cut into patches as PyTorch has them; tables that are given; what is refused. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { tensor, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import { ours } from '../fixtures/nn.ts';
import { replay } from '../fixtures/replay.ts';

replay('padding.json', ours);

test('padding that does not fit is refused', () => {
  expect(() => new nn.ZeroPad2d([1, 2, 3])(zeros([1, 2, 2]))).toThrow(ShapeError);
  expect(() => new nn.ZeroPad2d(1)(zeros([2, 2]))).toThrow(ShapeError);
  expect(() => new nn.ReflectionPad1d(2)(zeros([1, 2]))).toThrow('can add at most 1');
  expect(() => new nn.CircularPad1d(3)(zeros([1, 2]))).toThrow(ShapeError);
});

describe('an embedding from a table', () => {
  const table = tensor([[1, 2], [3, 4]]); // prettier-ignore

  test('looks up its rows, and is trained only if it is not frozen', () => {
    const frozen = nn.Embedding.fromPretrained(table);
    expect(frozen(tensor([1])).toArray()).toEqual([[3, 4]]);
    expect(frozen.weight.requiresGrad).toBe(false);
    const trained = nn.Embedding.fromPretrained(table, { freeze: false, paddingIdx: 0 });
    trained(tensor([0, 1])).sum().backward(); // prettier-ignore
    expect(trained.weight.grad?.toArray()).toEqual([[0, 0], [1, 1]]); // prettier-ignore
    expect(Object.keys(frozen.stateDict())).toEqual(['weight']);
  });

  test('keeps the row of padding as it is given, as PyTorch does', () => {
    expect(nn.Embedding.fromPretrained(table, { paddingIdx: 0 }).weight.toArray()).toEqual([[1, 2], [3, 4]]); // prettier-ignore
  });

  test('is a table', () => {
    expect(() => nn.Embedding.fromPretrained(tensor([1, 2]))).toThrow(ShapeError);
  });
});

describe('comparisons of all', () => {
  test('allclose is isclose everywhere', () => {
    expect(tensor([1, NaN]).allclose(tensor([1 + 1e-6, NaN]))).toBe(false);
    expect(tensor([1, NaN]).allclose(tensor([1 + 1e-6, NaN]), { equalNan: true })).toBe(true);
    expect(zeros([0]).allclose(zeros([0]))).toBe(true);
    expect(() => tensor([1]).allclose(1, { rtol: -1 })).toThrow(ValueError);
  });

  test('equal asks for one shape and the same numbers', () => {
    expect(tensor([0, 1]).equal(tensor([-0, 1]))).toBe(true);
    expect(tensor([1, 1]).equal(tensor([1]))).toBe(false);
    expect(tensor([NaN]).equal(tensor([NaN]))).toBe(false);
    expect(zeros([0]).equal(zeros([0]))).toBe(true);
  });

  test('add and sub scale what they add', () => {
    const b = tensor([1, 2], { requiresGrad: true });
    const y = tensor([5, 5]).add(b, { alpha: 2 }).sub(b, { alpha: 0.5 });
    expect(y.toArray()).toEqual([6.5, 8]);
    y.sum().backward();
    expect(b.grad?.toArray()).toEqual([1.5, 1.5]);
  });
});
