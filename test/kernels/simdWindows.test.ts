/** The largest of each window in WebAssembly against the plain loop, which float64 takes: the very same places. */
import { describe, expect, test } from 'vitest';
import type { Nd } from '../../src/array/nd.ts';
import type { Range } from '../../src/array/views.ts';
import { windowArgmax } from '../../src/kernels/pooling.ts';
import { isStreamed, pair, special, type Draw } from './nearly.ts';

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

const check = (run: (what: () => Nd, streamed: boolean) => Nd): string[] =>
  cases.flatMap(([shape, rows, cols, streamed], seed) => {
    const [x, x64] = pair(shape, ties, seed);
    const got = [...run(() => windowArgmax(x, rows, cols), streamed).data];
    return JSON.stringify(got) === JSON.stringify([...windowArgmax(x64, rows, cols).data]) ? [] : [shape.join('×')];
  });

describe('windows', () => {
  test('the first of the largest is found, and the last NaN', () => {
    const wrong = check((what, streamed) => {
      let y: Nd | undefined;
      expect(isStreamed(() => (y = what()))).toBe(streamed);
      return y!;
    });
    expect(wrong).toEqual([]);
  });

  test('a place too far is seen', () => {
    const wrong = check((what) => {
      const y = what();
      y.data[y.data.length - 1]++;
      return y;
    });
    expect(wrong).toHaveLength(cases.length);
  });
});
