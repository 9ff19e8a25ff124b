/**
 * `bench chart RESULT.json --out FILE.svg`: GFLOP/s of each matmul kernel over the size, and the machine's peak, as one
 * SVG that needs nothing around it and follows light and dark. Names stand at the ends of their lines.
 */
import { parse, View, type Spec } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { showSize, type Size } from './matmul/index.ts';
import { PEAK } from './matmul/peak.ts';
import type { Report } from './report.ts';
import { UsageError } from './usage.ts';

export interface Line {
  readonly name: string;
  readonly points: readonly { readonly n: number; readonly gflops: number }[];
}

/** The lines of a result: a point is the median at a square size; the peak is one number, the best over all sizes. */
export function linesOf({ groups }: Report): { lines: Line[]; peak: number } {
  const lines = new Map<string, { n: number; gflops: number }[]>();
  const square = groups.filter(({ kind, sizes = [] }) => kind === 'matmul' && new Set(sizes).size === 1);
  for (const { sizes = [], results } of square) {
    for (const { name, work, median, samples } of results) {
      if (samples.length === 0) continue;
      if (!lines.has(name)) lines.set(name, []);
      lines.get(name)?.push({ n: sizes[0], gflops: work / median / 1e9 });
    }
  }
  const peak = Math.max(...(lines.get(PEAK) ?? []).map(({ gflops }) => gflops));
  lines.delete(PEAK);
  return {
    peak,
    lines: [...lines].map(([name, points]) => ({ name, points: points.toSorted((a, b) => a.n - b.n) })),
  };
}

/** Moves places apart until all are at least `gap` from each other, keeping their order. */
export function apart(places: readonly number[], gap: number): number[] {
  const order = places.map((_, i) => i).toSorted((i, j) => places[i] - places[j]);
  const moved = [...places];
  for (let pass = 0; pass < 100; pass++) {
    for (let r = 1; r < order.length; r++) {
      const overlap = gap - (moved[order[r]] - moved[order[r - 1]]);
      if (overlap <= 1e-9) continue;
      moved[order[r]] += overlap / 2;
      moved[order[r - 1]] -= overlap / 2;
    }
  }
  return moved;
}

const isStep = (name: string): boolean => /^\d/.test(name);

/** Steps go from blue to green; peers, which are dashed, from red to yellow. */
function colorsOf(names: readonly string[]): string[] {
  const [steps, peers] = [names.filter(isStep), names.filter((name) => !isStep(name))];
  const hue = (name: string, all: readonly string[], from: number, to: number): number =>
    from + ((to - from) * all.indexOf(name)) / Math.max(1, all.length - 1);
  return names.map((name) => `hsl(${isStep(name) ? hue(name, steps, 215, 140) : hue(name, peers, 0, 45)} 65% 47%)`);
}

const WIDTH = 560;
const HEIGHT = 340;

export async function matmulChart(report: Report): Promise<string> {
  const { lines, peak } = linesOf(report);
  if (lines.length === 0) throw new UsageError('the result has no matmul at a square size');
  const sizes = [...new Set(lines.flatMap(({ points }) => points.map(({ n }) => n)))].toSorted((a, b) => a - b);
  const all = [...lines.flatMap(({ points }) => points.map(({ gflops }) => gflops)), peak].filter(Number.isFinite);
  const [low, high] = [Math.min(...all) / 1.4, Math.max(...all) * 1.25];
  const perPixel = Math.log(high / low) / HEIGHT;
  const named = [...lines, ...(Number.isFinite(peak) ? [{ name: PEAK, points: [{ n: NaN, gflops: peak }] }] : [])];
  const ends = apart(
    named.map(({ points }) => Math.log(points[points.length - 1].gflops)),
    15 * perPixel,
  );
  const domain = named.map(({ name }) => name);
  const range = [...colorsOf(lines.map(({ name }) => name)), 'var(--ink)'];
  const labels = named.map(({ name }, i) => ({ name, x: sizes[sizes.length - 1], y: Math.exp(ends[i]) }));
  const x = {
    type: 'quantitative' as const,
    scale: {
      type: 'log' as const,
      base: 2,
      nice: false,
      domain: sizes.length > 1 ? [sizes[0], sizes[sizes.length - 1]] : [sizes[0] / 2, sizes[0]],
    },
  };
  const y = { type: 'quantitative' as const, scale: { type: 'log' as const, domain: [low, high], nice: false } };
  const colors = { field: 'name', type: 'nominal' as const, legend: null, scale: { domain, range } };
  const spec: TopLevelSpec = {
    width: WIDTH,
    height: HEIGHT,
    padding: { left: 8, top: 12, right: 8, bottom: 8 },
    background: 'transparent',
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      axis: {
        labelColor: 'var(--ink)',
        titleColor: 'var(--ink)',
        gridColor: 'var(--line)',
        domainColor: 'var(--line)',
        tickColor: 'var(--line)',
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: 'normal',
      },
    },
    layer: [
      {
        data: { values: lines.flatMap(({ name, points }) => points.map((p) => ({ name, ...p, peer: !isStep(name) }))) },
        mark: { type: 'line', strokeWidth: 2, point: { size: 28, filled: true } },
        encoding: {
          x: { ...x, field: 'n', title: 'n (n × n matrices)', axis: { values: sizes, grid: false, format: 'd' } },
          y: {
            ...y,
            field: 'gflops',
            title: 'GFLOP/s',
            axis: {
              values: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter((v) => v > low && v < high),
              format: '~g',
              domain: false,
              ticks: false,
            },
          },
          color: colors,
          strokeDash: {
            field: 'peer',
            type: 'nominal',
            legend: null,
            scale: {
              domain: [false, true],
              range: [
                [1, 0],
                [6, 4],
              ],
            },
          },
        },
      },
      ...(Number.isFinite(peak)
        ? [
            {
              data: { values: [{ peak }] },
              mark: { type: 'rule' as const, stroke: 'var(--ink)', strokeDash: [2, 3], strokeWidth: 1.5 },
              encoding: { y: { ...y, field: 'peak' } },
            },
          ]
        : []),
      {
        data: { values: labels },
        mark: { type: 'text', align: 'left', dx: 10, fontSize: 12 },
        encoding: { x: { ...x, field: 'x' }, y: { ...y, field: 'y' }, text: { field: 'name' }, color: colors },
      },
    ],
  };
  const parsed: Spec = compile(spec).spec;
  const view = new View(parse(parsed), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return withStyle(
    svg,
    lines.map(({ name }) => name),
    sizes.map((n): Size => [n, n, n]),
  );
}

/** The colours of the page, for light and dark; and in words what the picture shows. */
function withStyle(svg: string, names: readonly string[], sizes: readonly Size[]): string {
  const title = `GFLOP/s of matmul at n = ${sizes.map(showSize).join(', ')}: ${names.join(', ')}`;
  const style =
    ':root{--ink:#1f2933;--line:#c3ccd5;--page:#fff}' +
    '@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--line:#4a5662;--page:#161b22}}';
  return (
    svg.replace(
      /^(<svg [^>]*>)/,
      `$1<title>${title}</title><style>${style}</style><rect width="100%" height="100%" rx="6" fill="var(--page)"/>`,
    ) + '\n'
  );
}
