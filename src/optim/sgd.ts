/** SGD with momentum (Polyak, 1964), Nesterov's variant (Sutskever et al., 2013) and weight decay, as torch.optim.SGD. */
import { ValueError } from '../array/errors.ts';
import { gradientDescentStep, sgdStep } from '../kernels/optim.ts';
import type { Tensor } from '../tensor.ts';
import { checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

interface Options extends CommonOptions {
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
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false });
  }
  protected override check({ lr, momentum, dampening, weightDecay, nesterov }: Options): void {
    checkOptions('SGD', { lr, momentum, dampening, weightDecay });
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      const got = `momentum ${momentum}, dampening ${dampening}`;
      throw new ValueError('SGD', 'nesterov needs a momentum, and no dampening', got);
    }
  }
  protected override start(p: Tensor): Velocity {
    return { momentumBuffer: p.zerosLike() };
  }
  protected override update({ p, x, g }: Step, group: Options): void {
    if (group.momentum === 0) {
      gradientDescentStep(x, g, group.lr, group.weightDecay);
      return;
    }
    const first = !this.state.has(p);
    const { momentumBuffer } = this.stateOf(p, group);
    sgdStep(x, g, momentumBuffer.nd.data, first, group);
  }
}
