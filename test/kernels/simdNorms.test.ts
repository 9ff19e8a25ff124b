/**
 * Normalization and the weights of attention in WebAssembly against their plain loops run in float64. Sums are made in
 * float64 there too; what is rounded is the mean and every single result.
 */
import { describe, expect, test } from 'vitest';
import type { Data, Nd } from '../../src/array/nd.ts';
import { attentionWeights, attentionWeightsGrad } from '../../src/kernels/attention.ts';
import { layerNorm, layerNormGrad, standardize, standardizeGrad } from '../../src/kernels/normalization.ts';
import { fault, isStreamed, normal, pair, small, type Draw } from './nearly.ts';

const EPS = 1e-5;
/** [A, B, S]: rows, channels, with rests of vectors and of chunks. */
const shapes = [[1, 40, 8], [1, 3, 127], [1, 2, 5000], [7, 5, 50], [3, 2, 4097], [64, 16, 9]]; // prettier-ignore
const offCentre: Draw = (g) => 100 + normal(g);

/** The largest magnitude. */
const largest = (x: Data): number => Math.max(0, ...[...x].map(Math.abs));
const all = (size: number) => (): number => size;

type Run = (what: () => Nd) => Nd;
const asItIs: Run = (what) => what();

/**
 * What is wrong with standardization by `run`. The mean is rounded to float32, which moves all results by half a unit of
 * the largest number; gradients are sums and products of such results.
 */
function checkStandardize(run: Run, draw: Draw): string | null {
  for (const shape of shapes) {
    const [x, x64] = pair(shape, draw, shape[2]);
    const [g, g64] = pair(shape, small, shape[1]);
    const exact = standardize(x64, EPS);
    const [scale] = [largest(x.data.subarray(x.offset, x.offset + exact.data.length)) / 2];
    const found = fault(run(() => standardize(x, EPS)).data, exact.data, 4, all(scale + largest(exact.data)));
    if (found !== null) return `standardize ${shape.join('×')}: ${found}`;
    const y = standardize(x, EPS);
    const grad = standardizeGrad(g64, exact, x64, EPS).data;
    const other = fault(run(() => standardizeGrad(g, y, x, EPS)).data, grad, 16 + scale, all(2 * largest(grad)));
    if (other !== null) return `its gradient, ${shape.join('×')}: ${other}`;
  }
  return null;
}

function checkLayerNorm(run: Run, draw: Draw): string | null {
  for (const [, rows, n] of shapes) {
    const [x, x64] = pair([rows, n], draw, n);
    const [g, g64] = pair([rows, n], small, rows);
    const [w, w64] = pair([n], normal, 3);
    const [b, b64] = pair([n], normal, 4);
    const exact = layerNorm(x64, w64, b64, EPS).data;
    const scale = largest(x.data.subarray(x.offset, x.offset + rows * n));
    const found = fault(run(() => layerNorm(x, w, b, EPS)).data, exact, 4, all(8 * scale + largest(exact)));
    if (found !== null) return `layerNorm ${rows}×${n}: ${found}`;
    const grads = layerNormGrad(g64, x64, w64, EPS);
    for (const [i, grad] of grads.entries()) {
      const got = run(() => layerNormGrad(g, x, w, EPS)[i]).data;
      const other = fault(got, grad.data, 16 + scale, all(2 * largest(grad.data) + rows / 4));
      if (other !== null) return `its gradient ${i}, ${rows}×${n}: ${other}`;
    }
  }
  return null;
}

function checkWeights(run: Run): string | null {
  for (const [A, L, S] of [[2, 64, 64], [3, 9, 70], [1, 80, 12], [2, 5, 4099]]) {
    for (const [causal, scale] of [[true, 0.18], [false, -0.4]] as const) {
      const name = `${A}×${L}×${S}, ${causal ? 'causal' : 'not causal'}`;
      const [x, x64] = pair([A, L, S], normal, S);
      const exact = attentionWeights(x64, scale, causal);
      // As a softmax: x·scale − m is rounded, and counts as it is.
      const size = (i: number): number => exact.data[i] * (5 + 2 * Math.abs(Math.log(exact.data[i] || 1)));
      const y = run(() => attentionWeights(x, scale, causal));
      const found = fault(y.data, exact.data, 1, size);
      if (found !== null) return `${name}: ${found}`;
      const [g, g64] = pair([A, L, S], small, S + 1);
      const share = (i: number): number => 2 * exact.data[i] * Math.abs(scale);
      const grad = attentionWeightsGrad(g64, exact, scale, causal).data;
      const got = run(() => attentionWeightsGrad(g, attentionWeights(x, scale, causal), scale, causal)).data;
      const other = fault(got, grad, 32, share);
      if (other !== null) return `gradient ${name}: ${other}`;
    }
  }
  return null;
} // prettier-ignore

describe('in WebAssembly', () => {
  const streamed: Run = (what) => {
    let y: Nd | undefined;
    expect(isStreamed(() => (y = what()))).toBe(true);
    return y!;
  };
  test.each([['around 0', normal], ['far from 0', offCentre]] as const)('standardization is that of the plain loop: %s', (_, draw) =>
    expect(checkStandardize(streamed, draw)).toBeNull()); // prettier-ignore
  test.each([['around 0', normal], ['far from 0', offCentre]] as const)('layer normalization is that of the plain loop: %s', (_, draw) =>
    expect(checkLayerNorm(streamed, draw)).toBeNull()); // prettier-ignore
  test('weights of attention are those of the plain loop', () => expect(checkWeights(streamed)).toBeNull());

  test('wrong results are seen to be wrong', () => {
    const wrong: Record<string, Run> = {
      'a little too large': (what) => changed(what(), (v) => v * (1 + 1e-4)),
      'one is lost': (what) => changed(what(), (v, i) => (i === 5 ? 0.77 : v)),
      'the rest of a row is not written': (what) => changed(what(), (v, i, n) => (i === n - 1 ? 0.77 : v)),
    };
    const unseen = Object.keys(wrong).filter((what) =>
      [checkStandardize(wrong[what], normal), checkLayerNorm(wrong[what], normal), checkWeights(wrong[what])].includes(
        null,
      ),
    );
    expect(unseen).toEqual([]);
    expect(checkStandardize(asItIs, normal)).toBeNull();
  });
});

const changed = (y: Nd, f: (v: number, i: number, n: number) => number): Nd => ({
  ...y,
  data: y.data.map((v, i) => f(v, i, y.data.length)),
});
