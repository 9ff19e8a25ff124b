/**
 * Special functions to double precision, from the formulas of Abramowitz and Stegun, Handbook of Mathematical Functions
 * (1964, "AS"): erf, erfc and erfinv, log Γ and its derivatives, and sin πx / πx with its derivatives.
 */
import type { MapLoop } from './lines.ts';

/** A line of f(x), for functions so long that a call does not count. */
const loop =
  (f: (x: number) => number): MapLoop =>
  (x, i, di, y, k, n) => {
    for (const end = k + n; k < end; i += di) y[k++] = f(x[i]);
  };

const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

/**
 * erf x = 2/√π ∫₀ˣ e^(−t²) dt. Up to 2.5 the series 2/√π e^(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1)), all of whose terms have
 * one sign (AS 7.1.6); beyond, 1 − erfc.
 */
export function erfOf(x: number): number {
  const z = Math.abs(x);
  if (!(z < 6)) return Math.sign(x); // also for ±∞ and NaN; 1 − erf 6 is below half a unit in the last place
  if (z >= 2.5) return Math.sign(x) * (1 - tail(z));
  let sum = x;
  for (let n = 1, term = x; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * z * z) / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_ROOT_PI * Math.exp(-z * z) * sum;
}

/** erfc z = 1/√π e^(−z²) / (z + ½/(z + 1/(z + 3⁄2/(z + …)))) for z ≥ 1.5 (AS 7.1.14). */
function tail(z: number): number {
  let fraction = z;
  for (let n = Math.ceil(20 + 250 / (z * z)); n > 0; n--) fraction = z + n / 2 / fraction;
  return ((TWO_OVER_ROOT_PI / 2) * Math.exp(-z * z)) / fraction;
}

/** 1 − erf x, with all digits where that is small. */
export function erfcOf(x: number): number {
  if (x < 1.5) return 1 - erfOf(x);
  return x === Infinity ? 0 : tail(x);
}

// erfinv x ≈ x·p(w) to 7 digits, with w = −log(1 − x²) less 2.5 or, where that is 5 or more, its root less 3
// (Giles, Approximating the erfinv function, 2012).
const NEAR = [2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941]; // prettier-ignore
const FAR = [-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682]; // prettier-ignore

/**
 * The y with erf y = x: a start from a polynomial, then Halley's iteration, which triples the digits, once but far out.
 * What is left to do is measured by erfc where erf is near 1.
 */
export function erfinvOf(x: number): number {
  const z = Math.abs(x);
  if (!(z < 1)) return z === 1 ? x * Infinity : NaN;
  const w = -Math.log1p(-z * z);
  const [at, coefficients] = w < 5 ? [w - 2.5, NEAR] : [Math.sqrt(w) - 3, FAR];
  let p = 0;
  for (let k = 0; k < coefficients.length; k++) p = p * at + coefficients[k];
  let y = p * z;
  let newton: number;
  do {
    const excess = z < 0.5 ? erfOf(y) - z : 1 - z - erfcOf(y);
    newton = excess / (TWO_OVER_ROOT_PI * Math.exp(-y * y));
    y -= newton / (1 + y * newton);
  } while (Math.abs(newton) > 1e-5 * y);
  return x < 0 ? -y : y;
}

/** B₂, B₄, …, B₁₆ of Bernoulli. */
const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];

/** ζ(s, q) = Σ (q + j)^(−s) over j ≥ 0, for s ≥ 2 and q > 0, by the formula of Euler and Maclaurin (AS 23.1.30). */
function zeta(s: number, q: number): number {
  let sum = 0;
  for (const far = s + 10; q < far; q++) sum += q ** -s;
  let term = q ** -s;
  sum += (q * term) / (s - 1) + term / 2;
  for (let k = 0, factor = s; k < BERNOULLI.length; k++) {
    term *= factor / (2 * k + 1) / (2 * k + 2) / q; // s(s+1)…(s+2k) / (2k+2)! · q^(−s−2k−1)
    sum += BERNOULLI[k] * term;
    term *= (s + 2 * k + 1) / q;
    factor = s + 2 * k + 2;
  }
  return sum;
}

/** (−1)ᵏ(ζ(k) − 1)/k for k = 2, 3, …: worked out when first needed. */
let gammaSeries: number[] | null = null;

/** log Γ(2 + t) = (1 − γ)t + Σ (−1)ᵏ(ζ(k) − 1)tᵏ/k for |t| ≤ ½ (AS 6.1.33). */
function lgammaAbove2(t: number): number {
  gammaSeries ??= Array.from({ length: 26 }, (_, i) => ((i % 2 === 0 ? 1 : -1) * zeta(i + 2, 2)) / (i + 2));
  let sum = 0;
  for (let i = gammaSeries.length - 1; i >= 0; i--) sum = (sum + gammaSeries[i]) * t;
  return (1 - 0.5772156649015329 + sum) * t;
}

/** The distance of x from the nearest whole number, with the sign that x has beyond it. */
const fromWhole = (x: number): number => x - Math.round(x);

/**
 * log |Γ(x)|. From ½ to 2½ a series about 2, so that its zeros at 1 and 2 keep their digits; up to 10 by
 * Γ(x) = (x−1)·Γ(x−1), beyond by Stirling's series (AS 6.1.41); below ½ by Γ(x)·Γ(1−x) = π / sin πx (AS 6.1.17).
 */
export function lgammaOf(x: number): number {
  if (!Number.isFinite(x)) return Math.abs(x);
  if (x < 0.5) {
    const sine = Math.abs(Math.sin(Math.PI * fromWhole(x)));
    return x === 0 || sine === 0 ? Infinity : Math.log(Math.PI / sine) - lgammaOf(1 - x);
  }
  if (x < 1.5) return lgammaAbove2(x - 1) - Math.log1p(x - 1);
  if (x < 10) {
    let product = 1;
    while (x > 2.5) product *= --x;
    return Math.log(product) + lgammaAbove2(x - 2);
  }
  let sum = (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI);
  for (let k = 0, power = 1 / x; k < BERNOULLI.length; k++, power /= x * x) {
    sum += (BERNOULLI[k] * power) / (2 * k + 2) / (2 * k + 1);
  }
  return sum;
}

/**
 * ψ(x) = d/dx log Γ(x): ψ(x) = ψ(x+1) − 1/x up to 10, then ln x − 1/2x − Σ B₂ₖ/(2k x²ᵏ) (AS 6.3.18);
 * below 0 by ψ(x) = ψ(1−x) − π cot πx (AS 6.3.7).
 */
export function digammaOf(x: number): number {
  if (x === 0) return -1 / x;
  if (x < 0) {
    const r = fromWhole(x);
    return r === 0 || x === -Infinity ? NaN : digammaOf(1 - x) - Math.PI / Math.tan(Math.PI * r);
  }
  if (x === Infinity) return x;
  let sum = 0;
  for (; x < 10; x++) sum -= 1 / x;
  sum += Math.log(x) - 0.5 / x;
  for (let k = 0, power = 1 / (x * x); k < BERNOULLI.length; k++, power /= x * x) {
    sum -= (BERNOULLI[k] * power) / (2 * k + 2);
  }
  return sum;
}

/** Coefficients of the polynomial in c = cot πx that dⁿ/dxⁿ π cot πx is: each derivative brings the factor −π(1 + c²). */
function cotangentPolynomial(n: number): number[] {
  let p = [0, Math.PI];
  for (let order = 0; order < n; order++) {
    const next = new Array<number>(p.length + 1).fill(0);
    for (let k = 1; k < p.length; k++) {
      next[k - 1] -= Math.PI * k * p[k];
      next[k + 1] -= Math.PI * k * p[k];
    }
    p = next;
  }
  return p;
}

/**
 * ψ⁽ⁿ⁾(x), the n-th derivative of ψ: (−1)ⁿ⁺¹ n! ζ(n+1, x) for x > 0 (AS 6.4.10), and
 * ψ⁽ⁿ⁾(x) = (−1)ⁿ ψ⁽ⁿ⁾(1−x) − dⁿ/dxⁿ π cot πx below (AS 6.4.7). Infinite at 0, −1, −2, …
 */
export function polygamma(n: number): MapLoop {
  if (n === 0) return loop(digammaOf);
  const cotangent = cotangentPolynomial(n);
  const sign = n % 2 === 0 ? -1 : 1;
  let factorial = 1;
  for (let k = 2; k <= n; k++) factorial *= k;
  const right = (x: number): number => (x === Infinity ? 0 : sign * factorial * zeta(n + 1, x));
  return loop((x) => {
    if (x > 0 || x !== x) return x > 0 ? right(x) : NaN;
    const r = fromWhole(x);
    if (r === 0) return sign * Infinity;
    const c = 1 / Math.tan(Math.PI * r);
    return -sign * right(1 - x) - cotangent.reduceRight((sum, coefficient) => sum * c + coefficient, 0);
  });
}

/**
 * The n-th derivative of sin πx / πx, which is πⁿ f⁽ⁿ⁾(t) with f(t) = sin t / t and t = πx. By t·f⁽ⁿ⁾ + n·f⁽ⁿ⁻¹⁾ = sin⁽ⁿ⁾ t;
 * where that loses digits, by the series Σ (−1)ᵏ t²ᵏ⁻ⁿ / ((2k+1)·(2k−n)!).
 */
export const sinc = (n: number): MapLoop =>
  loop((x) => {
    const t = Math.PI * x;
    const scale = Math.PI ** n;
    if (Math.abs(t) > n + 1) {
      let f = Math.sin(t) / t;
      for (let order = 1; order <= n; order++) f = (Math.sin(t + (order * Math.PI) / 2) - order * f) / t;
      return scale * f;
    }
    const first = Math.ceil(n / 2);
    let term = (first % 2 === 0 ? 1 : -1) * (n % 2 === 0 ? 1 : t); // (−1)ᵏ t²ᵏ⁻ⁿ / (2k−n)!
    let sum = term / (2 * first + 1);
    for (let k = first + 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
      term *= -(t * t) / (2 * k - n) / (2 * k - n - 1);
      sum += term / (2 * k + 1);
    }
    return scale * sum;
  });

export const erfc = /* @__PURE__ */ loop(erfcOf);
export const erfinv = /* @__PURE__ */ loop(erfinvOf);
export const lgamma = /* @__PURE__ */ loop(lgammaOf);
