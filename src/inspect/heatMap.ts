/** Pictures and heat maps over them: pixels as PNG, side by side, with a legend of what the colours stand for. */
import { html, nothing, type Markup } from './html.ts';
import { limitOf, shadeOf, showNumber } from './palette.ts';
import { pngDataUris, type Picture } from './pictures.ts';
import type { ImageSection, PicturesSection } from './sections.ts';
import { inPage, linesOf, svgText, type Drawing } from './svg.ts';

/** Heat maps are light in dark pages as well, for they lie on paper: their colours do not follow the page. */
const PAPER = { plus: [212, 85, 0], minus: [0, 105, 168] } as const;
/** How much of the picture's darkness is left under a heat map. */
const PALE = 0.18;
/** How much the strongest colour covers of what is under it. */
const COVER = 0.9;

/** Brightness 0 to 255 of pixel i, on white where it is transparent. */
function greyOf({ pixels, width, height }: Picture, i: number): number {
  const channels = pixels.length / (width * height);
  const at = (c: number): number => pixels[i * channels + c];
  const grey = channels < 3 ? at(0) : 0.299 * at(0) + 0.587 * at(1) + 0.114 * at(2);
  const alpha = channels % 2 === 0 ? at(channels - 1) / 255 : 1;
  return 255 + alpha * (grey - 255);
}

/** The picture in pale grey, and over it a colour by sign, as strong as |value| / limit. */
export function heatMap(picture: Picture, values: ArrayLike<number>, limit: number): Picture {
  const { width, height } = picture;
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const ground = 255 - PALE * (255 - greyOf(picture, i));
    const { hue, strength } = shadeOf(values[i], limit);
    for (let c = 0; c < 3; c++) {
      pixels[3 * i + c] = Math.round(ground + COVER * strength * (PAPER[hue][c] - ground));
    }
  }
  return { pixels, width, height };
}

/** What colours stand for: from −limit (or 0, where nothing is negative) to limit. On paper, or on the page itself. */
export function legend(limit: number, unit: string, { signed = true, paper = false } = {}): Drawing {
  const [width, steps] = [240, 48];
  const from = signed ? -limit : 0;
  let inside = `<g shape-rendering="crispEdges">${paper ? `<rect y="18" width="${width}" height="12" fill="rgb(255,255,255)"/>` : ''}`;
  for (let i = 0; i < steps; i++) {
    const { hue, strength } = shadeOf(from + ((limit - from) * (i + 0.5)) / steps, limit);
    const fill = paper ? `rgb(${PAPER[hue].join()})` : `var(--${hue})`;
    inside += `<rect x="${(i * width) / steps}" y="18" width="${width / steps}" height="12" fill="${fill}" fill-opacity="${+(COVER * strength).toFixed(3)}"/>`;
  }
  inside += `</g><rect x="0.5" y="18.5" width="${width - 1}" height="11" fill="none" stroke="var(--line)"/>`;
  const label = (text: string, x: number, y: number, anchor: string): string =>
    svgText(text, x, y, { size: 12, anchor, color: 'muted' });
  inside += label(unit, 0, 12, 'start');
  inside += label(signed ? `${showNumber(from)} lowers` : '0', 0, 44, 'start');
  inside += label(signed ? `raises ${showNumber(limit)}` : showNumber(limit), width, 44, 'end');
  if (signed) inside += label('0', width / 2, 44, 'middle');
  return { inside, width: Math.max(width, Math.ceil(6.6 * unit.length)), height: 48 };
}

interface Panel {
  readonly uri: string;
  readonly small: boolean;
  readonly caption: string;
}

interface Panels {
  readonly panels: readonly Panel[];
  /** Width over height of one. */
  readonly aspect: number;
  readonly legend: Drawing | null;
  readonly note: string;
}

async function panelsOf({ items, unit = '', scale = 'shared' }: PicturesSection): Promise<Panels> {
  const limits = items.map(({ attributions }) => limitOf(attributions ?? []));
  const common = Math.max(...limits);
  const limit = (i: number): number => (scale === 'each' ? limits[i] : common);
  const pictures = items.map((item, i) => (item.attributions ? heatMap(item, item.attributions, limit(i)) : item));
  const uris = await pngDataUris(pictures);
  const panels = items.map(({ width, height, caption }, i) => ({
    uri: uris[i],
    small: Math.max(width, height) <= 64,
    caption,
  }));
  const mapped = items.some(({ attributions }) => attributions);
  const signed = items.some(({ attributions }) => Array.from(attributions ?? []).some((value) => value < 0));
  return {
    panels,
    aspect: Math.max(...items.map(({ width, height }) => width / height)),
    legend: mapped
      ? scale === 'each'
        ? legend(1, `part of each map's largest |${unit}|`, { signed, paper: true })
        : legend(common, unit, { signed, paper: true })
      : null,
    note: mapped && common === 0 ? 'Every attribution is 0.' : '',
  };
}

/** An image section is two pictures: the picture, and its heat map. */
export function asPictures(section: ImageSection | PicturesSection): PicturesSection {
  if (section.kind === 'pictures') return section;
  const { method, pixels, width, height, attributions, unit } = section;
  const picture = { pixels, width, height };
  return {
    kind: 'pictures',
    method,
    items: [
      { ...picture, caption: 'picture' },
      { ...picture, caption: 'heat map', attributions },
    ],
    unit,
  };
}

/** For the page: as many side by side as have room. */
export async function picturesMarkup(section: ImageSection | PicturesSection): Promise<Markup> {
  const { items, columns } = asPictures(section);
  const { panels, legend: scale, note } = await panelsOf(asPictures(section));
  const tiles = panels.map(
    ({ uri, small, caption }, i) =>
      html`<li><img class="${small ? 'small' : ''}" src="${uri}" width="${items[i].width}" height="${items[i].height}" alt=""><p>${caption}</p></li>
`,
  );
  const style =
    columns === undefined
      ? `max-width: ${(items.length < 4 ? 14 : 11) * items.length}rem`
      : `grid-template-columns: repeat(${columns}, minmax(0, 11rem))`;
  return html`<ul class="pictures maps" style="${style}">${tiles}</ul>
${scale === null ? nothing : inPage(scale)}${note === '' ? nothing : html`<p class="note">${note}</p>`}`;
}

const TILE = 150;
const GAP = 16;

/** For a file: tiles in rows. */
export async function picturesDrawing(section: ImageSection | PicturesSection): Promise<Drawing> {
  const pictures = asPictures(section);
  const { panels, aspect, legend: scale } = await panelsOf(pictures);
  const columns = Math.min(panels.length, pictures.columns ?? 6);
  const height = Math.round(TILE / aspect);
  const lines = panels.map(({ caption }) =>
    caption
      .split('\n')
      .flatMap((line, i) => linesOf(line, 23).map((text) => ({ text, color: i === 0 ? 'ink' : 'muted' }))),
  );
  const below = 8 + 16 * Math.max(...lines.map((l) => l.length));
  let inside = '';
  panels.forEach(({ uri, small }, i) => {
    const [x, y] = [(i % columns) * (TILE + GAP), Math.floor(i / columns) * (height + below + GAP)];
    inside += `<image x="${x}" y="${y}" width="${TILE}" height="${height}"${small ? ' style="image-rendering:pixelated"' : ''} href="${uri}"/>`;
    inside += `<rect x="${x}" y="${y}" width="${TILE}" height="${height}" fill="none" stroke="var(--line)"/>`;
    lines[i].forEach(({ text, color }, l) => (inside += svgText(text, x, y + height + 16 * (l + 1), { color })));
  });
  const rows = Math.ceil(panels.length / columns);
  let bottom = rows * (height + below + GAP) - GAP;
  if (scale !== null) {
    inside += `<g transform="translate(0,${bottom + GAP})">${scale.inside}</g>`;
    bottom += GAP + scale.height;
  }
  return { inside, width: Math.max(scale?.width ?? 0, columns * (TILE + GAP) - GAP), height: bottom };
}
