/** Adadelta: steps in the units of the parameter itself (Zeiler, 2012). */
import type { Tensor } from '../tensor.ts';
import { checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

interface Options extends CommonOptions {
  /** Decay ρ of both means. */
  rho: number;
  /** Added to both means: without it the first step would be 0. */
  eps: number;
  /** λ: adds λθ to the gradient. */
  weightDecay: number;
}

type State = { squareAvg: Tensor; accDelta: Tensor };

/** s, a: running means of ∇² and of Δ²; Δ = √(a + ε)/√(s + ε) · ∇; θ ← θ − α·Δ. PyTorch: `torch.optim.Adadelta`. */
export class Adadelta extends Optimizer<Options, State> {
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false });
  }
  protected override check({ lr, rho, eps, weightDecay }: Options): void {
    checkOptions('Adadelta', { lr, eps, weightDecay });
    checkOptions('Adadelta', { rho }, 0, 1);
  }
  protected override start(p: Tensor): State {
    return { squareAvg: p.zerosLike(), accDelta: p.zerosLike() };
  }
  protected override update({ p, x, g }: Step, group: Options): void {
    const { lr, rho, eps, weightDecay } = group;
    const state = this.stateOf(p, group);
    const [s, a] = [state.squareAvg.nd.data, state.accDelta.nd.data];
    for (let i = 0; i < x.length; i++) {
      const d = g[i] + weightDecay * x[i];
      s[i] = rho * s[i] + (1 - rho) * d * d;
      const delta = Math.sqrt((a[i] + eps) / (s[i] + eps)) * d;
      a[i] = rho * a[i] + (1 - rho) * delta * delta;
      x[i] -= lr * delta;
    }
  }
}
