/** Adam (Kingma and Ba, 2015) and AdamW, which decays weights apart from the gradient (Loshchilov and Hutter, 2019). */
import { adamStep } from '../kernels/optim.ts';
import type { Tensor } from '../tensor.ts';
import { checkOption, Optimizer, type ParamGroup, type Step } from './optimizer.ts';

interface Options {
  /** Step size α. */
  lr: number;
  /** Decay of the means of ∇ and of ∇². */
  betas: readonly [number, number];
  /** Added to √v̂, so that nothing is divided by 0. */
  eps: number;
  /** λ. */
  weightDecay: number;
}

function check(where: string, { lr, betas, eps, weightDecay }: Options): void {
  checkOption(where, 'lr', lr, 0);
  checkOption(where, 'betas[0]', betas[0], 0, 1);
  checkOption(where, 'betas[1]', betas[1], 0, 1);
  checkOption(where, 'eps', eps, 0);
  checkOption(where, 'weightDecay', weightDecay, 0);
}

type Moments = { step: number; expAvg: Tensor; expAvgSq: Tensor };

const moments = (p: Tensor): Moments => ({ step: 0, expAvg: p.zerosLike(), expAvgSq: p.zerosLike() });

function update({ p, g, n }: Step, state: Moments, { lr, betas, eps }: Options, l2: number, decay: number): void {
  state.step++;
  const factors = { lr, beta1: betas[0], beta2: betas[1], eps, l2, decay };
  adamStep(
    p.nd.data,
    p.nd.offset,
    g.data,
    g.offset,
    state.expAvg.nd.data,
    state.expAvgSq.nd.data,
    state.step,
    n,
    factors,
  );
}

/** m, v: running means of ∇ and ∇²; θ ← θ − α·m̂ / (√v̂ + ε). Weight decay is added to the gradient. */
export class Adam extends Optimizer<Options, Moments> {
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<Options>[],
    { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 }: Partial<Options> = {},
  ) {
    super(params, { lr, betas, eps, weightDecay });
  }
  protected override check(group: Options): void {
    check('Adam', group);
  }
  protected override start(p: Tensor): Moments {
    return moments(p);
  }
  protected override update(step: Step, group: Options): void {
    update(step, this.stateOf(step.p), group, group.weightDecay, 0);
  }
}

/** As Adam, but θ ← (1 − αλ)θ before the step in place of decay in the gradient. */
export class AdamW extends Optimizer<Options, Moments> {
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<Options>[],
    { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 1e-2 }: Partial<Options> = {},
  ) {
    super(params, { lr, betas, eps, weightDecay });
  }
  protected override check(group: Options): void {
    check('AdamW', group);
  }
  protected override start(p: Tensor): Moments {
    return moments(p);
  }
  protected override update(step: Step, group: Options): void {
    update(step, this.stateOf(step.p), group, 0, group.weightDecay);
  }
}
