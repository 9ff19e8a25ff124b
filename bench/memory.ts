/**
 * `bench memory`: does the heap stay flat while a small net trains, with no call to free anything; and how much memory
 * does a training run of each workload take, beside a peer's? Runs itself in fresh processes with --expose-gc, and looks
 * after some steps, each time after a full collection.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Peer } from './peers/peer.ts';
import { peakKiB } from './processes.ts';
import { table } from './report.ts';
import { taskOf, workloads } from './training/index.ts';
import { linear } from './training/linear.ts';
import { step } from './training/workload.ts';

/** So much more than at the first look is still flat. */
const FLAT = 0.05;
/** Steps of a workload at which it is looked at. */
const RUN = [10, 60];

export interface Look {
  readonly steps: number;
  /** Live bytes: the heap, and what typed arrays hold outside it. */
  readonly live: number;
  /** The greatest resident set so far, in bytes. */
  readonly peak: number;
}

/** In the child: trains, and prints a look at each of these steps. */
function train(id: string, at: readonly number[]): void {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('start it with --expose-gc');
  const made = workloads.find((workload) => workload.id === id)!.make();
  for (let steps = 1; steps <= Math.max(...at); steps++) {
    step(made);
    if (!at.includes(steps)) continue;
    const peak = peakKiB() * 1024;
    collect();
    collect(); // only now is the memory of dead arrays counted as free
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const look: Look = { steps, live: heapUsed + arrayBuffers, peak };
    console.log(JSON.stringify(look));
  }
}

/** Looks at a workload after these steps, in a fresh process. */
function looksAt(id: string, at: readonly number[]): Look[] {
  const file = fileURLToPath(import.meta.url);
  const args = ['--expose-gc', ...process.execArgv, file, id, ...at.map(String)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`memory: the process ended with ${status}: ${stderr.trim().split('\n').at(-1)}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Look);
}

/** Looks at the smallest net after 1,000 steps and every power of ten from there to `most`. */
export function lookAtMemory(most: number): Look[] {
  const at: number[] = [];
  for (let steps = Math.min(1000, most); steps < most; steps *= 10) at.push(steps);
  return looksAt(linear.id, [...at, most]);
}

/** How far live memory has grown, as a share of what it was at the first look. */
const growth = (looks: readonly Look[]): number => looks[looks.length - 1].live / looks[0].live - 1;
const MiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;

export function showMemory(looks: readonly Look[]): string {
  const rows = looks.map(({ steps, live, peak }) => [steps.toLocaleString('en'), MiB(live), MiB(peak)]);
  const grown = growth(looks);
  const verdict = Math.abs(grown) <= FLAT ? 'flat' : grown > 0 ? 'it GROWS' : 'it shrinks';
  return [
    table([['steps', 'live after collection', 'peak resident'], ...rows]),
    `From the first look to the last live memory changes by ${(100 * grown).toFixed(1)} %: ${verdict}.`,
  ].join('\n');
}

/** All workloads: memory of a run of 60 steps, and what changes after the tenth; peaks of peers over as many. */
export async function showTrainingMemory(peers: readonly Peer[]): Promise<string> {
  const able = peers.filter(({ peak }) => peak !== undefined);
  const rows: string[][] = [];
  for (const workload of workloads) {
    const looks = looksAt(workload.id, RUN);
    const { live, peak, steps } = looks[looks.length - 1];
    const { task } = taskOf(workload);
    const row = [workload.name, MiB(live), `${(100 * growth(looks)).toFixed(1)} %`, MiB(peak)];
    for (const peer of able) {
      const theirs = (await peer.peak?.(task, steps)) ?? null;
      row.push(...(theirs === null ? ['', ''] : [MiB(theirs), `${(peak / theirs).toFixed(2)}×`]));
    }
    rows.push(row);
  }
  const titles = [`${RUN[1]} steps`, 'live after collection', `since step ${RUN[0]}`, 'peak resident'];
  return table([[...titles, ...able.flatMap(({ name }) => [`peak of ${name}`, `of ${name}'s`])], ...rows]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , id, ...at] = process.argv;
  train(id, at.map(Number));
}
