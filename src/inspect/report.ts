/**
 * A run as one HTML page that needs nothing else: no script, no link, no file beside it.
 * Knows no tensors and no models, only what it is told; the same input gives the same bytes.
 */
import type { Confusion, Curve } from './charts.ts';
import { confusionChart, largestError, rowShares } from './charts.ts';
import { sectionsMarkup } from './explanation.ts';
import { explanationStyle } from './explanationStyle.ts';
import type { Markup } from './html.ts';
import { html, nothing } from './html.ts';
import { curveFigure, figuresSection, pageOf, percent, type KeyFigure } from './page.ts';
import type { Picture } from './pictures.ts';
import { pngDataUris } from './pictures.ts';
import { reportStyle } from './reportStyle.ts';
import type { ExplanationSection } from './sections.ts';
import { inPage } from './svg.ts';

/** What a model said about one picture. */
export interface PicturePrediction extends Picture {
  readonly predicted: string;
  readonly actual: string;
  /** The probability of the predicted label, 0 to 1; not shown if left out. */
  readonly confidence?: number;
}

/** Pictures under one heading. */
export interface PredictionGrid {
  readonly heading: string;
  readonly items: readonly PicturePrediction[];
  /** What stands there when there is no item; default `None.` */
  readonly ifEmpty?: string;
}

/** What a model wrote, under a heading; line breaks stay. */
export interface TextSample {
  readonly heading: string;
  readonly text: string;
}

/** Rows under a heading. */
export interface ReportTable {
  readonly heading: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** All that a report shows; what is left out or empty has no section. */
export interface RunReport {
  readonly title: string;
  readonly subtitle?: string;
  readonly figures: readonly KeyFigure[];
  readonly curves: readonly Curve[];
  /** What stands above the curves; default `Training`. */
  readonly curvesHeading?: string;
  readonly confusion?: Confusion;
  readonly predictions?: readonly PredictionGrid[];
  readonly texts?: readonly TextSample[];
  readonly tables?: readonly ReportTable[];
  /** Why the model said what it said, picture by picture. */
  readonly explanations?: readonly ExplanationSection[];
  readonly config: Readonly<Record<string, string | number | boolean>>;
  /** The model as text, shown as it is in a fixed-width font. */
  readonly modelText: string;
}

/** A whole number with thousands apart: 12,345. Not by locale: every machine is to write the same bytes. */
const grouped = (n: number): string => `${n}`.replace(/\B(?=(\d{3})+$)/g, ',');

async function curvesSection({ curves, curvesHeading = 'Training' }: RunReport): Promise<Markup> {
  if (curves.length === 0) return nothing;
  // One after the other: the order of the work must not depend on timing.
  const figures: Markup[] = [];
  for (const curve of curves) figures.push(await curveFigure(curve));
  return html`<section><h2>${curvesHeading}</h2><div class="curves">${figures}</div></section>
`;
}

async function confusionSection(confusion: Confusion | undefined): Promise<Markup> {
  if (confusion === undefined || confusion.labels.length === 0) return nothing;
  const { labels, counts } = confusion;
  const shares = rowShares(confusion);
  const name = (i: number): string => labels[i] ?? '';
  const cells = counts.flatMap((row, t) => row.map((count, p) => ({ t, p, count, share: shares[t]?.[p] ?? 0 })));
  const rows = cells.reduce((sum, { count }) => sum + count, 0);
  const errors = cells.filter(({ t, p, count }) => t !== p && count > 0);
  const wrong = errors.reduce((sum, { count }) => sum + count, 0);
  const worst = errors.sort((a, b) => b.count - a.count || a.t - b.t || a.p - b.p).slice(0, 5);
  const most = largestError(shares);
  const scale = most === 0 ? '' : ` The strongest is ${percent(most)} of its row.`;
  const list = worst.map(
    ({ t, p, count, share }) =>
      html`<li><span><b>${name(t)}</b> taken for <b>${name(p)}</b></span><span>${grouped(count)} (${percent(share)})</span></li>`,
  );
  const about = `Confusion matrix: ${wrong} of ${rows} rows wrong`;
  return html`<section><h2>Confusion matrix</h2>
<figure class="confusion${labels.length > 14 ? ' wide' : ''}">
<div role="img" aria-label="${about}">${inPage(await confusionChart(confusion))}</div>
<figcaption>
<p>Each row is a true label, each column a predicted one. ${grouped(rows - wrong)} of ${grouped(rows)} rows lie on the diagonal; ${grouped(wrong)} do not.</p>
<p><span class="swatch" style="background:var(--right);opacity:.4"></span> right, the stronger the larger its share of the row<br><span class="swatch" style="background:var(--wrong)"></span> wrong, likewise on a square-root scale, so that rare errors are seen too.${scale}</p>
${worst.length === 0 ? nothing : html`<div><h3>Most frequent errors</h3><ol>${list}</ol></div>`}
</figcaption>
</figure></section>
`;
}

function prediction(item: PicturePrediction, uri: string): Markup {
  const { predicted, actual, confidence, width, height } = item;
  const right = predicted === actual;
  const small = Math.max(width, height) <= 64 ? 'small' : '';
  return html`<li class="${right ? 'right' : 'wrong'}"><img class="${small}" src="${uri}" width="${width}" height="${height}" alt="">
<p class="said"><span>${right ? nothing : html`<span class="mark">✗ </span>`}<b>${predicted}</b></span>${confidence === undefined ? nothing : html`<span>${percent(confidence, 0)}</span>`}</p>
<p>${right ? html`<span class="mark">✓</span> right` : html`is <b>${actual}</b>`}</p></li>
`;
}

async function predictionsSection(grids: readonly PredictionGrid[]): Promise<Markup> {
  if (grids.length === 0) return nothing;
  const parts: Markup[] = [];
  for (const { heading, items, ifEmpty } of grids) {
    const uris = await pngDataUris(items);
    const body =
      items.length === 0
        ? html`<p class="note">${ifEmpty ?? 'None.'}</p>`
        : html`<ul class="pictures">${items.map((item, i) => prediction(item, uris[i] ?? ''))}</ul>`;
    parts.push(html`<div class="grid"><h2>${heading}</h2>${body}</div>`);
  }
  return html`<section>${parts}</section>
`;
}

function textsSection(texts: readonly TextSample[]): Markup {
  const parts = texts.map(
    ({ heading, text }) => html`<section><h2>${heading}</h2><pre class="text">${text}</pre></section>`,
  );
  return html`${parts}`;
}

function tablesSection(tables: readonly ReportTable[]): Markup {
  const parts = tables.map(({ heading, head, rows }) => {
    const names = html`<tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr>`;
    const body = rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`);
    return html`<section><h2>${heading}</h2><div class="rows"><table>${names}${body}</table></div></section>`;
  });
  return html`${parts}`;
}

function detailsSection({ config, modelText }: RunReport): Markup {
  const rows = Object.entries(config).map(
    ([key, value]) => html`<tr><th scope="row">${key}</th><td>${value}</td></tr>`,
  );
  const table = rows.length === 0 ? nothing : html`<section><h2>Configuration</h2><table>${rows}</table></section>`;
  const model = modelText === '' ? nothing : html`<section><h2>Model</h2><pre>${modelText}</pre></section>`;
  return html`<div class="details">${table}${model}</div>`;
}

/**
 * The whole page as one string, to be written as `report.html`. Needs the optional packages vega, vega-lite and fast-png.
 * @throws ShapeError when the confusion matrix is not square or pixels do not fill their picture; ValueError when a
 * package is missing or a count is negative.
 */
export async function renderReport(run: RunReport): Promise<string> {
  const subtitle = run.subtitle === undefined ? nothing : html`<p>${run.subtitle}</p>`;
  return pageOf(
    run.title,
    run.explanations === undefined ? reportStyle : explanationStyle,
    html`<header><h1>${run.title}</h1>${subtitle}${figuresSection(run.figures)}</header>
<main>
${await curvesSection(run)}${await confusionSection(run.confusion)}${await predictionsSection(run.predictions ?? [])}${await sectionsMarkup(run.explanations ?? [])}${textsSection(run.texts ?? [])}${tablesSection(run.tables ?? [])}${detailsSection(run)}
</main>`,
  );
}
