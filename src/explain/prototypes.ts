/**
 * Rows that stand for many, and rows that these leave out (MMD-critic: Kim, Khanna and Koyejo, 2016), by the kernel
 * k(x, y) = exp(−‖x − y‖²/(2·width²)).
 */
import { ValueError } from '../array/errors.ts';
import { cdist } from '../combine/products.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';
import { batchOf, countOf } from './model.ts';

export interface KernelOptions {
  /** How far apart two rows are that are still alike; the median distance of rows if left out. */
  readonly width?: number;
}

export interface Prototypes {
  /** Which rows, in the order in which they were chosen. */
  readonly indices: readonly number[];
  /** MMD² between all rows and the first 1, 2, … of these: 0 if they stood for all. */
  readonly mmd: readonly number[];
}

interface Kernel {
  readonly n: number;
  readonly k: (i: number, j: number) => number;
  /** The mean over all rows of k(·, j). */
  readonly means: Float64Array;
}

function kernelOf(where: string, x: Tensor, { width }: KernelOptions): Kernel {
  const batch = batchOf(where, x);
  const n = batch.shape[0];
  const rows = noGrad(() => batch.to('float64').reshape([n, -1]));
  const apart = noGrad(() => cdist(rows, rows)).toTypedArray();
  if (width !== undefined && !(width > 0)) throw new ValueError(where, 'width must be above 0', `${width}`);
  const different = apart.filter((d) => d > 0).toSorted();
  const wide = width ?? different[different.length >> 1] ?? 1;
  const K = Float64Array.from(apart, (d) => Math.exp(-(d * d) / (2 * wide * wide)));
  const means = Float64Array.from({ length: n }, (_, j) => K.subarray(j * n, (j + 1) * n).reduce((a, b) => a + b, 0) / n);
  return { n, k: (i, j) => K[i * n + j], means };
} // prettier-ignore

/**
 * Prototypes: the rows of x[N, …] whose distribution is most like that of all, chosen one by one so that MMD² =
 * mean k(x, x) − 2·mean k(x, s) + mean k(s, s) falls most, s being those chosen.
 * ```ts
 * import { tensor } from 'adjoint';
 * import { prototypes } from 'adjoint/explain';
 * const x = tensor([[0], [0.1], [-0.1], [9], [9.1]]); // two heaps
 * prototypes(x, 2, { width: 1 }).indices // => [ 0, 3 ]
 * ```
 * @throws ValueError when there are not so many rows, or width is not above 0
 */
export function prototypes(x: Tensor, count: number, options: KernelOptions = {}): Prototypes {
  const where = 'prototypes';
  const { n, k, means } = kernelOf(where, x, options);
  if (countOf(where, 'count', count) > n) throw new ValueError(where, `there must be ${count} rows`, `${n}`);
  const all = means.reduce((a, b) => a + b, 0) / n;
  const indices: number[] = [];
  const mmd: number[] = [];
  const toChosen = new Float64Array(n); // Σ over the chosen s of k(j, s)
  let [near, among] = [0, 0]; // Σ of means, and of k, over the chosen
  for (let m = 1; m <= count; m++) {
    let [best, lowest] = [-1, Infinity];
    for (let j = 0; j < n; j++) {
      if (indices.includes(j)) continue;
      const value = all - (2 * (near + means[j])) / m + (among + 2 * toChosen[j] + k(j, j)) / (m * m);
      if (value < lowest) [best, lowest] = [j, value];
    }
    indices.push(best);
    mmd.push(lowest);
    near += means[best];
    among += 2 * toChosen[best] + k(best, best);
    for (let j = 0; j < n; j++) toChosen[j] += k(j, best);
  }
  return { indices, mmd };
} // prettier-ignore

export interface CriticismOptions extends KernelOptions {
  /** 'logdet' wants criticisms that differ from one another; 'none' only the largest |witness|. 'logdet' if left out. */
  readonly regularizer?: 'logdet' | 'none';
}

export interface Criticisms {
  /** Which rows, in the order in which they were chosen. */
  readonly indices: readonly number[];
  /** The witness at each row of x: above 0 where there are more rows than the prototypes say, below 0 where fewer. */
  readonly witness: readonly number[];
}

/**
 * Criticisms: the rows at which all rows and the prototypes differ most, chosen one by one so that
 * Σ |witness| + log det K of the chosen rises most, for the witness mean k(·, x) − mean k(·, s).
 * ```ts
 * import { tensor } from 'adjoint';
 * import { criticisms } from 'adjoint/explain';
 * const x = tensor([[0], [0.1], [4], [4.1], [9]]);
 * criticisms(x, [0, 2], 1, { width: 1 }).indices // => [ 4 ]
 * ```
 * @param chosen rows that are prototypes: prototypes(x, …).indices
 * @throws ValueError when a prototype is no row, or too few rows are left
 */
export function criticisms(x: Tensor, chosen: readonly number[], count: number, options: CriticismOptions = {}): Criticisms {
  const where = 'criticisms';
  const { regularizer = 'logdet' } = options;
  const { n, k, means } = kernelOf(where, x, options);
  const wrong = chosen.find((s) => !Number.isInteger(s) || s < 0 || s >= n);
  if (chosen.length === 0 || wrong !== undefined) throw new ValueError(where, `prototypes must be rows from 0 to ${n - 1}`, wrong === undefined ? 'none' : `${wrong}`);
  if (regularizer !== 'logdet' && regularizer !== 'none') throw new ValueError(where, "regularizer must be 'logdet' or 'none'", `'${String(regularizer)}'`);
  const free = n - new Set(chosen).size;
  if (countOf(where, 'count', count) > free) throw new ValueError(where, `there must be ${count} rows that are no prototypes`, `${free}`);
  const witness = Array.from(means, (mean, j) => mean - chosen.reduce((sum, s) => sum + k(j, s), 0) / chosen.length);
  const indices: number[] = [];
  // Of each row what Cholesky's factor of the chosen would have: log det K grows by the log of the square that is left.
  const factors = Array.from({ length: n }, (): number[] => []);
  const left = Float64Array.from({ length: n }, (_, j) => k(j, j));
  for (let m = 0; m < count; m++) {
    let [best, most] = [-1, -Infinity];
    for (let j = 0; j < n; j++) {
      if (indices.includes(j) || chosen.includes(j)) continue;
      const value = Math.abs(witness[j]) + (regularizer === 'none' ? 0 : Math.log(Math.max(left[j], 1e-300)));
      if (value > most) [best, most] = [j, value];
    }
    indices.push(best);
    const root = Math.sqrt(Math.max(left[best], 1e-300));
    const pivot = factors[best].slice();
    for (let j = 0; j < n; j++) {
      const c = (k(j, best) - factors[j].reduce((sum, v, i) => sum + v * pivot[i], 0)) / root;
      factors[j].push(c);
      left[j] -= c * c;
    }
  }
  return { indices, witness };
} // prettier-ignore
