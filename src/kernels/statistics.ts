/** Medians, modes, counts: what needs a line in order, or bins. */
import { dense } from '../array/dense.ts';
import { sizeOf, type Nd } from '../array/nd.ts';
import type { FoldLoop } from './lines.ts';
import { argsort } from './sorting.ts';

let order = new Float64Array(64);

/** The places of a line's elements in rising order, NaN last; equal ones as they stand. Valid until the next call. */
function sorted(x: Nd['data'], i: number, di: number, n: number): Float64Array {
  if (order.length < n) order = new Float64Array(2 * n);
  argsort(x, i, di, order, 0, 1, n);
  return order;
}

/** The place of the median, of the lower one if there are two; of the first NaN if there is one. */
export const medianPlace: FoldLoop = (x, i, di, n) => {
  const places = sorted(x, i, di, n);
  let last = n - 1;
  if (x[i + places[last] * di] === x[i + places[last] * di]) return places[last >> 1];
  while (last > 0 && x[i + places[last - 1] * di] !== x[i + places[last - 1] * di]) last--;
  return places[last];
};

/** The place of the value that is there most often, the smallest of several such, and of its places the last. */
export const modePlace: FoldLoop = (x, i, di, n) => {
  const places = sorted(x, i, di, n);
  let [best, most] = [0, 0];
  for (let r = 0, start = 0; r < n; r++) {
    const value = x[i + places[r] * di];
    if (value !== x[i + places[start] * di]) start = r; // no NaN is equal to another
    if (r + 1 - start > most) [best, most] = [places[r], r + 1 - start];
  }
  return best;
};

/** Order of numbers, NaN last and no two of them equal. */
const compare = (a: number, b: number): number => (a < b || (b !== b && a === a) ? -1 : a === b ? 0 : 1);

/**
 * The rows of x[R, C] that differ, in lexicographic order: `first` has where each is found first, `counts` how often it
 * is there, `inverse` for each row of x which of them it is.
 */
export function uniqueRows(x: Nd, R: number, C: number): { first: number[]; counts: number[]; inverse: number[] } {
  const { data, offset } = dense(x);
  const compareRows = (p: number, q: number): number => {
    for (let c = 0; c < C; c++) {
      const differ = compare(data[offset + p * C + c], data[offset + q * C + c]);
      if (differ !== 0) return differ;
    }
    return 0;
  };
  const rows =
    C === 1
      ? sorted(data, offset, 1, R).slice(0, R)
      : Array.from({ length: R }, (_, r) => r).sort((p, q) => compareRows(p, q) || p - q);
  const first: number[] = [];
  const counts: number[] = [];
  const inverse = new Array<number>(R);
  for (const row of rows) {
    if (first.length === 0 || compareRows(first[first.length - 1], row) !== 0) {
      first.push(row);
      counts.push(0);
    }
    counts[counts.length - 1]++;
    inverse[row] = first.length - 1;
  }
  return { first, counts, inverse };
}

/** How many elements lie in each of `bins` equal parts of [low, high], both ends included. */
export function histogram(x: Nd, bins: number, low: number, high: number, counts: Nd['data']): void {
  const { data, offset } = dense(x);
  for (let i = offset, end = offset + sizeOf(x.shape); i < end; i++) {
    const v = data[i];
    if (v >= low && v <= high) counts[Math.min(bins - 1, Math.floor(((v - low) / (high - low)) * bins))]++;
  }
}
