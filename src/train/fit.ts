/**
 * fit: the training loop, written out once, with what every run needs around it: validation, schedules, clipping,
 * accumulation, averaged weights, callbacks, checkpoints. A loop of your own is as short; nothing here is hidden from it.
 */
import { defaultGenerator, type Generator } from '../array/random.ts';
import { checkTensors } from '../array/checks.ts';
import { ValueError } from '../array/errors.ts';
import { noGrad } from '../engine.ts';
import { utils, type Module } from '../nn/index.ts';
import type { Optimizer, swaUtils } from '../optim/index.ts';
import type { Tensor } from '../tensor.ts';
import { nonFiniteError } from './anomaly.ts';
import { metricOf, rowsOf, type Batches, type Metrics } from './evaluate.ts';
import { restore, save, type Stateful } from './resume.ts';

/** A schedule, of those in `optim.lrScheduler`. */
export interface Schedule extends Stateful {
  step(metric: number): void;
}

/** Code that runs at the marks of a run. Those of a list are called in its order. */
export interface Callback extends Partial<Stateful> {
  /** Before the first batch; when a run goes on, with all that was saved in place. */
  start?(run: Run): void | Promise<void>;
  /** After each step of the optimizer. */
  stepEnd?(run: Run): void | Promise<void>;
  /** After each epoch: run.metrics holds what it came to. */
  epochEnd?(run: Run): void | Promise<void>;
  /** At last, also when something was thrown. */
  end?(run: Run): void | Promise<void>;
}

export interface FitOptions<Batch> {
  readonly model: Module;
  /** Any but LBFGS, which computes the loss several times a step: give it a loop of your own. */
  readonly optimizer: Optimizer;
  /** The batches of an epoch: an array, a DataLoader, or anything else that can be gone over again for each epoch. */
  readonly train: Batches<Batch>;
  /** The loss of a batch: one number, the mean over its rows. */
  loss(batch: Batch): Tensor;
  /** Passes over the batches. */
  readonly epochs: number;
  /** Numbers to know after each epoch, by name; see `evaluate`. Runs in eval mode, with the averaged weights if there are. */
  readonly validate?: () => Metrics | Promise<Metrics>;
  /** Stepped after each epoch, or after each step of the optimizer. */
  readonly scheduler?: Schedule;
  readonly scheduleEach?: 'epoch' | 'step';
  /** The metric that a scheduler such as ReduceLROnPlateau looks at; `loss` if left out. */
  readonly monitor?: string;
  /** The most that the norm of all gradients may be. */
  readonly clipNorm?: number;
  /** Batches whose gradients make one step, weighted by their rows: as one batch of them all. */
  readonly accumulate?: number;
  /** Averages the weights after each step. */
  readonly average?: swaUtils.AveragedModel;
  readonly callbacks?: readonly Callback[];
  /** The file that all goes on from; written after each epoch, and when the run is stopped. */
  readonly checkpoint?: string;
  /** Writes it after this many steps of the optimizer as well. */
  readonly saveEvery?: number;
  /** Goes on from the checkpoint, if there is one. Without it a file that is there is not touched, and nothing starts. */
  readonly resume?: boolean;
  /** What dropout and the like draw from, part of the checkpoint; the default generator (see manualSeed) if left out. */
  readonly generator?: Generator;
}

/** A run as it stands. */
export interface Run {
  readonly options: FitOptions<unknown>;
  /** Epochs that are over; the one that runs is one more. */
  epoch: number;
  /** Batches of this epoch, and steps of the optimizer in all, that are done. */
  batch: number;
  step: number;
  /** Means over this epoch so far: `loss`; when it is over, what `validate` gave as well. */
  metrics: Metrics;
  /** The metrics of each epoch. */
  readonly history: ({ readonly epoch: number } & Metrics)[];
  /** Why the run ends early; null while it does not. */
  stopped: string | null;
  /** Ends the run after the step that is being made. */
  stop(reason: string): void;
}

/**
 * Trains, and returns the run: its history, and why it was stopped, if it was.
 * ```ts
 * import { nn, optim, tensor } from 'adjoint';
 * import { fit } from 'adjoint/train';
 * const model = new nn.Linear(1, 1);
 * const batches = [[tensor([[0], [1]]), tensor([[1], [3]])]]; // y = 2x + 1
 * const run = await fit({
 *   model,
 *   optimizer: new optim.SGD(model.parameters(), { lr: 0.3 }),
 *   train: batches,
 *   loss: ([x, y]) => nn.functional.mseLoss(model(x), y),
 *   epochs: 60,
 * });
 * console.log(run.history.length, run.metrics.loss < 1e-4); // => 60 true
 * ```
 * @throws NonFiniteError when a loss or a gradient is NaN or infinite, with the op and the module that made it
 */
export async function fit<Batch>(options: FitOptions<Batch>): Promise<Run> {
  const { model, optimizer, train, epochs, validate, average, clipNorm } = options;
  const { scheduler, scheduleEach = 'epoch', monitor = 'loss' } = options;
  const { accumulate = 1, callbacks = [], saveEvery = Infinity, generator = defaultGenerator } = options;
  check(options);
  const run: Run = {
    options,
    epoch: 0,
    batch: 0,
    step: 0,
    metrics: {},
    history: [],
    stopped: null,
    stop: (reason) => (run.stopped ??= reason),
  };
  const sums = { loss: 0, rows: 0 }; // of this epoch
  const release = restore(run, sums);
  const call = async (mark: 'start' | 'stepEnd' | 'epochEnd' | 'end'): Promise<void> => {
    for (const callback of callbacks) await callback[mark]?.(run);
  };

  let pending = 0; // rows whose gradients wait for a step
  let waiting = 0; // batches, likewise
  const backward = (batch: Batch): void => {
    const before = generator.getState();
    const value = options.loss(batch);
    checkTensors('fit, the loss of a batch', value);
    const number = value.item();
    if (!Number.isFinite(number)) {
      generator.setState(before); // so that dropout draws again what it drew
      throw nonFiniteError({ model, run, number, again: () => options.loss(batch) });
    }
    const rows = rowsOf(batch);
    (accumulate === 1 ? value : value.mul(rows)).backward();
    pending += rows;
    waiting++;
    run.batch++;
    sums.loss += number * rows;
    sums.rows += rows;
    run.metrics = { loss: sums.loss / sums.rows };
  };
  const step = (): void => {
    if (accumulate > 1) scaleGradients(model, 1 / pending);
    if (clipNorm !== undefined) {
      const norm = utils.clipGradNorm_(model.parameters(), clipNorm);
      if (!Number.isFinite(norm)) throw nonFiniteError({ model, run, number: norm });
    }
    optimizer.step();
    optimizer.zeroGrad();
    average?.updateParameters();
    if (scheduleEach === 'step') scheduler?.step(metricOf('fit', run.metrics, monitor));
    [pending, waiting] = [0, 0];
    run.step++;
  };

  try {
    await call('start');
    optimizer.zeroGrad();
    while (run.epoch < epochs && run.stopped === null) {
      model.train();
      const skip = run.batch; // of an array: a loader knows by itself where it was
      let seen = 0;
      for await (const batch of train) {
        if (Array.isArray(train) && seen++ < skip) continue;
        backward(batch);
        if (waiting === accumulate) {
          step();
          await call('stepEnd');
          if (run.stopped !== null || run.step % saveEvery === 0) save(run, sums);
        }
        await breath();
        if (run.stopped !== null && waiting === 0) break;
      }
      if (run.stopped !== null && waiting === 0) break;
      if (waiting > 0) {
        step();
        await call('stepEnd');
      }

      if (validate) {
        model.eval();
        Object.assign(run.metrics, await (average ? average.use(validate) : validate()));
        model.train();
      }
      run.epoch++;
      run.batch = sums.loss = sums.rows = 0;
      run.history.push({ epoch: run.epoch, ...run.metrics });
      if (scheduleEach === 'epoch') scheduler?.step(metricOf('fit', run.metrics, monitor));
      await call('epochEnd');
      save(run, sums);
    }
  } finally {
    release();
    await call('end');
  }
  return run;
}

/** Lets timers, signals and drawing have their turn. */
const breath = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

function scaleGradients(model: Module, scale: number): void {
  noGrad(() => {
    for (const p of model.parameters()) if (p.grad !== null) p.grad = p.grad.mul(scale);
  });
}

function check<Batch>({ epochs, accumulate = 1, saveEvery = 1, checkpoint, train }: FitOptions<Batch>): void {
  for (const [name, value] of Object.entries({ epochs, accumulate, saveEvery })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ValueError('fit', `${name} must be a whole number from 1`, `${value}`);
    }
  }
  if (typeof train !== 'object' || !(Symbol.iterator in train || Symbol.asyncIterator in train)) {
    throw new ValueError('fit', 'train must be an array of batches or another iterable', `a ${typeof train}`);
  }
  if (Symbol.iterator in train && 'next' in train) {
    const cure = 'pass an array, a DataLoader, or an object with [Symbol.iterator]';
    throw new ValueError('fit', 'train must give batches anew for each epoch', 'an iterator that runs once', cure);
  }
  if (checkpoint === undefined && saveEvery !== 1) {
    throw new ValueError('fit', 'saveEvery needs a checkpoint', 'none', 'name a file');
  }
}
