/** What the tests of SIMD kernels share: numbers to run them on, and the comparison with a plain loop in float64. */
import { nd, type Data, type Nd } from '../../src/array/nd.ts';
import { Generator } from '../../src/array/random.ts';
import { areas } from '../../src/kernels/simd/elementwise.ts';
import { scratchpad } from '../../src/kernels/wasm/scratchpad.ts';

export const sizes = [0, 1, 3, 4, 63, 64, 65, 127, 128, 129, 4095, 4096, 4097, 10000];
export const special = [
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  2 ** -149,
  -(2 ** -130),
  2 ** -126,
  3.4e38,
  -3.4e38,
  1e20,
  1,
  -1,
];

export type Draw = (g: Generator) => number;
export const normal: Draw = (g) => 3 * g.normal();
/** Of magnitude at most 1, as the results that gradients are made of. */
export const small: Draw = (g) => g.uniform(-1, 1);
export const withSpecial =
  (draw: Draw): Draw =>
  (g) =>
    g.uniform() < 0.2 ? special[g.integer(0, special.length)] : draw(g);
/** Small numbers and NaN. */
export const smallOrNaN: Draw = (g) => (g.uniform() < 0.05 ? NaN : small(g));

/** An array of float32 that lies somewhere in a larger one of NaN, and the same numbers in float64. */
export function pair(shape: readonly number[], draw: Draw, seed: number): [Nd, Nd] {
  const n = shape.reduce((a, b) => a * b, 1);
  const offset = seed % 4;
  const data = new Float32Array(n + offset + 2).fill(NaN);
  const generator = new Generator(seed);
  for (let i = 0; i < n; i++) data[offset + i] = draw(generator);
  const x = nd(data, shape, undefined, offset);
  return [x, nd(Float64Array.from(data), shape, undefined, offset)];
}

/** The first element that is too far from the exact one, in words; null if none is. */
export function fault(
  got: Data,
  exact: Data,
  units: number,
  sizeAt: (i: number) => number = (i) => Math.abs(exact[i]),
): string | null {
  if (!(got instanceof Float32Array) || got.length !== exact.length) return 'it is no result of this size in float32';
  for (let i = 0; i < got.length; i++) {
    const nearest = Math.fround(exact[i]);
    const bound = units * 2 ** -24 * sizeAt(i) + 2 ** -149;
    const same =
      Math.abs(got[i] - exact[i]) <= bound || got[i] === nearest || (got[i] !== got[i] && nearest !== nearest);
    if (!same) return `element ${i} is ${got[i]} and not ${exact[i]} ± ${bound}`;
  }
  return null;
}

/** Whether `work` went through the scratchpad. */
export function isStreamed(work: () => void): boolean {
  const { floats } = scratchpad()!;
  const mark = 12345.678;
  for (const at of areas) floats[at] = mark;
  work();
  return areas.some((at) => floats[at] !== Math.fround(mark));
}

/** The keys of a record, as what they are. */
export const names = <T extends object>(x: T): (keyof T & string)[] => Object.keys(x) as (keyof T & string)[];
