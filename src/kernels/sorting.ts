/** Order: the places that sort a line, and where a value belongs in a sorted line. NaN counts as the largest number. */
import { dense } from '../array/dense.ts';
import { dtypeOf, sizeOf, zerosNd, type Nd } from '../array/nd.ts';
import type { ScanLoop } from './lines.ts';

// Room for one line: its numbers and their places, before and after a pass.
let keys = new Float64Array(64);
let places = new Int32Array(64);
let keysTo = new Float64Array(64);
let placesTo = new Int32Array(64);
const RUN = 12; // lines of this length are sorted by insertion

/** Sorts the first n keys, and their places with them; equal ones stay as they were: merge sort, from runs up. */
function mergeSort(n: number): void {
  for (let start = 0; start < n; start += RUN) {
    for (let r = start + 1, end = Math.min(n, start + RUN); r < end; r++) {
      const key = keys[r];
      const place = places[r];
      let q = r - 1;
      for (; q >= start && keys[q] > key; q--) {
        keys[q + 1] = keys[q];
        places[q + 1] = places[q];
      }
      keys[q + 1] = key;
      places[q + 1] = place;
    }
  }
  for (let width = RUN; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = Math.min(n, start + width);
      const end = Math.min(n, middle + width);
      for (let r = start, p = start, q = middle; r < end; r++) {
        const from = p < middle && (q >= end || keys[p] <= keys[q]) ? p++ : q++;
        keysTo[r] = keys[from];
        placesTo[r] = places[from];
      }
    }
    [keys, keysTo, places, placesTo] = [keysTo, keys, placesTo, places];
  }
}

const sorter =
  (sign: 1 | -1): ScanLoop =>
  (x, i, di, y, k, dk, n) => {
    if (keys.length < n) {
      [keys, keysTo] = [new Float64Array(2 * n), new Float64Array(2 * n)];
      [places, placesTo] = [new Int32Array(2 * n), new Int32Array(2 * n)];
    }
    let numbers = 0;
    for (let r = 0, at = i; r < n; r++, at += di) {
      if (x[at] !== x[at]) continue;
      keys[numbers] = sign * x[at];
      places[numbers++] = r;
    }
    mergeSort(numbers);
    const nans = sign === 1 ? k + numbers * dk : k; // NaN comes last, or first when falling
    for (let r = 0, at = sign === 1 ? k : k + (n - numbers) * dk; r < numbers; r++, at += dk) y[at] = places[r];
    for (let r = 0, at = nans; r < n; r++, i += di) {
      if (x[i] === x[i]) continue;
      y[at] = r;
      at += dk;
    }
  };

/** The places of a line's elements in rising order; equal ones in the order in which they stand. */
export const argsort: ScanLoop = sorter(1);
/** The same in falling order. */
export const argsortDown: ScanLoop = sorter(-1);

/**
 * For each value the first place in a sorted line whose element is not below it or, from the right, the first that is
 * above it. `sorted` has one line for all, or one for each line of values.
 */
export function searchsorted(sorted: Nd, values: Nd, right: boolean): Nd {
  const y = zerosNd(dtypeOf(values.data), values.shape);
  const line = dense(sorted);
  const { data, offset } = dense(values);
  const n = sorted.shape[sorted.shape.length - 1];
  const perLine = sorted.shape.length === 1 ? Infinity : values.shape[values.shape.length - 1];
  for (let e = 0; e < y.data.length; e++) {
    const v = data[offset + e];
    const start = line.offset + Math.floor(e / perLine) * n;
    let [low, high] = [0, n];
    while (low < high) {
      const middle = (low + high) >> 1;
      const s = line.data[start + middle];
      if (right ? !(s > v) : !(s >= v)) low = middle + 1;
      else high = middle;
    }
    y.data[e] = low;
  }
  return y;
}

/** The places of all elements that are not 0, in row-major order: [count, dims]. */
export function nonzero(x: Nd): Nd {
  const { data, offset } = dense(x);
  const n = sizeOf(x.shape);
  let count = 0;
  for (let e = 0; e < n; e++) if (data[offset + e] !== 0) count++;
  const rank = x.shape.length;
  const y = zerosNd(dtypeOf(x.data), [count, rank]);
  for (let e = 0, k = 0; e < n; e++) {
    if (data[offset + e] === 0) continue;
    for (let d = rank - 1, rest = e; d >= 0; d--) {
      y.data[k + d] = rest % x.shape[d];
      rest = Math.floor(rest / x.shape[d]);
    }
    k += rank;
  }
  return y;
}
