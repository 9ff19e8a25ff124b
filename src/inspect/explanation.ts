/**
 * Why a model said what it said, as one HTML page that needs nothing else, and each of its pictures as an SVG.
 * Knows no tensors and no models, only what it is told; the same input gives the same bytes.
 */
import { attentionDrawing, attentionMarkup } from './attention.ts';
import { curveChart, curveLegend } from './charts.ts';
import { explanationStyle } from './explanationStyle.ts';
import { generatedChart, gridChart } from './gridChart.ts';
import { picturesDrawing, picturesMarkup } from './heatMap.ts';
import { html, nothing, type Markup } from './html.ts';
import { curveFigure, figuresSection, pageOf, type KeyFigure } from './page.ts';
import { checkSection, type ExplanationSection, type GridSection } from './sections.ts';
import { heading, scrolling, stack, standalone, type Drawing } from './svg.ts';
import { beeswarmBars, beeswarmChart, featureBars, waterfallChart } from './tableCharts.ts';
import { generatedMarkup, textDrawing, tokensDrawing, tokensMarkup } from './tokens.ts';

/** All that the page shows. */
export interface Explanation {
  readonly title: string;
  readonly subtitle?: string;
  /** What the model said: `{ label: '3', value: '97 %' }`. */
  readonly prediction: readonly KeyFigure[];
  readonly sections: readonly ExplanationSection[];
}

/** The pictures of a section that are charts: one under another in a file, side by side in a page. */
async function drawingsOf(section: ExplanationSection): Promise<Drawing[]> {
  switch (section.kind) {
    case 'image':
    case 'pictures':
      return [await picturesDrawing(section)];
    case 'features':
      return [...(await waterfallChart(section)), await featureBars(section)];
    case 'beeswarm':
      return [await beeswarmChart(section), await beeswarmBars(section)];
    case 'tokens':
      return tokensDrawing(section);
    case 'generated':
      return [await generatedChart(section)];
    case 'attention':
      return attentionDrawing(section);
    case 'grid':
      return [heading(section.title), await gridChart(section)];
    case 'curves':
      return [heading(section.title), curveLegend(section), await curveChart(section)];
    case 'text':
  }
  return [textDrawing(section)];
}

/** Says that cells are empty, since they are easily overlooked. */
function emptyCells(values: GridSection['values']): Markup {
  const empty = values.flat().filter((value) => !Number.isFinite(value)).length;
  if (empty === 0) return nothing;
  return html`<p class="note">${empty === 1 ? '1 cell is empty: its value was' : `${empty} cells are empty: their values were`} not a finite number.</p>`;
}

/** In a page, text is text, pictures flow, and what can be chosen can be chosen; charts are what they are in a file. */
async function bodyOf(section: ExplanationSection, id: string): Promise<Markup> {
  switch (section.kind) {
    case 'image':
    case 'pictures':
      return picturesMarkup(section);
    case 'tokens':
      return tokensMarkup(section);
    case 'attention':
      return attentionMarkup(section, id);
    case 'curves':
      return curveFigure(section, false);
    case 'grid':
      return html`<h3>${section.title}</h3><div role="img" aria-label="${section.title}">${scrolling(await gridChart(section))}</div>${emptyCells(section.values)}`;
    case 'features':
    case 'beeswarm':
    case 'generated': {
      const charts = (await drawingsOf(section)).map(scrolling);
      const chosen = section.kind === 'generated' ? generatedMarkup(section, id) : nothing;
      return html`${chosen}<div class="curves" role="img" aria-label="${section.method}">${charts}</div>`;
    }
    case 'text':
  }
  return html`<pre class="text">${section.text}</pre>`;
}

async function sectionMarkup(section: ExplanationSection, id: string): Promise<Markup> {
  const { method, question, facts = [], note } = section;
  const numbers = facts.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`);
  return html`<section id="${id}"><h2>${method}</h2>
${question === undefined ? nothing : html`<p class="question">${question}</p>`}
${await bodyOf(section, `${id}-choice`)}
${facts.length === 0 ? nothing : html`<dl class="facts">${numbers}</dl>`}
${note === undefined ? nothing : html`<p class="note">${note}</p>`}
</section>
`;
}

/** Sections as HTML, for a page that has `explanationStyle`. */
export async function sectionsMarkup(sections: readonly ExplanationSection[]): Promise<Markup> {
  for (const section of sections) checkSection(section);
  const parts: Markup[] = [];
  for (const [i, section] of sections.entries()) parts.push(await sectionMarkup(section, `section-${i + 1}`));
  return html`${parts}`;
}

/**
 * The whole page as one string, to be written as `explanation.html`. Needs the optional packages vega, vega-lite and fast-png.
 * @throws ShapeError where sizes do not fit one another; ValueError where an attribution is no finite number, where there is
 * nothing to draw, or where a package is missing.
 */
export async function renderExplanation(explanation: Explanation): Promise<string> {
  const { title, subtitle, prediction, sections } = explanation;
  const about = subtitle === undefined ? nothing : html`<p>${subtitle}</p>`;
  return pageOf(
    title,
    explanationStyle,
    html`<header><h1>${title}</h1>${about}${figuresSection(prediction)}</header>
<main>
${await sectionsMarkup(sections)}</main>`,
  );
}

/**
 * One section as an SVG file of its own, in light and dark, without its words.
 * @throws as `renderExplanation` does.
 */
export async function sectionSvg(section: ExplanationSection): Promise<string> {
  checkSection(section);
  return standalone(stack([heading(section.method), ...(await drawingsOf(section))], 16), section.method);
}
