/**
 * Elementary functions of four float32 at a time, within 2 units of 2⁻²⁴ of the exact value over the whole float32
 * range (test/kernels/functions.test.ts). Where the coefficients come from: test/fixtures/minimax.ts.
 */
import { f32x4, i32, i32x4, v128, type Code } from './assembler.ts';
import { everywhere, polynomial, select, shiftLeft, type Pen } from './vectors.ts';

const { abs, add, sub, mul, div, pmin, pmax, lt, gt, eq } = f32x4;

// ln 2 in two parts (Cody and Waite, 1980): n·HIGH is exact for every whole n that occurs, since HIGH has 9 bits.
const LN2_HIGH = 0.693359375;
const LN2_LOW = Math.LN2 - LN2_HIGH;
/** Added to a small number it leaves that number, rounded to a whole one, in the lowest bits of the sum. */
const ROUND = 1.5 * 2 ** 23;

// prettier-ignore
export const coefficients = {
  exp: [0.49999994, 0.166665182, 0.0416684151, 0.00836900063, 0.00138140109],
  log: [0.666667759, 0.399774432, 0.29874596],
  tanh: [-0.333332926, 0.133323163, -0.0538779087, 0.02148089, -0.00793726742, 0.00229472411, -0.000356506702],
  erf: [0.128379166, -0.376126349, 0.112836964, -0.0268594138, 0.00520099001, -0.000814148108, 0.0000836230975],
  logErfc: [-0.128652155, -0.635135889, -0.106263146, 0.0237853434, -0.00365376263, 0.000325652363, -0.0000115222547],
};
/** Functions are given them by the tests, to see that wrong ones are caught. */
type Coefficients = typeof coefficients;

/**
 * e^x = 2ⁿ·(1 + q) with x = n·ln 2 + r, |r| ≤ ½ ln 2, and q = e^r − 1 = r + r²·p(r).
 * n comes as a vector whose lowest bits hold n + bias, and q also as the sum of an exact and a much smaller number.
 */
function powerOfTwo(pen: Pen, x: Code, bias: number, c: Coefficients): { n: Code; high: Code; rest: Code; q: Code } {
  const round = pen.constant(ROUND + bias);
  const n = pen.keep(add(mul(x, pen.constant(Math.LOG2E)), round));
  const whole = pen.keep(sub(n, round));
  const high = pen.keep(sub(x, mul(whole, pen.constant(LN2_HIGH)))); // exact, and high − low, rounded, is r
  const low = pen.keep(mul(whole, pen.constant(LN2_LOW)));
  const r = pen.keep(sub(high, low));
  const rest = pen.keep(sub(mul(mul(r, r), polynomial(pen, r, c.exp)), low));
  return { n, high, rest, q: add(high, rest) };
}

/** 2ⁿ as float32 from the n + 127 in the lowest bits: they become the exponent. */
const scale = (n: Code): Code => shiftLeft(n, 23);

/** n, with bias 254, in two halves n₁ + n₂ with bias 127: 2ⁿ itself may be beyond float32. */
function halves(pen: Pen, n: Code): [Code, Code] {
  const half = pen.keep(i32x4.shr_u(n, i32.const(1)));
  return [half, pen.keep(i32x4.sub(n, half))];
}

/** To where the result is 0 or ∞ at last; NaN stays. */
const clamped = (pen: Pen, x: Code, low: number, high: number): Code =>
  pen.keep(pmax(pmin(x, pen.constant(high)), pen.constant(low)));

/** e^x = (1 + q)·2^n₁·2^n₂. */
export function exp(pen: Pen, x: Code, c = coefficients): Code {
  const { n, q } = powerOfTwo(pen, clamped(pen, x, -104, 89), 254, c);
  const [n1, n2] = halves(pen, n);
  return mul(mul(add(pen.constant(1), q), scale(n1)), scale(n2));
}

/**
 * 1/(1 + e⁻ˣ) = a / (a + b + b·q), with e⁻ˣ = 2ⁿ(1 + q), a = 2^−n₂ and b = 2^n₁: so 1 + q is never rounded.
 * What a + b loses (Dekker, 1971), which counts where b is some 2²⁴ times a, is added where numbers are smallest.
 */
export function sigmoid(pen: Pen, x: Code, c = coefficients): Code {
  const { n, high, rest } = powerOfTwo(pen, clamped(pen, f32x4.neg(x), -104, 104), 254, c);
  const [n1, n2] = halves(pen, n);
  const a = pen.keep(i32x4.sub(everywhere(pen, 254 << 23), scale(n2)));
  const b = pen.keep(scale(n1));
  const sum = pen.keep(add(a, b));
  const lost = sub(a, sub(sum, b));
  return div(a, add(sum, add(mul(b, high), add(mul(b, rest), lost))));
}

const signOf = (pen: Pen, x: Code): Code => v128.and(x, everywhere(pen, 1 << 31));

/** Near 0 x + x³·p(x²); from 1 on 1 − 2/(e^2x + 1), where e^2x + 1 = (1 + 2ⁿ) + 2ⁿ·q. */
export function tanh(pen: Pen, x: Code, c = coefficients): Code {
  const one = pen.constant(1);
  const t = pen.keep(pmin(abs(x), pen.constant(10)));
  const u = pen.keep(mul(t, t));
  const small = pen.keep(add(t, mul(mul(t, u), polynomial(pen, u, c.tanh))));
  const { n, q } = powerOfTwo(pen, pen.keep(add(t, t)), 127, c);
  const power = pen.keep(scale(n));
  const large = sub(one, div(pen.constant(2), add(add(one, power), mul(power, q))));
  return v128.or(select(lt(t, one), small, large), signOf(pen, x));
}

/** Near 0 x + x·p(x²); else 1 − erfc x, where log erfc x is fitted by −x + x·p(x). From 4 on it is 1 in float32. */
export function erf(pen: Pen, x: Code, c = coefficients): Code {
  const one = pen.constant(1);
  const t = pen.keep(pmin(abs(x), pen.constant(4)));
  const u = pen.keep(mul(t, t));
  const small = pen.keep(add(t, mul(t, polynomial(pen, u, c.erf))));
  const { n, q } = powerOfTwo(pen, pen.keep(sub(mul(t, polynomial(pen, t, c.logErfc)), t)), 127, c);
  const power = pen.keep(scale(n));
  const large = sub(one, add(power, mul(power, q)));
  return v128.or(select(lt(t, pen.constant(0.925)), small, large), signOf(pen, x));
}

const SQRT_HALF_BITS = 0x3f3504f3;

/**
 * x = 2ᵏ·(1 + f) with 1 + f from √½ to √2: log x = k·ln 2 + log(1 + f), and with s = f/(2 + f), z = s²,
 * log(1 + f) = 2 artanh s = 2s + s·z·p(z) = f − (f²/2 − s·(f²/2 + z·p(z))), as in FreeBSD's e_logf.c.
 */
export function log(pen: Pen, x: Code, c = coefficients): Code {
  const subnormal = pen.keep(lt(x, pen.constant(2 ** -126)));
  const normal = pen.keep(select(subnormal, mul(x, pen.constant(2 ** 23)), x));
  const k = pen.keep(i32x4.shr_s(i32x4.sub(normal, everywhere(pen, SQRT_HALF_BITS)), i32.const(23)));
  const f = pen.keep(sub(i32x4.sub(normal, shiftLeft(k, 23)), pen.constant(1)));
  const exponent = pen.keep(sub(f32x4.convert_i32x4_s(k), v128.and(subnormal, pen.constant(23))));
  const s = pen.keep(div(f, add(pen.constant(2), f)));
  const z = pen.keep(mul(s, s));
  const half = pen.keep(mul(mul(f, f), pen.constant(0.5)));
  const rest = add(mul(s, add(half, mul(z, polynomial(pen, z, c.log)))), mul(exponent, pen.constant(LN2_LOW)));
  const y = pen.keep(sub(mul(exponent, pen.constant(LN2_HIGH)), sub(sub(half, rest), f)));
  const finite = select(lt(x, pen.constant(Infinity)), y, x); // ∞ and NaN are their own logarithms
  const atMost0 = select(eq(x, pen.constant(0)), pen.constant(-Infinity), pen.constant(NaN));
  return select(gt(x, pen.constant(0)), finite, atMost0);
}

/** Φ(x) = ½(1 + erf(x/√2)). */
const normal = (pen: Pen, x: Code): Code => {
  const half = pen.constant(0.5);
  return add(half, mul(half, erf(pen, pen.keep(mul(x, pen.constant(Math.SQRT1_2))))));
};

/** x·Φ(x). */
export const gelu = (pen: Pen, x: Code): Code => mul(x, normal(pen, x));

/** Φ(x) + x·φ(x), φ(x) = e^(−x²/2)/√2π: the derivative of gelu. */
export function geluSlope(pen: Pen, x: Code): Code {
  const power = exp(pen, pen.keep(mul(mul(x, x), pen.constant(-0.5))));
  return add(normal(pen, x), mul(x, mul(pen.constant(1 / Math.sqrt(2 * Math.PI)), power)));
}
