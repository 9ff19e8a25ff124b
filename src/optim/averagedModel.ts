/** AveragedModel: a mean of the weights that training went through, which often does better than the last of them. */
import { ShapeError, showShape, ValueError } from '../array/errors.ts';
import { sameShape } from '../array/nd.ts';
import { noGrad } from '../engine.ts';
import type { Tensor } from '../tensor.ts';
import { checkOptions } from './optimizer.ts';

/** What an average needs to know of a model. */
interface Weights {
  namedParameters(): [name: string, x: Tensor][];
}

/** An average as plain data and tensors. */
export interface AveragedState {
  readonly nAveraged: number;
  readonly averages: Readonly<Record<string, Tensor>>;
}

/**
 * With `decay` d an exponential moving average, a ← d·a + (1 − d)·θ (EMA; d is 0.99 to 0.9999); without it the plain mean
 * (SWA: Izmailov et al., 2018). The first update is a ← θ. Averages parameters, not buffers.
 * PyTorch: `optim.swa_utils.AveragedModel`, which is a second model; this one keeps numbers only, and lends them to the
 * model that it was made from.
 * ```ts
 * import { nn, noGrad, optim } from 'adjoint';
 * const model = new nn.Linear(1, 1);
 * const average = new optim.swaUtils.AveragedModel(model, { decay: 0.9 });
 * for (const value of [1, 2]) {
 *   noGrad(() => model.weight.fill_(value)); // in training: optimizer.step()
 *   average.updateParameters();
 * }
 * console.log(average.use(() => model.weight.item().toFixed(2)), model.weight.item()); // => 1.10 2
 * ```
 */
export class AveragedModel {
  /** How many updates there were. */
  nAveraged = 0;
  private readonly decay: number | null;
  private readonly pairs: readonly (readonly [name: string, p: Tensor, average: Tensor])[];

  constructor(model: Weights, { decay }: { decay?: number } = {}) {
    if (decay !== undefined) checkOptions('AveragedModel', { decay }, 0, 1);
    this.decay = decay ?? null;
    this.pairs = model.namedParameters().map(([name, p]) => [name, p, p.detach().clone()]);
  }

  /** Takes in the weights as they are now. PyTorch: `update_parameters`. */
  updateParameters(): void {
    const n = this.nAveraged++;
    const share = n === 0 ? 1 : this.decay === null ? 1 / (n + 1) : 1 - this.decay;
    noGrad(() => {
      for (const [, p, average] of this.pairs) average.add_(p.sub(average).mul(share));
    });
  }

  /** Calls f, which may be async, while the model has the averages for weights. */
  use<T>(f: () => T): T {
    this.swap();
    let later = false;
    try {
      const result = f();
      later = result instanceof Promise;
      return later ? ((result as Promise<unknown>).finally(() => this.swap()) as T) : result;
    } finally {
      if (!later) this.swap();
    }
  }

  /** Exchanges the model's weights and the averages, for good or until the next call. */
  swap(): void {
    noGrad(() => {
      for (const [, p, average] of this.pairs) {
        const kept = p.clone();
        p.copy_(average);
        average.copy_(kept);
      }
    });
  }

  /** A copy of the averages. */
  stateDict(): AveragedState {
    const copies = noGrad(() => this.pairs.map(([name, , average]) => [name, average.clone()] as const));
    return { nAveraged: this.nAveraged, averages: Object.fromEntries(copies) };
  }
  /** Goes on from a saved state. */
  loadStateDict({ nAveraged, averages }: AveragedState): void {
    const where = 'AveragedModel.loadStateDict';
    checkOptions(where, { nAveraged });
    for (const [name, p] of this.pairs) {
      const saved = averages[name];
      if (saved === undefined) throw new ValueError(where, `there must be an average of ${name}`, 'none');
      if (!sameShape(saved.shape, p.shape)) {
        throw new ShapeError(where, `${name} must have the shape ${showShape(p.shape)}`, showShape(saved.shape));
      }
    }
    this.nAveraged = nAveraged;
    noGrad(() => this.pairs.forEach(([name, , average]) => average.copy_(averages[name])));
  }
}
