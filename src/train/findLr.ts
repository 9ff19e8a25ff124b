/** A learning-rate finder: steps with a step size that grows, and the place where the loss fell fastest (Smith, 2017). */
import { defaultGenerator, type Generator } from '../array/random.ts';
import { ValueError } from '../array/errors.ts';
import { noGrad } from '../engine.ts';
import type { Module } from '../nn/index.ts';
import type { Optimizer } from '../optim/index.ts';
import type { Tensor } from '../tensor.ts';
import type { Batches } from './evaluate.ts';

export interface FindLrOptions<Batch> {
  readonly model: Module;
  readonly optimizer: Optimizer;
  /** Gone over again when it is at its end. */
  readonly train: Batches<Batch>;
  loss(batch: Batch): Tensor;
  /** The first and the last step size; between them it grows by one factor a step. */
  readonly from?: number;
  readonly to?: number;
  readonly steps?: number;
  /** Share of the running mean of losses that goes on. */
  readonly smoothing?: number;
  /** What dropout and the like draw from; put back as it was. The default generator if left out. */
  readonly generator?: Generator;
}

export interface FoundLr {
  /** Where the smoothed loss fell fastest; null if it never fell. */
  readonly lr: number | null;
  /** Step sizes and smoothed losses, until the loss was 4 times its least, or no number. */
  readonly curve: readonly { readonly lr: number; readonly loss: number }[];
}

/**
 * Tries step sizes, and puts the model, the optimizer and the generator back as they were.
 * ```ts
 * import { nn, optim, tensor } from 'adjoint';
 * import { findLr } from 'adjoint/train';
 * const model = new nn.Linear(1, 1);
 * const found = await findLr({
 *   model,
 *   optimizer: new optim.SGD(model.parameters()),
 *   train: [tensor([[-1], [2]])],
 *   loss: (x) => nn.functional.mseLoss(model(x), x.mul(3)),
 *   from: 1e-4,
 *   to: 10,
 * });
 * console.log(found.lr !== null && found.lr > 1e-3 && found.lr < 1); // => true
 * ```
 * @throws ValueError for a range that does not grow, or data without batches
 */
export async function findLr<Batch>(options: FindLrOptions<Batch>): Promise<FoundLr> {
  const { model, optimizer, train, from = 1e-7, to = 10, steps = 100, smoothing = 0.9 } = options;
  const { generator = defaultGenerator } = options;
  if (!(from > 0 && to > from && to < Infinity)) {
    throw new ValueError('findLr', 'from and to must be positive numbers that grow', `${from} and ${to}`);
  }
  if (!Number.isInteger(steps) || steps < 2) {
    throw new ValueError('findLr', 'steps must be a whole number from 2', `${steps}`);
  }
  if (!(smoothing >= 0 && smoothing < 1)) {
    throw new ValueError('findLr', 'smoothing must be at least 0 and below 1', `${smoothing}`);
  }
  const before = {
    model: noGrad(() => Object.entries(model.stateDict()).map(([name, x]) => [name, x.clone()] as const)),
    optimizer: optimizer.stateDict(),
    generator: generator.getState(),
    training: model.training,
  };
  const curve: { lr: number; loss: number }[] = [];
  let [mean, least] = [0, Infinity];
  model.train();
  try {
    while (curve.length < steps) {
      const made = curve.length;
      for await (const batch of train) {
        const i = curve.length;
        const lr = from * (to / from) ** (i / (steps - 1));
        for (const group of optimizer.paramGroups) group.lr = lr;
        optimizer.zeroGrad();
        const loss = options.loss(batch);
        mean = smoothing * mean + (1 - smoothing) * loss.item();
        const smooth = mean / (1 - smoothing ** (i + 1)); // as Adam's means: the first is not too small
        if (!Number.isFinite(smooth) || smooth > 4 * Math.abs(least) + 1e-12) return { lr: steepest(curve), curve };
        least = Math.min(least, smooth);
        curve.push({ lr, loss: smooth });
        if (curve.length === steps) break;
        loss.backward();
        optimizer.step();
      }
      if (curve.length === made) throw new ValueError('findLr', 'there must be batches', 'none');
    }
    return { lr: steepest(curve), curve };
  } finally {
    model.loadStateDict(Object.fromEntries(before.model));
    optimizer.loadStateDict(before.optimizer);
    optimizer.zeroGrad();
    generator.setState(before.generator);
    model.train(before.training);
  }
}

/** The step size at which the loss falls most a step: on a logarithmic axis, as the steps are. */
function steepest(curve: FoundLr['curve']): number | null {
  let [lr, fall]: [number | null, number] = [null, 1e-9 * Math.abs(curve[0]?.loss ?? 0)]; // less is rounding
  for (let i = 1; i + 1 < curve.length; i++) {
    const by = curve[i - 1].loss - curve[i + 1].loss;
    if (by > fall) [lr, fall] = [curve[i].lr, by];
  }
  return lr;
}
