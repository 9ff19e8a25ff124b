/** Attention: every head of every layer as a small matrix, and one of them enlarged, with lines from token to token. */
import { html, type Markup } from './html.ts';
import { pngDataUris } from './pictures.ts';
import type { AttentionSection } from './sections.ts';
import { inPage, svgText, type Drawing } from './svg.ts';
import { tokenName } from './tokens.ts';

type Matrix = readonly (readonly number[])[];

/** A weight is how much of one hue there is, on white: the same in light and dark pages. */
function pixelsOf(head: Matrix): { pixels: Uint8Array; width: number; height: number } {
  const n = head.length;
  const pixels = new Uint8Array(3 * n * n);
  head.forEach((row, to) =>
    row.forEach((weight, from) => {
      const strength = Math.sqrt(Math.min(1, weight));
      [0, 60, 120].forEach((c, i) => (pixels[3 * (to * n + from) + i] = Math.round(255 + strength * (c - 255))));
    }),
  );
  return { pixels, width: n, height: n };
}

/** Tokens down both sides; a line is as strong as its weight. Weights under 0.02 have none. */
function headDrawing(tokens: readonly string[], head: Matrix): Drawing {
  const [line, left, right] = [18, 150, 330];
  const y = (i: number): number => 30 + i * line;
  let lines = '';
  head.forEach((row, to) =>
    row.forEach((weight, from) => {
      if (weight < 0.02) return;
      lines += `<line x1="${left}" y1="${y(to)}" x2="${right}" y2="${y(from)}" stroke="var(--minus)" stroke-width="${(0.5 + 3 * weight).toFixed(2)}" stroke-opacity="${weight.toFixed(3)}"/>`;
    }),
  );
  const names = tokens.map(tokenName);
  const labels = names.map(
    (name, i) =>
      svgText(name, left - 6, y(i) + 4, { size: 12, anchor: 'end' }) + svgText(name, right + 6, y(i) + 4, { size: 12 }),
  );
  const heads =
    svgText('this token', left - 6, 12, { size: 12, anchor: 'end', color: 'muted' }) +
    svgText('looks at', right + 6, 12, { size: 12, color: 'muted' });
  return { inside: heads + lines + labels.join(''), width: 480, height: y(tokens.length) };
}

/** All heads; the one that is chosen is enlarged, by radio buttons and the style sheet alone. */
export async function attentionMarkup({ tokens, layers }: AttentionSection, id: string): Promise<Markup> {
  const heads = layers.flatMap((layer, l) => layer.map((head, h) => ({ head, l, h })));
  const uris = await pngDataUris(heads.map(({ head }) => pixelsOf(head)));
  const size = tokens.length;
  const views = heads.map(({ head, l, h }, i) => {
    const name = `layer ${l + 1}, head ${h + 1}`;
    return html`<input type="radio" name="${id}" id="${id}-${i}"${i === 0 ? html` checked` : html``}><label for="${id}-${i}" title="${name}"><img class="small" src="${uris[i]}" width="${size}" height="${size}" alt="${name}"></label><div class="enlarged"><h3>${name[0].toUpperCase() + name.slice(1)}</h3>${inPage(headDrawing(tokens, head))}</div>
`;
  });
  return html`<div class="heads" style="--heads:${layers[0].length}">${views}</div>`;
}

const SIDE = 92;

/** All heads, a row a layer, and under them the first one enlarged. */
export async function attentionDrawing({ layers, tokens }: AttentionSection): Promise<Drawing[]> {
  const uris = await pngDataUris(layers.flatMap((layer) => layer.map(pixelsOf)));
  const heads = layers[0].length;
  let inside = '';
  for (let h = 0; h < heads; h++)
    inside += svgText(`head ${h + 1}`, 60 + h * (SIDE + 8), 12, { size: 12, color: 'muted' });
  layers.forEach((layer, l) => {
    inside += svgText(`layer ${l + 1}`, 0, 20 + l * (SIDE + 8) + SIDE / 2, { size: 12, color: 'muted' });
    layer.forEach((_, h) => {
      const [x, y] = [60 + h * (SIDE + 8), 20 + l * (SIDE + 8)];
      inside += `<image x="${x}" y="${y}" width="${SIDE}" height="${SIDE}" style="image-rendering:pixelated" href="${uris[l * heads + h]}"/>`;
    });
  });
  const width = 60 + heads * (SIDE + 8);
  return [{ inside, width, height: 20 + layers.length * (SIDE + 8) }, headDrawing(tokens, layers[0][0])];
}
