/**
 * Kernels whose neighbouring vectors V8 joins to vectors of 256 bits, as it does once 'fma 256' was asked for on Node 24 and
 * 25, give the bits that they gave before. Elsewhere nothing changes, and this holds of itself.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { Generator } from '../../src/array/random.ts';
import { kernel, setMatmulInstructions } from '../../src/kernels/matmul/instructions.ts';
import * as elementwise from '../../src/kernels/wasm/elementwise.ts';
import type { Func } from '../../src/kernels/wasm/assembler.ts';
import * as norms from '../../src/kernels/wasm/norms.ts';
import * as rows from '../../src/kernels/wasm/rows.ts';
import { scratchpad } from '../../src/kernels/wasm/scratchpad.ts';
import { AREA } from '../../src/kernels/wasm/vectors.ts';

const START = 1024;
const [N, WIDTH, ROWS] = [1003, 59, 17]; // with rests of vectors, and of pairs of them
const { maps, zips, choose, ...steps } = elementwise;

/** Kernels over elements with their numbers, and over rows with theirs. */
const overElements = Object.entries({ ...maps, ...zips, choose, ...steps }).map(([name, func]): Case => {
  const numbers = [1e-3, 0.5, 0.9, 0.9, 0.1, 0.99, 0.01, 1e-8, 0.1].slice(0, func.params.length - 2);
  return [name, func, [4 * START, 4 * (START + N), ...numbers]];
});
const shared = 4 * (START + 3 * AREA);
const causal = [4 * START, WIDTH, ROWS, 5, 23];
const all = [4 * START, WIDTH, ROWS, WIDTH, rows.ENDLESS];
const overRows: Case[] = [
  ['softmax', rows.softmax, [4 * START, WIDTH, 0.7]],
  ['logSoftmax', rows.logSoftmax, [4 * START, WIDTH]],
  ['softmaxGrad', rows.softmaxGrad, [4 * START, WIDTH, 0.7]],
  ['scaledSoftmax', rows.scaledSoftmax, [...causal, 0.3]],
  ['scaledSoftmaxGrad', rows.scaledSoftmaxGrad, [...causal, 0.3]],
  ['layerNorm', norms.layerNorm, [...all, shared, shared + 4 * WIDTH, 1e-5]],
  ['layerNormGrad', norms.layerNormGrad, [...all, shared, 1e-5]],
];
type Case = [name: string, func: Func, args: number[]];

/** All areas afterwards, as bits; NaN as one kind of NaN. */
function results(func: Func, name: string, args: readonly number[]): Int32Array {
  const pad = scratchpad()!;
  const { floats } = pad;
  const run = pad.compile([{ ...func, name }])[name]; // under another name, for V8 keeps the code of modules that are equal
  const generator = new Generator(1);
  const odd = [NaN, Infinity, -Infinity, 0, -0, 1e-40, -3e38, 90, -104];
  const start = Float32Array.from({ length: 4 * (N + 64) }, (_, i) => (i % 29 === 7 ? odd[i % odd.length] : 3 * generator.normal())); // prettier-ignore
  const [size, used] = [N + 64, [0, 1, 2, 3].map((area) => START + area * AREA)];
  const fill = (): void => used.forEach((at, o) => floats.set(start.subarray(o * size, (o + 1) * size), at));
  for (const until = performance.now() + 12; performance.now() < until;) {
    fill();
    for (let i = 0; i < 20; i++) run(...args); // V8 compiles for speed what is called often
  }
  fill();
  run(...args);
  const found = used.flatMap((at) => [...floats.subarray(at, at + size)]).map((x) => (Number.isNaN(x) ? NaN : x));
  return new Int32Array(Float32Array.from(found).buffer);
}

describe('in vectors of twice the width', () => {
  afterEach(() => setMatmulInstructions('mul+add'));

  test('kernels give the same bits', () => {
    const cases = [...overElements, ...overRows];
    const before = cases.map(([, func, args]) => results(func, 'narrow', args));
    setMatmulInstructions('fma 256');
    kernel();
    const unequal = cases.filter(([, func, args], i) => {
      const now = results(func, 'wide', args);
      return !before[i].every((bits, k) => bits === now[k]);
    });
    expect(unequal.map(([name]) => name)).toEqual([]);
  });

  test('other bits are seen', () => {
    const [, gelu, args] = overElements.find(([name]) => name === 'gelu')!;
    const bits = results(gelu, 'one', args);
    expect(results(maps.erf, 'other', args).every((x, k) => x === bits[k])).toBe(false);
    expect(results(gelu, 'again', args).every((x, k) => x === bits[k])).toBe(true);
  });
});
