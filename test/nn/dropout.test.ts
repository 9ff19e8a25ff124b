/** Dropout: how many elements fall out, what the others become, and when nothing happens. */
import { describe, expect, test } from 'vitest';
import { ValueError } from '../../src/array/errors.ts';
import { Generator, manualSeed } from '../../src/array/random.ts';
import { ones, randn, tensor, zeros } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import { gradcheck } from '../../src/testing/gradcheck.ts';

const F = nn.functional;
const n = 40_000;

describe('in training', () => {
  test.each([0.1, 0.5, 0.8])('p = %d: that share becomes 0, the rest is multiplied by 1/(1 − p)', (p) => {
    const y = [...new nn.Dropout(p)(ones([n])).toTypedArray()];
    const dropped = y.filter((v) => v === 0).length;
    expect(Math.abs(dropped - n * p)).toBeLessThan(4 * Math.sqrt(n * p * (1 - p)));
    expect(new Set(y)).toEqual(new Set([0, Math.fround(1 / (1 - p))]));
    const mean = y.reduce((a, b) => a + b) / n;
    expect(Math.abs(mean - 1)).toBeLessThan(4 * Math.sqrt(p / (1 - p) / n));
  });

  test('elements fall out independently of each other and of their values', () => {
    const y = F.dropout(tensor(Array.from({ length: n }, (_, i) => (i % 2 ? 3 : -1))), 0.5).toTypedArray();
    const kept = [...y].map((v) => Number(v !== 0));
    const pairs = kept.filter((k, i) => i > 0 && k && kept[i - 1]).length;
    expect(Math.abs(pairs - n / 4)).toBeLessThan(4 * Math.sqrt((n * 3) / 16) * 1.5);
    expect(Math.abs(kept.filter((k, i) => i % 2 && k).length - n / 4)).toBeLessThan(4 * Math.sqrt(n / 8));
    expect([...y].every((v, i) => v === 0 || v === (i % 2 ? 6 : -2))).toBe(true);
  });

  test('p = 0 passes everything on, p = 1 nothing', () => {
    const x = randn([5]);
    expect(F.dropout(x, 0)).toBe(x);
    expect(F.dropout(x, 1).square().sum().item()).toBe(0);
    const w = ones([3]).requiresGrad_();
    F.dropout(w, 1).sum().backward();
    expect(w.grad!.toArray()).toEqual([0, 0, 0]);
  });

  test('the same seed drops the same elements, another call or seed others', () => {
    const x = ones([100]);
    const run = (seed: number): unknown => new nn.Dropout(0.5, { generator: new Generator(seed) })(x).toArray();
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    manualSeed(3);
    const [first, second] = [F.dropout(x).toArray(), F.dropout(x).toArray()];
    expect(first).not.toEqual(second);
    manualSeed(3);
    expect(F.dropout(x).toArray()).toEqual(first);
  });

  test('the gradient goes where the values went, with the same factor', () => {
    const x = randn([4, 5], { dtype: 'float64', requiresGrad: true });
    gradcheck((x) => F.dropout(x, 0.4, true, new Generator(7)), [x]);
    const y = F.dropout(x, 0.4, true, new Generator(7));
    expect([y.dtype, y.shape]).toEqual(['float64', [4, 5]]);
    y.sum().backward();
    expect(x.grad).toBeAllClose(y.div(x), { rtol: 1e-12 });
  });
});

describe('of whole channels', () => {
  test.each([
    ['dropout1d', [50, 40, 3]],
    ['dropout2d', [50, 40, 3, 2]],
    ['dropout3d', [50, 40, 1, 3, 2]],
    ['dropout2d', [2000, 3, 2]],
  ] as const)('%s of %j', (name, shape) => {
    const y = F[name](ones(shape), 0.3).flatten(shape.length === 3 && name === 'dropout2d' ? 1 : 2);
    const rows = y.reshape([2000, y.numel() / 2000]);
    expect(rows.amax(1).toArray()).toEqual(rows.amin(1).toArray()); // a channel is all there or all gone
    const gone = 2000 - rows.amax(1).ne(0).sum().item();
    expect(Math.abs(gone - 600)).toBeLessThan(4 * Math.sqrt(2000 * 0.21));
    expect(new Set(rows.toTypedArray())).toEqual(new Set([0, Math.fround(1 / 0.7)]));
  });
});

describe('alphaDropout', () => {
  test('keeps mean 0 and variance 1, and sets what falls out to one value', () => {
    const x = randn([n]);
    const y = F.alphaDropout(x, 0.3);
    expect(y.mean().item()).toBeCloseTo(0, 1);
    expect(y.var().item()).toBeCloseTo(1, 1);
    const a = 1 / Math.sqrt((1.7580993 ** 2 * 0.3 + 1) * 0.7);
    const floor = a * -1.7580993 * 0.7; // selu's least value, scaled and shifted
    const fallen = y.sub(floor).abs().lt(1e-5).sum().item();
    expect(Math.abs(fallen - 0.3 * n)).toBeLessThan(5 * Math.sqrt(n * 0.21));
  });

  test('of whole channels', () => {
    const y = F.featureAlphaDropout(zeros([100, 20, 3]), 0.5).reshape([2000, 3]);
    expect(y.amax(1).toArray()).toEqual(y.amin(1).toArray());
    expect(new Set(y.toTypedArray()).size).toBe(2);
  });

  test('the gradient flows where values stayed', () => {
    const x = randn([4, 5], { dtype: 'float64', requiresGrad: true });
    gradcheck((x) => F.alphaDropout(x, 0.4, true, new Generator(7)), [x]);
    expect(F.alphaDropout(x, 1).any().item()).toBe(0);
  });
});

test('in evaluation everything passes, and no random number is drawn', () => {
  const generator = new Generator(1);
  const before = generator.getState();
  const model = new nn.Sequential(new nn.Dropout(0.5, { generator }), new nn.Dropout(1)).eval();
  const x = randn([10]);
  expect(model(x)).toBe(x);
  expect(F.dropout(x, 0.5, false)).toBe(x);
  expect(generator.getState()).toEqual(before);
  expect(model.train()(x).square().sum().item()).toBe(0);
});

test.each([-0.1, 1.1, NaN])('p = %d is no probability', (p) => {
  expect(() => new nn.Dropout(p)).toThrow(ValueError);
  expect(() => F.dropout(ones([1]), p)).toThrow(`dropout: p must be a probability from 0 to 1, got ${p}`);
});
