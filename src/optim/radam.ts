/** RAdam: Adam that trusts its mean square only once it has seen enough (Liu et al., 2020). */
import { power } from '../kernels/optim.ts';
import type { Tensor } from '../tensor.ts';
import { checkBetas, checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

interface Options extends CommonOptions {
  /** Decay of the means of ∇ and of ∇². */
  betas: readonly [number, number];
  /** Added to √v, so that nothing is divided by 0. */
  eps: number;
  /** λ. */
  weightDecay: number;
  /** Decays the weight itself, θ ← (1 − αλ)θ, in place of λθ in the gradient. */
  decoupledWeightDecay: boolean;
}

type State = { step: number; expAvg: Tensor; expAvgSq: Tensor };

/**
 * m, v: running means of ∇ and ∇²; ρ∞ = 2/(1 − β₂) − 1; ρ = ρ∞ − 2tβ₂ᵗ/(1 − β₂ᵗ), how many steps v is a mean of;
 * θ ← θ − α·m̂, and once ρ > 5 with m̂ · r·√(1 − β₂ᵗ)/(√v + ε), r² = (ρ−4)(ρ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρ).
 * PyTorch: `torch.optim.RAdam`.
 */
export class RAdam extends Optimizer<Options, State> {
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      decoupledWeightDecay: false,
      maximize: false,
    });
  }
  protected override check({ lr, betas, eps, weightDecay }: Options): void {
    checkOptions('RAdam', { lr, eps, weightDecay });
    checkBetas('RAdam', betas);
  }
  protected override start(p: Tensor): State {
    return { step: 0, expAvg: p.zerosLike(), expAvgSq: p.zerosLike() };
  }
  protected override update({ p, x, g }: Step, group: Options): void {
    const { lr, betas, eps, weightDecay, decoupledWeightDecay } = group;
    const [beta1, beta2] = betas;
    const state = this.stateOf(p, group);
    const [m, v] = [state.expAvg.nd.data, state.expAvgSq.nd.data];
    const t = ++state.step;
    const stepSize = lr / (1 - power(beta1, t));
    const unseen = power(beta2, t);
    const most = 2 / (1 - beta2) - 1; // ρ∞
    const seen = most - (2 * t * unseen) / (1 - unseen); // ρ
    const trusted = seen > 5;
    const r = Math.sqrt(((seen - 4) * (seen - 2) * most) / ((most - 4) * (most - 2) * seen)) * Math.sqrt(1 - unseen);
    const [l2, keep] = decoupledWeightDecay ? [0, 1 - lr * weightDecay] : [weightDecay, 1];
    for (let i = 0; i < x.length; i++) {
      const d = g[i] + l2 * x[i];
      m[i] = beta1 * m[i] + (1 - beta1) * d;
      v[i] = beta2 * v[i] + (1 - beta2) * d * d;
      x[i] = keep * x[i] - stepSize * m[i] * (trusted ? r / (Math.sqrt(v[i]) + eps) : 1);
    }
  }
}
