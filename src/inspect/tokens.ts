/** Texts whose tokens are shaded: a token's attribution is its colour, and its number is said when it is pointed at. */
import { escapeHtml, html, type Markup } from './html.ts';
import { legend } from './heatMap.ts';
import { limitOf, shadeOf, showSigned } from './palette.ts';
import type { GeneratedSection, TextSection, TokensSection } from './sections.ts';
import { inPage, linesOf, svgText, type Drawing } from './svg.ts';

/** The strongest colour under text: letters must stay readable. */
const UNDER_TEXT = 0.62;

const quiet: Readonly<Record<string, string>> = { ' ': '·', '\n': '⏎', '\t': '⇥', '\r': '␍' };

/** A token in pieces: letters, and the spaces around them as signs that are seen but do not shout. */
function pieces(text: string): { text: string; space: boolean }[] {
  if (text === '') return [{ text: '∅', space: true }];
  const [, before, inner, after] = /^(\s*)(.*?)(\s*)$/su.exec(text) ?? ['', '', text, ''];
  const signs = (spaces: string) => [...spaces].map((c) => ({ text: quiet[c] ?? '␣', space: true }));
  const letters = inner === '' ? [] : [{ text: inner.replaceAll('\n', '⏎'), space: false }];
  return [...signs(before), ...letters, ...signs(after)];
}

/** A token as it is named where it stands alone: `·the`. */
export const tokenName = (text: string): string =>
  pieces(text)
    .map((piece) => piece.text)
    .join('');

interface Shaded {
  readonly text: string;
  /** undefined: this token has none, as one that comes later. */
  readonly attribution?: number;
  readonly chosen?: boolean;
}

function background(attribution: number, limit: number): string {
  const { hue, strength } = shadeOf(attribution, limit);
  return `--shade:var(--${hue});--strength:${(100 * UNDER_TEXT * strength).toFixed(1)}%`;
}

/** Tokens in a line that breaks where the text does. */
function shadedLine(tokens: readonly Shaded[], limit: number, unit: string): Markup[] {
  const spaced = tokens.some(({ text }) => /\s/.test(text));
  return tokens.map(({ text, attribution, chosen }) => {
    const inner = pieces(text).map((piece) => (piece.space ? html`<i>${piece.text}</i>` : html`${piece.text}`));
    const title = `${tokenName(text)}${attribution === undefined ? '' : `: ${showSigned(attribution)} ${unit}`}`;
    const style = attribution === undefined ? '' : background(attribution, limit);
    const kind = chosen ? 'token chosen' : attribution === undefined ? 'token later' : 'token';
    const gap = text.endsWith('\n') ? html`<br>` : !spaced || /\s$/.test(text) ? html`<wbr>` : html``;
    const before = /^\s/.test(text) ? html`<wbr>` : html``;
    return html`${before}<span class="${kind}${spaced ? '' : ' apart'}" style="${style}" title="${title}">${inner}</span>${gap}`;
  });
}

/** The strongest tokens in numbers, for who cannot point at them. */
function strongest(tokens: readonly { text: string; attribution: number }[]): Markup {
  const first = tokens
    .filter(({ attribution }) => attribution !== 0)
    .toSorted((a, b) => Math.abs(b.attribution) - Math.abs(a.attribution))
    .slice(0, 8);
  if (first.length === 0) return html`<p class="note">Every attribution is 0.</p>`;
  const items = first.map(
    ({ text, attribution }) => html`<li><code>${tokenName(text)}</code> <b>${showSigned(attribution)}</b></li>`,
  );
  return html`<ul class="strongest">${items}</ul>`;
}

const signedScale = (values: readonly number[], unit: string): Drawing =>
  legend(limitOf(values), unit, { signed: values.some((value) => value < 0) });

export function tokensMarkup({ tokens, unit }: TokensSection): Markup {
  const values = tokens.map(({ attribution }) => attribution);
  return html`<p class="tokens">${shadedLine(tokens, limitOf(values), unit)}</p>
${inPage(signedScale(values, unit))}
${strongest(tokens)}`;
}

/** A choice among generated tokens, made by radio buttons and the style sheet alone. */
export function generatedMarkup({ prompt, generated, attributions, unit }: GeneratedSection, id: string): Markup {
  const views = generated.map((text, i) => {
    const shaded = shadedLine(
      [...prompt, ...generated].map((token, j) => ({
        text: token,
        ...(j < prompt.length + i ? { attribution: attributions[i][j] } : {}),
        chosen: j === prompt.length + i,
      })),
      limitOf(attributions[i]),
      unit,
    );
    return html`<input type="radio" name="${id}" id="${id}-${i}"${i === 0 ? html` checked` : html``}><label for="${id}-${i}">${tokenName(text)}</label><p class="tokens">${shaded}</p>
`;
  });
  return html`<p class="note">Choose a token that was generated: the shades tell what each token before it did for it.</p>
<div class="choices">${views}</div>`;
}

const CELL = 8.4; // a letter of a 14-pixel fixed-width font
const LINE = 24;
const COLUMNS = 76;

/** Letters of East Asia and pictures take two cells. */
const cells = (text: string): number =>
  [...text].reduce(
    (n, c) =>
      n +
      (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]|\p{Extended_Pictographic}/u.test(
        c,
      )
        ? 2
        : 1),
    0,
  );

/** Tokens of a fixed-width font in lines of 76 letters. */
function linesDrawing(tokens: TokensSection['tokens'], limit: number, unit: string): Drawing {
  let [inside, x, y, width] = ['', 0, 0, 0];
  const gap = tokens.some(({ text }) => /\s/.test(text)) ? 0 : 0.6;
  for (const { text, attribution } of tokens) {
    const long = cells(tokenName(text));
    if (x > 0 && x + long > COLUMNS) [x, y] = [0, y + 1];
    const { hue, strength } = shadeOf(attribution, limit);
    const [left, top] = [+(x * CELL).toFixed(2), y * LINE];
    const box = `x="${left}" y="${top}" width="${+(long * CELL).toFixed(2)}" height="20" rx="2"`;
    inside += `<g><title>${escapeHtml(`${tokenName(text)}: ${showSigned(attribution)} ${unit}`)}</title><rect ${box} fill="var(--${hue})" fill-opacity="${+(UNDER_TEXT * strength).toFixed(3)}"/>`;
    let at = x;
    for (const piece of pieces(text)) {
      const more = ` font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" xml:space="preserve"`;
      inside += svgText(piece.text, +(at * CELL).toFixed(2), top + 15, {
        size: 14,
        color: piece.space ? 'muted' : 'ink',
        more,
      });
      at += cells(piece.text);
    }
    inside += '</g>';
    x += long + gap;
    width = Math.max(width, x * CELL);
    if (text.endsWith('\n')) [x, y] = [0, y + 1];
  }
  return { inside, width: Math.ceil(width), height: (y + (x > 0 ? 1 : 0)) * LINE };
}

export function tokensDrawing({ tokens, unit }: TokensSection): Drawing[] {
  const values = tokens.map(({ attribution }) => attribution);
  return [linesDrawing(tokens, limitOf(values), unit), signedScale(values, unit)];
}

export function textDrawing({ text }: TextSection): Drawing {
  const lines = linesOf(text, COLUMNS);
  const inside = lines.map((line, i) => svgText(line, 0, 16 + 22 * i, { size: 15 })).join('');
  return { inside, width: Math.max(...lines.map(cells)) * CELL, height: 22 * lines.length };
}
