/** Loops over two lines at once that are less common than those of elementwise.ts; remainders, logic, bits. */
import type { Zip3Loop, ZipLoop } from './lines.ts';

export const atan2: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = Math.atan2(a[i], b[j]);
};
/** √(a² + b²); Math.hypot, which is twenty times slower, only where a square is lost to under- or overflow. */
export const hypot: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) {
    const sum = a[i] * a[i] + b[j] * b[j];
    y[k++] = sum > 1e-280 && sum < 1e300 ? Math.sqrt(sum) : Math.hypot(a[i], b[j]);
  }
};
/** |a| with the sign of b, that of −0 too. */
export const copysign: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) {
    y[k++] = b[j] < 0 || Object.is(b[j], -0) ? -Math.abs(a[i]) : Math.abs(a[i]);
  }
};
/** The larger one; of a number and NaN, the number. */
export const fmax: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] >= b[j] || b[j] !== b[j] ? a[i] : b[j];
};
/** The smaller one; of a number and NaN, the number. */
export const fmin: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] <= b[j] || b[j] !== b[j] ? a[i] : b[j];
};
/** log(eᵃ + eᵇ) = m + log(1 + e^−|a−b|), with m the larger one. */
export const logaddexp: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) {
    const p = a[i];
    const q = b[j];
    y[k++] = p === q ? p + Math.LN2 : Math.max(p, q) + Math.log1p(Math.exp(-Math.abs(p - q)));
  }
};
/** a·log b, and 0 where a = 0, but for b = NaN. */
export const xlogy: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] === 0 && b[j] === b[j] ? 0 : a[i] * Math.log(b[j]);
};

/** What is left of a when as many b as possible are taken towards 0: it has a's sign. */
export const fmod: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] % b[j];
};
/** What is left of a when ⌊a/b⌋ times b is taken: it has b's sign. */
export const remainder: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) {
    const rest = a[i] % b[j];
    y[k++] = rest !== 0 && rest < 0 !== b[j] < 0 ? rest + b[j] : rest;
  }
};
/** ⌊a/b⌋ by way of the remainder, so that the rounding of a/b cannot lift it over a whole number: 1 by 0.1 is 9. */
export const floorDiv: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = floorQuotient(a[i], b[j]);
};
function floorQuotient(a: number, b: number): number {
  const rounded = a / b;
  const floor = Math.floor(rounded);
  if (floor !== rounded) return floor; // rounding can lift a quotient to a whole number, but not over it
  if (b === 0) return rounded;
  const rest = a % b;
  const quotient = (a - rest) / b - (rest !== 0 && rest < 0 !== b < 0 ? 1 : 0); // whole, but for rounding
  return quotient === 0 ? rounded : Math.floor(quotient + 0.5); // 0 with the sign of a/b
}
/** a/b towards 0. */
export const truncDiv: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = Math.trunc(a[i] / b[j]);
};

// Truth: all but 0 is true, NaN too.
export const logicalAnd: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] !== 0 && b[j] !== 0 ? 1 : 0;
};
export const logicalOr: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = a[i] !== 0 || b[j] !== 0 ? 1 : 0;
};
export const logicalXor: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = (a[i] !== 0) !== (b[j] !== 0) ? 1 : 0;
};

// Bits of whole numbers to ±2⁵³ in two's complement: the low 32 by JavaScript's operators, the others as ⌊x / 2³²⌋.
const high = (x: number): number => Math.floor(x / 2 ** 32);
const join = (upper: number, lower: number): number => upper * 2 ** 32 + (lower >>> 0);

export const bitwiseAnd: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = join(high(a[i]) & high(b[j]), a[i] & b[j]);
};
export const bitwiseOr: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = join(high(a[i]) | high(b[j]), a[i] | b[j]);
};
export const bitwiseXor: ZipLoop = (a, i, di, b, j, dj, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj) y[k++] = join(high(a[i]) ^ high(b[j]), a[i] ^ b[j]);
};

/** x, but at least `low` and then at most `high`; NaN if any of them is. */
export const clamp: Zip3Loop = (x, i, di, low, j, dj, high, m, dm, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj, m += dm) y[k++] = Math.min(Math.max(x[i], low[j]), high[m]);
};

/** From a to b by the part w of the way, reckoned from the nearer end. */
export const lerp: Zip3Loop = (a, i, di, b, j, dj, w, m, dm, y, k, n) => {
  for (const end = k + n; k < end; i += di, j += dj, m += dm) {
    const step = b[j] - a[i];
    y[k++] = Math.abs(w[m]) < 0.5 ? a[i] + step * w[m] : b[j] - step * (1 - w[m]);
  }
};
