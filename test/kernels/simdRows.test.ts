/**
 * Kernels over rows in WebAssembly against their plain loops run in float64: sums are made in float64 there too, so the
 * bounds do not grow with the length.
 */
import { describe, expect, test } from 'vitest';
import { nd, type Nd } from '../../src/array/nd.ts';
import * as loops from '../../src/kernels/elementwise.ts';
import { crossEntropy, crossEntropyGrad } from '../../src/kernels/fused.ts';
import { fold, map, scan, scan2, type FoldLoop, type Scan2Loop, type ScanLoop } from '../../src/kernels/lines.ts';
import * as folds from '../../src/kernels/reduce.ts';
import { fault, isStreamed, normal, pair, special, type Draw } from './nearly.ts';

const rowFolds = ['sum', 'amax', 'amin', 'logsumexp'] as const;
const rowScans = ['softmax', 'logSoftmax'] as const;
const rowScans2 = ['softmaxGrad', 'logSoftmaxGrad'] as const;

/** The plain loops by name. */
const plain = { ...folds };

/** Rows of many lengths, from few to more than a chunk holds. */
const rowShapes = [[40, 8], [13, 10], [3, 63], [5, 64], [7, 65], [100, 127], [2, 4095], [1, 4096], [2, 4097], [3, 10000]]; // prettier-ignore

function checkFold(name: (typeof rowFolds)[number], run: typeof fold, draw: Draw): string | null {
  const loop: FoldLoop = plain[name];
  for (const shape of rowShapes) {
    const [x, x64] = pair(shape, draw, shape[1]);
    const exact = fold(loop, x64, [shape[0], 1]).data;
    const largest = fold(folds.amax, map(loops.abs, x64), [shape[0], 1]).data;
    // A sum is rounded once; log Σ eˣ is a sum of two numbers no larger than the largest and log n.
    const size = name === 'logsumexp' ? (r: number) => largest[r] + 10 : undefined;
    const found = fault(
      run(loop, x, [shape[0], 1]).data,
      exact,
      { sum: 1.01, amax: 0, amin: 0, logsumexp: 2 }[name],
      size,
    );
    if (found !== null) return `${name} of ${shape.join('×')}: ${found}`;
  }
  return null;
}

function checkScan(name: (typeof rowScans)[number], run: typeof scan, draw: Draw): string | null {
  const loop: ScanLoop = plain[name];
  for (const shape of rowShapes) {
    const [x, x64] = pair(shape, draw, shape[1]);
    const exact = scan(loop, x64, 1).data;
    // x − m is rounded, and counts as it is; |x − m| ≤ |log y| ≤ 104 or the result is 0.
    const size = (i: number): number =>
      name === 'softmax' ? exact[i] * (5 + Math.abs(Math.log(exact[i] || 1))) : 4 * Math.max(1, Math.abs(exact[i]));
    const found = fault(run(loop, x, 1).data, exact, 1, size);
    if (found !== null) return `${name} of ${shape.join('×')}: ${found}`;
  }
  return null;
}

function checkScan2(name: (typeof rowScans2)[number], run: typeof scan2): string | null {
  const loop: Scan2Loop = plain[name];
  for (const shape of rowShapes) {
    const n = shape[1];
    const [g, g64] = pair(shape, normal, n);
    const [t, t64] = pair(shape, (r) => (name === 'softmaxGrad' ? r.uniform() : -5 * r.uniform()), n + 1);
    const sums = fold(folds.sum, map(loops.abs, g64), [shape[0], 1]).data;
    const size = (i: number): number => {
      const [own, share] = [Math.abs(g.data[g.offset + i]), t.data[t.offset + i]];
      const all = sums[Math.floor(i / n)];
      return name === 'softmaxGrad' ? share * (own + all) : own + Math.exp(share) * all;
    };
    const found = fault(run(loop, g, t, 1).data, scan2(loop, g64, t64, 1).data, 6, size);
    if (found !== null) return `${name} of ${shape.join('×')}: ${found}`;
  }
  return null;
}

describe('rows', () => {
  const fewSpecial: Draw = (g) => (g.uniform() < 0.01 ? special[g.integer(0, special.length)] : normal(g));
  const infinite: Draw = (g) => (g.uniform() < 0.02 ? -Infinity : normal(g));

  test.each(rowFolds)('%s is that of the plain loop', (name) => {
    expect(checkFold(name, fold, normal)).toBeNull();
    if (name !== 'sum') expect(checkFold(name, fold, fewSpecial)).toBeNull();
    expect(checkFold(name, fold, () => -Infinity)).toBeNull();
  });
  test.each(rowScans)('%s is that of the plain loop', (name) => {
    for (const draw of [normal, fewSpecial, infinite, () => -Infinity, () => 7])
      expect(checkScan(name, scan, draw)).toBeNull();
  });
  test.each(rowScans2)('%s is that of the plain loop', (name) => expect(checkScan2(name, scan2)).toBeNull());

  test.each([[300, 8], [300, 40], [17, 1003], [3, 5000], [5000, 9]])('columns of %i × %i add up as rows do', (n, m) => {
    const [x, x64] = pair([n, m], normal, m);
    let y: Nd | undefined;
    expect(isStreamed(() => (y = fold(folds.sum, x, [m])))).toBe(true);
    expect([...y!.data]).toEqual([...Float32Array.from(fold(folds.sum, x64, [m]).data)]); // the same order, so the same bits
  }); // prettier-ignore

  test('cross-entropy and its gradient are those of the plain loop', () => {
    for (const [N, C] of rowShapes) {
      const [x, x64] = pair([N, C], normal, C);
      const [target, target64] = pair([N], (g) => g.integer(0, C), 4);
      const [g, g64] = pair([N], normal, 5);
      const exact = crossEntropy(x64, target64).data;
      expect(fault(crossEntropy(x, target).data, exact, 4, (r) => Math.max(1, exact[r]))).toBeNull();
      const size = (i: number): number => Math.abs(g.data[g.offset + Math.floor(i / C)]);
      expect(fault(crossEntropyGrad(g, x, target).data, crossEntropyGrad(g64, x64, target64).data, 8, size)).toBeNull();
    }
  });

  test('wrong kernels are seen to fail', () => {
    const changed = (x: Nd): Nd =>
      nd(x.data.with(x.offset + 1, 50).with(x.offset + 2, -50), x.shape, undefined, x.offset);
    const near = (y: Nd): Nd =>
      nd(
        Float32Array.from(y.data, (v) => v * (1 + 1e-5)),
        y.shape,
      );
    const lossy = (y: Nd): Nd =>
      nd(
        Float32Array.from(y.data, (v) => v || 0),
        y.shape,
      );
    for (const name of rowFolds) {
      expect(checkFold(name, (loop, x, shape) => fold(loop, changed(x), shape), normal)).not.toBeNull();
      expect(checkFold(name, (loop, x, shape) => near(fold(loop, x, shape)), normal)).not.toBeNull();
      expect(checkFold(name, (loop, x, shape) => lossy(fold(loop, x, shape)), fewSpecial)).not.toBeNull();
    }
    for (const name of rowScans) {
      expect(checkScan(name, (loop, x, dim) => scan(loop, changed(x), dim), normal)).not.toBeNull();
      expect(checkScan(name, (loop, x, dim) => near(scan(loop, x, dim)), normal)).not.toBeNull();
      expect(checkScan(name, (loop, x, dim) => lossy(scan(loop, x, dim)), fewSpecial)).not.toBeNull();
    }
    for (const name of rowScans2) {
      expect(checkScan2(name, (loop, g, t, dim) => scan2(loop, t, g, dim))).not.toBeNull();
      expect(checkScan2(name, (loop, g, t, dim) => scan2(loop, changed(g), t, dim))).not.toBeNull();
      expect(checkScan2(name, (loop, g, t, dim) => near(scan2(loop, g, t, dim)))).not.toBeNull();
    }
  });
});
