/** RMSprop: the gradient over the root of its running mean square (Hinton, 2012; centered: Graves, 2013). */
import type { Tensor } from '../tensor.ts';
import { checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

interface Options extends CommonOptions {
  /** Decay ρ of the mean of ∇². */
  alpha: number;
  /** Added to the root, so that nothing is divided by 0. */
  eps: number;
  /** λ: adds λθ to the gradient. */
  weightDecay: number;
  /** Share μ of the last step that goes on. */
  momentum: number;
  /** Divides by the root of the variance in place of the mean square. */
  centered: boolean;
}

type State = { squareAvg: Tensor; gradAvg?: Tensor; momentumBuffer?: Tensor };

/**
 * s ← ρs + (1−ρ)∇²; d = ∇/(√s + ε), or ∇/(√(s − a²) + ε) with a the running mean of ∇ if `centered`;
 * b ← μb + d; θ ← θ − α·b. PyTorch: `torch.optim.RMSprop`.
 */
export class RMSprop extends Optimizer<Options, State> {
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, {
      lr: 1e-2,
      alpha: 0.99,
      eps: 1e-8,
      weightDecay: 0,
      momentum: 0,
      centered: false,
      maximize: false,
    });
  }
  protected override check({ lr, alpha, eps, weightDecay, momentum }: Options): void {
    checkOptions('RMSprop', { lr, alpha, eps, weightDecay, momentum });
  }
  protected override start(p: Tensor, { centered, momentum }: Options): State {
    return {
      squareAvg: p.zerosLike(),
      ...(centered ? { gradAvg: p.zerosLike() } : {}),
      ...(momentum > 0 ? { momentumBuffer: p.zerosLike() } : {}),
    };
  }
  protected override update({ p, x, g }: Step, group: Options): void {
    const { lr, alpha, eps, weightDecay, momentum, centered } = group;
    const state = this.stateOf(p, group);
    const s = state.squareAvg.nd.data;
    const a = centered ? (state.gradAvg ??= p.zerosLike()).nd.data : null;
    const b = momentum > 0 ? (state.momentumBuffer ??= p.zerosLike()).nd.data : null;
    for (let i = 0; i < x.length; i++) {
      const d = g[i] + weightDecay * x[i];
      s[i] = alpha * s[i] + (1 - alpha) * d * d;
      if (a !== null) a[i] = alpha * a[i] + (1 - alpha) * d;
      const spread = a === null ? s[i] : s[i] - a[i] * a[i];
      const step = d / (Math.sqrt(spread) + eps);
      x[i] -= lr * (b === null ? step : (b[i] = momentum * b[i] + step));
    }
  }
}
