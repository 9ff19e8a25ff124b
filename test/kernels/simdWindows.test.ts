/** Windows in WebAssembly against the plain loops, which float64 takes: sums and their adjoint, and the very same places. */
import { describe, expect, test } from 'vitest';
import { sizeOf, type Nd } from '../../src/array/nd.ts';
import type { Range } from '../../src/array/views.ts';
import { windowArgmax, windowSpread, windowSum } from '../../src/kernels/pooling.ts';
import { fault, isStreamed, normal, pair, special, type Draw } from './nearly.ts';

/** n windows of `size`, `stride` apart from `start` on. */
const windows = (n: number, size: number, stride: number, start = 0): Range[] =>
  Array.from({ length: n }, (_, i) => ({ start: start + i * stride, step: 1, size }));
const clipped = windows(9, 3, 2, -1).map(({ start, size }) => ({ start: Math.max(0, start), step: 1, size: start < 0 ? size - 1 : size })); // prettier-ignore

/** The shape, rows, columns, and whether they are for WebAssembly. */
const cases: readonly (readonly [readonly number[], Range[], Range[], boolean])[] = [
  [[3, 4, 28, 28], windows(14, 2, 2), windows(14, 2, 2), true],
  [[2, 3, 17, 19], windows(9, 1, 2), windows(9, 3, 2), true],
  [[1, 2, 12, 40], windows(10, 3, 1), windows(33, 5, 1, 3), true],
  [[1, 5, 18, 19], clipped, windows(9, 3, 2), true],
  [[2, 2, 30, 31], windows(10, 3, 3), windows(10, 3, 3), false],
  [[1, 5, 19, 18], windows(9, 3, 2), clipped, false],
];

/** Few different numbers, so that there are ties; some of them special. */
const ties: Draw = (g) => (g.uniform() < 0.1 ? special[g.integer(0, special.length)] : g.integer(-2, 3));

/** Runs a kernel; `streamed` says whether it should go through the scratchpad. */
type Run = (what: () => Nd, streamed: boolean) => Nd;

/** The cases in which something is wrong. */
const check = (run: Run): string[] =>
  cases.flatMap(([shape, rows, cols, streamed], seed) => {
    const faults: string[] = [];
    const [x, x64] = pair(shape, ties, seed);
    const got = [...run(() => windowArgmax(x, rows, cols), streamed).data];
    if (JSON.stringify(got) !== JSON.stringify([...windowArgmax(x64, rows, cols).data])) faults.push('argmax');
    const [v, v64] = pair(shape, normal, seed);
    const sums = windowSum(v64, rows, cols).data;
    if (fault(run(() => windowSum(v, rows, cols), streamed).data, sums, 1.01, () => 30) !== null) faults.push('sum');
    const [g, g64] = pair([shape[0], shape[1], rows.length, cols.length], normal, seed);
    const size = [shape[2], shape[3]] as const;
    const exact = windowSpread(g64, rows, cols, size).data;
    if (fault(run(() => windowSpread(g, rows, cols, size), streamed).data, exact, 16, () => 30) !== null) faults.push('spread'); // prettier-ignore
    return faults.map((what) => `${what} of ${shape.join('×')}`);
  });

describe('windows', () => {
  test('give what the plain loops give', () => {
    const wrong = check((what, streamed) => {
      let y: Nd | undefined;
      expect(isStreamed(() => (y = what()))).toBe(streamed);
      return y!;
    });
    expect(wrong).toEqual([]);
  });

  test('are seen to be wrong where they are', () => {
    const wrong = check((what) => {
      const y = what();
      y.data[sizeOf(y.shape) - 1] += 1;
      return y;
    });
    expect(wrong).toHaveLength(3 * cases.length);
  });
});
