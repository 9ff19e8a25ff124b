/** From strides to row-major order: the one strided copy loop. */
import { allocate, dtypeOf, isDense, nd, sizeOf, type Data, type DType, type Nd } from './nd.ts';

/** Copies x's elements in row-major order to `out` from `at` on; converts to out's type on the way. */
export function copyInto(x: Nd, out: Data, at = 0): void {
  if (isDense(x)) {
    out.set(x.data.subarray(x.offset, x.offset + sizeOf(x.shape)), at);
    return;
  }
  const { data, shape, strides } = x;
  const last = shape.length - 1;
  const n = shape[last];
  const step = strides[last];
  const walk = (dim: number, from: number): void => {
    if (dim < last) {
      for (let r = 0; r < shape[dim]; r++) walk(dim + 1, from + r * strides[dim]);
    } else {
      for (let r = 0, i = from; r < n; r++, i += step) out[at++] = data[i];
    }
  };
  walk(0, x.offset);
}

/** A row-major copy of its own, of the same type unless another is asked for. */
export function copy(x: Nd, dtype: DType = dtypeOf(x.data)): Nd {
  const out = allocate(dtype, sizeOf(x.shape));
  copyInto(x, out);
  return nd(out, x.shape);
}

/** x itself if it is row-major (its offset need not be 0), else a row-major copy. */
export const dense = (x: Nd): Nd => (isDense(x) ? x : copy(x));

/** Writes x's elements over y's; both may be strided, and may be views of the same data. Their shapes are equal. */
export function overwrite(y: Nd, x: Nd): void {
  const { data, offset } = x.data === y.data ? copy(x) : dense(x);
  let i = offset;
  const last = y.shape.length - 1;
  const walk = (dim: number, at: number): void => {
    const n = y.shape[dim];
    const step = y.strides[dim];
    if (dim < last) for (let r = 0; r < n; r++, at += step) walk(dim + 1, at);
    else for (let r = 0; r < n; r++, at += step) y.data[at] = data[i++];
  };
  if (last < 0) y.data[y.offset] = data[i];
  else walk(0, y.offset);
}
