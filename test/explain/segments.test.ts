/** Segments cover the picture, are numbered without a gap, hang together, and follow its edges. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Generator, rand, tensor, zeros } from '../../src/index.ts';
import { featureAblation, gridSegments, limeGroups, slic, type Model } from '../../src/explain/index.ts';

/** How many connected pieces (by sides) the places of equal number make. */
function pieces(labels: number[], W: number): number {
  const seen = new Set<number>();
  let count = 0;
  labels.forEach((label, start) => {
    if (seen.has(start)) return;
    count++;
    const stack = [start];
    while (stack.length > 0) {
      const p = stack.pop()!;
      if (seen.has(p) || labels[p] !== label) continue;
      seen.add(p);
      if (p % W > 0) stack.push(p - 1);
      if (p % W < W - 1) stack.push(p + 1);
      if (p >= W) stack.push(p - W);
      if (p + W < labels.length) stack.push(p + W);
    }
  });
  return count;
}

test('a grid numbers its rectangles by rows, smaller ones at the edge', () => {
  expect(gridSegments([3, 5], [2, 2]).toArray()).toEqual([[0, 0, 1, 1, 2], [0, 0, 1, 1, 2], [3, 3, 4, 4, 5]]); // prettier-ignore
});

test('superpixels are numbered 0, 1, 2, … and each is one piece', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 30 }), fc.nat(1000),
      (H, W, segments, seed) => {
        const labels = [...slic(rand([2, H, W], { generator: new Generator(seed) }), { segments }).toTypedArray()];
        const different = new Set(labels);
        expect(different.size).toBe(Math.max(...labels) + 1);
        expect(pieces(labels, W)).toBe(different.size);
      }), // prettier-ignore
    { numRuns: 60, seed: 3 },
  ));

test('superpixels follow edges: none has both sides of a slanted one', () => {
  const picture = zeros([24, 24]);
  const white = (p: number): boolean => (p % 24) + 0.4 * Math.floor(p / 24) > 15;
  for (let p = 0; p < 576; p++) picture.nd.data[p] = white(p) ? 1 : 0;
  const labels = slic(picture, { segments: 16, compactness: 0.1 }).toTypedArray();
  const sides = new Map<number, Set<boolean>>();
  labels.forEach((label, p) => sides.set(label, (sides.get(label) ?? new Set()).add(white(p))));
  const mixed = [...sides.values()].filter((set) => set.size > 1).length;
  expect(sides.size).toBeGreaterThan(8);
  expect(mixed).toBe(0);
});

test('segments of a picture are the features of LIME and of ablation', async () => {
  const f: Model = (x) => x.narrow(2, 0, 2).narrow(3, 0, 2).reshape([x.shape[0], -1]).sum(1); // what is in the corner
  const picture = rand([1, 1, 4, 4], { generator: new Generator(1) });
  const featureMask = gridSegments([4, 4], [2, 2]).expand([1, 4, 4]);
  const due = f(picture).item();
  const expected = [[[due, due, 0, 0], [due, due, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]]; // prettier-ignore
  expect((await featureAblation(f, picture, { featureMask })).attributions).toBeAllClose([expected], { atol: 1e-5 });
  const options = { featureMask, samples: 200, generator: new Generator(1) };
  expect((await limeGroups(f, picture, options)).attributions).toBeAllClose([expected], { atol: 1e-3 });
});

test.each<[string, () => unknown, RegExp]>([
  ['a list', () => slic(tensor([1, 2])), /picture must be \[H, W\] or \[C, H, W\], got \[2\]/],
  ['no segments', () => slic(zeros([2, 2]), { segments: 0 }), /segments must be a whole number, 1 or more/],
  ['a rectangle without width', () => gridSegments([2, 2], [1, 0]), /a side of a segment must be a whole number/],
])('%s is refused', (_, wrong, message) => {
  expect(wrong).toThrow(message);
});
