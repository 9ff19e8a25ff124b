/** SGD with momentum (Polyak, 1964), Nesterov's variant (Sutskever et al., 2013) and weight decay, as torch.optim.SGD. */
import { ValueError } from '../array/errors.ts';
import { gradientDescentStep, sgdStep } from '../kernels/optim.ts';
import type { Tensor } from '../tensor.ts';
import { checkOption, Optimizer, type ParamGroup, type Step } from './optimizer.ts';

interface Options {
  /** Step size α. */
  lr: number;
  /** Share μ of the last step that goes on. */
  momentum: number;
  /** Share τ of the gradient that is held back from the momentum. */
  dampening: number;
  /** λ: adds λθ to the gradient. */
  weightDecay: number;
  nesterov: boolean;
}

type Velocity = { momentumBuffer: Tensor };

/** d = ∇ + λθ; v ← μv + (1−τ)d; θ ← θ − α·v, or θ − α(d + μv) with `nesterov`. */
export class SGD extends Optimizer<Options, Velocity> {
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<Options>[],
    { lr = 1e-3, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false }: Partial<Options> = {},
  ) {
    super(params, { lr, momentum, dampening, weightDecay, nesterov });
  }
  protected override check(group: Options): void {
    checkOption('SGD', 'lr', group.lr, 0);
    checkOption('SGD', 'momentum', group.momentum, 0);
    checkOption('SGD', 'dampening', group.dampening, 0);
    checkOption('SGD', 'weightDecay', group.weightDecay, 0);
    if (group.nesterov && (group.momentum === 0 || group.dampening !== 0)) {
      throw new ValueError(
        'SGD',
        'nesterov needs a momentum, and no dampening',
        `momentum ${group.momentum}, dampening ${group.dampening}`,
      );
    }
  }
  protected override start(p: Tensor): Velocity {
    return { momentumBuffer: p.zerosLike() };
  }
  protected override update({ p, g, n }: Step, group: Options): void {
    if (group.momentum === 0) {
      gradientDescentStep(p.nd.data, p.nd.offset, g.data, g.offset, n, group.lr, group.weightDecay);
      return;
    }
    const first = !this.state.has(p);
    const { momentumBuffer } = this.stateOf(p);
    sgdStep(p.nd.data, p.nd.offset, g.data, g.offset, momentumBuffer.nd.data, first, n, group);
  }
}
