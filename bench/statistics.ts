/** What is said of samples: best, median and spread, and how many times as fast one contestant is as another. */

/** The value below which a share q of the samples lies, interpolated between neighbours. */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) return NaN;
  const sorted = samples.toSorted((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** Interquartile range over median: half of all samples lie within this share of each other. */
export const spread = (samples: readonly number[]): number =>
  (quantile(samples, 0.75) - quantile(samples, 0.25)) / median(samples);

/** A number that was measured several times. */
export interface Measured {
  readonly median: number;
  readonly spread: number;
}

const measured = (samples: readonly number[]): Measured => ({ median: median(samples), spread: spread(samples) });

/**
 * How many times as fast `mine` is as `theirs`, where sample r of both was taken in round r: the quotient is formed
 * within each round, so that a machine that slows down or speeds up between rounds does not count.
 */
export const timesAsFast = (mine: readonly number[], theirs: readonly number[]): Measured =>
  measured(Array.from({ length: Math.min(mine.length, theirs.length) }, (_, r) => theirs[r] / mine[r]));
