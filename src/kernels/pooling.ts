/**
 * Windows over the last two dims of [N, C, H, W]. A window is a range of rows and a range of columns; the ranges are
 * given one for each row and column of the result, so padding, dilation and uneven windows are the caller's.
 */
import { dense } from '../array/dense.ts';
import { dtypeOf, zerosNd, type Nd } from '../array/nd.ts';
import type { Range } from '../array/views.ts';
import * as simd from './simd/pooling.ts';

/** One range for each place of the result along a dim. */
export type Ranges = readonly Range[];

/** The sum of each window: x[N, C, H, W] to y[N, C, rows, cols]. */
export function windowSum(x: Nd, rows: Ranges, cols: Ranges): Nd {
  const [N, C, H, W] = x.shape;
  const y = zerosNd(dtypeOf(x.data), [N, C, rows.length, cols.length]);
  const X = dense(x);
  if (simd.windowSum(X, rows, cols, y)) return y;
  const { data, offset } = X;
  for (let plane = 0, k = 0; plane < N * C; plane++) {
    const base = offset + plane * H * W;
    for (const r of rows) {
      for (const c of cols) {
        let s = 0;
        for (let i = 0, at = base + r.start * W + c.start; i < r.size; i++, at += r.step * W) {
          for (let j = 0, p = at; j < c.size; j++, p += c.step) s += data[p];
        }
        y.data[k++] = s;
      }
    }
  }
  return y;
}

/** The adjoint of windowSum: each number of g[N, C, rows, cols] is added to all places of its window, of H × W. */
export function windowSpread(g: Nd, rows: Ranges, cols: Ranges, [H, W]: readonly [number, number]): Nd {
  const [N, C] = g.shape;
  const x = zerosNd(dtypeOf(g.data), [N, C, H, W]);
  const G = dense(g);
  if (simd.windowSpread(G, rows, cols, x)) return x;
  const { data, offset } = G;
  for (let plane = 0, k = offset; plane < N * C; plane++) {
    const base = plane * H * W;
    for (const r of rows) {
      for (const c of cols) {
        const v = data[k++];
        for (let i = 0, at = base + r.start * W + c.start; i < r.size; i++, at += r.step * W) {
          for (let j = 0, p = at; j < c.size; j++, p += c.step) x.data[p] += v;
        }
      }
    }
  }
  return x;
}

/** The place in the plane (row·W + column) of each window's largest number: the first of several, the last NaN. */
export function windowArgmax(x: Nd, rows: Ranges, cols: Ranges): Nd {
  const [N, C, H, W] = x.shape;
  const y = zerosNd(dtypeOf(x.data), [N, C, rows.length, cols.length]);
  const X = dense(x);
  if (simd.windowArgmax(X, rows, cols, y)) return y;
  const { data, offset } = X;
  for (let plane = 0, k = 0; plane < N * C; plane++) {
    const base = offset + plane * H * W;
    for (const r of rows) {
      for (const c of cols) {
        let found = base + r.start * W + c.start;
        let best = -Infinity;
        for (let i = 0, at = found; i < r.size; i++, at += r.step * W) {
          for (let j = 0, p = at; j < c.size; j++, p += c.step) {
            const v = data[p];
            if (v > best || v !== v) {
              best = v;
              found = p;
            }
          }
        }
        y.data[k++] = found - base;
      }
    }
  }
  return y;
}
