/** `bench matmul`: the staircase, peers and kernels of one's own, against the machine's peak, at one size after another. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Gemm } from '../../src/kernels/matmul/reference.ts';
import type { Contestant, Group, GroupResult } from '../harness.ts';
import type { Peer } from '../peers/peer.ts';
import { percent, times, type Column } from '../report.ts';
import { timesAsFast } from '../statistics.ts';
import { UsageError } from '../usage.ts';
import { PEAK, peakContestant } from './peak.ts';
import { steps, type Step } from './steps.ts';
import { atEdges, atSize, problem, type Problem } from './verify.ts';

export type Size = readonly [m: number, k: number, n: number];

/** '256' or '64x784x512', as M×K×N; null if it is neither. */
export function parseSize(text: string): Size | null {
  const [m, k = m, n = m, ...more] = text.split(/[x×]/).map((part) => (/^[1-9]\d*$/.test(part) ? Number(part) : NaN));
  const whole = [m, k, n].every((size) => size <= 16384) && text.split(/[x×]/).length !== 2;
  return whole && more.length === 0 ? [m, k, n] : null;
}

export const showSize = ([m, k, n]: Size): string => (m === k && k === n ? `${n}` : `${m}×${k}×${n}`);

/** The kernel that a file exports as its default. @throws UsageError when it does not */
export async function kernelFile(file: string): Promise<Step> {
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(resolve(file)).href)) as typeof loaded;
  } catch (error) {
    throw new UsageError(`--kernel ${file} does not load: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof loaded.default !== 'function') throw new UsageError(`--kernel ${file}: its default export must be a Gemm`);
  return { name: file.replace(/^.*[/\\]/, ''), gemm: loaded.default as Gemm };
}

function kernelContestant({ name, gemm }: Step, p: Problem): Contestant {
  const { m, n, k, a, b } = p;
  const c = new Float32Array(m * n);
  return {
    name,
    work: 2 * m * n * k,
    verify: () => atEdges(gemm) ?? atSize(gemm, p),
    run() {
      gemm(m, n, k, a, 0, k, 1, b, 0, n, 1, c, 0);
      return c;
    },
  };
}

/** A group for each size: the staircase, or other kernels. */
export async function* matmulGroups(
  sizes: readonly Size[],
  own: readonly Step[],
  peers: readonly Peer[],
  kernels: readonly Step[] = steps,
): AsyncGenerator<Group> {
  for (const size of sizes) {
    const [m, k, n] = size;
    const p = problem(m, n, k);
    const ours = [...kernels, ...own].map((step) => kernelContestant(step, p));
    const others: Contestant[] = [];
    for (const peer of peers) {
      others.push({ ...(await peer.matmul(p)), name: peer.name, work: 2 * m * n * k });
    }
    yield {
      kind: 'matmul',
      name: `matmul ${showSize(size)}`,
      unit: 'flop',
      baseline: kernels[0].name,
      sizes: size,
      contestants: [...ours, ...others, peakContestant()],
    };
  }
}

/** Columns of the staircase's table: share of the peak, and how much a step gains over the one before. */
export function matmulColumns({ results }: GroupResult): Column[] {
  const perWork = (name: string): number[] => {
    const r = results.find((result) => result.name === name);
    return r ? r.samples.map((s) => s / r.work) : [];
  };
  const stepsAndPeak = new Set(steps.map(({ name }) => name));
  return [
    { title: 'of peak', show: (r) => percent(timesAsFast(perWork(r.name), perWork(PEAK)).median) },
    {
      title: 'step before',
      show: (r, i, all) =>
        i > 0 && stepsAndPeak.has(r.name) ? times(timesAsFast(perWork(r.name), perWork(all[i - 1].name)).median) : '',
    },
  ];
}
