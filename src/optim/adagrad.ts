/** Adagrad: the gradient over the root of all its squares so far (Duchi et al., 2011). */
import type { Tensor } from '../tensor.ts';
import { checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

interface Options extends CommonOptions {
  /** How fast the step size falls: α/(1 + (t − 1)·lrDecay). */
  lrDecay: number;
  /** λ: adds λθ to the gradient. */
  weightDecay: number;
  /** Where the sums of squares start. */
  initialAccumulatorValue: number;
  /** Added to the root, so that nothing is divided by 0. */
  eps: number;
}

type State = { step: number; sum: Tensor };

/** s ← s + ∇²; θ ← θ − αₜ·∇/(√s + ε). PyTorch: `torch.optim.Adagrad`. */
export class Adagrad extends Optimizer<Options, State> {
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, {
      lr: 1e-2,
      lrDecay: 0,
      weightDecay: 0,
      initialAccumulatorValue: 0,
      eps: 1e-10,
      maximize: false,
    });
  }
  protected override check({ lr, lrDecay, weightDecay, initialAccumulatorValue, eps }: Options): void {
    checkOptions('Adagrad', { lr, lrDecay, weightDecay, initialAccumulatorValue, eps });
  }
  protected override start(p: Tensor, { initialAccumulatorValue }: Options): State {
    return { step: 0, sum: p.zerosLike().fill_(initialAccumulatorValue) };
  }
  protected override update({ p, x, g }: Step, group: Options): void {
    const { lr, lrDecay, weightDecay, eps } = group;
    const state = this.stateOf(p, group);
    const s = state.sum.nd.data;
    const stepSize = lr / (1 + state.step++ * lrDecay);
    for (let i = 0; i < x.length; i++) {
      const d = g[i] + weightDecay * x[i];
      s[i] += d * d;
      x[i] -= (stepSize * d) / (Math.sqrt(s[i]) + eps);
    }
  }
}
