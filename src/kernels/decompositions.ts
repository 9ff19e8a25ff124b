/**
 * Small matrices, one at a time in float64: LU with partial pivoting, Cholesky, and the triangular systems that these
 * leave (Golub and Van Loan, Matrix Computations, §3.1, 3.4 and 4.2). A singular matrix gives infinities or NaN;
 * whoever calls looks.
 */
import { dense } from '../array/dense.ts';
import { broadcastShapes, dtypeOf, promote, sizeOf, zerosNd, type Nd, type Shape } from '../array/nd.ts';
import { expand } from '../array/views.ts';

/** The matrices of x, […, n, m], in turn: each copied to `room`, which `visit` may write over. */
function eachMatrix(x: Nd, room: Float64Array, visit: (place: number) => void): void {
  const { data, offset } = dense(x);
  const size = room.length;
  const count = sizeOf(x.shape.slice(0, -2));
  for (let place = 0; place < count; place++) {
    for (let e = 0, i = offset + place * size; e < size; e++) room[e] = data[i++];
    visit(place);
  }
}

const roomFor = (x: Nd): Float64Array => new Float64Array(sizeOf(x.shape.slice(-2)));
const batchOf = (x: Nd): Shape => x.shape.slice(0, -2);

/**
 * P·A = L·U in the place of A [n, n]: U on and above the diagonal, L below it, with ones that are not stored.
 * `order` gets the row of A that stands in each row of P·A. Returns det P.
 */
function factor(a: Float64Array, n: number, order: Int32Array): number {
  let sign = 1;
  for (let r = 0; r < n; r++) order[r] = r;
  for (let c = 0; c < n; c++) {
    let p = c; // the row with the largest pivot
    for (let r = c + 1; r < n; r++) if (Math.abs(a[r * n + c]) > Math.abs(a[p * n + c])) p = r;
    if (p !== c) {
      for (let k = 0; k < n; k++) [a[c * n + k], a[p * n + k]] = [a[p * n + k], a[c * n + k]];
      [order[c], order[p]] = [order[p], order[c]];
      sign = -sign;
    }
    const pivot = a[c * n + c];
    if (pivot === 0) continue; // so is all that is below it
    for (let r = c + 1; r < n; r++) {
      const f = (a[r * n + c] /= pivot);
      for (let k = c + 1; k < n; k++) a[r * n + k] -= f * a[c * n + k];
    }
  }
  return sign;
}

/** T·X = B in the place of B [n, m], for the lower or upper triangle T of a; `unit`: with ones on its diagonal. */
function substitute(a: Float64Array, n: number, x: Float64Array, m: number, upper: boolean, unit: boolean): void {
  for (let s = 0; s < n; s++) {
    const r = upper ? n - 1 - s : s;
    for (let c = upper ? r + 1 : 0, end = upper ? n : r; c < end; c++) {
      const f = a[r * n + c];
      for (let k = 0; k < m; k++) x[r * m + k] -= f * x[c * m + k];
    }
    if (!unit) for (let k = 0, pivot = a[r * n + r]; k < m; k++) x[r * m + k] /= pivot;
  }
}

/** A and B with the dims before the last two broadcast together. */
function aligned(where: string, a: Nd, b: Nd): [a: Nd, b: Nd] {
  const batch = broadcastShapes(where, batchOf(a), batchOf(b));
  return [expand(a, [...batch, ...a.shape.slice(-2)]), expand(b, [...batch, ...b.shape.slice(-2)])];
}

/** A⁻¹·B: A […, n, n], B […, n, m]. */
export function solve(A: Nd, B: Nd): Nd {
  const [a, b] = aligned('solve', A, B);
  const y = zerosNd(promote(a, b), b.shape);
  const [n, m] = b.shape.slice(-2);
  const [lu, x, order] = [roomFor(a), new Float64Array(n * m), new Int32Array(n)];
  const right = dense(b);
  eachMatrix(a, lu, (place) => {
    factor(lu, n, order);
    const start = right.offset + place * n * m;
    for (let r = 0; r < n; r++) for (let k = 0; k < m; k++) x[r * m + k] = right.data[start + order[r] * m + k];
    substitute(lu, n, x, m, false, true);
    substitute(lu, n, x, m, true, false);
    y.data.set(x, place * n * m);
  });
  return y;
}

/** A⁻¹. */
export function inverse(a: Nd): Nd {
  const n = a.shape[a.shape.length - 1];
  const unit = zerosNd(dtypeOf(a.data), [n, n]);
  for (let i = 0; i < n; i++) unit.data[i * (n + 1)] = 1;
  return solve(a, unit);
}

/** T⁻¹·B for the lower or upper triangle T of A; the other triangle is not read. */
export function solveTriangular(A: Nd, B: Nd, upper: boolean): Nd {
  const [a, b] = aligned('solveTriangular', A, B);
  const y = zerosNd(promote(a, b), b.shape);
  const [n, m] = b.shape.slice(-2);
  const [t, x] = [roomFor(a), new Float64Array(n * m)];
  const right = dense(b);
  eachMatrix(a, t, (place) => {
    for (let e = 0, i = right.offset + place * n * m; e < n * m; e++) x[e] = right.data[i++];
    substitute(t, n, x, m, upper, false);
    y.data.set(x, place * n * m);
  });
  return y;
}

/** A number from the pivots of each matrix, the diagonal of its U, and from the sign of its permutation. */
const ofPivots =
  (value: (lu: Float64Array, n: number, sign: number) => number) =>
  (a: Nd): Nd => {
    const y = zerosNd(dtypeOf(a.data), batchOf(a));
    const n = a.shape[a.shape.length - 1];
    const [lu, order] = [roomFor(a), new Int32Array(n)];
    eachMatrix(a, lu, (place) => {
      const sign = factor(lu, n, order);
      y.data[place] = value(lu, n, sign);
    });
    return y;
  };

/** The determinant: the product of the pivots. */
export const det = ofPivots((lu, n, sign) => {
  let product = sign;
  for (let i = 0; i < n; i++) product *= lu[i * (n + 1)];
  return product;
});

/** log |det A|, where the determinant itself might overflow. */
export const logabsdet = ofPivots((lu, n) => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(Math.abs(lu[i * (n + 1)]));
  return sum;
});

/** The sign of the determinant. */
export const detSign = ofPivots((lu, n, sign) => {
  let product = sign;
  for (let i = 0; i < n; i++) product *= Math.sign(lu[i * (n + 1)]);
  return product;
});

/** 1 where a matrix is far enough from singular to be inverted twice with digits left: no pivot below 10⁻⁸ of the largest. */
export const isRegular = ofPivots((lu, n) => {
  let [least, most] = [Infinity, 0];
  for (let i = 0; i < n; i++) {
    const pivot = Math.abs(lu[i * (n + 1)]);
    least = Math.min(least, pivot);
    most = Math.max(most, pivot);
  }
  return n === 0 || least > 1e-8 * most ? 1 : 0;
});

/** The lower triangle L with L·Lᵀ = (A + Aᵀ)/2; NaN where that is not positive definite. */
export function cholesky(a: Nd): Nd {
  const y = zerosNd(dtypeOf(a.data), a.shape);
  const n = a.shape[a.shape.length - 1];
  const [m, l] = [roomFor(a), roomFor(a)];
  eachMatrix(a, m, (place) => {
    for (let r = 0; r < n; r++) {
      for (let c = 0; c <= r; c++) {
        let rest = (m[r * n + c] + m[c * n + r]) / 2;
        for (let k = 0; k < c; k++) rest -= l[r * n + k] * l[c * n + k];
        l[r * n + c] = c === r ? (rest > 0 ? Math.sqrt(rest) : NaN) : rest / l[c * n + c];
      }
    }
    y.data.set(l, place * n * n);
  });
  return y;
}
