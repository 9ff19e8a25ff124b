/**
 * Tuning: trials of many options, several at a time in worker processes, with what is done kept in a file; all with one
 * budget, or by successive halving. Which options to try is search.ts's.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ValueError } from '../array/errors.ts';
import { makeFolderOf, removeLeftovers, writeFileAtomic } from '../io/files.ts';
import type { Settings } from './search.ts';

/** Trains with the options and a budget (epochs, say), and gives the score: a loss, or with mode 'max' a merit. */
export type TrialFunction<S extends Settings> = (options: S, budget: number) => number | Promise<number>;

export interface Trial<S extends Settings> {
  readonly options: S;
  readonly budget: number;
  /** null when it failed, or the score was no number. */
  readonly score: number | null;
  /** Why it failed. */
  readonly error?: string;
  readonly seconds: number;
}

export interface TuneOptions<S extends Settings> {
  /**
   * A function, run here; or a module, by its URL or path, whose default export is the function: each trial is then a
   * process of its own, which cannot harm the others.
   */
  readonly trial: TrialFunction<S> | URL | string;
  /** What each trial may spend; it is handed on. */
  readonly budget?: number;
  /** Whether low scores or high ones are better. */
  readonly mode?: 'min' | 'max';
  /** Trials at a time; with a function that computes here more than one gains nothing. */
  readonly workers?: number;
  /** A file of JSON lines with all trials that are over: a tuning that is stopped goes on from it. */
  readonly log?: string;
  /** Options of Node for the processes, as `['--import', 'tsx']`; those of this one if left out. */
  readonly execArgv?: readonly string[];
  /** Called after each trial. */
  readonly onTrial?: (trial: Trial<S>) => void;
}

/**
 * Runs a trial for each candidate; the best come first, failed ones last. Trials that the log has with a score are not
 * run again.
 * ```ts
 * import { formatTrials, grid, tune } from 'adjoint/train';
 * const trials = await tune(grid({ lr: [0.1, 0.5], steps: [1, 20] }), {
 *   trial: ({ lr, steps }) => (1 - 2 * lr) ** (2 * steps), // the loss w² after gradient descent from 1
 * });
 * console.log(trials[0].options); // => { lr: 0.5, steps: 1 }
 * ```
 * @throws ValueError without candidates, or when options make no sense
 */
export async function tune<S extends Settings>(candidates: readonly S[], options: TuneOptions<S>): Promise<Trial<S>[]> {
  const { trial, budget = 1, mode = 'min', workers = 1, log, onTrial } = options;
  if (candidates.length === 0) throw new ValueError('tune', 'there must be candidates', 'none');
  if (!Number.isInteger(workers) || workers < 1) {
    throw new ValueError('tune', 'workers must be a whole number from 1', `${workers}`);
  }
  if (mode !== 'min' && mode !== 'max') {
    throw new ValueError('tune', "mode must be 'min' or 'max'", `'${String(mode)}'`);
  }
  const known = new Map(readLog<S>(log).map((done) => [keyOf(done.options, done.budget), done]));
  const run = typeof trial === 'function' ? trial : inProcess(trial, options.execArgv ?? process.execArgv);
  const results = new Map<string, Trial<S>>();
  const queue = [...new Map(candidates.map((candidate) => [keyOf(candidate, budget), candidate])).entries()];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [key, candidate] = next;
      const before = known.get(key);
      const done = typeof before?.score === 'number' ? before : await attempt(run, candidate, budget);
      results.set(key, done);
      if (done === before) continue;
      known.set(key, done);
      if (log !== undefined) {
        writeFileAtomic(log, [...known.values()].map((line) => `${JSON.stringify(line)}\n`).join(''));
      }
      onTrial?.(done);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  // In the order of the candidates, then by score: the same table whichever process was first.
  const inOrder = candidates.map((candidate) => results.get(keyOf(candidate, budget))!);
  return [...new Set(inOrder)].sort((a, b) => compare(a.score, b.score, mode));
}

/**
 * Successive halving (Jamieson and Talwalkar, 2016): all candidates with a small budget, the best 1/eta of them with one
 * eta times as large, and so on until one is left or the budget would pass maxBudget. Returns the trials of the last
 * round first, each round sorted.
 * ```ts
 * import { grid, successiveHalving } from 'adjoint/train';
 * const trials = await successiveHalving(grid({ lr: [0.1, 0.2, 0.3, 0.4] }), {
 *   trial: ({ lr }, epochs) => (1 - 2 * lr) ** (2 * epochs),
 *   minBudget: 1,
 *   maxBudget: 4,
 *   eta: 2,
 * });
 * console.log(trials.map(({ budget }) => budget).join(' '), trials[0].options); // => 4 2 2 1 1 1 1 { lr: 0.4 }
 * ```
 */
export async function successiveHalving<S extends Settings>(
  candidates: readonly S[],
  { minBudget, maxBudget, eta = 3, ...options }: HalvingOptions<S>,
): Promise<Trial<S>[]> {
  if (!(minBudget > 0 && maxBudget >= minBudget)) {
    const got = `${minBudget} and ${maxBudget}`;
    throw new ValueError('successiveHalving', 'budgets must be positive, the largest not below the smallest', got);
  }
  if (!(eta > 1)) throw new ValueError('successiveHalving', 'eta must be above 1', `${eta}`);
  const rounds: Trial<S>[] = [];
  let left = candidates;
  for (let budget = minBudget; ; budget *= eta) {
    const trials = await tune(left, { ...options, budget });
    rounds.unshift(...trials);
    left = trials.slice(0, Math.max(1, Math.floor(left.length / eta))).map((trial) => trial.options);
    if (trials.length === 1 || budget * eta > maxBudget * (1 + 1e-9)) return rounds;
  }
}

export interface HalvingOptions<S extends Settings> extends Omit<TuneOptions<S>, 'budget'> {
  readonly minBudget: number;
  readonly maxBudget: number;
  /** How many times fewer candidates each round has, and how many times more budget. */
  readonly eta?: number;
}

/** Trials as a table for a terminal, in their order. */
export function formatTrials(trials: readonly Trial<Settings>[]): string {
  const names = [...new Set(trials.flatMap(({ options }) => Object.keys(options)))];
  const show = (x: Settings[string] = ''): string => (typeof x === 'number' ? `${Number(x.toPrecision(5))}` : `${x}`);
  const rows = trials.map(({ options, budget, score, seconds, error }) => [
    ...names.map((name) => show(options[name])),
    show(budget),
    score === null ? `failed: ${error?.split('\n')[0]}` : show(score),
    seconds.toFixed(1),
  ]);
  const table = [[...names, 'budget', 'score', 'seconds'], ...rows];
  const widths = table[0].map((_, c) => Math.max(...table.map((row) => row[c].length)));
  return table.map((row) => row.map((cell, c) => cell.padStart(widths[c])).join('  ')).join('\n');
}

const keyOf = (options: Settings, budget: number): string =>
  JSON.stringify([Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)), budget]);

function compare(a: number | null, b: number | null, mode: 'min' | 'max'): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return mode === 'min' ? a - b : b - a;
}

/** One trial, timed; what it throws becomes part of the result. */
async function attempt<S extends Settings>(run: TrialFunction<S>, options: S, budget: number): Promise<Trial<S>> {
  const began = performance.now();
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  try {
    const score = await run(options, budget);
    if (Number.isFinite(score)) return { options, budget, score, seconds: seconds() };
    return { options, budget, score: null, error: `the score was ${score}`, seconds: seconds() };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { options, budget, score: null, error: text, seconds: seconds() };
  }
}

/** The trials that a log holds; a file that is none is refused, not written over. */
function readLog<S extends Settings>(log: string | undefined): Trial<S>[] {
  if (log === undefined) return [];
  makeFolderOf(log);
  removeLeftovers(log);
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line, i) => {
    try {
      const trial = JSON.parse(line) as Trial<S>;
      if (typeof trial.options === 'object' && typeof trial.budget === 'number') return trial;
    } catch {
      // told below
    }
    throw new ValueError('tune', 'the log must hold a trial a line', `another thing in line ${i + 1} of ${log}`);
  });
}

/** What a worker process runs. It ends with its parent. */
const WORKER = `
process.once('disconnect', () => process.exit(1));
process.once('message', async ({ module, options, budget }) => {
  try {
    const { default: trial } = await import(module);
    process.send({ score: String(await trial(options, budget)) }, () => process.exit(0));
  } catch (error) {
    process.send({ error: error instanceof Error ? error.message : String(error) }, () => process.exit(0));
  }
});`;

/** A trial function that runs the module's in a process of its own. */
function inProcess<S extends Settings>(module: URL | string, execArgv: readonly string[]): TrialFunction<S> {
  const url = module instanceof URL || module.startsWith('file:') ? String(module) : pathToFileURL(module).href;
  return (options, budget) =>
    new Promise((resolve, reject) => {
      const args = [...execArgv, '--input-type=module', '--eval', WORKER];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      child.once('message', ({ score, error }: { score?: string; error?: string }) => {
        if (score === undefined) reject(new Error(error));
        else resolve(Number(score)); // as text: JSON has no NaN
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        reject(new Error(`the process ended with ${signal ?? `code ${code}`} before it had a score`));
      });
      child.send({ module: url, options, budget });
    });
}
