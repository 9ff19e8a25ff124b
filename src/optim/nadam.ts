/** NAdam: Adam with Nesterov's look ahead and a momentum that grows (Dozat, 2016). */
import { power } from '../kernels/optim.ts';
import type { Tensor } from '../tensor.ts';
import { checkBetas, checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

interface Options extends CommonOptions {
  /** Decay of the means of ∇ and of ∇². */
  betas: readonly [number, number];
  /** Added to √v̂, so that nothing is divided by 0. */
  eps: number;
  /** λ. */
  weightDecay: number;
  /** ψ: how slowly the momentum grows to β₁. */
  momentumDecay: number;
  /** Decays the weight itself, θ ← (1 − αλ)θ, in place of λθ in the gradient. */
  decoupledWeightDecay: boolean;
}

type State = { step: number; muProduct: number; expAvg: Tensor; expAvgSq: Tensor };

/**
 * μₜ = β₁(1 − 0.96^(tψ)/2); m, v: running means of ∇ and ∇²;
 * θ ← θ − α/(√v̂ + ε) · (μₜ₊₁/(1 − Π μ₁…μₜ₊₁) · m + (1 − μₜ)/(1 − Π μ₁…μₜ) · ∇).
 * PyTorch: `torch.optim.NAdam`, from 2.0 on: 1.13 has μₜ twice in the first product.
 */
export class NAdam extends Optimizer<Options, State> {
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, {
      lr: 2e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      momentumDecay: 4e-3,
      decoupledWeightDecay: false,
      maximize: false,
    });
  }
  protected override check({ lr, betas, eps, weightDecay, momentumDecay }: Options): void {
    checkOptions('NAdam', { lr, eps, weightDecay, momentumDecay });
    checkBetas('NAdam', betas);
  }
  protected override start(p: Tensor): State {
    return { step: 0, muProduct: 1, expAvg: p.zerosLike(), expAvgSq: p.zerosLike() };
  }
  protected override update({ p, x, g }: Step, group: Options): void {
    const { lr, betas, eps, weightDecay, momentumDecay, decoupledWeightDecay } = group;
    const [beta1, beta2] = betas;
    const state = this.stateOf(p, group);
    const [m, v] = [state.expAvg.nd.data, state.expAvgSq.nd.data];
    const t = ++state.step;
    const base = 0.96 ** momentumDecay;
    const mu = beta1 * (1 - 0.5 * power(base, t));
    const muNext = beta1 * (1 - 0.5 * power(base, t + 1));
    state.muProduct *= mu;
    const ofGradient = (lr * (1 - mu)) / (1 - state.muProduct);
    const ofMean = (lr * muNext) / (1 - state.muProduct * muNext);
    const scale = 1 / Math.sqrt(1 - power(beta2, t));
    const [l2, keep] = decoupledWeightDecay ? [0, 1 - lr * weightDecay] : [weightDecay, 1];
    for (let i = 0; i < x.length; i++) {
      const d = g[i] + l2 * x[i];
      m[i] = beta1 * m[i] + (1 - beta1) * d;
      v[i] = beta2 * v[i] + (1 - beta2) * d * d;
      x[i] = keep * x[i] - (ofMean * m[i] + ofGradient * d) / (Math.sqrt(v[i]) * scale + eps);
    }
  }
}
