/**
 * A training run with everything that has a state: dropout, batch normalization, momentum, a schedule, averaged weights,
 * early stopping, accumulation, shuffled batches. As a program it says `step N` after each step, so that it can be
 * killed at any: `node program.js FOLDER`.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Generator, manualSeed, type GeneratorState } from '../../src/array/random.ts';
import { randn, tensor } from '../../src/create.ts';
import * as nn from '../../src/nn/index.ts';
import * as optim from '../../src/optim/index.ts';
import type { Tensor } from '../../src/tensor.ts';
import {
  earlyStopping,
  evaluate,
  fit,
  logFile,
  stopOnInterrupt,
  type Callback,
  type Run,
} from '../../src/train/index.ts';

/** Batches in an order that is drawn anew for each epoch; it can go on from the middle of one. */
export class Shuffled {
  private order: number[] = [];
  private taken = 0;
  private readonly rows: Tensor;
  private readonly batchSize: number;
  private readonly generator = new Generator(5);
  constructor(rows: Tensor, batchSize: number) {
    this.rows = rows;
    this.batchSize = batchSize;
  }
  *[Symbol.iterator](): globalThis.Generator<Tensor> {
    if (this.taken === 0) this.order = this.generator.permutation(this.rows.shape[0]);
    while (this.taken < this.order.length) {
      const which = this.order.slice(this.taken, this.taken + this.batchSize);
      this.taken += which.length;
      yield this.rows.indexSelect(0, tensor(which));
    }
    this.taken = 0;
  }
  stateDict() {
    return { order: this.order, taken: this.taken, generator: this.generator.getState() };
  }
  loadStateDict(state: { order: number[]; taken: number; generator: GeneratorState }): void {
    [this.order, this.taken] = [state.order, state.taken];
    this.generator.setState(state.generator);
  }
}

export interface ProgramOptions {
  readonly folder: string;
  readonly epochs?: number;
  readonly saveEvery?: number;
  readonly callbacks?: readonly Callback[];
}

/** 7 batches of at most 4 rows, two to a step: 4 steps an epoch, the last of one batch. */
export function train({ folder, epochs = 6, saveEvery = 3, callbacks = [] }: ProgramOptions): Promise<Run> {
  manualSeed(3);
  const data = randn([26, 5]);
  const held = randn([8, 5]);
  const model = new nn.Sequential(
    new nn.Linear(4, 6),
    new nn.BatchNorm1d(6),
    new nn.Tanh(),
    new nn.Dropout(0.3),
    new nn.Linear(6, 1),
  );
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.02, amsgrad: true });
  const loss = (rows: Tensor): Tensor => nn.functional.mseLoss(model(rows.narrow(1, 0, 4)), rows.narrow(1, 4, 1));
  return fit({
    model,
    optimizer,
    train: new Shuffled(data, 4),
    loss,
    epochs,
    accumulate: 2,
    clipNorm: 1,
    validate: () => evaluate(model, [held], (rows) => ({ valLoss: loss(rows) })),
    scheduler: new optim.lrScheduler.OneCycleLR(optimizer, { maxLr: 0.05, totalSteps: 100 }),
    scheduleEach: 'step',
    average: new optim.swaUtils.AveragedModel(model, { decay: 0.9 }),
    checkpoint: join(folder, 'run.safetensors'),
    saveEvery,
    resume: true,
    callbacks: [earlyStopping({ monitor: 'valLoss', patience: 50 }), logFile(join(folder, 'log.csv')), ...callbacks],
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const say: Callback = { stepEnd: ({ step }) => void process.stdout.write(`step ${step}\n`) };
  const run = await train({ folder: process.argv[2], callbacks: [stopOnInterrupt(), say] });
  process.stdout.write(`${run.stopped ?? 'done'}\n`);
}
