/** Explanations as text: what is drawn in a page, as tables that fit a terminal of 80 columns. */
import type { ExplanationSection } from '../inspect/index.ts';
import { formatTable } from './table.ts';

const WIDTH = 80;
/** More rows than these are counted, not shown. */
const MOST = 10;

/** 0.0123, 1.23, 123, 1.2e+7: three digits that count. */
export function short(x: number): string {
  const size = Math.abs(x);
  const text = Number.isInteger(x) && size < 1e6 ? `${x}` : size >= 1e4 || size < 1e-3 ? x.toExponential(1) : x.toPrecision(3);
  return text.replace(/^-/, '−').replace(/\.0(e.*)?$/, '$1').replace(/(e[+-]?\d+)$/, (_, power: string) => power.replace('+', ''));
} // prettier-ignore

export const signed = (x: number): string => (x > 0 ? `+${short(x)}` : short(x));

/** A text in so many columns at most, without what would break a line. */
const cut = (text: string, most: number): string => {
  const plain = [...text.replace(/\n/g, '⏎').replace(/\p{Cc}/gu, ' ')];
  return plain.length > most ? `${plain.slice(0, most - 1).join('')}…` : plain.join('');
};

export interface Item {
  readonly name: string;
  readonly value?: string;
  readonly attribution: number;
}

/** Names, values and attributions, the largest first, each with a bar: full above 0, light below. */
export function formatItems(items: readonly Item[]): string {
  const order = items.toSorted((a, b) => Math.abs(b.attribution) - Math.abs(a.attribution));
  const shown = order.slice(0, MOST);
  const largest = Math.abs(shown[0]?.attribution ?? 0) || 1;
  const hasValues = items.some(({ value }) => value !== undefined);
  const nameWidth = Math.min(hasValues ? 24 : 36, Math.max(...shown.map(({ name }) => [...name].length)));
  const valueWidth = 42 - nameWidth;
  const cells = shown.map(({ name, value, attribution }) => [
    cut(name, nameWidth),
    ...(hasValues ? [cut(value ?? '', valueWidth)] : []),
    signed(Math.abs(attribution) < 1e-6 * largest ? 0 : attribution).padStart(8),
  ]);
  const widths = cells.reduce((most, row) => row.map((cell, c) => Math.max(cell.length, most[c] ?? 0)), [] as number[]);
  const room = WIDTH - 4 - widths.reduce((sum, w) => sum + w + 2, 0);
  const lines = cells.map((row, i) => {
    const { attribution } = shown[i];
    const bar = (attribution < 0 ? '░' : '█').repeat(Math.round((room * Math.abs(attribution)) / largest));
    return `  ${row.map((cell, c) => cell.padEnd(widths[c])).join('  ')}  ${bar}`.trimEnd();
  });
  const rest = order.slice(MOST);
  const sum = rest.reduce((total, { attribution }) => total + attribution, 0);
  return [...lines, ...(rest.length > 0 ? [`  … and ${rest.length} more, ${signed(sum)} in all`] : [])].join('\n');
}

/** Long prose in lines. */
export function wrapped(text: string, indent = '  '): string {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines[lines.length - 1];
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => indent + line).join('\n');
}

/** What a section shows, as text, where it is more than a list of features. */
function shownBy(section: ExplanationSection): string {
  switch (section.kind) {
    case 'text':
      return section.text.split('\n').map((line) => (line.length + 2 <= WIDTH ? `  ${line}` : wrapped(line))).join('\n'); // prettier-ignore
    case 'pictures':
      return section.items.map(({ caption }) => `  ${caption}`).join('\n');
    case 'curves':
      return section.series
        .map(({ name, points }) => {
          const some = Array.from({ length: Math.min(6, points.length) }, (_, i, n = Math.min(6, points.length)) => points[Math.round((i * (points.length - 1)) / Math.max(1, n - 1))]);
          return wrapped(`${name}: ${some.map(([x, y]) => `${short(x)} → ${short(y)}`).join(', ')}`);
        })
        .join('\n'); // prettier-ignore
    case 'grid':
      return gridText(section);
    case 'generated':
      return section.generated
        .map((token, i) => {
          const before = [...section.prompt, ...section.generated.slice(0, i)];
          const order = section.attributions[i].map((a, t) => [a, t] as const).toSorted(([a], [b]) => Math.abs(b) - Math.abs(a));
          return `  ${JSON.stringify(token)} from ${order.slice(0, 4).map(([a, t]) => `${JSON.stringify(before[t])} ${signed(a)}`).join(', ')}`;
        })
        .join('\n'); // prettier-ignore
    case 'attention':
      return section.layers
        .map((heads, layer) => {
          const last = heads.map((head) => head[head.length - 1]);
          const texts = last.map((row, h) => `head ${h + 1} ${JSON.stringify(section.tokens[row.indexOf(Math.max(...row))])} ${Math.max(...row).toFixed(2)}`);
          return wrapped(`layer ${layer + 1}, the last token looks most at: ${texts.join(', ')}`);
        })
        .join('\n'); // prettier-ignore
    case 'image':
    case 'features':
    case 'beeswarm':
    case 'tokens':
      break; // told by their items
  }
  return '';
}

function gridText({ rows, columns, values, texts }: Extract<ExplanationSection, { kind: 'grid' }>): string {
  const room = Math.max(1, Math.floor((WIDTH - 14) / 9));
  const from = Math.max(0, columns.length - room); // the last columns: those next to what is foretold
  const cell = (r: number, c: number): string => cut(texts ? texts[r][c] : Number.isNaN(values[r][c]) ? '' : short(values[r][c]), 8);
  const table = formatTable(['', ...columns.slice(from).map((name) => cut(name, 8))], rows.map((name, r) => [cut(name, 12), ...columns.slice(from).map((_, c) => cell(r, from + c))]));
  const lines = table.split('\n').map((line) => `  ${line.trimEnd()}`);
  return [...(from > 0 ? [`  the last ${room} of ${columns.length}:`] : []), ...lines].join('\n');
} // prettier-ignore

/** One method's answer: its name and question, what it found, its facts, and how to read them; nothing for what is only a picture. */
export function formatSection(section: ExplanationSection, items: readonly Item[] | undefined): string {
  const { method, question, facts = [], note } = section;
  const head = `${method}${question === undefined ? '' : ` · ${question}`}`;
  const found = items ? formatItems(items) : shownBy(section);
  if (found === '') return '';
  return [
    wrapped(head, ''),
    found,
    ...(facts.length > 0 ? [wrapped(facts.map(({ label, value }) => `${label} ${value}`).join(' · '))] : []),
    ...(note ? [wrapped(note)] : []),
  ].join('\n'); // prettier-ignore
}
