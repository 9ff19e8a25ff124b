/** A training step that is measured: a model, its data and its loss, each made anew from one seed. */
import { Generator } from '../../src/array/random.ts';
import { manualSeed, optim, type nn, type Tensor } from '../../src/index.ts';

export interface Workload {
  readonly name: string;
  /** What the peers' scripts call it. */
  readonly id: string;
  readonly make: () => Made;
}

export interface Made {
  readonly model: nn.Module;
  /** Inputs and targets, as they are sent to peers. */
  readonly data: readonly Tensor[];
  readonly loss: () => Tensor;
  readonly optimizer: { zeroGrad(): void; step(): void };
}

/** Forward, backward and Adam's update; the loss before it. */
export function step({ optimizer, loss }: Made): number {
  optimizer.zeroGrad();
  const value = loss();
  value.backward();
  optimizer.step();
  return value.item();
}

/** Random numbers of its own, so that a workload is the same whatever ran before. */
export function seeded(seed = 1): Generator {
  manualSeed(seed);
  return new Generator(seed);
}

export const adam = (model: nn.Module): Made['optimizer'] => new optim.Adam(model.parameters(), { lr: 1e-3 });
