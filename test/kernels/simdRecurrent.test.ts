/** An LSTM's steps in WebAssembly against the plain loops run in float64. Each step rounds what the last one gave, so short sequences. */
import { describe, expect, test } from 'vitest';
import type { Nd } from '../../src/array/nd.ts';
import { lstm, lstmBack } from '../../src/kernels/recurrent.ts';
import { fault, isStreamed, normal, pair, small } from './nearly.ts';

/** T, B, H: batches of one and of several blocks, and rows that are no whole vectors. */
const shapes = [[1, 16, 128], [2, 5, 12], [3, 40, 128], [2, 33, 52], [2, 3, 50], [1, 20, 256]] as const; // prettier-ignore

type Run = (what: () => readonly Nd[]) => readonly Nd[];

function check(run: Run): string | null {
  for (const [T, B, H] of shapes) {
    for (const reverse of [false, true]) {
      const name = `${T}×${B}×${H}${reverse ? ', reverse' : ''}`;
      const [x, x64] = pair([T, B, 4 * H], normal, H);
      const [w, w64] = pair([4 * H, H], (g) => small(g) / Math.sqrt(H), 2);
      const [h, h64] = pair([B, H], small, 3);
      const [c, c64] = pair([B, H], normal, 4);
      const exact = lstm(x64, w64, h64, c64, reverse);
      // Numbers before the gates are up to 10, cells too; slopes are at most 1.
      const found = fault(run(() => [lstm(x, w, h, c, reverse)])[0].data, exact.data, 4, () => 10 * T);
      if (found !== null) return `${name}: ${found}`;
      const y = lstm(x, w, h, c, reverse);
      const [g, g64] = pair([6, T, B, H], small, 5);
      const grads = Object.values(lstmBack(g64, exact, w64, c64, reverse)) as Nd[];
      const got = run(() => Object.values(lstmBack(g, y, w, c, reverse)) as Nd[]);
      for (const [i, grad] of grads.entries()) {
        const other = fault(got[i].data, grad.data, 16, () => 20 * T);
        if (other !== null) return `gradient ${i}, ${name}: ${other}`;
      }
    }
  }
  return null;
}

describe('an LSTM in WebAssembly', () => {
  test('gives what the plain loop gives', () => {
    expect(
      check((what) => {
        let y: readonly Nd[] = [];
        expect(isStreamed(() => (y = what()))).toBe(true);
        return y;
      }),
    ).toBeNull();
  });

  test('is seen to be wrong where it is', () => {
    const change =
      (f: (v: number, i: number) => number): Run =>
      (what) =>
        what().map((y) => ({ ...y, data: y.data.map(f) }));
    expect(check(change((v) => v + 1e-4))).not.toBeNull();
    expect(check(change((v, i) => (i === 3 ? 0.77 : v)))).not.toBeNull();
    expect(check(change((v) => v))).toBeNull();
  });
});
