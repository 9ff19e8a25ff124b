/** Loops that go along a line and say at each place what has been so far. */
import type { Scan2Loop, ScanLoop } from './lines.ts';

/** yᵣ = x₀ + … + xᵣ. */
export const cumsum: ScanLoop = (x, i, di, y, k, dk, n) => {
  let s = 0;
  for (let r = 0; r < n; r++, i += di, k += dk) y[k] = s += x[i];
};

/** yᵣ = aᵣ·yᵣ₋₁ + bᵣ, from y₋₁ = 0. */
export const recurrence: Scan2Loop = (a, i, di, b, j, dj, y, k, dk, n) => {
  if (n === 0) return;
  let s = b[j]; // not a₀·0 + b₀, which is NaN for an infinite a₀
  y[k] = s;
  for (let r = 1; r < n; r++) y[(k += dk)] = s = a[(i += di)] * s + b[(j += dj)];
};

/** yᵣ = log(e^x₀ + … + e^xᵣ): each step adds to the larger of two logarithms. */
export const logcumsumexp: ScanLoop = (x, i, di, y, k, dk, n) => {
  let s = -Infinity;
  for (let r = 0; r < n; r++, i += di, k += dk) {
    const v = x[i];
    const d = Math.abs(v - s);
    s = v === s ? (Number.isFinite(v) ? v + Math.LN2 : v) : Math.max(v, s) + Math.log1p(Math.exp(-d));
    y[k] = s;
  }
};

/** The place of the largest so far, the last of several; once there was a NaN, that of the last NaN. */
export const cummaxPlaces: ScanLoop = (x, i, di, y, k, dk, n) => {
  let best = x[i];
  let at = 0;
  for (let r = 0; r < n; r++, i += di, k += dk) {
    const v = x[i];
    if (v >= best || v !== v) {
      best = v;
      at = r;
    }
    y[k] = at;
  }
};

/** The same of the smallest. */
export const cumminPlaces: ScanLoop = (x, i, di, y, k, dk, n) => {
  let best = x[i];
  let at = 0;
  for (let r = 0; r < n; r++, i += di, k += dk) {
    const v = x[i];
    if (v <= best || v !== v) {
      best = v;
      at = r;
    }
    y[k] = at;
  }
};
