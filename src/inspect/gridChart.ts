/** A table of numbers as a heat map, with words in its cells: a logit lens, activation patching, a generated text. */
import { chartConfig, drawChart } from './charts.ts';
import { legend } from './heatMap.ts';
import { limitOf, shadeOf, shorten, showNumber } from './palette.ts';
import type { GeneratedSection, GridSection } from './sections.ts';
import { stack, type Drawing } from './svg.ts';
import { tokenName } from './tokens.ts';

interface Grid extends Pick<GridSection, 'rows' | 'columns' | 'values' | 'texts' | 'unit'> {
  /** Each row has a scale of its own. */
  readonly eachRow?: boolean;
}

const finiteOf = (values: readonly number[]): number[] => values.filter(Number.isFinite);

/** How wide a letter of a cell is, at most on average. */
const LETTER = 7;

const brief = (value: number): string => (Number.isFinite(value) ? showNumber(+value.toPrecision(2)) : '');

/** Cells as wide as their words; what is NaN, or not there, stays empty. */
export async function gridChart({ rows, columns, values, texts, unit, eachRow = false }: Grid): Promise<Drawing> {
  const finite = finiteOf(values.flat());
  const limit = limitOf(finite);
  const limits = values.map((row) => (eachRow ? limitOf(finiteOf(row)) : limit));
  const words =
    texts?.map((row) => row.map(tokenName)) ?? (columns.length <= 14 ? values.map((row) => row.map(brief)) : []);
  const longest = Math.max(0, ...words.flat().map((text) => [...text].length));
  const step = longest === 0 ? Math.max(9, 620 / columns.length) : Math.max(18, Math.min(80, 8 + LETTER * longest));
  const letters = Math.floor((step - 4) / LETTER);
  const cells = values.flatMap((row, r) =>
    row.flatMap((value, c) => {
      if (!Number.isFinite(value)) return [];
      const { hue, strength } = shadeOf(value, limits[r]);
      return [{ r, c, hue, shade: 0.9 * strength, text: shorten(words[r]?.[c] ?? '', letters) }];
    }),
  );
  const slanted = Math.max(...columns.map((name) => [...tokenName(name)].length)) * 7.5 > step;
  const axis = {
    domain: false,
    ticks: false,
    labelPadding: 5,
    labelLimit: 120,
    labelColor: 'var(--ink)',
    labelFontSize: Math.min(12, step + 2),
  };
  const chart = await drawChart({
    width: { step },
    height: { step: Math.max(16, Math.min(24, step)) },
    padding: 2,
    config: { ...chartConfig, scale: { bandPaddingInner: step < 14 ? 0 : 0.04, bandPaddingOuter: 0 } },
    params: [
      { name: 'rows', value: [...rows] },
      { name: 'columns', value: columns.map(tokenName) },
    ],
    data: { values: cells },
    encoding: {
      x: {
        field: 'c',
        type: 'ordinal',
        title: null,
        scale: { domain: columns.map((_, i) => i) },
        axis: {
          ...axis,
          orient: 'top',
          labelExpr: 'columns[datum.value]',
          labelAngle: slanted ? -60 : 0,
          labelOverlap: false,
        },
      },
      y: {
        field: 'r',
        type: 'ordinal',
        title: null,
        scale: { domain: rows.map((_, i) => i) },
        axis: { ...axis, labelExpr: 'rows[datum.value]', labelOverlap: false },
      },
    },
    layer: [
      { mark: { type: 'rect', fill: 'var(--cell)' } },
      {
        mark: { type: 'rect' },
        encoding: {
          fill: {
            field: 'hue',
            type: 'nominal',
            legend: null,
            scale: { domain: ['plus', 'minus'], range: ['var(--plus)', 'var(--minus)'] },
          },
          fillOpacity: { field: 'shade', type: 'quantitative', scale: null, legend: null },
        },
      },
      {
        mark: { type: 'text', fontSize: 11.5 },
        encoding: {
          text: { field: 'text', type: 'nominal' },
          color: { condition: { test: 'datum.shade > 0.6', value: 'var(--on-strong)' }, value: 'var(--ink)' },
        },
      },
    ],
  });
  const signed = finite.some((value) => value < 0);
  const scale = eachRow
    ? legend(1, `part of each row's largest |${unit}|`, { signed })
    : legend(limit, unit, { signed });
  return stack([chart, scale], 12);
}

/**
 * A row for each generated token, a column for each token before it. Each row has its own scale, which stands beside its
 * token: one of them may be due to ten times as much as the next.
 */
export const generatedChart = ({ prompt, generated, attributions, unit }: GeneratedSection): Promise<Drawing> =>
  gridChart({
    rows: generated.map((token, i) => `${tokenName(token)}  ±${brief(limitOf(attributions[i]))}`),
    columns: [...prompt, ...generated.slice(0, -1)],
    values: attributions.map((row) => [
      ...row,
      ...Array.from({ length: prompt.length + generated.length - 1 - row.length }, () => NaN),
    ]),
    unit,
    eachRow: true,
  });
