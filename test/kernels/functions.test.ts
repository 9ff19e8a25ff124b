/**
 * The polynomials of src/kernels/wasm/functions.ts against Math in float64, over bit patterns from all of float32.
 * The bound is 2 units of 2⁻²⁴ of the exact value; where that is subnormal, 1 unit in the last place.
 */
import { describe, expect, test } from 'vitest';
import { erf } from '../../src/kernels/elementwise.ts';
import type { Code } from '../../src/kernels/wasm/assembler.ts';
import * as simd from '../../src/kernels/wasm/functions.ts';
import { scratchpad } from '../../src/kernels/wasm/scratchpad.ts';
import { elementwise, type Pen } from '../../src/kernels/wasm/vectors.ts';
import { fits, minimax } from '../fixtures/minimax.ts';

type Real = (x: number) => number;
type Coefficients = typeof simd.coefficients;
type Vector = (pen: Pen, x: Code, c?: Coefficients) => Code;

const erfOf: Real = (x) => {
  const y = new Float64Array(1);
  erf(Float64Array.of(x), 0, 1, y, 0, 1);
  return y[0];
};

/** The function, the exact one, and the coefficients that it depends on most. */
const functions: Record<string, { f: Vector; exact: Real; reads: readonly (keyof Coefficients)[] }> = {
  exp: { f: simd.exp, exact: Math.exp, reads: ['exp'] },
  log: { f: simd.log, exact: Math.log, reads: ['log'] },
  tanh: { f: simd.tanh, exact: Math.tanh, reads: ['tanh'] },
  sigmoid: { f: simd.sigmoid, exact: (x) => 1 / (1 + Math.exp(-x)), reads: ['exp'] },
  erf: { f: simd.erf, exact: erfOf, reads: ['erf', 'logErfc'] },
};

/** Numbers where something changes: ends of ranges, joints between formulas, results at the ends of float32. */
const edges = [
  0, 2 ** -149, 2 ** -140, 2 ** -126, 2 ** -127, 2 ** -24, 2 ** -12, 0.5, Math.SQRT1_2, 0.925, 1, Math.SQRT2, 2, 4, 5, 9, 10, 17, 20, 40,
  0.5 * Math.LN2, Math.LN2, 1.5 * Math.LN2, 86.6, 87.33, 88.02, 88.722839, 88.72284, 89, 103.2789, 103.9720, 103.97208, 104, 105,
  2 ** 23, 2 ** 24, 2 ** 31, 2 ** 127, 3.4028234663852886e38, Infinity,
]; // prettier-ignore

/** Every `step`th of all bit patterns, and the edges with their neighbours, of both signs. */
function patterns(step: number): Float32Array<ArrayBuffer> {
  const around = Float32Array.from(edges.flatMap((x) => [x, -x]));
  const near = [...new Int32Array(around.buffer)].flatMap((b) => [b - 2, b - 1, b, b + 1, b + 2]);
  const bits = Array.from({ length: Math.floor(2 ** 32 / step) }, (_, i) => i * step);
  return new Float32Array(Uint32Array.from([...near, ...bits, 0x7fc00000, 0xffc00001]).buffer);
}

const units = (got: number, exact: number): number => Math.abs(got - exact) / (2 ** -24 * Math.abs(exact));

/** The first number for which f is off by more than the bound, in words; null if there is none. */
function fault(f: Vector, exact: Real, xs: Float32Array<ArrayBuffer>, c = simd.coefficients): string | null {
  const pad = scratchpad()!;
  const { floats } = pad;
  const { run } = pad.compile([elementwise(1, (pen, [x]) => f(pen, x, c))]);
  for (let start = 0; start < xs.length; start += 4096) {
    const chunk = xs.subarray(start, start + 4096);
    floats.set(chunk, 1024);
    run(4 * 1024, 4 * (1024 + chunk.length));
    for (let i = 0; i < chunk.length; i++) {
      const [got, expected] = [floats[1024 + i], exact(chunk[i])];
      const nearest = Math.fround(expected);
      const good =
        Object.is(got, nearest) ||
        (Math.abs(expected) < 2 ** -126
          ? expected !== 0 && Math.abs(got - expected) <= 2 ** -149 && Math.sign(got) * Math.sign(expected) >= 0
          : units(got, expected) <= 2);
      if (!good)
        return `of ${chunk[i]} it is ${Object.is(got, -0) ? '-0' : got} and not ${nearest}, off by ${units(got, expected)} units`;
    }
  }
  return null;
}

describe.each(Object.entries(functions))('%s', (name, { f, exact, reads }) => {
  test('is within 2 units of 2⁻²⁴ over all of float32, with its limits, NaN and the sign of 0', () => {
    expect(fault(f, exact, patterns(21499))).toBeNull();
  });

  test('is seen to fail with any of its coefficients wrong', () => {
    const xs = patterns(200003);
    for (const part of reads) {
      simd.coefficients[part].forEach((_, i, all) => {
        const wrong = { ...simd.coefficients, [part]: all.map((c, j) => (i === j ? c * 1.1 : c)) };
        expect(fault(f, exact, xs, wrong), `${name}: ${part}[${i}]`).toMatch(/off by/);
      });
    }
  });
});

test('a function that loses NaN, infinity or the sign of 0 is seen to fail', () => {
  const xs = patterns(2 ** 31);
  const { exp, tanh, log } = functions;
  expect(fault(tanh.f, (x) => (x === 0 ? 0 : Math.tanh(x)), xs)).toMatch(/it is -0/);
  expect(fault(exp.f, (x) => Math.exp(x) || 0, xs)).toMatch(/of NaN/);
  expect(fault(log.f, (x) => Math.min(Math.log(x), 100), xs)).toMatch(/Infinity/);
});

test('the coefficients are those that the script finds', () => {
  for (const [name, fit] of Object.entries(fits)) {
    const used = simd.coefficients[name as keyof Coefficients];
    minimax(...fit).forEach((c, i) => expect(units(used[i], c), `${name}[${i}]`).toBeLessThan(4));
  }
});
