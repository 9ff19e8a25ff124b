/** What a run can have beside it: early stopping, a log file, a progress bar, Ctrl-C. Each is a few lines over `Callback`. */
import { ValueError } from '../array/errors.ts';
import { noGrad } from '../engine.ts';
import { makeFolderOf, removeLeftovers, writeFileAtomic } from '../io/files.ts';
import type { StateDict } from '../nn/index.ts';
import { metricOf } from './evaluate.ts';
import type { Callback, Run } from './fit.ts';
import { progressBar, type Progress, type ProgressOptions } from './progress.ts';
import type { Stateful } from './resume.ts';

export interface EarlyStoppingOptions {
  /** The metric to look at. */
  readonly monitor: string;
  /** Whether it is to fall or to rise. */
  readonly mode?: 'min' | 'max';
  /** Epochs without a better one that are allowed. */
  readonly patience?: number;
  /** By how much a better one is better. */
  readonly minDelta?: number;
  /** At the end, puts the weights of the best epoch back. */
  readonly restoreBest?: boolean;
}

/**
 * Stops when a metric no longer gets better, and puts the best weights back.
 * `fit({ …, callbacks: [earlyStopping({ monitor: 'valLoss', patience: 5 })] })`
 */
export function earlyStopping({
  monitor,
  mode = 'min',
  patience = 10,
  minDelta = 0,
  restoreBest = true,
}: EarlyStoppingOptions): Callback & Stateful & { readonly bestEpoch: number } {
  if (typeof monitor !== 'string') {
    throw new ValueError('earlyStopping', "monitor must name a metric, as in { monitor: 'valLoss' }", String(monitor));
  }
  if (mode !== 'min' && mode !== 'max') {
    throw new ValueError('earlyStopping', "mode must be 'min' or 'max'", `'${String(mode)}'`);
  }
  if (!Number.isInteger(patience) || patience < 0) {
    throw new ValueError('earlyStopping', 'patience must be a whole number from 0', `${patience}`);
  }
  const start = mode === 'min' ? Infinity : -Infinity;
  let [best, bestEpoch]: [number, number] = [start, 0];
  let weights: StateDict = {};
  const judge = (run: Run): void => {
    if (run.epoch - bestEpoch > patience) run.stop(`no better ${monitor} since epoch ${bestEpoch}`);
  };
  return {
    get bestEpoch() {
      return bestEpoch;
    },
    start: judge, // a run that was stopped stays stopped when it is resumed
    epochEnd(run) {
      const value = metricOf('earlyStopping', run.metrics, monitor);
      if (mode === 'min' ? value < best - minDelta : value > best + minDelta) {
        [best, bestEpoch] = [value, run.epoch];
        if (restoreBest) weights = copies(run.options.model.stateDict());
      }
      judge(run);
    },
    end({ options }) {
      if (restoreBest && bestEpoch > 0) options.model.loadStateDict(weights);
    },
    stateDict: () => ({ best, bestEpoch, weights }),
    loadStateDict: (state: { best: number; bestEpoch: number; weights: StateDict }) =>
      ({ best, bestEpoch, weights } = state),
  };
}

const copies = (state: StateDict): StateDict =>
  noGrad(() => Object.fromEntries(Object.entries(state).map(([name, x]) => [name, x.clone()])));

/**
 * Keeps the metrics of all epochs in a file: a table if its name ends in .csv, else a line of JSON an epoch. It is
 * written anew each time, wholly or not at all: after a crash no line is cut off, and none stands twice after a resume.
 */
export function logFile(path: string): Callback {
  const write = ({ history }: Run): void =>
    writeFileAtomic(path, path.endsWith('.csv') ? csv(history) : lines(history));
  return {
    start(run) {
      makeFolderOf(path);
      removeLeftovers(path);
      write(run);
    },
    epochEnd: write,
  };
}

type Row = Readonly<Record<string, number>>;

const lines = (rows: readonly Row[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** A table with a column for each name; an empty place where a row has none. */
function csv(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const quoted = names.map((name) => (/[",\n\r]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name));
  return [quoted, ...rows.map((row) => names.map((name) => `${row[name] ?? ''}`))]
    .map((cells) => `${cells.join(',')}\n`)
    .join('');
}

/** A progress bar; `total` is the number of batches in an epoch. */
export function showProgress(options: ProgressOptions): Callback {
  let bar: Progress | undefined;
  return {
    async start({ epoch, options: { epochs } }) {
      bar = await progressBar({ unit: 'batches', epochs, firstEpoch: Math.min(epoch + 1, epochs), ...options });
    },
    stepEnd: ({ batch, metrics }) => bar?.update(batch, metrics),
    epochEnd({ metrics }) {
      bar?.update(options.total, metrics);
      bar?.endEpoch();
    },
    end: () => bar?.stop(),
  };
}

/**
 * Ctrl-C (or a polite kill) ends the run after the step that is being made: with a checkpoint, `resume: true` goes on
 * from there. A second Ctrl-C ends the process at once, as without this.
 */
export function stopOnInterrupt(): Callback {
  let off = (): void => {};
  return {
    start(run) {
      const stop = (signal: NodeJS.Signals): void => run.stop(signal === 'SIGINT' ? 'interrupted' : 'terminated');
      process.once('SIGINT', stop).once('SIGTERM', stop);
      off = () => process.off('SIGINT', stop).off('SIGTERM', stop);
    },
    end: () => off(),
  };
}
