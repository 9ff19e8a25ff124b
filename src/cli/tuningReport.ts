/** A tuning as a table and as a page: each trial's settings and score, each setting against the score, and how halving went. */
import { join } from 'node:path';
import { renderReport, type RunReport } from '../inspect/index.ts';
import { writeFileAtomic } from '../io/files.ts';
import type { Trial } from '../train/index.ts';
import type { Settings } from './recipes.ts';
import type { Tuning } from './tune.ts';

/** Whether a metric is one of those that fall as a model gets better. */
export const isBetterLow = (metric: string): boolean => /loss|perplexity|error|mse|mae/i.test(metric);

type Asked = Pick<Trial<Settings>, 'options' | 'budget'>;

/** lr=0.001,width=64: what tells a trial from the others, and its folder from theirs. */
export const trialFolder = ({ halving }: Tuning, { options, budget }: Asked): string =>
  Object.entries({ ...options, ...(halving && { epochs: budget }) })
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/** The trials in their order, for people: a column for each setting. */
export function trialCells(
  tuning: Tuning,
  trials: readonly Trial<Settings>[],
): { head: readonly string[]; rows: readonly (readonly string[])[] } {
  const names = Object.keys(tuning.candidates[0]);
  return {
    head: [...names, ...(tuning.halving ? ['epochs'] : []), tuning.score, 'seconds'],
    rows: trials.map(({ options, budget, score, error, seconds }) => [
      ...names.map((name) => `${options[name]}`),
      ...(tuning.halving ? [`${budget}`] : []),
      score === null ? `failed: ${error}` : `${+score.toPrecision(5)}`,
      seconds.toFixed(1),
    ]),
  };
}

/** Numbers that a logarithmic axis shows better: above 0, and far apart. */
const isWide = (xs: readonly number[]): boolean => Math.min(...xs) > 0 && Math.max(...xs) >= 20 * Math.min(...xs);

type Curve = RunReport['curves'][number];
type Done = Trial<Settings> & { readonly score: number };

/** report.html in the folder of the tuning. */
export async function writeTuningReport(
  out: string,
  tuning: Tuning,
  trials: readonly Trial<Settings>[],
  dataName: string,
): Promise<void> {
  const { plan, candidates, score, halving } = tuning;
  const done = trials.filter((trial): trial is Done => trial.score !== null);
  const logY = isWide(done.map((trial) => trial.score));
  const budgets = [...new Set(done.map(({ budget }) => budget))].sort((a, b) => b - a);
  const scatters = Object.keys(candidates[0]).map((name): Curve => {
    const points = (some: readonly Done[]): [number, number][] =>
      some.map((trial) => [trial.options[name], trial.score]);
    return {
      title: name,
      xLabel: name,
      yLabel: score,
      scatter: true,
      logX: isWide(candidates.map((some) => some[name])),
      logY,
      series: budgets.map((budget) => ({
        name: halving ? `${budget} epoch${budget === 1 ? '' : 's'}` : 'a trial',
        points: points(done.filter((trial) => trial.budget === budget)),
      })),
    };
  });
  const [best] = done;
  const failed = trials.length - done.length;
  const page = await renderReport({
    title: `Tuning ${plan.recipe} on ${dataName}`,
    subtitle: `${candidates.length} candidates, seed ${plan.settings['seed']}. The score is ${score} on what was held back.`,
    figures: [
      { label: `best ${score}`, value: `${+best.score.toPrecision(4)}` },
      ...Object.entries(best.options).map(([name, value]) => ({ label: `${name} of the best`, value: `${value}` })),
      { label: 'trials', value: `${trials.length}` },
      ...(failed > 0 ? [{ label: 'of them failed', value: `${failed}` }] : []),
    ],
    curves: [...(halving ? [halvingCurve(tuning, done, logY)] : []), ...scatters],
    curvesHeading: 'Settings and scores',
    tables: [{ heading: 'Trials, the best first', ...trialCells(tuning, trials) }],
    config: { data: plan.data ?? dataName, ...plan.settings },
    modelText: '',
  });
  writeFileAtomic(join(out, 'report.html'), page);
}

/** A line for each candidate through its rounds; the four that came furthest by name. */
function halvingCurve(tuning: Tuning, done: readonly Done[], logY: boolean): Curve {
  const lines = new Map<string, { name: string; points: [number, number][] }>();
  for (const { options, budget, score } of done) {
    const name = Object.entries(options).map(([key, value]) => `${key} ${value}`).join(', '); // prettier-ignore
    const line = lines.get(name) ?? { name, points: [] };
    line.points.unshift([budget, score]);
    lines.set(name, line);
  }
  const ranked = [...lines.values()]; // in the order of the trials: last round first, each sorted
  return {
    title: 'Successive halving',
    xLabel: 'epochs',
    yLabel: tuning.score,
    logX: true,
    logY,
    series: ranked.slice(0, 4),
    background: ranked.slice(4).map(({ points }) => points),
  };
}
