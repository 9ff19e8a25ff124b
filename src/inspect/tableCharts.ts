/** A table's explanations: the waterfall and bars of one row, the beeswarm and bars of many. */
import { chartConfig, drawChart } from './charts.ts';
import { shorten, showNumber, showSigned } from './palette.ts';
import type { BeeswarmSection, FeaturesSection } from './sections.ts';
import { stack, svgText, type Drawing } from './svg.ts';

/** More features than these are put together as one. */
const MOST = 14;
const ROW = 26;

const labels = { labelLimit: 400, labelColor: 'var(--ink)', domain: false, ticks: false, labelPadding: 8 };
const hues = { domain: ['plus', 'minus', 'none'], range: ['var(--plus)', 'var(--minus)', 'var(--muted)'] };
const hueOf = (value: number): string => (value < 0 ? 'minus' : 'plus');

interface Step {
  readonly name: string;
  readonly attribution: number;
}

/** The largest first; the rest as one. */
function largest(steps: readonly Step[]): Step[] {
  const order = steps.toSorted((a, b) => Math.abs(b.attribution) - Math.abs(a.attribution));
  if (order.length <= MOST) return order;
  const rest = order.slice(MOST - 1);
  const attribution = rest.reduce((sum, step) => sum + step.attribution, 0);
  return [...order.slice(0, MOST - 1), { name: `${rest.length} others`, attribution }];
}

const named = ({ features }: FeaturesSection): Step[] =>
  features.map(({ name, value, attribution }) => ({
    name: value === '' ? shorten(name, 28) : `${shorten(name, 20)} = ${shorten(value, 10)}`,
    attribution,
  }));

/** From the base, one step a feature, to the output; each bar begins where the one above it ends. None without these ends. */
export async function waterfallChart(section: FeaturesSection): Promise<Drawing[]> {
  const { base, output, unit } = section;
  if (base === undefined || output === undefined) return [];
  const steps = largest(named(section));
  const sum = steps.reduce((all, { attribution }) => all + attribution, base);
  const size = Math.max(Math.abs(output - base), ...steps.map(({ attribution }) => Math.abs(attribution)));
  if (Math.abs(output - sum) > 1e-3 * size) steps.push({ name: 'not attributed', attribution: output - sum });
  let at = base;
  const bars = steps.map(({ name, attribution }, i) => {
    const from = at;
    at += attribution;
    const hue = name === 'not attributed' ? 'none' : hueOf(attribution);
    return { row: i + 1, name, from, to: at, end: Math.max(from, at), hue, text: showSigned(attribution) };
  });
  const ends = [
    { row: 0, name: 'base', at: base, text: showNumber(base) },
    { row: steps.length + 1, name: 'output', at: output, text: showNumber(output) },
  ];
  const rows = [ends[0], ...bars, ends[1]].map(({ name }) => name);
  const all = [base, output, ...bars.map(({ to }) => to)];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = (high - low || 1) * 0.16; // for the numbers at the right
  const x = {
    type: 'quantitative' as const,
    scale: { domain: [low - 0.03 * (high - low || 1), high + room], nice: false, zero: false },
  };
  const y = { field: 'row', type: 'ordinal' as const, scale: { domain: rows.map((_, i) => i), paddingInner: 0.25 } };
  const chart = await drawChart({
    width: 300,
    height: { step: ROW },
    padding: 2,
    params: [{ name: 'rows', value: rows }],
    encoding: {
      y: { ...y, title: null, axis: { ...labels, labelExpr: 'rows[datum.value]' } },
    },
    layer: [
      {
        data: { values: bars },
        mark: 'bar',
        encoding: {
          x: {
            ...x,
            field: 'from',
            title: unit,
            axis: { tickCount: 5, grid: true, format: ',.7~g', domain: false, ticks: false },
          },
          x2: { field: 'to' },
          fill: { field: 'hue', type: 'nominal', legend: null, scale: hues },
        },
      },
      {
        data: { values: bars },
        mark: { type: 'text', align: 'left', dx: 5, fontSize: 12, fill: 'var(--ink)' },
        encoding: { x: { ...x, field: 'end' }, text: { field: 'text' } },
      },
      {
        data: { values: ends },
        mark: { type: 'tick', thickness: 3, color: 'var(--ink)' },
        encoding: { x: { ...x, field: 'at' } },
      },
      {
        data: { values: ends },
        mark: { type: 'text', align: 'left', dx: 6, fontSize: 12, fontWeight: 'bold', fill: 'var(--ink)' },
        encoding: { x: { ...x, field: 'at' }, text: { field: 'text' } },
      },
    ],
  });
  return [chart];
}

/** A bar a feature, from zero. */
async function barChart(steps: readonly Step[], title: string, signed: boolean): Promise<Drawing> {
  const bars = steps.map(({ name, attribution }, i) => ({
    row: i,
    name,
    attribution,
    hue: signed ? hueOf(attribution) : 'none',
    text: signed ? showSigned(attribution) : showNumber(attribution),
  }));
  const all = [0, ...steps.map(({ attribution }) => attribution)];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const span = high - low || 1;
  const x = {
    field: 'attribution',
    type: 'quantitative' as const,
    scale: { domain: [low < 0 ? low - 0.24 * span : 0, high + 0.18 * span], nice: false },
  };
  const text = (align: 'left' | 'right', test: string): object => ({
    transform: [{ filter: test }],
    mark: { type: 'text', align, dx: align === 'left' ? 5 : -5, fontSize: 12, fill: 'var(--ink)' },
    encoding: { x, text: { field: 'text' } },
  });
  return drawChart({
    width: 300,
    height: { step: ROW },
    padding: 2,
    config: chartConfig,
    params: [{ name: 'rows', value: steps.map(({ name }) => name) }],
    data: { values: bars },
    encoding: {
      y: {
        field: 'row',
        type: 'ordinal',
        title: null,
        scale: { paddingInner: 0.25 },
        axis: { ...labels, labelExpr: 'rows[datum.value]' },
      },
    },
    layer: [
      {
        mark: 'bar',
        encoding: {
          x: { ...x, title, axis: { tickCount: 5, format: ',.7~g', domain: false, ticks: false } },
          fill: { field: 'hue', type: 'nominal', legend: null, scale: hues },
        },
      },
      text('left', 'datum.attribution >= 0'),
      text('right', 'datum.attribution < 0'),
    ] as never,
  });
}

export const featureBars = (section: FeaturesSection): Promise<Drawing> =>
  barChart(largest(named(section)), section.unit, true);

/** Features by mean |attribution|, the largest first. */
function ranked({ names, attributions }: BeeswarmSection): { feature: number; mean: number }[] {
  const mean = (f: number): number =>
    attributions.reduce((sum, row) => sum + Math.abs(row[f]), 0) / attributions.length;
  return names
    .map((_, feature) => ({ feature, mean: mean(feature) }))
    .toSorted((a, b) => b.mean - a.mean)
    .slice(0, MOST);
}

export const beeswarmBars = (section: BeeswarmSection): Promise<Drawing> =>
  barChart(
    ranked(section).map(({ feature, mean }) => ({ name: shorten(section.names[feature], 24), attribution: mean })),
    `mean |attribution|, ${section.unit}`,
    false,
  );

/** Low, middling and high values of a feature. */
const VALUES = [
  [67, 97, 216],
  [166, 95, 176],
  [239, 138, 23],
] as const;

function valueColor(level: number): string {
  const [from, to, t] = level < 0.5 ? [VALUES[0], VALUES[1], 2 * level] : [VALUES[1], VALUES[2], 2 * level - 1];
  return `rgb(${from.map((c, i) => Math.round(c + t * (to[i] - c))).join()})`;
}

function valueLegend(missing: boolean): Drawing {
  const shades = Array.from(
    { length: 40 },
    (_, i) => `<rect x="${30 + 3 * i}" y="2" width="3" height="10" fill="${valueColor((i + 0.5) / 40)}"/>`,
  );
  const inside =
    svgText('low', 0, 11, { size: 12, color: 'muted' }) +
    `<g shape-rendering="crispEdges">${shades.join('')}</g>` +
    svgText(`high value of the feature${missing ? ', grey: missing' : ''}`, 158, 11, { size: 12, color: 'muted' });
  return { inside, width: 400, height: 14 };
}

/** Heights of dots at these places, each as near to the middle as the dots before it leave room. */
export function swarm(places: readonly number[], diameter: number, half: number): number[] {
  const heights = places.map(() => 0);
  const order = places.map((_, i) => i).toSorted((i, j) => places[i] - places[j] || i - j);
  const placed: number[] = [];
  for (const i of order) {
    const near = placed.filter((j) => places[i] - places[j] < diameter);
    const free = (h: number): boolean =>
      near.every((j) => (places[i] - places[j]) ** 2 + (h - heights[j]) ** 2 >= diameter ** 2 * 0.98);
    const step = diameter / 4;
    for (let k = 0; k * step <= half; k++) {
      const h = free(k * step) ? k * step : free(-k * step) ? -k * step : null;
      if (h !== null) {
        heights[i] = h;
        break;
      }
      if ((k + 1) * step > half) heights[i] = ((i * 0.618034) % 1) * 2 * half - half; // full: anywhere
    }
    placed.push(i);
  }
  return heights;
}

/** A dot for each row: its place is the attribution, its colour where the feature's value ranks among the rows. */
export async function beeswarmChart(section: BeeswarmSection): Promise<Drawing> {
  const { names, values, attributions, unit } = section;
  const order = ranked(section);
  const [width, step, diameter] = [340, 38, 6];
  const all = [0, ...attributions.flat()];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const span = high - low || 1;
  const domain = [low - 0.04 * span, high + 0.04 * span];
  const pixel = (value: number): number => (width * (value - domain[0])) / (domain[1] - domain[0]);
  const dots = order.flatMap(({ feature }, row) => {
    const column = values.map((r) => r[feature]);
    const finite = column.filter(Number.isFinite);
    const [least, most] = [Math.min(...finite), Math.max(...finite)];
    const heights = swarm(
      attributions.map((r) => pixel(r[feature])),
      diameter,
      step / 2 - 3,
    );
    return attributions.map((r, i) => ({
      attribution: r[feature],
      height: row * step + step / 2 + heights[i],
      color: !Number.isFinite(column[i])
        ? 'var(--muted)'
        : valueColor(most === least ? 0.5 : (column[i] - least) / (most - least)),
    }));
  });
  const ticks = order.map((_, row) => row * step + step / 2);
  const chart = await drawChart({
    width,
    height: step * order.length,
    padding: 2,
    params: [{ name: 'rows', value: order.map(({ feature }) => shorten(names[feature], 24)) }],
    data: { values: dots },
    layer: [
      {
        data: { values: [{}] },
        mark: { type: 'rule', stroke: 'var(--muted)', strokeWidth: 1 },
        encoding: { x: { datum: 0 } },
      },
      {
        mark: { type: 'circle', size: diameter ** 2, opacity: 1, stroke: 'var(--page)', strokeWidth: 0.5 },
        encoding: {
          x: {
            field: 'attribution',
            type: 'quantitative',
            title: unit,
            scale: { domain, nice: false },
            axis: { tickCount: 5, format: ',.7~g', domain: false, ticks: false },
          },
          y: {
            field: 'height',
            type: 'quantitative',
            title: null,
            scale: { domain: [step * order.length, 0], nice: false, zero: false },
            axis: {
              ...labels,
              grid: false,
              values: ticks,
              labelExpr: `rows[round((datum.value - ${step / 2}) / ${step})]`,
            },
          },
          fill: { field: 'color', type: 'nominal', scale: null },
        },
      },
    ],
  });
  return stack([valueLegend(values.flat().some((value) => !Number.isFinite(value))), chart], 10);
}
