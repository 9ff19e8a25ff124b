/** Pictures as SVG text: in a page, one under another, or as a file that stands alone. */
import { escapeHtml, html, type Markup } from './html.ts';
import { darkRules, writeOutColors } from './palette.ts';

/** The inside of an SVG, which the page around it or `standalone` gives its colours. */
export interface Drawing {
  readonly inside: string;
  readonly width: number;
  readonly height: number;
}

/** Text in a drawing. `y` is its baseline. */
export function svgText(
  text: string,
  x: number,
  y: number,
  { size = 13, anchor = 'start', color = 'ink', more = '' } = {},
): string {
  return `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="var(--${color})"${more}>${escapeHtml(text)}</text>`;
}

/** Lines of at most so many letters, broken at spaces where there are any. */
export const linesOf = (text: string, most: number): string[] =>
  text
    .split('\n')
    .flatMap((line) => line.match(new RegExp(`.{1,${most}}(\\s|$)|.{${most}}`, 'gu')) ?? [''])
    .map((line) => line.trimEnd());

/**
 * Within HTML an SVG needs no namespace; without a fixed size it follows the width of its column. What must stay readable
 * is not made smaller than `least` of its size: the column is to scroll.
 */
export const inPage = ({ inside, width, height }: Drawing, least = 0): Markup => ({
  markup: `<svg viewBox="0 0 ${width} ${height}" style="${least > 0 ? `min-width:${Math.round(least * width)}px;` : ''}max-width:${width}px">${inside}</svg>`,
});

export const scrolling = (drawing: Drawing): Markup => html`<div class="scroll">${inPage(drawing, 0.75)}</div>`;

/** One under another. */
export function stack(drawings: readonly Drawing[], gap = 24): Drawing {
  let [inside, y] = ['', 0];
  for (const drawing of drawings) {
    inside += y === 0 ? drawing.inside : `<g transform="translate(0,${y})">${drawing.inside}</g>`;
    y += drawing.height + gap;
  }
  return { inside, width: Math.max(...drawings.map(({ width }) => width)), height: y - gap };
}

const MARGIN = 16;

/** A line of text over a picture. */
export const heading = (text: string): Drawing => ({
  inside: svgText(text, 0, 15, { size: 15, more: ' font-weight="600"' }),
  width: Math.ceil(8.6 * text.length),
  height: 18,
});

// oxlint-disable-next-line no-control-regex -- what XML may not contain, and a token of bytes may
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/** A file: SVG with its own ground, colours for light and dark, and its title in words. */
export function standalone({ inside, width, height }: Drawing, title: string): string {
  const [w, h] = [width + 2 * MARGIN, height + 2 * MARGIN];
  return writeOutColors(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" font-family="system-ui, sans-serif">` +
      `<title>${escapeHtml(title)}</title><style>${darkRules}</style><rect width="${w}" height="${h}" rx="6" fill="var(--page)"/>` +
      `<g transform="translate(${MARGIN},${MARGIN})">${inside}</g></svg>\n`,
  ).replace(unwritable, '\ufffd');
}
