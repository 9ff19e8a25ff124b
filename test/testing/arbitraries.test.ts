/** The arbitraries keep what they promise, reach the odd cases, and shrink to simple values that print as code. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ones, type Tensor } from '../../src/index.ts';
import { broadcastShapes, sizeOf, type Shape } from '../../src/array/nd.ts';
import { broadcastable, indices, matmulShapes, shapes, tensors } from '../../src/testing/index.ts';
import { runCode } from './runCode.ts';

const run = { numRuns: 300, seed: 1 };

/** What an arbitrary shrinks to when all that fits `wanted` fails; undefined if nothing fits. */
const smallest = <T>(arbitrary: fc.Arbitrary<T>, wanted: (value: T) => boolean): T | undefined =>
  fc.check(
    fc.property(arbitrary, (value) => !wanted(value)),
    run,
  ).counterexample?.[0];

describe('shapes', () => {
  test('keep to their limits', () => {
    const options = { minRank: 1, maxRank: 3, minSize: 2, maxSize: 4, maxNumel: 20 };
    fc.assert(
      fc.property(shapes(options), (shape) => {
        expect(shape.length >= 1 && shape.length <= 3 && shape.every((size) => size >= 2 && size <= 4)).toBe(true);
      }),
      run,
    );
    fc.assert(fc.property(shapes({ maxNumel: 6 }), (shape) => sizeOf(shape) <= 6), run); // prettier-ignore
  });

  test('reach 0-d, empty, size 1, and four dims', () => {
    expect(smallest(shapes(), (shape) => shape.length === 0)).toEqual([]);
    expect(smallest(shapes(), (shape) => shape.includes(0))).toEqual([0]);
    expect(smallest(shapes(), (shape) => shape.length === 4)).toEqual([1, 1, 1, 1]);
    expect(sizeOf(smallest(shapes(), (shape) => sizeOf(shape) > 3)!)).toBe(4);
  });
});

describe('broadcastable', () => {
  test('shapes go together, as many as were asked for', () => {
    fc.assert(
      fc.property(broadcastable(3, { minRank: 1 }), (list) => {
        expect(list.length).toBe(3);
        expect(list.every((shape) => shape.length >= 1)).toBe(true);
        list.reduce((a, b) => broadcastShapes('test', a, b));
      }),
      run,
    );
  });

  test('differ in rank and in sizes of 1', () => {
    expect(smallest(broadcastable(), ([a, b]) => a.length !== b.length)).toBeDefined();
    expect(smallest(broadcastable(), ([a, b]) => a.length > 0 && a.length === b.length && a.join() !== b.join())).toBeDefined(); // prettier-ignore
  });
});

describe('matmulShapes', () => {
  test('are taken by matmul', () => {
    fc.assert(
      fc.property(matmulShapes(), ([a, b]) => {
        expect(() => ones(a).matmul(ones(b))).not.toThrow();
      }),
      run,
    );
  });

  const ranks = (p: number, q: number) => smallest(matmulShapes(), ([a, b]) => a.length === p && b.length === q);
  test('reach every form: dot, matrix and vector, batches, batches that broadcast, empty ones', () => {
    for (const [p, q] of [[1, 1], [1, 2], [2, 1], [2, 2], [3, 2], [2, 3], [3, 3], [1, 3], [4, 4]]) expect(ranks(p, q)).toBeDefined(); // prettier-ignore
    expect(smallest(matmulShapes(), ([a, b]) => a.length === 3 && b.length === 3 && a[0] !== b[0])).toBeDefined();
    expect(smallest(matmulShapes(), ([a]) => a.length > 1 && a[a.length - 1] === 0)).toBeDefined();
    expect(smallest(matmulShapes(), () => true)).toEqual([[1, 1], [1, 1]]); // prettier-ignore
  });
});

/** The places in memory of the elements. */
function places({ nd: { shape, strides, offset } }: Tensor): number[] {
  const walk = (dim: number, at: number): number[] =>
    dim === shape.length
      ? [at]
      : Array.from({ length: shape[dim] }, (_, i) => walk(dim + 1, at + i * strides[dim])).flat();
  return walk(0, offset);
}

describe('tensors', () => {
  test('have the shape, dtype, range and requiresGrad asked for, in whatever layout', () => {
    const options = { shape: [2, 3], dtype: 'float64', requiresGrad: true, min: 0.5, max: 0.75 } as const;
    fc.assert(
      fc.property(tensors(options), (x) => {
        expect([x.shape, x.dtype, x.requiresGrad, x.isLeaf]).toEqual([[2, 3], 'float64', true, true]);
        for (const v of x.toTypedArray()) expect(v >= 0.5 && v <= 0.75).toBe(true);
      }),
      run,
    );
  });

  test('with requiresGrad never share memory between elements; without, some do', () => {
    const shares = (x: Tensor): boolean => new Set(places(x)).size < x.numel();
    fc.assert(fc.property(tensors({ requiresGrad: true }), (x) => !shares(x)), run); // prettier-ignore
    expect(smallest(tensors(), shares)!.numel()).toBe(2);
  });

  test('lie within their buffer, and NaN lies around them', () => {
    fc.assert(
      fc.property(tensors(), (x) => {
        const at = new Set(places(x));
        for (const place of at) expect(place in x.nd.data).toBe(true);
        x.nd.data.forEach((v, place) => expect(Number.isNaN(v)).toBe(!at.has(place)));
      }),
      run,
    );
  });

  test('reach offsets, gaps, steps backwards, permuted dims, and row-major order', () => {
    const any = tensors({ requiresGrad: true });
    expect(smallest(any, (x) => x.nd.offset > 0)).toBeDefined();
    expect(smallest(any, (x) => x.numel() > 1 && x.nd.strides.every((step) => step > 1))).toBeDefined();
    expect(smallest(any, (x) => x.numel() > 1 && x.nd.strides[0] < 0)!.shape).toEqual([2]);
    const turned = (x: Tensor): boolean => x.ndim === 2 && x.nd.strides[0] === 1 && x.nd.strides[1] === x.size(0);
    expect(smallest(any, (x) => turned(x) && x.size(0) > 1 && x.size(1) > 1)!.shape).toEqual([2, 2]);
    expect(smallest(any, (x) => x.isContiguous() && x.ndim === 3)).toBeDefined();
  });

  test('with apart keep from one another and from 0', () => {
    for (const range of [{}, { min: 0 }, { max: 20 }, { min: -20, max: 20 }]) {
      const apart = tensors({ dtype: 'float64', apart: 0.25, ...range });
      fc.assert(
        fc.property(apart, (x) => {
          const sorted = [0, ...x.toTypedArray()].sort((a, b) => a - b);
          for (let i = 1; i < sorted.length; i++) expect(sorted[i] - sorted[i - 1]).toBeGreaterThanOrEqual(0.25);
        }),
        { numRuns: 60, seed: 1 },
      );
    }
    expect(() => fc.sample(tensors({ shape: [9], apart: 0.5, min: -1, max: 1 }))).toThrow('room for 4');
  });

  test('shrink to small, dense, simple values, which print as code', () => {
    const report = (wanted: (x: Tensor) => boolean, options = {}) => fc.stringify(smallest(tensors(options), wanted));
    expect(report(() => true)).toBe('tensor(0)');
    expect(report((x) => x.numel() > 2)).toBe('tensor([0, 0, 0])');
    expect(report((x) => x.ndim === 2 && x.sum().item() >= 2, { dtype: 'float64' })).toMatch(/^tensor\(\[\[.*\]\], \{ dtype: 'float64' \}\)$/); // prettier-ignore
    expect(report((x) => x.nd.strides[0] < 0, { requiresGrad: true })).toBe(
      "tensor([0]).index('0::-1').requiresGrad_()",
    );
  });

  test('print code that makes them again, to the last place in memory', async () => {
    for (const options of [{}, { dtype: 'float64', requiresGrad: true }] as const) {
      const drawn = fc.sample(tensors(options), run);
      const code = `import { tensor, zeros } from 'adjoint';\nexport const made = [${drawn.map((x) => fc.stringify(x)).join(',\n')}, zeros([]), tensor(0)];`; // prettier-ignore
      const { made } = await runCode<{ made: Tensor[] }>(code);
      drawn.forEach((x, i) => {
        const y = made[i];
        expect([y.shape, y.dtype, y.requiresGrad]).toEqual([x.shape, x.dtype, x.requiresGrad]);
        expect(y.nd).toEqual(x.nd);
      });
    }
  });
});

describe('indices', () => {
  const whole = (x: Tensor, size: number): boolean =>
    x.toTypedArray().every((i: number) => Number.isInteger(i) && i >= 0 && i < size);

  test('are whole numbers below the size, of any shape asked for', () => {
    const cases: [number, Shape | fc.Arbitrary<Shape> | undefined][] = [[3, undefined], [1, [2, 2]], [4, shapes()], [0, undefined]]; // prettier-ignore
    for (const [size, shape] of cases) {
      fc.assert(fc.property(indices(size, shape && { shape }), (index) => whole(index, size)), { numRuns: 60, seed: 1 }); // prettier-ignore
    }
    expect(smallest(indices(3), (x) => new Set(x.toTypedArray()).size < x.numel())!.toArray()).toEqual([0, 0]);
  });

  test('do not repeat if they are to be distinct', () => {
    fc.assert(fc.property(indices(4, { distinct: true }), (x) => new Set(x.toTypedArray()).size === x.numel()), run); // prettier-ignore
    expect(() => fc.sample(indices(2, { shape: [3], distinct: true }))).toThrow('must have room for 3 distinct');
    expect(() => fc.sample(indices(0, { shape: [1] }))).toThrow('a size of 0');
  });
});
