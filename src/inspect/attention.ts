/** Attention: every head of every layer as a small matrix, and one of them enlarged, with lines from token to token. */
import { html, type Markup } from './html.ts';
import { shorten } from './palette.ts';
import { pngDataUris, type Picture } from './pictures.ts';
import type { AttentionSection } from './sections.ts';
import { scrolling, svgText, type Drawing } from './svg.ts';
import { tokenName } from './tokens.ts';

type Matrix = readonly (readonly number[])[];

/** What a weight of 1 looks like; 0 is white, in dark pages too. */
const FULL = [0, 60, 120] as const;

/** Strength goes by √weight: among 48 tokens a weight of 1/48 is to be seen. */
function pixelsOf(head: Matrix): Picture {
  const n = head.length;
  const pixels = new Uint8Array(3 * n * n);
  head.forEach((row, to) =>
    row.forEach((weight, from) => {
      const strength = Math.sqrt(Math.min(1, weight));
      for (let c = 0; c < 3; c++) pixels[3 * (to * n + from) + c] = Math.round(255 + strength * (FULL[c] - 255));
    }),
  );
  return { pixels, width: n, height: n };
}

/** The matrix with its tokens: who looks, from top to bottom, at whom, from left to right. */
function matrixDrawing(names: readonly string[], uri: string): Drawing {
  const cell = Math.max(11, Math.min(22, 380 / names.length));
  const size = Math.min(12, cell);
  const longest = Math.max(...names.map((name) => name.length));
  const upright = longest <= 2;
  const [left, top] = [Math.max(60, 8 + 7.5 * longest), upright ? 40 : 24 + 7.5 * longest];
  let inside = `<image x="${left}" y="${top}" width="${cell * names.length}" height="${cell * names.length}" style="image-rendering:pixelated" href="${uri}"/>`;
  names.forEach((name, i) => {
    const middle = (i + 0.5) * cell;
    inside += svgText(name, left - 5, +(top + middle + 0.35 * size).toFixed(2), { size, anchor: 'end' });
    const [x, y] = [+(left + middle + (upright ? 0 : 0.35 * size)).toFixed(2), top - 5];
    const turned = { size, more: ` transform="rotate(-90 ${x} ${y})"` };
    inside += svgText(name, x, y, upright ? { size, anchor: 'middle' } : turned);
  });
  inside += svgText('token ↓ looks at →', 0, 12, { size: 12, color: 'muted' });
  return { inside, width: left + cell * names.length, height: top + cell * names.length };
}

/** Tokens down both sides, with lines from each to the four that it looks at most, as strong as their weights. */
function linesDrawing(names: readonly string[], head: Matrix): Drawing {
  const [line, left, right] = [Math.max(14, Math.min(20, 400 / names.length)), 110, 300];
  const y = (i: number): number => +(28 + i * line).toFixed(2);
  const lines = head.flatMap((row, to) =>
    row
      .map((weight, from) => ({ weight, from }))
      .filter(({ weight }) => weight >= 0.04)
      .toSorted((a, b) => b.weight - a.weight)
      .slice(0, 4)
      .map(({ weight, from }) => {
        const [width, opacity] = [(0.5 + 3 * weight).toFixed(1), Math.sqrt(weight).toFixed(2)];
        return `<line x1="${left}" y1="${y(to)}" x2="${right}" y2="${y(from)}" stroke-width="${width}" stroke-opacity="${opacity}"/>`;
      }),
  );
  let inside = `<g stroke="var(--minus)">${lines.join('')}</g>`;
  names.forEach((name, i) => {
    inside +=
      svgText(name, left - 6, y(i) + 4, { size: 12, anchor: 'end' }) + svgText(name, right + 6, y(i) + 4, { size: 12 });
  });
  inside += svgText('token', left - 6, 12, { size: 12, anchor: 'end', color: 'muted' });
  inside += svgText('looks at', right + 6, 12, { size: 12, color: 'muted' });
  return { inside, width: right + left, height: y(names.length) };
}

const SCALE = 'White is a weight of 0, dark blue one of 1, on a square-root scale.';

/** All heads; the one that is chosen is enlarged, by radio buttons and the style sheet alone. */
export async function attentionMarkup({ tokens, layers }: AttentionSection, id: string): Promise<Markup> {
  const names = tokens.map((token) => shorten(tokenName(token), 14));
  const heads = layers.flatMap((layer, l) => layer.map((head, h) => ({ head, l, h })));
  const uris = await pngDataUris(heads.map(({ head }) => pixelsOf(head)));
  const n = tokens.length;
  const views = heads.map(({ head, l, h }, i) => {
    const place = `grid-area:${l + 2}/${h + 2}`;
    return html`<input type="radio" name="${id}" id="${id}-${i}" style="${place}"${i === 0 ? html` checked` : html``}><label for="${id}-${i}" style="${place}" title="layer ${l + 1}, head ${h + 1}"><img class="small" src="${uris[i]}" width="${n}" height="${n}" alt="layer ${l + 1}, head ${h + 1}"></label><div class="enlarged"><h3>Layer ${l + 1}, head ${h + 1}</h3><div class="curves">${scrolling(matrixDrawing(names, uris[i]))}${scrolling(linesDrawing(names, head))}</div></div>
`;
  });
  const columns = layers[0].map((_, h) => html`<span style="grid-area:1/${h + 2}">head ${h + 1}</span>`);
  const rows = layers.map((_, l) => html`<span style="grid-area:${l + 2}/1">layer ${l + 1}</span>`);
  return html`<p class="note">Choose a head to enlarge it. ${SCALE}</p>
<div class="heads" style="--heads:${layers[0].length}">${columns}${rows}${views}</div>`;
}

/** All heads, a row a layer, and under them the first one with its tokens. */
export async function attentionDrawing({ layers, tokens }: AttentionSection): Promise<Drawing[]> {
  const [side, left, top] = [92, 60, 20];
  const uris = await pngDataUris(layers.flatMap((layer) => layer.map(pixelsOf)));
  const heads = layers[0].length;
  let inside = '';
  for (let h = 0; h < heads; h++)
    inside += svgText(`head ${h + 1}`, left + h * (side + 8), 12, { size: 12, color: 'muted' });
  layers.forEach((layer, l) => {
    const y = top + l * (side + 8);
    inside += svgText(`layer ${l + 1}`, 0, y + side / 2, { size: 12, color: 'muted' });
    layer.forEach((_, h) => {
      inside += `<image x="${left + h * (side + 8)}" y="${y}" width="${side}" height="${side}" style="image-rendering:pixelated" href="${uris[l * heads + h]}"/>`;
    });
  });
  const all = { inside, width: left + heads * (side + 8), height: top + layers.length * (side + 8) };
  const scale = { inside: svgText(SCALE, 0, 12, { size: 12, color: 'muted' }), width: 400, height: 14 };
  const names = tokens.map((token) => shorten(tokenName(token), 14));
  const named = { inside: svgText('Layer 1, head 1', 0, 12), width: 100, height: 14 };
  return [all, scale, named, matrixDrawing(names, uris[0])];
}
