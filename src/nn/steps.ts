/** The steps of a sequence, one tensor each. */
import type { Tensor } from '../tensor.ts';

/**
 * The parts of x along its first dim, cut by halves: going back, gradients are put together again in n·log n additions,
 * where n slices of the whole would need n².
 */
export function unbind(x: Tensor): Tensor[] {
  const n = x.shape[0];
  if (n === 1) return [x.squeeze(0)];
  const half = Math.floor(n / 2);
  return [...unbind(x.narrow(0, 0, half)), ...unbind(x.narrow(0, half, n - half))];
}
