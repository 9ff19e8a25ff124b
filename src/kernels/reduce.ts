/**
 * Loops that fold a line to one number, or turn it into another line.
 * They run in one fixed order and add up in a local number, that is in float64 whatever the array holds.
 */
import type { FoldLoop, Scan2Loop, ScanLoop } from './lines.ts';

export const sum: FoldLoop = (x, i, di, n) => {
  let s = 0;
  for (let r = 0; r < n; r++, i += di) s += x[i];
  return s;
};

/** The largest value; NaN if there is one, as in PyTorch. */
export const amax: FoldLoop = (x, i, di, n) => {
  let best = -Infinity;
  for (let r = 0; r < n; r++, i += di) {
    const v = x[i];
    if (v > best) best = v;
    else if (v !== v) return v;
  }
  return best;
};

export const amin: FoldLoop = (x, i, di, n) => {
  let best = Infinity;
  for (let r = 0; r < n; r++, i += di) {
    const v = x[i];
    if (v < best) best = v;
    else if (v !== v) return v;
  }
  return best;
};

/** The place of the largest value, the first of several; of the first NaN if there is one. */
export const argmax: FoldLoop = (x, i, di, n) => {
  let best = x[i];
  let at = 0;
  for (let r = 0; r < n; r++, i += di) {
    const v = x[i];
    if (v !== v) return r;
    if (v > best) {
      best = v;
      at = r;
    }
  }
  return at;
};

export const argmin: FoldLoop = (x, i, di, n) => {
  let best = x[i];
  let at = 0;
  for (let r = 0; r < n; r++, i += di) {
    const v = x[i];
    if (v !== v) return r;
    if (v < best) {
      best = v;
      at = r;
    }
  }
  return at;
};

export const any: FoldLoop = (x, i, di, n) => {
  for (let r = 0; r < n; r++, i += di) if (x[i] !== 0) return 1;
  return 0;
};

export const all: FoldLoop = (x, i, di, n) => {
  for (let r = 0; r < n; r++, i += di) if (x[i] === 0) return 0;
  return 1;
};

/** log Σ eˣ = m + log Σ e^(x−m), with m the largest x, so that nothing overflows. */
export const logsumexp: FoldLoop = (x, i, di, n) => {
  const m = amax(x, i, di, n);
  if (!Number.isFinite(m)) return m;
  let s = 0;
  for (let r = 0; r < n; r++, i += di) s += Math.exp(x[i] - m);
  return m + Math.log(s);
};

/** yᵢ = e^(xᵢ−m) / Σ e^(x−m), with m the largest x. */
export const softmax: ScanLoop = (x, i, di, y, k, dk, n) => {
  const m = amax(x, i, di, n);
  let s = 0;
  for (let r = 0, at = k; r < n; r++, i += di, at += dk) {
    const e = Math.exp(x[i] - m);
    y[at] = e;
    s += e;
  }
  for (let r = 0; r < n; r++, k += dk) y[k] /= s;
};

/** yᵢ = xᵢ − log Σ eˣ. */
export const logSoftmax: ScanLoop = (x, i, di, y, k, dk, n) => {
  const m = amax(x, i, di, n);
  let s = 0;
  for (let r = 0, at = i; r < n; r++, at += di) s += Math.exp(x[at] - m);
  const shift = Math.log(s);
  for (let r = 0; r < n; r++, i += di, k += dk) y[k] = x[i] - m - shift;
};

/** x̄ = y ⊙ (g − Σ g⊙y), from g and y. */
export const softmaxGrad: Scan2Loop = (g, i, di, t, j, dj, y, k, dk, n) => {
  let dot = 0;
  for (let r = 0, p = i, q = j; r < n; r++, p += di, q += dj) dot += g[p] * t[q];
  for (let r = 0; r < n; r++, i += di, j += dj, k += dk) y[k] = t[j] * (g[i] - dot);
};

/** x̄ = g − eʸ Σ g, from g and y. */
export const logSoftmaxGrad: Scan2Loop = (g, i, di, t, j, dj, y, k, dk, n) => {
  const total = sum(g, i, di, n);
  for (let r = 0; r < n; r++, i += di, j += dj, k += dk) y[k] = g[i] - Math.exp(t[j]) * total;
};
