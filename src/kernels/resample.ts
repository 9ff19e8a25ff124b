/** Weighted sums of a few places along a dim, as interpolation takes them, and the adjoint. */
import { dense } from '../array/dense.ts';
import { dtypeOf, sizeOf, zerosNd, type Nd } from '../array/nd.ts';

/** For each result `width` places along the dim and their weights, one result after another. */
export interface Taps {
  readonly width: number;
  readonly index: ArrayLike<number>;
  readonly weight: ArrayLike<number>;
}

/** y[o, i, q] = Σ over the taps k of i of weight(k)·x[o, index(k), q], or back: x[o, index(k), q] += weight(k)·y[o, i, q]. */
function run(x: Nd, dim: number, { width, index, weight }: Taps, size: number, back: boolean): Nd {
  const y = zerosNd(dtypeOf(x.data), x.shape.with(dim, size));
  const { data, offset } = dense(x);
  const out = y.data;
  const inner = sizeOf(x.shape.slice(dim + 1));
  const outer = sizeOf(x.shape.slice(0, dim));
  const [m, n] = [x.shape[dim], size];
  const taps = index.length;
  for (let o = 0; o < outer; o++) {
    const from = offset + o * m * inner;
    const to = o * n * inner;
    for (let k = 0; k < taps; k++) {
      const i = Math.floor(k / width);
      const w = weight[k];
      let a = from + (back ? i : index[k]) * inner;
      let b = to + (back ? index[k] : i) * inner;
      for (const end = b + inner; b < end;) out[b++] += w * data[a++];
    }
  }
  return y;
}

/** The weighted sums along dim of x. */
export const resample = (x: Nd, dim: number, taps: Taps): Nd => run(x, dim, taps, taps.index.length / taps.width, false); // prettier-ignore

/** The adjoint of resample: y spread over `size` places. */
export const resampleBack = (y: Nd, dim: number, taps: Taps, size: number): Nd => run(y, dim, taps, size, true);
