/** Lion: the sign of a mean of gradients, found by a search over programs (Chen et al., 2023). */
import type { Tensor } from '../tensor.ts';
import { checkBetas, checkOptions, Optimizer, type CommonOptions, type Params, type Step } from './optimizer.ts';

interface Options extends CommonOptions {
  /** β₁ mixes the step, β₂ the mean that is kept. */
  betas: readonly [number, number];
  /** λ; the paper has it 3 to 10 times that of AdamW, with lr as many times smaller. */
  weightDecay: number;
}

type State = { expAvg: Tensor };

/** c = β₁m + (1−β₁)∇; θ ← θ − α(sign c + λθ); m ← β₂m + (1−β₂)∇. PyTorch has none; the names are those of the paper. */
export class Lion extends Optimizer<Options, State> {
  constructor(params: Params<Options>, options: Partial<Options> = {}) {
    super(params, options, { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0, maximize: false });
  }
  protected override check({ lr, betas, weightDecay }: Options): void {
    checkOptions('Lion', { lr, weightDecay });
    checkBetas('Lion', betas);
  }
  protected override start(p: Tensor): State {
    return { expAvg: p.zerosLike() };
  }
  protected override update({ p, x, g }: Step, group: Options): void {
    const { lr, betas, weightDecay } = group;
    const [beta1, beta2] = betas;
    const m = this.stateOf(p, group).expAvg.nd.data;
    for (let i = 0; i < x.length; i++) {
      const c = beta1 * m[i] + (1 - beta1) * g[i];
      x[i] -= lr * (Math.sign(c) + weightDecay * x[i]);
      m[i] = beta2 * m[i] + (1 - beta2) * g[i];
    }
  }
}
