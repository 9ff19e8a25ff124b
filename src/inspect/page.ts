/** What pages of any kind have: their frame, key figures, and charts of curves with legends and words. */
import type { Curve, Series } from './charts.ts';
import { curveChart, seriesStyle } from './charts.ts';
import type { Markup } from './html.ts';
import { html, nothing } from './html.ts';
import { inPage } from './svg.ts';

/** One number that matters, as it is to be read: `{ label: 'accuracy', value: '97.4 %' }`. */
export interface KeyFigure {
  readonly label: string;
  readonly value: string;
}

export const percent = (share: number, digits = 1): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : '–';

export function figuresSection(figures: readonly KeyFigure[]): Markup {
  if (figures.length === 0) return nothing;
  return html`<dl class="figures">${figures.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function lastValue({ points }: Series, { percent: asPercent }: Curve): string {
  const last = points.at(-1)?.[1];
  if (last === undefined) return '';
  if (!Number.isFinite(last)) return `${last}`;
  return asPercent ? percent(last) : `${+last.toPrecision(3)}`;
}

function legendItem({ name }: Series, i: number, value: string, isLine: boolean): Markup {
  const { color, dash, shape } = seriesStyle(i);
  const point = html`<path transform="translate(14,4) scale(4)" fill="${color}" d="${shape}"/>`;
  const line = html`<line x1="0" y1="4" x2="28" y2="4" stroke="${color}" stroke-width="2.5" stroke-dasharray="${dash.join(' ')}"/>`;
  return html`<li><svg viewBox="0 0 28 8" aria-hidden="true">${isLine ? line : point}</svg>${name}${value === '' ? nothing : html` <b>${value}</b>`}</li>`;
}

/** Names the places where a line has a gap, since a gap is easily overlooked. */
function gaps({ series, xLabel = 'epoch' }: Curve): Markup {
  const notes = series.flatMap(({ name, points }) => {
    const xs = points.filter(([, y]) => !Number.isFinite(y)).map(([x]) => `${x}`);
    if (xs.length === 0) return [];
    const list = xs.length > 6 ? `${xs.slice(0, 6).join(', ')} and ${xs.length - 6} more` : xs.join(', ');
    return [html`<p class="note">${name} was not a finite number at ${xLabel} ${list}.</p>`];
  });
  const none = series.every(({ points }) => !points.some(([x, y]) => Number.isFinite(x) && Number.isFinite(y)));
  return html`${none ? html`<p class="note">There is no value to draw.</p>` : nothing}${notes}`;
}

/** A chart under its title and legend, which has the last value of each line where that is the outcome of a training. */
export async function curveFigure(curve: Curve, withLast = true): Promise<Markup> {
  const isLine = curve.scatter !== true;
  const value = (series: Series): string => (withLast && isLine ? lastValue(series, curve) : '');
  const legend = curve.series.map((series, i) => legendItem(series, i, value(series), isLine));
  const about = `${curve.title}: ${curve.yLabel} by ${curve.xLabel ?? 'epoch'} of ${curve.series.map((s) => s.name).join(', ')}`;
  return html`<figure>
<h3>${curve.title}</h3>
<ul class="legend">${legend}</ul>
<div role="img" aria-label="${about}">${inPage(await curveChart(curve))}</div>
${gaps(curve)}
</figure>
`;
}

/** A page that needs nothing else: it may load nothing, and run nothing. */
export function pageOf(title: string, style: string, body: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${{ markup: style }}</style>
</head>
<body>
${body}
</body>
</html>
`.markup;
}
