/** From strides to row-major order: the one strided copy loop. */
import { unwritten } from './memory.ts';
import { dtypeOf, isDense, nd, sizeOf, type Data, type DType, type Nd } from './nd.ts';

/** Copies n numbers, `di` and `dj` apart. A function of its own, so that its numbers stay in registers. */
// prettier-ignore
function copyLine(x: Data, i: number, di: number, y: Data, j: number, dj: number, n: number): void {
  for (let r = 0; r < n; r++, i += di, j += dj) y[j] = x[i];
}

/** Copies x's elements in row-major order to `out` from `at` on; converts to out's type on the way. */
export function copyInto(x: Nd, out: Data, at = 0): void {
  if (isDense(x)) out.set(x.data.subarray(x.offset, x.offset + sizeOf(x.shape)), at);
  else eachLine(x, (i, step, n, done) => copyLine(x.data, i, step, out, at + done, 1, n));
}

/** Visits the lines along the last dim: where each starts, its step and length, and how many elements came before. */
function eachLine(
  { shape, strides, offset }: Nd,
  visit: (start: number, step: number, n: number, done: number) => void,
): void {
  const last = shape.length - 1;
  const [n, step] = last < 0 ? [1, 1] : [shape[last], strides[last]];
  let done = 0;
  const walk = (dim: number, from: number): void => {
    if (dim < last) {
      for (let r = 0; r < shape[dim]; r++) walk(dim + 1, from + r * strides[dim]);
    } else {
      visit(from, step, n, done);
      done += n;
    }
  };
  walk(0, offset);
}

/** A row-major copy of its own, of the same type unless another is asked for. */
export function copy(x: Nd, dtype: DType = dtypeOf(x.data)): Nd {
  const out = unwritten(dtype, sizeOf(x.shape));
  copyInto(x, out);
  return nd(out, x.shape);
}

/** x itself if it is row-major (its offset need not be 0), else a row-major copy. */
export const dense = (x: Nd): Nd => (isDense(x) ? x : copy(x));

/** Writes x's elements over y's; both may be strided, and may be views of the same data. Their shapes are equal. */
export function overwrite(y: Nd, x: Nd): void {
  const { data, offset } = x.data === y.data ? copy(x) : dense(x);
  eachLine(y, (i, step, n, done) => copyLine(data, offset + done, 1, y.data, i, step, n));
}
