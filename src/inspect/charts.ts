/**
 * Charts as SVG text (vega-lite, without a DOM or a canvas): curves and the confusion matrix.
 * Colours are CSS variables of the page around them, so one picture serves light, dark and paper.
 */
import type { Spec } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { needs } from '../io/peers.ts';
import { svgText, type Drawing } from './svg.ts';

export interface Series {
  readonly name: string;
  /** [x, y] in order of x. A y that is not finite leaves a gap in the line. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Lines, or points alone, over one pair of axes. */
export interface Curve {
  readonly title: string;
  /** Default: `epoch`. */
  readonly xLabel?: string;
  readonly yLabel: string;
  /** Shows y as a percentage: 0.5 is 50 %. */
  readonly percent?: boolean;
  /** Points that no line joins, as of trials that have no order. */
  readonly scatter?: boolean;
  /** Logarithmic axes: all numbers along them must be above 0. */
  readonly logX?: boolean;
  readonly logY?: boolean;
  readonly series: readonly Series[];
  /** Thin grey lines under the others, without names: single rows of which a line is the mean. */
  readonly background?: readonly (readonly (readonly [x: number, y: number])[])[];
}

/** counts[t][p]: how many rows of class t were predicted to be p. */
export interface Confusion {
  readonly labels: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

/** How series are told apart: a colour and, for who does not see it, a dash or a shape. The page's legend uses it too. */
export const seriesStyle = (i: number): { color: string; dash: number[]; shape: string } => ({
  color: `var(--series-${(i % 4) + 1})`,
  shape: SHAPES[i % 4],
  dash: [
    [1, 0],
    [7, 4],
    [2, 3],
    [9, 3, 2, 3],
  ][(i + Math.floor(i / 4)) % 4] ?? [1, 0],
});

/** Shapes of 2 × 2 around the origin. */
const SHAPES = [
  'M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0Z', // a disc
  'M-.8,-.8H.8V.8H-.8Z',
  'M0,-1L1,.8H-1Z',
  'M0,-1L.9,0L0,1L-.9,0Z',
];

/** How charts look: as the page around them. */
export const chartConfig = {
  aria: false, // the figure around the chart has the description
  font: 'inherit',
  view: { stroke: null },
  axis: {
    labelColor: 'var(--muted)',
    titleColor: 'var(--muted)',
    labelFontSize: 13,
    titleFontSize: 13,
    titleFontWeight: 'normal' as const,
    domainColor: 'var(--line)',
    tickColor: 'var(--line)',
    gridColor: 'var(--line)',
    gridOpacity: 0.6,
  },
};

export async function drawChart(spec: TopLevelSpec): Promise<Drawing> {
  const loading = Promise.all([import('vega'), import('vega-lite')]);
  const [{ parse, View }, { compile }] = await needs('adjoint/inspect', 'vega vega-lite', loading);
  const parsed: Spec = compile({ background: 'transparent', config: chartConfig, ...spec }).spec;
  const view = new View(parse(parsed), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  const [, width, height, inside] = /^<svg [^>]*viewBox="0 0 ([\d.]+) ([\d.]+)">(.*)<\/svg>$/s.exec(svg) ?? [];
  return { inside, width: Number(width), height: Number(height) };
}

/** The names of a curve's series beside their strokes, one under another: for a file, which has no page around it. */
export function curveLegend({ series }: Curve): Drawing {
  const inside = series.map(({ name }, i) => {
    const { color, dash } = seriesStyle(i);
    const [x, y] = [240 * (i % 2), 20 * Math.floor(i / 2)];
    const line = `<line x1="${x}" y1="${y + 8}" x2="${x + 28}" y2="${y + 8}" stroke="${color}" stroke-width="2.5" stroke-dasharray="${dash.join(' ')}"/>`;
    return line + svgText(name, x + 36, y + 12);
  });
  return { inside: inside.join(''), width: 460, height: 20 * Math.ceil(series.length / 2) };
}

const isWhole = (x: number): boolean => Number.isInteger(x);

/** From the least number to the largest, and a share of that more on each side; one number alone gets room as well. */
function domainOf(xs: readonly number[], share: number, log: boolean): [number, number] {
  if (xs.length === 0) return log ? [1, 10] : [0, 1];
  const ends = [Math.min(...xs), Math.max(...xs)].map((x) => (log ? Math.log(x) : x));
  const room = ends[0] === ends[1] ? 1 : share * (ends[1] - ends[0]);
  const [from, to] = [ends[0] - room, ends[1] + room];
  return log ? [Math.exp(from), Math.exp(to)] : [from, to];
}

/** The points that can be drawn. Parts of a line that a value that is not finite separates are drawn apart. */
function partsOf(
  points: readonly (readonly [x: number, y: number])[],
  series: number,
): { x: number; y: number; series: number; part: string }[] {
  let part = 0;
  return points.flatMap(([x, y]) => {
    if (!Number.isFinite(y)) part++;
    return Number.isFinite(x) && Number.isFinite(y) ? [{ x, y, series, part: `${series}.${part}` }] : [];
  });
}

/** A chart of lines or points. */
export async function curveChart(curve: Curve): Promise<Drawing> {
  const { scatter = false, logX = false, logY = false } = curve;
  const values = curve.series.flatMap(({ points }, i) => partsOf(points, i));
  const behind = (curve.background ?? []).flatMap((points, i) => partsOf(points, i));
  const xs = [...curve.series.map(({ points }) => points), ...(curve.background ?? [])]
    .flatMap((points) => points.map(([x]) => x))
    .filter(Number.isFinite);
  const styles = curve.series.map((_, i) => seriesStyle(i));
  const domain = styles.map((_, i) => i);
  const bySeries = (range: unknown[]): object => ({
    field: 'series',
    type: 'nominal',
    legend: null,
    scale: { domain, range },
  });
  const longest = Math.max(0, ...curve.series.map(({ points }) => points.length));
  const ys = [...values, ...behind].map(({ y }) => y);
  const flat = Math.min(...ys) === Math.max(...ys);
  const places = {
    x: {
      field: 'x',
      type: 'quantitative' as const,
      title: curve.xLabel ?? 'epoch',
      scale: { nice: false, domain: domainOf(xs, scatter ? 0.06 : 0, logX), ...(logX && { type: 'log' as const }) },
      axis: {
        grid: false,
        labelFlush: false,
        tickCount: 8,
        format: ',.7~g',
        ...(xs.every(isWhole) ? { tickMinStep: 1 } : {}),
      },
    },
    y: {
      field: 'y',
      type: 'quantitative' as const,
      title: curve.yLabel,
      // One value alone has no range of its own: zero gives it one.
      scale: logY ? { type: 'log' as const, nice: true } : { zero: flat, nice: true },
      axis: {
        tickCount: 6,
        ...(curve.percent ? { labelExpr: "format(100 * datum.value, '.4~g') + ' %'" } : { format: ',.7~g' }),
        domain: false,
        ticks: false,
        labelPadding: 6,
      },
    },
    detail: { field: 'part', type: 'nominal' as const },
  };
  return drawChart({
    width: 450,
    height: 250,
    autosize: { type: 'fit', contains: 'padding' },
    padding: { left: 2, right: 8, top: 6, bottom: 2 },
    encoding: places,
    layer: [
      ...(behind.length === 0
        ? []
        : [
            {
              data: { values: behind },
              mark: { type: 'line' as const, strokeWidth: 1, stroke: 'var(--muted)', strokeOpacity: 0.35 },
            },
          ]),
      {
        data: { values },
        mark: scatter
          ? { type: 'point', filled: true, size: 55 }
          : {
              type: 'line',
              strokeWidth: 2.25,
              strokeJoin: 'round',
              point: longest <= 40 ? { size: 26, filled: true } : false,
            },
        encoding: {
          color: bySeries(styles.map((s) => s.color)),
          ...(scatter
            ? { shape: bySeries(styles.map((s) => s.shape)) }
            : { strokeDash: bySeries(styles.map((s) => s.dash)) }),
        },
      },
    ],
  });
}

/** A count as a share of its row; 0 in a row without counts. */
export function rowShares({ labels, counts }: Confusion): number[][] {
  if (counts.length !== labels.length || counts.some((row) => row.length !== labels.length)) {
    const got = `${labels.length} labels and rows of ${showShape(counts.map((row) => row.length))}`;
    throw new ShapeError('confusionChart', 'counts must have a row and a column for every label', got);
  }
  return counts.map((row) => {
    const bad = row.find((n) => !Number.isInteger(n) || n < 0);
    if (bad !== undefined) throw new ValueError('confusionChart', 'counts must be whole numbers from 0', `${bad}`);
    const sum = row.reduce((a, b) => a + b, 0);
    return row.map((n) => (sum === 0 ? 0 : n / sum));
  });
}

/** The largest share of a row that went to one wrong label: what the strongest colour stands for. */
export const largestError = (shares: readonly (readonly number[])[]): number =>
  Math.max(0, ...shares.map((row, t) => Math.max(0, ...row.map((share, p) => (p === t ? 0 : share)))));

/**
 * The confusion matrix as a heat map. Rows are true labels, columns predicted ones. The diagonal is a pale hue of its
 * own; errors go by √share, up to the largest of them, since a share of 1 % must be seen beside one of 99 %.
 */
export async function confusionChart(confusion: Confusion): Promise<Drawing> {
  const { labels, counts } = confusion;
  const shares = rowShares(confusion);
  const most = largestError(shares) || 1;
  const values = counts.flatMap((row, t) =>
    row.map((count, p) => {
      const share = shares[t]?.[p] ?? 0;
      const hue = t === p ? 'right' : 'wrong';
      return { t, p, count, hue, shade: t === p ? 0.4 * share : 0.95 * Math.sqrt(share / most) };
    }),
  );
  const n = Math.max(1, labels.length);
  const step = Math.max(8, Math.min(72, Math.max(440 / n, Math.min(44, 900 / n)))); // few classes: large cells
  const digits = Math.max(1, ...values.map(({ count }) => `${count}`.length));
  const fontSize = Math.min(14, (step - 4) / (0.66 * digits));
  const slanted = Math.max(...labels.map((label) => label.length)) * 7 > step;
  const axis = { labelExpr: 'labels[datum.value]', labelLimit: 140, domain: false, ticks: false, labelPadding: 6 };
  const labelFontSize = Math.min(13, step);
  return drawChart({
    width: { step },
    height: { step },
    padding: 2,
    config: { ...chartConfig, scale: { bandPaddingInner: 0.05, bandPaddingOuter: 0 } },
    params: [{ name: 'labels', value: [...labels] }],
    data: { values },
    encoding: {
      x: {
        field: 'p',
        type: 'ordinal',
        title: 'predicted',
        axis: { ...axis, labelFontSize, orient: 'top', labelAngle: slanted ? -45 : 0 },
      },
      y: { field: 't', type: 'ordinal', title: 'true', axis: { ...axis, labelFontSize } },
    },
    layer: [
      { mark: { type: 'rect', fill: 'var(--cell)', cornerRadius: 2 } },
      {
        mark: { type: 'rect', cornerRadius: 2 },
        encoding: {
          fill: {
            field: 'hue',
            type: 'nominal',
            legend: null,
            scale: { domain: ['right', 'wrong'], range: ['var(--right)', 'var(--wrong)'] },
          },
          fillOpacity: { field: 'shade', type: 'quantitative', scale: null, legend: null },
        },
      },
      // Cells too small for their numbers show colour alone.
      ...(fontSize < 6
        ? []
        : [
            {
              transform: [{ filter: 'datum.count > 0' }],
              mark: { type: 'text' as const, fontSize },
              encoding: {
                text: { field: 'count', type: 'quantitative' as const, format: 'd' },
                color: { condition: { test: 'datum.shade > 0.6', value: 'var(--on-strong)' }, value: 'var(--ink)' },
              },
            },
          ]),
    ],
  });
}
