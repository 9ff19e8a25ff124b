/** The losses against closed forms, their gradients, their reductions, and what they refuse. */
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/array/errors.ts';
import { randn, tensor, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import { gradcheck, gradgradcheck } from '../../src/testing/gradcheck.ts';

const F = nn.functional;
const reductions = ['mean', 'sum', 'none'] as const;
const leaf = (...shape: number[]): Tensor => randn(shape, { dtype: 'float64', requiresGrad: true });
const wide = (values: readonly unknown[]): Tensor => tensor(values as number[], { dtype: 'float64' });
const tight = { rtol: 1e-12, atol: 1e-13 };
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function checkBoth(f: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[], name: string): void {
  gradcheck(f, inputs, { name });
  gradgradcheck(f, inputs, { name });
}

describe('mseLoss', () => {
  test.each([[[]], [[3]], [[2, 3]], [[2, 1, 3]]])('is the mean of the squares of the differences: %j', (shape) => {
    const [x, y] = [leaf(...shape), leaf(...shape)];
    const b = y.toTypedArray();
    const squares = [...x.toTypedArray()].map((v, i) => (v - b[i]) ** 2);
    expect(F.mseLoss(x, y)).toBeAllClose(sum(squares) / squares.length, tight);
    expect(F.mseLoss(x, y, { reduction: 'sum' })).toBeAllClose(sum(squares), tight);
    expect(F.mseLoss(x, y, { reduction: 'none' }).flatten()).toBeAllClose(squares, tight);
    expect(F.mseLoss(x, y, { reduction: 'none' }).shape).toEqual(shape);
    for (const reduction of reductions) {
      const criterion = new nn.MSELoss({ reduction });
      expect(criterion(x, y).toArray()).toEqual(F.mseLoss(x, y, { reduction }).toArray());
      checkBoth((x, y) => criterion(x, y), [x, y], `mseLoss, ${reduction}`);
    }
  });

  test('refuses shapes that differ, where PyTorch broadcasts', () => {
    for (const [a, b] of [
      [[3], [3, 1]],
      [[3, 1], [3]],
      [[], [1]],
      [
        [2, 3],
        [3, 2],
      ],
    ]) {
      expect(() => F.mseLoss(zeros(a), zeros(b))).toThrow(ShapeError);
    }
    expect(() => new nn.MSELoss()(zeros([3, 1]), zeros([3]))).toThrow(
      "mseLoss: the target must have the input's shape [3, 1], got [3]",
    );
  });
});

/** −log softmax(x)[target] for the classes of one row. */
const surprise = (row: readonly number[], target: number): number =>
  Math.log(sum(row.map((v) => Math.exp(v - row[target]))));

describe('crossEntropy', () => {
  test('of [N, C] with [N] is the mean of −log softmax(x)[target]', () => {
    const rows = [
      [0.5, -1, 2],
      [3, 0, -2],
    ];
    const losses = [surprise(rows[0], 2), surprise(rows[1], 1)];
    const [x, t] = [wide(rows), wide([2, 1])];
    expect(F.crossEntropy(x, t)).toBeAllClose(sum(losses) / 2, tight);
    expect(F.crossEntropy(x, t, { reduction: 'sum' })).toBeAllClose(sum(losses), tight);
    expect(F.crossEntropy(x, t, { reduction: 'none' })).toBeAllClose(losses, tight);
  });

  test('of [C] with a single number is that of one row', () => {
    expect(F.crossEntropy(wide([0.5, -1, 2]), tensor(0))).toBeAllClose(surprise([0.5, -1, 2], 0), tight);
    expect(F.crossEntropy(wide([0.5, -1, 2]), tensor(0), { reduction: 'none' }).shape).toEqual([]);
  });

  test('of [N, C, …] with [N, …] takes the classes along dim 1', () => {
    const x = leaf(2, 3, 4, 5);
    const t = tensor(Array.from({ length: 40 }, (_, i) => (i * 7) % 3)).reshape([2, 4, 5]);
    const got = F.crossEntropy(x, t, { reduction: 'none' });
    expect(got.shape).toEqual([2, 4, 5]);
    const expected = Array.from({ length: 40 }, (_, k) => {
      const [n, i, j] = [Math.floor(k / 20), Math.floor(k / 5) % 4, k % 5];
      const row = [0, 1, 2].map((c) => x.index(n, c, i, j).item());
      return surprise(row, t.index(n, i, j).item());
    });
    expect(got.flatten()).toBeAllClose(expected, tight);
    expect(F.crossEntropy(x, t)).toBeAllClose(sum(expected) / 40, tight);
  });

  test.each([
    { shape: [3], target: tensor(1) },
    { shape: [4, 3], target: tensor([0, 2, 1, 2]) },
    {
      shape: [2, 3, 2],
      target: tensor([
        [0, 2],
        [1, 1],
      ]),
    },
    { shape: [2, 1], target: tensor([0, 0]) },
  ])('has the right gradients at first and second order: $shape', ({ shape, target }) => {
    for (const reduction of reductions) {
      const criterion = new nn.CrossEntropyLoss({ reduction });
      checkBoth((x) => criterion(x, target), [leaf(...shape)], `crossEntropy, ${reduction}`);
    }
  });

  test('its gradient is softmax − oneHot, over N for the mean', () => {
    const x = leaf(4, 3);
    const t = tensor([0, 2, 1, 2]);
    F.crossEntropy(x, t).backward();
    expect(x.grad).toBeAllClose(x.detach().softmax(1).sub(t.oneHot(3)).div(4), tight);
  });

  test('neither overflows nor loses its gradient, and a class that is impossible costs infinitely much', () => {
    const x = tensor([[1000, -1000, 0]], { requiresGrad: true });
    expect(F.crossEntropy(x, tensor([0])).item()).toBe(0);
    const loss = F.crossEntropy(x, tensor([1]));
    expect(loss.item()).toBe(2000);
    loss.backward();
    expect(x.grad!.toArray()).toEqual([[1, -1, 0]]);
    expect(F.crossEntropy(tensor([[0, -Infinity]]), tensor([1])).item()).toBe(Infinity);
    expect(F.crossEntropy(tensor([[0, -Infinity]]), tensor([0])).item()).toBe(0);
  });

  test('reads strided logits and targets', () => {
    const x = leaf(3, 4);
    const t = tensor([0, 9, 2, 9, 1, 9, 1, 9]).index('::2');
    const plain = x.detach().t().contiguous();
    expect(F.crossEntropy(x.t(), t)).toBeAllClose(F.crossEntropy(plain, tensor([0, 2, 1, 1])), tight);
    checkBoth((x) => F.crossEntropy(x.t(), t), [x], 'crossEntropy of a view');
  });

  test('of no rows is 0 in sum and NaN in the mean, as in PyTorch', () => {
    expect(F.crossEntropy(zeros([0, 3]), zeros([0]), { reduction: 'sum' }).item()).toBe(0);
    expect(F.crossEntropy(zeros([0, 3]), zeros([0])).item()).toBeNaN();
    expect(F.crossEntropy(zeros([0, 3]), zeros([0]), { reduction: 'none' }).shape).toEqual([0]);
  });

  test.each([
    ['too large', [0, 3], '3 at place 1'],
    ['negative', [-1, 0], '-1 at place 0'],
    ['fractional', [0, 1.5], '1.5 at place 1'],
    ['not a number', [NaN, 0], 'NaN at place 0'],
  ])('a target that is %s is refused', (_, targets, got) => {
    const run = (): Tensor => F.crossEntropy(zeros([2, 3]), tensor(targets));
    expect(run).toThrow(ValueError);
    expect(run).toThrow(`crossEntropy: every index must be a whole number from 0 to 2, got ${got}`);
  });

  test.each([
    [[2, 3], [3]],
    [
      [2, 3],
      [2, 1],
    ],
    [
      [2, 3],
      [2, 4],
    ],
    [[2, 3], []],
    [[3], [1]],
    [[3], [2]],
    [[], []],
    [
      [2, 3, 4],
      [2, 3],
    ],
    [
      [2, 3, 4],
      [2, 5],
    ],
  ])('logits %j with targets %j are refused', (x, t) => {
    expect(() => F.crossEntropy(zeros(x), zeros(t))).toThrow(ShapeError);
    expect(() => F.crossEntropy(zeros(x), zeros(t))).toThrow(/^crossEntropy: .*\[N, C, …\]/);
  });
});

test('another reduction is refused', () => {
  const options = JSON.parse('{ "reduction": "average" }') as { reduction: 'mean' };
  const rule = "the reduction must be 'mean', 'sum' or 'none', got 'average'";
  expect(() => F.mseLoss(zeros([1]), zeros([1]), options)).toThrow(`mseLoss: ${rule}`);
  expect(() => F.crossEntropy(zeros([1, 2]), zeros([1]), options)).toThrow(`crossEntropy: ${rule}`);
});
