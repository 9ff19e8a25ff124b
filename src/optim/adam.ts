/** Adam (Kingma and Ba, 2015) and AdamW, which decays weights apart from the gradient (Loshchilov and Hutter, 2019). */
import { adamStep } from '../kernels/optim.ts';
import type { Tensor } from '../tensor.ts';
import { checkBetas, checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

interface Options extends CommonOptions {
  /** Decay of the means of ∇ and of ∇². */
  betas: readonly [number, number];
  /** Added to √v̂, so that nothing is divided by 0. */
  eps: number;
  /** λ. */
  weightDecay: number;
  /** Divides by the largest v so far in place of v (Reddi et al., 2018). */
  amsgrad: boolean;
}

function check(where: string, { lr, betas, eps, weightDecay }: Options): void {
  checkOptions(where, { lr, eps, weightDecay });
  checkBetas(where, betas);
}

type Moments = { step: number; expAvg: Tensor; expAvgSq: Tensor; maxExpAvgSq?: Tensor };

const moments = (p: Tensor, { amsgrad }: Options): Moments => ({
  step: 0,
  expAvg: p.zerosLike(),
  expAvgSq: p.zerosLike(),
  ...(amsgrad ? { maxExpAvgSq: p.zerosLike() } : {}),
});

function update({ p, x, g }: Step, state: Moments, group: Options, l2: number, decay: number): void {
  const { lr, betas, eps, amsgrad } = group;
  state.step++;
  const top = amsgrad ? (state.maxExpAvgSq ??= p.zerosLike()).nd.data : null;
  const factors = { lr, beta1: betas[0], beta2: betas[1], eps, l2, decay };
  adamStep(x, g, state.expAvg.nd.data, state.expAvgSq.nd.data, top, state.step, factors);
}

/** m, v: running means of ∇ and ∇²; θ ← θ − α·m̂ / (√v̂ + ε). Weight decay is added to the gradient. */
export class Adam extends Optimizer<Options, Moments> {
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      amsgrad: false,
      maximize: false,
    });
  }
  protected override check(group: Options): void {
    check('Adam', group);
  }
  protected override start(p: Tensor, group: Options): Moments {
    return moments(p, group);
  }
  protected override update(step: Step, group: Options): void {
    update(step, this.stateOf(step.p, group), group, group.weightDecay, 0);
  }
}

/** As Adam, but θ ← (1 − αλ)θ before the step in place of decay in the gradient. */
export class AdamW extends Optimizer<Options, Moments> {
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 1e-2,
      amsgrad: false,
      maximize: false,
    });
  }
  protected override check(group: Options): void {
    check('AdamW', group);
  }
  protected override start(p: Tensor, group: Options): Moments {
    return moments(p, group);
  }
  protected override update(step: Step, group: Options): void {
    update(step, this.stateOf(step.p, group), group, 0, group.weightDecay);
  }
}
