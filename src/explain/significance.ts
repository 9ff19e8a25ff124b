/** Student's t-test of two samples, by the incomplete beta function. */
import { lgammaOf } from '../kernels/special.ts';

/**
 * The regularized incomplete beta function Iₓ(a, b), by its continued fraction (Abramowitz and Stegun, 26.5.8), evaluated with
 * Lentz's method; it converges fast for x < (a + 1)/(a + b + 2), and elsewhere Iₓ(a, b) = 1 − I₁₋ₓ(b, a).
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + lgammaOf(a + b) - lgammaOf(a) - lgammaOf(b)) / a;
  let [c, d] = [1, 1 / (1 - ((a + b) * x) / (a + 1))];
  let fraction = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let step = 1;
    for (const term of [even, odd]) {
      d = 1 / (1 + term * d);
      c = 1 + term / c;
      step = c * d;
      fraction *= step;
    }
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return front * fraction;
}

/** How likely a |t| as large is if nothing is behind it: Student's distribution of so many degrees of freedom, both sides. */
export function twoSided(t: number, freedom: number): number {
  const [square, all] = [t * t, freedom + t * t];
  if (square > freedom) return incompleteBeta(freedom / all, freedom / 2, 0.5);
  return 1 - incompleteBeta(square / all, 0.5, freedom / 2); // the same, without losing a small t in freedom/all ≈ 1
}

/** Student's t-test of two samples of equal variance: the p value, both sides. Without any spread 1 if the means are equal, else 0. */
export function tTest(a: readonly number[], b: readonly number[]): number {
  const mean = (list: readonly number[]): number => list.reduce((sum, v) => sum + v, 0) / list.length;
  const squares = (list: readonly number[]): number => list.reduce((sum, v) => sum + (v - mean(list)) ** 2, 0);
  const freedom = a.length + b.length - 2;
  const variance = ((squares(a) + squares(b)) / freedom) * (1 / a.length + 1 / b.length);
  const difference = mean(a) - mean(b);
  if (variance === 0) return difference === 0 ? 1 : 0;
  return twoSided(difference / Math.sqrt(variance), freedom);
}
