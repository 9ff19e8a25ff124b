/** Drawing in proportion to weights: a table of their sums, and the place at which a random number falls in it. */

/** w₀, w₀ + w₁, … A number from 0 to the last, times which weights are drawn, falls at place i with chance wᵢ / total. */
export function sumsOf(weights: ArrayLike<number>): Float64Array {
  let sum = 0;
  return Float64Array.from(weights, (weight) => (sum += weight));
}

/** The first place whose sum is above x, by halving; x is below the last sum. A weight of 0 shares its sum, and is never it. */
export function firstAbove(sums: Float64Array, x: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > x) high = middle;
    else low = middle + 1;
  }
  return low;
}
