import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/array/errors.ts';
import type { Shape } from '../../src/array/nd.ts';
import { Generator } from '../../src/array/random.ts';
import { rand, randn, tensor, zeros } from '../../src/create.ts';
import { reference, type Gemm } from '../../src/kernels/matmul/reference.ts';
import { tiled } from '../../src/kernels/matmul/tiled.ts';
import type { Tensor } from '../../src/tensor.ts';

/** numpy.matmul by the definition, an element at a time. */
function naive(a: Tensor, b: Tensor): { shape: number[]; data: number[] } {
  const A = a.ndim === 1 ? [1, ...a.shape] : [...a.shape];
  const B = b.ndim === 1 ? [...b.shape, 1] : [...b.shape];
  const [m, k, n] = [A[A.length - 2], A[A.length - 1], B[B.length - 1]];
  const rank = Math.max(A.length, B.length) - 2;
  const [p, q] = [A, B].map((s) => [...Array(rank + 2 - s.length).fill(1), ...s.slice(0, -2)] as number[]);
  const batch = p.map((size, d) => (size === 1 ? q[d] : size));
  const [x, y] = [a.toTypedArray(), b.toTypedArray()];
  const data: number[] = [];
  const walk = (at: number[]): void => {
    if (at.length < rank) {
      for (let i = 0; i < batch[at.length]; i++) walk([...at, i]);
      return;
    }
    const place = (sizes: number[]): number => at.reduce((o, i, d) => o * sizes[d] + (sizes[d] === 1 ? 0 : i), 0);
    const [oa, ob] = [place(p) * m * k, place(q) * k * n];
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) sum += x[oa + i * k + l] * y[ob + l * n + j];
        data.push(sum);
      }
    }
  };
  walk([]);
  return { shape: [...batch, ...(a.ndim === 1 ? [] : [m]), ...(b.ndim === 1 ? [] : [n])], data };
}

describe('matmul', () => {
  const pairs: [Shape, Shape][] = [
    [[3], [3]], [[0], [0]], [[2, 3], [3]], [[3], [3, 2]], [[2, 3], [3, 4]], [[1, 3], [3, 1]],
    [[2, 2, 3], [3]], [[3], [2, 3, 2]], [[2, 2, 3], [2, 3, 2]], [[2, 2, 3], [3, 2]], [[2, 3], [4, 3, 2]],
    [[2, 1, 2, 3], [3, 3, 2]], [[1, 2, 3], [5, 3, 1]], [[2, 2, 1, 3], [2, 3, 2]], [[4, 1, 2, 3], [1, 5, 3, 2]],
    [[2, 0], [0, 3]], [[2, 2, 0], [0, 3]], [[2, 2, 0], [2, 0, 3]], [[0, 3], [3, 2]], [[2, 3], [3, 0]],
    [[0, 2, 3], [3, 2]], [[0, 2, 3], [1, 3, 2]], [[2, 0], [0]], [[17, 19], [19, 23]], [[2, 17, 19], [19, 23]],
  ]; // prettier-ignore

  it.each(pairs)('%j · %j is the triple loop', (p, q) => {
    const [a, b] = [p, q].map((shape) => randn(shape, { dtype: 'float64' }));
    const { shape, data } = naive(a, b);
    const y = a.matmul(b);
    expect(y.shape).toEqual(shape);
    expect(y.toTypedArray()).toBeAllClose(data, { rtol: 1e-12, atol: 1e-12 });
  });

  it('of an empty inner size is zeros', () => {
    expect(zeros([2, 0]).matmul(zeros([0, 3])).toArray()).toEqual([[0, 0, 0], [0, 0, 0]]); // prettier-ignore
    expect(
      zeros([0])
        .matmul(zeros([0]))
        .item(),
    ).toBe(0);
  });

  it('reads strided views as they are', () => {
    const a = randn([24, 30], { dtype: 'float64' });
    const b = randn([30, 24], { dtype: 'float64' });
    const views: [Tensor, Tensor][] = [
      [b.t(), a.t()],
      [a.slice(0, undefined, undefined, -1), b.slice(1, 1, 20, 3)],
      [a.slice(1, undefined, undefined, 2), b.slice(0, undefined, undefined, -2)],
      [a.narrow(0, 3, 1).expand([20, 30]), b],
    ];
    for (const [x, y] of views) {
      expect(x.matmul(y).toTypedArray()).toBeAllClose(naive(x, y).data, { rtol: 1e-12, atol: 1e-12 });
      const batch = x.unsqueeze(0).expand([2, -1, -1]);
      expect(batch.matmul(y).select(0, 1)).toBeAllClose(x.matmul(y), { rtol: 1e-12, atol: 1e-12 });
    }
  });

  it('refuses inner sizes that differ, numbers, and batches that do not broadcast', () => {
    expect(() => zeros([3, 4]).matmul(zeros([5, 6]))).toThrow(
      new ShapeError('matmul', 'inner sizes must agree', '[3, 4] · [5, 6] (4 vs 5)'),
    );
    expect(() => zeros([3]).matmul(zeros([4]))).toThrow('matmul: inner sizes must agree, got [3] · [4] (3 vs 4)');
    expect(() => tensor(1).matmul(zeros([1]))).toThrow('matmul: both must have at least one dim, got [] · [1]');
    expect(() => zeros([2, 3, 4]).matmul(zeros([3, 4, 5]))).toThrow(
      'matmul: sizes must be equal or 1, aligned at the last dim, got [2] and [3]',
    );
  });
});

describe('the tiled kernel', () => {
  const run = (kernel: Gemm, m: number, n: number, k: number, a: Tensor, b: Tensor): Tensor => {
    const c = zeros([m, n], { dtype: a.dtype }).fill_(NaN); // whatever was there is overwritten
    const [p, q] = [a.nd, b.nd];
    kernel(
      m,
      n,
      k,
      p.data,
      p.offset,
      p.strides[0],
      p.strides[1],
      q.data,
      q.offset,
      q.strides[0],
      q.strides[1],
      c.nd.data,
      0,
    );
    return c;
  };
  const sizes = [[1, 1, 1], [4, 3, 8], [5, 7, 11], [64, 3, 256], [65, 4, 257], [13, 31, 300], [7, 129, 513], [67, 71, 73], [2, 2, 0], [130, 2, 3]]; // prettier-ignore

  it.each(sizes)(
    'agrees with three loops on %i × %i × %i, whatever the strides, as closely as rounding allows',
    (m, n, k) => {
      for (const dtype of ['float64', 'float32'] as const) {
        const epsilon = dtype === 'float64' ? 2 ** -52 : 2 ** -23;
        for (const strided of [false, true]) {
          const a = strided
            ? randn([2 * k, m], { dtype })
                .slice(0, undefined, undefined, -2)
                .t()
            : randn([m, k], { dtype });
          const b = strided
            ? randn([n + 1, k], { dtype })
                .narrow(0, 1, n)
                .t()
            : randn([k, n], { dtype });
          const got = run(tiled, m, n, k, a, b).toTypedArray();
          const expected = run(reference, m, n, k, a, b).toTypedArray();
          const bound = run(reference, m, n, k, a.abs(), b.abs()).toTypedArray();
          const faults = [...got.keys()].filter((i) => !(Math.abs(got[i] - expected[i]) <= 2 * k * epsilon * bound[i]));
          expect(faults).toEqual([]);
        }
      }
    },
  );

  it('lets NaN and infinity into their own rows and columns only', () => {
    for (const special of [NaN, Infinity]) {
      const [a, b] = [rand([9, 10]).add(1), rand([10, 11]).add(1)];
      a.index(5, 3).fill_(special);
      b.index(2, 7).fill_(-special);
      const y = run(tiled, 9, 11, 10, a, b);
      expect(y.toTypedArray()).toBeAllClose(run(reference, 9, 11, 10, a, b).toTypedArray());
      const odd = [...y.toTypedArray().keys()].filter((i) => !Number.isFinite(y.toTypedArray()[i]));
      expect(odd.every((i) => Math.floor(i / 11) === 5 || i % 11 === 7)).toBe(true);
      expect(odd).toHaveLength(9 + 11 - 1);
    }
  });

  it('leaves nothing behind: the same product is the same bits after other ones', () => {
    const g = new Generator(1);
    const [a, b] = [randn([20, 30], { generator: g }), randn([30, 10], { generator: g })];
    const first = run(tiled, 20, 10, 30, a, b).toTypedArray();
    run(tiled, 70, 90, 300, randn([70, 300]).mul(NaN), randn([300, 90]));
    expect(run(tiled, 20, 10, 30, a, b).toTypedArray()).toEqual(first);
  });
});
