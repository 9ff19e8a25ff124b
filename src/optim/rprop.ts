/** Rprop: a step size for each number, by the signs of its gradients alone (Riedmiller and Braun, 1993). For whole data sets. */
import { ValueError } from '../array/errors.ts';
import type { Tensor } from '../tensor.ts';
import { checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

interface Options extends CommonOptions {
  /** η⁻ and η⁺: what a step size is multiplied by where the sign of the gradient changed, and where it did not. */
  etas: readonly [number, number];
  /** The smallest and the largest step size. */
  stepSizes: readonly [number, number];
}

type State = { prev: Tensor; stepSize: Tensor };

/**
 * Each number has a step size, α at first. Where ∇ has the last one's sign it grows by η⁺; where the sign changed it
 * shrinks by η⁻, and the number waits for a step. θ ← θ − stepSize · sign ∇. PyTorch: `torch.optim.Rprop`.
 */
export class Rprop extends Optimizer<Options, State> {
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, { lr: 1e-2, etas: [0.5, 1.2], stepSizes: [1e-6, 50], maximize: false });
  }
  protected override check({ lr, etas: [shrink, grow], stepSizes: [least, most] }: Options): void {
    checkOptions('Rprop', { lr, 'stepSizes[0]': least, 'stepSizes[1]': most });
    if (!(shrink > 0 && shrink < 1 && grow > 1 && grow < Infinity)) {
      throw new ValueError('Rprop', 'etas must be one between 0 and 1, and one above 1', `${shrink}, ${grow}`);
    }
  }
  protected override start(p: Tensor, { lr }: Options): State {
    return { prev: p.zerosLike(), stepSize: p.zerosLike().fill_(lr) };
  }
  protected override update({ p, x, g }: Step, group: Options): void {
    const [shrink, grow] = group.etas;
    const [least, most] = group.stepSizes;
    const state = this.stateOf(p, group);
    const [prev, size] = [state.prev.nd.data, state.stepSize.nd.data];
    for (let i = 0; i < x.length; i++) {
      const agree = g[i] * prev[i];
      const factor = agree > 0 ? grow : agree < 0 ? shrink : 1;
      size[i] = Math.min(Math.max(size[i] * factor, least), most);
      const d = agree < 0 ? 0 : g[i];
      x[i] -= Math.sign(d) * size[i];
      prev[i] = d;
    }
  }
}
