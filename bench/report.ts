/** What was measured, as text and as JSON: on which machine, how fast, and how that compares. */
import { cpus, totalmem } from 'node:os';
import type { GroupResult, Result, Unit } from './harness.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
}

/** A run as it is written by --json. */
export interface Report {
  readonly format: 1;
  readonly date: string;
  readonly machine: Machine;
  readonly groups: readonly GroupResult[];
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    v8: process.versions.v8,
  };
}

export const reportOf = (groups: readonly GroupResult[]): Report => ({
  format: 1,
  date: new Date().toISOString(),
  machine: thisMachine(),
  groups,
});

export const showMachine = ({ cpu, cores, memoryGiB, platform, node, v8 }: Machine): string =>
  `${cpu}, ${cores} core${cores === 1 ? '' : 's'}, ${memoryGiB} GiB, ${platform}; Node ${node}, V8 ${v8}`;

/** Three digits, whatever the size: 0.0123, 1.23, 12.3, 123. */
export function digits(x: number): string {
  if (!Number.isFinite(x)) return '–';
  if (x === 0) return '0';
  const whole = Math.floor(Math.log10(Math.abs(x))) + 1;
  return x.toFixed(Math.max(0, 3 - Math.max(whole, -2)));
}

export const percent = (share: number): string => (Number.isFinite(share) ? `${(100 * share).toFixed(0)} %` : '–');
export const times = (ratio: number | undefined): string => `${digits(ratio ?? NaN)}×`;

/** Seconds in the unit in which they have one to three digits before the point. */
export function duration(seconds: number): string {
  for (const [unit, size] of [
    ['s', 1],
    ['ms', 1e-3],
    ['µs', 1e-6],
  ] as const) {
    if (seconds >= size) return `${digits(seconds / size)} ${unit}`;
  }
  return `${digits(seconds / 1e-9)} ns`;
}

/** How speed is told: the column's title, and the text for a run of so much work that took so many seconds. */
const speeds: Record<Unit, { title: string; show: (work: number, seconds: number) => string }> = {
  flop: { title: 'GFLOP/s', show: (work, seconds) => digits(work / seconds / 1e9) },
  element: { title: 'ns/element', show: (work, seconds) => digits((seconds / work) * 1e9) },
  step: { title: 'a step', show: (work, seconds) => duration(seconds / work) },
  process: { title: 'a process', show: (work, seconds) => duration(seconds / work) },
};

/** Columns side by side: the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** One more column of a group's table. */
export interface Column {
  readonly title: string;
  readonly show: (result: Result, index: number, results: readonly Result[]) => string;
}

/** A group as text; faults stand below it, each with its reason. */
export function showGroup({ name, unit, baseline, results }: GroupResult, columns: readonly Column[] = []): string {
  const speed = speeds[unit];
  const timed = results.filter(({ samples }) => samples.length > 0);
  const faults = results.filter(({ fault }) => fault !== null).map((r) => `  ✗ ${r.name}: ${r.fault}`);
  if (timed.length === 0) {
    const right = results.filter(({ fault }) => fault === null).map((r) => r.name);
    return [`${name}: ${right.length > 0 ? `right: ${right.join(', ')}` : 'none is right'}`, ...faults].join('\n');
  }
  const titles = [name, `median ${speed.title}`, 'best', 'spread', `× ${baseline}`, ...columns.map((c) => c.title)];
  const rows = timed.map((r, i) => [
    `  ${r.name}`,
    speed.show(r.work, r.median),
    speed.show(r.work, r.best),
    percent(r.spread),
    times(r.ratio?.median),
    ...columns.map((c) => c.show(r, i, timed)),
  ]);
  return [table([titles, ...rows]), ...faults].join('\n');
}

/** Everything that was found wrong, each with its group. */
export const faultsOf = (groups: readonly GroupResult[]): string[] =>
  groups.flatMap((g) => g.results.flatMap((r) => (r.fault === null ? [] : [`${g.name}, ${r.name}: ${r.fault}`])));
