/** Colours and places: symmetric around zero, and dots that do not cover one another. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heatMap, legend } from '../../src/inspect/heatMap.ts';
import { limitOf, shadeOf, shorten, showNumber, showSigned } from '../../src/inspect/palette.ts';
import { linesOf } from '../../src/inspect/svg.ts';
import { swarm } from '../../src/inspect/tableCharts.ts';
import { tokenName } from '../../src/inspect/tokens.ts';

type Shade = typeof shadeOf;

/** What a scale that is centred at zero must do: opposite values are as strong, in opposite hues; zero is no colour. */
function asymmetry(shade: Shade, values: readonly number[]): string | null {
  const limit = limitOf(values);
  if (shade(0, limit).strength !== 0) return 'zero has a colour';
  for (const value of values.filter((v) => v !== 0)) {
    const [a, b] = [shade(value, limit), shade(-value, limit)];
    if (a.strength !== b.strength) return `${value} and its opposite are not as strong`;
    if (a.hue === b.hue) return `${value} and its opposite have one hue`;
  }
  return null;
}

describe('shades', () => {
  const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 });

  it('are symmetric around zero', () => {
    fc.assert(fc.property(values, (list) => asymmetry(shadeOf, list) === null));
  });

  it('that are centred elsewhere, or stretched on one side, are caught', () => {
    const moved: Shade = (value, limit) => shadeOf(value - 0.1 * limit, limit);
    const stretched: Shade = (value, limit) => shadeOf(value, value < 0 ? limit / 2 : limit);
    const oneHue: Shade = (value, limit) => ({ ...shadeOf(value, limit), hue: 'plus' });
    expect(asymmetry(moved, [1, -2])).toBe('zero has a colour');
    expect(asymmetry(stretched, [1, 0.5])).toBe('0.5 and its opposite are not as strong');
    expect(asymmetry(oneHue, [1])).toBe('1 and its opposite have one hue');
  });

  it('of pixels go from the picture to one of two colours, as far for either sign', () => {
    const white = { pixels: new Uint8Array(3).fill(255), width: 3, height: 1 };
    const { pixels } = heatMap(white, [0.5, -0.5, 1], 1);
    const towards = (pixel: number, color: readonly number[]): number[] =>
      color.map((c, i) => (255 - pixels[3 * pixel + i]) / (255 - c));
    for (const share of towards(0, [212, 85, 0])) expect(share).toBeCloseTo(0.45, 1);
    for (const share of towards(1, [0, 105, 168])) expect(share).toBeCloseTo(0.45, 1);
    for (const share of towards(2, [212, 85, 0])) expect(share).toBeCloseTo(0.9, 1);
  });

  it('of the legend are those of the map, mirrored at its middle', () => {
    const opacities = [...legend(3, 'logit').inside.matchAll(/fill-opacity="([\d.]+)"/g)].map(([, o]) => Number(o));
    expect(opacities).toHaveLength(48);
    expect(opacities.toReversed()).toEqual(opacities);
    expect(opacities[0]).toBeCloseTo(0.9 * (1 - 1 / 48), 3);
  });
});

describe('a swarm', () => {
  const overlaps = (places: readonly number[], heights: readonly number[], diameter: number): boolean =>
    places.some((x, i) =>
      places.slice(0, i).some((y, j) => Math.hypot(x - y, heights[i] - heights[j]) < 0.98 * diameter),
    );

  it('has no dot over another while there is room', () => {
    const places = fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { maxLength: 40 });
    fc.assert(fc.property(places, (list) => !overlaps(list, swarm(list, 6, 1000), 6)));
  });

  it('keeps to its row when there is none', () => {
    const heights = swarm(Array.from({ length: 300 }, () => 1), 6, 16); // prettier-ignore
    expect(Math.max(...heights.map(Math.abs))).toBeLessThanOrEqual(16);
  });

  it('whose dots all lie in the middle is caught', () => expect(overlaps([1, 2], [0, 0], 6)).toBe(true));
});

describe('words', () => {
  it.each([
    [0, '0'],
    [-0.12345, '−0.123'],
    [1234.5, '1235'],
    [1.5e-7, '1.5 · 10^−7'],
    [-2e9, '−2 · 10^9'],
    [NaN, 'not a number'],
    [Infinity, 'infinity'],
    [-Infinity, 'minus infinity'],
  ])('for %d', (value, text) => expect(showNumber(value)).toBe(text));

  it('have a sign where it matters', () => expect([2, -2, 0].map(showSigned)).toEqual(['+2', '−2', '0']));

  it('are cut and broken at letters, not within one', () => {
    expect(shorten('a👍🏽b', 3)).toBe('a👍…');
    expect(linesOf('to be or not', 5)).toEqual(['to be', 'or', 'not']);
    expect(linesOf('abcdefg', 3)).toEqual(['abc', 'def', 'g']);
    expect(linesOf('', 3)).toEqual(['']);
  });

  it('for tokens show the spaces around them', () =>
    expect([' a b', '\n', '', '\t ', '\u2003'].map(tokenName)).toEqual(['·a b', '⏎', '∅', '⇥·', '␣']));
});
