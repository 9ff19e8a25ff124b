/**
 * `bench memory`: does the heap stay flat while a small net trains, with no call to free anything? Runs itself in a
 * fresh process with --expose-gc, and looks after 1,000, 10,000 and 100,000 steps, each time after a full collection.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { peakKiB } from './processes.ts';
import { table } from './report.ts';
import { linear } from './training/linear.ts';
import { step } from './training/workload.ts';

/** So much more than at the first look is still flat. */
const FLAT = 0.05;

export interface Look {
  readonly steps: number;
  /** Live bytes: the heap, and what typed arrays hold outside it. */
  readonly live: number;
  /** The greatest resident set so far, in bytes. */
  readonly peak: number;
}

/** In the child: trains, and prints a look at each of these steps. */
function train(at: readonly number[]): void {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('start it with --expose-gc');
  const made = linear.make();
  for (let steps = 1; steps <= Math.max(...at); steps++) {
    step(made);
    if (!at.includes(steps)) continue;
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const look: Look = { steps, live: heapUsed + arrayBuffers, peak: peakKiB() * 1024 };
    console.log(JSON.stringify(look));
  }
}

/** Looks at 1,000 steps and at every power of ten from there to `most`. */
export function lookAtMemory(most: number): Look[] {
  const at: number[] = [];
  for (let steps = Math.min(1000, most); steps < most; steps *= 10) at.push(steps);
  const file = fileURLToPath(import.meta.url);
  const args = ['--expose-gc', ...process.execArgv, file, ...[...at, most].map(String)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`memory: the process ended with ${status}: ${stderr.trim().split('\n').at(-1)}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Look);
}

/** How far live memory has grown, as a share of what it was at the first look. */
const growth = (looks: readonly Look[]): number => looks[looks.length - 1].live / looks[0].live - 1;

export function showMemory(looks: readonly Look[]): string {
  const MiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  const rows = looks.map(({ steps, live, peak }) => [steps.toLocaleString('en'), MiB(live), MiB(peak)]);
  const grown = growth(looks);
  const verdict = Math.abs(grown) <= FLAT ? 'flat' : grown > 0 ? 'it GROWS' : 'it shrinks';
  return [
    table([['steps', 'live after collection', 'peak resident'], ...rows]),
    `From the first look to the last live memory changes by ${(100 * grown).toFixed(1)} %: ${verdict}.`,
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) train(process.argv.slice(2).map(Number));
