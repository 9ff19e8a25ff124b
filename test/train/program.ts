/**
 * A training run with everything that has a state: dropout, batch normalization, momentum, a schedule, averaged weights,
 * early stopping, accumulation, shuffled batches. As a program it says `step N` after each step, so that it can be
 * killed at any: `node program.js FOLDER`.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Generator, manualSeed } from '../../src/array/random.ts';
import { randn } from '../../src/create.ts';
import { DataLoader, tensorDataset } from '../../src/data/index.ts';
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

export interface ProgramOptions {
  readonly folder: string;
  readonly epochs?: number;
  readonly saveEvery?: number;
  readonly callbacks?: readonly Callback[];
}

/** 7 batches of at most 4 rows, two to a step: 4 steps an epoch, the last of one batch. */
export function train({ folder, epochs = 6, saveEvery = 3, callbacks = [] }: ProgramOptions): Promise<Run> {
  manualSeed(3);
  const data = randn([26, 5]); // 4 to predict from, 1 to predict
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
    train: new DataLoader(tensorDataset(data), { batchSize: 4, shuffle: true, generator: new Generator(5) }),
    loss: ([rows]) => loss(rows),
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
