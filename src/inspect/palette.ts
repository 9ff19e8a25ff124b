/**
 * The colours of pages and pictures, for light and dark, and how a signed number becomes one of them: hue by sign,
 * strength by size, the same on both sides of zero. Blue and vermilion are told apart by colour-blind eyes as well
 * (Okabe and Ito, 2008).
 */

const light = {
  page: '#fdfdfc',
  ink: '#1c1e21',
  muted: '#5b6068',
  line: '#dcdee2',
  cell: '#f1f2f4',
  'on-strong': '#fff',
  right: '#0072b2',
  wrong: '#c84e00',
  plus: '#d45500',
  minus: '#0069a8',
  'series-1': '#0072b2',
  'series-2': '#c84e00',
  'series-3': '#00835e',
  'series-4': '#8a4d86',
};

export type ColorName = keyof typeof light;

const dark: Readonly<Record<ColorName, string>> = {
  page: '#15171a',
  ink: '#e8e9eb',
  muted: '#a0a6af',
  line: '#353a41',
  cell: '#1f2226',
  'on-strong': '#15171a',
  right: '#56b4e9',
  wrong: '#ff9a4d',
  plus: '#ff8a3d',
  minus: '#4fb0ea',
  'series-1': '#56b4e9',
  'series-2': '#ff9a4d',
  'series-3': '#3fc79a',
  'series-4': '#d69ad2',
};

const variables = (colors: Readonly<Record<ColorName, string>>): string =>
  Object.entries(colors)
    .map(([name, color]) => `--${name}: ${color};`)
    .join(' ');

/** Every colour as a CSS variable: light, and dark on screens that ask for it. */
export const colorVariables = `:root { color-scheme: light dark; ${variables(light)} }
@media screen and (prefers-color-scheme: dark) { :root { ${variables(dark)} } }`;

/**
 * A colour of the page, in an SVG that stands alone: the light one is written out, since not every viewer knows
 * variables, and a style sheet replaces it where the reader wants dark.
 */
export const writeOutColors = (svg: string): string =>
  svg.replace(/="var\(--([a-z0-9-]+)\)"/g, (whole, name: string) =>
    name in light ? `="${light[name as ColorName]}"` : whole,
  );

export const darkRules = `@media (prefers-color-scheme: dark) { ${Object.entries(light)
  .map(
    ([name, color]) =>
      `[fill="${color}"] { fill: ${dark[name as ColorName]}; } [stroke="${color}"] { stroke: ${dark[name as ColorName]}; }`,
  )
  .join(' ')} }`;

/** Where a value lies on a scale from −limit to limit: its hue, and how strong it is, 0 to 1. 0 is no colour at all. */
export function shadeOf(value: number, limit: number): { hue: 'plus' | 'minus'; strength: number } {
  const strength = limit === 0 ? 0 : Math.min(1, Math.abs(value) / limit);
  return { hue: value < 0 ? 'minus' : 'plus', strength };
}

/** The largest |value|: both ends of a scale that is centred at zero. */
export function limitOf(values: ArrayLike<number>): number {
  let limit = 0;
  for (let i = 0; i < values.length; i++) limit = Math.max(limit, Math.abs(values[i]));
  return limit;
}

/** A number to be read: three digits, a true minus sign; what is no number is said in words. */
export function showNumber(value: number): string {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value < 0 ? 'minus infinity' : 'infinity';
  const size = Math.abs(value);
  const digits =
    size >= 1e6 || (size > 0 && size < 1e-4)
      ? value
          .toExponential(2)
          .replace(/\.?0+e/, 'e')
          .replace(/e\+?/, ' · 10^')
      : size >= 1000
        ? value.toFixed(0)
        : `${+value.toPrecision(3)}`;
  return digits.replaceAll('-', '−');
}

/** The same with its sign: +0.12, −0.12, 0. */
export const showSigned = (value: number): string => `${value > 0 ? '+' : ''}${showNumber(value)}`;

/** Text of at most so many letters: what is cut off is said to be. */
export function shorten(text: string, most: number): string {
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, Math.max(1, most - 1)).join('')}…`;
}
