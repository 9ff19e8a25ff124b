/** Saving a run and going on from it: all that decides what comes next, in one file, so that no bit differs. */
import { existsSync } from 'node:fs';
import { FormatError, ValueError } from '../array/errors.ts';
import { defaultGenerator } from '../array/random.ts';
import { lockFile, removeLeftovers } from '../io/files.ts';
import { loadCheckpoint, saveCheckpoint, type Tree } from '../io/checkpoint.ts';
import type { Run } from './fit.ts';

/** What can be saved and go on: optimizers, schedules, averages, loaders, callbacks. */
export interface Stateful {
  stateDict(): object;
  loadStateDict(state: never): void;
}

/** Sums over the epoch that runs. */
export interface Sums {
  loss: number;
  rows: number;
}

const isStateful = (x: unknown): x is Stateful =>
  typeof x === 'object' && x !== null && 'stateDict' in x && 'loadStateDict' in x;

/** The parts of a run with a state of their own, by name. */
function partsOf({ options }: Run): [name: string, part: Stateful][] {
  const { model, optimizer, scheduler, average, train, callbacks = [] } = options;
  const named: [string, unknown][] = [
    ['model', { stateDict: () => model.stateDict(), loadStateDict: (state: never) => model.loadStateDict(state) }],
    ['optimizer', optimizer],
    ['scheduler', scheduler],
    ['average', average],
    ['loader', train],
    ...callbacks.map((callback, i): [string, unknown] => [`callback ${i}`, callback]),
  ];
  return named.filter((entry): entry is [string, Stateful] => isStateful(entry[1]));
}

/**
 * Writes the run's checkpoint, if it has one. Within an epoch the data must be able to go on from there: an array can,
 * and what has stateDict and loadStateDict; else the checkpoint stays that of the last epoch.
 */
export function save(run: Run, { loss, rows }: Sums): void {
  const { checkpoint, train, generator = defaultGenerator } = run.options;
  if (checkpoint === undefined) return;
  if (run.batch > 0 && !Array.isArray(train) && !isStateful(train)) return;
  const { epoch, batch, step, history } = run;
  const parts = partsOf(run).map(([name, part]) => [name, part.stateDict() as Tree] as const);
  const tree: Tree = {
    run: { epoch, batch, step, history, sums: { loss, rows } },
    generator: { ...generator.getState() },
    ...Object.fromEntries(parts),
  };
  saveCheckpoint(checkpoint, tree);
}

/**
 * Goes on from the run's checkpoint if it is to and there is one; says what is in the way before anything is changed.
 * Returns what gives the checkpoint free again for other runs.
 */
export function restore(run: Run, sums: Sums): () => void {
  const { checkpoint, resume = false } = run.options;
  if (checkpoint === undefined) {
    if (resume) throw new ValueError('fit', 'resume needs a checkpoint', 'none', 'name a file');
    return () => {};
  }
  const release = lockFile(checkpoint);
  try {
    removeLeftovers(checkpoint);
    if (existsSync(checkpoint)) load(run, sums, checkpoint);
    return release;
  } catch (error) {
    release();
    throw error;
  }
}

function load(run: Run, sums: Sums, checkpoint: string): void {
  const { resume = false, generator = defaultGenerator } = run.options;
  if (!resume) {
    const cure = 'pass resume: true to go on from it, or name another file';
    throw new ValueError('fit', 'the checkpoint of a new run must not be there yet', checkpoint, cure);
  }
  const saved = loadCheckpoint(checkpoint) as Record<string, never>;
  const parts = partsOf(run);
  const missing = ['run', 'generator', ...parts.map(([name]) => name)].filter((name) => !Object.hasOwn(saved, name));
  if (missing.length > 0) {
    const cure = 'go on with the model, schedule and callbacks that it was made with';
    throw new FormatError(
      checkpoint,
      'the checkpoint must be of such a run',
      `one without ${missing.join(', ')}`,
      cure,
    );
  }
  for (const [name, part] of parts) part.loadStateDict(saved[name]);
  generator.setState(saved['generator']);
  const { sums: old, history, ...rest }: Omit<Run, 'options' | 'stop'> & { sums: Sums } = saved['run'];
  Object.assign(run, rest);
  run.history.push(...history);
  Object.assign(sums, old);
  run.metrics = sums.rows > 0 ? { loss: sums.loss / sums.rows } : { ...run.history.at(-1) };
}
