/**
 * `bench compare OLD.json NEW.json`: what changed beyond noise. Speeds are compared as ratios to another contestant of
 * the same run, since absolute times tell of the machine and of its mood as much as of the code.
 */
import { readFileSync } from 'node:fs';
import type { GroupResult, Result } from './harness.ts';
import { percent, showMachine, table, times, type Report } from './report.ts';
import { timesAsFast } from './statistics.ts';
import { UsageError } from './usage.ts';

/** Changes below this are never reported, however small the spread. */
const LEAST = 0.05;

export type Change = 'faster' | 'slower' | 'same' | 'broken' | 'mended' | 'new' | 'gone';

export interface Compared {
  readonly name: string;
  readonly change: Change;
  /** New speed over old, both as ratios to `against`. */
  readonly factor: number;
  /** By so much it may differ by chance. */
  readonly noise: number;
  readonly against: string;
}

/** A file that --json wrote. @throws UsageError when it is another one */
export function readReport(file: string): Report {
  let report: Partial<Report> | null = null;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Partial<Report> | null;
  } catch {
    // Not JSON: what is said below.
  }
  if (report?.format !== 1 || !Array.isArray(report.groups)) throw new UsageError(`${file} is no result of --json`);
  return report as Report;
}

const timed = (group: GroupResult, name: string): Result | undefined =>
  group.results.find((r) => r.name === name && r.samples.length > 0);
const perWork = ({ samples, work }: Result): number[] => samples.map((s) => s / work);

/** The contestant that both runs are related to: a baseline of one that the other has too, else any that both have. */
function yardstick(before: GroupResult, after: GroupResult): string | null {
  const candidates = [before.baseline, after.baseline, ...before.results.map(({ name }) => name)];
  return candidates.find((name) => timed(before, name) && timed(after, name)) ?? null;
}

function compareResults(before: GroupResult, after: GroupResult, old: Result, now: Result): Compared | null {
  const about = { name: `${before.name}: ${old.name}`, factor: NaN, noise: NaN, against: '' };
  if (old.fault === null && now.fault !== null) return { ...about, change: 'broken' };
  if (old.fault !== null && now.fault === null) return { ...about, change: 'mended' };
  const against = yardstick(before, after);
  if (against === null || against === old.name || old.samples.length === 0 || now.samples.length === 0) return null;
  const ratio = (group: GroupResult, mine: Result): ReturnType<typeof timesAsFast> =>
    timesAsFast(perWork(mine), perWork(timed(group, against) as Result));
  const [was, is] = [ratio(before, old), ratio(after, now)];
  const factor = is.median / was.median;
  const noise = Math.max(LEAST, was.spread + is.spread);
  const change = Math.abs(Math.log(factor)) <= Math.log(1 + noise) ? 'same' : factor > 1 ? 'faster' : 'slower';
  return { ...about, change, factor, noise, against };
}

/** Every case of either run. The contestant that the others of its group are related to is left out. */
export function compareReports(before: Report, after: Report): Compared[] {
  const only = (name: string, change: Change): Compared => ({ name, change, factor: NaN, noise: NaN, against: '' });
  const gone = before.groups.filter(({ name }) => !after.groups.some((g) => g.name === name));
  return [
    ...after.groups.flatMap((now) => {
      const then = before.groups.find(({ name }) => name === now.name);
      if (then === undefined) return [only(now.name, 'new')];
      const lost = then.results.filter((r) => !now.results.some(({ name }) => name === r.name));
      return [
        ...now.results.flatMap((result) => {
          const old = then.results.find(({ name }) => name === result.name);
          return old ? (compareResults(then, now, old, result) ?? []) : only(`${now.name}: ${result.name}`, 'new');
        }),
        ...lost.map(({ name }) => only(`${now.name}: ${name}`, 'gone')),
      ];
    }),
    ...gone.map(({ name }) => only(name, 'gone')),
  ];
}

export function showComparison(before: Report, after: Report): string {
  const all = compareReports(before, after);
  const machines = [before, after].map(({ machine }) => showMachine(machine));
  const head =
    machines[0] === machines[1]
      ? [`Both on ${machines[0]}.`]
      : ['The machines differ: ratios may differ with them.', `  old: ${machines[0]}`, `  new: ${machines[1]}`];
  const order: readonly Change[] = ['broken', 'slower', 'faster', 'mended', 'new', 'gone'];
  const changed = order.flatMap((change) => all.filter((c) => c.change === change));
  const rows = changed.map(({ name, change, factor, noise, against }) => [
    `${change}: ${name}`,
    Number.isNaN(factor) ? '' : times(factor),
    Number.isNaN(noise) ? '' : `± ${percent(noise)}`,
    against === '' ? '' : `by its ratio to ${against}`,
  ]);
  const same = all.filter(({ change }) => change === 'same').length;
  const tail = `${same} of ${all.length} within noise.`;
  return [...head, '', ...(rows.length > 0 ? [table(rows), ''] : []), tail].join('\n');
}
