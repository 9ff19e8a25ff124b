/** Starting values: bounds, means and variances, the same seed the same numbers. */
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/array/errors.ts';
import { Generator, manualSeed } from '../../src/array/random.ts';
import { zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import type { Tensor } from '../../src/tensor.ts';

const { init } = nn;

/** Fails unless the values look drawn with equal chance from ±bound: a flaw of 4 standard errors shows. */
function expectUniform(x: Tensor, bound: number): void {
  const values = [...x.toTypedArray()];
  const n = values.length;
  const mean = values.reduce((a, b) => a + b) / n;
  const square = values.reduce((a, b) => a + b * b, 0) / n;
  const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  expect(largest).toBeLessThanOrEqual(bound * (1 + 1e-6));
  expect(largest).toBeGreaterThan(bound * (1 - 20 / n));
  expect(Math.abs(mean)).toBeLessThan((4 * bound) / Math.sqrt(3 * n));
  expect(Math.abs(square / bound ** 2 - 1 / 3)).toBeLessThan(4 * Math.sqrt(4 / 45 / n)); // E u² = 1/3, Var u² = 4/45
}

describe('Linear starts uniform in ±1/√in, as in PyTorch', () => {
  test.each([1, 10, 400])('weight and bias, in = %d', (inputs) => {
    const layer = new nn.Linear(inputs, 4000 / Math.min(inputs, 10));
    expectUniform(layer.weight, 1 / Math.sqrt(inputs));
    expectUniform(layer.bias!, 1 / Math.sqrt(inputs));
  });

  test('a seed or a generator determines it, in float64 too', () => {
    const values = (layer: nn.Linear): number[] => layer.parameters().flatMap((x) => [...x.toTypedArray()]);
    const make = (seed: number): nn.Linear => new nn.Linear(3, 2, { generator: new Generator(seed) });
    expect(values(make(1))).toEqual(values(make(1)));
    expect(values(make(1))).not.toEqual(values(make(2)));
    manualSeed(5);
    const first = values(new nn.Linear(3, 2));
    expect(values(new nn.Linear(3, 2))).not.toEqual(first);
    manualSeed(5);
    expect(values(new nn.Linear(3, 2))).toEqual(first);
    const wide = new nn.Linear(3, 2, { dtype: 'float64' });
    expect(wide.parameters().map((x) => x.dtype)).toEqual(['float64', 'float64']);
  });

  test('without inputs it starts too, and gives its bias', () => {
    expect(new nn.Linear(0, 2)(zeros([3, 0])).shape).toEqual([3, 2]);
  });
});

describe('the functions of init write in place and return the tensor', () => {
  test('xavierUniform_: ±gain·√(6 / (in + out))', () => {
    const x = zeros([50, 150]);
    expect(init.xavierUniform_(x)).toBe(x);
    expectUniform(x, Math.sqrt(6 / 200));
    expectUniform(init.xavierUniform_(x, 5 / 3), (5 / 3) * Math.sqrt(6 / 200));
    expectUniform(init.xavierUniform_(zeros([20, 30, 3, 3])), Math.sqrt(6 / (180 + 270)));
  });

  test('kaimingUniform_: ±√(2 / (1 + a²))·√(3 / in)', () => {
    expectUniform(init.kaimingUniform_(zeros([50, 150])), Math.sqrt(6 / 150));
    expectUniform(init.kaimingUniform_(zeros([50, 150]), { a: Math.sqrt(5) }), 1 / Math.sqrt(150)); // PyTorch's Linear
    expectUniform(init.kaimingUniform_(zeros([20, 30, 3, 3])), Math.sqrt(6 / 270));
  });

  test('uniform_ and normal_ shift and scale, constant_ sets', () => {
    expectUniform(init.uniform_(zeros([4000]), 2, 6).sub(4), 2);
    expectUniform(init.uniform_(zeros([4000])).sub(0.5), 0.5);
    const x = init.normal_(zeros([40_000]), 3, 0.5);
    expect(Math.abs(x.mean().item() - 3)).toBeLessThan((4 * 0.5) / 200);
    expect(Math.abs(x.var().item() - 0.25)).toBeLessThan(4 * 0.25 * Math.sqrt(2 / 40_000));
    expect(init.constant_(zeros([2]), 7).toArray()).toEqual([7, 7]);
  });

  test('a parameter may be written, also through a view; nothing is recorded', () => {
    const layer = new nn.Linear(2, 3);
    init.constant_(layer.weight, 1);
    init.constant_(layer.weight.detach().select(0, 1), 5);
    expect(layer.weight.toArray()).toEqual([
      [1, 1],
      [5, 5],
      [1, 1],
    ]);
    expect([layer.weight.isLeaf, layer.weight.requiresGrad]).toEqual([true, true]);
    for (const write of [init.uniform_, init.normal_, init.xavierUniform_, init.kaimingUniform_]) {
      expect(write(layer.weight)).toBe(layer.weight);
      expect(layer.weight.isLeaf).toBe(true);
    }
  });

  test('a generator determines them', () => {
    const run = (seed: number): unknown[] =>
      [
        init.uniform_(zeros([3]), 0, 1, new Generator(seed)),
        init.normal_(zeros([3]), 0, 1, new Generator(seed)),
        init.xavierUniform_(zeros([3, 1]), 1, new Generator(seed)),
        init.kaimingUniform_(zeros([3, 1]), { generator: new Generator(seed) }),
      ].map((x) => x.toArray());
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  test('fans need two dims', () => {
    expect(() => init.xavierUniform_(zeros([3]))).toThrow(ShapeError);
    expect(() => init.kaimingUniform_(zeros([3]))).toThrow('init: fans need at least 2 dims, got [3]');
  });
});

test('the check of uniform numbers sees a wrong bound, a shifted mean, and normal numbers', () => {
  const x = init.uniform_(zeros([4000]), -1, 1);
  expectUniform(x, 1);
  expect(() => expectUniform(x, 1.01)).toThrow('to be ');
  expect(() => expectUniform(x, 0.99)).toThrow('to be ');
  expect(() => expectUniform(x.abs(), 1)).toThrow('to be ');
  expect(() => expectUniform(init.normal_(zeros([4000]), 0, 0.3), 1)).toThrow('to be ');
});
