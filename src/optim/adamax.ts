/** Adamax: Adam with the largest gradient in place of the root of the mean square (Kingma and Ba, 2015, section 7). */
import { power } from '../kernels/optim.ts';
import type { Tensor } from '../tensor.ts';
import { checkBetas, checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

interface Options extends CommonOptions {
  /** Decay of the mean of ∇ and of the largest |∇|. */
  betas: readonly [number, number];
  /** Added to |∇|, so that nothing is divided by 0. */
  eps: number;
  /** λ: adds λθ to the gradient. */
  weightDecay: number;
}

type State = { step: number; expAvg: Tensor; expInf: Tensor };

/** m: running mean of ∇; u ← max(β₂u, |∇| + ε); θ ← θ − α/(1 − β₁ᵗ) · m/u. PyTorch: `torch.optim.Adamax`. */
export class Adamax extends Optimizer<Options, State> {
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false });
  }
  protected override check({ lr, betas, eps, weightDecay }: Options): void {
    checkOptions('Adamax', { lr, eps, weightDecay });
    checkBetas('Adamax', betas);
  }
  protected override start(p: Tensor): State {
    return { step: 0, expAvg: p.zerosLike(), expInf: p.zerosLike() };
  }
  protected override update({ p, x, g }: Step, group: Options): void {
    const { lr, betas, eps, weightDecay } = group;
    const [beta1, beta2] = betas;
    const state = this.stateOf(p, group);
    const [m, u] = [state.expAvg.nd.data, state.expInf.nd.data];
    const stepSize = lr / (1 - power(beta1, ++state.step));
    for (let i = 0; i < x.length; i++) {
      const d = g[i] + weightDecay * x[i];
      m[i] = beta1 * m[i] + (1 - beta1) * d;
      u[i] = Math.max(beta2 * u[i], Math.abs(d) + eps);
      x[i] -= (stepSize * m[i]) / u[i];
    }
  }
}
