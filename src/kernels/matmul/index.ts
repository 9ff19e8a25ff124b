/** Matmul over arrays: which kernel multiplies one pair of matrices, and the batch loop around it. */
import { dense } from '../../array/dense.ts';
import { broadcastShapes, promote, unwrittenNd, type Data, type Nd } from '../../array/nd.ts';
import { expand, permute } from '../../array/views.ts';
import { addOnto } from '../lines.ts';
import { reference, type Gemm } from './reference.ts';
import { canUseSimd } from './simd.ts';
import { stackedProducts } from './stacks.ts';
import { shared } from './threads.ts';
import { tiled } from './tiled.ts';

/** With fewer multiplications the copies cost more than they save: see `npm run bench -- matmul --sizes 4,5,6`. */
const SMALL = 128;

/** The kernel for a product: see the files for what each is. */
// prettier-ignore
function kernelFor(
  m: number, n: number, k: number, a: Data, aRow: number, aCol: number, b: Data, bRow: number, bCol: number,
): Gemm | typeof shared {
  if (m * n * k < SMALL) return reference;
  if (canUseSimd(a, aRow, aCol, b, bRow, bCol, k)) return shared;
  return m < 2 || n < 2 ? reference : tiled;
}

/** C = A·B by the kernel that suits its size and strides. */
export const gemm: Gemm = (m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci) =>
  kernelFor(m, n, k, a, aRow, aCol, b, bRow, bCol)(m, n, k, a, ai, aRow, aCol, b, bi, bRow, bCol, c, ci);

/**
 * C[…, m, n] = A[…, m, k] · B[…, k, n]; the dims before the last two broadcast.
 * Strides are read as they are: a transposed view costs nothing.
 */
export function multiply(a: Nd, b: Nd): Nd {
  const [m, k] = a.shape.slice(-2);
  const n = b.shape[b.shape.length - 1];
  const [aRow, aCol] = a.strides.slice(-2);
  const [bRow, bCol] = b.strides.slice(-2);
  const kernel = kernelFor(m, n, k, a.data, aRow, aCol, b.data, bRow, bCol);
  if (a.shape.length === 2 && b.shape.length === 2) {
    const c = unwrittenNd(promote(a, b), [m, n]);
    kernel(m, n, k, a.data, a.offset, aRow, aCol, b.data, b.offset, bRow, bCol, c.data, 0);
    return c;
  }
  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const A = expand(a, [...batch, m, k]);
  const B = expand(b, [...batch, k, n]);
  const stacked = kernel === shared ? stackedProducts(A, B) : null;
  if (stacked !== null) return stacked;
  const c = unwrittenNd(promote(a, b), [...batch, m, n]);
  let ci = 0;
  const walk = (dim: number, ai: number, bi: number): void => {
    if (dim === batch.length) {
      kernel(m, n, k, a.data, ai, aRow, aCol, b.data, bi, bRow, bCol, c.data, ci);
      ci += m * n;
    } else {
      for (let r = 0; r < batch[dim]; r++) walk(dim + 1, ai + r * A.strides[dim], bi + r * B.strides[dim]);
    }
  };
  walk(0, a.offset, b.offset);
  return c;
}

/** y[N, out] = x[N, in] · w[out, in]ᵀ + b[out]. */
export function affine(x: Nd, w: Nd, b: Nd): Nd {
  const [m, k] = x.shape;
  const [n] = w.shape;
  const [xRow, xCol] = x.strides;
  const [wRow, wCol] = w.strides;
  const { data, offset } = dense(b);
  if (kernelFor(m, n, k, x.data, xRow, xCol, w.data, wCol, wRow) === shared && data instanceof Float32Array) {
    const y = unwrittenNd('float32', [m, n]);
    const bias = data.subarray(offset, offset + n); // that sums begin at
    shared(m, n, k, x.data, x.offset, xRow, xCol, w.data, w.offset, wCol, wRow, y.data, 0, bias);
    return y;
  }
  const y = multiply(x, permute(w, [1, 0]));
  addOnto(y, b);
  return y;
}
